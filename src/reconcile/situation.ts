// How each linked account stands towards its user: whether it speaks, is frozen, has withdrawn or is disputed.
// Invariant: how an account stands depends on the accounts, links and policy of now, not on the order of past runs.

import { isDisputed, type MirrorAccount } from '../model/account.ts';
import type { UserChangePart } from '../model/change.ts';
import type { EpochMs, SourceName } from '../model/ids.ts';
import type { Link, User } from '../model/user.ts';
import { absenceOf } from './absence.ts';
import type { CompiledSource, CompiledWorld } from './world.ts';

/**
 *   link state | other facts                                              | standing
 *   any        | the account is in quarantine                             | quarantined: everything of it stays
 *   active     | it is not in the source, and its login is on another one | quarantined, until it is known whose that is
 *   active     |                                                          | live: the mirror speaks for it
 *   gone       | another account of the source is live                    | withdrawn
 *   gone       | its absence by itself decides that the user is disabled  | frozen (onLeave: keep) or withdrawn
 *   gone       | anything else: the user lives on through another source  | withdrawn
 */
export type Standing = 'live' | 'frozen' | 'withdrawn' | 'quarantined';

export interface LinkedAccount {
  readonly account: MirrorAccount;
  readonly source: CompiledSource;
  readonly link: Link;
  /** The link's state after this plan. */
  readonly state: Link['state'];
  readonly standing: Standing;
  /** Why the state changes, when it does. */
  readonly because?: string;
  /** End of the grace. */
  readonly recheckAt?: EpochMs;
  /** The state would change, but only the run of its own source may say so. */
  readonly isPending: boolean;
}

/** The user's accounts of configured sources, in order of the sources, then of the ids. */
export function linkedAccounts(
  world: CompiledWorld,
  user: Pick<User, 'links'>,
  accounts: readonly MirrorAccount[],
): readonly LinkedAccount[] {
  const links = new Map(user.links.map((link) => [link.account, link]));
  const found: Omit<LinkedAccount, 'standing'>[] = [];
  for (const account of accounts) {
    const link = links.get(account.key);
    const source = world.index.sources.get(account.source);
    if (link !== undefined && source !== undefined) found.push(stateOf(world, account, link, source));
  }
  if (found.length > 1) {
    found.sort((a, b) => a.source.rank - b.source.rank || (a.account.id < b.account.id ? -1 : 1));
  }
  return found.map((one) => ({ ...one, standing: standingOf(one, found) }));
}

function stateOf(
  world: CompiledWorld,
  account: MirrorAccount,
  link: Link,
  source: CompiledSource,
): Omit<LinkedAccount, 'standing'> {
  const stays = { account, source, link, state: link.state, isPending: false };
  // A disputed account neither goes nor comes back until a person has said what it is.
  if (isDisputed(account)) return stays;
  const absence = absenceOf(source.policy, account.presence, world.now);
  if (absence.kind === 'waits') {
    return absence.until === undefined ? stays : { ...stays, recheckAt: absence.until };
  }
  const state = absence.kind === 'acts' ? 'gone' : 'active';
  if (state === link.state) return stays;
  // Its own run has the guard's baseline, and knows whether scope or server changed.
  if (account.source !== world.source) return { ...stays, isPending: true };
  return { ...stays, state, because: absence.kind === 'acts' ? absence.because : 'returned' };
}

function standingOf(one: Omit<LinkedAccount, 'standing'>, all: readonly Omit<LinkedAccount, 'standing'>[]): Standing {
  if (isDisputed(one.account)) return 'quarantined';
  if (one.state === 'active') return 'live';
  const hasLiveTwin = all.some((other) => other.source === one.source && other.state === 'active');
  if (hasLiveTwin || one.source.policy.onLeave === 'withdraw') return 'withdrawn';
  return decidesAlone(one.source, all) ? 'frozen' : 'withdrawn';
}

/**
 * The source's absence by itself disables the user: it is an authority, or the only one that has a say.
 * Deliberately blind to the present status of the others: else the claims of an account that left long ago would come back
 * at the moment the last other account goes.
 */
function decidesAlone(source: CompiledSource, all: readonly Omit<LinkedAccount, 'standing'>[]): boolean {
  if (source.policy.lifecycle === 'authority') return true;
  const others = all.filter((other) => other.source !== source);
  if (others.some((other) => other.source.policy.lifecycle === 'authority')) return false;
  if (others.some((other) => other.source.policy.lifecycle === 'vote')) return false;
  return source.policy.lifecycle === 'vote' || others.length === 0;
}

/** Absences that begin or end to act in this plan. */
export function linkStateParts(linked: readonly LinkedAccount[]): readonly UserChangePart[] {
  return linked
    .filter((one) => one.state !== one.link.state)
    .map((one) => ({
      part: 'link-state',
      source: one.account.source,
      account: one.account.id,
      name: one.account.name,
      before: one.link.state,
      after: one.state,
      because: one.because ?? 'returned',
    }));
}

/** How the accounts of one source stand together; it decides what becomes of the rows that the source owns. */
export type SourceStanding =
  /** Rows follow what these accounts say. */
  | { readonly kind: 'speaks'; readonly accounts: readonly MirrorAccount[] }
  /** Rows stay as they are. */
  | { readonly kind: 'frozen'; readonly accounts: readonly MirrorAccount[] }
  /** Rows go. */
  | { readonly kind: 'withdrawn' };

export function sourceStanding(linked: readonly LinkedAccount[], source: SourceName): SourceStanding {
  const own = linked.filter((one) => one.account.source === source);
  const those = (standing: Standing) => own.filter((one) => one.standing === standing).map((one) => one.account);
  const quarantined = those('quarantined');
  if (quarantined.length > 0) return { kind: 'frozen', accounts: quarantined };
  const live = those('live');
  if (live.length > 0) return { kind: 'speaks', accounts: live };
  const frozen = those('frozen');
  return frozen.length > 0 ? { kind: 'frozen', accounts: frozen } : { kind: 'withdrawn' };
}
