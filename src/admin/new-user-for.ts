// A user for an account of which a person says that it is nobody's who is known: created and linked in one transaction.
// Its values follow with the next run of the source, under the guard; only the username is decided here.

import type { MirrorAccount } from '../model/account.ts';
import { type ChangePart, subjectKey } from '../model/change.ts';
import { RosterdError } from '../model/errors.ts';
import { asUserId, type EpochMs, type UserId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { OwnedValue, Pin, User } from '../model/user.ts';
import { mapField } from '../reconcile/map.ts';
import type { NewAuditEntry, StoreTx } from '../sync/ports.ts';
import type { ActReport, Warning } from './act.ts';
import { usernameOf } from './find.ts';
import { settledCodes } from './link-user.ts';
import type { AdminContext } from './ports.ts';
import { requireSource } from './require-source.ts';
import { endLink } from './unlink-user.ts';
import { faultOf } from './validate-field.ts';

export interface NewUserRequest {
  readonly account: MirrorAccount;
  readonly reason: string;
  /** Number of the finding that asked. */
  readonly finding: number;
  /** Else the one that the source gives. */
  readonly username?: string;
}

/** `read` finds the account inside the transaction that acts. */
export async function newUserFor(
  context: AdminContext,
  read: (tx: StoreTx) => Promise<NewUserRequest>,
): Promise<ActReport> {
  return context.store.write(async (tx) => {
    const now = context.now();
    const request = await read(tx);
    const { account, reason, finding } = request;
    const { source } = account;
    requirePresent(account);
    const chosen = chooseUsername(context, request);
    await requireFree(tx, chosen.username.value);
    const left =
      account.userId === undefined ? undefined : await leaveHolder(context, tx, request, account.userId, now);
    const id = asUserId(await tx.allocate('user', 1));
    const { username } = chosen;
    await tx.userRows.create([{ id, origin: source, values: { username }, enabled: false, activated: false }]);
    await tx.userRows.addLinks([
      { user: id, source, account: account.key, state: 'active', rule: 'manual', since: now },
    ]);
    const pin = chosen.isPinned ? pinOf(context, username.value, reason, now) : undefined;
    if (pin !== undefined) await tx.userRows.setPin(id, pin);
    await settleAccount(tx, account, now);
    await tx.dirty.users([id, ...(left === undefined ? [] : [left.user.id])], 'a new user by hand');
    const parts: readonly ChangePart[] = [
      { part: 'created', origin: source },
      { part: 'linked', source, account: account.id, name: account.name, rule: 'manual' },
      { part: 'field', field: 'username', after: username, rule: pin === undefined ? 'precedence' : 'pinned' },
    ];
    const before = { user: account.userId ?? null, quarantine: account.quarantine ?? null };
    const payload = {
      parts,
      source,
      account: { id: account.id, name: account.name },
      before,
      after: { user: id, quarantine: null, pin: pin ?? null },
      reason,
      finding,
    };
    const label = username.value;
    const created = { at: now, actor: context.actor, subject: `user:${id}`, label, userId: id, payload };
    const entries = left === undefined ? [] : [left.entry];
    const head = await tx.audit([...entries, { ...created, action: 'user.created' }]);
    return {
      user: { id, username: label },
      changed: true,
      summary: `${label} is user ${id}, with account ${account.name} of ${source}. The next run of ${source} brings its values, teams and access.`,
      warnings: left?.warnings ?? [],
      audit: head.seq,
    };
  });
}

function requirePresent({ presence, name, id, source }: MirrorAccount): void {
  if (presence.state === 'present') return;
  const message = `Account ${name} (${id}) is ${presence.state} in ${source}; nobody is made of an account that is not there.`;
  throw new RosterdError('edit-conflict', message, { subject: name, detail: { because: presence.state } });
}

interface Chosen {
  readonly username: OwnedValue;
  /** It differs from what the source gives, so a run would take it back. */
  readonly isPinned: boolean;
}

function chooseUsername({ policy }: AdminContext, { account, username }: NewUserRequest): Chosen {
  const known = policy.sources.map(({ name }) => name);
  const source = requireSource(known, account.source);
  const mapping = policy.sources.find(({ name }) => name === source)?.mapping;
  const reading = mapping === undefined ? undefined : mapField(account, mapping, 'username');
  const given = reading?.kind === 'present' ? reading.value : undefined;
  const wanted = username?.normalize('NFC').trim() ?? given;
  if (wanted === undefined) {
    const message = `${source} gives no username for account ${account.name}. Say one with --username.`;
    throw new RosterdError('value-invalid', message, { subject: account.name });
  }
  if (wanted === given) return { username: { value: wanted, owner: source }, isPinned: false };
  const fault = faultOf('username', wanted, policy.validation);
  if (fault !== undefined) throw new RosterdError('value-invalid', `username ${fault}.`, { subject: 'username' });
  return { username: { value: wanted, owner: 'local' }, isPinned: true };
}

async function requireFree(tx: StoreTx, username: string): Promise<void> {
  const key = foldKey(username);
  const holder = (await tx.holders('username', [key])).get(key);
  if (holder === undefined) return;
  const message = `The username ${username} belongs to user ${holder}. Give this one another name: --new --username <name>.`;
  throw new RosterdError('value-taken', message, { subject: username, detail: { holder } });
}

const pinOf = (context: AdminContext, value: string, reason: string, since: EpochMs): Pin => ({
  kind: 'field',
  subject: 'username',
  mode: 'keep',
  value,
  reason,
  by: context.actor,
  since,
});

interface Left {
  readonly user: User;
  readonly entry: NewAuditEntry;
  readonly warnings: readonly Warning[];
}

/** The id was given away: whoever had the account keeps what was its own, and the account goes to the new user. */
async function leaveHolder(
  context: AdminContext,
  tx: StoreTx,
  { account, reason, finding }: NewUserRequest,
  holder: UserId,
  now: EpochMs,
): Promise<Left> {
  const [user] = await tx.users([holder]);
  if (user === undefined)
    throw new RosterdError('bug', `Account ${account.key} is linked to user ${holder}, who is not there.`);
  const name = usernameOf(user);
  if (account.quarantine === undefined) {
    const message = `Account ${account.name} (${account.id}) of ${account.source} is linked to ${name} and not disputed. Take it away first: rosterd user unlink ${name} ${account.id}`;
    throw new RosterdError('edit-conflict', message, {
      subject: account.name,
      detail: { because: 'linked', holder: name },
    });
  }
  const accounts = await tx.accountsOf([holder]);
  const ended = await endLink(context, tx, { user, account, accounts, now });
  if (ended.row !== undefined) await tx.userRows.save([ended.row]);
  const { source, quarantine } = account;
  const payload = {
    source,
    account: { id: account.id, name: account.name },
    before: { user: holder, quarantine },
    after: { user: null, quarantine: null, isSynced: ended.isSynced },
    reason,
    finding,
    ...(ended.parts.length === 0 ? {} : { parts: ended.parts }),
  };
  const of = { at: now, actor: context.actor, subject: `user:${holder}`, label: name, userId: holder };
  const said = { code: 'unlinked', message: `${name} no longer has this account. ${ended.summary}` };
  return { user, entry: { ...of, action: 'user.unlinked', payload }, warnings: [said, ...ended.warnings] };
}

/** Nothing is left to decide about the account. */
async function settleAccount(tx: StoreTx, { key, source, id }: MirrorAccount, now: EpochMs): Promise<void> {
  await tx.mirror.setQuarantine([{ account: key, quarantine: undefined }]);
  await tx.dirty.clearAccounts([key]);
  await tx.findings.reconcile([subjectKey({ kind: 'account', source, id })], [], { now, codes: settledCodes });
}
