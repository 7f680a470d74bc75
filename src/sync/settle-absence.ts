// After a complete read: every record that it did not show is asked for by its id, and only then believed to be gone.
//
//   answer         what it means                                    what happens
//   present        it is there: the read was not complete           the read becomes partial, nothing is marked
//   absent         the source no longer has it                      marked, acts after grace and confirmReads
//   out-of-scope   it is there, filter or base do not take it        marked, acts after outOfScopeGrace
//   unknown        nobody knows                                     marked missing, changes nothing

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { Confirmation, Connector, RecordKind } from '../connector.ts';
import type { Presence } from '../model/account.ts';
import { asAccountKey, asGroupKey, type EpochMs, type ExternalId } from '../model/ids.ts';
import type { MirrorReader } from './ports.ts';
import type { ReadContext } from './read-context.ts';

/** Each call is a connection of its own, and one that breaks leaves all of its ids unanswered. */
const confirmBatch = 200;

type Unseen = Awaited<ReturnType<MirrorReader['records']>>[number];

export interface Absences {
  readonly accounts: readonly { readonly key: number; readonly presence: Presence }[];
  readonly groups: readonly { readonly key: number; readonly presence: Presence }[];
  /** Records that turned out to be present: the read missed them. */
  readonly missedByRead: readonly string[];
  readonly counts: { readonly missing: number; readonly absent: number; readonly outOfScope: number };
}

/** A record whose absence has acted, or was confirmed as often as the policy asks, is not asked for again. */
function isSettled(context: ReadContext, record: Unseen): boolean {
  const { presence } = record;
  if (presence.state === 'present' || presence.state === 'missing') return false;
  const isPending = record.linkState === 'active';
  return !isPending && presence.confirmedReads >= context.policy.absence.confirmReads;
}

async function unseen(context: ReadContext, kind: RecordKind): Promise<Unseen[]> {
  const seen = kind === 'account' ? context.seenAccounts : context.seenGroups;
  const keys = (await context.read.mirror.presenceOf(context.source, kind)).flatMap((row) =>
    seen.has(row.key) ? [] : [row.key],
  );
  const records = keys.length === 0 ? [] : await context.read.mirror.records(kind, keys);
  return records.filter((record) => !isSettled(context, record));
}

function presenceAfter(context: ReadContext, record: Unseen, answer: Confirmation, now: EpochMs): Presence | undefined {
  const before = record.presence;
  if (answer.kind === 'present') return undefined;
  // The read that first missed a record may be the only doubtful one: its doubt stays, whoever answers when.
  const suspect = (before.state === 'present' ? undefined : before.suspect) ?? context.suspect;
  if (answer.kind === 'unknown') {
    if (before.state === 'present') return { state: 'missing', since: now, suspect };
    // An absence that was once confirmed is not forgotten because the source would not answer today.
    return before.state === 'missing' && before.suspect !== suspect ? { ...before, suspect } : undefined;
  }
  const isSame = before.state === answer.kind;
  const already = before.state === 'absent' || before.state === 'out-of-scope' ? before : undefined;
  const reads = Math.min((isSame ? (already?.confirmedReads ?? 0) : 0) + 1, context.policy.absence.confirmReads);
  if (isSame && already?.confirmedReads === reads) return undefined;
  return {
    state: answer.kind,
    since: isSame && already !== undefined ? already.since : now,
    confirmedReads: reads,
    evidence: answer.evidence,
    suspect,
  };
}

export async function settleAbsence(
  context: ReadContext,
  connector: Connector,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<Absences> {
  const now = context.clock.now();
  const missedByRead: string[] = [];
  const counts = { missing: 0, absent: 0, outOfScope: 0 };
  const marks: Record<RecordKind, { key: number; presence: Presence }[]> = { account: [], group: [] };
  const waiting = { account: await unseen(context, 'account'), group: await unseen(context, 'group') };
  const total = waiting.account.length + waiting.group.length;
  let done = 0;
  for (const kind of ['account', 'group'] as const) {
    for (let start = 0; start < waiting[kind].length; start += confirmBatch) {
      const batch = waiting[kind].slice(start, start + confirmBatch);
      const ids = batch.map((record) => record.id);
      const answers = await context.lease.keepDuring(signal, (until) => ask(connector, kind, ids, until));
      signal.throwIfAborted();
      for (const record of batch) {
        const answer = answers.get(record.id) ?? { kind: 'unknown', because: 'the source gave no answer' };
        if (answer.kind === 'present') missedByRead.push(record.name);
        else if (answer.kind === 'unknown') counts.missing += 1;
        else if (answer.kind === 'absent') counts.absent += 1;
        else counts.outOfScope += 1;
        const presence = presenceAfter(context, record, answer, now);
        if (presence !== undefined) marks[kind].push({ key: record.key, presence });
      }
      await context.lease.write(async () => {});
      done += batch.length;
      onProgress(done, total);
      await yieldToLoop();
    }
  }
  return { accounts: marks.account, groups: marks.group, missedByRead, counts };
}

/** A question that fails is no answer: nobody is believed gone because of it. */
async function ask(
  connector: Connector,
  kind: RecordKind,
  ids: readonly ExternalId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ExternalId, Confirmation>> {
  try {
    return await connector.confirm(kind, ids, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const because = error instanceof Error ? error.message : String(error);
    return new Map(ids.map((id) => [id, { kind: 'unknown', because }]));
  }
}

/**
 * Both ends must have been seen in this read; the edges of a record that is missing stay as they are. So do those of a record that
 * could not be decoded: it may have another name by now, which its groups use already. They are compared again in the next read.
 */
function surelyWithdrawn(context: ReadContext): Pick<ReadContext, 'withdrawn' | 'lateDigests'> {
  const isUndecoded = ({ account, child }: ReadContext['withdrawn'][number]): boolean =>
    (account !== undefined && context.undecodedAccounts.has(account)) ||
    (child !== undefined && context.undecodedGroups.has(child));
  const isSeen = ({ group, account, child }: ReadContext['withdrawn'][number]): boolean =>
    context.seenGroups.has(group) &&
    (account === undefined || context.seenAccounts.has(account)) &&
    (child === undefined || context.seenGroups.has(child));
  const kept = new Set(context.withdrawn.filter(isUndecoded).map((edge) => `${edge.relation}:${edge.group}`));
  return {
    withdrawn: context.withdrawn.filter((edge) => isSeen(edge) && !isUndecoded(edge)),
    lateDigests: context.lateDigests.filter(({ relation, group }) => !kept.has(`${relation}:${group}`)),
  };
}

/** The last transaction of a complete read: marks, withdrawn edges, cursor and identities together, or nothing of it. */
export async function commitRead(
  context: ReadContext,
  absences: Absences,
  facts: { readonly next: string | undefined; readonly serverIdentity: string; readonly scopeFingerprint: string },
): Promise<void> {
  const state = await context.read.mirror.source(context.source);
  const isSameSource =
    state?.serverIdentity === facts.serverIdentity &&
    state.scopeFingerprint === facts.scopeFingerprint &&
    state.cursor === facts.next;
  const { withdrawn, lateDigests } = surelyWithdrawn(context);
  if (isSameSource && withdrawn.length + lateDigests.length + absences.accounts.length + absences.groups.length === 0)
    return;
  await context.lease.write(async (tx) => {
    for (const relation of ['member', 'manages'] as const) {
      const edges = withdrawn.filter((edge) => edge.relation === relation);
      await tx.mirror.removeEdges(relation, {
        accounts: edges.flatMap((edge) => (edge.account === undefined ? [] : [[edge.group, edge.account] as const])),
        groups: edges.flatMap((edge) => (edge.child === undefined ? [] : [[edge.group, edge.child] as const])),
        unresolved: edges.flatMap((edge) => (edge.ref === undefined ? [] : [[edge.group, edge.ref] as const])),
      });
      await tx.mirror.setEdgeDigests(
        relation,
        lateDigests.filter((late) => late.relation === relation),
      );
    }
    await tx.dirty.accounts(
      withdrawn.flatMap((edge) => (edge.account === undefined ? [] : [edge.account])),
      'no longer member of a group',
    );
    const children = withdrawn.flatMap((edge) => (edge.child === undefined ? [] : [edge.child]));
    if (children.length > 0) {
      await tx.dirty.membersOf(children, 'group no longer nested');
      await tx.dirty.groups(context.source, children);
    }
    await tx.mirror.setPresence('account', absences.accounts);
    await tx.mirror.setPresence('group', absences.groups);
    await tx.dirty.accounts(
      absences.accounts.map((row) => asAccountKey(row.key)),
      'presence changed',
    );
    const goneGroups = absences.groups.map((row) => asGroupKey(row.key));
    await tx.dirty.groups(context.source, goneGroups);
    if (goneGroups.length > 0) await tx.dirty.membersOf(goneGroups, 'group presence changed');
    if (!isSameSource) {
      const cursor = facts.next;
      await tx.mirror.saveSource({
        name: context.source,
        type: context.policy.type,
        ...state,
        serverIdentity: facts.serverIdentity,
        scopeFingerprint: facts.scopeFingerprint,
        ...(cursor === undefined ? {} : { cursor }),
      });
    }
  });
}
