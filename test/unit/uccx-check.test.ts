// What `rosterd source check` says of a UCCX, and what its settings allow.
import { afterEach, describe, expect, it } from 'vitest';
import { uccx } from '../../connectors/uccx/index.ts';
import type { CheckFact, CheckReport } from '../../src/connector.ts';
import { matchRuleOf } from '../../src/model/policy.ts';
import { type ScriptedServer, scriptedHttp } from './scripted-http.ts';
import { type Answers, resource, resourceList, serveUccx, team, teamList, uccxOn } from './uccx-fixture.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const named = '<firstName>Mira</firstName>';
const people = resourceList(
  resource({ userID: 'mira', inner: named }),
  resource({ userID: 'boss', type: '2', inner: named }),
);
const good = { '/adminapi/resource': people, '/adminapi/team': teamList(team({ id: 1, primary: 'boss' })) };

async function check(answers: Answers, change: object = {}, account: readonly string[] = []): Promise<CheckReport> {
  const server = await serveUccx(answers);
  servers.push(server);
  return uccxOn(server, change, { account }).check(new AbortController().signal);
}

const factOf = ({ facts }: CheckReport, name: string): CheckFact | undefined =>
  facts.find((candidate) => candidate.name === name);

describe('check of UCCX', () => {
  it('says what is there, who logs in, and that nothing speaks against it', async () => {
    const report = await check(good);
    expect(factOf(report, 'resources')?.value).toBe('2 (1 agents, 1 supervisors)');
    expect(factOf(report, 'teams')?.value).toBe('1');
    expect(factOf(report, 'logged in as')?.value).toBe('svc');
    expect(factOf(report, 'answers in')?.value).toBe('XML');
    expect(factOf(report, 'clock')?.severity).toBe('ok');
    expect(factOf(report, 'completeness')).toMatchObject({ severity: 'ok', value: 'nothing speaks against it' });
    expect(factOf(report, 'TLS')).toMatchObject({ severity: 'warning', advice: expect.stringContaining('https://') });
    expect(report.sample.map(({ id }) => id)).toEqual(['mira', 'boss']);
    expect(report.serverIdentity).toBe('uccx:127.0.0.1');
  });

  it.each<[string, Answers, string, 'warning' | 'error', string]>([
    [
      'a login that sees only a part',
      { ...good, '/adminapi/team': teamList(team({ id: 1, primary: 'nobody' })) },
      'completeness',
      'warning',
      'nobody supervises the team Team 1 but is not among the resources',
    ],
    [
      'nobody',
      { ...good, '/adminapi/resource': '<resources/>', '/adminapi/team': '<teams/>' },
      'resources',
      'warning',
      '0',
    ],
    ['teams that may not be read', { ...good, '/adminapi/team': [403, ''] }, 'teams', 'error', 'status 403'],
    [
      'people without a first name',
      { ...good, '/adminapi/resource': resourceList(resource({ userID: 'x' }), resource({ userID: 'boss' })) },
      'without a first name',
      'warning',
      '2: x, boss',
    ],
    [
      'people without an extension',
      { ...good, '/adminapi/resource': people.replace('<extension>1</extension>', '<extension/>') },
      'without an extension',
      'warning',
      '1: mira',
    ],
    [
      'people without a team',
      {
        ...good,
        '/adminapi/resource': resourceList(resource({ userID: 'x', team: '' }), resource({ userID: 'boss' })),
      },
      'without a team',
      'warning',
      '1: x',
    ],
    [
      'records that cannot be read',
      { ...good, '/adminapi/resource': people.replace('<type>1</type>', '<type>7</type>') },
      'records that cannot be read',
      'warning',
      '1',
    ],
  ])('warns of %s and says what to do', async (_what, answers, name, severity, value) => {
    const found = factOf(await check(answers), name);
    expect(found).toMatchObject({ severity, advice: expect.stringMatching(/./u) });
    expect(found?.value).toContain(value);
  });

  it('warns of a login that is a supervisor itself, and that its reads remove nothing', async () => {
    const asBoss = { '/adminapi/resource': people.replace('>boss<', '>SVC<'), '/adminapi/team': '<teams/>' };
    const report = await check(asBoss);
    expect(factOf(report, 'login')).toMatchObject({
      severity: 'warning',
      advice: expect.stringContaining('removes nothing'),
    });
    expect(factOf(report, 'completeness')).toMatchObject({
      severity: 'warning',
      value: expect.stringContaining('the login svc is a supervisor'),
    });
    const vouched = await check(asBoss, { witnesses: ['mira'] });
    for (const name of ['login', 'completeness']) expect(factOf(vouched, name)?.severity).toBe('ok');
    expect(factOf(await check(asBoss, { witnesses: ['mira', 'gone'] }), 'login')?.severity).toBe('warning');
    expect(factOf(await check(good), 'login')).toBeUndefined();
  });

  it('names attributes of the mapping that UCCX does not have', async () => {
    const found = factOf(await check(good, {}, ['mail', 'extension']), 'unknown attributes');
    expect(found).toMatchObject({ value: 'mail', severity: 'warning' });
  });

  it('tells whether the other servers would answer too', async () => {
    const second = await serveUccx(good);
    const third = await scriptedHttp((_request, response) => response.writeHead(503).end());
    const first = await serveUccx(good);
    servers.push(first, second, third);
    const connection = {
      servers: [first.url, second.url, third.url],
      tls: { mode: 'off' },
      login: { user: 'svc', password: 'secret' },
    };
    const report = await uccxOn(first, { connection }).check(new AbortController().signal);
    const others = report.facts.filter(({ name }) => name === 'other server');
    expect(others.map(({ severity }) => severity)).toEqual(['ok', 'warning']);
    expect(others[0]?.value).toBe(`${second.url} answers too`);
    expect(second.requests.map(({ url }) => url)).toEqual(['/adminapi/team']);
  });

  it('throws when nobody can be asked', async () => {
    const server = await serveUccx(good);
    await server.stop();
    await expect(uccxOn(server).check(new AbortController().signal)).rejects.toMatchObject({
      code: 'source-unreachable',
    });
  });
});

describe('settings of UCCX', () => {
  const settings = (change: object = {}, servers = ['https://UCCX1.corp.test', 'https://uccx2.corp.test']) =>
    uccx.settingsSchema.parse({ connection: { servers, login: { user: 'svc', password: 'x' } }, ...change });
  const fingerprintOf = (parsed: ReturnType<typeof settings>): string =>
    uccx.create(parsed, { account: [] }).scopeFingerprint;

  it('keeps its scope while server names change, if the cluster is named', () => {
    const before = fingerprintOf(settings({ cluster: 'Brno' }));
    expect(fingerprintOf(settings({ cluster: ' brno ' }, ['https://other.test']))).toBe(before);
    expect(fingerprintOf(settings({ cluster: 'Graz' }))).not.toBe(before);
  });

  it('takes the host of the first server for the cluster unless it is named', () => {
    const first = ['https://uccx1.corp.test'];
    expect(fingerprintOf(settings())).toBe(fingerprintOf(settings({ witnesses: ['x'], expectAtLeast: 3 }, first)));
    expect(fingerprintOf(settings())).not.toBe(fingerprintOf(settings({}, ['https://uccx2.corp.test'])));
  });

  it('warns of several servers without a name for the cluster, and names one that changes nothing', () => {
    const [warning = ''] = uccx.warnings(settings());
    const cluster = /set cluster to (?<name>\S+)\.$/u.exec(warning)?.groups?.['name'] ?? '';
    expect(fingerprintOf(settings({ cluster }))).toBe(fingerprintOf(settings()));
    expect(uccx.warnings(settings({ cluster }))).toEqual([]);
    expect(uccx.warnings(settings({}, ['https://uccx1.corp.test']))).toEqual([]);
  });

  it('refuses what it does not know', () => {
    expect(uccx.settingsSchema.safeParse({ ...settings(), pageSize: 10 }).success).toBe(false);
  });

  it('has settings for all that its schema knows, and the password as a secret', () => {
    expect(Object.keys(settings({ cluster: 'x' })).sort()).toEqual([...uccx.settingKeys].sort());
    expect(uccx.secretPaths).toEqual([['connection', 'login', 'password']]);
  });

  it('finds users by their name, and gives no status', () => {
    const defaults = uccx.defaults(settings());
    expect(defaults).toMatchObject({ lifecycle: 'none', teamsFrom: 'groups', createUsers: true });
    for (const key of defaults.correlation) expect(matchRuleOf(defaults.mapping, key), key).toBeDefined();
  });
});
