// What a read of UCCX makes of its two lists: edges, references, closures, and when it is not complete.
import { afterEach, describe, expect, it } from 'vitest';
import type { ReadEvent, ReadOutcome } from '../../src/connector.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { type Collected, collect } from '../contract/connector-contract.ts';
import { type ScriptedServer, scriptedHttp } from './scripted-http.ts';
import {
  type Answers,
  host,
  resource,
  resourceList,
  serveUccx,
  supervises,
  team,
  teamList,
  teamReference,
  uccxOn,
} from './uccx-fixture.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(answers: Answers): Promise<ScriptedServer> {
  const server = await serveUccx(answers);
  servers.push(server);
  return server;
}

async function read(resources: string, teams: Answers[string], change: object = {}): Promise<Collected> {
  const server = await serve({ '/adminapi/resource': resources, '/adminapi/team': teams });
  return collect(uccxOn(server, change, { account: [], group: ['Description'] }));
}

/** `team relation: members`, sorted. */
const edgesOf = ({ pages }: Collected): string[] =>
  pages
    .flatMap((page) => page.edges)
    .map(({ group, relation, members }) => `${group} ${relation}: ${members.map(({ value }) => value).join(', ')}`)
    .sort();

const closureOf = ({ pages }: Collected, group: string, relation: string): string => {
  const found = pages
    .flatMap((page) => page.closures)
    .filter((one) => one.group === group && one.relation === relation);
  return found.map((one) => (one.kind === 'complete' ? `complete ${one.count}` : `partial: ${one.because}`)).join('; ');
};

const groupsOf = ({ pages }: Collected) => pages.flatMap((page) => page.groups);
const rejectedOf = ({ pages }: Collected) => pages.flatMap((page) => page.rejected);
const doubtOf = (outcome: ReadOutcome): string => ('because' in outcome ? outcome.because : outcome.kind);

describe('read of UCCX', () => {
  it('asks twice, and for nothing that an answer names', async () => {
    const server = await serve({
      '/adminapi/resource': resourceList(resource({ userID: 'a' })),
      '/adminapi/team': teamList(team({ id: 1 })),
    });
    const { outcome } = await collect(uccxOn(server));
    expect(server.requests.map(({ url }) => url)).toEqual(['/adminapi/resource', '/adminapi/team']);
    expect(outcome).toMatchObject({
      kind: 'complete',
      counts: { accounts: 1, groups: 1, edges: 1, rejected: 0 },
      proof: { server: server.url, format: 'XML', requests: 2, duplicates: 0 },
      serverIdentity: 'uccx:127.0.0.1',
    });
  });

  it('takes members from the resources and supervisors from both sides, each once', async () => {
    const collected = await read(
      resourceList(
        resource({ userID: 'Boss', type: '2', team: teamReference(1), supervises: supervises(2) + supervises(1) }),
        resource({ userID: 'a', team: teamReference(2) }),
        resource({ userID: 'b', team: teamReference(2) }),
      ),
      teamList(team({ id: 1 }), team({ id: 2, primary: 'Boss', secondary: ['Boss', 'b'] }), team({ id: 3 })),
    );
    expect(edgesOf(collected)).toEqual(['1 manages: boss', '1 member: boss', '2 manages: boss, b', '2 member: a, b']);
    expect(closureOf(collected, '2', 'manages')).toBe('complete 2');
    expect(closureOf(collected, '3', 'member')).toBe('complete 0');
    expect(closureOf(collected, '3', 'manages')).toBe('complete 0');
    expect(groupsOf(collected)[0]).toEqual({ id: '1', name: 'Team 1', attributes: {}, unread: ['description'] });
    expect(collected.outcome.kind).toBe('complete');
  });

  it('believes a supervisor whom only one side names', async () => {
    const fromResources = await read(
      resourceList(resource({ userID: 'boss', supervises: supervises(1) })),
      teamList(team({ id: 1 })),
    );
    const fromTeams = await read(
      resourceList(resource({ userID: 'boss' })),
      teamList(team({ id: 1, primary: 'boss' })),
    );
    for (const collected of [fromResources, fromTeams]) expect(edgesOf(collected)).toContain('1 manages: boss');
  });

  it('makes a team of one that is only referred to, and leaves its supervisors open', async () => {
    const collected = await read(
      resourceList(resource({ userID: 'a', team: teamReference(9, 'Night Shift'), supervises: supervises(9) })),
      teamList(team({ id: 1 })),
    );
    expect(groupsOf(collected).map(({ id, name }) => `${id} ${name}`)).toEqual(['1 Team 1', '9 Night Shift']);
    expect(closureOf(collected, '9', 'member')).toBe('complete 1');
    expect(closureOf(collected, '9', 'manages')).toBe('partial: the list of teams does not have it');
    expect(collected.outcome.kind).toBe('complete');
  });

  it('leaves the edges of a team as they are that cannot be decoded', async () => {
    const nameless = `<team><self>${host}/adminapi/team/2</self><teamId>2</teamId></team>`;
    const collected = await read(
      resourceList(resource({ userID: 'a', team: teamReference(2) })),
      teamList(team({ id: 1 }), nameless),
    );
    expect(rejectedOf(collected)).toMatchObject([
      { kind: 'group', id: '2', because: expect.stringContaining('no name') },
    ]);
    expect(closureOf(collected, '2', 'member')).toBe('');
    expect(edgesOf(collected)).toEqual([]);
    expect(collected.outcome).toMatchObject({ kind: 'complete', counts: { groups: 1, rejected: 1 } });
  });

  it('keeps the membership of somebody whose record is rejected', async () => {
    const collected = await read(
      resourceList(resource({ userID: 'a', type: '7' }), resource({ userID: 'b' })),
      teamList(team({ id: 1 })),
    );
    expect(rejectedOf(collected)).toMatchObject([{ id: 'a' }]);
    expect(edgesOf(collected)).toEqual(['1 member: a, b']);
    expect(collected.outcome).toMatchObject({ kind: 'complete', counts: { accounts: 1, rejected: 1 } });
  });

  it('closes no team as complete when nobody can tell the team of somebody', async () => {
    const collected = await read(
      resourceList(resource({ userID: 'a', team: '<team name="x"/>' }), resource({ userID: 'b' })),
      teamList(team({ id: 1 }), team({ id: 2 })),
    );
    for (const id of ['1', '2']) {
      expect(closureOf(collected, id, 'member')).toBe('partial: the team of a cannot be told');
      expect(closureOf(collected, id, 'manages')).toMatch(/^complete/u);
    }
  });

  it('leaves supervision open where a reference cannot be read', async () => {
    const unreadable = '<supervisorOfTeamName name="x"/>';
    const fromResource = await read(
      resourceList(resource({ userID: 'a', supervises: unreadable })),
      teamList(team({ id: 1 }), team({ id: 2 })),
    );
    for (const id of ['1', '2']) expect(closureOf(fromResource, id, 'manages')).toMatch(/^partial/u);
    const broken = team({ id: 1 }).replace(
      '<secondarySupervisors>',
      '<primarySupervisor name="x"/><secondarySupervisors>',
    );
    const fromTeam = await read(resourceList(resource({ userID: 'a' })), teamList(broken, team({ id: 2 })));
    expect(closureOf(fromTeam, '1', 'manages')).toMatch(/^partial/u);
    expect(closureOf(fromTeam, '2', 'manages')).toBe('complete 0');
    expect(closureOf(fromTeam, '1', 'member')).toBe('complete 1');
  });
});

describe('completeness of a read of UCCX', () => {
  const one = resourceList(resource({ userID: 'a' }));
  const oneTeam = teamList(team({ id: 1 }));

  it.each<[string, string, string, object, string]>([
    [
      'a userID comes twice',
      resourceList(resource({ userID: 'a' }), resource({ userID: 'A' })),
      oneTeam,
      {},
      'more than once',
    ],
    ['a team comes twice', one, teamList(team({ id: 1 }), team({ id: 1 })), {}, 'more than once'],
    [
      'a resource has no userID',
      resourceList(resource({}), resource({ userID: 'a' })),
      oneTeam,
      {},
      'without a userID',
    ],
    [
      'a team has no id',
      one,
      teamList('<team><teamname>x</teamname></team>', team({ id: 1 })),
      {},
      'without a readable id',
    ],
    [
      'a supervisor is not among the resources',
      one,
      teamList(team({ id: 1, primary: 'boss' })),
      {},
      'login may be that of a supervisor',
    ],
    ['a witness is missing', one, oneTeam, { witnesses: ['A', 'Mira'] }, 'witnesses are missing: Mira'],
    ['fewer come than expected', one, oneTeam, { expectAtLeast: 2 }, 'at least 2 were expected'],
    ['a single resource comes for the list', resource({ userID: 'a' }), oneTeam, {}, 'a single one came'],
  ])('is in doubt when %s', async (_when, resources, teams, change, because) => {
    const collected = await read(resources, teams, change);
    expect(collected.outcome.kind).toBe('partial');
    expect(doubtOf(collected.outcome)).toContain(because);
    expect(collected.outcome).not.toHaveProperty('errorCode');
    const ids = collected.pages.flatMap((page) => page.accounts).map(({ id }) => id);
    expect(ids).toEqual(['a']);
  });

  it('is given with nobody at all, when a whole list says so', async () => {
    expect((await read('<resources/>', '<teams/>')).outcome).toMatchObject({
      kind: 'complete',
      counts: { accounts: 0 },
    });
  });

  it('is given with a witness in another case', async () => {
    expect((await read(one, oneTeam, { witnesses: ['A'] })).outcome.kind).toBe('complete');
  });

  it.each<[string, Answers[string], string]>([
    ['are refused', [403, ''], 'source-permission'],
    ['are of another kind', '<resources/>', 'source-protocol'],
    ['are cut off', '<teams><team>', 'source-protocol'],
    ['come as a page', '<html/>', 'source-busy'],
  ])('keeps the accounts when the teams %s, and is partial', async (_how, teams, errorCode) => {
    const collected = await read(one, teams);
    expect(collected.outcome).toMatchObject({ kind: 'partial', errorCode });
    expect(collected.pages.flatMap((page) => page.accounts)).toHaveLength(1);
    expect(groupsOf(collected)).toEqual([]);
  });

  it.each<[string, Answers[string], string]>([
    ['are teams', '<teams/>', 'source-protocol'],
    ['are an error of UCCX', '{"apiError":[{"errorType":"InvalidInput","errorMessage":"no"}]}', 'source-refused'],
    ['are refused', [401, ''], 'source-credentials'],
  ])('throws when the resources %s, and asks no further', async (_how, resources, code) => {
    const server = await serve({ '/adminapi/resource': resources, '/adminapi/team': oneTeam });
    const error = await collect(uccxOn(server)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RosterdError);
    expect(error).toMatchObject({ code });
    expect(server.requests).toHaveLength(1);
  });

  it('gives nothing when it is stopped between its two requests', async () => {
    const controller = new AbortController();
    const server = await scriptedHttp((request, response) => {
      if (request.url === '/adminapi/resource') response.end(one);
      else controller.abort();
    });
    servers.push(server);
    const asked = collect(uccxOn(server), controller.signal);
    await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('holds no connection while its pages are written', async () => {
    const server = await serve({
      '/adminapi/resource': resourceList(...Array.from({ length: 250 }, (_, at) => resource({ userID: `p${at}` }))),
      '/adminapi/team': oneTeam,
    });
    const kinds: ReadEvent['kind'][] = [];
    for await (const event of uccxOn(server).read({ mode: 'full' }, new AbortController().signal)) {
      for (let turn = 0; turn < 100 && server.connections() > 0; turn += 1)
        await new Promise((resolve) => setTimeout(resolve, 10));
      expect(server.connections()).toBe(0);
      kinds.push(event.kind);
    }
    expect(kinds).toEqual(['opened', 'page', 'page', 'page', 'page', 'page', 'outcome']);
  });
});
