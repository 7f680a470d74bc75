// The guard over days and weeks: its window of 24 hours, what a hold and a decision become while runs go on, and odd clocks.

import { afterEach, describe, expect, it } from 'vitest';
import { asEpochMs, asRunId } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { day, hour, hq, minute, type Office, openOffice } from './sync-fixture.ts';
import { tableDigests } from './sync-pictures.ts';

let office: Office;

afterEach(() => office.close());

const enabledCount = async (): Promise<number> =>
  Object.values(await office.users()).filter((user) => user.enabled).length;

const openWith = async (people: number, head = ''): Promise<string[]> => {
  office = await openOffice({ head, pageSize: 200 });
  const logins = await office.staff.hireMany(people);
  await office.sync();
  return [...logins];
};

/** Those who leave next, so that a test says only how many. */
const disable = async (logins: string[], count: number): Promise<void> =>
  office.staff.disable(...logins.splice(0, count));

/** As the daemon runs it. */
const syncOnSchedule = (stopIn?: string): Promise<Run> => {
  const stop = new AbortController();
  const emit = (event: SyncEvent): void => {
    if (event.kind === 'phase:started' && event.phase === stopIn) stop.abort();
  };
  office.forward(minute);
  const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'daemon' } as const;
  return runSource({ ...office.deps, emit }, request, stop.signal);
};

describe('the window of 24 hours', () => {
  it('adds up a slow leak of four in a hundred an hour, by the CLI and by schedule alike', async () => {
    const logins = await openWith(100);
    const ended: string[] = [];
    for (let step = 0; step < 6; step += 1) {
      office.forward(hour);
      await disable(logins, 4);
      const run = step % 2 === 0 ? await office.sync() : await syncOnSchedule();
      ended.push(`${run.state} ${run.counts.applied} ${run.holds[0]?.recent ?? 0}`);
    }
    expect(ended).toEqual(['done 4 0', 'held 0 4', 'held 0 4', 'held 0 4', 'held 0 4', 'held 0 4']);
    expect(await enabledCount()).toBe(96);
    // Time alone releases none of them: by now they are too many by themselves.
    office.forward(3 * day);
    expect(await office.sync()).toMatchObject({ state: 'held', counts: { held: 20 } });
    expect(await enabledCount()).toBe(96);
  });

  it('measures a leak of many days against those who are left, not against those who once were', async () => {
    const logins = await openWith(200);
    const ended: string[] = [];
    for (let half = 0; half < 8; half += 1) {
      office.forward(12 * hour);
      // Ten of two hundred a day is what the guard allows; of fewer it is too much.
      await disable(logins, 5);
      ended.push((await office.sync()).state);
    }
    expect(ended).toEqual(['done', 'done', 'held', 'held', 'held', 'held', 'held', 'held']);
    expect(await enabledCount()).toBe(190);
  });

  it('counts a run that began exactly 24 hours ago, and none that began before', async () => {
    const logins = await openWith(40);
    await disable(logins, 5);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 5 } });
    await disable(logins, 1);
    office.forward(day - minute);
    expect(await office.sync()).toMatchObject({ state: 'held', holds: [{ count: 1, recent: 5 }] });
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 1 } });
  });

  it('does not count what a person has approved, and still counts what the same run applied without', async () => {
    const logins = await openWith(40);
    await disable(logins, 3);
    await office.sync();
    await disable(logins, 10);
    await office.approve(await office.sync());
    await disable(logins, 3);

    expect(await office.sync()).toMatchObject({ state: 'held', holds: [{ count: 3, recent: 3 }] });
  });

  it('counts the changes of a run that another one finishes once, from when they are applied', async () => {
    const logins = await openWith(40);
    await disable(logins, 4);
    expect(await syncOnSchedule('applying')).toMatchObject({ state: 'applying', counts: { applied: 0 } });
    expect(await enabledCount()).toBe(40);
    office.forward(3 * day);
    await disable(logins, 2);

    const finishing = await office.sync();

    expect(await enabledCount()).toBe(36);
    expect(finishing).toMatchObject({ state: 'held', holds: [{ count: 2, recent: 4 }] });
    office.forward(23 * hour);
    expect(await office.sync()).toMatchObject({ state: 'held', holds: [{ count: 2, recent: 4 }] });
    office.forward(hour);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 2 } });
  });

  it('counts runs of before a clock was set back, and forgets them when a day has gone by since', async () => {
    const logins = await openWith(40);
    office.forward(40 * day);
    await disable(logins, 4);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 4 } });
    office.forward(-40 * day);
    await disable(logins, 2);
    expect(await office.sync()).toMatchObject({ state: 'held', holds: [{ count: 2, recent: 4 }] });
    office.forward(day);
    expect(await office.dryRun()).toMatchObject({ state: 'held' });
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 2 } });
  });

  it('is seen by a dry run and by an approval as by a real run, also after the clock was set back', async () => {
    const logins = await openWith(40);
    office.forward(40 * day);
    await disable(logins, 4);
    await office.sync();
    office.forward(-40 * day);
    await office.sync();
    office.forward(day + hour);
    await disable(logins, 5);
    expect(await office.dryRun()).toMatchObject({ state: 'done', counts: { planned: 5 } });
    await disable(logins, 5);
    const held = await office.sync();
    expect(held).toMatchObject({ state: 'held', holds: [{ count: 10, recent: 0 }] });
    await office.approve(held);
    expect(await enabledCount()).toBe(26);
  });
});

describe('a hold that stands', () => {
  it('for weeks of runs is stored once, stays the one to decide on, and outlives their retention', async () => {
    const logins = await openWith(40, 'retention: { runs: 10d }\n');
    await disable(logins, 20);
    const first = await office.sync();
    const { changes } = await tableDigests(office.store);
    for (let run = 0; run < 30; run += 1) {
      office.forward(day);
      expect(await office.sync()).toMatchObject({ state: 'held', heldRunId: first.id, counts: { held: 20 } });
    }

    expect((await tableDigests(office.store))['changes']).toBe(changes);
    const kept = await office.store.read.runs({ source: hq, limit: 100 });
    expect(kept.length).toBeLessThan(14);
    expect(kept.at(-1)).toMatchObject({ id: first.id, state: 'held' });
    expect(await office.findings()).toEqual(['plan-held hq']);
    await office.approve(kept[0] as Run);
    expect(await enabledCount()).toBe(20);
    expect(await office.store.read.runs({ source: hq, limit: 100, states: ['held'] })).toEqual([]);
  });

  it('is found behind more than a thousand runs that derived the same', async () => {
    const logins = await openWith(40);
    await disable(logins, 20);
    const first = await office.sync();
    const second = await office.sync();
    await office.store.write(async (tx) => {
      const id = await tx.allocate('run', 1_100);
      for (let run = 0; run < 1_100; run += 1) await tx.runRows.saveRun({ ...second, id: asRunId(id + run) });
    });

    expect(await office.sync()).toMatchObject({ state: 'held', heldRunId: first.id });
  });

  it('lets others join, move and change meanwhile', async () => {
    const logins = await openWith(60);
    await office.staff.group('Alpha', logins.slice(40, 50));
    await office.sync();
    await disable(logins, 30);
    const held = await office.sync();
    expect(held).toMatchObject({ state: 'held', counts: { held: 30 } });

    for (let week = 0; week < 3; week += 1) {
      office.forward(7 * day);
      await office.staff.hire(`joiner${week}`);
      await office.staff.leave('Alpha', `p04${week}`);
      await office.staff.set(`p04${week}`, 'department', 'Claims');
      expect(await office.sync()).toMatchObject({
        state: 'held',
        heldRunId: held.id,
        counts: { held: 30, applied: 2 },
      });
    }

    expect(await enabledCount()).toBe(63);
    expect((await office.user('p041')).teams).toEqual([]);
  });

  it('is superseded when the source resolves a part of it, also after weeks; the rest is a hold of its own', async () => {
    const logins = await openWith(40);
    const leaving = logins.slice(0, 20);
    await disable(logins, 20);
    const first = await office.sync();
    office.forward(21 * day);
    await office.sync();
    await office.staff.enable(...leaving.slice(0, 5));

    const second = await office.sync();

    expect(second).toMatchObject({ state: 'held', counts: { held: 15 } });
    expect(second.heldRunId).toBeUndefined();
    expect(new Set((await office.changes(first)).map((stored) => stored.state))).toEqual(new Set(['superseded']));
    await expect(office.approve(first)).rejects.toMatchObject({ code: 'plan-superseded' });
    await office.staff.enable(...leaving.slice(5, 16));
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 4, held: 0 } });
    expect(await office.findings()).toEqual([]);
    expect(await enabledCount()).toBe(36);
  });
});

describe('a rejection', () => {
  it('that ends between two runs leaves the same changes held again, to be approved or rejected like the first time', async () => {
    const logins = await openWith(40);
    await disable(logins, 20);
    const first = await office.sync();
    const reasons = (await office.changes(first)).map((stored) => stored.because);
    await office.reject(first, asEpochMs(office.now() + 2 * day));
    expect(await office.sync()).toMatchObject({ state: 'done', heldRunId: first.id });
    expect(new Set((await office.changes(first)).map((stored) => stored.state))).toEqual(new Set(['rejected']));
    office.forward(2 * day);

    const again = await office.sync();

    expect(again).toMatchObject({ state: 'held', heldRunId: first.id });
    expect(await office.findings()).toEqual(['plan-held hq']);
    const stored = await office.changes(first);
    expect(new Set(stored.map(({ state }) => state))).toEqual(new Set(['held']));
    expect(stored.map(({ because }) => because)).toEqual(reasons);
    expect(await office.store.read.run(first.id)).toMatchObject({ state: 'held', counts: { held: 20 } });
    await office.reject(again, asEpochMs(office.now() + day));
    expect(await office.sync()).toMatchObject({ state: 'done' });
    office.forward(day);
    await office.approve(await office.sync());
    expect(await enabledCount()).toBe(20);
    expect(await office.store.read.runs({ source: hq, limit: 100, states: ['held'] })).toEqual([]);
  });

  it('that ends while nobody runs can be approved at once', async () => {
    const logins = await openWith(40);
    await disable(logins, 20);
    const first = await office.sync();
    await office.reject(first, asEpochMs(office.now() + day));
    await office.sync();
    office.forward(2 * day);

    await office.approve(first);

    expect(await enabledCount()).toBe(20);
  });

  it('is over when other changes come out, and in force again for the old ones when those do', async () => {
    const logins = await openWith(40);
    await disable(logins, 20);
    await office.reject(await office.sync(), asEpochMs(office.now() + 30 * day));
    office.forward(10 * day);
    await office.staff.disable('p039');
    const other = await office.sync();
    expect(other).toMatchObject({ state: 'held', counts: { held: 21 } });
    await office.staff.enable('p039');
    office.forward(10 * day);
    const old = await office.sync();
    expect(old).toMatchObject({ state: 'done', counts: { applied: 0 } });
    expect(old.heldRunId).toBeUndefined();
    office.forward(11 * day);
    expect(await office.sync()).toMatchObject({ state: 'held', heldRunId: old.id });
    expect(await enabledCount()).toBe(40);
  });
});
