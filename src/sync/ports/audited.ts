// What a run asks of the audit log: what became of its users in the entries of the last runs. Set-based, a page of users at a time.

import type { AuditedChange } from '../../model/audit.ts';
import type { EpochMs, UserId } from '../../model/ids.ts';

/** For a transaction that applies. */
export interface UnlinkedReader {
  /** Of these users those who lost an account by hand or with its source, from then on; with `to`: until then. */
  usersUnlinked(
    users: readonly UserId[],
    since: { readonly from: EpochMs; readonly to?: EpochMs },
  ): Promise<readonly UserId[]>;
}

export interface AuditedReader {
  /** Users that entries after `after`, up to `upTo`, are about. */
  usersAudited(after: number, upTo: number): Promise<readonly UserId[]>;
  /** Of these users those with at least two entries after `after`. */
  usersAuditedTwice(users: readonly UserId[], after: number): Promise<readonly UserId[]>;
  /** What entries after `after` did to these users, the oldest first. */
  auditedChanges(users: readonly UserId[], after: number): Promise<ReadonlyMap<UserId, readonly AuditedChange[]>>;
}
