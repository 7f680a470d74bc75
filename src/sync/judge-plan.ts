// The guard's verdict over a built plan, and what is stored of it: which changes are held, under which checksum, and whether a
// person has already decided on exactly these.

import { createHash } from 'node:crypto';
import type { Verdict } from '../model/decision.ts';
import type { ChangeId, RunId, SourceName } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import { checksumText, type TeamOfGroup } from '../reconcile/checksum.ts';
import { judge } from '../reconcile/guard.ts';
import type { PlannedChange, PlanSession } from './plan-session.ts';
import type { Approval, RunReader, StoredChange, StoreReader, StoreTx } from './ports.ts';

export interface Judgement {
  readonly verdict: Verdict;
  readonly safe: readonly PlannedChange[];
  readonly held: readonly PlannedChange[];
  readonly heldChecksum?: string;
  /** A rejection of exactly this set that has not expired. An approval is spent by the act that gives it. */
  readonly rejection?: Approval;
  /** The earlier run that already holds exactly this set. */
  readonly heldBy?: RunId;
}

export async function judgePlan(session: PlanSession): Promise<Judgement> {
  const verdict = judge({ changes: session.changes, baseline: session.baseline, policy: session.policy });
  const safe = session.changes.filter((_, index) => !verdict.held.has(index));
  const held = session.changes.filter((_, index) => verdict.held.has(index));
  if (held.length === 0) return { verdict, safe, held };
  const heldChecksum = await checksumOf(session.store.read, session.run, new Set(held.map((change) => change.id)));
  const now = session.deps.clock.now();
  const [newest] = await session.store.read.approvals(session.source, heldChecksum, now);
  const holder = await holderOf(session.store.read, session.source, heldChecksum);
  return {
    verdict,
    safe,
    held,
    heldChecksum,
    ...(newest?.decision === 'rejected' ? { rejection: newest } : {}),
    ...(holder === undefined ? {} : { heldBy: holder }),
  };
}

/**
 * SHA-256 over the canonical text of the held changes: kind, user, before, after. A run that makes teams and holds changes which
 * name them has the same checksum as the next one only when it is worked out again at its end.
 */
export async function checksumOf(read: StoreReader, run: RunId, ids: ReadonlySet<ChangeId>): Promise<string> {
  const texts: string[] = [];
  const teams = new Map((await read.groups()).map(({ source, id, teamId }) => [`${source}/${id}`, teamId]));
  const teamOf: TeamOfGroup = ({ source, id }) => teams.get(`${source}/${id}`);
  for await (const stored of changesOf(read, run, ['planned', 'held', 'rejected'])) {
    if (ids.has(stored.id)) texts.push(checksumText(stored.change, teamOf));
  }
  const sum = createHash('sha256');
  for (const text of texts.sort()) sum.update(text).update('\n');
  return sum.digest('hex');
}

/** The run of the source that has exactly these changes stored, if one has. */
async function holderOf(read: StoreReader, source: SourceName, checksum: string): Promise<RunId | undefined> {
  for (const id of new Set((await read.heldChanges(source)).map((change) => change.run)))
    if ((await read.run(id))?.heldChecksum === checksum) return id;
  return undefined;
}

export async function* changesOf(
  read: Pick<RunReader, 'changes'>,
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
  const { verdict, held } = judgement;
  const isStored = judgement.heldBy !== undefined && held.length > 0 && intent === 'apply';
  const indexOf = new Map(session.changes.map((change, index) => [change.id, index]));
  const kept = isStored ? judgement.heldBy : undefined;
  const holding = intent === 'plan' ? [] : await session.store.read.heldChanges(session.source);
  const superseded = holding.filter((change) => change.run !== kept);
  await session.lease.write(async (tx) => {
    if (isStored) {
      await tx.runRows.deleteChanges(held.map((change) => change.id));
      if (kept !== undefined && judgement.rejection === undefined) await holdAgain(tx, kept, session.run);
    } else {
      const byReason = Map.groupBy(held, (change) =>
        (verdict.held.get(indexOf.get(change.id) as number) ?? []).join(', '),
      );
      const state = judgement.rejection === undefined ? 'held' : 'rejected';
      for (const [because, changes] of byReason)
        await tx.runRows.setChangeState(
          changes.map((change) => change.id),
          state,
          because,
        );
    }
    const because = `superseded by run ${session.run}`;
    await tx.runRows.setChangeState(
      superseded.map((change) => change.id),
      'superseded',
      because,
    );
    for (const id of new Set(superseded.map((change) => change.run))) await endWaiting(tx, id, because);
    await tx.runRows.saveRun(run);
  });
}

/** Changes of a run in one state, by what holds them. */
export async function idsByReason(
  read: Pick<RunReader, 'changes'>,
  run: RunId,
  state: StoredChange['state'],
): Promise<ReadonlyMap<string | undefined, readonly ChangeId[]>> {
  const ids = new Map<string | undefined, ChangeId[]>();
  for await (const { id, because } of changesOf(read, run, [state])) {
    const known = ids.get(because);
    if (known === undefined) ids.set(because, [id]);
    else known.push(id);
  }
  return ids;
}

/** What this run stores was rejected, and the rejection has expired: it waits for a decision again. Else nothing is written. */
async function holdAgain(tx: StoreTx, id: RunId, by: RunId): Promise<void> {
  const rejected = await idsByReason(tx, id, 'rejected');
  if (rejected.size === 0) return;
  for (const [because, ids] of rejected) await tx.runRows.setChangeState(ids, 'held', because);
  const run = await tx.run(id);
  if (run?.state !== 'done') return;
  await tx.runRows.saveRun({ ...run, state: 'held', because: `held again since run ${by}: its rejection has expired` });
}

/** The run that stores these held changes, and those that derived the same set later, wait for no decision any more. */
export async function endWaiting(tx: StoreTx, id: RunId, because: string): Promise<void> {
  const own = await tx.run(id);
  const later = await tx.runs({ states: ['held'], heldRunId: id, limit: 100_000 });
  for (const run of own?.state === 'held' ? [own, ...later] : later) {
    await tx.runRows.saveRun({ ...run, state: 'done', because, counts: { ...run.counts, held: 0 } });
  }
}
