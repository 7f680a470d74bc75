// Other people with the DN or the name of somebody who has left: nobody inherits a user by accident.

import { afterEach, describe, expect, it } from 'vitest';
import { type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

describe('another person', () => {
  it('with the DN of a deleted one gets its own user and the groups, not the old user', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { cn: 'The Boss' });
    await office.staff.hire('jan');
    await office.staff.group('Zebra', ['mira', 'jan']);
    await office.sync();
    const mira = await office.user('mira');
    await office.staff.fire('mira');
    await office.staff.hire('eva', { cn: 'The Boss' });
    await office.staff.join('Zebra', 'eva');

    await office.sync();

    expect(await office.user('mira')).toMatchObject({ id: mira.id, enabled: false, teams: ['Zebra'] });
    expect(await office.user('eva')).toMatchObject({ enabled: true, teams: ['Zebra'], links: ['hq created active'] });
    expect((await office.sync()).counts.planned).toBe(0);
  });

  it('with the name of a deleted one waits as name-of-another and leaves the old user alone', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { department: 'Claims' });
    await office.staff.hire('jan');
    await office.sync();
    await office.staff.fire('mira');
    await office.sync();
    const before = await office.user('mira');
    await office.staff.hire('mira', { department: 'Sales' });

    await office.sync();
    await office.sync();

    expect(await office.user('mira')).toEqual(before);
    expect(await office.findings()).toEqual(['name-of-another mira']);
  });
});
