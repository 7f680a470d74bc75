// The contract between a connector (code for one kind of system) and the daemon.
// A connector only reads. It holds no store, writes no log, retries nothing: it yields pages and ends with exactly one outcome.
// Invariant: `complete` is claimed only when the source itself said that nothing is left; everything else is partial.

import type { SourceAccount } from './model/account.ts';
import type { ErrorCode } from './model/errors.ts';
import type { EdgeMember, Relation, SourceGroup } from './model/group.ts';
import type { EpochMs, ExternalId } from './model/ids.ts';

export type RecordKind = 'account' | 'group';

/** Part of the edges of one group; at most 5,000 members. A group may need several chunks, on several pages. */
export interface EdgeChunk {
  readonly group: ExternalId;
  readonly relation: Relation;
  readonly members: readonly EdgeMember[];
}

/** Closes the edges of one group and relation. Only a closed, complete group may lose edges. */
export type GroupClosure =
  | { readonly group: ExternalId; readonly relation: Relation; readonly kind: 'complete'; readonly count: number }
  | { readonly group: ExternalId; readonly relation: Relation; readonly kind: 'partial'; readonly because: string };

/** A record that could not be decoded. With an id it is protected from looking missing; without one the read is partial. */
export interface RejectedRecord {
  readonly kind: RecordKind;
  readonly id?: ExternalId;
  /** What a person can find it by: a DN, a name. */
  readonly label: string;
  readonly because: string;
}

/** One bounded portion of a read. All pages with accounts come before the first page with edges. */
export interface ReadPage {
  readonly accounts: readonly SourceAccount[];
  readonly groups: readonly SourceGroup[];
  readonly edges: readonly EdgeChunk[];
  readonly closures: readonly GroupClosure[];
  /** Delta reads only: records that the source says are gone. */
  readonly gone: readonly { readonly kind: RecordKind; readonly id: ExternalId }[];
  readonly rejected: readonly RejectedRecord[];
}

/** Facts that prove a complete read, for the run's record: pages, cookie exhausted, referrals seen, server that answered. */
export type ReadProof = Readonly<Record<string, string | number | boolean>>;

export type ReadOutcome =
  | {
      readonly kind: 'complete';
      readonly counts: {
        readonly accounts: number;
        readonly groups: number;
        readonly edges: number;
        readonly rejected: number;
      };
      /** The source's own totals, where it states them; a disagreement makes the read partial. */
      readonly total?: { readonly accounts?: number; readonly groups?: number };
      /** Opaque, bound to its origin; the mirror keeps it with the last transaction. */
      readonly next?: string;
      readonly proof: ReadProof;
      /** Identity of the directory that was read (not of one server). A change of it holds all removals. */
      readonly serverIdentity: string;
    }
  /** `errorCode`: what broke it off, which says whether trying again may help; absent for a doubt about what was read. */
  | { readonly kind: 'partial'; readonly because: string; readonly proof: ReadProof; readonly errorCode?: ErrorCode }
  | { readonly kind: 'resync-required'; readonly because: string };

export type ReadEvent =
  /**
   * At most once, before everything else: what the source says the time is, where it has a clock that it tells. A run whose own clock
   * is far from it fails there and then, before anything that was read is believed.
   */
  | { readonly kind: 'opened'; readonly serverTime: EpochMs }
  | { readonly kind: 'page'; readonly page: ReadPage }
  | { readonly kind: 'outcome'; readonly outcome: ReadOutcome };

export type ReadRequest = { readonly mode: 'full' } | { readonly mode: 'delta'; readonly since: string };

/** Answer to the question by id about one record that a complete read did not show. */
export type Confirmation =
  /** The source no longer has it; `evidence` says how that was seen. */
  | { readonly kind: 'absent'; readonly evidence: string }
  /** It exists but the configured scope no longer takes it. */
  | { readonly kind: 'out-of-scope'; readonly evidence: string }
  /** It exists and is in scope: so the read that missed it was not complete. */
  | { readonly kind: 'present' }
  | { readonly kind: 'unknown'; readonly because: string };

/** One line of `rosterd source check`. */
export interface CheckFact {
  readonly name: string;
  readonly value: string;
  readonly severity: 'ok' | 'warning' | 'error';
  /** What to do about it; only for warnings and errors. */
  readonly advice?: string;
}

export interface CheckReport {
  readonly facts: readonly CheckFact[];
  readonly serverIdentity?: string;
  /** Some accounts as they would be read, for a look at the mapping. */
  readonly sample: readonly SourceAccount[];
}

export interface Connector {
  readonly idStability: 'immutable' | 'reusable';
  /** Hash of the settings that decide which records are read. A change of it holds all removals of the next read. */
  readonly scopeFingerprint: string;
  /** Connects and reports what it found. Throws RosterdError when it cannot connect at all. */
  check(signal: AbortSignal): Promise<CheckReport>;
  /** Yields the time of the source where it is known, pages, and exactly one outcome, last. A throw instead of an outcome counts as partial. */
  read(request: ReadRequest, signal: AbortSignal): AsyncIterable<ReadEvent>;
  /** Asks for single records by id. Every id asked for is in the answer. */
  confirm(
    kind: RecordKind,
    ids: readonly ExternalId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<ExternalId, Confirmation>>;
}
