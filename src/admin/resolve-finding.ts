// What a person says of an account that waits: whose it is, or that it is somebody else's.
// Invariant: the same code links here as in `user link`; a finding only names the account and perhaps the user.

import type { MirrorAccount } from '../model/account.ts';
import { RosterdError } from '../model/errors.ts';
import { findingCodes } from '../model/finding.ts';
import { type AccountKey, asUserId, type SourceName } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { StoredFinding } from '../sync/ports/findings.ts';
import type { StoreTx } from '../sync/ports.ts';
import type { ActReport } from './act.ts';
import { requireOpen, titleOf } from './ignore-finding.ts';
import { disputeCodes, linkUser } from './link-user.ts';
import { newUserFor } from './new-user-for.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';

export interface ResolveFindingRequest {
  readonly finding: number;
  readonly reason: string;
  /** `link`: the account is that of `user`, or of the only user that the finding names. `new`: it is of somebody unknown. */
  readonly as: { readonly kind: 'link'; readonly user?: string } | { readonly kind: 'new'; readonly username?: string };
}

export async function resolveFinding(context: AdminContext, request: ResolveFindingRequest): Promise<ActReport> {
  const reason = requireReason(request.reason);
  const { finding: id, as } = request;
  if (as.kind === 'new') {
    return newUserFor(context, async (tx) => {
      const finding = await requireOpen(tx, id);
      const account = await accountOf(tx, finding);
      return { account, reason, finding: id, ...(as.username === undefined ? {} : { username: as.username }) };
    });
  }
  // Found apart from the act that follows, which looks at the account again as it is then.
  const { account, user } = await context.store.write(async (tx) => {
    const open = await requireOpen(tx, id);
    const account = await accountOf(tx, open);
    return { account, user: as.user ?? (await userOf(tx, open, account)) };
  });
  return linkUser(context, {
    user,
    account: account.id,
    source: account.source,
    reason,
    finding: id,
  });
}

/** The account that the finding is about: its subject, or the disputed one of the user that is its subject. */
async function accountOf(tx: StoreTx, finding: StoredFinding): Promise<MirrorAccount> {
  const { code, source, subject, detail } = finding;
  const prefix = `account:${source}/`;
  const named = subject.startsWith('user:') ? detail['id'] : undefined;
  const id = subject.startsWith(prefix) ? subject.slice(prefix.length) : named;
  if (source === undefined || typeof id !== 'string' || (id === named && !disputeCodes.includes(code))) {
    const other =
      typeof id === 'string' ? ` If the account is somebody else's: rosterd user unlink ${finding.label} ${id}.` : '';
    throw new RosterdError(
      'usage',
      `${titleOf(finding)} is not about an account that waits, so --link and --new do not apply. ${findingCodes[code]}${other} Or silence it with --ignore.`,
    );
  }
  const [account] = await tx.accounts(await keysOf(tx, source, id));
  if (account !== undefined) return account;
  throw new RosterdError('account-unknown', `The mirror of ${source} has no account ${id} any more.`, { subject: id });
}

async function keysOf(tx: StoreTx, source: SourceName, id: string): Promise<readonly AccountKey[]> {
  const found = await tx.mirror.digests(source, 'account', [id as MirrorAccount['id']]);
  return [...found.values()].map(({ key }) => key as AccountKey);
}

/** As the finding names its user: the one that the account is linked to, or the only match. By number, since names change hands. */
async function userOf(tx: StoreTx, finding: StoredFinding, account: MirrorAccount): Promise<string> {
  if (account.userId !== undefined) return `user:${account.userId}`;
  const [names, ids] = [listOf(finding, 'users'), listOf(finding, 'userIds')];
  const [name, id] = [names[0], ids[0]];
  if (name === undefined || id === undefined || names.length > 1)
    throw unclear(finding, names.length > 1 ? `names several users (${names.join(', ')})` : 'names no user');
  const [user] = await tx.users([asUserId(Number(id))]);
  if (user === undefined) throw unclear(finding, `is about ${name} (user:${id}), who is not there any more`);
  const present = user.values.username?.value;
  if (present !== undefined && foldKey(present) !== foldKey(name))
    throw unclear(
      finding,
      `is about user:${id}, who was called ${name} when it was found and is called ${present} now`,
    );
  return `user:${id}`;
}

function listOf({ detail }: StoredFinding, key: string): readonly string[] {
  const value = detail[key];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

const unclear = (finding: StoredFinding, because: string): RosterdError =>
  new RosterdError(
    'usage',
    `${titleOf(finding)} ${because}. Say whose account it is: --link <user>; or --new, if it is somebody else's.`,
  );
