// One person in the directory, on UCCX and on UCCE: one user, and each thing of it owned by those who say it.

import { afterEach, describe, expect, it } from 'vitest';
import { describeStores } from '../store/stores.ts';
import { type Centre, openCentre } from './centre-fixture.ts';
import { addAgent, addResource, supervisorRoles, type Zoe, zoeEverywhere } from './centre-people.ts';
import { domain } from './centre-systems.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let centre: Centre;
let zoe: Zoe;
afterEach(() => centre.close());

const yaml = { 'uccx-main': supervisorRoles, 'ucce-main': supervisorRoles } as const;

async function settledZoe(): Promise<void> {
  zoe = await zoeEverywhere(centre);
  await centre.settle();
}

const links = async (): Promise<readonly string[]> => (await centre.user('zmueller')).links;

describeStores('one person in three systems', (stores) => {
  it('becomes one user of the directory, with the teams, grants and roles of all', async () => {
    centre = await openCentre({ yaml, location: await stores.fresh() });
    await settledZoe();
    await centre.admin.setAttribute({ user: 'zmueller', name: 'extension', value: '9999' });
    await centre.admin.setAttribute({ user: 'zmueller', name: 'shift', value: 'early' });
    await centre.settle();

    expect(Object.keys(await centre.users())).toEqual(['zmueller']);
    expect(await centre.user('zmueller')).toEqual({
      id: expect.any(Number),
      enabled: true,
      origin: 'ad-hq',
      values: {
        username: 'zmueller [ad-hq]',
        email: 'zmueller@example.test [ad-hq]',
        firstName: 'Zoë [ad-hq]',
        lastName: 'Müller [ad-hq]',
        displayName: 'Zoë Müller [ad-hq]',
      },
      attributes: [
        'agentId=0042 [ucce-main]',
        'extension=4711 [uccx-main]',
        'extension=9999 [local]',
        'shift=early [local]',
      ],
      links: ['ad-hq created active', 'ucce-main principalName active', 'uccx-main username active'],
      teams: ['Billing [uccx-main]', 'Claims [ucce-main]', 'Office [ad-hq]'],
      grants: ['Billing [uccx-main]', 'Claims [ucce-main]'],
      roles: ['DEFAULT_SUPERVISOR [ucce-main]', 'DEFAULT_SUPERVISOR [uccx-main]'],
      main: 'Office',
    });
  });

  it('costs no write but the rows of the runs while nothing changes', async () => {
    centre = await openCentre({ yaml, location: await stores.fresh() });
    await settledZoe();
    const before = await tableDigests(centre.store);
    for (const source of ['ad-hq', 'uccx-main', 'ucce-main', 'uccx-main'] as const) {
      expect(await centre.sync(source)).toMatchObject({ state: 'done', counts: { mirrorChanged: 0, planned: 0 } });
    }
    expect(differingTables(before, await tableDigests(centre.store))).toEqual(['counters', 'leases', 'runs']);
  });
});

describe('the fields of a person in three systems', () => {
  it('follow the precedence, and the next source where a higher one has nothing', async () => {
    centre = await openCentre({ head: 'precedence: { lastName: [uccx-main, ad-hq], firstName: [ucce-main] }\n' });
    await settledZoe();
    expect((await centre.user('zmueller')).values).toMatchObject({
      firstName: 'Zoë [ucce-main]',
      lastName: 'Mueller [uccx-main]',
    });

    centre.ucce.state.changeAgent(zoe.row, { person: { firstName: undefined, emailAddress: 'zoe@calls.test' } });
    await centre.staff.set('zmueller', 'mail');
    await centre.settle();

    expect((await centre.user('zmueller')).values).toMatchObject({
      firstName: 'Zoë [ad-hq]',
      email: 'zoe@calls.test [ucce-main]',
    });
  });
});

describe('somebody who leaves', () => {
  it('UCCX only loses its teams, grants and roles there, and nothing else', async () => {
    centre = await openCentre({ yaml });
    await settledZoe();
    addResource(centre, 'other', ['Otto', 'Other']);
    centre.uccx.state.removeResource('ZMueller');
    await centre.settle();

    expect(await centre.user('zmueller')).toMatchObject({
      enabled: true,
      links: ['ad-hq created active', 'ucce-main principalName active', 'uccx-main username gone'],
      teams: ['Claims [ucce-main]', 'Office [ad-hq]'],
      grants: ['Claims [ucce-main]'],
      roles: ['DEFAULT_SUPERVISOR [ucce-main]'],
      attributes: ['agentId=0042 [ucce-main]'],
      main: 'Office',
    });
    expect((await centre.user('other')).enabled).toBe(true);
  });

  it('UCCE loses what it gave, and stays with the directory and UCCX', async () => {
    centre = await openCentre({ yaml });
    await settledZoe();
    addAgent(centre, 'other', ['Otto', 'Other']);
    centre.ucce.state.removeAgent(zoe.row);
    await centre.settle();

    expect(await centre.user('zmueller')).toMatchObject({
      enabled: true,
      teams: ['Billing [uccx-main]', 'Office [ad-hq]'],
      grants: ['Billing [uccx-main]'],
      attributes: ['extension=4711 [uccx-main]'],
    });
    expect(await links()).toContain('ucce-main principalName gone');
  });

  it('is disabled by the directory, whatever UCCE says, and keeps what UCCX and UCCE say', async () => {
    centre = await openCentre({ yaml });
    await settledZoe();
    await centre.staff.disable('zmueller');
    await centre.settle();
    expect(await centre.user('zmueller')).toMatchObject({
      enabled: false,
      teams: ['Billing [uccx-main]', 'Claims [ucce-main]', 'Office [ad-hq]'],
    });
    expect(await centre.findings('disabled-in-directory')).toEqual([
      'disabled-in-directory zmueller ucce-main',
      'disabled-in-directory zmueller uccx-main',
    ]);
    await centre.staff.enable('zmueller');
    await centre.settle();
    expect((await centre.user('zmueller')).enabled).toBe(true);
    expect(await centre.findings('disabled-in-directory')).toEqual([]);
  });

  it('is disabled by UCCE where there is no directory, and never by UCCX', async () => {
    centre = await openCentre({ sources: ['uccx-main', 'ucce-main'] });
    addResource(centre, 'anna', ['Anna', 'Lee']);
    addResource(centre, 'bea', ['Bea', 'Brown']);
    const row = addAgent(centre, 'anna', ['Anna', 'Lee']);
    await centre.settle();
    expect(Object.keys(await centre.users())).toEqual(['anna', 'bea']);

    centre.ucce.state.changeAgent(row, { person: { loginEnabled: false } });
    await centre.settle();
    expect((await centre.user('anna')).enabled).toBe(false);
    expect((await centre.user('bea')).enabled).toBe(true);

    centre.uccx.state.removeResource('anna');
    centre.ucce.state.changeAgent(row, { person: { loginEnabled: true } });
    await centre.settle();
    // Her login was that of UCCX, and is that of UCCE now.
    expect((await centre.user(`anna@${domain}`)).enabled).toBe(true);
  });

  it('UCCX keeps the user name that it gave where the next source may not rename', async () => {
    centre = await openCentre({ sources: ['uccx-main', 'ucce-main'], yaml: { 'ucce-main': '    rename: keep\n' } });
    addResource(centre, 'anna', ['Anna', 'Lee']);
    addResource(centre, 'bea', ['Bea', 'Brown']);
    addAgent(centre, 'anna', ['Anna', 'Lee']);
    await centre.settle();
    centre.uccx.state.removeResource('anna');
    await centre.settle();
    expect(await centre.user('anna')).toMatchObject({ enabled: true, values: { firstName: 'Anna [ucce-main]' } });
  });

  it('every system is disabled, and keeps the teams of the directory for a return', async () => {
    centre = await openCentre({ yaml });
    await settledZoe();
    addResource(centre, 'other', ['Otto', 'Other']);
    addAgent(centre, 'other', ['Otto', 'Other']);
    await centre.hire('other', 'Otto', 'Other');
    centre.uccx.state.removeResource('ZMueller');
    centre.ucce.state.removeAgent(zoe.row);
    await centre.staff.fire('zmueller');
    await centre.settle();

    expect(await centre.user('zmueller')).toMatchObject({
      enabled: false,
      links: ['ad-hq created gone', 'ucce-main principalName gone', 'uccx-main username gone'],
      teams: ['Office [ad-hq]'],
      grants: [],
      roles: [],
    });
    expect((await centre.user('other')).enabled).toBe(true);
  });
});

describe('can-manage that a person set by hand', () => {
  it('is lost with the next run of UCCX, unless it is pinned; before the first link it is held', async () => {
    centre = await openCentre({ sources: ['ad-hq', 'uccx-main'] });
    await centre.hire('zmueller', 'Zoë', 'Müller');
    await centre.staff.group('Office', ['zmueller']);
    await centre.staff.group('Archive');
    await centre.sync('ad-hq');
    await centre.admin.pin({ user: 'zmueller', kind: 'grant', what: 'Office', mode: 'keep', reason: 'deputy' });
    await centre.grantByHand('zmueller', 'Archive');
    await centre.sync('ad-hq');
    expect((await centre.user('zmueller')).grants).toEqual(['Archive [local]', 'Office [local]']);
    addResource(centre, 'ZMUELLER', ['Zoe', 'Mueller']);

    const first = await centre.sync('uccx-main');

    expect(first.state).toBe('held');
    expect(first.holds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['first-link-grant-loss', 'first-run']));
    expect((await centre.user('zmueller')).grants).toEqual(['Archive [local]', 'Office [local]']);
    await centre.approve(first);
    expect((await centre.user('zmueller')).grants).toEqual(['Office [local]']);

    await centre.grantByHand('zmueller', 'Archive');
    await centre.sync('ad-hq');
    expect((await centre.user('zmueller')).grants).toEqual(['Archive [local]', 'Office [local]']);
    expect(await centre.sync('uccx-main')).toMatchObject({ state: 'done', counts: { applied: 1 } });
    expect((await centre.user('zmueller')).grants).toEqual(['Office [local]']);
    expect(await centre.sync('uccx-main')).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});
