// Every default of the design, and what the configuration compiles to.
import { describe, expect, it } from 'vitest';
import { activeDirectory } from '../../connectors/active-directory/index.ts';
import { attributesOf, compilePolicy, policyFingerprint } from '../../src/config/compile.ts';
import { parseDuration, parseRatio } from '../../src/config/schema-values.ts';
import { asSourceName } from '../../src/model/ids.ts';
import { fileWith, load } from './config-fixture.ts';

const hq = asSourceName('hq');
const policyOf = (rest: string, head = '') => compilePolicy(load(fileWith(rest, head)));
const sourceOf = (rest: string) => policyOf(rest).sources[0];
const hour = 3_600_000;
const adSettings = {
  connection: { servers: ['ldaps://dc1'], bind: { user: 'u', password: 'p' } },
  users: { base: 'DC=corp' },
};

describe('defaults', () => {
  it('are those of the guard table', () => {
    const many = { ratio: 0.2, count: 20 };
    expect(sourceOf('')?.guard).toEqual({
      accessLoss: { ratio: 0.05, count: 5, always: 500 },
      membershipRemovals: many,
      grantRemovals: many,
      roleRemovals: many,
      mainTeamChanges: many,
      renames: many,
      teamMembers: { ratio: 0.5, count: 5 },
      rolesAdded: { ratio: 0.05, count: 5 },
      fieldChanged: { ratio: 0.3, count: 20 },
      created: { ratio: 0.5, count: 50 },
    });
  });

  it('are those of the situations table', () => {
    expect(sourceOf('')).toMatchObject({
      name: 'hq',
      type: 'directory',
      idStability: 'immutable',
      absence: { graceMs: 0, confirmReads: 1, outOfScopeGraceMs: 24 * hour, returnWithinMs: 30 * 24 * hour },
      rename: 'follow',
      onLeave: 'keep',
      manualMemberships: 'keep',
      onHold: 'apply-safe',
      teams: {
        from: 'groups',
        include: ['*'],
        exclude: [],
        stripPrefix: '',
        stripSuffix: '',
        match: 'separate',
        flatten: false,
      },
      roleMapping: [],
    });
  });

  it('come from the type of the source where it knows better', () => {
    expect(sourceOf('')).toMatchObject({
      lifecycle: 'authority',
      createUsers: true,
      correlation: ['username', 'email'],
    });
    expect(sourceOf('    lifecycle: vote\n    createUsers: false\n    correlation: [email]\n')).toMatchObject({
      lifecycle: 'vote',
      createUsers: false,
      correlation: ['email'],
    });
  });

  it('are those of the whole file', () => {
    const { roles, protected: guarded, validation, mainTeam, precedence } = policyOf('');
    const review = { effective: ['EVAL_AGENTS', 'CREATE_EVALS', 'INTERACTIONS_GROUP_VIEW'] };
    expect(roles).toEqual({
      DEFAULT_CC_MANAGER: review,
      DEFAULT_TEAM_LEADER: review,
      DEFAULT_SUPERVISOR: review,
      DEFAULT_AGENT: { effective: [] },
    });
    expect(guarded).toEqual({ usernames: [], roles: [] });
    expect(validation).toEqual({
      usernameMaxLength: 20,
      usernameForbidden: '"/\\[]:;|=,+*?<>',
      asciiOnly: false,
      phoneMaxDigits: 15,
    });
    expect(mainTeam).toEqual({ rank: {}, ineligible: [] });
    expect(precedence).toEqual({});
    expect(load(fileWith(''))).toMatchObject({
      store: { kind: 'sqlite', path: '/etc/rosterd/rosterd.db' },
      audit: { keyFile: '/etc/rosterd/audit.key' },
      log: { level: 'info', format: 'json' },
      retention: { auditPayloadsMs: undefined, runsMs: 365 * 24 * hour },
      warnings: [],
    });
  });
});

describe('what is written', () => {
  it('replaces one limit and leaves the others', () => {
    expect(sourceOf('    guard: { accessLoss: { ratio: 7 % }, renames: { always: 3 } }')?.guard).toMatchObject({
      accessLoss: { ratio: 0.07, count: 5, always: 500 },
      renames: { ratio: 0.2, count: 20, always: 3 },
      created: { ratio: 0.5, count: 50 },
    });
  });

  it('adds roles to the built-in ones and takes one out with null', () => {
    expect(Object.keys(policyOf('', 'roles: { DEFAULT_AGENT: null, QA: [EVAL_AGENTS] }\n').roles)).toEqual([
      'DEFAULT_CC_MANAGER',
      'DEFAULT_TEAM_LEADER',
      'DEFAULT_SUPERVISOR',
      'QA',
    ]);
  });

  it('maps in all forms beside the default mapping, and null switches a field off', () => {
    const mapping = `    mapping:
      email: null
      title: title
      phone: [telephoneNumber, ipPhone]
      site: { constant: Prague }
      displayName: { template: "{givenName}  {sn} ({givenName})", transform: upper }
      mobile: { attribute: [mobile, otherMobile], transform: digits }
    attributes:
      extension: null
      Cost centre: costCentre
`;
    expect(sourceOf(mapping)?.mapping).toEqual({
      fields: {
        username: { kind: 'first', attributes: ['uid'] },
        title: { kind: 'first', attributes: ['title'] },
        phone: { kind: 'first', attributes: ['telephoneNumber', 'ipPhone'] },
        site: { kind: 'constant', value: 'Prague' },
        displayName: {
          kind: 'template',
          template: '{givenName}  {sn} ({givenName})',
          attributes: ['givenName', 'sn'],
          transform: 'upper',
        },
        mobile: { kind: 'first', attributes: ['mobile', 'otherMobile'], transform: 'digits' },
      },
      attributes: { 'Cost centre': { kind: 'first', attributes: ['costCentre'] } },
    });
    // What is not mapped cannot be compared; the default order shrinks, and does not fail.
    expect(sourceOf(mapping)?.correlation).toEqual(['username']);
  });

  it('compiles role rules and tells which attributes are needed', () => {
    const source = sourceOf(`    roleMapping:
      - { group: CC Supervisors, roles: [DEFAULT_SUPERVISOR] }
      - { group: "CN=A,DC=b", by: dn, roles: [DEFAULT_AGENT] }
      - { attribute: employeeType, equals: "2", roles: [DEFAULT_AGENT] }
`);
    expect(source?.roleMapping).toEqual([
      { kind: 'group', group: 'CC Supervisors', by: 'name', roles: ['DEFAULT_SUPERVISOR'] },
      { kind: 'group', group: 'CN=A,DC=b', by: 'dn', roles: ['DEFAULT_AGENT'] },
      { kind: 'attribute', attribute: 'employeeType', equals: '2', roles: ['DEFAULT_AGENT'] },
    ]);
    expect(source && attributesOf(source)).toEqual(['employeetype', 'ipphone', 'mail', 'uid']);
  });

  it('takes match keys from the type, from the file, or from nothing', () => {
    expect(sourceOf('')).toMatchObject({ correlateAfter: [], differentNames: 'wait' });
    expect(sourceOf('')?.mapping).not.toHaveProperty('matchKeys');
    const source = sourceOf(`    correlation: [principalName, agentId, usernameWithoutDomain]
    matchKeys:
      principalName: userPrincipalName
      agentId: { template: "{site}-{number}", transform: upper }
      email: null
    differentNames: link
`);
    expect(source).toMatchObject({
      correlation: ['principalName', 'agentId', 'usernameWithoutDomain'],
      differentNames: 'link',
      mapping: {
        matchKeys: { principalName: { kind: 'first', attributes: ['userPrincipalName'] }, email: null },
      },
    });
    expect(source && attributesOf(source)).toEqual(['ipphone', 'mail', 'number', 'site', 'uid', 'userprincipalname']);
    const directory = activeDirectory.defaults(activeDirectory.settingsSchema.parse(adSettings));
    expect(directory).toMatchObject({
      correlation: ['username', 'principalName', 'usernameWithoutDomain', 'email'],
      mapping: { matchKeys: { principalName: { kind: 'first', attributes: ['userprincipalname'] } } },
    });
  });

  it('may repeat itself by aliases', () => {
    const second =
      '    guard: &g { created: { count: 7 } }\n  - name: lab\n    type: directory\n    connection: { url: x }\n    guard: *g\n';
    expect(policyOf(second).sources.map(({ guard }) => guard.created.count)).toEqual([7, 7]);
  });

  it('keeps paths that are absolute and starts others from the folder of the file', () => {
    const config = load(
      fileWith('')
        .replace('{ url: "ldaps://dc1" }', '{ url: x, caFile: ca.pem, password: { file: ../pw } }')
        .replace('rosterd.db', '/srv/r.db'),
    );
    expect(config.store).toEqual({ kind: 'sqlite', path: '/srv/r.db' });
    expect(config.sources[0]?.settings).toEqual({ connection: { url: 'x', caFile: '/etc/rosterd/ca.pem' } });
    expect(config.sources[0]?.secrets).toEqual([{ path: ['connection', 'password'], ref: { file: '/etc/pw' } }]);
  });

  it('warns of TLS that is off, with the line', () => {
    const config = load(fileWith('').replace('}\n', '}\n').replace('"ldaps://dc1" }', 'x, tls: off }'));
    expect(config.warnings).toEqual([
      {
        severity: 'warning',
        file: '/etc/rosterd/rosterd.yaml',
        line: 7,
        column: 32,
        path: 'sources[0].connection.tls',
        message: 'TLS is off',
      },
    ]);
  });
});

describe('units', () => {
  it.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['24h', 24 * hour],
    ['30d', 720 * hour],
    ['2 w', 336 * hour],
    ['250ms', 250],
    ['0s', 0],
    ['1.5h', undefined],
    ['-1h', undefined],
    ['1H', undefined],
    ['h', undefined],
    ['', undefined],
    ['１h', undefined],
  ])('reads the duration %j as %j ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['5 %', 0.05],
    ['5%', 0.05],
    ['0.5 %', 0.005],
    ['100 %', 1],
    [0.05, 0.05],
    [0, 0],
    [1, 1],
    ['101 %', undefined],
    [1.01, undefined],
    [-0.1, undefined],
    [Number.NaN, undefined],
    ['0.05', undefined],
    ['%', undefined],
  ])('reads the share %j as %j', (value, ratio) => {
    expect(parseRatio(value)).toBe(ratio);
  });
});

describe('policyFingerprint', () => {
  const fingerprint = (rest: string, head = '') => policyFingerprint(policyOf(rest, head), hq);
  const base = fingerprint('');

  it('is the same for the same policy, however it is written', () => {
    expect(base).toMatch(/^[0-9a-f]{64}$/u);
    expect(fingerprint('    onLeave: keep # the default\n    rename: follow\n')).toBe(base);
    expect(fingerprint('    rename: follow\n    onLeave: keep\n')).toBe(base);
  });

  it.each([
    ['mapping', '    mapping: { title: title }', ''],
    ['role mapping', '    roleMapping: [{ group: A, roles: [DEFAULT_AGENT] }]', ''],
    ['lifecycle', '    lifecycle: vote', ''],
    ['teams', '    teams: { stripPrefix: CC- }', ''],
    ['roles', '', 'roles: { QA: [EVAL_AGENTS] }\n'],
    ['precedence', '', 'precedence: { email: [hq] }\n'],
    ['main team', '', 'mainTeam: { ineligible: [Default] }\n'],
    ['validation', '', 'validation: { asciiOnly: true }\n'],
    ['protected users', '', 'protected: { usernames: [admin] }\n'],
    ['match keys', '    matchKeys: { employeeId: number }', ''],
    ['names that differ', '    differentNames: link', ''],
    ['another source', '  - { name: b, type: directory, connection: { url: x } }', ''],
  ])('changes with %s', (_, rest, head) => {
    expect(fingerprint(rest, head)).not.toBe(base);
  });

  it.each([
    ['the guard', '    guard: { created: { count: 1 } }\n    onHold: hold-all', ''],
    ['the log', '', 'log: { level: debug }\n'],
    ['retention', '', 'retention: { runs: 10d }\n'],
  ])('does not change with %s', (_, rest, head) => {
    expect(fingerprint(rest, head)).toBe(base);
  });

  it('refuses a source that is not there', () => {
    expect(() => policyFingerprint(policyOf(''), asSourceName('nope'))).toThrow(
      expect.objectContaining({ code: 'source-unknown' }),
    );
  });
});
