// Derives `enabled` from four stored facts: source status per linked account, absence, admin hold, activated.
// Invariant: no source lifts an admin hold, and an authority that says no is not outvoted.

import type { EnabledReason } from '../model/change.ts';
import { asEpochMs, type EpochMs, type SourceName } from '../model/ids.ts';
import { isPinActive, type User } from '../model/user.ts';
import type { LinkedAccount } from './situation.ts';
import type { CompiledSource, CompiledWorld } from './world.ts';

export interface EnabledDecision {
  readonly value: boolean;
  readonly because: EnabledReason;
  /** An account ends by itself then. */
  readonly recheckAt?: EpochMs;
}

/**
 *   asked in this order                                              | enabled | because
 *   admin hold                                                       | no      | admin-hold
 *   pin                                                              | its own | pinned
 *   no link: activated or not                                        | it      | activated, not-activated
 *   an authority: disabled, expired, gone                            | no      | authority-...
 *   an authority whose account is disputed                           | stays   | quarantined
 *   an authority                                                     | yes     | authority-enabled
 *   an account of a source that is not configured any more           | stays   | source-not-configured
 *   a vote that is alive (present, not disabled, not expired)        | yes     | votes-alive
 *   a vote whose account is disputed                                 | stays   | quarantined
 *   votes, none alive                                                | no      | votes-gone
 *   only sources without a say: one account still there, or disputed | yes     | no-lifecycle
 *   only sources without a say: all gone                             | no      | votes-gone
 *
 * The last row: nobody at all knows the person any more, and someone who left must not keep access.
 */
export function decideEnabled(
  world: CompiledWorld,
  user: Pick<User, 'enabled' | 'activated' | 'adminHold' | 'links' | 'pins'>,
  linked: readonly LinkedAccount[],
): EnabledDecision {
  const recheckAt = nextExpiry(linked, world.now);
  const due = recheckAt === undefined ? {} : { recheckAt };
  if (user.adminHold !== undefined) return { value: false, because: 'admin-hold', ...due };
  const pin = user.pins.find((one) => one.kind === 'enabled' && isPinActive(one, world.now));
  if (pin?.value !== undefined) return { value: pin.value === 'true', because: 'pinned', ...due };
  if (user.links.length === 0) {
    return { value: user.activated, because: user.activated ? 'activated' : 'not-activated' };
  }
  if (isUnheard(world, user, linked)) return { value: user.enabled, because: 'source-not-configured', ...due };
  return { ...lifecycleOf(user.enabled, linked, world.now), ...due };
}

/** No authority is left to speak, and what a source that was taken out of the configuration says nobody hears any more. */
function isUnheard(world: CompiledWorld, user: Pick<User, 'links'>, linked: readonly LinkedAccount[]): boolean {
  if (linked.some(({ source }) => source.policy.lifecycle === 'authority')) return false;
  return user.links.some((link) => !world.index.sources.has(link.source));
}

/** What the sources alone say, without hold and pin; `present` is the value that stays where nobody can say. */
export function lifecycleOf(present: boolean, linked: readonly LinkedAccount[], now: EpochMs): EnabledDecision {
  const opinions = opinionsOf(linked, now);
  const authorities = opinions.filter(({ source }) => source.policy.lifecycle === 'authority');
  if (authorities.length > 0) return byAuthority(present, authorities);
  const votes = opinions.filter(({ source }) => source.policy.lifecycle === 'vote');
  if (votes.length > 0) return byVotes(present, votes);
  // No configured source at all: nothing is known, nothing changes.
  if (opinions.length === 0) return { value: present, because: 'no-lifecycle' };
  const isThere = opinions.some(({ says }) => says !== 'gone');
  return isThere ? { value: true, because: 'no-lifecycle' } : { value: false, because: 'votes-gone' };
}

/** The sources on whose word such a decision rests; none where a person or nobody decided. */
export function speakersFor(
  because: EnabledReason,
  linked: readonly LinkedAccount[],
  now: EpochMs,
): readonly SourceName[] {
  const opinions = opinionsOf(linked, now);
  const authorities = opinions.filter(({ source }) => source.policy.lifecycle === 'authority');
  const votes = opinions.filter(({ source }) => source.policy.lifecycle === 'vote');
  const isAlive = ({ says }: SourceOpinion): boolean => says === 'alive';
  const speakers = (): readonly SourceOpinion[] => {
    switch (because) {
      case 'authority-disabled':
      case 'authority-expired':
      case 'authority-gone':
        return authorities.filter((one) => !isAlive(one) && one.says !== 'quarantined');
      case 'authority-enabled':
        return authorities;
      case 'votes-alive':
        return votes.filter(isAlive);
      case 'votes-gone':
        return votes.length > 0 ? votes : opinions;
      default:
        return [];
    }
  };
  return speakers().map(({ source }) => source.policy.name);
}

type Opinion = 'alive' | 'disabled' | 'expired' | 'gone' | 'quarantined';

interface SourceOpinion {
  readonly source: CompiledSource;
  readonly says: Opinion;
}

function byAuthority(present: boolean, authorities: readonly SourceOpinion[]): EnabledDecision {
  for (const { says } of authorities) {
    if (says === 'disabled') return { value: false, because: 'authority-disabled' };
    if (says === 'expired') return { value: false, because: 'authority-expired' };
    if (says === 'gone') return { value: false, because: 'authority-gone' };
  }
  if (authorities.some(({ says }) => says === 'quarantined')) return { value: present, because: 'quarantined' };
  return { value: true, because: 'authority-enabled' };
}

function byVotes(present: boolean, votes: readonly SourceOpinion[]): EnabledDecision {
  if (votes.some(({ says }) => says === 'alive')) return { value: true, because: 'votes-alive' };
  if (votes.some(({ says }) => says === 'quarantined')) return { value: present, because: 'quarantined' };
  return { value: false, because: 'votes-gone' };
}

/** One opinion per source, in order of the sources: of several accounts the liveliest speaks. */
function opinionsOf(linked: readonly LinkedAccount[], now: EpochMs): readonly SourceOpinion[] {
  const liveliness: readonly Opinion[] = ['alive', 'quarantined', 'disabled', 'expired', 'gone'];
  const best = new Map<CompiledSource, Opinion>();
  for (const one of linked) {
    const says = opinionOf(one, now);
    const other = best.get(one.source);
    if (other === undefined || liveliness.indexOf(says) < liveliness.indexOf(other)) best.set(one.source, says);
  }
  return [...best].map(([source, says]) => ({ source, says }));
}

function opinionOf(one: LinkedAccount, now: EpochMs): Opinion {
  if (one.standing === 'quarantined') return 'quarantined';
  if (one.state === 'gone') return 'gone';
  if (one.account.status === 'disabled') return 'disabled';
  const { expiresAt } = one.account;
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'alive';
}

function nextExpiry(linked: readonly LinkedAccount[], now: EpochMs): EpochMs | undefined {
  let next = Number.POSITIVE_INFINITY;
  for (const one of linked) {
    const { expiresAt } = one.account;
    if (expiresAt !== undefined && expiresAt > now && one.state === 'active') next = Math.min(next, expiresAt);
  }
  return Number.isFinite(next) ? asEpochMs(next) : undefined;
}
