// Accounts and groups of one page against the mirror: unchanged ones set a bit, the others are written together with the
// users that they make dirty, in one transaction.

import type { MirrorAccount, Presence, Quarantine, SourceAccount } from '../model/account.ts';
import type { SourceGroup } from '../model/group.ts';
import { asAccountKey, asGroupKey } from '../model/ids.ts';
import { dnKey } from '../model/keys.ts';
import { suspicionOf } from '../reconcile/absence.ts';
import { matchKeysOf } from '../reconcile/correlate.ts';
import { accountDigest, groupDigest } from './digest.ts';
import type { AccountWrite, GroupWrite, MirrorDigest, StoreTx } from './ports.ts';
import type { ReadContext } from './read-context.ts';
import type { RecordSet } from './record-set.ts';

const present: Presence = { state: 'present' };

interface Compared<T> {
  readonly record: T;
  readonly digest: string;
  readonly known: MirrorDigest | undefined;
}

/** Leaves what differs; marks what was seen; a record that comes twice puts the read in doubt. */
function compare<T extends { readonly id: string; readonly name: string }>(
  context: ReadContext,
  records: readonly T[],
  known: ReadonlyMap<string, MirrorDigest>,
  seen: RecordSet,
  digestOf: (record: T) => string,
): Compared<T>[] {
  const differing: Compared<T>[] = [];
  const onThisPage = new Set<string>();
  for (const record of records) {
    const before = known.get(record.id);
    const isSecond = onThisPage.has(record.id) || (before !== undefined && !seen.add(before.key));
    if (isSecond) {
      context.doubts(`the source sent ${record.name} (${record.id}) twice`);
      continue;
    }
    onThisPage.add(record.id);
    const digest = digestOf(record);
    if (before?.digest !== digest || before.presence !== 'present') differing.push({ record, digest, known: before });
  }
  return differing;
}

type Stored = ReadonlyMap<number, MirrorAccount['attributes']>;

/** An account that comes back late, or under an id that the source gives out again, waits for a person. */
function quarantineOf(
  context: ReadContext,
  account: SourceAccount,
  before: MirrorDigest | undefined,
  stored: Stored,
): Quarantine | undefined {
  if (before === undefined) return undefined;
  const { presence, presenceSince, linkState } = before;
  const attributes = stored.get(before.key);
  const known = {
    presence,
    // An absence that was held and never acted is undone by the record's return, however late: it is the same person's account.
    isLinked: linkState === 'gone' || (linkState !== undefined && context.policy.idStability === 'reusable'),
    ...(presenceSince === undefined ? {} : { presenceSince }),
    ...(attributes === undefined ? {} : { account: { attributes, unread: [] } }),
  };
  return suspicionOf(context.policy, known, account, context.clock.now()) ?? before.quarantine;
}

/** The last reading of the records that have attributes which could not be read now, or whose id may have been given to another. */
async function lastReadings(
  context: ReadContext,
  kind: 'account' | 'group',
  rows: readonly Compared<SourceAccount | SourceGroup>[],
): Promise<Stored> {
  const isNeeded = (row: Compared<SourceAccount | SourceGroup>): boolean =>
    row.record.unread.length > 0 || (kind === 'account' && context.policy.idStability === 'reusable');
  const keys = rows.flatMap((row) => (row.known !== undefined && isNeeded(row) ? [row.known.key] : []));
  return keys.length === 0 ? new Map() : context.read.mirror.attributesOf(kind, keys);
}

/** Attributes that could not be read this time keep their last reading. */
function merged<T extends SourceAccount | SourceGroup>(record: T, last: MirrorAccount['attributes'] | undefined): T {
  if (last === undefined || record.unread.length === 0) return record;
  const kept = record.unread.flatMap((name) => (last[name] === undefined ? [] : [[name, last[name]] as const]));
  return { ...record, attributes: { ...record.attributes, ...Object.fromEntries(kept) } };
}

async function firstNewKey(
  tx: StoreTx,
  kind: 'account' | 'group',
  rows: readonly Compared<unknown>[],
): Promise<number> {
  const wanted = rows.filter((row) => row.known === undefined).length;
  return wanted === 0 ? 0 : tx.allocate(kind, wanted);
}

const hasNewDn = (record: { readonly dn?: string }, known: MirrorDigest | undefined): boolean =>
  known === undefined ||
  known.presence !== 'present' ||
  known.dnKey !== (record.dn === undefined ? undefined : dnKey(record.dn));

export async function mirrorAccounts(context: ReadContext, accounts: readonly SourceAccount[]): Promise<void> {
  if (accounts.length === 0) return;
  const known = await context.read.mirror.digests(
    context.source,
    'account',
    accounts.map((account) => account.id),
  );
  const differing = compare(context, accounts, known, context.seenAccounts, (account) =>
    accountDigest(account, context.salt),
  );
  context.tally.accounts += accounts.length;
  for (const account of accounts) context.noteUnread(account);
  if (differing.length === 0) return;
  context.tally.changed += differing.length;
  const stored = await lastReadings(context, 'account', differing);
  const keys = await context.lease.write(async (tx) => {
    let next = await firstNewKey(tx, 'account', differing);
    const rows = differing.map(({ record, digest, known: before }): AccountWrite => {
      const key = asAccountKey(before?.key ?? next++);
      const account = merged(record, stored.get(key));
      const quarantine = quarantineOf(context, record, before, stored);
      return {
        key,
        account,
        digest,
        presence: present,
        ...(quarantine === undefined ? {} : { quarantine }),
        matchKeys: matchKeysOf(account, context.policy),
        isNewDn: hasNewDn(record, before),
      };
    });
    await tx.mirror.saveAccounts(context.source, rows);
    await tx.dirty.accounts(
      rows.map((row) => row.key),
      'account changed',
    );
    const returned = differing.flatMap((row) =>
      row.known !== undefined && row.known.presence !== 'present' ? [row.known.key] : [],
    );
    if (returned.length > 0) await tx.mirror.forgetEdgeDigests('account', returned);
    return rows.map((row) => row.key);
  });
  for (const key of keys) context.seenAccounts.add(key);
}

export async function mirrorGroups(context: ReadContext, groups: readonly SourceGroup[]): Promise<void> {
  if (groups.length === 0) return;
  const known = await context.read.mirror.digests(
    context.source,
    'group',
    groups.map((group) => group.id),
  );
  const differing = compare(context, groups, known, context.seenGroups, groupDigest);
  context.tally.groups += groups.length;
  if (differing.length === 0) return;
  context.tally.changed += differing.length;
  const stored = await lastReadings(context, 'group', differing);
  const keys = await context.lease.write(async (tx) => {
    let next = await firstNewKey(tx, 'group', differing);
    const rows = differing.map(({ record, digest, known: before }): GroupWrite => {
      const key = asGroupKey(before?.key ?? next++);
      const group = merged(record, stored.get(key));
      return { key, group, digest, presence: present, isNewDn: hasNewDn(record, before) };
    });
    await tx.mirror.saveGroups(context.source, rows);
    await tx.dirty.groups(
      context.source,
      rows.map((row) => row.key),
    );
    // Names and DNs of groups are what role mappings look at, so a change reaches everybody below.
    const existing = differing.flatMap((row) => (row.known === undefined ? [] : [asGroupKey(row.known.key)]));
    if (existing.length > 0) {
      await tx.dirty.membersOf(existing, 'group changed');
      const returned = differing.filter((row) => row.known !== undefined && row.known.presence !== 'present');
      if (returned.length > 0) {
        await tx.mirror.forgetEdgeDigests(
          'group',
          returned.map((row) => (row.known as MirrorDigest).key),
        );
      }
    }
    return rows.map((row) => row.key);
  });
  for (const key of keys) context.seenGroups.add(key);
}
