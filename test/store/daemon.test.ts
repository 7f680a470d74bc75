// What the daemon keeps beside the runs, on both stores: pauses, skipped times, the outbox of notices, and who holds leases.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { asEpochMs, type EpochMs } from '../../src/model/ids.ts';
import type { Delivery, Notice } from '../../src/model/notice.ts';
import type { Pause } from '../../src/model/pause.ts';
import type { Skip } from '../../src/model/schedule.ts';
import type { Store } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import type { NoticeTarget } from '../../src/sync/ports/daemon.ts';
import { hq, uccx, user, users, value } from './mirror-fixture.ts';
import { describeStores, type Stores, startOfTime } from './stores.ts';

const hour = 3_600_000;
const day = 24 * hour;
const at = (ms: number): EpochMs => asEpochMs(startOfTime + ms);

/** Everything that the database holds, byte for byte on SQLite, with the versions of the rows on PostgreSQL. */
async function digest(store: Store): Promise<string> {
  const { location, read } = store.core;
  if (location.kind === 'sqlite') {
    const files = await Promise.all(['', '-wal'].map((suffix) => readFile(location.path + suffix)));
    return createHash('sha256').update(Buffer.concat(files)).digest('hex');
  }
  const tables = ['pauses', 'skips', 'deliveries', 'leases', 'counters', 'runs'];
  return JSON.stringify(
    await read.all(tables.map((table) => `SELECT xmin::text, ctid::text FROM ${table}`).join(' UNION ALL ')),
  );
}

async function expectNothingWritten(store: Store, work: () => Promise<unknown>): Promise<void> {
  const before = await digest(store);
  await work();
  expect(await digest(store)).toBe(before);
}

const pause = (scope: Pause['scope'], more: Partial<Pause> = {}): Pause => ({
  scope,
  reason: 'change freeze',
  by: 'cli:anna@lab',
  since: at(0),
  ...more,
});
const all = { kind: 'all' } as const;
const ofHq = { kind: 'source', source: hq } as const;

describeStores('pauses', (stores) => {
  it('are in force until they end, those of all sources first', async () => {
    const store = await stores.open();
    const [short, long] = [pause(ofHq, { until: at(hour) }), pause(all)];
    const other = pause({ kind: 'source', source: uccx });
    await store.write(async (tx) => {
      for (const one of [other, short, long]) await tx.setPause(one);
    });
    expect(await store.read.pauses(at(hour - 1))).toEqual([long, short, other]);
    expect(await store.read.pauses(at(hour))).toEqual([long, other]);
  });

  it('are replaced by one of the same scope, also by one without an end', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.setPause(pause(ofHq, { until: at(hour) })));
    const later = pause(ofHq, { reason: 'an audit', by: 'cli:ben@lab', since: at(5) });
    await store.write((tx) => tx.setPause(later));
    expect(await store.read.pauses(at(day))).toEqual([later]);
  });

  it('are lifted one scope at a time, and only where there is one', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      await tx.setPause(pause(all));
      await tx.setPause(pause(ofHq));
    });
    expect(await store.write((tx) => tx.liftPause(all))).toBe(true);
    expect(await store.read.pauses(at(1))).toEqual([pause(ofHq)]);
    await expectNothingWritten(store, async () => {
      expect(await store.write((tx) => tx.liftPause(all))).toBe(false);
    });
  });

  it('that are the same already are not written', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.setPause(pause(ofHq, { until: at(hour) })));
    await expectNothingWritten(store, () => store.write((tx) => tx.setPause(pause(ofHq, { until: at(hour) }))));
  });
});

const skip = (source: Skip['source'], more: Partial<Skip> = {}): Skip => ({
  source,
  dueAt: at(0),
  at: at(10),
  reason: 'still-running',
  detail: 'run 7 had not ended',
  ...more,
});

describeStores('skipped times', (stores) => {
  it('are kept for each source, the last one only', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.saveSkip(skip(uccx)));
    await store.write((tx) => tx.saveSkip(skip(hq)));
    const later = skip(hq, { dueAt: at(hour), at: at(2 * hour), reason: 'missed', detail: 'three times since 08:00' });
    await store.write((tx) => tx.saveSkip(later));
    expect(await store.read.skips()).toEqual([later, skip(uccx)]);
    await expectNothingWritten(store, () => store.write((tx) => tx.saveSkip(later)));
  });
});

const notice = (key: string, more: Partial<Notice> = {}): Notice => ({
  kind: 'plan-held',
  key,
  source: hq,
  at: at(0),
  title: `The plan of ad-hq is held: ${key}`,
  text: ['12 users would lose access.', 'Look at it with `rosterd run show 7`.'],
  facts: { held: 12 },
  ...more,
});
const target = (name: string, on: NoticeTarget['on'] = ['plan-held', 'source-failing']): NoticeTarget => ({ name, on });
const keysOf = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map((delivery) => `${delivery.target} ${delivery.notice.key}`);

const add = (store: Store, notices: readonly Notice[], targets: readonly NoticeTarget[]): Promise<number> =>
  store.write((tx) => tx.addNotices(notices, targets));

/** The delivery of this key becomes what `change` makes of it. */
async function progress(store: Store, key: string, change: Partial<Delivery>): Promise<void> {
  const found = (await store.read.deliveries({ state: 'any', limit: 1_000 })).filter(
    (delivery) => delivery.notice.key === key,
  );
  expect(found.length).toBeGreaterThan(0);
  for (const { nextAttemptAt: _, ...ended } of found)
    await store.write((tx) => tx.saveDelivery({ ...ended, ...change }));
}

describeStores('the outbox', (stores) => {
  it('takes each notice once per target that wants its kind', async () => {
    const store = await stores.open();
    const mail = target('mail');
    const hook = target('hook', ['source-failing']);
    const two = [notice('a'), notice('b', { kind: 'source-failing' }), notice('a')];
    expect(await add(store, two, [mail, hook])).toBe(3);
    expect(keysOf(await store.read.dueDeliveries(at(0), 10))).toEqual(['mail a', 'mail b', 'hook b']);
    await expectNothingWritten(store, async () => expect(await add(store, two, [mail, hook])).toBe(0));
    await expectNothingWritten(store, async () => expect(await add(store, two, [])).toBe(0));
  });

  it('gives a target that is new what the others have had already, and only that target', async () => {
    const store = await stores.open();
    await add(store, [notice('a')], [target('mail')]);
    await progress(store, 'a', { attempts: 1, sentAt: at(5) });
    expect(await add(store, [notice('a')], [target('mail'), target('hook')])).toBe(1);
    expect(keysOf(await store.read.dueDeliveries(at(0), 10))).toEqual(['hook a']);
  });

  it('brings back what was put in, whatever is in its texts', async () => {
    const store = await stores.open();
    const odd = notice('key "1"\n\0\u{1F4E8}', {
      title: `O'Neil \\ "x" ü`,
      text: [],
      facts: { isOdd: true, ratio: 0.5 },
    });
    expect(await add(store, [odd], [target('mail')])).toBe(1);
    expect(await add(store, [odd], [target('mail')])).toBe(0);
    expect((await store.read.dueDeliveries(at(0), 1))[0]).toMatchObject({ target: 'mail', attempts: 0, notice: odd });
    const sourceless = notice('audit', { kind: 'plan-held', run: 7 as never });
    const { source: _, ...rest } = sourceless;
    await add(store, [rest], [target('mail')]);
    expect((await store.read.deliveries({ state: 'any', limit: 1 }))[0]?.notice).toEqual(rest);
  });

  it('takes a notice once when several writers bring it at the same time', async () => {
    const store = await stores.open();
    const other = await stores.open(store.core.location);
    const notices = Array.from({ length: 20 }, (_, index) => notice(`n${index}`));
    const added = await Promise.all([store, other, store, other].map((one) => add(one, notices, [target('mail')])));
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(await store.read.deliveries({ state: 'any', limit: 100 })).toHaveLength(20);
  });

  it('forgets a notice whose transaction is undone, and takes it the next time', async () => {
    const store = await stores.open();
    const failing = store.write(async (tx) => {
      await tx.addNotices([notice('a')], [target('mail')]);
      throw new Error('the batch fails');
    });
    await expect(failing).rejects.toThrow('the batch fails');
    expect(await store.read.deliveryCounts()).toEqual({ waiting: 0, givenUp: 0 });
    expect(await add(store, [notice('a')], [target('mail')])).toBe(1);
  });

  it('says what is due, the oldest first, and counts what waits and what was given up', async () => {
    const store = await stores.open();
    const kept = ['a', 'b', 'c', 'd', 'e'];
    await add(
      store,
      kept.map((key) => notice(key)),
      [target('mail')],
    );
    await progress(store, 'a', { attempts: 1, nextAttemptAt: at(hour), lastError: 'connection refused' });
    await progress(store, 'b', { attempts: 1, sentAt: at(1) });
    await progress(store, 'c', { attempts: 9, gaveUpAt: at(2), lastError: 'refused for good' });
    expect(keysOf(await store.read.dueDeliveries(at(0), 10))).toEqual(['mail d', 'mail e']);
    expect(keysOf(await store.read.dueDeliveries(at(hour), 2))).toEqual(['mail a', 'mail d']);
    expect(await store.read.deliveryCounts()).toEqual({ waiting: 3, givenUp: 1 });
    expect(keysOf(await store.read.deliveries({ state: 'undelivered', limit: 10 }))).toEqual([
      'mail e',
      'mail d',
      'mail c',
      'mail a',
    ]);
    const [first] = await store.read.dueDeliveries(at(hour), 1);
    expect(first).toMatchObject({ attempts: 1, nextAttemptAt: at(hour), lastError: 'connection refused' });
    await expectNothingWritten(store, () => store.write((tx) => tx.saveDelivery(first as Delivery)));
    const [, , givenUp] = await store.read.deliveries({ state: 'undelivered', limit: 3 });
    expect(givenUp).not.toHaveProperty('nextAttemptAt');
    expect(givenUp).toMatchObject({ attempts: 9, gaveUpAt: at(2), lastError: 'refused for good' });
  });

  it('knows the newest notice about a source, whether or not it has been sent', async () => {
    const store = await stores.open();
    const failing = notice('failing', { kind: 'source-failing' });
    await add(store, [notice('a'), failing, notice('b', { source: uccx })], [target('mail'), target('hook')]);
    await progress(store, 'failing', { sentAt: at(1) });
    expect(await store.read.lastNotice(hq, ['plan-held', 'source-failing'])).toEqual(failing);
    expect(await store.read.lastNotice(hq, ['plan-held'])).toEqual(notice('a'));
    expect(await store.read.lastNotice(uccx, ['source-failing'])).toBeUndefined();
    expect(await store.read.lastNotice(hq, [])).toBeUndefined();
  });
});

describeStores('retention of notices', (stores) => {
  const forget = (store: Store, before: EpochMs): Promise<void> =>
    store.write((tx) => tx.forget({ runs: before, payloads: undefined }, at(500 * day)));

  it('goes by their end, keeps what waits, and keeps the newest fact of each kind about a source', async () => {
    const store = await stores.open();
    const failing = notice('failing', { kind: 'source-failing' });
    const keys = ['sent', 'sent late', 'given up', 'waiting', 'newest'];
    await add(store, [failing, ...keys.map((key) => notice(key))], [target('mail')]);
    for (const key of ['failing', 'sent', 'newest']) await progress(store, key, { sentAt: at(day) });
    await progress(store, 'sent late', { sentAt: at(10 * day) });
    await progress(store, 'given up', { gaveUpAt: at(2 * day) });
    await forget(store, at(10 * day));
    const left = keysOf(await store.read.deliveries({ state: 'any', limit: 10 }));
    expect(left).toEqual(['mail newest', 'mail waiting', 'mail sent late', 'mail failing']);
    expect(await store.read.lastNotice(hq, ['source-failing'])).toEqual(failing);
    await expectNothingWritten(store, () => forget(store, at(10 * day)));
  });

  it('tells no target again of a state that may still last', async () => {
    const store = await stores.open();
    const [mail, hook] = [target('mail'), target('hook')];
    await add(store, [notice('held')], [mail, hook]);
    await progress(store, 'held', { sentAt: at(1) });
    await forget(store, at(400 * day));
    expect(await add(store, [notice('held')], [mail, hook])).toBe(0);
  });

  it('tells again of a fact that has outlasted its delivery and is not the newest of its kind', async () => {
    const store = await stores.open();
    await add(store, [notice('old'), notice('new')], [target('mail')]);
    for (const key of ['old', 'new']) await progress(store, key, { sentAt: at(1) });
    await forget(store, at(400 * day));
    expect(await add(store, [notice('old'), notice('new')], [target('mail')])).toBe(1);
  });
});

describeStores('sync switches that end by themselves', (stores) => {
  const off = (until?: EpochMs) => ({
    syncOff: { by: 'cli:anna@lab', reason: 'on leave', since: at(0), ...(until === undefined ? {} : { until }) },
  });
  const ending = async (store: Store, after: number, until: number): Promise<readonly number[]> =>
    (await store.read.syncOffEnding(at(after), at(until))).map(({ id }) => id);

  async function seed(of: Stores): Promise<Store> {
    const store = await of.open();
    await store.write(async (tx) => {
      await tx.userRows.create([
        user(1, { username: value('ends') }, off(at(day))),
        user(2, { username: value('stays off') }, off()),
        user(3, { username: value('on') }),
        user(4, { username: value('ends later') }, off(at(3 * day))),
      ]);
    });
    return store;
  }

  it('are found as soon as they are switched off, before any plan has looked at the user', async () => {
    const store = await seed(stores);
    await store.write((tx) => tx.dirty.users(users(1, 2, 3, 4), 'sync switched off'));
    expect(await ending(store, 0, day)).toEqual([1]);
    expect(await ending(store, 0, 3 * day)).toEqual([1, 4]);
  });

  it('are found by the due time that a plan noted, also when another one comes first', async () => {
    const store = await seed(stores);
    await store.write((tx) =>
      tx.dirty.setRecheck([
        { user: users(1)[0] as never, at: at(hour) },
        { user: users(4)[0] as never, at: at(3 * day) },
      ]),
    );
    expect(await ending(store, 0, day)).toEqual([1]);
    expect(await ending(store, day, 3 * day)).toEqual([4]);
    // The earlier due time has come: the user waits for a plan now.
    await store.write((tx) => tx.dirty.due(at(2 * hour)));
    expect(await ending(store, 2 * hour, day)).toEqual([1]);
  });

  it('end within the window: after its beginning and at its end', async () => {
    const store = await seed(stores);
    await store.write((tx) => tx.dirty.users(users(1), 'sync switched off'));
    expect(await ending(store, day, 2 * day)).toEqual([]);
    expect(await ending(store, day - 1, day)).toEqual([1]);
    expect(await ending(store, 0, day - 1)).toEqual([]);
  });
});

describeStores('holders of leases', (stores) => {
  it('are told by the beginning of the name, and only while they live', async () => {
    const store = await stores.open();
    const own = makeHolder();
    const gone = own.replace(/:(\d+):\d+$/, ':4194000:1');
    await store.write(async (tx) => {
      await tx.leases.acquire('source:b', own, hour, at(0));
      await tx.leases.acquire('source:a', 'other-host:boot:1:1', hour, at(0));
      await tx.leases.acquire('source:dead', gone, hour, at(0));
      await tx.leases.acquire('source:short', own, 1, at(0));
      await tx.leases.acquire('reconcile', own, hour, at(0));
      const released = await tx.leases.acquire('source:released', own, hour, at(0));
      if ('token' in released) await tx.leases.release(released);
    });
    expect(await store.read.leaseHolders('source:', at(5))).toEqual([
      { name: 'source:a', holder: 'other-host:boot:1:1' },
      { name: 'source:b', holder: own },
    ]);
    expect(await store.read.leaseHolders('source:', at(hour))).toEqual([]);
    expect(await store.read.leaseHolders('source', at(5))).toHaveLength(2);
    expect(await store.read.leaseHolders('', at(5))).toHaveLength(3);
  });
});
