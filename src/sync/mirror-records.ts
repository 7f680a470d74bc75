// Accounts and groups of one page against the mirror: unchanged ones set a bit, the others are written together with the
// users that they make dirty, in one transaction.

import type { MirrorAccount, Presence, Quarantine, SourceAccount } from '../model/account.ts';
import type { SourceGroup } from '../model/group.ts';
import { asAccountKey, asGroupKey } from '../model/ids.ts';
import { dnKey } from '../model/keys.ts';
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

/** An account that comes back late, or under an id that the source gives out again, waits for a person. */
function quarantineOf(
  context: ReadContext,
  account: SourceAccount,
  before: MirrorDigest | undefined,
): Quarantine | undefined {
  if (before === undefined || before.presence === 'present' || before.presence === 'missing') return before?.quarantine;
  if (before.linkState !== 'gone') return before.quarantine;
  if (context.policy.idStability === 'reusable' && before.name !== account.name) return 'reused-id';
  const awayMs = context.clock.now() - (before.presenceSince ?? 0);
  return awayMs > context.policy.absence.returnWithinMs ? 'returned-late' : before.quarantine;
}

/** Attributes that could not be read this time keep their last reading. */
async function withLastReadings<T extends SourceAccount | SourceGroup>(
  context: ReadContext,
  kind: 'account' | 'group',
  rows: readonly Compared<T>[],
): Promise<Map<number, MirrorAccount['attributes']>> {
  const keys = rows.flatMap((row) => (row.known !== undefined && row.record.unread.length > 0 ? [row.known.key] : []));
  const stored = keys.length === 0 ? new Map() : await context.read.mirror.attributesOf(kind, keys);
  const merged = new Map<number, MirrorAccount['attributes']>();
  for (const row of rows) {
    const last = row.known === undefined ? undefined : stored.get(row.known.key);
    if (row.known === undefined || last === undefined) continue;
    const kept = row.record.unread.flatMap((name) => (last[name] === undefined ? [] : [[name, last[name]] as const]));
    merged.set(row.known.key, { ...row.record.attributes, ...Object.fromEntries(kept) });
  }
  return merged;
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
  if (differing.length === 0) return;
  context.tally.changed += differing.length;
  const merged = await withLastReadings(context, 'account', differing);
  const keys = await context.lease.write(async (tx) => {
    let next = await firstNewKey(tx, 'account', differing);
    const rows = differing.map(({ record, digest, known: before }): AccountWrite => {
      const key = asAccountKey(before?.key ?? next++);
      const attributes = merged.get(key);
      const account = attributes === undefined ? record : { ...record, attributes };
      const quarantine = quarantineOf(context, record, before);
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
  const merged = await withLastReadings(context, 'group', differing);
  const keys = await context.lease.write(async (tx) => {
    let next = await firstNewKey(tx, 'group', differing);
    const rows = differing.map(({ record, digest, known: before }): GroupWrite => {
      const key = asGroupKey(before?.key ?? next++);
      const attributes = merged.get(key);
      const group = attributes === undefined ? record : { ...record, attributes };
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
