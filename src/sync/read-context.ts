// What the reading half of a run carries from page to page: the sets of records seen, the open groups, and what must wait
// for the end because only a complete read may remove.

import type { SourceAccount, Suspicion } from '../model/account.ts';
import type { Finding } from '../model/finding.ts';
import type { EdgeMember, Relation } from '../model/group.ts';
import type { AccountKey, ExternalId, GroupKey, SourceName } from '../model/ids.ts';
import type { SourcePolicy } from '../model/policy.ts';
import type { Clock, StoreReader } from './ports.ts';
import { RecordSet } from './record-set.ts';
import type { RunLease } from './run-lease.ts';

export interface ReadTally {
  accounts: number;
  groups: number;
  edges: number;
  rejected: number;
  /** Of the rejected ones. */
  rejectedGroups: number;
  changed: number;
}

export class ReadContext {
  readonly source: SourceName;
  readonly policy: SourcePolicy;
  readonly clock: Clock;
  readonly read: StoreReader;
  readonly lease: RunLease;
  readonly salt: string;
  readonly seenAccounts = new RecordSet();
  readonly seenGroups = new RecordSet();
  /** Of those seen, the ones that could not be decoded: they are there, and nobody knows under which name groups mention them. */
  readonly undecodedAccounts = new RecordSet();
  readonly undecodedGroups = new RecordSet();
  /** Members of groups that are not closed yet. */
  readonly openEdges = new Map<string, EdgeMember[]>();
  /** Edges that a complete group no longer names; withdrawn only when the whole read is complete. */
  readonly withdrawn: {
    readonly relation: Relation;
    readonly group: GroupKey;
    readonly account?: AccountKey;
    readonly child?: GroupKey;
    readonly ref?: EdgeMember;
  }[] = [];
  /** Digests of groups with withdrawals, stored together with them. */
  readonly lateDigests: { readonly relation: Relation; readonly group: GroupKey; readonly digest: string }[] = [];
  /** Attribute -> how many accounts it could not be read in, and the first of them by name. */
  readonly unread = new Map<string, { count: number; readonly first: string[] }>();
  readonly findings: Finding[] = [];
  readonly tally: ReadTally = { accounts: 0, groups: 0, edges: 0, rejected: 0, rejectedGroups: 0, changed: 0 };
  /** Why the read is not complete although the connector says so: a broken contract, a record without an id. */
  doubt: string | undefined;
  suspect: Suspicion | undefined;

  constructor(
    source: SourceName,
    policy: SourcePolicy,
    clock: Clock,
    read: StoreReader,
    lease: RunLease,
    salt: string,
  ) {
    this.source = source;
    this.policy = policy;
    this.clock = clock;
    this.read = read;
    this.lease = lease;
    this.salt = salt;
  }

  noteUnread(account: SourceAccount): void {
    for (const attribute of account.unread) {
      const seen = this.unread.get(attribute) ?? { count: 0, first: [] };
      seen.count += 1;
      if (seen.first.length < 5) seen.first.push(account.name);
      this.unread.set(attribute, seen);
    }
  }

  doubts(because: string): void {
    this.doubt ??= because;
  }

  subject(kind: 'account' | 'group', id: ExternalId): string {
    return `${kind}:${this.source}/${id}`;
  }
}
