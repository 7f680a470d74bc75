// What an earlier process left behind when it died, or a pause when it came. Called under the source's lease, so nobody else is
// at it.
//
//   died in                what is done
//   reading, planning      closed as interrupted, its plan is thrown away; the new run reads again
//   applying, verifying    its stored plan is applied to the end under the same verdict; each change is checked again.
//                          While the source is paused it stays open; the run after the pause does it

import {
  asAccountKey,
  type ChangeId,
  type ExternalId,
  type RunId,
  type SourceName,
  type UserId,
} from '../model/ids.ts';
import { pauseOf } from '../model/pause.ts';
import type { Run, RunState } from '../model/run.ts';
import { applyPlan } from './apply-plan.ts';
import { addTallies } from './guard-baseline.ts';
import { changesOf, checksumOf, endWaiting } from './judge-plan.ts';
import type { StoreReader } from './ports.ts';
import { isPaused } from './refuse-paused.ts';
import { auditHeadOf } from './run-record.ts';
import type { RunScope } from './run-source.ts';

const portion = 1_000;

export async function closeInterrupted(scope: RunScope): Promise<void> {
  const { store, record, deps } = scope;
  const open = await store.read.runs({
    source: record.source,
    limit: 100,
    states: ['reading', 'planning', 'applying', 'verifying'],
  });
  // Oldest first, so that a later plan is checked against what an earlier one did.
  for (const run of [...open].reverse()) {
    if (run.id === record.id) continue;
    if (isResumable(run)) {
      if (pauseOf(await store.read.pauses(deps.clock.now()), record.source) !== undefined) continue;
      if (!(await resume(scope, run))) continue;
    } else await throwAway(scope, run);
    record.emit({ kind: 'run:interrupted-closed', run: record.id, source: record.source, interrupted: run.id });
  }
}

/** Judged, and not applied to its end. */
export const isResumable = ({ state }: Run): boolean => state === 'applying' || state === 'verifying';

async function throwAway(scope: RunScope, run: Run): Promise<void> {
  const ids: ChangeId[] = [];
  for await (const stored of changesOf(scope.store.read, run.id, ['planned'])) ids.push(stored.id);
  const closed: Run = {
    ...run,
    state: 'interrupted',
    endedAt: scope.deps.clock.now(),
    because: 'the process died; read again',
    errorCode: 'interrupted',
  };
  await scope.lease.write(async (tx) => {
    await tx.runRows.deleteChanges(ids);
    await tx.runRows.saveRun(closed);
  });
}

/** False when a pause came meanwhile: then the rest waits for its end. */
async function resume(scope: RunScope, run: Run): Promise<boolean> {
  const { store, lease, deps, record, signal } = scope;
  await lease.acquireReconcile(signal);
  try {
    await applyPlan(
      {
        store,
        lease,
        run: run.id,
        source: run.source,
        actor: `sync:${run.source}`,
        clock: deps.clock,
        now: deps.clock.now(),
        plannedAt: run.startedAt,
        isResumed: true,
        settling: undefined,
        onProgress: () => {},
        onEnd: (counts) =>
          record.emit({ kind: 'changes:applied', run: run.id, source: run.source, by: 'resumption', counts }),
      },
      signal,
    );
  } catch (error) {
    if (isPaused(error)) return false;
    throw error;
  }
  await markApplied(scope, run);
  const counts = await store.read.changeCounts(run.id);
  // It ends as it would have ended: the reason for which it stopped half-way is over.
  const { errorCode: _stopped, ...rest } = run;
  const closed: Run = {
    ...rest,
    state: await stateOf(store.read, run),
    ...(run.read === 'partial' && { errorCode: 'source-partial' }),
    endedAt: deps.clock.now(),
    because: `${run.because ?? 'the process died while it applied'}; resumed and finished by the next run`,
    counts: {
      ...run.counts,
      applied: counts.applied ?? 0,
      created: await createdBy(store.read, run.id),
      obsolete: counts.obsolete ?? 0,
      conflict: counts.conflict ?? 0,
    },
    ...(await checksumNow(store.read, run)),
    auditHead: await auditHeadOf(store.read),
  };
  await lease.write(async (tx) => {
    // What it has applied counts for the guard from now on, as a part of this run. With an approval it has counted long ago.
    const isApproved = run.endedAt !== undefined;
    await tx.runRows.saveRun(isApproved ? closed : { ...closed, applied: {} });
    if (isApproved) {
      // Later runs that derived the same set wait for nothing any more.
      await endWaiting(tx, run.id, `approved as run ${run.id}`);
      return;
    }
    await tx.runRows.saveRun(record.set({ applied: addTallies(record.run.applied, Object.entries(run.applied)) }));
  });
  return true;
}

/**
 * What it has applied is looked at again: the findings of users that a run makes or links are opened when it verifies, and it
 * did not come to that.
 */
async function markApplied({ store, lease }: RunScope, run: Run): Promise<void> {
  let users: UserId[] = [];
  let created: ExternalId[] = [];
  const mark = async (): Promise<void> => {
    const ids = [...users, ...(await usersOf(store.read, run.source, created))];
    [users, created] = [[], []];
    if (ids.length > 0) await lease.write((tx) => tx.dirty.users(ids, 'not verified by its run'));
  };
  for await (const { change } of changesOf(store.read, run.id, ['applied'])) {
    if (change.subject.kind === 'user') users.push(change.subject.id);
    if (change.subject.kind === 'account') created.push(change.subject.id);
    if (users.length + created.length >= portion) await mark();
  }
  await mark();
}

async function usersOf(read: StoreReader, source: SourceName, ids: readonly ExternalId[]): Promise<readonly UserId[]> {
  if (ids.length === 0) return [];
  const digests = await read.mirror.digests(source, 'account', ids);
  const accounts = await read.accounts([...digests.values()].map((row) => asAccountKey(row.key)));
  return accounts.flatMap(({ userId }) => userId ?? []);
}

/** What it holds may name teams that it has made. */
async function checksumNow(read: StoreReader, run: Run): Promise<Pick<Run, 'heldChecksum'>> {
  if (run.heldChecksum === undefined || run.heldRunId !== undefined) return {};
  const ids = new Set<ChangeId>();
  for await (const { id } of changesOf(read, run.id, ['held', 'rejected'])) ids.add(id);
  return ids.size === 0 ? {} : { heldChecksum: await checksumOf(read, run.id, ids) };
}

/** Of all that was applied of it: what its first process has created is in no count of that process that died. */
async function createdBy(read: StoreReader, run: RunId): Promise<number> {
  let created = 0;
  for await (const { change } of changesOf(read, run, ['applied'])) if (change.subject.kind === 'account') created += 1;
  return created;
}

/** Somebody may have decided on what it held while it was open. */
async function stateOf(read: StoreReader, run: Run): Promise<RunState> {
  if (run.read === 'partial') return 'partial';
  const { held = 0 } = await read.changeCounts(run.heldRunId ?? run.id);
  return held > 0 ? 'held' : 'done';
}
