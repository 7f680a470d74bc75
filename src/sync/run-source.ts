// One run for one source, from the lease to the verified end. Every way out ends in a recorded outcome.
//
//   lease -> read -> settle absence -> plan -> guard -> apply -> verify
//                                   \-> paused: a person stopped the source, or it waits for another one to be read first;
//                                       what it found waits for the next run
//
// A dry run does the same in a private copy of the store, ends after the guard, and writes only its run and its plan.

import { RosterdError } from '../model/errors.ts';
import { asChangeId, asRunId, type EpochMs, type SourceName } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import { clockToleranceMs } from './clock-set-back.ts';
import { endsWaiting } from './correlate-after.ts';
import { type SyncDeps, sourcePolicy } from './deps.ts';
import { forgetOld } from './forget-old.ts';
import { changesOf } from './judge-plan.ts';
import { addRunNotices } from './notices/add-run-notices.ts';
import { announceNotices } from './notices/announce-notices.ts';
import type { StoredChange, SyncStore } from './ports.ts';
import { readPhase } from './read-phase.ts';
import { reconcilePhase } from './reconcile-phase.ts';
import { closeInterrupted } from './resume-run.ts';
import { RunLease } from './run-lease.ts';
import { auditHeadOf, RunRecord } from './run-record.ts';
import { isCutOff } from './schedule/served.ts';
import { stopReason } from './stop-reason.ts';

export interface RunRequest {
  readonly source: SourceName;
  readonly mode: 'full';
  /** `plan`: a dry run. */
  readonly intent: 'apply' | 'plan';
  readonly trigger: Run['trigger'];
  readonly actor: string;
  /** More than 1 when what failed is tried again. Default 1. */
  readonly attempt?: number;
  /** The scheduled time it is for: where another process has made the run of that time, `run-in-progress` is thrown. */
  readonly dueAt?: EpochMs;
}

/** Everything that the phases of one run share. `store` is a private copy in a dry run. */
export interface RunScope {
  readonly deps: SyncDeps;
  readonly store: SyncStore;
  readonly lease: RunLease;
  readonly record: RunRecord;
  readonly intent: RunRequest['intent'];
  readonly signal: AbortSignal;
}

/**
 * Runs a source. Throws only what keeps a run from starting (`source-unknown`, `run-in-progress`, store errors);
 * everything later, a secret that is missing or a stored plan that cannot be finished too, ends in the returned run: `done`, `held`, `partial`, `paused`, `failed` or `interrupted`.
 * The signal's reason may be a RosterdError: the run then ends with its code and message.
 */
export async function runSource(deps: SyncDeps, request: RunRequest, signal: AbortSignal): Promise<Run> {
  sourcePolicy(deps.policy, request.source);
  return request.intent === 'plan' ? dryRun(deps, request, signal) : realRun(deps, request, signal);
}

async function newRecord(deps: SyncDeps, request: RunRequest): Promise<RunRecord> {
  const id = asRunId(await deps.store.write((tx) => tx.allocate('run', 1)));
  const { source, trigger, actor, mode, attempt = 1 } = request;
  const dryRun = request.intent === 'plan';
  return new RunRecord({ id, source, trigger, actor, mode, attempt, dryRun }, deps.clock, deps.emit);
}

async function realRun(deps: SyncDeps, request: RunRequest, signal: AbortSignal): Promise<Run> {
  const lease = new RunLease(deps, deps.store);
  await lease.acquireSource(request.source);
  try {
    await refuseIfServed(deps, request);
    const record = await newRecord(deps, request);
    const scope: RunScope = { deps, store: deps.store, lease, record, intent: request.intent, signal };
    // First of all: what fails from here on is seen, and is called failing when it fails again and again.
    await lease.write((tx) => tx.runRows.saveRun(record.run));
    const bug = await guarded(scope);
    await forgetOld(scope);
    record.set({ auditHead: await auditHeadOf(deps.store.read) });
    const notices = await lease.write(async (tx) => {
      await tx.runRows.saveRun(record.run);
      return addRunNotices(tx, deps, record.run);
    });
    record.announceEnd();
    announceNotices(deps.emit, notices);
    if (bug !== undefined) throw bug;
    return record.run;
  } finally {
    await lease.release();
  }
}

/** Replicas wake up at the same moment: whoever gets the lease second may find the work done. */
async function refuseIfServed({ store, clock }: SyncDeps, { source, dueAt, attempt = 1 }: RunRequest): Promise<void> {
  if (dueAt === undefined || attempt > 1) return;
  const [last] = await store.read.runs({ source, kind: 'real', limit: 1 });
  // A run in the future of our clock speaks for no time: the clock was set back.
  if (last === undefined || last.startedAt < dueAt || last.startedAt > clock.now() + clockToleranceMs) return;
  // We have its lease: whoever made it was stopped or died.
  if (isCutOff(last)) return;
  const message = `Run ${last.id} of ${source} was made for this scheduled time by another process.`;
  throw new RosterdError('run-in-progress', message, { subject: source });
}

async function dryRun(deps: SyncDeps, request: RunRequest, signal: AbortSignal): Promise<Run> {
  const record = await newRecord(deps, request);
  const copy = await deps.store.overlay();
  try {
    const lease = new RunLease(deps, copy);
    await lease.acquireSource(request.source);
    const bug = await guarded({ deps, store: copy, lease, record, intent: request.intent, signal });
    if (bug !== undefined) throw bug;
    await copyOut(copy, deps.store, record.run);
    record.announceEnd();
    return record.run;
  } finally {
    await copy.close();
  }
}

/** Runs the phases; an error becomes the outcome of the run. Returns a bug, which is recorded first and then thrown on with its stack. */
async function guarded(scope: RunScope): Promise<unknown> {
  const { record } = scope;
  record.started();
  try {
    if (scope.intent === 'apply') await closeInterrupted(scope);
    const read = await readPhase(scope);
    if (!read.isUsable)
      record.ended('failed', {
        because: read.because ?? 'the source could not be read',
        errorCode: read.errorCode ?? 'source-partial',
      });
    else if (!(await endsWaiting(scope, read))) await reconcilePhase(scope, read);
    return undefined;
  } catch (error) {
    const cause = scope.signal.aborted ? stopReason(scope.signal) : error;
    const code = cause instanceof RosterdError ? cause.code : 'bug';
    const because = messageOf(cause);
    // A judged plan stays in `applying`: the next run applies the rest of it under the same verdict.
    if (record.run.state === 'applying') record.set({ because, errorCode: code });
    else record.ended(code === 'interrupted' ? 'interrupted' : 'failed', { because, errorCode: code });
    // Whoever has taken the lease over writes now; this run may not.
    if (code === 'lease-lost') throw error;
    return code === 'bug' ? error : undefined;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The run and its plan, out of the private copy. Nothing else of it is kept, so its changes get numbers of the real store. */
async function copyOut(from: SyncStore, to: SyncStore, run: Run): Promise<void> {
  await to.write((tx) => tx.runRows.saveRun(run));
  const save = (rows: readonly StoredChange[]): Promise<void> =>
    to.write(async (tx) => {
      const first = await tx.allocate('change', rows.length);
      await tx.runRows.addChanges(rows.map((row, index) => ({ ...row, id: asChangeId(first + index) })));
    });
  let rows: StoredChange[] = [];
  for await (const stored of changesOf(from.read, run.id, ['planned', 'held', 'rejected'])) {
    rows.push(stored);
    if (rows.length < 1000) continue;
    const full = rows;
    rows = [];
    await save(full);
  }
  if (rows.length > 0) await save(rows);
}
