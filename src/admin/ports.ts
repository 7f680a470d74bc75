// What the admin use cases need beside the ports of src/sync: questions that a person asks and a run never does.
// src/store implements AdminReader on both stores; src/compose.ts hands everything in.
// Invariant: nothing here writes; an admin act writes through StoreTx only, in one transaction with its audit entry.

import type { CheckReport } from '../connector.ts';
import type { MirrorAccount } from '../model/account.ts';
import type { FindingCode } from '../model/finding.ts';
import type { AccountKey, EpochMs, RunId, SourceName, TeamId, UserId } from '../model/ids.ts';
import type { Policy } from '../model/policy.ts';
import type { User } from '../model/user.ts';
import type { CompiledWorld } from '../reconcile/world.ts';
import type { DetachReader } from '../sync/ports/detaching.ts';
import type { StoredFinding } from '../sync/ports/findings.ts';
import type { AuditHead, PlanReader, StoreReader, StoreTx } from '../sync/ports.ts';

export type { CheckFact, CheckReport } from '../connector.ts';
export type { StoredFinding } from '../sync/ports/findings.ts';

export interface UserFilter {
  /** Part of the username, e-mail, display, first or last name; folded as names are (case and accents as written). */
  readonly search?: string;
  /** Member of the team, whatever the owner. */
  readonly team?: TeamId;
  readonly role?: string;
  /** Has a link to this source; `local`: has no link at all. */
  readonly source?: SourceName | 'local';
  readonly enabled?: boolean;
  /** `off`: the sync switch is off at `now`. */
  readonly sync?: { readonly is: 'on' | 'off'; readonly now: EpochMs };
}

export interface UserPage {
  /** In order of the folded username. */
  readonly ids: readonly UserId[];
  /** Where the next page starts; absent on the last one. */
  readonly next?: string;
}

/** One line of the audit log. `payload` is undefined when it has expired or was erased; its hash stays. */
export interface AuditRecord {
  readonly seq: number;
  readonly at: EpochMs;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly label: string;
  readonly userId?: UserId;
  readonly runId?: RunId;
  readonly payload: unknown;
  readonly payloadHash: string;
  readonly mac: string;
}

export interface AuditFilter {
  readonly user?: UserId;
  readonly run?: RunId;
  readonly actor?: string;
  /** Exactly this action (`user.sync-off`), or all of a kind with a trailing dot (`user.`). */
  readonly action?: string;
  readonly from?: EpochMs;
  /** Exclusive. */
  readonly to?: EpochMs;
}

export interface AuditPage {
  readonly order: 'newest' | 'oldest';
  /** Sequence number of the last entry of the page before. */
  readonly after?: number;
  readonly limit: number;
}

export interface FindingFilter {
  /** `open`: those that nobody ignores at `now`; `ignored`: the other open ones. */
  readonly state: 'open' | 'ignored' | 'closed' | 'any';
  readonly now: EpochMs;
  readonly code?: FindingCode;
  readonly source?: SourceName;
  readonly subject?: string;
}

/** Counts of open findings that nobody ignores, for a first look. */
export type FindingCounts = readonly { readonly code: FindingCode; readonly open: number }[];

export interface AdminReader extends DetachReader {
  userIds(filter: UserFilter, page: { readonly after?: string; readonly limit: number }): Promise<UserPage>;
  countUsers(filter: UserFilter): Promise<number>;
  /** Users who carry this value of the attribute, of any owner. */
  attributeHolders(name: string, value: string): Promise<readonly UserId[]>;
  /** Accounts of the source, in any state, with this name in any case or this id; at most 100. */
  accountsCalled(source: SourceName, ref: string): Promise<readonly AccountKey[]>;
  auditRecords(filter: AuditFilter, page: AuditPage): Promise<readonly AuditRecord[]>;
  /** Oldest first; `after` is the number of the last finding of the page before. */
  findings(
    filter: FindingFilter,
    page: { readonly after?: number; readonly limit: number },
  ): Promise<readonly StoredFinding[]>;
  findingCounts(now: EpochMs): Promise<FindingCounts>;
  /** How many are open of each source that has any; ignored ones are not counted. */
  openFindingsBySource(now: EpochMs): Promise<ReadonlyMap<SourceName, number>>;
}

/** The part of the store that admin works with. */
export interface AdminStore {
  readonly read: StoreReader;
  write<T>(work: (tx: StoreTx) => Promise<T>): Promise<T>;
}

/** What every admin use case is given. */
export interface AdminContext {
  readonly store: AdminStore;
  readonly reads: AdminReader;
  readonly policy: Policy;
  now(): EpochMs;
  /** `cli:<os-user>@<host>`, or the account of the API. */
  readonly actor: string;
  readonly withRivals: WithRivals;
}

/** The accounts of these users, with who carries the login of those that their source does not show any more, as a run sees them. */
export type WithRivals = (
  read: Pick<PlanReader, 'accounts' | 'accountsOf' | 'candidates' | 'users'>,
  world: CompiledWorld,
  users: readonly User[],
  accounts: readonly MirrorAccount[],
) => Promise<readonly MirrorAccount[]>;

/** What a proof of the audit log found. `seq`: the first entry that was changed, cut, inserted or reordered. */
export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly head: AuditHead }
  | { readonly ok: false; readonly seq: number; readonly problem: string; readonly message: string };

/** One field of a sample account, as the mapping of the source would give it to a user. */
export interface MappedField {
  readonly field: string;
  readonly reading: 'present' | 'cleared' | 'unread';
  readonly value?: string;
}

/** What `source check` found: the facts of the connector and one account as it would be mapped. */
export interface SourceCheck {
  readonly source: SourceName;
  readonly report: CheckReport;
  readonly mapped?: { readonly account: string; readonly status: string; readonly fields: readonly MappedField[] };
}
