// The second half of a run: plan, guard, apply, verify. One at a time over all sources.

import { type Finding, type FindingCode, findingCodes } from '../model/finding.ts';
import type { SourceName, UserId } from '../model/ids.ts';
import { pauseOf, pauseText } from '../model/pause.ts';
import type { Policy } from '../model/policy.ts';
import type { AppliedCounts, RunState } from '../model/run.ts';
import { crossFindingCodes, isContactCentre, isCrossSubjectOf } from '../reconcile/cross-findings.ts';
import { applyPlan } from './apply-plan.ts';
import { buildPlan } from './build-plan.ts';
import { findFlapping } from './find-flapping.ts';
import { findSharedValues, sharedValueCodes } from './find-shared-values.ts';
import { findTeamGaps, teamGapCodes } from './find-team-gaps.ts';
import { addTallies, guardBaseline } from './guard-baseline.ts';
import { checksumOf, type Judgement, judgePlan, storeVerdict } from './judge-plan.ts';
import { PlanSession } from './plan-session.ts';
import type { AuditHead, StoreTx } from './ports.ts';
import type { ReadResult } from './read-phase.ts';
import type { RunScope } from './run-source.ts';
import { verifyApplied } from './verify-plan.ts';

/** Codes that the run itself opens and closes; all others belong to the planner. */
const runCodes: readonly FindingCode[] = [
  'record-rejected',
  'group-members-unread',
  'plan-held',
  'verify-mismatch',
  'attribute-unread',
  'value-flapping',
  ...sharedValueCodes,
  ...teamGapCodes,
];
/**
 * They stand on two users. Who was refused a value is planned in every run, so what a plan does not derive is over; but only in a
 * plan of the source that says so: a run of another one that looks at the user knows nothing of it.
 */
const conflictCodes: readonly FindingCode[] = ['username-conflict', 'email-conflict'];
const planCodes = (Object.keys(findingCodes) as FindingCode[]).filter(
  (code) => !runCodes.includes(code) && !conflictCodes.includes(code),
);

export async function reconcilePhase(scope: RunScope, read: ReadResult): Promise<void> {
  const { record, store, lease, deps } = scope;
  if (await endsPaused(scope, read)) return;
  await waitForReconcile(scope);
  // Another source may have been at it for a while.
  if (await endsPaused(scope, read)) return;
  record.set({ state: 'planning' });
  const state = await store.read.mirror.source(record.source);
  const { baseline, enabledNow } = await guardBaseline(store.read, record.source, state, deps.clock.now());
  record.set({ enabledBefore: enabledNow });
  const session = await PlanSession.open(deps, store, lease, record.id, record.source, baseline);
  await plan(scope, session);
  record.phase('judging');
  const judgement = await judgePlan(session);
  noteVerdict(scope, session, judgement);
  // Noted before it is applied: what a run that dies half-way has done counts in the guard's window all the same.
  const applied = addTallies(record.run.applied, judgement.verdict.tally);
  await storeVerdict(session, judgement, record.set({ state: 'applying', applied }), scope.intent);
  if (scope.intent === 'apply') await applyAndVerify(scope, session, judgement, read);
  end(scope, judgement, read);
}

/** Its row says while it waits, and only then, that it is still reading and has read: `rosterd status` tells it. */
async function waitForReconcile({ record, lease, signal }: RunScope): Promise<void> {
  let hasWaited = false;
  await lease.acquireReconcile(signal, async () => {
    hasWaited = true;
    record.phase('waiting');
    await lease.write((tx) => tx.runRows.saveRun(record.run));
  });
  if (hasWaited) await lease.write((tx) => tx.runRows.saveRun(record.set({ state: 'planning' })));
}

/** While a person has paused the source nothing is planned: who is dirty stays dirty, and the mirror is up to date. */
async function endsPaused({ record, store, deps, intent }: RunScope, read: ReadResult): Promise<boolean> {
  if (intent === 'plan') return false;
  const pause = pauseOf(await store.read.pauses(deps.clock.now()), record.source);
  if (pause === undefined) return false;
  const cut = read.because === undefined ? '' : `; the read was not complete: ${read.because}`;
  record.ended('paused', { because: `${pauseText(pause)}${cut}`, errorCode: read.errorCode ?? 'sync-paused' });
  return true;
}

async function plan(scope: RunScope, session: PlanSession): Promise<void> {
  const { record, deps } = scope;
  const progress = record.phase('planning');
  let done = 0;
  await buildPlan(session, scope.signal, (count) => {
    done += count;
    progress(done);
  });
  const compared = await comparedSubjects(session);
  const changed = await session.lease.write(async (tx) => {
    await session.forgetLinked(tx);
    const findings = [...session.findings.values(), ...session.compared.values()].flat();
    const by = { run: record.id, now: deps.clock.now() };
    const own = await tx.findings.reconcile([...session.evaluated, ...compared], findings, { ...by, codes: planCodes });
    const conflicts = findings.filter((finding) => conflictCodes.includes(finding.code));
    const over = await tx.findings.reconcile({ everyOf: record.source }, conflicts, { ...by, codes: conflictCodes });
    await tx.mirror.setQuarantine(session.quarantines);
    await tx.dirty.clearUsers([...session.settledUsers], session.mark);
    await tx.dirty.clearAccounts(session.settledAccounts);
    await tx.dirty.clearGroups(session.settledGroups);
    await tx.dirty.setRecheck(session.rechecks);
    return { opened: own.opened + over.opened, closed: own.closed + over.closed };
  });
  record.count({ planned: session.changes.length });
  countFindings(scope, changed);
}

/** Of what is open about users whose sources were compared: asked from the smaller side, because most users have nothing open. */
async function comparedSubjects({ store, compared }: PlanSession): Promise<readonly string[]> {
  if (compared.size === 0) return [];
  const open = await store.read.openSubjects(crossFindingCodes);
  return open.filter((subject) => isCrossSubjectOf(compared, subject));
}

function noteVerdict(scope: RunScope, session: PlanSession, judgement: Judgement): void {
  const { record } = scope;
  const { verdict, held, heldChecksum, heldBy } = judgement;
  record.count({ held: held.length, created: session.created });
  record.set({
    holds: verdict.holds,
    ...(heldChecksum === undefined ? {} : { heldChecksum }),
    ...(heldBy === undefined || scope.intent === 'plan' ? {} : { heldRunId: heldBy }),
  });
  record.emit({
    kind: 'plan:judged',
    run: record.id,
    source: record.source,
    planned: session.changes.length,
    held: held.length,
    holds: verdict.holds,
  });
}

async function applyAndVerify(
  scope: RunScope,
  session: PlanSession,
  judgement: Judgement,
  read: ReadResult,
): Promise<void> {
  const { record, store, lease, deps, signal } = scope;
  const recheckAt = new Map(
    session.changes.flatMap((change) =>
      change.recheckAt === undefined ? [] : [[change.id, change.recheckAt] as const],
    ),
  );
  const keepDirty = new Set(session.changes.flatMap((change) => (change.keepsDirty ? [change.id] : [])));
  const headBefore = await store.read.auditHead();
  const onProgress = record.phase('applying', judgement.safe.length);
  const tally = await applyPlan(
    {
      store,
      lease,
      run: record.id,
      source: record.source,
      actor: `sync:${record.source}`,
      clock: deps.clock,
      now: deps.clock.now(),
      plannedAt: session.world.now,
      isResumed: false,
      settling: { recheckAt, keepDirty, mark: session.mark },
      onProgress,
      onEnd: (counts) => noteApplied(scope, counts),
    },
    signal,
  );
  record.set({ state: 'verifying' });
  const onVerified = record.phase('verifying', tally.users.length);
  const { failed, opened } = await verifyApplied(store, session, tally.users, signal, onVerified);
  countFindings(scope, { opened, closed: 0 });
  await noteFlapping(scope, tally.users, headBefore);
  await noteOverAll(scope);
  if (judgement.held.length > 0 && judgement.heldBy === undefined) {
    // What is held may name teams that this very run has made.
    const held = new Set(judgement.held.map((change) => change.id));
    record.set({ heldChecksum: await checksumOf(store.read, record.id, held) });
  }
  await conclude(scope, judgement, read, failed);
}

async function noteFlapping(scope: RunScope, users: readonly UserId[], before: AuditHead): Promise<void> {
  const { record, store, lease, deps } = scope;
  const { findings, evaluated } = await findFlapping(store.read, record.source, users, before);
  if (findings.length === 0 && evaluated.length === 0) return;
  const by = { run: record.id, now: deps.clock.now(), codes: ['value-flapping'] as const };
  countFindings(scope, await lease.write((tx) => tx.findings.reconcile(evaluated, findings, by)));
}

/** What only shows over all users and teams: every run looks at the whole of it, so each closes what is over, whoever opened it. */
async function noteOverAll(scope: RunScope): Promise<void> {
  const { record, store, lease, deps } = scope;
  const codes = [...sharedValueCodes, ...teamGapCodes];
  const shared = await findSharedValues(store.read);
  const findings = [...shared, ...(await findTeamGaps(store.read, deps.policy))];
  const open = await store.read.openSubjects(codes);
  if (findings.length === 0 && open.length === 0) return;
  const by = { run: record.id, now: deps.clock.now(), codes };
  countFindings(scope, await lease.write((tx) => tx.findings.reconcile(open, findings, by)));
}

function countFindings({ record }: RunScope, changed: { readonly opened: number; readonly closed: number }): void {
  const { findingsOpened, findingsClosed } = record.run.counts;
  record.count({ findingsOpened: findingsOpened + changed.opened, findingsClosed: findingsClosed + changed.closed });
}

function noteApplied({ record }: RunScope, counts: AppliedCounts): void {
  record.count(counts);
  record.emit({ kind: 'changes:applied', run: record.id, source: record.source, by: 'run', counts });
}

/** What the end of a run leaves for people and for the next run. */
async function conclude(
  scope: RunScope,
  judgement: Judgement,
  read: ReadResult,
  failed: readonly string[],
): Promise<void> {
  const { record, store, lease, deps } = scope;
  const { source } = record;
  if (failed.length > 0) record.emit({ kind: 'verify:failed', run: record.id, source, subjects: failed.length });
  const findings: Finding[] = [];
  const of = { source, subject: `source:${source}`, label: source };
  if (failed.length > 0)
    findings.push({ ...of, code: 'verify-mismatch', detail: { users: failed.slice(0, 20), count: failed.length } });
  if (judgement.held.length > 0 && judgement.rejection === undefined) {
    findings.push({
      ...of,
      code: 'plan-held',
      detail: { run: judgement.heldBy ?? record.id, changes: judgement.held.length },
    });
  }
  const state = await store.read.mirror.source(source);
  // While links and overwrites of a first run are held, the source stays in its first run: waiting releases nothing.
  // Nor does a read that was cut: it has shown only some of them.
  const isFirstDone =
    state?.firstAppliedAt === undefined &&
    read.isComplete &&
    !judgement.verdict.holds.some((hold) => hold.kind === 'first-run');
  const isFirstComplete = state?.firstCompleteAt === undefined && read.isComplete;
  const changed = await lease.write(async (tx) => {
    if (state !== undefined && (isFirstDone || isFirstComplete)) {
      const now = deps.clock.now();
      const firsts = { ...(isFirstDone && { firstAppliedAt: now }), ...(isFirstComplete && { firstCompleteAt: now }) };
      await tx.mirror.saveSource({ ...state, ...firsts });
      if (isFirstComplete) await lookAgain(tx, deps.policy, source);
    }
    return tx.findings.reconcile([of.subject], findings, {
      run: record.id,
      now: deps.clock.now(),
      codes: ['verify-mismatch', 'plan-held'],
    });
  });
  countFindings(scope, changed);
}

/** Who was read before the directory is only now known to be in it or not. Once in the life of a directory. */
async function lookAgain(tx: StoreTx, { sources }: Policy, directory: SourceName): Promise<void> {
  const isAuthority = sources.some((one) => one.name === directory && one.lifecycle === 'authority');
  if (!isAuthority) return;
  for (const policy of sources)
    if (isContactCentre({ policy })) await tx.dirty.everythingOf(policy.name, 'directory read');
}

function end(scope: RunScope, judgement: Judgement, read: ReadResult): void {
  const isHeld = judgement.held.length > 0 && judgement.rejection === undefined;
  const state: RunState = !read.isComplete ? 'partial' : isHeld ? 'held' : 'done';
  scope.record.ended(state, {
    ...(read.because === undefined ? {} : { because: read.because }),
    ...(read.errorCode === undefined ? {} : { errorCode: read.errorCode }),
  });
}
