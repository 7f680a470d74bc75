// People who change on the way: made anew in the directory, another name everywhere, from one contact centre to the other.

import { afterEach, describe, expect, it } from 'vitest';
import { type Centre, type CentreSource, openCentre } from './centre-fixture.ts';
import { addAgent, addResource, supervisorRoles, type Zoe, zoeEverywhere } from './centre-people.ts';
import { domain } from './centre-systems.ts';

let centre: Centre;
let zoe: Zoe;
afterEach(() => centre.close());

async function settledZoe(): Promise<void> {
  centre = await openCentre({ yaml: { 'uccx-main': supervisorRoles, 'ucce-main': supervisorRoles } });
  zoe = await zoeEverywhere(centre);
  addResource(centre, 'other', ['Otto', 'Other']);
  await centre.hire('other', 'Otto', 'Other');
  await centre.settle();
}

async function expectRest(...sources: readonly CentreSource[]): Promise<void> {
  for (const source of [...sources, ...sources]) {
    expect([source, await centre.sync(source)]).toMatchObject([source, { state: 'done', counts: { planned: 0 } }]);
  }
}

describe('somebody whose account in the directory was made anew', () => {
  it('waits disabled, with everything of UCCX and UCCE, until a person says that it is the same', async () => {
    await settledZoe();
    const before = await centre.user('zmueller');
    await centre.staff.fire('zmueller');
    await centre.settle();
    await centre.hire('zmueller', 'Zoë', 'Müller');
    await centre.staff.join('Office', 'zmueller');
    await centre.settle();
    expect(await centre.user('zmueller')).toMatchObject({
      enabled: false,
      teams: ['Billing [uccx-main]', 'Claims [ucce-main]', 'Office [ad-hq]'],
    });
    const finding = await centre.finding('name-of-another');
    await centre.admin.resolveFinding({ finding, as: { kind: 'link' }, reason: 'restored from no backup' });
    await centre.settle();
    const { links, ...after } = await centre.user('zmueller');
    const { links: _, ...same } = before;
    expect(after).toEqual(same);
    expect(links).toEqual(expect.arrayContaining(['ad-hq manual active', 'uccx-main username active']));
    expect(await centre.findings('name-of-another', 'disabled-in-directory')).toEqual([]);
    await expectRest('ad-hq', 'uccx-main', 'ucce-main');
  });
});

describe('somebody who gets another name in all systems', () => {
  it('follows the directory and UCCE, and the new userID of UCCX waits for a person', async () => {
    await settledZoe();
    const { id } = await centre.user('zmueller');
    await centre.staff.rename('zmueller', 'zweil');
    await centre.staff.set('zmueller', 'userPrincipalName', `zweil@${domain}`);
    await centre.staff.set('zmueller', 'sn', 'Weil');
    centre.ucce.state.changeAgent(zoe.row, { person: { lastName: 'Weil', userName: `zweil@${domain}` } });
    centre.uccx.state.renameResource('ZMueller', 'ZWeil');
    centre.uccx.state.changeResource('ZWeil', { lastName: 'Weil' });
    await centre.settle();
    expect(await centre.user('zweil')).toMatchObject({ id, teams: ['Claims [ucce-main]', 'Office [ad-hq]'] });

    const finding = await centre.finding('name-of-another');
    await centre.admin.resolveFinding({ finding, as: { kind: 'link', user: 'zweil' }, reason: 'married' });
    await centre.settle();

    expect(await centre.user('zweil')).toMatchObject({
      id,
      teams: ['Billing [uccx-main]', 'Claims [ucce-main]', 'Office [ad-hq]'],
      grants: ['Billing [uccx-main]', 'Claims [ucce-main]'],
      attributes: ['agentId=0042 [ucce-main]', 'extension=4711 [uccx-main]'],
    });
    expect(await centre.findings('name-of-another')).toEqual([]);
    await expectRest('ad-hq', 'uccx-main', 'ucce-main');
  });
});

describe('somebody who moves from UCCX to UCCE', () => {
  it('stays one user, who is let in again with the first run of UCCE', async () => {
    centre = await openCentre({ sources: ['uccx-main', 'ucce-main'] });
    addResource(centre, 'anna', ['Anna', 'Lee']);
    addResource(centre, 'bea', ['Bea', 'Brown']);
    addAgent(centre, 'other', ['Otto', 'Other']);
    await centre.settle();
    const { id } = await centre.user('anna');
    centre.uccx.state.removeResource('anna');
    addAgent(centre, 'anna', ['Anna', 'Lee'], { agentId: '0042' });
    await centre.settle('uccx-main');
    expect((await centre.user('anna')).enabled).toBe(false);
    await centre.settle();
    expect(await centre.user(`anna@${domain}`)).toMatchObject({
      id,
      enabled: true,
      links: ['ucce-main usernameWithoutDomain active', 'uccx-main created gone'],
      teams: [],
      attributes: ['agentId=0042 [ucce-main]'],
    });
    await expectRest('uccx-main', 'ucce-main');
  });
});

describe('a supervisor who is one no more', () => {
  it('loses the role of that system, and keeps it where the other still says so', async () => {
    await settledZoe();
    centre.uccx.state.changeTeam(zoe.billing, { primarySupervisor: undefined });
    centre.uccx.state.changeResource('ZMueller', { type: 1 });
    await centre.settle();
    expect(await centre.user('zmueller')).toMatchObject({
      grants: ['Claims [ucce-main]'],
      roles: ['DEFAULT_SUPERVISOR [ucce-main]'],
    });
    centre.ucce.state.changeAgent(zoe.row, { supervisor: false, supervisorTeamIds: [] });
    await centre.settle();
    expect(await centre.user('zmueller')).toMatchObject({ grants: [], roles: [], enabled: true });
    expect(await centre.findings('team-without-supervisor')).toEqual(
      expect.arrayContaining(['team-without-supervisor Billing uccx-main', 'team-without-supervisor Claims ucce-main']),
    );
  });
});

describe('a team that gets another name in UCCX', () => {
  it('stays the same team, with its members and what people pinned to it', async () => {
    await settledZoe();
    await centre.admin.pin({ user: 'other', kind: 'membership', what: 'Billing', mode: 'keep', reason: 'helps out' });
    await centre.settle();
    const team = (await centre.store.read.teams()).find(({ name }) => name === 'Billing')?.id;
    centre.uccx.state.changeTeam(zoe.billing, { name: 'Billing & Claims' });
    await centre.settle();
    expect((await centre.store.read.teams()).find(({ name }) => name === 'Billing & Claims')?.id).toBe(team);
    expect((await centre.user('other')).teams).toContain('Billing & Claims [local]');
    expect((await centre.user('zmueller')).grants).toContain('Billing & Claims [uccx-main]');
  });
});
