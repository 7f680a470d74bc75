// The first run of a source beside users that are there already: nothing that touches them happens without a person.

import { afterEach, describe, expect, it } from 'vitest';
import { describeStores } from '../store/stores.ts';
import { type Office, type OfficeOptions, openOffice as openOfficeAt } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

describeStores('first run', (stores) => {
  const openOffice = async (options: OfficeOptions = {}): Promise<Office> =>
    openOfficeAt(stores.kind === 'sqlite' ? options : { ...options, location: await stores.fresh() });

  const local = async (username: string, email?: string): Promise<void> => {
    await office.admin.createUser({ username, fields: email === undefined ? {} : { email } });
  };

  describe('first run', () => {
    it('holds links to existing users, lets joiners in, and stays held until approved', async () => {
      office = await openOffice();
      await local('mira');
      await office.staff.hire('mira', { givenName: 'Mira' });
      await office.staff.hireMany(3);

      const first = await office.sync();

      expect(first).toMatchObject({ state: 'held', counts: { created: 3, applied: 3, held: 1 } });
      expect(first.holds.map((hold) => hold.kind)).toEqual(['first-run']);
      expect(await office.user('mira')).toMatchObject({ links: [], origin: 'local', enabled: false });
      const second = await office.sync();
      expect(second).toMatchObject({ state: 'held', heldRunId: first.id, counts: { applied: 0, held: 1 } });
      expect(await office.changes(second)).toEqual([]);
      expect(await office.findings()).toEqual(['plan-held hq']);

      await office.approve(second);

      expect(await office.user('mira')).toMatchObject({ links: ['hq username active'], enabled: true });
      expect((await office.user('mira')).values['firstName']).toBe('Mira');
      expect(await office.audit()).toContain('plan.approved hq');
      expect(await office.findings()).toEqual([]);
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    });

    it('that waits does not hold what the source says later of the users that it created itself', async () => {
      office = await openOffice();
      await local('mira');
      await office.staff.hire('mira');
      await office.staff.hireMany(3);
      const first = await office.sync();
      await office.staff.set('p000', 'department', 'Claims');
      await office.staff.set('p000', 'sn', 'Married');
      await office.staff.disable('p001');

      const second = await office.sync();

      expect(second).toMatchObject({ state: 'held', heldRunId: first.id, counts: { applied: 2, held: 1 } });
      expect((await office.user('p000')).values['lastName']).toBe('Married');
      expect((await office.user('p001')).enabled).toBe(false);
    });

    it('goes on after a read that was cut: the other half is created, links are still held', async () => {
      office = await openOffice();
      await local('q140');
      await office.staff.hireMany(150, 'q');
      office.server.faults.add({ kind: 'close', page: 3, times: 1 });
      const first = await office.sync();
      expect(first).toMatchObject({ state: 'partial', counts: { accountsRead: 20, created: 20 } });

      const second = await office.sync();

      expect(second).toMatchObject({ state: 'held', counts: { created: 129, held: 1 } });
      expect(second.holds.map((hold) => hold.kind)).toEqual(['first-run']);
    });

    it('holds nothing when there is nobody yet', async () => {
      office = await openOffice();
      await office.staff.hireMany(120, 'q');
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { created: 120 } });
    });
  });

  describe('an account that matches', () => {
    it('links by e-mail after the first run, with the rule in the audit', async () => {
      office = await openOffice();
      await office.staff.hireMany(2);
      await office.sync();
      await local('m.novak', 'mira@example.test');
      await office.staff.hire('mira');

      expect(await office.sync()).toMatchObject({ state: 'done' });

      expect((await office.user('mira')).links).toEqual(['hq email active']);
      const found = [];
      for await (const entry of await office.admin.audit({ user: 'mira' })) found.push(JSON.stringify(entry.payload));
      expect(found.join('\n')).toContain('"rule":"email"');
    });

    it('a protected user waits in a finding', async () => {
      office = await openOffice({ head: 'protected: { usernames: [admin] }\n' });
      await office.staff.hireMany(2);
      await office.sync();
      await local('admin');
      await office.staff.hire('admin');

      await office.sync();

      expect(await office.user('admin')).toMatchObject({ links: [], enabled: false });
      expect(await office.findings()).toEqual(['protected-match admin']);
    });

    it('an unsynced user that holds a role waits in a finding', async () => {
      office = await openOffice();
      await office.staff.hireMany(2);
      await office.sync();
      await local('boss');
      await office.admin.pin({ user: 'boss', kind: 'role', what: 'DEFAULT_AGENT', mode: 'keep', reason: 'theirs' });
      await office.store.write(async (tx) => {
        const [id] = [...(await tx.holders('username', ['boss'])).values()];
        if (id !== undefined) await tx.userRows.addRoles([{ user: id, role: 'DEFAULT_AGENT', owner: 'local' }]);
      });
      await office.staff.hire('boss');

      await office.sync();

      expect((await office.user('boss')).links).toEqual([]);
      expect(await office.findings()).toEqual(['role-holder-match boss']);
    });

    it('two users waits in a finding, and others go on', async () => {
      office = await openOffice({ source: '    correlation: [employeeId]\n' });
      await office.staff.hireMany(2);
      await office.sync();
      await office.admin.createUser({ username: 'one', fields: { employeeId: '7' } });
      await office.admin.createUser({ username: 'two', fields: { employeeId: '7' } });
      await office.staff.hire('mira', { employeeID: '7' });
      await office.staff.hire('jan');

      await office.sync();

      expect(Object.keys(await office.users()).sort()).toEqual(['jan', 'one', 'p000', 'p001', 'two']);
      expect(await office.findings()).toEqual(['disputed-match mira']);
    });

    it('nobody is a finding where the source may not create users', async () => {
      office = await openOffice({ source: '    createUsers: false\n' });
      await office.staff.hire('mira');

      expect(await office.sync()).toMatchObject({ state: 'done', counts: { created: 0 } });

      expect(await office.findings()).toEqual(['unmatched-account mira']);
      expect(await office.users()).toEqual({});
    });
  });
});
