// Links an account of a source to a user, as a person says: the way out of every dispute that sync leaves to people.
// The link is made here, whatever the user holds; its values follow with the next run, under the guard.

import type { MirrorAccount } from '../model/account.ts';
import { subjectKey } from '../model/change.ts';
import { RosterdError } from '../model/errors.ts';
import type { FindingCode } from '../model/finding.ts';
import type { AccountKey, EpochMs, SourceName } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import { isPinActive, isSyncOff, type Link, type User } from '../model/user.ts';
import { takesManualGrants } from '../reconcile/memberships.ts';
import type { StoreTx } from '../sync/ports.ts';
import { type ActReport, actOnUser, type Warning } from './act.ts';
import { usernameOf } from './find.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';
import { requireSource } from './require-source.ts';

export interface LinkUserRequest {
  readonly user: string;
  /** Name or id of the account in the mirror of the source. */
  readonly account: string;
  /** May be left out where only one source is configured. */
  readonly source?: string;
  readonly reason: string;
  /** Number of the finding that it resolves, for the audit log. */
  readonly finding?: number;
}

/** What a run says of an account that has no user; with a user there is none of it left to decide. */
export const settledCodes: readonly FindingCode[] = [
  'unmatched-account',
  'disputed-match',
  'name-of-another',
  'second-account',
  'protected-match',
  'role-holder-match',
  'returned-late',
  'sync-off-new-match',
  'username-missing',
  'username-conflict',
  'email-conflict',
  'other-person',
  'unlinked-account',
];

/** And of a user one of whose accounts waits. */
export const disputeCodes: readonly FindingCode[] = ['name-of-another', 'returned-late', 'other-person'];

/**
 *   the account                                    | what happens
 *   is linked to another user                      | refused: edit-conflict
 *   is linked to this user, in quarantine          | the quarantine is lifted: it is the same person
 *   is linked to this user                         | unchanged
 *   has no user, and is not present in the source  | refused: edit-conflict
 *   has no user                                    | linked to this one, by the rule `manual`
 */
export async function linkUser(context: AdminContext, request: LinkUserRequest): Promise<ActReport> {
  const reason = requireReason(request.reason);
  const source = sourceOf(context, request.source);
  const keys = await context.reads.accountsCalled(source, request.account);
  return actOnUser(context, request.user, async (user, tx, now) => {
    const account = await requireAccount(tx, user, { source, ref: request.account, keys });
    await requireFree(tx, account, user);
    const name = usernameOf(user);
    const what = `Account ${account.name} of ${source}`;
    const isLinked = account.userId !== undefined;
    if (isLinked && account.quarantine === undefined) return { unchanged: `${what} is linked to ${name} already.` };
    const link: Link = { source, account: account.key, state: 'active', rule: 'manual', since: now };
    if (!isLinked) {
      requirePresent(account);
      await tx.userRows.addLinks([{ ...link, user: user.id }]);
    }
    await tx.mirror.setQuarantine([{ account: account.key, quarantine: undefined }]);
    await tx.dirty.clearAccounts([account.key]);
    // No run looks at the account by itself any more, so nothing else would close them.
    const subject = subjectKey({ kind: 'account', source, id: account.id });
    await tx.findings.reconcile([subject], [], { now, codes: settledCodes });
    if (isLinked) await closeDispute(tx, user, account, now);
    const quarantine = account.quarantine ?? null;
    return {
      action: 'user.linked',
      summary: isLinked
        ? `${what} speaks for ${name} again. The next run of ${source} brings ${name} up to date.`
        : `${what} is linked to ${name}. The next run of ${source} brings ${name} up to date.`,
      parts: isLinked ? [] : [{ part: 'linked', source, account: account.id, name: account.name, rule: 'manual' }],
      detail: {
        source,
        account: { id: account.id, name: account.name },
        before: { user: account.userId ?? null, quarantine },
        after: { user: user.id, quarantine: null },
        reason,
        ...(request.finding === undefined ? {} : { finding: request.finding }),
      },
      dirty: isLinked ? 'quarantine lifted by hand' : 'linked by hand',
      warnings: [...(isLinked ? [] : linkWarnings(context, user, source)), ...syncOff(user, now)],
    };
  });
}

function sourceOf(context: AdminContext, named: string | undefined): SourceName {
  const known = context.policy.sources.map((source) => source.name);
  if (named !== undefined) return requireSource(known, named);
  const [only, second] = known;
  if (only !== undefined && second === undefined) return only;
  throw new RosterdError(
    'usage',
    only === undefined
      ? 'No source is configured.'
      : `Several sources are configured: ${known.join(', ')}. Say with --source which one has the account.`,
  );
}

/** Another account of the user may wait as well; then its finding is the same one, and stays. */
async function closeDispute(tx: StoreTx, user: User, account: MirrorAccount, now: EpochMs): Promise<void> {
  const accounts = await tx.accountsOf([user.id]);
  if (accounts.some((one) => one.key !== account.key && one.quarantine !== undefined)) return;
  await tx.findings.reconcile([subjectKey({ kind: 'user', id: user.id })], [], { now, codes: disputeCodes });
}

interface Wanted {
  readonly source: SourceName;
  readonly ref: string;
  readonly keys: readonly AccountKey[];
}

/** The id is the surer name. Of several accounts of one name, those that are present come before those that left. */
async function requireAccount(tx: StoreTx, user: User, { source, ref, keys }: Wanted): Promise<MirrorAccount> {
  const found = await tx.accounts(keys);
  const byId = found.filter((account) => foldKey(account.id) === foldKey(ref));
  const present = found.filter((account) => account.presence.state === 'present');
  const own = found.filter((account) => account.userId === user.id);
  const [first, second] = [byId, present, own, found].find((some) => some.length > 0) ?? [];
  if (first === undefined) {
    throw new RosterdError('account-unknown', `The mirror of ${source} has no account "${ref}".`, { subject: ref });
  }
  if (second === undefined) return first;
  const choices = found.map((account) => `${account.id} (${account.name}, ${account.presence.state})`);
  throw new RosterdError('account-ambiguous', `Several accounts of ${source} are called "${ref}".`, {
    subject: ref,
    detail: { choices },
  });
}

async function requireFree(tx: StoreTx, account: MirrorAccount, user: User): Promise<void> {
  if (account.userId === undefined || account.userId === user.id) return;
  const [holder] = await tx.users([account.userId]);
  const name = holder === undefined ? `user:${account.userId}` : usernameOf(holder);
  throw new RosterdError(
    'edit-conflict',
    `Account ${account.name} (${account.id}) of ${account.source} is linked to ${name}.`,
    { subject: account.name, detail: { because: 'linked-to-another', holder: name } },
  );
}

function requirePresent(account: MirrorAccount): void {
  const { state } = account.presence;
  if (state === 'present') return;
  throw new RosterdError(
    'edit-conflict',
    `Account ${account.name} (${account.id}) is ${state} in ${account.source}; only an account that is present can be linked.`,
    { subject: account.name, detail: { because: state } },
  );
}

const linkWarnings = (context: AdminContext, user: User, source: SourceName): readonly Warning[] => [
  ...secondAccount(user, source),
  ...grantsLost(context, user, source),
];

function secondAccount(user: User, source: SourceName): readonly Warning[] {
  const others = user.links.filter((link) => link.source === source && link.state === 'active').length;
  if (others === 0) return [];
  const message = `${usernameOf(user)} has ${others + 1} accounts of ${source} now; all of them speak for the user.`;
  return [{ code: 'second-account', message }];
}

/** R161: the guard holds this loss when a run makes the link; here the person who makes it is told. */
function grantsLost({ policy, now }: AdminContext, user: User, source: SourceName): readonly Warning[] {
  const own = policy.sources.find((one) => one.name === source);
  const kept = new Set(
    user.pins
      .filter((one) => one.kind === 'grant' && one.mode === 'keep' && isPinActive(one, now()))
      .map((one) => one.subject),
  );
  const lost = user.grants.filter((grant) => grant.owner === 'local' && !kept.has(String(grant.team)));
  if (own === undefined || lost.length === 0 || !takesManualGrants({ policy: own })) return [];
  const message = `The next run takes away what was set by hand and is not pinned: can-manage of ${lost.length} ${lost.length === 1 ? 'team' : 'teams'} (R161).`;
  return [{ code: 'grants-go', message }];
}

const syncOff = (user: User, now: Link['since']): readonly Warning[] =>
  isSyncOff(user, now)
    ? [{ code: 'sync-off', message: `Sync of ${usernameOf(user)} is off; nothing follows before it is on.` }]
    : [];
