// Teams of UCCE whose list is refused or fails, or whose agents come only in part: what is known comes, and nobody loses anything.
import { afterEach, describe, expect, it } from 'vitest';
import { collect, groupsOf, membersOf } from '../contract/connector-contract.ts';
import type { ScriptedServer } from './scripted-http.ts';
import { agentXml, numbers, pageXml, type Scripted, scriptedUcce, ucceConnector } from './ucce-source.ts';
import { closuresOf, edgesOf, inTeam, staff, supervises, teamsPage, teamXml } from './ucce-team-fixture.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function withTeams(teams: Scripted, change: object = {}, agents: readonly string[] = staff) {
  const asked: string[] = [];
  const server = await scriptedUcce(({ path }) => {
    asked.push(path);
    return path === 'agent' ? pageXml('agents', agents, { total: agents.length, start: 0 }) : teams;
  });
  servers.push(server);
  const connector = ucceConnector(server.url, change);
  return { connector, asked, read: await collect(connector) };
}

describe('teams of a UCCE that does not show them', () => {
  const html = (status: number) => ({ status, body: '<html><body>Not here</body></html>', type: 'text/html' });

  it.each<[string, Scripted]>([
    ['403', { status: 403, body: '<apiErrors/>' }],
    ['403 with a page for people', html(403)],
    ['404', undefined],
    ['405', { status: 405 }],
  ])('come from the agents when their list is answered with %s, and keep their supervisors', async (_, refusal) => {
    const { read, asked } = await withTeams(refusal);
    expect(groupsOf(read).map(({ id, name }) => [id, name])).toEqual([
      ['71', 'Team 71'],
      ['72', 'Team 72'],
    ]);
    expect(edgesOf(read, 'manages')).toEqual({ '71': ['2', '3'], '72': ['3'] });
    expect(closuresOf(read)).toMatchObject([
      { group: '71', relation: 'member', kind: 'complete', count: 2 },
      { group: '71', relation: 'manages', kind: 'partial', because: expect.stringContaining('refused') },
      { group: '72', relation: 'member', kind: 'complete', count: 1 },
      { group: '72', relation: 'manages', kind: 'partial', because: expect.stringContaining('refused') },
    ]);
    expect(read.outcome).toMatchObject({ kind: 'complete', proof: { teams: 'agents' } });
    expect(asked).toEqual(['agent', 'agentteam']);
  });

  it('come from the agents when they are to, supervisors and all, without a question', async () => {
    const { read, asked } = await withTeams(teamsPage(teamXml(79)), { teamsFrom: 'agents' });
    expect(groupsOf(read)).toHaveLength(2);
    expect(closuresOf(read).every(({ kind }) => kind === 'complete')).toBe(true);
    expect(read.outcome).toMatchObject({ kind: 'complete', proof: { teams: 'agents' } });
    expect(asked).toEqual(['agent']);
  });

  it('keep the supervisors of the one that their list does not have', async () => {
    const { read } = await withTeams(teamsPage(teamXml(71, { supervisors: [2, 3] })));
    expect(closuresOf(read).filter(({ kind }) => kind === 'partial')).toMatchObject([
      { group: '72', relation: 'manages', because: expect.stringContaining('does not have this one') },
    ]);
  });

  it.each<[string, Scripted, string]>([
    ['403', { status: 403 }, 'source-permission'],
    ['405', { status: 405 }, 'source-refused'],
  ])('make the read partial with %s when they must come from their list', async (_, refusal, errorCode) => {
    const { read } = await withTeams(refusal, { teamsFrom: 'api' });
    expect(read.outcome).toMatchObject({ kind: 'partial', errorCode });
  });

  it.each<[string, Scripted]>([
    ['401', { status: 401 }],
    ['500', { status: 500 }],
    ['503', { status: 503 }],
    ['a page for people', html(200)],
    ['404 with a page for people', html(404)],
  ])('make the read partial with %s, which is no refusal, and come as the agents know them', async (_, answer) => {
    const { read } = await withTeams(answer);
    expect(read.outcome.kind).toBe('partial');
    expect(edgesOf(read, 'member')).toEqual({ '71': ['1', '2'], '72': ['3'] });
    expect(closuresOf(read)).toHaveLength(4);
    expect(closuresOf(read).every(({ kind }) => kind === 'partial')).toBe(true);
  });
});

describe('teams of a UCCE whose agents', () => {
  it('end in an error come with those who came, and nobody leaves them', async () => {
    const agents = numbers(150).map((id) => agentXml(id, inTeam(71)));
    const server = await scriptedUcce(({ query }) =>
      query.get('startIndex') === '0'
        ? pageXml('agents', agents.slice(0, 100), { total: 150, start: 0 })
        : { status: 500 },
    );
    servers.push(server);
    const read = await collect(ucceConnector(server.url));
    expect(read.outcome).toMatchObject({ kind: 'partial', errorCode: 'source-refused' });
    expect(membersOf(read, '71')).toHaveLength(100);
    expect(closuresOf(read)).toMatchObject([
      { relation: 'member', kind: 'partial', because: expect.stringContaining('source-refused') },
      { relation: 'manages', kind: 'partial' },
    ]);
  });

  it('belong to teams whose list hides one in its first turn have all of them as they are listed', async () => {
    const teams = numbers(150).map((id) => teamXml(id, { more: '<description>days</description>' }));
    let turn = 0;
    const server = await scriptedUcce(({ path, query }) => {
      if (path === 'agent') return pageXml('agents', staff, { total: staff.length, start: 0 });
      const start = Number(query.get('startIndex'));
      if (start === 0) turn += 1;
      const page = turn === 1 && start === 100 ? [...teams.slice(99, 100), ...teams.slice(101)] : teams.slice(start);
      return pageXml('agentTeams', page.slice(0, 100), { total: 150, start });
    });
    servers.push(server);
    const read = await collect(ucceConnector(server.url));
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { groups: 150 } });
    expect(groupsOf(read).every(({ attributes }) => attributes['description']?.[0] === 'days')).toBe(true);
  });

  it('are hidden by ties in the first turn have all their members', async () => {
    const agents = numbers(150).map((id) => agentXml(id, inTeam(71) + supervises(71)));
    let turn = 0;
    const server = await scriptedUcce(({ path, query }) => {
      if (path !== 'agent') return teamsPage(teamXml(71));
      const start = Number(query.get('startIndex'));
      if (start === 0) turn += 1;
      const page = turn === 1 && start === 100 ? [...agents.slice(99, 100), ...agents.slice(101)] : agents.slice(start);
      return pageXml('agents', page.slice(0, 100), { total: 150, start });
    });
    servers.push(server);
    const read = await collect(ucceConnector(server.url));
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { accounts: 150, edges: 300 } });
    expect(new Set(membersOf(read, '71')).size).toBe(150);
  });
});
