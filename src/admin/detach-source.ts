// Lets go of a source that was taken out of the configuration: its users live on as they are, as local ones.
// Invariant: one transaction, under the leases of the source and of reconciling; one entry for the source, one for each user.

import { RosterdError } from '../model/errors.ts';
import type { SourceName, UserId } from '../model/ids.ts';
import type { AdminHold } from '../model/user.ts';
import { takesManualGrants } from '../reconcile/memberships.ts';
import type { DetachedUser, SourceHoldings, StoredSource } from '../sync/ports/detaching.ts';
import type { Lease, NewAuditEntry, StoreTx } from '../sync/ports.ts';
import { rowOf, type Warning } from './act.ts';
import { type DetachEffects, effectsOfDetach } from './detach-effects.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';
import { requireSource } from './require-source.ts';

export interface DetachCounts extends SourceHoldings {
  /** Users who are disabled, and stay so by hand, because their other accounts alone would enable them. */
  readonly staysDisabled: number;
  /** Can-manage that the next runs of other sources take away (R161). */
  readonly grantsGo: number;
}

export interface DetachReport {
  readonly source: SourceName;
  /** False when it was only looked at. */
  readonly changed: boolean;
  readonly summary: string;
  readonly warnings: readonly Warning[];
  readonly counts: DetachCounts;
  /** Sequence number of the entry `source.detached`. */
  readonly audit?: number;
}

/** Sources that were read once and are not configured any more. */
export async function leftSources({ reads, policy }: AdminContext): Promise<readonly StoredSource[]> {
  const configured = new Set<string>(policy.sources.map(({ name }) => name));
  return (await reads.storedSources()).filter(({ name }) => !configured.has(name));
}

/** What `detachSource` would do; writes nothing. */
export async function previewDetach(
  context: AdminContext,
  request: { readonly source: string },
): Promise<DetachReport> {
  const source = requireDetachable(context, await context.reads.storedSources(), request.source);
  const { reads, store } = context;
  const effects = await effectsOfDetach(context, store.read, source, await reads.usersAtStake(source));
  const counts = countsOf(await reads.holdings(source), effects);
  return {
    source,
    changed: false,
    summary: summaryOf(source, counts, 'would be'),
    warnings: warningsOf(context, source, counts),
    counts,
  };
}

/** For the time of one transaction, in which nobody else can write. */
const ttlMs = 60_000;

export async function detachSource(
  context: AdminContext,
  request: { readonly source: string; readonly reason: string },
): Promise<DetachReport> {
  const reason = requireReason(request.reason);
  return context.store.write(async (tx) => {
    const source = requireDetachable(context, await tx.sources.storedSources(), request.source);
    const leases = [await take(context, tx, `source:${source}`, source), await take(context, tx, 'reconcile', source)];
    const effects = await effectsOfDetach(context, tx, source, await tx.sources.usersAtStake(source));
    const counts = countsOf(await tx.sources.holdings(source), effects);
    const users = await tx.sources.detach(source, context.now());
    const held = await holdBack(
      context,
      tx,
      effects.staysDisabled,
      `was disabled when ${source} was detached: ${reason}`,
    );
    for (const lease of leases) await tx.leases.release(lease);
    const { seq } = await tx.audit([
      entryOf(context, source, { counts, reason }),
      ...users.map((user) => userEntryOf(context, source, user, reason, held.get(user.id))),
    ]);
    const audit = seq - users.length;
    return {
      source,
      changed: true,
      summary: summaryOf(source, counts, 'is'),
      warnings: warningsOf(context, source, counts),
      counts,
      audit,
    };
  });
}

const countsOf = (holdings: SourceHoldings, { staysDisabled, grantsGo }: DetachEffects): DetachCounts => ({
  ...holdings,
  staysDisabled: staysDisabled.length,
  grantsGo,
});

/** As `user disable` does it: whatever a source says, they have no access before a person gives it back. */
async function holdBack(
  { actor, now }: AdminContext,
  tx: StoreTx,
  ids: readonly UserId[],
  reason: string,
): Promise<ReadonlyMap<UserId, AdminHold>> {
  const adminHold = { by: actor, reason, since: now() };
  const users = ids.length === 0 ? [] : await tx.users(ids);
  if (users.length > 0) await tx.userRows.save(users.map((user) => ({ ...rowOf(user), adminHold })));
  return new Map(users.map(({ id }) => [id, adminHold]));
}

function requireDetachable({ policy }: AdminContext, stored: readonly StoredSource[], name: string): SourceName {
  if (policy.sources.some((source) => source.name === name)) {
    throw new RosterdError(
      'edit-conflict',
      `${name} is configured, so its next run would link its users again. Take it out of the configuration first, restart the daemon, then detach it. To stop it for a while: rosterd pause ${name}`,
      { subject: name, detail: { because: 'configured' } },
    );
  }
  return requireSource(
    [...policy.sources, ...stored].map((source) => source.name),
    name,
  );
}

/** A daemon that still runs with the old configuration may be at the source. */
async function take(context: AdminContext, tx: StoreTx, name: string, source: SourceName): Promise<Lease> {
  const answer = await tx.leases.acquire(name, context.actor, ttlMs, context.now());
  if (!('heldBy' in answer)) return answer;
  const at = name === 'reconcile' ? 'Somebody applies what another source says' : `Source ${source} is being synced`;
  throw new RosterdError('run-in-progress', `${at}: ${answer.heldBy}. Nothing was done.`, { subject: source });
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function summaryOf(source: SourceName, counts: SourceHoldings, is: 'is' | 'would be'): string {
  const { users, unsynced, accounts, groups, teams, findings } = counts;
  const local = unsynced === users ? 'with everything they have' : `${unsynced} of them with everything they have`;
  return `${source} ${is} detached: ${counted(users, 'user')} kept, ${local} as local; ${counted(teams, 'team')} kept as local; ${counted(accounts, 'account')} and ${counted(groups, 'group')} forgotten; ${counted(findings, 'finding')} closed.`;
}

function warningsOf(
  { policy }: AdminContext,
  source: SourceName,
  { users, unsynced, staysDisabled, grantsGo, roles }: DetachCounts,
): readonly Warning[] {
  const others = users - unsynced;
  if (others === 0) return [];
  const warnings: Warning[] = [
    {
      code: 'other-sources',
      message: `${counted(others, 'user')} with an account of another source: what this one gave is local too, and the next runs of the others decide on it as on everything local.`,
    },
  ];
  if (staysDisabled > 0)
    warnings.push({
      code: 'stays-disabled',
      message: `Disabled now, and let in by other accounts alone: ${counted(staysDisabled, 'user')}. Nobody gets access by a detach: they are disabled by hand ("was disabled when ${source} was detached"). To give it back: rosterd user enable NAME`,
    });
  const takers = policy.sources.filter((own) => takesManualGrants({ policy: own })).map(({ name }) => name);
  if (grantsGo > 0)
    warnings.push({
      code: 'grants-go',
      message: `Can-manage of ${counted(grantsGo, 'team')} goes with the next runs of ${takers.join(', ')}, which take away what is set by hand (R161), unless it is pinned: rosterd user pin NAME grant TEAM`,
    });
  if (roles > 0)
    warnings.push({
      code: 'roles-stay',
      message: `What stays as local on users with an account of another source, and no source takes away: ${counted(roles, 'role')}. To see who has one: rosterd user list --role ROLE`,
    });
  return warnings;
}

function entryOf(
  { actor, now }: AdminContext,
  source: SourceName,
  payload: { readonly counts: DetachCounts; readonly reason: string },
): NewAuditEntry {
  return { at: now(), actor, action: 'source.detached', subject: `source:${source}`, label: source, payload };
}

/** Short: what became of the rows follows from the counts and the state; this says why, where one looks for the user. */
function userEntryOf(
  { actor, now }: AdminContext,
  source: SourceName,
  { id, username, accounts, isSynced }: DetachedUser,
  reason: string,
  adminHold: AdminHold | undefined,
): NewAuditEntry {
  return {
    at: now(),
    actor,
    action: 'user.detached',
    subject: `user:${id}`,
    label: username,
    userId: id,
    payload: { source, accounts, isSynced, reason, ...(adminHold === undefined ? {} : { adminHold }) },
  };
}
