// What a run needs of the store, as ports: src/store implements them on SQLite and PostgreSQL.
// Invariant: nothing is written outside Store.write, whose callback is one transaction.
// All lists are set-based: one call is a handful of statements, however many rows it carries.

import type { MirrorAccount, Presence, Quarantine, SourceAccount } from '../model/account.ts';
import type { Change } from '../model/change.ts';
import type { MatchCandidate, UniqueKeyKind } from '../model/decision.ts';
import type { Finding } from '../model/finding.ts';
import type { EdgeMember, MirrorGroup, Relation, SourceGroup } from '../model/group.ts';
import type {
  AccountKey,
  ChangeId,
  EpochMs,
  ExternalId,
  GroupKey,
  Owner,
  RunId,
  SourceName,
  TeamId,
  UserId,
} from '../model/ids.ts';
import type { CorrelationKey } from '../model/policy.ts';
import type { ChangeState, Run } from '../model/run.ts';
import type { Team } from '../model/team.ts';
import type { AdminHold, FieldName, Link, OwnedValue, Pin, SyncOff, User } from '../model/user.ts';
import type { AuditedReader, UnlinkedReader } from './ports/audited.ts';
import type { ComparisonReader } from './ports/comparison.ts';
import type { DaemonReader, DaemonWriter } from './ports/daemon.ts';
import type { DetachWriter } from './ports/detaching.ts';
import type { FindingKeeper } from './ports/findings.ts';

export interface Clock {
  now(): EpochMs;
}

// --- sources and the mirror ---------------------------------------------------

export interface SourceState {
  readonly name: SourceName;
  readonly type: string;
  readonly serverIdentity?: string;
  readonly scopeFingerprint?: string;
  readonly policyFingerprint?: string;
  readonly cursor?: string;
  readonly firstAppliedAt?: EpochMs;
  /** When the plan of a complete read was first applied. */
  readonly firstCompleteAt?: EpochMs;
}

export type RecordKind = 'account' | 'group';

/** What a page is compared with. */
export interface MirrorDigest {
  readonly key: number;
  readonly digest: string;
  readonly presence: Presence['state'];
  readonly presenceSince?: EpochMs;
  readonly quarantine?: Quarantine;
  /** Accounts: the state of the link, when linked. */
  readonly linkState?: Link['state'];
  readonly dnKey?: string;
  readonly name: string;
  /** Groups: digests of the last complete reading of the edges. */
  readonly membersDigest?: string;
  readonly managersDigest?: string;
}

/** Folded match keys of an account, computed by the mapping (see reconcile/correlate.ts). */
export type MatchKeys = Readonly<Partial<Record<CorrelationKey, string>>>;

export interface AccountWrite {
  readonly key: AccountKey;
  readonly account: SourceAccount;
  readonly digest: string;
  readonly presence: Presence;
  readonly quarantine?: Quarantine;
  readonly matchKeys: MatchKeys;
  /** New to the mirror, or with another DN than before: references to its DN must be looked at again. */
  readonly isNewDn: boolean;
}

export interface GroupWrite {
  readonly key: GroupKey;
  readonly group: SourceGroup;
  readonly digest: string;
  readonly presence: Presence;
  readonly isNewDn: boolean;
}

export type ResolvedMember =
  | { readonly kind: 'account'; readonly key: AccountKey }
  | { readonly kind: 'group'; readonly key: GroupKey };

/** Edges of several groups, one relation, as pairs [group, member]. */
export interface EdgeRows {
  readonly accounts: readonly (readonly [GroupKey, AccountKey])[];
  readonly groups: readonly (readonly [GroupKey, GroupKey])[];
  readonly unresolved: readonly (readonly [GroupKey, EdgeMember])[];
}

export interface MirrorReader {
  source(name: SourceName): Promise<SourceState | undefined>;
  /** Compares a page with the mirror in one query. */
  digests(
    source: SourceName,
    kind: RecordKind,
    ids: readonly ExternalId[],
  ): Promise<ReadonlyMap<ExternalId, MirrorDigest>>;
  /** The stored attributes of accounts whose new reading has unread ones. */
  attributesOf(kind: RecordKind, keys: readonly number[]): Promise<ReadonlyMap<number, MirrorAccount['attributes']>>;
  /** Same order as `members`; undefined where no present record carries the reference. */
  resolve(source: SourceName, members: readonly EdgeMember[]): Promise<readonly (ResolvedMember | undefined)[]>;
  edgesOf(groups: readonly GroupKey[], relation: Relation): Promise<EdgeRows>;
  /** Key and presence of every record of the source, in order of the key. */
  presenceOf(
    source: SourceName,
    kind: RecordKind,
  ): Promise<readonly { readonly key: number; readonly state: Presence['state'] }[]>;
  /** For the records that a read did not show. */
  records(
    kind: RecordKind,
    keys: readonly number[],
  ): Promise<
    readonly {
      readonly key: number;
      readonly id: ExternalId;
      readonly name: string;
      readonly presence: Presence;
      readonly linkState?: Link['state'];
    }[]
  >;
  counts(
    source: SourceName,
  ): Promise<{ readonly accounts: number; readonly groups: number; readonly presentAccounts: number }>;
  /** References of the source's groups that no record of it carries. */
  unresolvedMembers(source: SourceName): Promise<number>;
}

export interface MirrorWriter {
  saveSource(state: SourceState): Promise<void>;
  /**
   * Inserts or overwrites accounts. For rows with `isNewDn`: another record that held the DN loses it and the groups with an edge
   * to that record forget their members digest; unresolved references to the new DN (or id, or name) become edges.
   */
  saveAccounts(source: SourceName, rows: readonly AccountWrite[]): Promise<void>;
  saveGroups(source: SourceName, rows: readonly GroupWrite[]): Promise<void>;
  addEdges(relation: Relation, rows: EdgeRows): Promise<void>;
  removeEdges(relation: Relation, rows: EdgeRows): Promise<void>;
  /** undefined = unknown: the next complete reading is compared in full. */
  setEdgeDigests(
    relation: Relation,
    rows: readonly { readonly group: GroupKey; readonly digest: string | undefined }[],
  ): Promise<void>;
  /** Groups with an edge to one of these records are compared in full at their next reading (a record came back). */
  forgetEdgeDigests(kind: RecordKind, keys: readonly number[]): Promise<void>;
  setPresence(kind: RecordKind, rows: readonly { readonly key: number; readonly presence: Presence }[]): Promise<void>;
  setQuarantine(
    rows: readonly { readonly account: AccountKey; readonly quarantine: Quarantine | undefined }[],
  ): Promise<void>;
  setTeam(rows: readonly { readonly group: GroupKey; readonly team: TeamId | undefined }[]): Promise<void>;
}

// --- what waits ---------------------------------------------------------------

export interface DirtyWriter {
  users(ids: readonly UserId[], because: string): Promise<void>;
  /** The users of these accounts, and the accounts that have no user. */
  accounts(keys: readonly AccountKey[], because: string): Promise<void>;
  groups(source: SourceName, keys: readonly GroupKey[]): Promise<void>;
  /** Every account below these groups, through nested groups too (cycle-safe), or its user. */
  membersOf(groups: readonly GroupKey[], because: string): Promise<void>;
  /** Every user and every unlinked account of the source, and its groups. */
  everythingOf(source: SourceName, because: string): Promise<void>;
  /** Users whose recheckAt has come. Writes nothing when there are none. */
  due(now: EpochMs): Promise<number>;
  /** Keeps those that were marked again after the marking numbered `upTo` (PlanReader.dirtyMark). */
  clearUsers(ids: readonly UserId[], upTo: number): Promise<void>;
  clearAccounts(keys: readonly AccountKey[]): Promise<void>;
  clearGroups(keys: readonly GroupKey[]): Promise<void>;
  /** Only rows that differ are written. */
  setRecheck(rows: readonly { readonly user: UserId; readonly at: EpochMs | undefined }[]): Promise<void>;
}

// --- what the planner reads -----------------------------------------------------

export interface PlanReader {
  /** Dirty users with a link to the source, or with none at all (their pins act with whatever run comes), by id, after `after`. */
  dirtyUsers(source: SourceName, after: number, limit: number): Promise<readonly UserId[]>;
  dirtyAccounts(source: SourceName, after: number, limit: number): Promise<readonly AccountKey[]>;
  dirtyGroups(source: SourceName): Promise<readonly GroupKey[]>;
  /** Number of the last marking; read before anything that a plan looks at. */
  dirtyMark(): Promise<number>;
  users(ids: readonly UserId[]): Promise<readonly User[]>;
  accounts(keys: readonly AccountKey[]): Promise<readonly MirrorAccount[]>;
  /** Every account linked to these users, of all sources. */
  accountsOf(users: readonly UserId[]): Promise<readonly MirrorAccount[]>;
  /** All groups of all sources; attributes included. */
  groups(): Promise<readonly MirrorGroup[]>;
  teams(): Promise<readonly Team[]>;
  /** Other carriers of the keys: accounts of the mirror (linked or not) and users whose own value is local. */
  candidates(
    keys: readonly { readonly by: CorrelationKey; readonly key: string }[],
  ): Promise<readonly MatchCandidate[]>;
  /** Who holds a unique key now. */
  holders(kind: UniqueKeyKind, keys: readonly string[]): Promise<ReadonlyMap<string, UserId>>;
  /** Of users linked to the source. */
  userCounts(source: SourceName): Promise<{ readonly linked: number; readonly enabled: number }>;
  teamSizes(teams: readonly TeamId[]): Promise<ReadonlyMap<TeamId, number>>;
}

// --- what apply writes --------------------------------------------------------

/** The user's own row: everything of User but links, memberships, grants, roles, attributes and pins. */
export interface UserRow {
  readonly id: UserId;
  readonly origin: Owner;
  readonly values: Readonly<Partial<Record<FieldName, OwnedValue>>>;
  readonly enabled: boolean;
  readonly activated: boolean;
  readonly adminHold?: AdminHold;
  readonly syncOff?: SyncOff;
  readonly mainTeam?: TeamId;
}

export interface TeamRow {
  readonly user: UserId;
  readonly team: TeamId;
  readonly owner: Owner;
}

export interface UserWriter {
  /** Inserts new users. `values.username` is there. */
  create(rows: readonly UserRow[]): Promise<void>;
  /** Overwrites; unique keys that change are set to null first, so that swaps and chains within one call work. */
  save(rows: readonly UserRow[]): Promise<void>;
  addLinks(rows: readonly (Link & { readonly user: UserId })[]): Promise<void>;
  removeLinks(accounts: readonly AccountKey[]): Promise<void>;
  setLinkState(rows: readonly { readonly account: AccountKey; readonly state: Link['state'] }[]): Promise<void>;
  addMemberships(rows: readonly TeamRow[]): Promise<void>;
  removeMemberships(rows: readonly TeamRow[]): Promise<void>;
  addGrants(rows: readonly TeamRow[]): Promise<void>;
  removeGrants(rows: readonly TeamRow[]): Promise<void>;
  addRoles(rows: readonly { readonly user: UserId; readonly role: string; readonly owner: Owner }[]): Promise<void>;
  removeRoles(rows: readonly { readonly user: UserId; readonly role: string; readonly owner: Owner }[]): Promise<void>;
  setAttributes(
    rows: readonly {
      readonly user: UserId;
      readonly name: string;
      readonly owner: Owner;
      readonly value: string | undefined;
    }[],
  ): Promise<void>;
  setPin(user: UserId, pin: Pin): Promise<void>;
  removePin(user: UserId, kind: Pin['kind'], subject: string): Promise<boolean>;
  /** Inserts or overwrites. */
  saveTeams(rows: readonly Team[]): Promise<void>;
}

export type CounterName =
  | 'user'
  | 'team'
  | 'account'
  | 'group'
  | 'run'
  | 'change'
  | 'approval'
  | 'finding'
  | 'delivery';

export interface StoredChange {
  readonly id: ChangeId;
  readonly run: RunId;
  readonly change: Change;
  readonly state: ChangeState;
  /** Kinds that hold it, or why it is obsolete or in conflict. */
  readonly because?: string;
}

export interface RunReader {
  run(id: RunId): Promise<Run | undefined>;
  /** Newest first. `real`: no dry runs. */
  runs(filter: {
    readonly source?: SourceName;
    readonly limit: number;
    readonly states?: readonly Run['state'][];
    /** How the read ended; runs that did not get so far are left out. */
    readonly read?: NonNullable<Run['read']>;
    readonly kind?: 'real';
    /** Started then or later. */
    readonly since?: EpochMs;
    /** Started earlier. */
    readonly before?: EpochMs;
    readonly heldRunId?: RunId;
  }): Promise<readonly Run[]>;
  /** Every change of the source's real runs that is held or rejected, by id. */
  heldChanges(source: SourceName): Promise<readonly { readonly id: ChangeId; readonly run: RunId }[]>;
  /** Of a run, by id, after `after`. */
  changes(
    run: RunId,
    filter: { readonly states?: readonly ChangeState[]; readonly after: number; readonly limit: number },
  ): Promise<readonly StoredChange[]>;
  changeCounts(run: RunId): Promise<Readonly<Partial<Record<ChangeState, number>>>>;
  /** Not expired at `now`, newest first. */
  approvals(source: SourceName, checksum: string, now: EpochMs): Promise<readonly Approval[]>;
}

export interface Approval {
  readonly id: number;
  readonly source: SourceName;
  readonly checksum: string;
  readonly decision: 'approved' | 'rejected';
  readonly actor: string;
  readonly reason: string;
  readonly at: EpochMs;
  readonly expiresAt?: EpochMs;
}

export interface RunWriter {
  saveRun(run: Run): Promise<void>;
  addChanges(rows: readonly StoredChange[]): Promise<void>;
  setChangeState(ids: readonly ChangeId[], state: ChangeState, because?: string): Promise<void>;
  /** Takes planned changes back, before the plan is judged (a refused claim changes them). */
  deleteChanges(ids: readonly ChangeId[]): Promise<void>;
  addApproval(approval: Approval): Promise<void>;
}

export interface NewAuditEntry {
  readonly at: EpochMs;
  readonly actor: string;
  /** `user.changed`, `user.created`, `team.changed`, `user.sync-off`, `plan.approved`, ... */
  readonly action: string;
  readonly subject: string;
  readonly label: string;
  readonly userId?: UserId;
  readonly runId?: RunId;
  /** The payload is that of this change; else it is `payload`. */
  readonly changeId?: ChangeId;
  readonly payload: unknown;
}

export interface AuditHead {
  readonly seq: number;
  readonly mac: string;
}

export interface FindingWriter extends FindingKeeper {
  /**
   * Opens what is new, closes what is open for one of `evaluated` subjects (or, with `everyOf`, for the whole source) and not
   * derived any more. `codes` limits which codes this caller may close. Returns the numbers opened and closed; writes nothing for the unchanged.
   */
  reconcile(
    evaluated: readonly string[] | { readonly everyOf: SourceName },
    derived: readonly Finding[],
    by: { readonly run?: RunId; readonly now: EpochMs; readonly codes: readonly Finding['code'][] },
  ): Promise<{ readonly opened: number; readonly closed: number }>;
}

// --- lease -------------------------------------------------------------------------

export interface Lease {
  readonly name: string;
  readonly holder: string;
  /** Fencing token: every take-over makes it larger. */
  readonly token: number;
}

export interface LeaseWriter {
  /**
   * Takes a lease that is free, expired, abandoned (same host, dead process) or lasts for more than two `ttlMs` from now (the clock
   * was set back since); says who holds it otherwise.
   */
  acquire(name: string, holder: string, ttlMs: number, now: EpochMs): Promise<Lease | { readonly heldBy: string }>;
  /** Extends it; throws `lease-lost` when the token is no longer the current one. Every batch calls it first. */
  renew(lease: Lease, ttlMs: number, now: EpochMs): Promise<void>;
  release(lease: Lease): Promise<void>;
}

// --- the store ----------------------------------------------------------------------

export interface StoreTx extends PlanReader, RunReader, DaemonReader, DaemonWriter, UnlinkedReader {
  readonly mirror: MirrorWriter & MirrorReader;
  readonly dirty: DirtyWriter;
  readonly userRows: UserWriter;
  readonly runRows: RunWriter;
  readonly findings: FindingWriter;
  readonly leases: LeaseWriter;
  readonly sources: DetachWriter;
  /** First of `count` new numbers. */
  allocate(counter: CounterName, count: number): Promise<number>;
  /** Forgets ended runs and deliveries, and erases the payloads of audit entries, from before these times. Writes nothing when there are none. */
  forget(before: { readonly runs: EpochMs; readonly payloads: EpochMs | undefined }, now: EpochMs): Promise<void>;
  /** Appends to the chain and moves the head; called last, because it locks the head row. */
  audit(entries: readonly NewAuditEntry[]): Promise<AuditHead>;
}

export interface StoreReader extends PlanReader, RunReader, DaemonReader, AuditedReader, ComparisonReader {
  readonly mirror: MirrorReader;
  auditHead(): Promise<AuditHead>;
}

export interface SyncStore {
  readonly read: StoreReader;
  /** One transaction on the one writer, in the order of the calls. Aborted callers leave nothing behind. */
  write<T>(work: (tx: StoreTx) => Promise<T>): Promise<T>;
  /**
   * A private, temporary copy in which a dry run may read and plan with the very same code; it never touches this store.
   * The audit log and old runs are left out.
   */
  overlay(): Promise<SyncStore & { close(): Promise<void> }>;
}
