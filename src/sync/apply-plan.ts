// Applies stored changes in batches at user boundaries. Each batch is one transaction: lease, before-values, rows, audit entries.
// Invariant: a change is applied and audited together or not at all; a batch can be run again after any crash.

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { subjectKey } from '../model/change.ts';
import type { ChangeId, EpochMs, RunId, SourceName, UserId } from '../model/ids.ts';
import type { AppliedCounts } from '../model/run.ts';
import { applyTeamChanges, TeamDirectory } from './apply-teams.ts';
import { applyUserChanges } from './apply-users.ts';
import type { Clock, NewAuditEntry, StoredChange, StoreTx, SyncStore } from './ports.ts';
import { refusePaused } from './refuse-paused.ts';
import type { RunLease } from './run-lease.ts';
import { stopReason } from './stop-reason.ts';

export type ApplyTally = { -readonly [Count in keyof AppliedCounts]: number } & { readonly users: UserId[] };

export interface Settling {
  /** Next due times as planned. */
  readonly recheckAt: ReadonlyMap<ChangeId, EpochMs>;
  /** Changes of users on whom another source has to act too. */
  readonly keepDirty: ReadonlySet<ChangeId>;
  /** Who was marked again after this marking stays dirty: somebody edited the user while the plan was made. */
  readonly mark: number;
}

export interface ApplyRequest {
  readonly store: SyncStore;
  readonly lease: RunLease;
  readonly run: RunId;
  readonly source: SourceName;
  readonly actor: string;
  readonly clock: Clock;
  readonly now: EpochMs;
  /** What people decided from then on is stronger than the plan. */
  readonly plannedAt: EpochMs;
  /** The plan was made by a process that died. */
  readonly isResumed: boolean;
  /** What settles the users that are applied. A resumed or released plan has none: they stay dirty until the next plan. */
  readonly settling: Settling | undefined;
  readonly onProgress: (done: number) => void;
  /** Told once, with what this call has done, also when it stops half-way. */
  readonly onEnd: (counts: AppliedCounts) => void;
}

/** Keeps a transaction within about 100 ms, so that signals and other writers get their turn. */
const batchSize = 500;

/** Stops between two batches: throws why the signal was aborted, or `sync-paused`. What is left stays planned. */
export async function applyPlan(request: ApplyRequest, signal: AbortSignal): Promise<ApplyTally> {
  const tally: ApplyTally = { applied: 0, created: 0, obsolete: 0, conflict: 0, users: [] };
  try {
    await applyBatches(request, tally, signal);
    return tally;
  } finally {
    const { users: _users, ...counts } = tally;
    request.onEnd(counts);
  }
}

async function applyBatches(request: ApplyRequest, tally: ApplyTally, signal: AbortSignal): Promise<void> {
  const teams = await TeamDirectory.load(request.store);
  for (;;) {
    if (signal.aborted) throw stopReason(signal);
    const batch = await nextBatch(request);
    if (batch.length === 0) return;
    const done = await request.lease.write(async (tx) => {
      await refusePaused(tx, request.source, request.clock);
      return applyBatch(tx, request, teams, batch);
    });
    addUp(tally, done);
    request.onProgress(tally.applied + tally.obsolete + tally.conflict);
    await yieldToLoop();
  }
}

/** The next changes in the order of the plan; an atomic group is never cut. */
async function nextBatch(request: ApplyRequest): Promise<StoredChange[]> {
  const batch = [
    ...(await request.store.read.changes(request.run, { states: ['planned'], after: 0, limit: batchSize })),
  ];
  const groups = new Set(batch.flatMap((stored) => stored.change.atomic ?? []));
  if (groups.size === 0 || batch.length < batchSize) return batch;
  const last = batch.at(-1) as StoredChange;
  let after: number = last.id;
  for (;;) {
    const more = await request.store.read.changes(request.run, { states: ['planned'], after, limit: 1000 });
    const end = more.at(-1);
    if (end === undefined) return batch;
    batch.push(...more.filter((stored) => stored.change.atomic !== undefined && groups.has(stored.change.atomic)));
    after = end.id;
  }
}

export interface BatchResult {
  readonly state: 'applied' | 'obsolete' | 'conflict';
  readonly stored: StoredChange;
  /** The user that was changed or created. */
  readonly user?: UserId;
  readonly because?: string;
}

async function applyBatch(
  tx: StoreTx,
  request: ApplyRequest,
  teams: TeamDirectory,
  batch: readonly StoredChange[],
): Promise<readonly BatchResult[]> {
  const isTeam = (stored: StoredChange): boolean =>
    stored.change.subject.kind === 'team' || stored.change.subject.kind === 'group';
  const results = [
    ...(await applyTeamChanges(tx, request.source, teams, batch.filter(isTeam))),
    ...(await applyUserChanges(
      tx,
      request,
      teams,
      batch.filter((stored) => !isTeam(stored)),
    )),
  ];
  for (const [key, group] of Map.groupBy(results, (result) => `${result.state}\u0000${result.because ?? ''}`)) {
    const [state, because] = key.split('\u0000') as [BatchResult['state'], string];
    await tx.runRows.setChangeState(
      group.map((result) => result.stored.id),
      state,
      because === '' ? undefined : because,
    );
  }
  const entries = results.flatMap((result) => (result.state === 'applied' ? [auditEntry(request, result)] : []));
  // Last, because it locks the head of the chain.
  if (entries.length > 0) await tx.audit(entries);
  return results;
}

function auditEntry(request: ApplyRequest, { stored, user }: BatchResult): NewAuditEntry {
  const isNew = stored.change.subject.kind === 'account' || stored.change.subject.kind === 'group';
  return {
    at: request.now,
    actor: request.actor,
    action: `${user === undefined ? 'team' : 'user'}.${isNew ? 'created' : 'changed'}`,
    subject: user === undefined ? subjectKey(stored.change.subject) : `user:${user}`,
    label: stored.change.label,
    runId: request.run,
    changeId: stored.id,
    payload: stored.change,
    ...(user === undefined ? {} : { userId: user }),
  };
}

function addUp(tally: ApplyTally, results: readonly BatchResult[]): void {
  for (const result of results) {
    tally[result.state] += 1;
    if (result.state === 'applied' && result.stored.change.subject.kind === 'account') tally.created += 1;
    if (result.state === 'applied' && result.user !== undefined) tally.users.push(result.user);
  }
}
