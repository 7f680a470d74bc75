// Questions about single agents and teams of UCCE, and what `source check` says: only UCCE's own word makes somebody absent.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { CheckFact } from '../../src/connector.ts';
import { asExternalId, type ExternalId } from '../../src/model/ids.ts';
import { collect } from '../contract/connector-contract.ts';
import { type ScriptedServer, scriptedHttp } from './scripted-http.ts';
import {
  type Asked,
  agentPage,
  agentXml,
  noTeams,
  numbers,
  pageXml,
  type Scripted,
  scriptedUcce,
  teamReference,
  ucceConnector,
} from './ucce-source.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const never = new AbortController().signal;
const ids = (...names: readonly (string | number)[]): ExternalId[] => names.map((name) => asExternalId(String(name)));

async function withAnswers(answer: (asked: Asked) => Scripted, change: object = {}) {
  const asked: string[] = [];
  const server = await scriptedUcce((question) => {
    asked.push(question.path);
    return answer(question);
  });
  servers.push(server);
  return { connector: ucceConnector(server.url, change), asked };
}

const problem = (type: string): string =>
  `<apiErrors><apiError><errorMessage>no</errorMessage><errorType>${type}</errorType></apiError></apiErrors>`;
const gone: Scripted = { status: 404, body: problem('notFound.dbData') };

describe('question for an agent of UCCE', () => {
  it.each<[string, Scripted, string, RegExp]>([
    ['the agent', agentXml(7), 'present', /^$/u],
    ['the agent in a list', `<results><agents>${agentXml(7)}</agents></results>`, 'present', /^$/u],
    ['another agent', agentXml(8), 'unknown', /something else/u],
    ['two agents', `<results><agents>${agentXml(7)}${agentXml(8)}</agents></results>`, 'unknown', /something else/u],
    ['a team of that number', `<agentTeam>${teamReference(7)}</agentTeam>`, 'unknown', /something else/u],
    ['half an agent', agentXml(7).slice(0, -9), 'unknown', /source-protocol/u],
    ['404 in its own words', gone, 'absent', /notFound\.dbData/u],
    ['404 in other words', { status: 404, body: problem('notFound.page') }, 'unknown', /notFound\.page/u],
    ['404 without a word', { status: 404 }, 'unknown', /no reason/u],
    ['404 in text', { status: 404, body: 'notFound.dbData', type: 'text/plain' }, 'unknown', /no reason/u],
    [
      '404 with a page for people',
      { status: 404, body: '<html>notFound.dbData</html>', type: 'text/html' },
      'unknown',
      /HTML/u,
    ],
    ['its own words at another status', { status: 400, body: problem('notFound.dbData') }, 'unknown', /400/u],
    ['403', { status: 403 }, 'unknown', /source-permission/u],
    ['500', { status: 500, body: problem('notFound.dbData') }, 'unknown', /source-refused/u],
  ])('that is answered with %s', async (_, answer, kind, words) => {
    const { connector } = await withAnswers(() => answer);
    const confirmation = (await connector.confirm('account', ids(7), never)).get(asExternalId('7'));
    expect(confirmation?.kind).toBe(kind);
    const said =
      confirmation === undefined || confirmation.kind === 'present'
        ? ''
        : 'because' in confirmation
          ? confirmation.because
          : confirmation.evidence;
    expect(said).toMatch(words);
  });

  it('tells those outside of the configured departments and peripherals apart', async () => {
    const place = (department: string, peripheral: string): string =>
      `<department><name>${department}</name></department><peripheral><id>${peripheral}</id></peripheral>`;
    const agents: Record<string, string> = {
      'agent/1': agentXml(1, place('Finance', '5000')),
      'agent/2': agentXml(2, place('Support', '5000')),
      'agent/3': agentXml(3, place('Finance', '5001')),
      'agent/4': agentXml(4),
    };
    const { connector } = await withAnswers(({ path }) => agents[path], {
      agents: { departments: ['Finance'], peripherals: ['5000'] },
    });
    const answers = await connector.confirm('account', ids(1, 2, 3, 4), never);
    expect([...answers.values()]).toEqual([
      { kind: 'present' },
      { kind: 'out-of-scope', evidence: expect.stringContaining('department Support') },
      { kind: 'out-of-scope', evidence: expect.stringContaining('5001') },
      { kind: 'out-of-scope', evidence: expect.stringContaining('no department') },
    ]);
  });

  it('is not asked for what cannot be an id', async () => {
    const { connector, asked } = await withAnswers(() => gone);
    const answers = await connector.confirm('account', ids('', 'abc', '7/../8', '1e3', ' 7'), never);
    expect(new Set([...answers.values()].map(({ kind }) => kind))).toEqual(new Set(['absent']));
    expect(asked).toEqual([]);
  });

  it('is asked once for each id, the first alone, then at most four at a time', async () => {
    let open = 0;
    const most: number[] = [];
    const server = await scriptedHttp(async (_, response) => {
      open += 1;
      most.push(open);
      await sleep(10);
      open -= 1;
      response.writeHead(404, { 'content-type': 'application/xml' }).end(problem('notFound.dbData'));
    });
    servers.push(server);
    const wanted = ids(...numbers(30), 1, 2);
    const answers = await ucceConnector(server.url).confirm('account', wanted, never);
    expect(answers.size).toBe(30);
    expect(most).toHaveLength(30);
    expect(most.slice(0, 2)).toEqual([1, 1]);
    expect(Math.max(...most)).toBe(4);
  });

  it('ends the questions when the login is refused', async () => {
    const { connector, asked } = await withAnswers(() => ({ status: 401 }));
    await expect(connector.confirm('account', ids(...numbers(50)), never)).rejects.toMatchObject({
      code: 'source-credentials',
    });
    expect(asked).toHaveLength(1);
  });

  it('ends the questions soon when the server falls silent, and leaves the rest unknown', async () => {
    const { connector, asked } = await withAnswers(({ path }) => (path === 'agent/1' ? gone : { status: 503 }));
    const answers = await connector.confirm('account', ids(...numbers(50)), never);
    expect(answers.get(asExternalId('1'))?.kind).toBe('absent');
    expect([...answers.values()].filter(({ kind }) => kind === 'unknown')).toHaveLength(49);
    expect(asked.length).toBeLessThanOrEqual(5);
  });

  it('throws when nobody answers, and when it is stopped', async () => {
    const { connector } = await withAnswers(() => gone);
    await servers.at(-1)?.stop();
    await expect(connector.confirm('account', ids(1), never)).rejects.toMatchObject({ code: 'source-unreachable' });
    await expect(connector.confirm('account', ids(1), AbortSignal.abort())).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});

describe('question for a team of UCCE', () => {
  it('is answered as that for an agent', async () => {
    const { connector } = await withAnswers(({ path }) =>
      path === 'agentteam/71' ? `<agentTeam>${teamReference(71)}</agentTeam>` : gone,
    );
    const answers = await connector.confirm('group', ids(71, 72), never);
    expect([...answers.values()].map(({ kind }) => kind)).toEqual(['present', 'absent']);
  });

  it.each([401, 403])('is unknown where teams are refused with %i, after few questions', async (status) => {
    const { connector, asked } = await withAnswers(() => ({ status }));
    const answers = await connector.confirm('group', ids(...numbers(20)), never);
    expect([...answers.values()].every(({ kind }) => kind === 'unknown')).toBe(true);
    if (status === 401) expect(asked).toHaveLength(1);
  });

  it('goes by the agents where they alone were read', async () => {
    const inTeam = agentXml(1, `<agentTeam>${teamReference(71)}</agentTeam>`);
    const { connector, asked } = await withAnswers(({ path }) =>
      path === 'agent' ? pageXml('agents', [inTeam], { total: 1, start: 0 }) : { status: 403 },
    );
    expect((await connector.confirm('group', ids(71), never)).get(asExternalId('71'))?.kind).toBe('unknown');
    expect((await collect(connector)).outcome.kind).toBe('complete');
    asked.length = 0;
    const answers = await connector.confirm('group', ids(71, 72), never);
    expect([...answers.values()]).toEqual([
      { kind: 'present' },
      { kind: 'out-of-scope', evidence: expect.stringContaining('none of the agents') },
    ]);
    expect(asked).toEqual([]);
  });

  it('is unknown where teams are to come from the agents and none were read', async () => {
    const { connector } = await withAnswers(() => `<agentTeam>${teamReference(71)}</agentTeam>`, {
      teamsFrom: 'agents',
    });
    expect((await connector.confirm('group', ids(71), never)).get(asExternalId('71'))?.kind).toBe('unknown');
  });
});

describe('check of UCCE', () => {
  const factsOf = async (answer: (asked: Asked) => Scripted, change: object = {}) => {
    const { connector } = await withAnswers(answer, change);
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
      { ignoreRole: true },
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
      severity: 'ok',
      value: expect.stringContaining('403'),
    });
    expect((await factsOf(refused, { teamsFrom: 'api' })).facts['agent teams']).toMatchObject({ severity: 'error' });
    expect((await factsOf(refused, { teamsFrom: 'agents' })).facts['agent teams']?.value).toContain('as configured');
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
    const { connector } = await withAnswers(() => ({ status: 401 }));
    await expect(connector.check(never)).rejects.toMatchObject({ code: 'source-credentials' });
  });
});
