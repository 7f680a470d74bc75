// The guard on real runs: what it holds, what it lets through meanwhile, and what a person's decision does to exactly that.

import { afterEach, describe, expect, it } from 'vitest';
import { asEpochMs } from '../../src/model/ids.ts';
import { describeStores } from '../store/stores.ts';
import { day, hour, type Office, type OfficeOptions, openOffice as openOfficeAt } from './sync-fixture.ts';
import { tableDigests } from './sync-pictures.ts';

let office: Office;

afterEach(() => office.close());

describeStores('guard', (stores) => {
  const openOffice = async (options: OfficeOptions = {}): Promise<Office> =>
    openOfficeAt(stores.kind === 'sqlite' ? options : { ...options, location: await stores.fresh() });

  const enabledCount = async (): Promise<number> =>
    Object.values(await office.users()).filter((user) => user.enabled).length;

  const openWith = async (people: number, source = ''): Promise<readonly string[]> => {
    office = await openOffice({ source, pageSize: 100 });
    const logins = await office.staff.hireMany(people);
    await office.sync();
    return logins;
  };

  const codeOf = (act: Promise<unknown>): Promise<string> =>
    act.then(
      () => 'none',
      (error: { code?: string }) => error.code ?? String(error),
    );

  describe('too many who lose access', () => {
    it('are held, a joiner of the same run gets in, and nothing of the held is applied', async () => {
      const logins = await openWith(40);
      await office.staff.disable(...logins.slice(0, 20));
      await office.staff.hire('joiner');

      const held = await office.sync();

      expect(held).toMatchObject({ state: 'held', counts: { applied: 1, created: 1, held: 20 } });
      expect(held.holds).toEqual([
        { kind: 'access-loss', count: 20, recent: 0, baseline: 40, limit: { ratio: 0.05, count: 5, always: 500 } },
      ]);
      expect(await enabledCount()).toBe(41);
      expect(await office.findings()).toEqual(['plan-held hq']);
    });

    it('stay held by the same run, without being stored twice', async () => {
      const logins = await openWith(40);
      await office.staff.disable(...logins.slice(0, 20));
      const first = await office.sync();
      const { changes } = await tableDigests(office.store);

      const second = await office.sync();

      expect(second).toMatchObject({ state: 'held', heldRunId: first.id, heldChecksum: first.heldChecksum });
      expect((await tableDigests(office.store))['changes']).toBe(changes);
    });

    it('are released by approving the run, exactly those, also after days', async () => {
      const logins = await openWith(40);
      await office.staff.disable(...logins.slice(0, 20));
      const first = await office.sync();
      office.forward(5 * day);
      const second = await office.sync();

      await office.approve(second);

      expect(await enabledCount()).toBe(20);
      expect((await office.changes(first)).map((stored) => stored.state)).toEqual(Array(20).fill('applied'));
      expect(await office.findings()).toEqual([]);
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
      const entries = (await office.audit()).filter((line) => line.startsWith('user.changed'));
      expect(entries).toHaveLength(20);
      // What a person has approved does not count for the next 24 hours.
      await office.staff.disable(...logins.slice(20, 25));
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 5 } });
    });

    it('that are other ones by now supersede the old hold, whose approval is refused', async () => {
      const logins = await openWith(40);
      await office.staff.disable(...logins.slice(0, 20));
      const first = await office.sync();
      await office.staff.enable(...logins.slice(0, 2));
      const second = await office.sync();
      expect(second).toMatchObject({ state: 'held', counts: { held: 18 } });
      expect(second.heldRunId).toBeUndefined();

      expect(await codeOf(office.approve(first))).toBe('plan-superseded');

      expect(await enabledCount()).toBe(40);
      await office.approve(second);
      expect(await enabledCount()).toBe(22);
    });

    it('are safe again when the source mends itself, and the hold is over', async () => {
      const logins = await openWith(40);
      await office.staff.disable(...logins.slice(0, 20));
      const first = await office.sync();
      await office.staff.enable(...logins.slice(0, 20));

      expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });

      expect(await office.findings()).toEqual([]);
      expect(['plan-superseded', 'nothing-held']).toContain(await codeOf(office.approve(first)));
      expect(await enabledCount()).toBe(40);
    });

    it('are silenced by a rejection, but only exactly they, and only until it expires', async () => {
      const logins = await openWith(40);
      await office.staff.disable(...logins.slice(0, 20));
      const first = await office.sync();
      await office.reject(first, asEpochMs(office.now() + 2 * day));

      const second = await office.sync();
      expect(second).toMatchObject({ state: 'done', counts: { applied: 0 } });
      expect(await office.findings()).toEqual([]);
      await office.staff.disable(logins[20] as string);
      expect(await office.sync()).toMatchObject({ state: 'held', counts: { held: 21 } });
      await office.staff.enable(logins[20] as string);
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 0 } });
      office.forward(2 * day);
      expect(await office.sync()).toMatchObject({ state: 'held', counts: { held: 20 } });
      expect(await enabledCount()).toBe(40);
    });

    it('one after the other trip the 24-hour window', async () => {
      const logins = await openWith(40);
      const states: string[] = [];
      for (const login of logins.slice(0, 8)) {
        await office.staff.disable(login);
        office.forward(2 * hour);
        states.push((await office.sync()).state);
      }
      expect(states).toEqual(['done', 'done', 'done', 'done', 'done', 'held', 'held', 'held']);
      expect(await enabledCount()).toBe(35);
    });

    it('are held whole with onHold: hold-all, joiners too', async () => {
      const logins = await openWith(40, '    onHold: hold-all\n');
      await office.staff.disable(...logins.slice(0, 20));
      await office.staff.hire('joiner');
      await office.staff.group('New team', ['joiner', 'p039']);

      const held = await office.sync();

      expect(held).toMatchObject({ state: 'held', counts: { applied: 0, conflict: 0, held: 23 } });
      await office.approve(held);
      expect(await office.user('joiner')).toMatchObject({ teams: ['New team'], main: 'New team' });
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    });

    it('a second time, after an approval was carried out, are held again', async () => {
      const logins = await openWith(40);
      await office.staff.disable(...logins.slice(0, 20));
      await office.approve(await office.sync());
      await office.staff.enable(...logins.slice(0, 20));
      await office.sync();
      await office.staff.disable(...logins.slice(0, 20));

      expect(await office.sync()).toMatchObject({ state: 'held', counts: { held: 20 } });
      expect(await enabledCount()).toBe(40);
    });
  });
});
