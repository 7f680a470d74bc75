// What only shows between two systems: it opens and closes with the runs of either, and neither takes back what the other said.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hq } from './sync-fixture.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';
import { openTwoSystems, type TwoSystems, west } from './sync-two-systems.ts';

let systems: TwoSystems;

beforeEach(async () => {
  systems = await openTwoSystems();
});

afterEach(() => systems.office.close());

/** `anna` in both systems, settled, and nothing to say of her. */
async function anna(): Promise<void> {
  await systems.office.staff.hire('anna');
  await systems.hireAgent('anna');
  await systems.settle();
  expect(await systems.findings()).toEqual([]);
}

describe('findings between two systems', () => {
  it('open with the run of the one whose record changed, about the one that has to mend it', async () => {
    await anna();
    const { staff } = systems.office;
    await staff.set('anna', 'givenName', 'Hanna');

    expect(await systems.sync(hq)).toMatchObject({ counts: { findingsOpened: 1 } });

    expect(await systems.findings()).toEqual(['names-differ anna west']);
    const [finding] = await systems.office.admin.listFindings({ state: 'open', limit: 10 });
    const { id } = await systems.office.user('anna');
    expect(finding).toMatchObject({
      subject: `user:${id}/west`,
      detail: { account: 'w-anna', firstName: ['anna in west', 'Hanna in hq'] },
    });

    await staff.set('w-anna', 'givenName', 'HÄNNA');
    expect(await systems.sync(west)).toMatchObject({ counts: { findingsClosed: 1, findingsOpened: 0 } });
    expect(await systems.findings()).toEqual([]);
  });

  it('stay while nothing changes, whichever of the two runs, and cost no write', async () => {
    await anna();
    await systems.office.staff.set('anna', 'givenName', 'Hanna');
    await systems.hireAgent('solo', { ipPhone: '1anna' });
    await systems.settle();
    const expected = ['extension-shared 1anna west', 'names-differ anna west', 'not-in-directory w-solo west'];
    expect(await systems.findings()).toEqual(expected);
    const before = await tableDigests(systems.office.store);
    for (const source of [hq, west, west, hq]) {
      const { counts } = await systems.sync(source);
      expect(counts).toMatchObject({ findingsOpened: 0, findingsClosed: 0 });
    }
    expect(await systems.findings()).toEqual(expected);
    expect(differingTables(before, await tableDigests(systems.office.store))).toEqual(['counters', 'leases', 'runs']);
  });

  it('are told of an agent whom this very run has created, and close when the directory has the person', async () => {
    await systems.sync(hq);
    await systems.hireAgent('solo');
    expect(await systems.sync(west)).toMatchObject({ counts: { created: 1, findingsOpened: 1 } });
    expect(await systems.findings()).toEqual(['not-in-directory w-solo west']);

    await systems.office.staff.hire('solo');
    await systems.settle();

    expect((await systems.office.user('solo')).links).toHaveLength(2);
    expect(await systems.findings()).toEqual([]);
  });

  it('wait for the first complete read of the directory, and come without any change of the agent', async () => {
    await systems.hireAgent('solo');
    await systems.sync(west);
    await systems.sync(west);
    expect(await systems.findings()).toEqual([]);

    await systems.sync(hq);
    await systems.sync(west);

    expect(await systems.findings()).toEqual(['not-in-directory w-solo west']);
  });

  it('say that somebody whom the directory has disabled can still log in, until the agent is gone', async () => {
    await anna();
    await systems.office.staff.hire('boss');
    await systems.office.staff.disable('anna');
    await systems.sync(hq);
    expect(await systems.findings()).toEqual(['disabled-in-directory anna west']);

    await systems.office.staff.fire('w-anna');
    await systems.hireAgent('boss');
    await systems.settle();

    expect(await systems.findings()).toEqual([]);
  });

  it('close when a person takes the account from the user', async () => {
    await anna();
    await systems.office.staff.set('anna', 'givenName', 'Hanna');
    await systems.sync(hq);
    expect(await systems.findings()).toEqual(['names-differ anna west']);
    await systems.office.admin.unlinkUser({ user: 'anna', account: 'w-anna', reason: 'somebody else' });
    await systems.settle();
    expect(await systems.findings()).toEqual(['unlinked-account w-anna west']);
  });

  it('of a missing id close with a value set by hand, in the next run of either', async () => {
    await anna();
    await systems.office.staff.set('w-anna', 'ipPhone');
    await systems.settle();
    expect(await systems.findings()).toEqual(['extension-missing anna west']);
    await systems.office.admin.setAttribute({ user: 'anna', name: 'extension', value: '4711' });
    await systems.sync(hq);
    expect(await systems.findings()).toEqual([]);
  });

  it('of a shared id name both users, and close with whatever run comes next', async () => {
    await anna();
    await systems.office.staff.hire('ben');
    await systems.hireAgent('ben', { ipPhone: '1anna' });
    await systems.settle();
    expect(await systems.findings()).toEqual(['extension-shared 1anna west']);
    const [finding] = await systems.office.admin.listFindings({ state: 'open', limit: 10 });
    expect(finding).toMatchObject({
      subject: 'value:west/extension/1anna',
      detail: { users: ['anna (west)', 'ben (west)'] },
    });

    await systems.office.admin.setAttribute({ user: 'ben', name: 'extension', value: '4711' });
    expect(await systems.sync(hq)).toMatchObject({ counts: { findingsClosed: 1 } });
    expect(await systems.findings()).toEqual([]);
  });

  it('of a team open when the last member or supervisor leaves it, and close when the group is gone', async () => {
    await anna();
    const { staff, admin } = systems.office;
    await staff.group('Billing');
    await staff.move('Billing', systems.unit);
    await staff.join('Billing', 'w-anna');
    await systems.settle();
    expect(await systems.findings()).toEqual(['team-without-supervisor Billing west']);
    await staff.renameObject('Billing', 'Accounts');
    expect(await systems.sync(west)).toMatchObject({ counts: { applied: 1, findingsOpened: 0, findingsClosed: 0 } });
    expect(await systems.findings()).toEqual(['team-without-supervisor Accounts west']);
    await staff.renameObject('Billing', 'Billing');
    await systems.sync(west);

    await admin.pin({ user: 'anna', kind: 'grant', what: 'Billing', mode: 'keep', reason: 'reviews' });
    await staff.leave('Billing', 'w-anna');
    await systems.settle();
    expect(await systems.findings()).toEqual([
      'supervisor-cannot-evaluate anna local',
      'supervisor-cannot-view anna local',
      'team-without-members Billing west',
    ]);

    await admin.pin({ user: 'anna', kind: 'role', what: 'DEFAULT_SUPERVISOR', mode: 'keep', reason: 'reviews' });
    await staff.fire('Billing');
    await systems.settle();
    expect(await systems.findings()).toEqual(['team-unfed Billing west']);
  });
});
