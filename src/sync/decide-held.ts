// A person's decision on held changes: approval releases exactly that checksum and applies it, rejection silences exactly it.

import { RosterdError } from '../model/errors.ts';
import type { ChangeId, EpochMs, RunId } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import { applyPlan } from './apply-plan.ts';
import type { SyncDeps } from './deps.ts';
import { changesOf, checksumOf, endWaiting, idsByReason } from './judge-plan.ts';
import type { Approval, StoreReader, StoreTx } from './ports.ts';
import { presentHold } from './present-hold.ts';
import { refusePaused } from './refuse-paused.ts';
import { isResumable } from './resume-run.ts';
import { RunLease } from './run-lease.ts';
import { auditHeadOf, RunRecord } from './run-record.ts';

export interface HeldDecision {
  readonly actor: string;
  readonly reason: string;
  /** Rejections only: when the same set is held openly again. Default: never. */
  readonly until?: EpochMs;
}

interface Held {
  readonly run: Run;
  readonly checksum: string;
}

/**
 * The run that stores the held changes meant by `id`. A later run with the same set points to it; a set that is not the
 * source's present one is refused. Throws `run-unknown`, `nothing-held`, `plan-superseded`.
 */
async function heldBy(read: StoreReader, id: RunId): Promise<Held> {
  const named = await read.run(id);
  if (named === undefined) throw new RosterdError('run-unknown', `There is no run ${id}.`, { subject: `run ${id}` });
  const run = named.heldRunId === undefined ? named : ((await read.run(named.heldRunId)) ?? named);
  const counts = await read.changeCounts(run.id);
  if (run.dryRun)
    throw new RosterdError('nothing-held', `Run ${id} is a dry run; only what a real run holds can be decided.`, {
      subject: `run ${id}`,
    });
  if ((counts.superseded ?? 0) > 0) {
    const [newest] = await read.runs({ source: run.source, limit: 1, states: ['held'], kind: 'real' });
    const hint = newest === undefined ? '' : ` Run ${newest.id} is the newest that holds anything.`;
    throw new RosterdError(
      'plan-superseded',
      `What run ${id} held is not what ${run.source} would change now.${hint}`,
      { subject: `run ${id}` },
    );
  }
  if (run.heldChecksum === undefined || (counts.held ?? 0) + (counts.rejected ?? 0) === 0) {
    throw new RosterdError('nothing-held', `Run ${id} holds nothing.`, { subject: `run ${id}` });
  }
  return { run, checksum: run.heldChecksum };
}

async function addApproval(
  tx: StoreTx,
  held: Held,
  decision: HeldDecision,
  what: 'approved' | 'rejected',
  now: EpochMs,
): Promise<Approval> {
  const expiresAt = what === 'approved' ? undefined : decision.until;
  const approval: Approval = {
    id: await tx.allocate('approval', 1),
    source: held.run.source,
    checksum: held.checksum,
    decision: what,
    actor: decision.actor,
    reason: decision.reason,
    at: now,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  await tx.runRows.addApproval(approval);
  await tx.audit([
    {
      at: now,
      actor: decision.actor,
      action: `plan.${what}`,
      subject: `run:${held.run.id}`,
      label: held.run.source,
      runId: held.run.id,
      payload: {
        checksum: held.checksum,
        reason: decision.reason,
        holds: held.run.holds,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      },
    },
  ]);
  return approval;
}

/** The held changes meant by `id`, under the lease of their source: nobody else runs or decides meanwhile. */
async function deciding<T>(deps: SyncDeps, id: RunId, work: (held: Held, lease: RunLease) => Promise<T>): Promise<T> {
  const named = await heldBy(deps.store.read, id);
  const lease = new RunLease(deps, deps.store);
  await lease.acquireSource(named.run.source);
  try {
    return await work(await heldBy(deps.store.read, id), lease);
  } finally {
    await lease.release();
  }
}

/**
 * Applies the held changes, each checked against the present state. Changes that no longer fit are left to the next run.
 * Throws `sync-paused` while the source is paused; when the pause comes while it applies, the run after the pause does the rest.
 */
export async function approveHeld(
  deps: SyncDeps,
  id: RunId,
  decision: HeldDecision,
  signal: AbortSignal,
): Promise<{ readonly approval: Approval; readonly run: Run }> {
  const { store, clock } = deps;
  return deciding(deps, id, async (held, lease) => {
    await refusePaused(store.read, held.run.source, clock);
    const record = new RunRecord(held.run, clock, deps.emit);
    await lease.acquireReconcile(signal, async () => void record.phase('waiting'));
    // What people decided before is in what would be held now, or that would be another set.
    const checkedAt = clock.now();
    await checkStillMeant(deps, held, decision.actor, signal);
    // From here on it is a plan in `applying`: a crash resumes it under this approval.
    const run: Run = { ...held.run, state: 'applying', counts: { ...held.run.counts, held: 0 } };
    const ids = [
      ...(await idsOf(store.read, held.run.id, 'held')),
      ...(await idsOf(store.read, held.run.id, 'rejected')),
    ];
    const approval = await lease.write(async (tx) => {
      await refusePaused(tx, held.run.source, clock);
      await tx.runRows.setChangeState(ids, 'planned');
      await tx.runRows.saveRun(run);
      return addApproval(tx, held, decision, 'approved', clock.now());
    });
    return { approval, run: await release(deps, lease, run, { total: ids.length, checkedAt }, decision, signal) };
  });
}

/** What is stored, and what would be held at this moment, must both be what the checksum covers. */
async function checkStillMeant(deps: SyncDeps, held: Held, actor: string, signal: AbortSignal): Promise<void> {
  const { read } = deps.store;
  const { run, checksum } = held;
  const ids = new Set([...(await idsOf(read, run.id, 'held')), ...(await idsOf(read, run.id, 'rejected'))]);
  const isUntouched = (await checksumOf(read, run.id, ids)) === checksum;
  if (isUntouched && (await presentHold(deps, run.source, actor, signal)) === checksum) return;
  const message = `What run ${run.id} held is not what ${run.source} would change now. Sync again and look at the new run.`;
  throw new RosterdError('plan-superseded', message, { subject: `run ${run.id}` });
}

async function idsOf(read: StoreReader, run: RunId, state: 'held' | 'rejected'): Promise<ChangeId[]> {
  const ids: ChangeId[] = [];
  for await (const stored of changesOf(read, run, [state])) ids.push(stored.id);
  return ids;
}

async function release(
  deps: SyncDeps,
  lease: RunLease,
  run: Run,
  { total, checkedAt }: { readonly total: number; readonly checkedAt: EpochMs },
  decision: HeldDecision,
  signal: AbortSignal,
): Promise<Run> {
  const { store, clock, emit } = deps;
  const record = new RunRecord(run, clock, emit);
  const onProgress = record.phase('applying', total);
  const isApproved = `held changes approved by ${decision.actor}`;
  await applyPlan(
    {
      store,
      lease,
      run: run.id,
      source: run.source,
      actor: decision.actor,
      clock,
      now: clock.now(),
      plannedAt: checkedAt,
      isResumed: false,
      settling: undefined,
      onProgress,
      onEnd: (counts) => emit({ kind: 'changes:applied', run: run.id, source: run.source, by: 'approval', counts }),
    },
    signal,
  ).catch(async (error: unknown) => {
    // The rest stays approved: the next run applies it.
    if (error instanceof RosterdError && error.code !== 'lease-lost') {
      const stopped: Run = { ...run, because: `${isApproved}; ${error.message}`, errorCode: error.code };
      await lease.write((tx) => tx.runRows.saveRun(stopped));
    }
    throw error;
  });
  const counts = await store.read.changeCounts(run.id);
  const finished: Run = {
    ...run,
    state: 'done',
    endedAt: clock.now(),
    because: isApproved,
    counts: {
      ...run.counts,
      held: 0,
      applied: counts.applied ?? 0,
      obsolete: counts.obsolete ?? 0,
      conflict: counts.conflict ?? 0,
    },
    auditHead: await auditHeadOf(store.read),
  };
  await lease.write(async (tx) => {
    await tx.runRows.saveRun(finished);
    await endWaiting(tx, run.id, `approved as run ${run.id}`);
    await tx.findings.reconcile([`source:${run.source}`], [], { run: run.id, now: clock.now(), codes: ['plan-held'] });
  });
  return finished;
}

/** Silences exactly this set: it stays unapplied, its users stay dirty, and runs that derive it again end as done. */
export async function rejectHeld(
  deps: SyncDeps,
  id: RunId,
  decision: HeldDecision,
): Promise<{ readonly approval: Approval; readonly run: Run }> {
  const { store, clock } = deps;
  return deciding(deps, id, async (held, lease) => {
    const reasons = await idsByReason(store.read, held.run.id, 'held');
    const because = `held changes rejected by ${decision.actor}: ${decision.reason}`;
    // A run whose safe changes are not all applied yet goes on with them, and without these.
    const run: Run = isResumable(held.run) ? held.run : { ...held.run, state: 'done', because };
    const approval = await lease.write(async (tx) => {
      for (const [reason, ids] of reasons) await tx.runRows.setChangeState(ids, 'rejected', reason);
      await tx.runRows.saveRun(run);
      await endWaiting(tx, run.id, `rejected as run ${run.id}`);
      await tx.findings.reconcile([`source:${run.source}`], [], {
        run: run.id,
        now: clock.now(),
        codes: ['plan-held'],
      });
      return addApproval(tx, held, decision, 'rejected', clock.now());
    });
    return { approval, run };
  });
}
