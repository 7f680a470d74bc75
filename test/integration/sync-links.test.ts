// Disputes that no run may settle, and how a person settles them: `user link`, then the next sync.

import { afterEach, expect, it } from 'vitest';
import { describeStores } from '../store/stores.ts';
import { day, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

describeStores('an account linked by hand', (stores) => {
  const open = async (): Promise<Office> =>
    openOffice(stores.kind === 'sqlite' ? {} : { location: await stores.fresh() });

  it('that came back late speaks for its user again: enabled, with teams and values', async () => {
    office = await open();
    await office.staff.hire('mira', { department: 'Claims' });
    await office.staff.hire('jan');
    await office.staff.group('Zebra', ['mira', 'jan']);
    await office.sync();
    const bringBack = office.server.faults.add({ kind: 'hidden-entry', dn: office.staff.dn('mira') });
    await office.sync();
    office.forward(31 * day);
    bringBack();
    await office.staff.set('mira', 'department', 'Sales');
    await office.sync();
    await office.sync();
    expect(await office.user('mira')).toMatchObject({ enabled: false, values: { department: 'Claims' } });
    expect(await office.findings()).toEqual(['returned-late mira']);

    await office.admin.linkUser({ user: 'mira', account: 'mira', reason: 'back from parental leave' });
    const run = await office.sync();

    expect(run.state).toBe('done');
    expect(await office.user('mira')).toMatchObject({
      enabled: true,
      values: { department: 'Sales' },
      links: ['hq created active'],
      teams: ['Zebra'],
      main: 'Zebra',
    });
    expect(await office.findings()).toEqual([]);
    expect((await office.sync()).counts.planned).toBe(0);
  });

  it('that carries the name of one who left revives that user under the new id', async () => {
    office = await open();
    await office.staff.hire('mira', { department: 'Claims' });
    await office.staff.hire('jan');
    await office.staff.group('Zebra', ['mira', 'jan']);
    await office.sync();
    const { id } = await office.user('mira');
    await office.staff.fire('mira');
    await office.sync();
    await office.staff.hire('mira', { department: 'Sales' });
    await office.staff.group('Lions', ['mira']);
    await office.sync();
    expect(await office.findings()).toEqual(['name-of-another mira']);

    await office.admin.linkUser({ user: 'mira', account: 'mira', reason: 'hired again' });
    expect(await office.findings()).toEqual([]);
    const run = await office.sync();

    expect(run).toMatchObject({ state: 'done', counts: { created: 0 } });
    expect(await office.user('mira')).toMatchObject({
      id,
      enabled: true,
      values: { department: 'Sales' },
      links: ['hq created gone', 'hq manual active'],
      teams: ['Lions'],
    });
    expect(await office.findings()).toEqual([]);
    expect((await office.sync()).counts.planned).toBe(0);
  });
});
