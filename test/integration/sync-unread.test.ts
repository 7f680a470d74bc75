// An attribute that cannot be read is not an empty one: the last reading stays, and a finding says so.

import { afterEach, describe, expect, it } from 'vitest';
import { oddValues } from '../lab/ldap-faults.ts';
import { type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

describe('an attribute that cannot be decoded any more', () => {
  it('keeps the value, names the account in a finding, and closes it when it is mended', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { department: 'Claims' });
    await office.staff.hire('jan', { department: 'Sales' });
    await office.sync();

    await office.staff.set('mira', 'department', oddValues.invalidUtf8);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0, findingsOpened: 1 } });
    expect((await office.user('mira')).values['department']).toBe('Claims');
    expect(await office.findings()).toEqual(['attribute-unread department']);

    await office.staff.set('mira', 'department', 'Fraud');
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 1, findingsClosed: 1 } });
    expect((await office.user('mira')).values['department']).toBe('Fraud');
    expect(await office.findings()).toEqual([]);
  });
});
