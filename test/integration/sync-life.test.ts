// What happens to people in the directory, from their first day to their return, read through the real connector into a real store.

import { afterEach, describe, expect, it } from 'vitest';
import { describeStores } from '../store/stores.ts';
import { day, hour, minute, type Office, type OfficeOptions, openOffice as openOfficeAt } from './sync-fixture.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let office: Office;

afterEach(() => office.close());

describeStores('people', (stores) => {
  const openOffice = async (options: OfficeOptions = {}): Promise<Office> =>
    openOfficeAt(stores.kind === 'sqlite' ? options : { ...options, location: await stores.fresh() });

  const roleMapping = `    roleMapping:
      - { group: Leads, by: name, roles: [DEFAULT_TEAM_LEADER] }
`;

  describe('first sync', () => {
    it('creates users, teams, memberships, mapped roles and main teams, with one audit entry each', async () => {
      office = await openOffice({ source: roleMapping });
      const { staff } = office;
      await staff.hire('mira', { givenName: 'Mira', sn: 'Novák', ipPhone: '4711' });
      await staff.hire('jan');
      await staff.hire('eva', { userAccountControl: '514' });
      await staff.group('Zebra', ['mira', 'jan']);
      await staff.group('Leads', ['mira']);

      const run = await office.sync();

      expect(run).toMatchObject({ state: 'done', counts: { created: 3, applied: 5, held: 0, conflict: 0 } });
      expect(await office.user('mira')).toMatchObject({
        enabled: true,
        origin: 'hq',
        values: { username: 'mira', email: 'mira@example.test', firstName: 'Mira', lastName: 'Novák' },
        attributes: ['extension=4711'],
        links: ['hq created active'],
        teams: ['Leads', 'Zebra'],
        main: 'Leads',
        roles: ['DEFAULT_TEAM_LEADER'],
      });
      expect(await office.user('jan')).toMatchObject({ enabled: true, teams: ['Zebra'], main: 'Zebra', roles: [] });
      expect(await office.user('eva')).toMatchObject({ enabled: false, teams: [], main: undefined });
      expect((await office.audit({ run: run.id })).toSorted()).toEqual([
        'team.created Leads',
        'team.created Zebra',
        'user.created eva',
        'user.created jan',
        'user.created mira',
      ]);
    });

    it('writes nothing but the run when nothing changed since', async () => {
      office = await openOffice({ source: roleMapping });
      await office.staff.hireMany(25);
      await office.staff.group('Zebra', ['p001', 'p002']);
      await office.staff.group('Leads', ['p001', 'Zebra']);
      await office.sync();
      const before = await tableDigests(office.store);

      const run = await office.sync();

      expect(run).toMatchObject({ state: 'done', counts: { accountsRead: 25, mirrorChanged: 0, planned: 0 } });
      expect(differingTables(before, await tableDigests(office.store))).toEqual(['counters', 'leases', 'runs']);
    });
  });

  describe('a person', () => {
    it('is followed through changes of fields, cleared ones too', async () => {
      office = await openOffice();
      await office.staff.hire('mira', { department: 'Claims', telephoneNumber: '123' });
      await office.sync();
      await office.staff.set('mira', 'department', 'Sales');
      await office.staff.set('mira', 'telephoneNumber');

      await office.sync();

      const { values } = await office.user('mira');
      expect(values['department']).toBe('Sales');
      expect(values['phone']).toBeUndefined();
    });

    it('keeps the user when renamed, under the new name', async () => {
      office = await openOffice();
      await office.staff.hire('mira');
      await office.sync();
      const { id } = await office.user('mira');
      await office.staff.rename('mira', 'mira.new');
      await office.staff.renameObject('mira', 'Mira New');

      await office.sync();

      expect(Object.keys(await office.users())).toEqual(['mira.new']);
      expect((await office.user('mira.new')).id).toBe(id);
    });

    it('keeps the old username with rename: keep', async () => {
      office = await openOffice({ source: '    rename: keep\n' });
      await office.staff.hire('mira');
      await office.sync();
      await office.staff.rename('mira', 'other');

      const run = await office.sync();

      expect(run.state).toBe('done');
      expect(Object.keys(await office.users())).toEqual(['mira']);
      expect((await office.sync()).counts.planned).toBe(0);
    });

    it('is moved inside of the base without any change', async () => {
      office = await openOffice();
      await office.staff.hire('mira');
      await office.staff.group('Zebra', ['mira']);
      await office.sync();
      const before = await office.users();
      await office.staff.move('mira', await office.staff.unit('Brno', office.staff.people));

      const run = await office.sync();

      expect(run).toMatchObject({ state: 'done', counts: { mirrorChanged: 1, planned: 0 } });
      expect(await office.users()).toEqual(before);
    });

    it('is disabled and enabled with the account', async () => {
      office = await openOffice();
      await office.staff.hire('mira');
      await office.sync();
      await office.staff.disable('mira');
      await office.sync();
      expect((await office.user('mira')).enabled).toBe(false);
      await office.staff.enable('mira');
      await office.sync();
      expect((await office.user('mira')).enabled).toBe(true);
    });

    it('is disabled when the account expires, by time alone', async () => {
      office = await openOffice();
      await office.staff.hire('mira');
      await office.staff.directory.expire(office.staff.dn('mira'), new Date(office.now() + 3 * hour));
      await office.sync();
      expect((await office.user('mira')).enabled).toBe(true);
      office.forward(3 * hour);

      const run = await office.sync();

      expect(run).toMatchObject({ counts: { mirrorChanged: 0, applied: 1 } });
      expect((await office.user('mira')).enabled).toBe(false);
      expect((await office.sync()).counts.planned).toBe(0);
    });

    it('is disabled when deleted, keeps everything, and gets it back with the account', async () => {
      office = await openOffice({ source: roleMapping });
      await office.staff.hire('mira', { department: 'Claims', ipPhone: '4711' });
      await office.staff.hire('jan');
      await office.staff.group('Leads', ['mira', 'jan']);
      await office.sync();
      const before = await office.user('mira');
      // Of deleted objects an ordinary account sees nothing; and an object that comes back has its old id.
      const bringBack = office.server.faults.add({ kind: 'hidden-entry', dn: office.staff.dn('mira') });
      const gone = await office.sync();
      expect(gone).toMatchObject({ state: 'done', counts: { absent: 1 } });
      expect(await office.user('mira')).toEqual({ ...before, enabled: false, links: ['hq created gone'] });
      expect(await office.sync()).toMatchObject({ counts: { planned: 0 } });

      bringBack();
      expect(await office.sync()).toMatchObject({ state: 'done' });

      expect(await office.user('mira')).toEqual(before);
      expect((await office.sync()).counts.planned).toBe(0);
    });

    it('is really deleted and stays a disabled user', async () => {
      office = await openOffice();
      await office.staff.hire('mira');
      await office.staff.hire('jan');
      await office.staff.group('Zebra', ['mira', 'jan']);
      await office.sync();
      await office.staff.fire('mira');

      const run = await office.sync();

      expect(run).toMatchObject({ state: 'done', counts: { absent: 1, applied: 1 } });
      expect(await office.user('mira')).toMatchObject({ enabled: false, teams: ['Zebra'], main: 'Zebra' });
      expect((await office.sync()).counts.planned).toBe(0);
    });

    it('loses teams and roles on leaving with onLeave: withdraw', async () => {
      office = await openOffice({ source: `    onLeave: withdraw\n${roleMapping}` });
      await office.staff.hireMany(3);
      await office.staff.group('Leads', ['p000', 'p001', 'p002']);
      await office.sync();
      await office.staff.fire('p000');

      await office.sync();

      expect(await office.user('p000')).toMatchObject({ enabled: false, teams: [], main: undefined, roles: [] });
      expect((await office.sync()).counts.planned).toBe(0);
    });

    it('leaves the scope only after its grace, and comes back', async () => {
      office = await openOffice();
      await office.staff.hire('mira');
      await office.staff.hire('jan');
      await office.sync();
      const before = await office.user('mira');
      const { people } = office.staff;
      await office.staff.move('mira', await office.staff.unit('Elsewhere'));

      expect(await office.sync()).toMatchObject({ state: 'done', counts: { outOfScope: 1, applied: 0 } });
      expect((await office.user('mira')).enabled).toBe(true);
      office.forward(day - 5 * minute);
      await office.sync();
      expect((await office.user('mira')).enabled).toBe(true);
      office.forward(5 * minute);
      await office.sync();
      expect(await office.user('mira')).toMatchObject({ enabled: false, links: ['hq created gone'] });
      await office.staff.move('mira', people);
      await office.sync();
      expect(await office.user('mira')).toEqual(before);
    });

    it('is gone only after the grace and as many reads as asked for', async () => {
      office = await openOffice({ source: '    absence: { grace: 2h, confirmReads: 3 }\n' });
      await office.staff.hire('mira');
      await office.staff.hire('jan');
      await office.sync();
      await office.staff.fire('mira');
      await office.sync();
      office.forward(3 * hour);
      await office.sync();
      expect((await office.user('mira')).enabled).toBe(true);

      await office.sync();

      expect((await office.user('mira')).enabled).toBe(false);
      expect((await office.sync()).counts.planned).toBe(0);
    });

    it('acts at the end of the grace although no read changes', async () => {
      office = await openOffice({ source: '    absence: { grace: 2h }\n' });
      await office.staff.hire('mira');
      await office.staff.hire('jan');
      await office.sync();
      await office.staff.fire('mira');
      await office.sync();
      office.forward(hour);
      await office.sync();
      expect((await office.user('mira')).enabled).toBe(true);
      office.forward(hour);

      await office.sync();

      expect((await office.user('mira')).enabled).toBe(false);
    });

    it('waits for a person when it comes back later than returnWithin', async () => {
      office = await openOffice();
      await office.staff.hire('mira');
      await office.staff.hire('jan');
      await office.sync();
      const bringBack = office.server.faults.add({ kind: 'hidden-entry', dn: office.staff.dn('mira') });
      await office.sync();
      office.forward(31 * day);
      bringBack();

      await office.sync();

      expect((await office.user('mira')).enabled).toBe(false);
      expect(await office.findings()).toEqual(['returned-late mira']);
      expect((await office.sync()).counts.planned).toBe(0);
      expect(await office.findings()).toEqual(['returned-late mira']);
    });
  });
});
