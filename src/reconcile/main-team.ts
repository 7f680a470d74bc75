// The one function that says which team is a user's main team (R147-R154). Sync, API and bulk use it.
// Invariant: a user with teams has exactly one main team, and is a member of it.

import type { MainTeamDecider, MainTeamRule } from '../model/change.ts';
import type { Owner } from '../model/ids.ts';
import { compareNames } from '../model/keys.ts';
import type { NameMatcher } from './patterns.ts';

/** `Key` is a TeamId; for a team that is not created yet, any text that stands for it. */
export interface MainTeamInput<Key extends string | number> {
  /** The team of an active pin, whether or not the user is in it. */
  readonly pinned?: Key | undefined;
  readonly current?: Key | undefined;
  readonly membersAfter: readonly {
    readonly team: Key;
    readonly name: string;
    readonly owners: readonly Owner[];
  }[];
  /** Lower comes first; an owner that is not named has rank 0 (one rank for all is R151 to the letter). */
  readonly rank: Readonly<Record<string, number>>;
  /** Names that never become main by rule; one that is main already stays. */
  readonly ineligible: NameMatcher;
}

/**
 *   asked in this order                                    | rule
 *   the pinned team, if a member (else the pin sleeps)     | pinned
 *   the current one, if still a member                     | kept
 *   the first by (rank of its owners, folded name, id)     | first-assigned, or first-by-name when one was lost
 *     ineligible ones only when there is no other          |
 *   no team at all                                         | no-team
 */
export function mainTeam<Key extends string | number>(
  input: MainTeamInput<Key>,
): { readonly team?: Key; readonly rule: MainTeamRule; readonly decidedBy?: readonly MainTeamDecider[] } {
  const { pinned, current, membersAfter } = input;
  const isMember = (team: Key | undefined) => membersAfter.some((one) => one.team === team);
  if (pinned !== undefined && isMember(pinned)) return { team: pinned, rule: 'pinned' };
  if (current !== undefined && isMember(current)) return { team: current, rule: 'kept' };
  const eligible = membersAfter.filter((one) => !input.ineligible(one.name));
  const asked = eligible.length > 0 ? eligible : membersAfter;
  const first = firstOf(asked, input.rank);
  if (first === undefined) return { rule: 'no-team' };
  const decidedBy = decidersOf(first, { all: membersAfter, asked, rank: input.rank });
  const rule = current === undefined ? 'first-assigned' : 'first-by-name';
  return { team: first.team, rule, ...(decidedBy.length > 0 && { decidedBy }) };
}

/** What must be named so that nobody who expects the first by name is puzzled; nothing where that is the one. */
function decidersOf<One extends Member>(
  first: One,
  { all, asked, rank }: { all: readonly One[]; asked: readonly One[]; rank: MainTeamInput<never>['rank'] },
): readonly MainTeamDecider[] {
  if (firstOf(all, {}) === first) return [];
  const deciders: MainTeamDecider[] = [];
  if (firstOf(asked, {}) !== first) deciders.push('rank');
  if (firstOf(all, rank) !== first) deciders.push('ineligible');
  // Each of the two alone would have led to the same team.
  return deciders.length > 0 ? deciders : ['rank', 'ineligible'];
}

function firstOf<One extends Member>(members: readonly One[], rank: MainTeamInput<never>['rank']): One | undefined {
  let first: One | undefined;
  for (const one of members) if (first === undefined || compareTeams(one, first, rank) < 0) first = one;
  return first;
}

type Member = MainTeamInput<string | number>['membersAfter'][number];

function compareTeams(left: Member, right: Member, rank: MainTeamInput<never>['rank']): number {
  return (
    rankOf(left, rank) - rankOf(right, rank) ||
    compareNames(left.name, right.name) ||
    compareKeys(left.team, right.team)
  );
}

function rankOf(member: Member, rank: MainTeamInput<never>['rank']): number {
  let best = Number.POSITIVE_INFINITY;
  for (const owner of member.owners) best = Math.min(best, Object.hasOwn(rank, owner) ? (rank[owner] ?? 0) : 0);
  return Number.isFinite(best) ? best : 0;
}

/** Existing teams before new ones, by number; new ones by text. */
function compareKeys(left: string | number, right: string | number): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  return typeof left === 'number' ? -1 : 1;
}
