// What a read of UCCX makes of its two lists: edges, references and closures.
import { afterEach, describe, expect, it } from 'vitest';
import { type Collected, collect } from '../contract/connector-contract.ts';
import type { ScriptedServer } from './scripted-http.ts';
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

  it('takes nobody out of a team while somebody comes without one', async () => {
    const collected = await read(
      resourceList(resource({ userID: 'a', team: '' }), resource({ userID: 'b' })),
      teamList(team({ id: 1 }), team({ id: 2 })),
    );
    for (const id of ['1', '2']) {
      expect(closureOf(collected, id, 'member')).toBe('partial: a came without a team');
      expect(closureOf(collected, id, 'manages')).toMatch(/^complete/u);
    }
    expect(collected.outcome).toMatchObject({ kind: 'complete', counts: { accounts: 2 } });
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
