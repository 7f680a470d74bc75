import { expect, it } from 'vitest';
import { asChangeId, asEpochMs, asRunId, asSourceName, asUserId } from '../../src/model/ids.ts';
import { noCounts, type Run } from '../../src/model/run.ts';
import type { StoredChange } from '../../src/sync/ports.ts';
import { describeStores, startOfTime } from './stores.ts';

const day = 86_400_000;

const run = (id: number, dayOf: number, more: Partial<Run> = {}): Run => ({
  id: asRunId(id),
  source: asSourceName('ad-hq'),
  trigger: 'cli',
  actor: 'cli:tester@lab',
  mode: 'full',
  dryRun: false,
  state: 'done',
  startedAt: asEpochMs(startOfTime + dayOf * day),
  endedAt: asEpochMs(startOfTime + dayOf * day),
  attempt: 1,
  counts: noCounts,
  holds: [],
  applied: {},
  ...more,
});

const change = (id: number, of: number, state: StoredChange['state']): StoredChange => ({
  id: asChangeId(id),
  run: asRunId(of),
  change: {
    subject: { kind: 'user', id: asUserId(1) },
    label: 'mhorvat',
    parts: [{ part: 'enabled', before: true, after: false, because: 'authority-gone' }],
  },
  state,
});

describeStores('retention', (stores) => {
  it('forgets old runs with their plans, and keeps what is held and what the audit log is about', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      for (const one of [run(1, 0), run(2, 1, { state: 'held' }), run(3, 2, { dryRun: true }), run(4, 10)]) {
        await tx.runRows.saveRun(one);
      }
      await tx.runRows.addChanges([
        change(1, 1, 'applied'),
        change(2, 1, 'obsolete'),
        change(3, 2, 'held'),
        change(4, 3, 'planned'),
        change(5, 4, 'obsolete'),
      ]);
      const at = startOfTime;
      const entry = { at, actor: 'sync:ad-hq', action: 'user.changed', subject: 'user:1', label: 'mhorvat' };
      await tx.audit([{ ...entry, changeId: asChangeId(1), payload: undefined }]);
    });
    const now = asEpochMs(startOfTime + 11 * day);
    const before = { runs: asEpochMs(startOfTime + 5 * day), payloads: undefined };
    await store.write((tx) => tx.forget(before, now));
    const runs = await store.read.runs({ source: asSourceName('ad-hq'), limit: 10 });
    expect(runs.map(({ id }) => id).sort()).toEqual([2, 4]);
    const left = await store.core.read.all<{ id: number }>('SELECT id FROM changes ORDER BY id');
    expect(left.map(({ id }) => id)).toEqual([1, 3, 5]);
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 1 });
  });

  it('keeps the newest complete read of each source, on whose proof other sources rely', async () => {
    const store = await stores.open();
    const cc = asSourceName('cc');
    const read = 'complete';
    await store.write(async (tx) => {
      for (const one of [
        run(1, 0, { read }),
        run(2, 1, { read }),
        run(3, 2, { read, dryRun: true }),
        run(4, 3, { read: 'partial' }),
        run(5, 1, { read, source: cc }),
        run(6, 10, { read, source: cc }),
      ])
        await tx.runRows.saveRun(one);
      await tx.forget(
        { runs: asEpochMs(startOfTime + 5 * day), payloads: undefined },
        asEpochMs(startOfTime + 11 * day),
      );
    });
    const left = await store.core.read.all<{ id: number }>('SELECT id FROM runs ORDER BY id');
    expect(left.map(({ id }) => id)).toEqual([2, 6]);
  });

  it('forgets a part at a time, the oldest first, so that a long history never makes a long transaction', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      for (let id = 1; id <= 120; id += 1) await tx.runRows.saveRun(run(id, id / 1_000));
      await tx.runRows.addChanges(Array.from({ length: 120 }, (_, index) => change(index + 1, index + 1, 'obsolete')));
    });
    const before = { runs: asEpochMs(startOfTime + day), payloads: undefined };
    const left: number[][] = [];
    for (let time = 0; time < 3; time += 1) {
      await store.write((tx) => tx.forget(before, asEpochMs(startOfTime + 2 * day)));
      const counts = await store.core.read.all<{ rows: number | bigint; first: number | null }>(
        'SELECT count(*) AS rows, min(id) AS first FROM runs UNION ALL SELECT count(*), min(run_id) FROM changes',
      );
      left.push(counts.flatMap(({ rows, first }) => [Number(rows), Number(first)]));
    }
    expect(left).toEqual([
      [70, 51, 70, 51],
      [20, 101, 20, 101],
      [0, 0, 0, 0],
    ]);
  });
});
