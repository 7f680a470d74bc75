// What is written into the outbox, by which run or by which moment, and that it is written once. On both stores.

import { afterEach, describe, expect, it } from 'vitest';
import { asEpochMs } from '../../src/model/ids.ts';
import type { Notice } from '../../src/model/notice.ts';
import type { Run } from '../../src/model/run.ts';
import { addTimedNotices } from '../../src/sync/notices/add-timed-notices.ts';
import type { StoreTx, SyncStore } from '../../src/sync/ports.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { describeStores } from '../store/stores.ts';
import { day, hour, hq, minute, type Office, type OfficeOptions, openOffice as openOfficeAt } from './sync-fixture.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

const target = (name: string, on = ''): string =>
  `  - { name: ${name}, type: webhook, url: "https://127.0.0.1:9/hook", secret: { file: password }${on} }\n`;
const head = `notify:\n${target('ops')}`;
const never = new AbortController().signal;

let office: Office;

afterEach(() => office.close());

describeStores('notices', (stores) => {
  const open = async (options: OfficeOptions = {}): Promise<void> => {
    const location = stores.kind === 'sqlite' ? {} : { location: await stores.fresh() };
    office = await openOfficeAt({ head, pageSize: 100, ...location, ...options });
  };
  /** Everything in the outbox for anybody, the oldest first. */
  const outbox = async (): Promise<readonly Notice[]> =>
    (await office.store.read.deliveries({ state: 'any', limit: 1_000 })).map(({ notice }) => notice).reverse();
  const kinds = async (): Promise<readonly string[]> => (await outbox()).map(({ kind }) => kind);
  const emitted = (): readonly string[] =>
    office.events.flatMap((event) => (event.kind === 'notice:written' ? event.notices : []));
  const only = async (kind: Notice['kind']): Promise<Notice> => {
    const found = (await outbox()).filter((notice) => notice.kind === kind);
    expect(found).toHaveLength(1);
    return found[0] as Notice;
  };

  describe('of held changes', () => {
    const openHeld = async (): Promise<Run> => {
      await open();
      await office.staff.hireMany(40);
      await office.sync();
      await office.staff.disable(...Array.from({ length: 20 }, (_, index) => `p${String(index).padStart(3, '0')}`));
      return office.sync();
    };

    it('are written once, with the numbers and the commands, although five runs derive the same set', async () => {
      const held = await openHeld();
      for (let index = 0; index < 4; index += 1) await office.sync();

      const notice = await only('plan-held');

      expect(notice).toMatchObject({ source: 'hq', run: held.id, at: held.endedAt });
      expect(notice.title).toBe(`rosterd: 20 changes of hq are held (run ${held.id})`);
      expect(notice.text).toContain(
        'Held because 20 of 40 users would lose access (50 %; limit 5 % and more than 5, or more than 500).',
      );
      expect(notice.text.join('\n')).toContain(`rosterd run approve ${held.id} --reason`);
      expect(JSON.stringify(notice)).not.toMatch(/p0\d\d/u);
      expect(emitted()).toEqual(['plan-held']);
    });

    it('are written again for another set, and not for one that a person has rejected', async () => {
      const held = await openHeld();
      await office.staff.disable('p020');
      const other = await office.sync();
      expect((await outbox()).map(({ run }) => run)).toEqual([held.id, other.id]);
      await office.reject(other);
      await office.sync();
      expect(await kinds()).toEqual(['plan-held', 'plan-held']);
    });

    it('are written again when a rejection has expired, on another day', async () => {
      const held = await openHeld();
      await office.reject(held, asEpochMs(office.now() + 3 * day));
      await office.sync();
      office.forward(4 * day);

      const again = await office.sync();

      expect(again.heldRunId).toBe(held.id);
      expect((await outbox()).map(({ kind, run }) => [kind, run])).toEqual([
        ['plan-held', held.id],
        ['plan-held', held.id],
      ]);
    });

    it('are written with the end of the run or not at all: a crash leaves it to the next run', async () => {
      await open();
      await office.staff.hireMany(40);
      await office.sync();
      await office.staff.disable(...Array.from({ length: 20 }, (_, index) => `p${String(index).padStart(3, '0')}`));
      // The process dies inside of the transaction that would have saved both.
      const dying: SyncStore = {
        ...office.store,
        write: (work) =>
          office.store.write(async (tx: StoreTx) => {
            const result = await work({
              ...tx,
              addNotices: async (...given) => {
                await tx.addNotices(...given);
                throw new Error('killed');
              },
            });
            return result;
          }),
      };
      const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'daemon@lab' } as const;
      await expect(runSource({ ...office.deps, store: dying }, request, never)).rejects.toThrow('killed');
      expect(await outbox()).toEqual([]);
      const [left] = await office.store.read.runs({ limit: 1 });
      expect(left?.endedAt).toBeUndefined();

      const next = await office.sync();

      expect(next.state).toBe('held');
      expect(await kinds()).toEqual(['plan-held']);
    });

    it('are told again for every further day', async () => {
      await openHeld();
      const timed = (): Promise<readonly Notice[]> => addTimedNotices(timedDeps());
      expect(await timed()).toEqual([]);
      office.forward(day + minute);
      expect((await timed()).map(({ kind }) => kind)).toEqual(['plan-held-long']);
      const before = await tableDigests(office.store);
      expect(await timed()).toEqual([]);
      office.forward(hour);
      expect(await timed()).toEqual([]);
      expect(differingTables(before, await tableDigests(office.store))).toEqual([]);
      office.forward(day);
      expect((await timed())[0]?.title).toMatch(/have waited for 2 days/u);
      const [held] = await office.store.read.runs({ states: ['held'], limit: 1 });
      await office.approve(held as Run);
      office.forward(day);
      expect(await timed()).toEqual([]);
    });
  });

  const timedDeps = (
    more: Partial<Parameters<typeof addTimedNotices>[0]> = {},
  ): Parameters<typeof addTimedNotices>[0] => ({
    ...office.deps,
    schedules: [],
    overdueAfterMs: () => 3 * hour,
    startedAt: office.now(),
    ...more,
  });

  describe('of a source that fails', () => {
    /** One scheduled time with so many tries. */
    const tick = async (attempts = 1): Promise<Run> => {
      const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'daemon@lab' } as const;
      office.forward(minute);
      let run = await runSource(office.deps, request, never);
      for (let attempt = 2; attempt <= attempts; attempt += 1)
        run = await runSource(office.deps, { ...request, attempt }, never);
      return run;
    };
    const breakIt = (): void => void office.server.faults.add({ kind: 'result', code: 51, at: 'bind' });

    it('come at once when it refuses the password, because that is not tried again soon', async () => {
      await open();
      await office.staff.hireMany(3);
      await office.sync();
      office.server.faults.add({ kind: 'result', code: 49, at: 'bind' });

      expect(await tick()).toMatchObject({ state: 'failed', errorCode: 'source-credentials' });

      const failing = await only('source-failing');
      expect(failing.title).toBe('rosterd: hq failed');
      await tick();
      await only('source-failing');
    });

    it('come after the third scheduled time, however often each was tried again, once, and end with a recovery', async () => {
      await open();
      await office.staff.hireMany(3);
      const good = await office.sync();
      breakIt();
      await tick(3);
      await tick(2);
      expect(await outbox()).toEqual([]);
      await tick();
      const failing = await only('source-failing');
      expect(failing.title).toBe('rosterd: hq failed 3 times in a row');
      expect(failing.text.join('\n')).toMatch(/The last error \[source-[a-z-]+\]: ./u);
      expect(failing.text.join('\n')).toContain(`It last worked in run ${good.id}`);
      await tick(2);
      await tick();
      await only('source-failing');
      office.server.faults.clear();

      const back = await tick();

      expect(await kinds()).toEqual(['source-failing', 'source-recovered']);
      expect((await only('source-recovered')).text[0]).toContain(`Run ${back.id} has read hq completely`);
      await tick();
      expect(await kinds()).toHaveLength(2);
      breakIt();
      for (let count = 0; count < 3; count += 1) await tick();
      expect((await kinds()).at(-1)).toBe('source-failing');
      expect(emitted()).toEqual(['source-failing', 'source-recovered', 'source-failing']);
    });

    it('come for the runs of cron too, where no daemon schedules anything', async () => {
      await open();
      breakIt();
      for (let count = 0; count < 3; count += 1) await office.sync();
      expect((await only('source-failing')).text.join('\n')).toContain('It has never been read completely');
    });

    it('come when it is overdue, also while it is paused, once, and end with a recovery', async () => {
      await open();
      await office.staff.hireMany(3);
      const good = await office.sync();
      const schedules = [
        { source: hq, schedule: { full: '0 * * * *', timeZone: 'UTC', deadlineMs: hour, overdueAfterMs: undefined } },
      ];
      const timed = (): Promise<readonly Notice[]> => addTimedNotices(timedDeps({ schedules }));
      await office.pause();
      expect(await timed()).toEqual([]);
      office.forward(3 * hour + minute);
      const [overdue] = await timed();
      expect(overdue).toMatchObject({ kind: 'source-overdue', source: 'hq', run: good.id });
      expect(overdue?.text[0]).toContain(`The last complete read of hq was run ${good.id}`);
      office.forward(hour);
      expect(await timed()).toEqual([]);

      await office.sync();

      expect(await kinds()).toEqual(['source-overdue', 'source-recovered']);
      expect(await timed()).toEqual([]);
    });

    it('come when it was never read completely, counted from the first try, though the daemon is started again and again', async () => {
      await open();
      const schedules = [
        { source: hq, schedule: { full: '0 * * * *', timeZone: 'UTC', deadlineMs: hour, overdueAfterMs: undefined } },
      ];
      breakIt();
      const first = await tick();
      const found: Notice[] = [];
      for (let start = 0; start < 8; start += 1) {
        office.forward(hour / 2);
        await tick();
        found.push(...(await addTimedNotices(timedDeps({ schedules, startedAt: office.now() }))));
      }
      expect(found.map(({ kind }) => kind)).toEqual(['source-overdue']);
      expect(found[0]?.facts['from']).toBe(first.startedAt);
    });

    it('come when it was never tried, counted from the start of the daemon', async () => {
      await open();
      const schedules = [
        { source: hq, schedule: { full: '0 * * * *', timeZone: 'UTC', deadlineMs: hour, overdueAfterMs: undefined } },
      ];
      const startedAt = office.now();
      office.forward(2 * hour);
      expect(await addTimedNotices(timedDeps({ schedules, startedAt }))).toEqual([]);
      office.forward(2 * hour);
      const [overdue] = await addTimedNotices(timedDeps({ schedules, startedAt }));
      expect(overdue?.text[0]).toContain('hq has never been read completely');
      expect(await addTimedNotices(timedDeps({ schedules, startedAt }))).toEqual([]);
    });
  });

  it('tell of protected users that match, together, once, and of later ones alone', async () => {
    await open({ head: `${head}protected: { usernames: [admin, root, boss] }\n` });
    for (const username of ['admin', 'root', 'boss']) await office.admin.createUser({ username, fields: {} });
    await office.staff.hire('admin');
    await office.staff.hire('root');
    await office.sync();
    await office.sync();
    expect((await only('protected-finding')).title).toBe('rosterd: 2 accounts of hq match protected users');
    await office.staff.hire('boss');
    await office.sync();
    expect((await outbox()).at(-1)?.title).toBe('rosterd: account boss of hq matches a protected user');
    expect(await kinds()).toHaveLength(2);
  });

  it('tell of sync switches a day ahead, together, once', async () => {
    await open();
    await office.staff.hireMany(5);
    await office.sync();
    const timed = (): Promise<readonly Notice[]> => addTimedNotices(timedDeps());
    const off = (user: string, until: number): Promise<unknown> =>
      office.admin.switchSyncOff({ user, reason: 'on loan', until: new Date(until).toISOString() });
    const end = office.now() + 3 * day;
    await off('p000', end);
    await off('p001', end);
    await off('p002', end + 2 * day);
    expect(await timed()).toEqual([]);
    office.forward(2 * day + minute);
    const [notice] = await timed();
    expect(notice?.title).toBe('rosterd: sync of 2 users goes back on within a day');
    expect(notice?.text[0]).toMatch(/: p000, p001\.$/u);
    expect(await timed()).toEqual([]);
    await off('p003', office.now() + 5 * hour);
    expect((await timed())[0]?.title).toMatch(/^rosterd: sync of p003 goes back on at 2027-/u);
    office.forward(12 * hour);
    expect(await timed()).toEqual([]);
    expect(await kinds()).toHaveLength(2);
  });

  it('are not looked for when nobody is to be told, and only of the kinds that somebody wants', async () => {
    await open({ head: '' });
    await office.staff.hireMany(40);
    await office.sync();
    await office.staff.disable(...Array.from({ length: 20 }, (_, index) => `p${String(index).padStart(3, '0')}`));
    await office.sync();
    expect(await outbox()).toEqual([]);
    await office.configure({
      head: `notify:\n${target('night', ', on: [source-failing]')}${target('ops', ', on: [plan-held]')}`,
    });

    await office.sync();

    const [only] = await office.store.read.deliveries({ state: 'any', limit: 10 });
    expect(only).toMatchObject({ target: 'ops', notice: { kind: 'plan-held' } });
    expect(await kinds()).toEqual(['plan-held']);
    office.forward(2 * day);
    expect(await addTimedNotices(timedDeps())).toEqual([]);
  });
});
