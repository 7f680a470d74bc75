// Teams of UCCE, their members and supervisors: from the list of teams, from the agents, and from both where they disagree.
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

describe('teams of UCCE', () => {
  it('come with members and supervisors, and teams without anybody too', async () => {
    const listed = teamsPage(teamXml(71, { supervisors: [2, 3] }), teamXml(72, { supervisors: [3] }), teamXml(73));
    const { read } = await withTeams(listed);
    expect(groupsOf(read).map(({ id, name }) => [id, name])).toEqual([
      ['71', 'Team 71'],
      ['72', 'Team 72'],
      ['73', 'Team 73'],
    ]);
    expect(edgesOf(read, 'member')).toEqual({ '71': ['1', '2'], '72': ['3'] });
    expect(edgesOf(read, 'manages')).toEqual({ '71': ['2', '3'], '72': ['3'] });
    expect(closuresOf(read)).toHaveLength(6);
    expect(closuresOf(read).every(({ kind }) => kind === 'complete')).toBe(true);
    expect(read.outcome).toMatchObject({
      kind: 'complete',
      counts: { accounts: 4, groups: 3, edges: 6 },
      proof: { teams: 'api', teamsTotal: 3, supervisorsOfTeamOnly: 0, supervisorsOfAgentOnly: 0, teamsNotListed: 0 },
    });
  });

  it('have the supervisors that either side names, of those that were read', async () => {
    const { read } = await withTeams(teamsPage(teamXml(71, { supervisors: [1, 999] }), teamXml(72)));
    expect(edgesOf(read, 'manages')).toEqual({ '71': ['1', '2', '3'], '72': ['3'] });
    expect(read.outcome).toMatchObject({
      kind: 'complete',
      proof: { supervisorsOfTeamOnly: 1, supervisorsOfAgentOnly: 3 },
    });
  });

  it('take their members from the agents alone, and note counts that differ', async () => {
    const more =
      '<agentCount>40</agentCount><agents><agent><refURL>/unifiedconfig/config/agent/4</refURL></agent></agents>';
    const { read } = await withTeams(teamsPage(teamXml(71, { more }), teamXml(72)));
    expect(membersOf(read, '72')).not.toContain('4');
    expect(edgesOf(read, 'member')).toEqual({ '71': ['1', '2'], '72': ['3'] });
    expect(read.outcome).toMatchObject({ kind: 'complete', proof: { teamsWithOtherCounts: 1 } });
  });

  it('have their attributes where they are listed, and none known where an agent alone names them', async () => {
    const more = '<description>days</description><peripheral><id>5000</id><name>PG</name></peripheral>';
    const { read } = await withTeams(teamsPage(teamXml(71, { more })));
    expect(groupsOf(read)).toEqual([
      {
        id: '71',
        name: 'Team 71',
        attributes: { description: ['days'], peripheral: ['PG'], department: [] },
        unread: [],
      },
      { id: '72', name: 'Team 72', attributes: {}, unread: ['description', 'peripheral', 'department'] },
    ]);
    expect(read.outcome).toMatchObject({ kind: 'complete', proof: { teamsNotListed: 1 } });
  });

  it('are rejected where nobody gives them a name', async () => {
    const nameless = agentXml(1, '<agentTeam><refURL>/unifiedconfig/config/agentteam/71</refURL></agentTeam>');
    const { read } = await withTeams(teamsPage(), {}, [nameless]);
    expect(groupsOf(read)).toEqual([]);
    expect(read.pages.flatMap(({ rejected }) => rejected)).toMatchObject([{ kind: 'group', id: '71' }]);
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { groups: 0, rejected: 1 } });
  });

  it('are not handed out as read when their own record cannot be decoded', async () => {
    const { read } = await withTeams(teamsPage(teamXml(71).replace('<name>Team 71</name>', ''), teamXml(72)));
    expect(groupsOf(read).map(({ id }) => id)).toEqual(['72']);
    expect(Object.keys(edgesOf(read, 'member'))).toEqual(['72']);
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { groups: 1, rejected: 1 } });
  });

  it('make the read partial when a record has no id', async () => {
    const { read } = await withTeams(teamsPage(teamXml(71).replace('agentteam/71', 'agentteam/x')));
    expect(read.outcome).toMatchObject({ kind: 'partial', because: expect.stringContaining('Team 71') });
  });

  it('do not tell who supervises them when agents come in the short form', async () => {
    const short = agentXml(1, inTeam(71)).replace('<agent>', '<agent xmlns:xsi="x" xsi:type="agentSummary">');
    const { read } = await withTeams(teamsPage(teamXml(71, { supervisors: [1] })), {}, [short]);
    expect(closuresOf(read)).toMatchObject([
      { group: '71', relation: 'member', kind: 'complete', count: 1 },
      { group: '71', relation: 'manages', kind: 'partial', because: expect.stringContaining('short form') },
    ]);
  });

  it('outside of the departments are left out unless somebody in them belongs to one', async () => {
    const department = (name: string): string => `<department><name>${name}</name></department>`;
    const agents = [
      agentXml(1, inTeam(71) + department('Finance')),
      agentXml(2, inTeam(72) + supervises(74) + department('Support')),
    ];
    const listed = teamsPage(
      ...[71, 72, 73].map((id) => teamXml(id, { more: department('Support'), supervisors: [2] })),
      teamXml(74),
      teamXml(75, { more: department('Finance') }),
    );
    const { read, connector } = await withTeams(listed, { agents: { departments: ['Finance'] } }, agents);
    expect(groupsOf(read).map(({ id }) => id)).toEqual(['71', '74', '75']);
    expect(edgesOf(read, 'manages')).toEqual({});
    expect(connector.scopeFingerprint).toMatch(/^[0-9a-f]{64}$/u);
  });

  it('stay within the bounds of a page however many they are', async () => {
    const agents = numbers(100).map((id) => agentXml(id, inTeam(1_000 + id) + supervises(...numbers(220, 1_001))));
    const { read } = await withTeams(teamsPage(), {}, agents);
    const sizes = read.pages.map(({ edges }) => edges.reduce((sum, { members }) => sum + members.length, 0));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(22_100);
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { groups: 220, edges: 22_100 } });
  });
});

describe('teams of a UCCE that is read once more', () => {
  const agents = (ids: readonly number[], department = 'Finance') =>
    ids.map((id) =>
      agentXml(id, `${inTeam(70 + (id % 2))}${supervises(79)}<department><name>${department}</name></department>`),
    );

  /** Before the second page somebody is added; from then on the staff is `after`. */
  async function changing(before: readonly string[], after: readonly string[]) {
    let isChanged = false;
    const server = await scriptedUcce(({ path, query }) => {
      if (path !== 'agent') return { status: 403 };
      const start = Number(query.get('startIndex'));
      if (start > 0) isChanged = true;
      const present = isChanged ? after : before;
      return pageXml('agents', present.slice(start, start + 100), { total: present.length, start });
    });
    servers.push(server);
    return collect(ucceConnector(server.url, { agents: { departments: ['Finance'] } }));
  }

  it('name everybody once, as the second time has it', async () => {
    const read = await changing(agents(numbers(150)), agents(numbers(151)));
    const members = edgesOf(read, 'member');
    expect(members['70']).toHaveLength(75);
    expect(members['71']).toHaveLength(76);
    expect(edgesOf(read, 'manages')['79']).toHaveLength(151);
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { accounts: 151 }, total: { accounts: 151 } });
  });

  it('count those out of scope anew', async () => {
    const outside = agents(numbers(30), 'Support');
    const read = await changing([...outside, ...agents(numbers(120, 31))], [...outside, ...agents(numbers(121, 31))]);
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { accounts: 121 }, proof: { outOfScope: 30 } });
  });

  it('make the read partial when somebody left the scope who was handed out already', async () => {
    const after = [...agents([1], 'Support'), ...agents(numbers(150, 2))];
    const read = await changing(agents(numbers(150)), after);
    expect(read.outcome).toMatchObject({ kind: 'partial', because: expect.stringContaining('left the configured') });
  });
});
