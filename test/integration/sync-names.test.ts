// Usernames and e-mail addresses are unique: who gets which when people swap, rotate, free and claim them in one run.

import { afterEach, describe, expect, it } from 'vitest';
import { describeStores } from '../store/stores.ts';
import { type Office, type OfficeOptions, openOffice as openOfficeAt } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

describeStores('unique names', (stores) => {
  const openOffice = async (options: OfficeOptions = {}): Promise<Office> =>
    openOfficeAt(stores.kind === 'sqlite' ? options : { ...options, location: await stores.fresh() });

  const noRenameLimit =
    '    guard: { renames: { ratio: 100 %, count: 1000 }, fieldChanged: { ratio: 100 %, count: 1000 } }\n';

  const idsByName = async (): Promise<Readonly<Record<string, number>>> =>
    Object.fromEntries(Object.entries(await office.users()).map(([name, user]) => [name, user.id]));

  const emails = async (): Promise<Readonly<Record<string, string | undefined>>> =>
    Object.fromEntries(Object.entries(await office.users()).map(([name, user]) => [name, user.values['email']]));

  const isSettled = async (): Promise<void> => {
    expect(await office.sync()).toMatchObject({ counts: { planned: 0, conflict: 0 } });
  };

  /** The directory refuses a login that is taken, so a ring of logins goes over a spare one. */
  async function rotateLogins(logins: readonly string[]): Promise<void> {
    const [first] = logins as readonly [string];
    await office.staff.rename(first, 'spare');
    for (let index = logins.length - 1; index > 0; index -= 1)
      await office.staff.rename(logins[index] as string, logins[(index + 1) % logins.length] as string);
    await office.staff.rename(first, logins[1] as string);
  }

  describe('usernames', () => {
    it.each([2, 3, 30])('rotate among %i people in one run, each keeping the own user', async (count) => {
      office = await openOffice({ source: noRenameLimit });
      const logins = await office.staff.hireMany(count);
      await office.sync();
      const before = await idsByName();
      await rotateLogins(logins);

      const run = await office.sync();

      expect(run).toMatchObject({ state: 'done', counts: { applied: count, conflict: 0 } });
      const after = await idsByName();
      for (const [index, login] of logins.entries())
        expect(after[logins[(index + 1) % count] as string]).toBe(before[login]);
      await isSettled();
    });

    it('move along a chain into a free one, and a joiner takes the freed one in the same run', async () => {
      office = await openOffice({ source: noRenameLimit });
      await office.staff.hireMany(3);
      await office.sync();
      const before = await idsByName();
      await office.staff.rename('p002', 'p003');
      await office.staff.rename('p001', 'p002');
      await office.staff.rename('p000', 'p001');
      await office.staff.hire('p000', { cn: 'joiner', mail: 'joiner@example.test' });

      await office.sync();
      await office.sync();

      const after = await idsByName();
      expect([after['p001'], after['p002'], after['p003']]).toEqual([before['p000'], before['p001'], before['p002']]);
      expect(await office.findings()).toEqual([]);
      expect(after['p000']).not.toBe(before['p000']);
      await isSettled();
    });

    it('of held renames are not given away, and who needs them waits', async () => {
      office = await openOffice({ source: '    guard: { renames: { ratio: 0 %, count: 0 } }\n' });
      await office.staff.hireMany(3);
      await office.sync();
      const before = await idsByName();
      await office.staff.rename('p000', 'other');
      await office.staff.hire('p000', { cn: 'joiner', mail: 'joiner@example.test' });
      await office.staff.hire('bystander');

      const held = await office.sync();

      expect(held).toMatchObject({ state: 'held', counts: { conflict: 0 } });
      expect((await idsByName())['p000']).toBe(before['p000']);
      expect(Object.keys(await office.users()).sort()).toEqual(['bystander', 'p000', 'p001', 'p002']);
      await office.approve(held);
      await office.sync();
      const after = await idsByName();
      expect(after['other']).toBe(before['p000']);
      expect(after['p000']).toBeDefined();
      await isSettled();
    });

    it('that differ in case only are a new spelling of the same user', async () => {
      office = await openOffice();
      await office.staff.hire('mira');
      await office.sync();
      await office.staff.rename('mira', 'MIRA');

      await office.sync();

      expect(Object.keys(await office.users())).toEqual(['MIRA']);
      await isSettled();
    });

    it('that a local user has are refused without a match, as a finding, and others go on', async () => {
      office = await openOffice({ source: '    correlation: [employeeId]\n' });
      await office.admin.createUser({ username: 'mira', fields: {} });
      await office.staff.hire('mira');
      await office.staff.hire('jan');

      await office.sync();

      expect(Object.keys(await office.users()).sort()).toEqual(['jan', 'mira']);
      expect((await office.user('mira')).links).toEqual([]);
      expect((await office.findings()).join()).toContain('username-conflict');
      await isSettled();
    });

    it('that are missing keep a user from being created, as a finding, and others go on', async () => {
      office = await openOffice({ source: '    mapping: { username: employeeID }\n' });
      await office.staff.hire('mira');
      await office.staff.hire('jan', { employeeID: 'n77' });

      await office.sync();

      expect(Object.keys(await office.users())).toEqual(['n77']);
      expect(await office.findings()).toEqual(['username-missing mira']);
      await office.staff.set('mira', 'employeeID', 'n78');
      await office.sync();
      expect(Object.keys(await office.users()).sort()).toEqual(['n77', 'n78']);
      expect(await office.findings()).toEqual([]);
    });
  });

  describe('e-mail addresses', () => {
    it('of two people go to one of them, the other goes without until it is free', async () => {
      office = await openOffice();
      await office.staff.hire('mira', { mail: 'same@example.test' });
      await office.staff.hire('jan', { mail: 'SAME@example.test' });
      await office.staff.hire('eva');

      await office.sync();

      const first = await emails();
      expect(Object.values(first).filter((mail) => mail?.toLowerCase() === 'same@example.test')).toHaveLength(1);
      expect(first['eva']).toBe('eva@example.test');
      expect((await office.findings()).some((finding) => finding.startsWith('email-conflict'))).toBe(true);
      await isSettled();
      const [winner, loser] = first['mira'] === undefined ? ['jan', 'mira'] : ['mira', 'jan'];
      await office.staff.set(winner, 'mail', 'other@example.test');
      await office.sync();
      await office.sync();
      const second = await emails();
      expect(second[winner]).toBe('other@example.test');
      expect(second[loser]?.toLowerCase()).toBe('same@example.test');
      expect(await office.findings()).toEqual([]);
    });

    it('rotate in one run', async () => {
      office = await openOffice({ source: noRenameLimit });
      const logins = await office.staff.hireMany(30);
      await office.sync();
      for (const [index, login] of logins.entries())
        await office.staff.set(login, 'mail', `${logins[(index + 1) % 30]}@example.test`);

      expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 30, conflict: 0 } });

      const after = await emails();
      for (const [index, login] of logins.entries())
        expect(after[login]).toBe(`${logins[(index + 1) % 30]}@example.test`);
      await isSettled();
    });

    it('go from one who clears it to one who takes it in the same run', async () => {
      office = await openOffice();
      await office.staff.hire('mira', { mail: 'desk@example.test' });
      await office.staff.hire('jan');
      await office.sync();
      await office.staff.set('mira', 'mail');
      await office.staff.set('jan', 'mail', 'desk@example.test');

      await office.sync();

      expect(await emails()).toEqual({ mira: undefined, jan: 'desk@example.test' });
      await isSettled();
    });

    it('of one whose change is held stay there, and a joiner who wants it comes in once it is released', async () => {
      office = await openOffice({ source: '    guard: { fieldChanged: { ratio: 0 %, count: 0 } }\n' });
      await office.staff.hire('mira', { mail: 'desk@example.test' });
      await office.sync();
      await office.staff.set('mira', 'mail');
      await office.staff.hire('jan', { mail: 'desk@example.test' });
      await office.staff.hire('eva');

      const held = await office.sync();

      expect(held).toMatchObject({ state: 'held', counts: { conflict: 0 } });
      expect((await emails())['mira']).toBe('desk@example.test');
      expect(await emails()).toHaveProperty('eva');
      await office.approve(held);
      await office.sync();
      expect(await emails()).toEqual({ mira: undefined, jan: 'desk@example.test', eva: 'eva@example.test' });
      await isSettled();
    });

    it('that a leaver holds are free for nobody while the leaver may return', async () => {
      office = await openOffice();
      await office.staff.hire('mira', { mail: 'desk@example.test' });
      await office.staff.hire('eva');
      await office.sync();
      await office.staff.fire('mira');
      await office.staff.hire('jan', { mail: 'desk@example.test' });

      await office.sync();
      await office.sync();

      expect((await office.user('mira')).values['email']).toBe('desk@example.test');
      expect((await office.findings()).length).toBe(1);
      await isSettled();
    });

    it('in conflict lose the finding on both users when the one who was refused asks for another one', async () => {
      office = await openOffice({ source: '    correlation: [username]\n' });
      await office.staff.hire('mira', { mail: 'same@example.test' });
      await office.sync();
      await office.staff.hire('jan', { mail: 'same@example.test' });
      await office.sync();
      expect(await office.findings()).toEqual(['email-conflict jan', 'email-conflict mira']);
      await office.staff.set('jan', 'mail', 'jan@example.test');

      await office.sync();

      expect(await office.findings()).toEqual([]);
      expect(await emails()).toEqual({ mira: 'same@example.test', jan: 'jan@example.test' });
    });

    it('that were refused to somebody whom a run has linked are given as soon as they are free', async () => {
      office = await openOffice();
      await office.staff.hire('mira', { mail: 'same@example.test' });
      await office.sync();
      await office.admin.createUser({ username: 'jan', fields: {} });
      await office.staff.hire('jan', { mail: 'same@example.test' });
      await office.sync();

      await office.sync();

      expect(await office.findings()).toEqual(['email-conflict jan', 'email-conflict mira']);
      await office.staff.set('mira', 'mail', 'mira@example.test');
      await office.sync();
      expect(await emails()).toEqual({ mira: 'mira@example.test', jan: 'same@example.test' });
      expect(await office.findings()).toEqual([]);
      await isSettled();
    });

    it('that are invalid are a finding on the user from the first run on, until they are mended', async () => {
      office = await openOffice();
      await office.staff.hire('mira', { mail: 'not an address' });
      await office.sync();
      const { id } = await office.user('mira');
      const [finding] = await office.admin.listFindings({ state: 'open', limit: 10 });
      expect(finding).toMatchObject({ code: 'email-invalid', subject: `user:${id}`, label: 'mira' });
      await office.staff.set('mira', 'mail', 'mira@example.test');

      await office.sync();

      expect(await office.findings()).toEqual([]);
    });
  });
});
