// Takes an account from its user, as a person says. No rule links it again: it waits in quarantine until a person decides.
// Invariant: whoever loses the last account keeps everything as local; with other accounts their next runs take back what this one gave.

import type { MirrorAccount } from '../model/account.ts';
import { type ChangePart, subjectKey } from '../model/change.ts';
import { RosterdError } from '../model/errors.ts';
import type { FindingCode } from '../model/finding.ts';
import type { AccountKey, EpochMs } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import { isSyncOff, type User } from '../model/user.ts';
import { crossFindingCodes } from '../reconcile/cross-findings.ts';
import type { StoreTx, UserRow } from '../sync/ports.ts';
import { type ActReport, actOnUser, type Warning } from './act.ts';
import { teamNames, usernameOf } from './find.ts';
import { goesWithNextRun } from './goes-with-next-run.ts';
import { disputeCodes } from './link-user.ts';
import { makeLocal } from './make-local.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';

export interface UnlinkUserRequest {
  readonly user: string;
  /** Name or id of an account of the user. */
  readonly account: string;
  /** Needed only where accounts of several sources are called the same. */
  readonly source?: string;
  readonly reason: string;
}

/** What a run says of a user because of the accounts that it has. */
const codesOfLinks: readonly FindingCode[] = [
  ...disputeCodes,
  'sync-off-but-disabled',
  'username-missing',
  'username-conflict',
  'email-conflict',
];

export async function unlinkUser(context: AdminContext, request: UnlinkUserRequest): Promise<ActReport> {
  const reason = requireReason(request.reason);
  return actOnUser(context, request.user, async (user, tx, now) => {
    const accounts = await tx.accountsOf([user.id]);
    const account = accountOf(user, accounts, request);
    const { source, key } = account;
    const loss = await endLink(context, tx, { user, account, accounts, now });
    await tx.mirror.setQuarantine([{ account: key, quarantine: 'unlinked' }]);
    if (context.policy.sources.some(({ name }) => name === source)) await tx.dirty.accounts([key], 'unlinked by hand');
    return {
      action: 'user.unlinked',
      summary: `Account ${account.name} of ${source} is unlinked from ${usernameOf(user)}, and no rule links it again. ${loss.summary}`,
      parts: loss.parts,
      detail: {
        source,
        account: { id: account.id, name: account.name },
        before: { user: user.id, quarantine: account.quarantine ?? null, link: linkOf(user, key) },
        after: { user: null, quarantine: 'unlinked', isSynced: loss.isSynced },
        reason,
      },
      ...(loss.row === undefined ? {} : { row: loss.row }),
      dirty: 'unlinked by hand',
      warnings: loss.warnings,
    };
  });
}

const linkOf = (user: User, key: AccountKey): User['links'][number] | null =>
  user.links.find((link) => link.account === key) ?? null;

export interface EndingLink {
  readonly user: User;
  /** Linked to the user. */
  readonly account: MirrorAccount;
  /** All that are linked to the user, this one too. */
  readonly accounts: readonly MirrorAccount[];
  readonly now: EpochMs;
}

export interface EndedLink {
  readonly isSynced: boolean;
  /** To be saved, where the user itself changed. */
  readonly row?: UserRow;
  readonly parts: readonly ChangePart[];
  readonly warnings: readonly Warning[];
  /** What becomes of the user, in a sentence. */
  readonly summary: string;
}

/** Ends the link and settles the user; what becomes of the account is left to the caller. */
export async function endLink(context: AdminContext, tx: StoreTx, ending: EndingLink): Promise<EndedLink> {
  const { user, account, now } = ending;
  await tx.userRows.removeLinks([account.key]);
  const name = usernameOf(user);
  const links = user.links.filter((link) => link.account !== account.key);
  const others = ending.accounts.filter((one) => one.key !== account.key);
  await closeFindings(tx, ending, others);
  if (links.length === 0) {
    const { row, parts } = await makeLocal(context, tx, user);
    const summary = `${name} has no account any more: everything stays as it is, as local.`;
    return {
      isSynced: false,
      row,
      parts,
      warnings: [...(await stillEnabled(tx, user)), ...syncOff(user, now, 'the switch means nothing without one')],
      summary,
    };
  }
  const left = { ...user, links };
  const warnings = await goesWithNextRun(context, tx, left, others, now);
  return {
    isSynced: true,
    parts: [],
    warnings: [...warnings, ...syncOff(user, now, 'nothing is taken back before it is on')],
    summary: `What only this account gave to ${name} goes with the next runs of its other sources.`,
  };
}

/** A leaver whose only account was given to somebody else looks like this, and no run will ever notice. */
async function stillEnabled(tx: StoreTx, user: User): Promise<readonly Warning[]> {
  if (!user.enabled) return [];
  const name = usernameOf(user);
  const names = teamNames(await tx.teams());
  const roles = [...new Set(user.roles.map(({ role }) => role))].sort();
  const teams = [...new Set(user.grants.map(({ team }) => team))]
    .map((team) => names.get(team) ?? `team ${team}`)
    .sort();
  const has = [
    ...(roles.length === 0 ? [] : [`the roles ${roles.join(', ')}`]),
    ...(teams.length === 0 ? [] : [`can-manage of ${teams.join(', ')}`]),
  ];
  const what = has.length === 0 ? '' : `, with ${has.join(' and ')}`;
  const message = `${name} is still enabled${what}, and no source knows ${name} any more. To take the access away: rosterd user disable ${name} --reason "..."`;
  return [{ code: 'still-enabled', message }];
}

const syncOff = (user: User, now: EpochMs, effect: string): readonly Warning[] =>
  isSyncOff(user, now) ? [{ code: 'sync-off', message: `Sync of ${usernameOf(user)} is off: ${effect}.` }] : [];

/** A user without accounts is looked at by whatever run comes next, perhaps late; what is wrong now is closed now. */
async function closeFindings(
  tx: StoreTx,
  { user, account, now }: EndingLink,
  others: readonly MirrorAccount[],
): Promise<void> {
  const subject = subjectKey({ kind: 'user', id: user.id });
  const isLast = others.length === 0;
  // What the account showed beside the others.
  if (!others.some(({ source }) => source === account.source))
    await tx.findings.reconcile([`${subject}/${account.source}`], [], { now, codes: crossFindingCodes });
  const isDisputed = others.some((one) => one.quarantine !== undefined);
  if (isLast) await tx.findings.reconcile([subject], [], { now, codes: codesOfLinks });
  else if (account.quarantine !== undefined && !isDisputed)
    await tx.findings.reconcile([subject], [], { now, codes: disputeCodes });
}

/** The id is the surer name. */
function accountOf(
  user: User,
  accounts: readonly MirrorAccount[],
  { account: ref, source }: UnlinkUserRequest,
): MirrorAccount {
  const key = foldKey(ref);
  const own = accounts.filter((one) => source === undefined || one.source === source);
  const byId = own.filter((one) => foldKey(one.id) === key);
  const found = byId.length > 0 ? byId : own.filter((one) => foldKey(one.name) === key);
  const [first, second] = found;
  const choices = (found.length > 0 ? found : accounts).map((one) => `${one.id} (${one.name}, ${one.source})`);
  const facts = { subject: ref, detail: { choices } };
  if (first === undefined) {
    const of = source === undefined ? '' : ` of ${source}`;
    const has = accounts.length === 0 ? ' It has none.' : '';
    throw new RosterdError('account-unknown', `${usernameOf(user)} has no account "${ref}"${of}.${has}`, facts);
  }
  if (second === undefined) return first;
  throw new RosterdError(
    'account-ambiguous',
    `${usernameOf(user)} has several accounts called "${ref}". Name one by its id, or say --source.`,
    facts,
  );
}
