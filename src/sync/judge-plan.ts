// The guard's verdict over a built plan, and what is stored of it: which changes are held, under which checksum, and whether a
// person has already decided on exactly these.

import { createHash } from 'node:crypto';
import type { Verdict } from '../model/decision.ts';
import type { ChangeId, RunId, SourceName } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import { checksumText } from '../reconcile/checksum.ts';
import { judge } from '../reconcile/guard.ts';
import type { PlannedChange, PlanSession } from './plan-session.ts';
import type { Approval, StoredChange, StoreReader, SyncStore } from './ports.ts';

export interface Judgement {
  readonly verdict: Verdict;
  readonly safe: readonly PlannedChange[];
  readonly held: readonly PlannedChange[];
  readonly heldChecksum?: string;
  /** A decision on exactly this set that has not expired. */
  readonly decision?: Approval;
  /** The earlier run that already holds exactly this set. */
  readonly heldBy?: RunId;
}

const heldStates = ['held', 'rejected'] as const;

export async function judgePlan(session: PlanSession): Promise<Judgement> {
  const verdict = judge({ changes: session.changes, baseline: session.baseline, policy: session.policy });
  const safe = session.changes.filter((_, index) => !verdict.held.has(index));
  const held = session.changes.filter((_, index) => verdict.held.has(index));
  if (held.length === 0) return { verdict, safe, held };
  const heldChecksum = await checksumOf(session.store.read, session.run, new Set(held.map((change) => change.id)));
  const now = session.deps.clock.now();
  const [newest] = await session.store.read.approvals(session.source, heldChecksum, now);
  const isSpent = newest?.decision === 'approved' && (await wasCarriedOut(session.store.read, newest));
  const decision = isSpent ? undefined : newest;
  const holder = await holderOf(session.store.read, session.source, heldChecksum);
  return {
    verdict,
    safe,
    held,
    heldChecksum,
    ...(decision === undefined ? {} : { decision }),
    ...(holder === undefined ? {} : { heldBy: holder.id }),
  };
}

/** SHA-256 over the canonical text of the held changes: kind, user, before, after. */
export async function checksumOf(read: StoreReader, run: RunId, ids: ReadonlySet<ChangeId>): Promise<string> {
  const texts: string[] = [];
  for await (const stored of changesOf(read, run, ['planned', 'held', 'rejected'])) {
    if (ids.has(stored.id)) texts.push(checksumText(stored.change));
  }
  const sum = createHash('sha256');
  for (const text of texts.sort()) sum.update(text).update('\n');
  return sum.digest('hex');
}

/** The newest real run of the source that holds changes with this checksum and still has them stored. */
export async function holderOf(read: StoreReader, source: SourceName, checksum: string): Promise<Run | undefined> {
  const runs = await read.runs({ source, limit: 200 });
  return runs.find(
    (run) =>
      !run.dryRun &&
      run.heldChecksum === checksum &&
      run.heldRunId === undefined &&
      run.endedAt !== undefined &&
      run.counts.held > 0,
  );
}

/** An approval releases its set once: when the same comes up again, a person looks at it again. */
async function wasCarriedOut(read: StoreReader, approval: Approval): Promise<boolean> {
  const runs = await read.runs({ source: approval.source, limit: 200 });
  return runs.some(
    (run) =>
      !run.dryRun &&
      run.heldChecksum === approval.checksum &&
      run.heldRunId === undefined &&
      run.endedAt !== undefined &&
      run.endedAt >= approval.at &&
      run.counts.held === 0 &&
      run.counts.conflict === 0,
  );
}

export async function* changesOf(
  read: StoreReader,
  run: RunId,
  states: readonly StoredChange['state'][],
): AsyncGenerator<StoredChange> {
  let after = 0;
  for (;;) {
    const page = await read.changes(run, { states, after, limit: 1000 });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/**
 * Writes the verdict down, together with the run's new state, so that a run that dies while it applies is resumed under it.
 * The same held set as before keeps its hold: it is not stored twice. Older holds of the source are superseded.
 */
export async function storeVerdict(
  session: PlanSession,
  judgement: Judgement,
  run: Run,
  intent: 'apply' | 'plan',
): Promise<void> {
  const { verdict } = judgement;
  // What a person has released stays planned and is applied with the rest.
  const held = judgement.decision?.decision === 'approved' ? [] : judgement.held;
  const isStored = judgement.heldBy !== undefined && held.length > 0 && intent === 'apply';
  const indexOf = new Map(session.changes.map((change, index) => [change.id, index]));
  const superseded = await supersededHolds(session.store, session.source, isStored ? judgement.heldBy : undefined);
  await session.lease.write(async (tx) => {
    if (isStored) await tx.runRows.deleteChanges(held.map((change) => change.id));
    else {
      const byReason = Map.groupBy(held, (change) =>
        (verdict.held.get(indexOf.get(change.id) as number) ?? []).join(', '),
      );
      const state = judgement.decision?.decision === 'rejected' ? 'rejected' : 'held';
      for (const [because, changes] of byReason)
        await tx.runRows.setChangeState(
          changes.map((change) => change.id),
          state,
          because,
        );
    }
    if (superseded.length > 0) await tx.runRows.setChangeState(superseded, 'superseded', `by run ${session.run}`);
    await tx.runRows.saveRun(run);
  });
}

async function supersededHolds(store: SyncStore, source: SourceName, keep: RunId | undefined): Promise<ChangeId[]> {
  const ids: ChangeId[] = [];
  for (const run of await store.read.runs({ source, limit: 200 })) {
    if (run.dryRun || run.id === keep || run.heldChecksum === undefined) continue;
    for await (const stored of changesOf(store.read, run.id, heldStates)) ids.push(stored.id);
  }
  return ids;
}
