// What the pure core takes in and gives out: the world it decides in, the decision per subject, the claims on unique keys,
// the dangers of a change and the guard's verdict. Data only; the verbs are in src/reconcile.

import type { MirrorAccount, Quarantine, Suspicion } from './account.ts';
import type { Change, FieldRule, TeamRef } from './change.ts';
import type { Finding } from './finding.ts';
import type { MirrorGroup } from './group.ts';
import type { AccountKey, EpochMs, GroupKey, Owner, SourceName, TeamId, UserId } from './ids.ts';
import type { CorrelationKey, GuardLimit, Policy } from './policy.ts';
import type { Team } from './team.ts';
import type { FieldName, User } from './user.ts';

/** Everything that decisions depend on beside the subject itself. Built once per plan. */
export interface World {
  readonly policy: Policy;
  readonly now: EpochMs;
  /** The source whose run plans. */
  readonly source: SourceName;
  readonly teams: ReadonlyMap<TeamId, Team>;
  readonly groups: ReadonlyMap<GroupKey, MirrorGroup>;
  /** Teams that this plan is about to create, or existing ones that it joins, by the group that is about to feed them. */
  readonly newTeams: ReadonlyMap<GroupKey, TeamRef>;
  /** Every source with lifecycle authority has been read completely once: who is in none of them is in no directory. Absent: no. */
  readonly hasReadAuthorities?: boolean;
  /** Users of whom other sources hold or have rejected changes, by the number of the user. Absent: none. */
  readonly heldElsewhere?: ReadonlyMap<UserId, ReadonlySet<SourceName>>;
}

export interface UserInput {
  readonly user: User;
  /** Every account linked to the user, of all sources. */
  readonly accounts: readonly MirrorAccount[];
}

export type UniqueKeyKind = 'username' | 'email';

/** A user (or a user to be created for an account) wants a unique value; `key` is folded, empty when it gives its own up. */
export interface KeyClaim {
  readonly kind: UniqueKeyKind;
  readonly key: string;
  readonly value: string;
  readonly claimant: string;
  /** The key that the claimant holds now, folded, if any: it is freed when the claim is granted. */
  readonly holds?: string;
  /** `drop`: a refused claimant gives up what it holds all the same (e-mail of a source). Absent: it keeps what it holds. */
  readonly whenRefused?: 'keep' | 'drop';
}

/** Who holds a unique value now. It leaves the value in this plan by a claim of its own on another one, or on none. */
export interface KeyHolder {
  /** `user:12`. */
  readonly claimant: string;
  readonly label: string;
  /** It leaves the value whatever becomes of its claims. */
  readonly leaves?: boolean;
}

/** Claims that cannot be granted: `${kind}:${claimant}` -> who keeps the value. */
export type RefusedClaims = ReadonlyMap<string, { readonly label: string; readonly subject: string }>;

export interface UserDecision {
  /** Absent when nothing changes. */
  readonly change?: Change;
  /** Suspicions (Presence.suspect) of accounts and groups whose absence this change acts on: the guard holds it for them. */
  readonly suspicions: readonly Suspicion[];
  readonly claims: readonly KeyClaim[];
  readonly findings: readonly Finding[];
  /**
   * What the user's sources show side by side, under subjects of their own (`user:12/<source>`). Absent while another source has
   * still to act on the user: what is open stays open, because each run would see another half of the truth.
   */
  readonly crossFindings?: readonly Finding[];
  /** The earliest moment at which time alone changes the decision. */
  readonly recheckAt?: EpochMs;
  /**
   * Other sources that have to take back or give something on this user: only their own run, under their own guard, may do it.
   * The user stays dirty until they have run.
   */
  readonly pendingFor?: readonly SourceName[];
}

/** Folded match keys of an account, computed by the mapping. */
export type MatchKeys = Readonly<Partial<Record<CorrelationKey, string>>>;

/** Who else carries a match key: an account of the mirror, or a local value of a user. */
export interface MatchCandidate {
  readonly by: CorrelationKey;
  readonly key: string;
  readonly userId?: UserId;
  readonly accountKey?: AccountKey;
  /** Absent for a local value. */
  readonly source?: SourceName;
  /** The whole login, folded, where the key is only a part of it (`usernameWithoutDomain`). */
  readonly login?: string;
}

/** What becomes of an account without a user. */
export type AccountDecision =
  /** `label`: what people know the user by. */
  | { readonly kind: 'link'; readonly user: UserId; readonly rule: string; readonly label?: string }
  | { readonly kind: 'create' }
  | { readonly kind: 'wait'; readonly quarantine?: Quarantine; readonly finding: Finding }
  /** Not present in the source any more, or nothing to do. */
  | { readonly kind: 'ignore' };

/** How one field of one user came to its value; `user explain` prints it. */
export interface FieldExplanation {
  readonly field: FieldName;
  readonly value?: string;
  readonly owner?: Owner;
  readonly rule: FieldRule;
  /** In the order in which they were asked. */
  readonly candidates: readonly {
    readonly owner: Owner;
    readonly account?: string;
    readonly reading: 'present' | 'cleared' | 'unread';
    readonly value?: string;
    /** `wins`, or why it lost: `lower precedence`, `cleared`, `never read`, `held by <user>`, `pinned`. */
    readonly verdict: string;
  }[];
}

/** What makes a change dangerous; each is counted and limited on its own. */
export type Danger =
  | { readonly kind: 'access-loss' }
  | { readonly kind: 'membership-removal' }
  | { readonly kind: 'grant-removal' }
  | { readonly kind: 'role-removal' }
  | { readonly kind: 'main-team-change' }
  | { readonly kind: 'rename' }
  | { readonly kind: 'role-added' }
  | { readonly kind: 'created' }
  | { readonly kind: 'field-changed'; readonly field: string }
  | { readonly kind: 'team-members'; readonly team: TeamId; readonly teamName: string }
  /** Always held: a protected user would be disabled, lose a role or be linked. */
  | { readonly kind: 'protected' }
  /** Always held: grants lost at a user's first link to UCCX or UCCE (R161). */
  | { readonly kind: 'first-link-grant-loss' }
  /** Always held: first run of a source would link to or overwrite an existing user. */
  | { readonly kind: 'first-run' }
  /** Always held: derived from an absence whose `suspect` is scope-changed (Presence): the read's scope or server had changed. */
  | { readonly kind: 'scope-changed' }
  /** Always held: derived from an absence whose `suspect` is empty-read: the complete read had no account at all. */
  | { readonly kind: 'empty-read' };

export type DangerKind = Danger['kind'];

/** State before the run against which the guard measures. */
export interface GuardBaseline {
  /** Users linked to the source that were enabled before the 24-hour window. */
  readonly enabledUsers: number;
  /** Users linked to the source. */
  readonly linkedUsers: number;
  /** Members of each team before the window, whatever their owner. */
  readonly teamMembers: ReadonlyMap<TeamId, number>;
  /** Applied in the last 24 h without an approval: `access-loss` -> 3, `team-members:12` -> 2, `field-changed:email` -> 5. */
  readonly recent: ReadonlyMap<string, number>;
  /** The source's mirror was empty before this run. */
  readonly mirrorWasEmpty: boolean;
  /** No plan of this source was applied yet. */
  readonly isFirstRun: boolean;
}

/** One limit that tripped, with the numbers that a person needs to judge it. */
export interface Hold {
  readonly kind: DangerKind;
  /** Team name or field, where the limit is per team or per field. */
  readonly of?: string;
  /** In this run. */
  readonly count: number;
  /** In the last 24 h before it, without approval. */
  readonly recent: number;
  readonly baseline: number;
  /** Absent where the check always holds. */
  readonly limit?: GuardLimit;
}

export interface Verdict {
  readonly kind: 'safe' | 'held';
  readonly holds: readonly Hold[];
  /** Index into the judged changes -> kinds that hold it. Changes that depend on a held one are `depends`. */
  readonly held: ReadonlyMap<number, readonly (DangerKind | 'depends' | 'hold-all')[]>;
  /** Count per danger (`kind` or `kind:of`) of the changes that are not held: what apply will add to the window. */
  readonly tally: ReadonlyMap<string, number>;
}

/** Name of a danger in tallies and in GuardBaseline.recent. */
export function dangerKey(danger: Danger): string {
  switch (danger.kind) {
    case 'field-changed':
      return `${danger.kind}:${danger.field}`;
    case 'team-members':
      return `${danger.kind}:${danger.team}`;
    default:
      return danger.kind;
  }
}
