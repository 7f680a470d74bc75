// Settings of a UCCE source: what is taken, what is refused, what is warned about, and what counts as another scope.
import { describe, expect, it } from 'vitest';
import { ucce } from '../../connectors/ucce/index.ts';
import { matchRuleOf } from '../../src/model/policy.ts';

const connection = { servers: ['https://AW1.corp.example'], login: { user: 'svc@corp.example', password: 'p' } };
const parse = (change: object = {}) => ucce.settingsSchema.parse({ connection, ...change });
const fingerprint = (change: object = {}) => ucce.create(parse(change), { account: [] }).scopeFingerprint;

describe('settings of UCCE', () => {
  it('need a connection and nothing else', () => {
    expect(parse()).toMatchObject({
      agents: {},
      teamsFrom: 'auto',
      ignoreRole: false,
      witnesses: [],
      expectAtLeast: 0,
    });
    expect(ucce.settingsSchema.safeParse({}).success).toBe(false);
  });

  it.each<[string, object]>([
    ['an unknown key', { allowPartialView: true }],
    ['no department in the list', { agents: { departments: [] } }],
    ['an empty department', { agents: { departments: [' '] } }],
    ['an unknown way to the teams', { teamsFrom: 'nowhere' }],
    ['an instance with a blank', { instance: 'main site' }],
    ['a login without a password', { connection: { ...connection, login: { user: 'svc@corp.example' } } }],
    ['LDAP', { connection: { ...connection, servers: ['ldaps://dc1.corp.example'] } }],
  ])('are refused with %s', (_, change) => {
    expect(ucce.settingsSchema.safeParse({ connection, ...change }).success).toBe(false);
  });

  it('name every key that the schema has', () => {
    const full = { instance: 'a', agents: {}, teamsFrom: 'api', ignoreRole: true, witnesses: ['x'], expectAtLeast: 1 };
    expect(Object.keys(parse(full)).sort()).toEqual([...ucce.settingKeys].sort());
  });

  it('warn of a login without a domain, and of no TLS', () => {
    const warningsFor = (user: string) =>
      ucce.warnings(parse({ connection: { ...connection, login: { user, password: 'p' } } }));
    expect(warningsFor('svc')).toEqual([expect.stringContaining('user@domain')]);
    expect(warningsFor('svc@corp.example')).toEqual([]);
    expect(warningsFor('CORP\\svc')).toEqual([]);
    const open = { ...connection, servers: ['http://aw1.corp.example'], tls: { mode: 'off' } };
    expect(ucce.warnings(parse({ connection: open }))).toEqual([expect.stringContaining('clear text')]);
  });

  it('warn of several servers where the installation has no name of its own', () => {
    const two = { ...connection, servers: ['https://aw1.corp.example', 'https://aw2.corp.example'] };
    expect(ucce.warnings(parse({ connection: two }))).toEqual([
      expect.stringMatching(/instance.*aw1\.corp\.example.*order/u),
    ]);
    expect(ucce.warnings(parse({ connection: two, instance: 'main' }))).toEqual([]);
  });

  it('make another scope when they take other agents, and only then', () => {
    const usual = fingerprint();
    const other = {
      ...connection,
      servers: ['https://aw1.corp.example', 'https://aw2.corp.example'],
      login: { user: 'x@y', password: 'q' },
    };
    expect(fingerprint({ connection: other, teamsFrom: 'agents', witnesses: ['x'], expectAtLeast: 3 })).toBe(usual);
    expect(fingerprint({ instance: 'AW1.corp.example' })).toBe(usual);
    const scopes = [
      { instance: 'other' },
      { ignoreRole: true },
      { agents: { departments: ['A'] } },
      { agents: { peripherals: ['A'] } },
    ];
    expect(new Set([usual, ...scopes.map((scope) => fingerprint(scope))]).size).toBe(5);
    expect(fingerprint({ agents: { departments: ['A', 'b'] } })).toBe(
      fingerprint({ agents: { departments: ['B', 'a'] } }),
    );
  });

  it('match users by principal name first, whatever the user name is mapped to', () => {
    const { mapping, correlation } = ucce.defaults(parse());
    expect(correlation).toEqual(['principalName', 'username', 'usernameWithoutDomain', 'email']);
    expect(matchRuleOf(mapping, 'principalName')).toEqual({ kind: 'first', attributes: ['username'] });
    expect(matchRuleOf(mapping, 'agentId')).toEqual({ kind: 'first', attributes: ['agentid'] });
  });
});
