// An attribute that cannot be read is not an empty one: the last reading stays, and a finding says so.

import { afterEach, describe, expect, it } from 'vitest';
import { oddValues } from '../lab/ldap-faults.ts';
import { day, type Office, openOffice } from './sync-fixture.ts';

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

describe('an expiry that cannot be read any more', () => {
  it('leaves those who had ended as they are, and says so', async () => {
    office = await openOffice();
    const logins = await office.staff.hireMany(4);
    const { directory } = office.staff;
    await directory.expire(office.staff.dn('p000'), new Date(office.now() - day));
    await office.sync();
    expect((await office.user('p000')).enabled).toBe(false);
    office.server.faults.add({ kind: 'without-attribute', attribute: 'accountExpires' });

    const run = await office.sync();

    expect(run.counts).toMatchObject({ applied: 0, missing: 0, rejected: logins.length });
    expect((await office.user('p000')).enabled).toBe(false);
    expect(await office.findings()).toHaveLength(logins.length);
    office.server.faults.clear();
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(await office.findings()).toEqual([]);
  });
});

describe('a member whose record cannot be decoded', () => {
  it('keeps its teams under another name in the directory, and leaves them once it can be read again', async () => {
    office = await openOffice();
    await office.staff.hire('mira');
    await office.staff.hire('jan');
    await office.staff.group('Alpha', ['mira', 'jan']);
    await office.sync();
    await office.staff.renameObject('mira', 'Mira Nova');
    const dn = office.staff.dn('mira');
    const mend = office.server.faults.add({ kind: 'without-attribute', attribute: 'accountExpires', dn });

    expect(await office.sync()).toMatchObject({ state: 'done', counts: { rejected: 1, planned: 0 } });

    expect((await office.user('mira')).teams).toEqual(['Alpha']);
    await office.staff.leave('Alpha', 'mira');
    await office.sync();
    expect((await office.user('mira')).teams).toEqual(['Alpha']);
    mend();
    await office.sync();
    expect((await office.user('mira')).teams).toEqual([]);
    expect((await office.user('jan')).teams).toEqual(['Alpha']);
  });
});
