import { expect, it } from 'vitest';
import type { Change } from '../../src/model/change.ts';
import type { Finding } from '../../src/model/finding.ts';
import { asChangeId, asEpochMs, asRunId, asUserId } from '../../src/model/ids.ts';
import { noCounts, type Run } from '../../src/model/run.ts';
import type { Store } from '../../src/store/open-store.ts';
import { hq, uccx } from './mirror-fixture.ts';
import { describeStores, startOfTime } from './stores.ts';

function run(id: number, more: Partial<Run> = {}): Run {
  return {
    id: asRunId(id),
    source: hq,
    trigger: 'cli',
    actor: 'cli:ops@console',
    mode: 'full',
    dryRun: false,
    attempt: 1,
    state: 'reading',
    startedAt: startOfTime,
    counts: noCounts,
    holds: [],
    applied: {},
    ...more,
  };
}

const change: Change = {
  subject: { kind: 'user', id: asUserId(3) },
  label: 'mira',
  parts: [{ part: 'enabled', before: true, after: false, because: 'authority-gone' }],
  atomic: 'swap-1',
};

function finding(subject: string, more: Partial<Finding> = {}): Finding {
  return { code: 'unmatched-account', source: hq, subject, label: subject, detail: { name: 'x' }, ...more };
}

async function findings(store: Store): Promise<readonly { subject: string; open: boolean; detail: string }[]> {
  const rows = await store.core.read.all<{ subject: string; closed_at: string | null; detail: string }>(
    'SELECT subject, closed_at, detail FROM findings ORDER BY id',
  );
  return rows.map((row) => ({ subject: row.subject, open: row.closed_at === null, detail: row.detail }));
}

describeStores('runs', (stores) => {
  it('gives back a run as it was saved', async () => {
    const store = await stores.open();
    const full = run(2, {
      state: 'held',
      dryRun: true,
      attempt: 1,
      endedAt: asEpochMs(startOfTime + 5),
      errorCode: 'plan-held',
      because: 'too much',
      proof: { total: 3, complete: true, server: 'dc1' },
      holds: [{ kind: 'access-loss', count: 9, recent: 1, baseline: 10, limit: { ratio: 0.05, count: 5 } }],
      applied: { 'access-loss': 2 },
      enabledBefore: 10,
      heldChecksum: 'abc',
      heldRunId: asRunId(1),
      auditHead: '1:ff',
    });
    await store.write(async (tx) => {
      await tx.runRows.saveRun(run(1, { source: uccx }));
      await tx.runRows.saveRun(run(2));
      await tx.runRows.saveRun(full);
    });
    expect(await store.read.run(asRunId(2))).toEqual(full);
    expect(await store.read.run(asRunId(9))).toBeUndefined();
    expect((await store.read.runs({ limit: 5 })).map(({ id }) => id)).toEqual([2, 1]);
    expect(await store.read.runs({ source: hq, states: ['held'], limit: 5 })).toHaveLength(1);
    expect(await store.read.runs({ source: hq, states: ['done'], limit: 5 })).toHaveLength(0);
  });

  it('finds the last run of a source whose read was complete, however the run ended', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      await tx.runRows.saveRun(run(1, { state: 'done', read: 'complete' }));
      await tx.runRows.saveRun(run(2, { state: 'failed', read: 'complete' }));
      await tx.runRows.saveRun(run(3, { state: 'partial', read: 'partial' }));
      await tx.runRows.saveRun(run(4, { state: 'failed' }));
      await tx.runRows.saveRun(run(5, { state: 'done', read: 'complete', source: uccx }));
      await tx.runRows.saveRun(run(6, { state: 'done', read: 'complete', dryRun: true }));
    });
    const complete = await store.read.runs({ source: hq, kind: 'real', read: 'complete', limit: 5 });
    expect(complete.map(({ id }) => id)).toEqual([2, 1]);
    expect((await store.read.runs({ read: 'partial', limit: 5 })).map(({ id }) => id)).toEqual([3]);
  });

  it('keeps changes, their states and their order', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      const rows = [1, 2, 3, 4].map((id) => ({
        id: asChangeId(id),
        run: asRunId(1),
        change,
        state: 'planned' as const,
      }));
      await tx.runRows.addChanges(rows);
      await tx.runRows.setChangeState([asChangeId(2)], 'held', 'access-loss');
      await tx.runRows.deleteChanges([asChangeId(4)]);
    });
    expect(await store.read.changes(asRunId(1), { after: 1, limit: 5 })).toEqual([
      { id: 2, run: 1, change, state: 'held', because: 'access-loss' },
      { id: 3, run: 1, change, state: 'planned' },
    ]);
    expect(await store.read.changes(asRunId(1), { states: ['planned'], after: 0, limit: 1 })).toMatchObject([
      { id: 1 },
    ]);
    expect(await store.read.changeCounts(asRunId(1))).toEqual({ planned: 2, held: 1 });
  });

  it('forgets approvals that have expired', async () => {
    const store = await stores.open();
    const base = {
      source: hq,
      checksum: 'abc',
      decision: 'approved',
      actor: 'ops',
      reason: 'ok',
      at: startOfTime,
    } as const;
    const later = asEpochMs(startOfTime + 10);
    await store.write(async (tx) => {
      await tx.runRows.addApproval({ ...base, id: 1 });
      await tx.runRows.addApproval({ ...base, id: 2, decision: 'rejected', expiresAt: later });
    });
    expect((await store.read.approvals(hq, 'abc', startOfTime)).map(({ id }) => id)).toEqual([2, 1]);
    expect(await store.read.approvals(hq, 'abc', later)).toEqual([{ ...base, id: 1 }]);
    expect(await store.read.approvals(uccx, 'abc', later)).toEqual([]);
  });

  it('gives out numbers without gaps or repetition', async () => {
    const store = await stores.open();
    const first = await Promise.all([3, 1, 2].map((count) => store.write((tx) => tx.allocate('user', count))));
    expect(first).toEqual([1, 4, 5]);
    expect(await store.write((tx) => tx.allocate('team', 1))).toBe(1);
  });
});

describeStores('findings', (stores) => {
  const by = { run: asRunId(1), now: startOfTime, codes: ['unmatched-account'] as const };

  it('open once, and close when they are not derived any more', async () => {
    const store = await stores.open();
    const reconcile = (evaluated: readonly string[], derived: readonly Finding[]) =>
      store.write((tx) => tx.findings.reconcile(evaluated, derived, by));
    expect(await reconcile(['a', 'b'], [finding('a'), finding('b')])).toEqual({ opened: 2, closed: 0 });
    expect(await reconcile(['a', 'b'], [finding('a'), finding('b')])).toEqual({ opened: 0, closed: 0 });
    expect(await reconcile(['a'], [])).toEqual({ opened: 0, closed: 1 });
    expect(await reconcile(['a', 'b'], [finding('a'), finding('b')])).toEqual({ opened: 1, closed: 0 });
    expect((await findings(store)).map(({ subject, open }) => `${subject} ${open}`)).toEqual([
      'a false',
      'b true',
      'a true',
    ]);
  });

  it('of other codes, subjects and sources stay open', async () => {
    const store = await stores.open();
    const other = finding('a', { code: 'email-invalid' });
    await store.write((tx) => tx.findings.reconcile(['a'], [other, finding('a'), finding('z')], by));
    expect(await store.write((tx) => tx.findings.reconcile(['a'], [], by))).toEqual({ opened: 0, closed: 1 });
    await store.write((tx) => tx.findings.reconcile([], [finding('y', { source: uccx })], by));
    expect(await store.write((tx) => tx.findings.reconcile({ everyOf: hq }, [], by))).toEqual({ opened: 0, closed: 1 });
    const open = (await findings(store)).filter((row) => row.open).map(({ subject }) => subject);
    expect(open).toEqual(['a', 'y']);
  });

  it('learn new facts without opening again', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.findings.reconcile(['a'], [finding('a')], by));
    const learnt = finding('a', { detail: { name: 'y' } });
    expect(await store.write((tx) => tx.findings.reconcile(['a'], [learnt], by))).toEqual({ opened: 0, closed: 0 });
    expect(await findings(store)).toEqual([{ subject: 'a', open: true, detail: '{"name":"y"}' }]);
  });
});
