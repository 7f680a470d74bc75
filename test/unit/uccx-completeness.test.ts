// When a read of UCCX is complete, and what it keeps when it is not.
import { afterEach, describe, expect, it } from 'vitest';
import type { ReadEvent, ReadOutcome } from '../../src/connector.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { type Collected, collect } from '../contract/connector-contract.ts';
import { type ScriptedServer, scriptedHttp } from './scripted-http.ts';
import { type Answers, resource, resourceList, serveUccx, supervises, team, teamList, uccxOn } from './uccx-fixture.ts';

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
  return collect(uccxOn(await serve({ '/adminapi/resource': resources, '/adminapi/team': teams }), change));
}

const doubtOf = (outcome: ReadOutcome): string => ('because' in outcome ? outcome.because : outcome.kind);

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
    [
      'the resources hold something else too',
      `<resources>${resource({ userID: 'a' })}<apiErrors/></resources>`,
      oneTeam,
      {},
      'apiErrors',
    ],
    ['the teams hold something else too', one, '<teams><teams/></teams>', {}, 'holds teams too'],
    ['a single resource comes for the list', resource({ userID: 'a' }), oneTeam, {}, 'a single one came'],
  ])('is in doubt when %s', async (_when, resources, teams, change, because) => {
    const collected = await read(resources, teams, change);
    expect(collected.outcome.kind).toBe('partial');
    expect(doubtOf(collected.outcome)).toContain(because);
    expect(collected.outcome).not.toHaveProperty('errorCode');
    const ids = collected.pages.flatMap((page) => page.accounts).map(({ id }) => id);
    expect(ids).toEqual(['a']);
  });

  const mine = resource({ userID: 'SVC', type: '2' });

  it.each<[string, string, string]>([
    ['is one', resourceList(mine), oneTeam],
    ['says so', resourceList(resource({ userID: 'svc', type: '7', supervises: supervises(1) })), oneTeam],
    ['is called one by a team', resourceList(resource({ userID: 'svc' })), teamList(team({ id: 1, primary: 'svc' }))],
  ])('is in doubt when the login %s of the supervisors, unless all witnesses come', async (_how, resources, teams) => {
    const { outcome } = await read(resources, teams);
    expect(doubtOf(outcome)).toContain('the login svc is a supervisor');
    const people = resources.replace('</resources>', `${resource({ userID: 'mira' })}</resources>`);
    const change = { supervisorsOutside: ['svc'] };
    expect((await read(people, teams, { ...change, witnesses: ['mira', 'gone'] })).outcome.kind).toBe('partial');
    expect((await read(people, teams, { ...change, witnesses: ['mira'] })).outcome.kind).toBe('complete');
  });

  it('is given with a supervisor outside of the resources who is named in the settings', async () => {
    const teams = teamList(team({ id: 1, primary: 'Boss' }), team({ id: 2, secondary: ['other'] }));
    const collected = await read(one, teams, { supervisorsOutside: ['BOSS', 'other'] });
    expect(collected.outcome.kind).toBe('complete');
    const managers = collected.pages.flatMap((page) => page.edges).filter(({ relation }) => relation === 'manages');
    expect(managers[0]).toMatchObject({ group: '1', members: [{ by: 'id', value: 'boss' }] });
    const half = await read(one, teams, { supervisorsOutside: ['other'] });
    expect(doubtOf(half.outcome)).toMatch(/^boss supervises .* name boss under supervisorsOutside$/u);
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
    expect(collected.pages.flatMap((page) => page.groups)).toEqual([]);
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
