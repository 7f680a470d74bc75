// The first half of a run: the source is read into the mirror, and what a complete read did not show is settled.

import type { Connector } from '../connector.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { EpochMs } from '../model/ids.ts';
import { wasClockSetBack } from './clock-set-back.ts';
import { clockSkewSeconds, refuseWrongClock } from './clock-wrong.ts';
import { matchKeysProof } from './correlate-after.ts';
import { sourcePolicy } from './deps.ts';
import { mappingSalt } from './digest.ts';
import { dueGroups } from './due-groups.ts';
import { ReadContext } from './read-context.ts';
import { type ReadEnd, readSource } from './read-source.ts';
import type { RunScope } from './run-source.ts';
import { type Absences, commitRead, settleAbsence } from './settle-absence.ts';

export interface ReadResult {
  /** False when the source could not be read at all: then nothing is planned. */
  readonly isUsable: boolean;
  readonly isComplete: boolean;
  readonly because?: string;
  readonly errorCode?: ErrorCode;
}

const readCodes = ['record-rejected', 'group-members-unread', 'attribute-unread'] as const;

export async function readPhase(scope: RunScope): Promise<ReadResult> {
  const { record, store, lease, deps } = scope;
  const policy = sourcePolicy(deps.policy, record.source);
  await noticeWhatIsDue(scope);
  const context = new ReadContext(record.source, policy, deps.clock, store.read, lease, mappingSalt(policy));
  const before = await store.read.mirror.counts(record.source);
  const startedAt = deps.clock.now();
  const progress = record.phase(
    'reading',
    before.presentAccounts + before.groups === 0 ? undefined : before.presentAccounts + before.groups,
  );
  const connector = await deps.connector(record.source);
  const end = await readSource(context, connector, scope.signal, {
    onOpened: (serverTime) => compareClocks(scope, serverTime),
    onProgress: () => progress(context.tally.accounts + context.tally.groups),
  });
  scope.signal.throwIfAborted();
  const settled = await settle(scope, context, connector, end, before.presentAccounts);
  countRead(scope, context, await store.read.mirror.unresolvedMembers(record.source));
  const { outcome } = settled;
  const because = outcome.kind === 'complete' ? undefined : outcome.because;
  const isComplete = outcome.kind === 'complete';
  const isUsable = isComplete || context.tally.accounts + context.tally.groups > 0;
  record.set({
    proof: {
      ...record.run.proof,
      ...(outcome.kind !== 'resync-required' && outcome.proof),
      ...(isComplete && { [matchKeysProof]: context.salt }),
    },
    // A source that gave nothing at all was not reached: nothing can be said of what it has.
    ...(isUsable && { read: isComplete ? 'complete' : 'partial' }),
  });
  const retryAfterMs = settled.error?.detail['retryAfterMs'];
  record.emit({
    kind: 'read:ended',
    run: record.id,
    source: record.source,
    outcome: outcome.kind,
    accounts: context.tally.accounts,
    groups: context.tally.groups,
    edges: context.tally.edges,
    durationMs: deps.clock.now() - startedAt,
    ...(because === undefined ? {} : { because }),
    ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
  });
  await noteFindings(scope, context, isComplete);
  // A cause of its own says what to do, and whether to try again; a doubt about what was read has none.
  const cause = settled.error?.code ?? (outcome.kind === 'partial' ? outcome.errorCode : undefined);
  const errorCode = cause ?? 'source-partial';
  return {
    isUsable,
    isComplete,
    ...(because === undefined ? {} : { because }),
    ...(isComplete ? {} : { errorCode }),
  };
}

/** Noted in the proof, also of a run that ends by it. */
function compareClocks({ record, deps }: RunScope, serverTime: EpochMs): void {
  const now = deps.clock.now();
  record.set({ proof: { clockSkewSeconds: clockSkewSeconds(now, serverTime) } });
  refuseWrongClock(record.source, now, serverTime);
}

/** What time has made due; and a clock that was set back or a changed mapping, precedence or role table, which concern everybody. */
export async function noticeWhatIsDue(scope: RunScope): Promise<void> {
  const { record, store, deps } = scope;
  const fingerprint = deps.policyFingerprint(record.source);
  const state = await store.read.mirror.source(record.source);
  const isChanged = state?.policyFingerprint !== fingerprint;
  const groups = await dueGroups(scope);
  const isSetBack = await wasClockSetBack(scope);
  await scope.lease.write(async (tx) => {
    await tx.dirty.due(deps.clock.now());
    if (groups.length > 0) {
      await tx.dirty.groups(record.source, groups);
      await tx.dirty.membersOf(groups, 'grace of a group ended');
    }
    if (isSetBack) await tx.dirty.everythingOf(record.source, 'clock set back');
    if (!isChanged) return;
    await tx.dirty.everythingOf(record.source, 'policy changed');
    await tx.mirror.saveSource({
      ...state,
      name: record.source,
      type: sourcePolicy(deps.policy, record.source).type,
      policyFingerprint: fingerprint,
    });
  });
}

async function settle(
  scope: RunScope,
  context: ReadContext,
  connector: Connector,
  end: ReadEnd,
  presentBefore: number,
): Promise<ReadEnd> {
  const { record } = scope;
  if (end.outcome.kind !== 'complete') return end;
  const state = await scope.store.read.mirror.source(record.source);
  const isOtherScope =
    state?.scopeFingerprint !== undefined &&
    (state.scopeFingerprint !== connector.scopeFingerprint || state.serverIdentity !== end.outcome.serverIdentity);
  if (isOtherScope) context.suspect = 'scope-changed';
  else if (context.tally.accounts === 0 && presentBefore > 0) context.suspect = 'empty-read';
  const progress = record.phase('confirming');
  const absences = await settleAbsence(context, connector, scope.signal, progress);
  record.count({
    missing: absences.counts.missing,
    absent: absences.counts.absent,
    outOfScope: absences.counts.outOfScope,
  });
  const because = doubtOf(absences, context.tally.accounts === 0 ? presentBefore : 0);
  if (because !== undefined) return { outcome: { kind: 'partial', because, proof: end.outcome.proof } };
  await commitRead(context, absences, {
    next: end.outcome.next,
    serverIdentity: end.outcome.serverIdentity,
    scopeFingerprint: connector.scopeFingerprint,
  });
  return end;
}

/** What the questions by id make doubtful; `unseen`: how many accounts a read without any should have shown. */
function doubtOf({ missedByRead, counts }: Absences, unseen: number): string | undefined {
  if (missedByRead.length > 0) {
    const names = missedByRead.slice(0, 3).join(', ');
    return `${missedByRead.length} records are there but were not in the read (${names}${missedByRead.length > 3 ? ', ...' : ''})`;
  }
  // Marked as missing they would wait for ever, and nobody would hear of it.
  return unseen > 0 && counts.absent + counts.outOfScope === 0
    ? `the source showed nobody, and said of none of the ${unseen} accounts that were there that it is gone`
    : undefined;
}

function countRead(scope: RunScope, context: ReadContext, unresolvedMembers: number): void {
  const { tally } = context;
  scope.record.count({
    accountsRead: tally.accounts,
    groupsRead: tally.groups,
    edgesRead: tally.edges,
    rejected: tally.rejected,
    mirrorChanged: tally.changed,
    unresolvedMembers,
  });
}

/** Only a complete read may close findings about single records: a partial one may simply not have come to them. */
async function noteFindings(scope: RunScope, context: ReadContext, isComplete: boolean): Promise<void> {
  const { record, deps } = scope;
  for (const [attribute, { count, first }] of context.unread) {
    const subject = `source:${record.source}/${attribute}`;
    context.findings.push({
      code: 'attribute-unread',
      source: record.source,
      subject,
      label: attribute,
      detail: { accounts: count, first },
    });
  }
  if (!isComplete && context.findings.length === 0) return;
  const evaluated = isComplete ? { everyOf: record.source } : [];
  const changed = await scope.lease.write((tx) =>
    tx.findings.reconcile(evaluated, context.findings, { run: record.id, now: deps.clock.now(), codes: readCodes }),
  );
  record.count({
    findingsOpened: record.run.counts.findingsOpened + changed.opened,
    findingsClosed: record.run.counts.findingsClosed + changed.closed,
  });
}
