// In which order the sources run does not matter: who is enabled, with which values, teams, grants and roles, comes out the same.

import { describe, expect, it } from 'vitest';
import { type Centre, type CentreSource, openCentre } from './centre-fixture.ts';
import { addAgent, addResource, supervisorRoles, zoeEverywhere } from './centre-people.ts';
import { timeless } from './centre-pictures.ts';
import { peripheralId } from './centre-systems.ts';

const orders: readonly (readonly CentreSource[])[] = [
  ['ad-hq', 'uccx-main', 'ucce-main'],
  ['ad-hq', 'ucce-main', 'uccx-main'],
  ['uccx-main', 'ad-hq', 'ucce-main'],
  ['uccx-main', 'ucce-main', 'ad-hq'],
  ['ucce-main', 'ad-hq', 'uccx-main'],
  ['ucce-main', 'uccx-main', 'ad-hq'],
];

const byName = '    teams: { match: name }\n';

/** Everybody is somewhere else: in one, two or three systems, disabled here or there, in a team that two systems have. */
async function staffed(centre: Centre): Promise<{ readonly anna: number }> {
  await zoeEverywhere(centre);
  const { uccx, ucce } = centre;
  const night = uccx.state.addTeam({ name: 'Night Shift' }).id;
  const twin = ucce.state.addTeam({ name: 'Night Shift', peripheralId }).id;
  await centre.hire('anna', 'Anna', 'Lee');
  await centre.hire('ben', 'Ben', 'Brown');
  await centre.hire('office', 'Olga', 'Petrova');
  await centre.staff.disable('ben');
  addResource(centre, 'ANNA', ['Anna', 'Lee'], { extension: '4100', teamId: night });
  addResource(centre, 'Ben', ['Benjamin', 'Brown'], { extension: '4101', teamId: night });
  addResource(centre, 'carl', ['Carl', 'Weil'], { extension: '4102' });
  addResource(centre, 'dora', ['Dora', 'Novak'], { extension: '4103', teamId: night });
  const anna = addAgent(centre, 'anna', ['Anna', 'Lee'], { agentId: '0700', teamId: twin });
  addAgent(centre, 'dora', ['Dora', 'Novak'], { agentId: '0701', teamId: twin });
  addAgent(centre, 'emil', ['Emil', 'Okafor'], { agentId: '0702', loginEnabled: false });
  return { anna };
}

/** A leaver, a joiner, a transfer, a new name, somebody disabled: all at once, before any of the systems is read again. */
async function change(centre: Centre, anna: number): Promise<void> {
  const { uccx, ucce } = centre;
  uccx.state.removeResource('dora');
  uccx.state.changeResource('carl', { firstName: 'Karl', extension: '4999' });
  ucce.state.changeAgent(anna, {
    teamId: undefined,
    supervisor: true,
    supervisorTeamIds: [...ucce.state.teams.keys()],
  });
  await centre.staff.enable('ben');
  await centre.hire('emil', 'Emil', 'Okafor');
  await centre.staff.disable('zmueller');
  addAgent(centre, 'fred', ['Fred', 'Silva'], { agentId: '0703' });
}

async function outcomeOf(order: readonly CentreSource[]) {
  const centre = await openCentre({
    yaml: { 'ad-hq': byName, 'uccx-main': `${supervisorRoles}${byName}`, 'ucce-main': `${supervisorRoles}${byName}` },
  });
  try {
    const { anna } = await staffed(centre);
    await centre.settle(...order);
    const first = timeless(await centre.users());
    await change(centre, anna);
    await centre.settle(...order);
    return { first, second: timeless(await centre.users()), findings: await centre.findings() };
  } finally {
    await centre.close();
  }
}

describe('the order in which the sources run', () => {
  it('leaves the same users, teams, grants, roles and findings', async () => {
    const [usual = [], ...others] = orders;
    const expected = await outcomeOf(usual);
    expect(Object.keys(expected.second)).toHaveLength(8);
    for (const order of others) expect({ order, ...(await outcomeOf(order)) }).toEqual({ order, ...expected });
  });
});
