// What one plan carries while it is built: the world, the planned changes (their payloads go to the store at once, so memory
// holds a few words per change), the claims on unique keys, and what to write down when planning is done.

import type { Quarantine } from '../model/account.ts';
import { type Change, subjectKey } from '../model/change.ts';
import type { Danger, GuardBaseline, KeyClaim, RefusedClaims, UserDecision } from '../model/decision.ts';
import type { Finding } from '../model/finding.ts';
import {
  type AccountKey,
  asChangeId,
  asExternalId,
  type ChangeId,
  type EpochMs,
  type GroupKey,
  type RunId,
  type SourceName,
  type UserId,
} from '../model/ids.ts';
import type { SourcePolicy } from '../model/policy.ts';
import type { User } from '../model/user.ts';
import { dangersOf, needsOf } from '../reconcile/guard.ts';
import type { CompiledWorld } from '../reconcile/world.ts';
import type { SyncDeps } from './deps.ts';
import { sourcePolicy } from './deps.ts';
import { loadWorld } from './load-world.ts';
import type { StoredChange, StoreTx, SyncStore } from './ports.ts';
import type { RunLease } from './run-lease.ts';

/** A planned change without its payload. */
export interface PlannedChange {
  readonly id: ChangeId;
  readonly subject: string;
  readonly label: string;
  readonly atomic?: string;
  readonly dangers: readonly Danger[];
  /** Subjects without whose change this one cannot be: it is held with them. */
  readonly needs: readonly string[];
  readonly user?: UserId;
  /** The account that is linked, or for which the user is created. */
  readonly account?: AccountKey;
  readonly group?: GroupKey;
  readonly recheckAt?: EpochMs;
  /** Another source has to act on the user too, in its own run; or the user waits for a name, or for what becomes of an account. */
  readonly keepsDirty: boolean;
}

interface Origin {
  readonly user?: User;
  readonly account?: AccountKey;
  readonly group?: GroupKey;
}

const flushEvery = 1000;

export class PlanSession {
  readonly store: SyncStore;
  readonly lease: RunLease;
  readonly run: RunId;
  readonly source: SourceName;
  readonly policy: SourcePolicy;
  readonly baseline: GuardBaseline;
  readonly deps: SyncDeps;
  /** Number of the last marking before this plan looked at anything. */
  readonly mark: number;
  world: CompiledWorld;
  changes: PlannedChange[] = [];
  readonly claims: KeyClaim[] = [];
  readonly findings = new Map<string, readonly Finding[]>();
  readonly evaluated = new Set<string>();
  /** Of each user whose sources were laid side by side what came of it; the others' findings of this kind stay as they are. */
  readonly compared = new Map<UserId, readonly Finding[]>();
  quarantines: { readonly account: AccountKey; readonly quarantine: Quarantine | undefined }[] = [];
  readonly settledUsers = new Set<UserId>();
  readonly settledAccounts: AccountKey[] = [];
  readonly settledGroups: GroupKey[] = [];
  readonly rechecks: { readonly user: UserId; readonly at: EpochMs | undefined }[] = [];
  refused: RefusedClaims = new Map();
  /** Claimants whose changes are one transaction, by the atomic group. */
  atomic: ReadonlyMap<string, string> = new Map();
  /** Users one of whose accounts waits for what becomes of another one with its login: nothing tells when that one goes. */
  readonly contested = new Set<string>();
  /** `${kind}:${subject}` of users that give a unique value up without claiming another one. */
  readonly leaving = new Set<string>();
  created = 0;
  #pending: StoredChange[] = [];
  #nextId = 0;
  #lastId = -1;

  private constructor(
    deps: SyncDeps,
    store: SyncStore,
    lease: RunLease,
    run: RunId,
    baseline: GuardBaseline,
    source: SourceName,
    mark: number,
    world: CompiledWorld,
  ) {
    this.deps = deps;
    this.store = store;
    this.lease = lease;
    this.run = run;
    this.source = source;
    this.policy = sourcePolicy(deps.policy, source);
    this.baseline = baseline;
    this.mark = mark;
    this.world = world;
  }

  static async open(
    deps: SyncDeps,
    store: SyncStore,
    lease: RunLease,
    run: RunId,
    source: SourceName,
    baseline: GuardBaseline,
  ): Promise<PlanSession> {
    const mark = await store.read.dirtyMark();
    const world = await loadWorld(store, { policy: deps.policy, now: deps.clock.now(), source });
    return new PlanSession(deps, store, lease, run, baseline, source, mark, world);
  }

  /** Takes one decision in: its change, claims, findings, and what is settled by it. */
  async take(subject: string, decision: UserDecision, origin: Origin): Promise<void> {
    this.claims.push(...decision.claims);
    // What is to be said of a user that is about to be created is said when it is there, under its own number (verify-plan.ts).
    const isCreated = origin.user === undefined && decision.change !== undefined;
    this.note(subject, isCreated ? [] : decision.findings);
    if (origin.user !== undefined) this.#compare(origin.user.id, decision.crossFindings);
    if (decision.change !== undefined) {
      await this.add(decision.change, decision, origin);
      return;
    }
    if (origin.user === undefined) return;
    if (!this.#staysDirty(subject, decision)) this.settledUsers.add(origin.user.id);
    this.rechecks.push({ user: origin.user.id, at: decision.recheckAt });
  }

  #compare(user: UserId, found: readonly Finding[] | undefined): void {
    if (found === undefined) this.compared.delete(user);
    else this.compared.set(user, found);
  }

  /** Nobody else would make the user dirty when the other source has run, the refused value is free, or the other account is known. */
  #staysDirty(subject: string, decision: Pick<UserDecision, 'pendingFor'>): boolean {
    if (decision.pendingFor !== undefined || this.contested.has(subject)) return true;
    return (['username', 'email'] as const).some((kind) => this.refused.has(`${kind}:${subject}`));
  }

  note(subject: string, findings: readonly Finding[]): void {
    this.evaluated.add(subject);
    if (findings.length > 0) this.findings.set(subject, findings);
    else this.findings.delete(subject);
  }

  async add(
    decided: Change,
    decision: Pick<UserDecision, 'suspicions' | 'recheckAt' | 'pendingFor'>,
    origin: Origin,
  ): Promise<void> {
    const id = await this.#changeId();
    const subject = subjectKey(decided.subject);
    const atomic = this.atomic.get(subject);
    const change = atomic === undefined ? decided : { ...decided, atomic };
    if (origin.user !== undefined) this.settledUsers.delete(origin.user.id);
    this.#noteLeaving(subject, change);
    const dangers = [
      ...dangersOf(change, origin.user, this.world, this.baseline),
      ...decision.suspicions.map((kind): Danger => ({ kind })),
    ];
    this.changes.push({
      id,
      subject,
      label: change.label,
      dangers,
      needs: needsOf(change),
      ...(change.atomic === undefined ? {} : { atomic: change.atomic }),
      ...(origin.user === undefined ? {} : { user: origin.user.id }),
      ...(origin.account === undefined ? {} : { account: origin.account }),
      ...(origin.group === undefined ? {} : { group: origin.group }),
      ...(decision.recheckAt === undefined ? {} : { recheckAt: decision.recheckAt }),
      keepsDirty: this.#staysDirty(subject, decision),
    });
    if (change.parts[0]?.part === 'created') this.created += 1;
    this.#pending.push({ id, run: this.run, change, state: 'planned' });
    if (this.#pending.length >= flushEvery) await this.flush();
  }

  #noteLeaving(subject: string, change: Change): void {
    for (const part of change.parts) {
      if (part.part !== 'field' || part.before === undefined || part.after !== undefined) continue;
      this.leaving.add(`${part.field}:${subject}`);
    }
  }

  /** Disputes of accounts that somebody has linked by hand while the plan was made are settled: they must not be written back. */
  async forgetLinked(tx: StoreTx): Promise<void> {
    const prefix = `account:${this.source}/`;
    const disputed = [...this.findings.keys()].filter((subject) => subject.startsWith(prefix));
    const ids = disputed.map((subject) => asExternalId(subject.slice(prefix.length)));
    const known = await tx.mirror.digests(this.source, 'account', ids);
    const linked = new Set<number>();
    for (const [id, { key, linkState }] of known) {
      if (linkState === undefined) continue;
      linked.add(key);
      this.findings.delete(`${prefix}${id}`);
    }
    const kept = this.quarantines.filter(({ account }) => !linked.has(account));
    this.quarantines = kept;
  }

  /** Takes the changes of these subjects back, to decide them again. */
  async drop(subjects: ReadonlySet<string>): Promise<void> {
    await this.flush();
    const dropped = this.changes.filter((change) => subjects.has(change.subject));
    this.changes = this.changes.filter((change) => !subjects.has(change.subject));
    this.created -= dropped.filter((change) => change.subject.startsWith('account:')).length;
    if (dropped.length > 0)
      await this.lease.write((tx) => tx.runRows.deleteChanges(dropped.map((change) => change.id)));
  }

  async flush(): Promise<void> {
    const rows = this.#pending;
    if (rows.length === 0) return;
    this.#pending = [];
    await this.lease.write((tx) => tx.runRows.addChanges(rows));
  }

  async #changeId(): Promise<ChangeId> {
    if (this.#nextId > this.#lastId) {
      const first = await this.lease.write((tx) => tx.allocate('change', flushEvery));
      this.#nextId = first;
      this.#lastId = first + flushEvery - 1;
    }
    return asChangeId(this.#nextId++);
  }
}
