// What a source says of one user record, and what the mirror keeps of it.
// Invariant: "cleared" (the source positively has no value) and "unread" (nobody knows) are never confused.

import type { AccountKey, EpochMs, ExternalId, GroupKey, SourceName, UserId } from './ids.ts';

/** Attribute name in lower case -> its values in the order of the source; an empty list means positively cleared. */
export type Attributes = Readonly<Record<string, readonly string[]>>;

/** What a source said of one attribute. */
export type Reading =
  | { readonly kind: 'present'; readonly values: readonly string[] }
  | { readonly kind: 'cleared' }
  | { readonly kind: 'unread' };

/** `unknown`: the source has no such notion (UCCX), which is different from "enabled". */
export type AccountStatus = 'enabled' | 'disabled' | 'unknown';

/** A user record as a connector yields it. Text is NFC, ids are the source's own. */
export interface SourceAccount {
  readonly id: ExternalId;
  /** What an operator recognises the record by: sAMAccountName, uid, userID, agentId. */
  readonly name: string;
  /** Distinguished name as the server wrote it; only where the source has one. */
  readonly dn?: string;
  readonly status: AccountStatus;
  /** The source ends the account by itself at this moment (AD accountExpires). */
  readonly expiresAt?: EpochMs;
  readonly attributes: Attributes;
  /** Attributes that were asked for and could not be read (denied, truncated, unknown to the server): the mirror keeps its last reading. */
  readonly unread: readonly string[];
}

/** Where the record is, as far as complete reads and questions by id have shown. */
export type Presence =
  | { readonly state: 'present' }
  /** Not in the last complete read, and the question by id had no clear answer. Changes nothing. */
  | { readonly state: 'missing'; readonly since: EpochMs; readonly suspect: Suspicion | undefined }
  /** `absent`: the source no longer has it. `out-of-scope`: it exists, but the filter or the base no longer takes it. */
  | {
      readonly state: 'absent' | 'out-of-scope';
      readonly since: EpochMs;
      /** Complete reads, this one included, that did not show it. Not counted beyond the number that the policy asks for. */
      readonly confirmedReads: number;
      readonly evidence: string;
      /** It went missing in a read that is itself in doubt; whatever follows from it is always held. Kept from `missing` on. */
      readonly suspect: Suspicion | undefined;
    };

/** `scope-changed`: base, filter or server differed from the read before. `empty-read`: the read had no account at all. */
export type Suspicion = 'scope-changed' | 'empty-read';

/** Why an account waits for a person. Its edges and its user stay as they are. */
export type Quarantine =
  | 'ambiguous-match'
  | 'shared-key'
  | 'name-of-another'
  | 'second-account'
  | 'protected-user'
  | 'role-holder'
  | 'returned-late'
  | 'reused-id'
  /** It matches a user who is called differently. */
  | 'other-person'
  /** A person took it from its user: no rule links it again. */
  | 'unlinked';

/** The last reading of an account, with its attributes merged over the reads. */
export interface MirrorAccount extends SourceAccount {
  readonly key: AccountKey;
  readonly source: SourceName;
  readonly presence: Presence;
  readonly quarantine?: Quarantine;
  /** Who carries its login now and has no user, by name and id: worked out when a plan reads it (sync/find-rivals.ts), never stored. */
  readonly rival?: string;
  /** The user that owns this account, when linked. */
  readonly userId?: UserId;
  /** Groups that name this account directly as a member. Frozen while the account or the group is not present. */
  readonly memberOf: readonly GroupKey[];
  /** Groups that this account supervises (UCCX, UCCE). */
  readonly manages: readonly GroupKey[];
}

/** It speaks neither for its user nor against it until a person has said what it is. */
export const isDisputed = ({ quarantine, rival }: Pick<MirrorAccount, 'quarantine' | 'rival'>): boolean =>
  quarantine !== undefined || rival !== undefined;

/** Reads one attribute of an account; `attribute` in any case. An attribute never seen at all is unread. */
export function readingOf(account: Pick<SourceAccount, 'attributes' | 'unread'>, attribute: string): Reading {
  const values = account.attributes[attribute.toLowerCase()];
  if (values === undefined) return { kind: 'unread' };
  return values.length > 0 ? { kind: 'present', values } : { kind: 'cleared' };
}
