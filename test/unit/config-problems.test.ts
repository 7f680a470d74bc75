// Every kind of problem, with its line and in words that lead to its end.
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/config/nearest.ts';
import { ConfigInvalidError } from '../../src/config/problem.ts';
import { fileWith, load, problemsOf } from './config-fixture.ts';

/** [what, text of the source's further keys, the problem]. The first of them stands in line 8. */
const ofSource: readonly (readonly [string, string, string])[] = [
  ['unknown key', '    renme: keep', '8:5: sources[0].renme: is not a known key; did you mean "rename"?'],
  [
    'unknown key inside',
    '    absence: { grce: 1h }',
    '8:16: sources[0].absence.grce: is not a known key; did you mean "grace"?',
  ],
  ['wrong word', '    rename: folow', '8:13: sources[0].rename: is not one of the known words; did you mean "follow"?'],
  [
    'wrong word far from all',
    '    rename: 12345',
    '8:13: sources[0].rename: is not one of the known words; known: follow, keep',
  ],
  [
    'text for a switch',
    '    createUsers: "yes"',
    '8:18: sources[0].createUsers: must be true or false, without quotes, but is text',
  ],
  ['list for a section', '    absence: [1]', '8:14: sources[0].absence: must be a section with keys, but is a list'],
  [
    'no value',
    '    absence:',
    '8:5: sources[0].absence: has no value; give it a section with keys, or take the key out',
  ],
  [
    'broken count',
    '    absence: { confirmReads: 1.5 }',
    '8:30: sources[0].absence.confirmReads: must be a whole number',
  ],
  ['count too small', '    absence: { confirmReads: 0 }', '8:30: sources[0].absence.confirmReads: must be at least 1'],
  [
    'number for text',
    '    roleMapping: [{ attribute: a, equals: 0123, roles: [DEFAULT_AGENT] }]',
    '8:43: sources[0].roleMapping[0].equals: must be text, but is a number; put it in quotes',
  ],
  [
    'duration',
    '    absence: { grace: 24 hours }',
    '8:23: sources[0].absence.grace: is not a duration: write a whole number and a unit, like 90s, 15m, 24h, 30d or 2w',
  ],
  [
    'duration as number',
    '    absence: { grace: 24 }',
    '8:23: sources[0].absence.grace: is not a duration: write a whole number and a unit, like 90s, 15m, 24h, 30d or 2w',
  ],
  ['duration too long', '    absence: { grace: 9999d }', '8:23: sources[0].absence.grace: is longer than ten years'],
  [
    'share over one',
    '    guard: { created: { ratio: 5 } }',
    '8:32: sources[0].guard.created.ratio: is not a share: write a percentage like 5 %, or a number from 0 to 1 like 0.05',
  ],
  [
    'share over 100 %',
    '    guard: { created: { ratio: 120 % } }',
    '8:32: sources[0].guard.created.ratio: is not a share: write a percentage like 5 %, or a number from 0 to 1 like 0.05',
  ],
  ['pattern', '    teams: { include: ["a**"] }', '8:24: sources[0].teams.include[0]: has ** where one * is enough'],
  ['empty list', '    teams: { include: [] }', '8:23: sources[0].teams.include: must have at least one pattern'],
  ['word twice', '    correlation: [email, email]', '8:26: sources[0].correlation[1]: is in this list twice'],
  [
    'correlation',
    '    correlation: [mail]',
    '8:19: sources[0].correlation[0]: is not one of the known words; did you mean "email"?',
  ],
  [
    'correlation on what is not mapped',
    '    correlation: [employeeId]',
    '8:19: sources[0].correlation[0]: the mapping of this source gives no employeeId to compare',
  ],
  [
    'correlation on a key that is switched off',
    '    correlation: [username, email]\n    matchKeys: { email: null }',
    '8:29: sources[0].correlation[1]: the mapping of this source gives no email to compare',
  ],
  [
    'an unknown match key',
    '    matchKeys: { upn: userPrincipalName }',
    '8:18: sources[0].matchKeys.upn: is not a known key; known: principalName, username, usernameWithoutDomain, email, employeeId, agentId',
  ],
  [
    'a match key from nothing',
    '    matchKeys: { agentId: [] }',
    '8:27: sources[0].matchKeys.agentId: must name at least one attribute',
  ],
  [
    'what becomes of different names',
    '    differentNames: ignore',
    '8:21: sources[0].differentNames: is not one of the known words; known: wait, link',
  ],
  [
    'waiting for nobody that is known',
    '    correlateAfter: [ad]',
    '8:22: sources[0].correlateAfter[0]: is not the name of a source; known: hq',
  ],
  [
    'waiting for itself',
    '    correlateAfter: [hq]',
    '8:22: sources[0].correlateAfter[0]: is this source itself; it cannot wait for its own first read',
  ],
  [
    'users without a name',
    '    mapping: { username: null }',
    '8:26: sources[0].mapping.username: is needed, because this source creates users (createUsers)',
  ],
  [
    'unknown field',
    '    mapping: { fistName: x }',
    '8:16: sources[0].mapping.fistName: is not a known key; did you mean "firstName"?',
  ],
  [
    'number for an attribute',
    '    mapping: { title: 1 }',
    '8:23: sources[0].mapping.title: must be text, a list or a section with keys',
  ],
  [
    'two forms',
    '    mapping: { title: { constant: a, template: "{b}" } }',
    '8:23: sources[0].mapping.title: must have exactly one of attribute, template and constant',
  ],
  [
    'template without holes',
    '    mapping: { title: { template: abc } }',
    '8:35: sources[0].mapping.title.template: names no attribute in braces; use constant for fixed text',
  ],
  [
    'template with an open brace',
    '    mapping: { title: { template: "{a" } }',
    '8:35: sources[0].mapping.title.template: must have attribute names in braces, like "{givenName} {sn}"',
  ],
  [
    'transform of a constant',
    '    mapping: { title: { constant: a, transform: lower } }',
    '8:49: sources[0].mapping.title.transform: does nothing to a constant; write the constant as it should be',
  ],
  [
    'role not in the catalogue',
    '    roleMapping: [{ group: A, roles: [DEFAULT_AGNT] }]',
    '8:39: sources[0].roleMapping[0].roles[0]: is not a role of the catalogue (roles); did you mean "DEFAULT_AGENT"?',
  ],
  [
    'role rule without a subject',
    '    roleMapping: [{ roles: [DEFAULT_AGENT] }]',
    '8:19: sources[0].roleMapping[0]: must have exactly one of group and attribute',
  ],
  [
    'role rule without a value',
    '    roleMapping: [{ attribute: a, roles: [DEFAULT_AGENT] }]',
    '8:19: sources[0].roleMapping[0]: must say with equals which value of the attribute is meant',
  ],
];

/** [what, text of the top of the file, the problem]. It starts in line 4. */
const ofFile: readonly (readonly [string, string, string])[] = [
  ['unknown key', 'protectd: {}', '4:1: protectd: is not a known key; did you mean "protected"?'],
  [
    'precedence of an unknown source',
    'precedence: { email: [hq, hp] }',
    '4:27: precedence.email[1]: is not the name of a source; did you mean "hq"?',
  ],
  [
    'precedence of an unknown field',
    'precedence: { emial: [hq] }',
    '4:15: precedence.emial: is not a known key; did you mean "email"?',
  ],
  [
    'rank of an unknown source',
    'mainTeam: { rank: { uccx: 1 } }',
    '4:21: mainTeam.rank.uccx: is not the name of a source; known: hq',
  ],
  [
    'protected role not in the catalogue',
    'protected: { roles: [BOSS] }',
    '4:22: protected.roles[0]: is not a role of the catalogue (roles); known: DEFAULT_CC_MANAGER, DEFAULT_TEAM_LEADER, DEFAULT_SUPERVISOR, DEFAULT_AGENT',
  ],
  ['key twice', 'store: { sqlite: b.db }', '4:1: store: is given twice; it is first given in line 2'],
  [
    'retention',
    'retention: { auditPayloads: never }',
    '4:29: retention.auditPayloads: is neither forever nor a duration like 730d',
  ],
  [
    'log level',
    'log: { level: verbose }',
    '4:15: log.level: is not one of the known words; known: error, warn, info, debug',
  ],
];

describe('problems of the configuration', () => {
  it.each(ofSource)('shows in a source: %s', (_, rest, problem) => {
    expect(problemsOf(fileWith(rest))).toEqual([problem]);
  });

  it.each(ofFile)('shows in the file: %s', (_, head, problem) => {
    expect(problemsOf(fileWith('', `${head}\n`))).toEqual([problem]);
  });

  it('shows all at once, in the order of the file', () => {
    const text = fileWith('    renme: keep\n    absence: { grace: x }\n    connection2: 1\n', 'rolez: {}\n').replace(
      'version: 1',
      'version: 2',
    );
    expect(problemsOf(text).map((problem) => problem.split(': ').slice(0, 2).join(' '))).toEqual([
      '1:10 version',
      '4:1 rolez',
      '9:5 sources[0].renme',
      '10:23 sources[0].absence.grace',
      '11:5 sources[0].connection2',
    ]);
  });

  it("shows problems of the connector's own keys with their lines", () => {
    const text = fileWith('').replace(
      '{ url: "ldaps://dc1" }',
      '\n      timeoutMs: 0\n      tsl: off\n      caFile: 3',
    );
    expect(problemsOf(text)).toEqual([
      '7:5: sources[0].connection.url: is missing',
      '8:18: sources[0].connection.timeoutMs: must be at least 1',
      '9:7: sources[0].connection.tsl: is not a known key; did you mean "tls"?',
      '10:15: sources[0].connection.caFile: must be text, but is a number; put it in quotes',
    ]);
  });

  it('names the missing parts of an empty source and an unknown type', () => {
    const head = 'version: 1\nstore: { sqlite: a }\naudit: { keyFile: k }\nsources:\n';
    expect(problemsOf(`${head}  - {}\n`)).toEqual([
      '5:5: sources[0].name: is missing',
      '5:5: sources[0].type: is missing; known: directory',
    ]);
    expect(problemsOf(`${head}  - name: a\n    type: directry\n`)).toEqual([
      '6:11: sources[0].type: is not a known type of source; did you mean "directory"?',
    ]);
    expect(problemsOf(`${head}  - 3\n`)).toEqual(['5:5: sources[0]: must be a section with keys like name and type']);
    expect(problemsOf(`${head}  []\n`)).toEqual(['5:3: sources: must have at least one source']);
  });

  it('refuses two sources whose names differ in case only, and the name local', () => {
    const second = '  - name: HQ\n    type: directory\n    connection: { url: x }\n';
    expect(problemsOf(fileWith(second))).toEqual([
      '8:11: sources[1].name: is also the name of sources[0]; every source needs its own',
    ]);
    expect(problemsOf(fileWith(second.replace('HQ', 'Local')))[0]).toContain('must not be "local"');
    expect(problemsOf(fileWith(second.replace('HQ', 'a/b')))[0]).toContain(
      '8:11: sources[1].name: must have 1 to 63 letters',
    );
  });

  it('shows every circle of sources that wait for each other', () => {
    const source = (name: string, after: string): string =>
      `  - name: ${name}\n    type: directory\n    connection: { url: x }\n    correlateAfter: ${after}\n`;
    const text = fileWith(
      `    correlateAfter: [c, d]\n${source('b', '[hq]')}${source('c', '[b, nobody]')}${source('d', '[]')}${source('e', '[hq]')}`,
    );
    expect(problemsOf(text)).toEqual([
      '8:22: sources[0].correlateAfter[0]: waits for this source in turn: hq -> c -> b -> hq',
      '12:22: sources[1].correlateAfter[0]: waits for this source in turn: b -> hq -> c -> b',
      '16:22: sources[2].correlateAfter[0]: waits for this source in turn: c -> b -> hq -> c',
      '16:25: sources[2].correlateAfter[1]: is not the name of a source; known: hq, b, c, d, e',
    ]);
  });

  it('wants exactly one store', () => {
    expect(problemsOf(fileWith('').replace('{ sqlite: rosterd.db }', '{}'))).toEqual([
      '2:8: store: must have exactly one of sqlite and postgresql',
    ]);
    expect(
      problemsOf(fileWith('').replace('{ sqlite: rosterd.db }', '{ postgresql: "postgresql://u:hunter2@h/d" }')),
    ).toEqual([
      '2:22: store.postgresql: must say where the secret is, not the secret itself: write { file: /path/to/file } or { env: NAME_OF_A_VARIABLE }',
    ]);
  });

  it('carries the problems in the detail of a RosterdError', () => {
    const attempt = () => load(fileWith('    renme: keep'));
    expect(attempt).toThrow(ConfigInvalidError);
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        subject: '/etc/rosterd/rosterd.yaml',
        detail: {
          problems: ['/etc/rosterd/rosterd.yaml:8:5: sources[0].renme: is not a known key; did you mean "rename"?'],
        },
      }),
    );
  });
});

describe('broken YAML', () => {
  it.each([
    ['tab', 'version: 1\nlog:\n\tlevel: info\n', '3:1: indent with spaces, not with tabs'],
    ['open quote', 'version: "1\n', 'a character is missing'],
    ['open list', 'a: [1, 2\nb: 3\n', 'the indentation does not fit'],
    ['alias without an anchor', 'a: *b\n', '1:4: a: an alias (`*name`) must name an anchor'],
    ['reserved sign', 'a: @b\n', '1:4: text that starts with this character must be in quotes'],
    ['tag', 'a: !secret b\n', '1:4: tags (`!name`) are not used in this file'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'the file must hold one document'],
    [
      'merge key',
      'a: &a { b: 1 }\nc: { <<: *a }\n',
      '2:6: c: merge keys (<<) are not used in this file; write the keys out',
    ],
    ['list as key', '? [a]\n: 1\n', '1:3: a key must be text'],
    ['prototype', '__proto__: { version: 1 }\n', '1:1: a key cannot have this name'],
    ['empty', '# nothing\n', 'is empty; `rosterd init` writes one to start from'],
    ['only text', 'hello\n', '1:1: must be a section with keys like version and sources'],
  ])('says what is wrong: %s', (_, text, problem) => {
    expect(problemsOf(text).join('\n')).toContain(problem);
  });

  it('never quotes the text around the fault, which may be a secret', () => {
    for (const secret of [
      '@hunter2',
      '%hunter2',
      '*hunter2',
      '"hunter2',
      '!hunter2 x',
      '{hunter2',
      '[hunter2',
      'a: hunter2: b',
      '`hunter2',
      '| hunter2',
      '\\"hunter2',
    ]) {
      const said = problemsOf(fileWith('').replace('"ldaps://dc1"', `x, password: ${secret}`)).join('\n');
      expect(said).not.toBe('');
      expect(said).not.toContain('hunter2');
    }
  });
});

describe('nearest', () => {
  it('counts swapped neighbours as one slip and ignores case', () => {
    expect(editDistance('emial', 'email')).toBe(1);
    expect(editDistance('USERNAME', 'username')).toBe(0);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('suggests nothing when nothing is near', () => {
    expect(nearest('zebra', ['email', 'phone'])).toBeUndefined();
    expect(nearest('x'.repeat(100_000), ['email'])).toBeUndefined();
  });
});
