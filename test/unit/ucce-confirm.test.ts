// Questions about single agents and teams of UCCE: only UCCE's own word makes somebody absent.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Confirmation } from '../../src/connector.ts';
import { asExternalId, type ExternalId } from '../../src/model/ids.ts';
import { collect } from '../contract/connector-contract.ts';
import { type ScriptedServer, scriptedHttp } from './scripted-http.ts';
import {
  type Asked,
  agentPage,
  agentXml,
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
/** The list of these agents, whatever else is asked for. */
const listing =
  (listed: readonly number[], one: (asked: Asked) => Scripted) =>
  (asked: Asked): Scripted =>
    asked.path === 'agent' ? agentPage(listed, asked) : one(asked);
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
    ['500 with a page for people', { status: 500, body: '<html></html>', type: 'text/html' }, 'unknown', /HTML/u],
    ['a redirect', { status: 302 }, 'unknown', /302/u],
  ])('that is answered with %s', async (_, answer, kind, words) => {
    const { connector } = await withAnswers(listing([6, 7, 8], () => answer));
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
    const list = pageXml('agents', Object.values(agents), { total: 4, start: 0 });
    const { connector } = await withAnswers(({ path }) => (path === 'agent' ? list : agents[path]), {
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

describe('question for an agent of UCCE that its list must answer too', () => {
  const supervisor = '<permissionInfo><role>supervisor</role></permissionInfo>';
  const everybody = { ignoreRole: true, witnesses: ['u5@corp.example.test'] };
  const kindsOf = (answers: ReadonlyMap<ExternalId, Confirmation>) => [...answers.values()].map(({ kind }) => kind);

  it('is unknown, and blocks nobody else, when only the question still shows the agent', async () => {
    const { connector, asked } = await withAnswers(
      listing([2], ({ path }) => (path === 'agent/3' ? gone : agentXml(Number(path.split('/')[1])))),
    );
    const answers = await connector.confirm('account', ids(1, 2, 3), never);
    expect([...answers.values()]).toEqual([
      { kind: 'unknown', because: expect.stringMatching(/marked for deletion.*purge/u) },
      { kind: 'present' },
      { kind: 'absent', evidence: expect.any(String) },
    ]);
    expect(asked.filter((path) => path === 'agent')).toHaveLength(1);
  });

  it('asks for the list once for all of a batch, and for none when nobody needs it', async () => {
    const { connector, asked } = await withAnswers(
      listing(numbers(30), ({ path }) => agentXml(Number(path.split('/')[1]))),
    );
    await connector.confirm('account', ids(...numbers(30)), never);
    expect(asked.filter((path) => path === 'agent')).toHaveLength(1);
    const other = await withAnswers(() => gone);
    await other.connector.confirm('account', ids(...numbers(30)), never);
    expect(other.asked).toHaveLength(30);
  });

  it('is never absent by the question alone for a supervisor, who is answered for own teams only', async () => {
    const { connector } = await withAnswers((asked) => {
      if (asked.path === 'agentteam') return pageXml('agentTeams', [], { total: 0, start: 0 });
      return asked.path === 'agent' ? agentPage([1, 5], asked, { permission: supervisor }) : gone;
    }, everybody);
    for (const _ of ['before a read', 'after a read']) {
      expect([...(await connector.confirm('account', ids(1, 2), never)).values()]).toEqual([
        { kind: 'present' },
        { kind: 'absent', evidence: expect.stringMatching(/notFound\.dbData.*list, asked once more/u) },
      ]);
      await collect(connector);
    }
    expect(kindsOf(await connector.confirm('group', ids(71), never))).toEqual(['unknown']);
  });

  it.each<[string, (asked: Asked) => Scripted]>([
    ['without the witness', (asked) => agentPage([1], asked, { permission: supervisor })],
    ['that breaks off', () => ({ status: 500 })],
    [
      'of single departments',
      (asked) =>
        agentPage([1, 5], asked, {
          permission: '<permissionInfo><departmentAdmin>true</departmentAdmin><role>a</role></permissionInfo>',
        }),
    ],
    ['with an agent without an id', () => pageXml('agents', [agentXml(5), '<agent/>'], { total: 2, start: 0 })],
  ])('is not absent by a list %s', async (_, list) => {
    const { connector } = await withAnswers((asked) => (asked.path === 'agent' ? list(asked) : gone), everybody);
    expect((await connector.confirm('account', ids(2), never)).get(asExternalId('2'))).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('settles nothing'),
    });
  });

  it('is absent by the question alone for an administrator, whatever is configured', async () => {
    const { connector, asked } = await withAnswers(
      listing([1, 5], () => gone),
      everybody,
    );
    await collect(connector);
    asked.length = 0;
    expect(kindsOf(await connector.confirm('account', ids(2), never))).toEqual(['absent']);
    expect(asked).toEqual(['agent/2']);
  });

  it('is not ended for all by the first one that cannot be answered', async () => {
    const page: Scripted = { status: 400, body: '<html><body>Bad Request</body></html>', type: 'text/html' };
    const { connector } = await withAnswers(({ path }) => (path === 'agent/1' || path === 'agent/9' ? page : gone));
    const answers = await connector.confirm('account', ids(...numbers(12)), never);
    expect(kindsOf(answers).filter((kind) => kind === 'absent')).toHaveLength(10);
  });
});

describe('question for a team of UCCE', () => {
  it('is answered as that for an agent', async () => {
    const team = (id: number): string => `<agentTeam>${teamReference(id)}</agentTeam>`;
    const list = pageXml('agentTeams', [team(71)], { total: 1, start: 0 });
    const { connector } = await withAnswers(({ path }) =>
      path === 'agentteam' ? list : path === 'agentteam/72' ? gone : team(Number(path.split('/')[1])),
    );
    const answers = await connector.confirm('group', ids(71, 72, 73), never);
    expect([...answers.values()]).toEqual([
      { kind: 'present' },
      { kind: 'absent', evidence: expect.stringContaining('notFound.dbData') },
      { kind: 'unknown', because: expect.stringContaining('not in its list') },
    ]);
  });

  it.each([401, 403])('is unknown where teams are refused with %i, after few questions', async (status) => {
    const { connector, asked } = await withAnswers(() => ({ status }));
    const answers = await connector.confirm('group', ids(...numbers(20)), never);
    expect([...answers.values()].every(({ kind }) => kind === 'unknown')).toBe(true);
    if (status === 401) expect(asked).toHaveLength(1);
  });

  it.each<[string, object, Confirmation]>([
    [
      'wanted',
      { teamsFrom: 'agents' },
      { kind: 'out-of-scope', evidence: expect.stringContaining('none of the agents') },
    ],
    ['shown', {}, { kind: 'unknown', because: expect.stringContaining('was refused') }],
  ])('goes by the agents where their list is not %s', async (_, change, other) => {
    const inTeam = agentXml(1, `<agentTeam>${teamReference(71)}</agentTeam>`);
    const { connector, asked } = await withAnswers(
      ({ path }) => (path === 'agent' ? pageXml('agents', [inTeam], { total: 1, start: 0 }) : { status: 403 }),
      change,
    );
    expect((await connector.confirm('group', ids(71), never)).get(asExternalId('71'))?.kind).toBe('unknown');
    expect((await collect(connector)).outcome.kind).toBe('complete');
    asked.length = 0;
    const answers = await connector.confirm('group', ids(71, 72), never);
    expect([...answers.values()]).toEqual([{ kind: 'present' }, other]);
    expect(asked).toEqual([]);
  });

  it('is unknown where teams are to come from the agents and none were read', async () => {
    const { connector } = await withAnswers(() => `<agentTeam>${teamReference(71)}</agentTeam>`, {
      teamsFrom: 'agents',
    });
    expect((await connector.confirm('group', ids(71), never)).get(asExternalId('71'))?.kind).toBe('unknown');
  });
});
