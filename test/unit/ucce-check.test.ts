// `source check` of UCCE: what it says of the login, of what a read would find missing, and of the teams.
import { afterEach, describe, expect, it } from 'vitest';
import type { CheckFact } from '../../src/connector.ts';
import type { ScriptedServer } from './scripted-http.ts';
import {
  type Asked,
  agentPage,
  agentXml,
  noTeams,
  numbers,
  pageXml,
  type Scripted,
  scriptedUcce,
  ucceConnector,
} from './ucce-source.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const never = new AbortController().signal;

async function withAnswers(answer: (asked: Asked) => Scripted, change: object = {}, account?: readonly string[]) {
  const server = await scriptedUcce(answer);
  servers.push(server);
  return ucceConnector(server.url, change, account);
}

describe('check of UCCE', () => {
  const factsOf = async (answer: (asked: Asked) => Scripted, change: object = {}) => {
    const connector = await withAnswers(answer, change);
    const report = await connector.check(never);
    return { report, facts: Object.fromEntries(report.facts.map((fact): [string, CheckFact] => [fact.name, fact])) };
  };
  const listed = (asked: Asked): Scripted => (asked.path === 'agent' ? agentPage(numbers(150), asked) : noTeams);

  it('tells server, login, rights, totals, page size, clock and teams', async () => {
    const { report, facts } = await factsOf(listed);
    expect(facts['login']).toMatchObject({ value: 'svc@corp.example.test: Administrator', severity: 'ok' });
    expect(facts['may change agents']).toMatchObject({
      value: expect.stringContaining('cannot be known'),
      severity: 'ok',
    });
    expect(facts['agents']?.value).toBe('150');
    expect(facts['page size']?.severity).toBe('ok');
    expect(facts['clock']).toMatchObject({ severity: 'ok' });
    expect(facts['agent teams']?.value).toBe('0, from their own list');
    expect(facts['TLS']?.severity).toBe('warning');
    expect(report.sample).toHaveLength(3);
    expect(report.serverIdentity).toMatch(/^ucce:/u);
  });

  it.each<[string, (asked: Asked) => Scripted, object, string, RegExp]>([
    [
      'a narrow view',
      (asked) =>
        agentPage(numbers(3), asked, { permission: '<permissionInfo><role>supervisor</role></permissionInfo>' }),
      {},
      'login',
      /nobody be seen to leave.*ignoreRole/u,
    ],
    [
      'a login that may change',
      (asked) =>
        agentPage(numbers(3), asked, {
          permission: '<permissionInfo><canUpdate>true</canUpdate><role>Administrator</role></permissionInfo>',
        }),
      {},
      'may change agents',
      /read-only/u,
    ],
    [
      'a supervisor that ignores its role',
      (asked) =>
        agentPage(numbers(3), asked, { permission: '<permissionInfo><role>supervisor</role></permissionInfo>' }),
      { ignoreRole: true, witnesses: ['2'] },
      'ignoreRole',
      /witnesses/u,
    ],
    ['nobody', () => pageXml('agents', [], { total: 0, start: 0 }), {}, 'agents', /role/u],
    ['small pages', (asked) => agentPage(numbers(60), asked, { size: 25 }), {}, 'page size', /proxy/u],
    [
      'agents without a user name',
      () => pageXml('agents', [agentXml(1).replace(/<userName>.*<\/userName>/u, '')], { total: 1, start: 0 }),
      {},
      'agents looked at',
      /complete them/u,
    ],
    [
      'nobody in scope',
      (asked) => agentPage(numbers(3), asked),
      { agents: { departments: ['Finance'] } },
      'agents looked at',
      /agents\.departments/u,
    ],
  ])('warns of %s', async (_, answer, change, name, advice) => {
    const { facts } = await factsOf((asked) => (asked.path === 'agent' ? answer(asked) : noTeams), change);
    expect(facts[name]).toMatchObject({ severity: 'warning', advice: expect.stringMatching(advice) });
  });

  it('says where the teams come from when their list is refused', async () => {
    const refused = (asked: Asked): Scripted =>
      asked.path === 'agent' ? agentPage(numbers(3), asked) : { status: 403 };
    expect((await factsOf(refused)).facts['agent teams']).toMatchObject({
      severity: 'warning',
      value: expect.stringContaining('403'),
      advice: expect.stringMatching(/nobody loses can-manage.*teamsFrom: agents/u),
    });
    expect((await factsOf(refused, { teamsFrom: 'api' })).facts['agent teams']).toMatchObject({ severity: 'error' });
    expect((await factsOf(refused, { teamsFrom: 'agents' })).facts['agent teams']?.value).toContain('as configured');
  });

  it.each<[string, Scripted]>([
    ['503', { status: 503 }],
    ['401', { status: 401 }],
    ['404 with a page for people', { status: 404, body: '<html></html>', type: 'text/html' }],
  ])('says that no read will be complete while the list of teams is answered with %s', async (_, answer) => {
    const failing = (asked: Asked): Scripted => (asked.path === 'agent' ? agentPage(numbers(3), asked) : answer);
    expect((await factsOf(failing)).facts['agent teams']).toMatchObject({
      severity: 'error',
      advice: expect.stringMatching(/partial while this lasts.*teamsFrom: agents/u),
    });
  });

  it('says which witnesses did not come, as far as it looked', async () => {
    const witness = async (count: number, ...witnesses: readonly string[]) =>
      (await factsOf((asked) => (asked.path === 'agent' ? agentPage(numbers(count), asked) : noTeams), { witnesses }))
        .facts['witnesses'];
    expect(await witness(250)).toBeUndefined();
    expect(await witness(250, '240', 'u7@corp.example.test')).toMatchObject({ severity: 'ok', value: 'all came' });
    expect(await witness(250, 'Somebody')).toMatchObject({
      severity: 'warning',
      value: expect.stringContaining('Somebody'),
    });
    expect(await witness(900, '899')).toMatchObject({
      severity: 'ok',
      value: 'not among the first 500 of 900 agents: 899',
    });
  });

  it('asks every server, and says when fewer agents come than are expected', async () => {
    const other = await scriptedUcce(() => ({ status: 503 }));
    servers.push(other);
    const server = await scriptedUcce(listed);
    servers.push(server);
    const connection = {
      servers: [server.url, other.url],
      tls: { mode: 'off' },
      login: { user: 'svc@corp.example.test', password: 'secret of the test' },
    };
    const { facts } = await ucceConnector(server.url, { connection, expectAtLeast: 151 }).check(never);
    expect(facts.find(({ name }) => name === 'other server')).toMatchObject({ severity: 'warning' });
    expect(facts.find(({ name }) => name === 'agents')).toMatchObject({
      severity: 'warning',
      value: '150, and expectAtLeast is 151',
    });
  });

  it('names attributes that no agent has', async () => {
    const connector = await withAnswers(listed, {}, ['username', 'Extension']);
    const { facts } = await connector.check(never);
    expect(facts.find(({ name }) => name === 'unknown attributes')).toMatchObject({
      severity: 'warning',
      value: 'extension',
    });
  });

  it('looks further while nobody is in scope', async () => {
    const agents = numbers(250).map((id) =>
      agentXml(id, id > 230 ? '<department><name>Finance</name></department>' : ''),
    );
    const { report } = await factsOf(
      ({ path, query }) => {
        const start = Number(query.get('startIndex'));
        return path === 'agent' ? pageXml('agents', agents.slice(start, start + 100), { total: 250, start }) : noTeams;
      },
      { agents: { departments: ['Finance'] } },
    );
    expect(report.sample.map(({ id }) => id)).toEqual(['231', '232', '233']);
  });

  it('throws when the login is refused', async () => {
    const connector = await withAnswers(() => ({ status: 401 }));
    await expect(connector.check(never)).rejects.toMatchObject({ code: 'source-credentials' });
  });
});
