// The safety judge: counts the dangers of all changes and holds what goes beyond the limits.
// Invariant: monotone. More dangers or lower limits never release a change that was held.

import {
  type Danger,
  type DangerKind,
  dangerKey,
  type GuardBaseline,
  type Hold,
  type Verdict,
} from '../model/decision.ts';
import type { GuardLimit, GuardPolicy, SourcePolicy } from '../model/policy.ts';

export { dangersOf, needsOf } from './dangers.ts';

/** What `judge` needs of a planned change. */
export interface GuardedChange {
  /** As `subjectKey` gives it. */
  readonly subject: string;
  readonly atomic?: string;
  readonly dangers: readonly Danger[];
  /** Subjects whose changes must be applied for this one to make sense (see `needsOf`). */
  readonly needs?: readonly string[];
}

/** Limit and baseline of each counted kind; the kinds that are not here are always held. */
function limitOf(
  danger: Danger,
  policy: GuardPolicy,
  baseline: GuardBaseline,
): { readonly limit: GuardLimit; readonly of: number } | 'always' | 'never' {
  const users = baseline.enabledUsers;
  switch (danger.kind) {
    case 'access-loss':
      return { limit: policy.accessLoss, of: users };
    case 'membership-removal':
      return { limit: policy.membershipRemovals, of: users };
    case 'grant-removal':
      return { limit: policy.grantRemovals, of: users };
    case 'role-removal':
      return { limit: policy.roleRemovals, of: users };
    case 'main-team-change':
      return { limit: policy.mainTeamChanges, of: users };
    case 'rename':
      return { limit: policy.renames, of: users };
    case 'role-added':
      return { limit: policy.rolesAdded, of: users };
    case 'field-changed':
      return { limit: policy.fieldChanged, of: baseline.linkedUsers };
    case 'team-members':
      return { limit: policy.teamMembers, of: baseline.teamMembers.get(danger.team) ?? 0 };
    case 'created':
      return baseline.mirrorWasEmpty ? 'never' : { limit: policy.created, of: baseline.linkedUsers };
    case 'protected':
    case 'first-link-grant-loss':
    case 'first-run':
    case 'scope-changed':
    case 'empty-read':
      return 'always';
    default:
      return danger satisfies never;
  }
}

interface Count {
  readonly danger: Danger;
  count: number;
}

/**
 *   a limit trips when, with the last 24 h counted in,
 *     more than `ratio` of the baseline AND more than `count` are hit, or more than `always`
 *     a team would lose all of its members (of more than one)
 *     the danger is one of those that are always held
 */
export function judge(input: {
  readonly changes: readonly GuardedChange[];
  readonly baseline: GuardBaseline;
  readonly policy: Pick<SourcePolicy, 'guard' | 'onHold'>;
}): Verdict {
  const { changes, baseline, policy } = input;
  const holds = new Map<string, Hold>();
  for (const [key, { danger, count }] of [...countDangers(changes)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const hold = holdOf(danger, count, baseline.recent.get(key) ?? 0, policy.guard, baseline);
    if (hold !== undefined) holds.set(key, hold);
  }
  const held = heldChanges(changes, holds, policy.onHold);
  const tally = new Map<string, number>();
  for (const [index, change] of changes.entries()) {
    if (held.has(index)) continue;
    // What no limit applies to, such as the users of a first import, does not count against the next 24 hours either.
    const counted = change.dangers.filter((danger) => limitOf(danger, policy.guard, baseline) !== 'never');
    for (const key of new Set(counted.map(dangerKey))) tally.set(key, (tally.get(key) ?? 0) + 1);
  }
  return { kind: held.size > 0 ? 'held' : 'safe', holds: [...holds.values()], held, tally };
}

/** Each change is one user, and counts once per danger. */
function countDangers(changes: readonly GuardedChange[]): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>();
  for (const { dangers } of changes) {
    const seen = new Set<string>();
    for (const danger of dangers) {
      const key = dangerKey(danger);
      if (seen.has(key)) continue;
      seen.add(key);
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { danger, count: 1 });
      else known.count += 1;
    }
  }
  return counts;
}

function holdOf(
  danger: Danger,
  count: number,
  recent: number,
  policy: GuardPolicy,
  baseline: GuardBaseline,
): Hold | undefined {
  const rule = limitOf(danger, policy, baseline);
  if (rule === 'never') return undefined;
  const of =
    danger.kind === 'team-members' ? danger.teamName : danger.kind === 'field-changed' ? danger.field : undefined;
  const facts = { kind: danger.kind, ...(of !== undefined && { of }), count, recent };
  if (rule === 'always') return { ...facts, baseline: baseline.enabledUsers };
  const total = count + recent;
  const isBeyond = total > rule.limit.count && total > rule.limit.ratio * rule.of;
  const isFarBeyond = rule.limit.always !== undefined && total > rule.limit.always;
  // One person who moves on empties a team of one every day; that is no accident.
  const isWholeTeam = danger.kind === 'team-members' && rule.of > 1 && total >= rule.of;
  return isBeyond || isFarBeyond || isWholeTeam ? { ...facts, baseline: rule.of, limit: rule.limit } : undefined;
}

function heldChanges(
  changes: readonly GuardedChange[],
  holds: ReadonlyMap<string, Hold>,
  onHold: SourcePolicy['onHold'],
): Verdict['held'] {
  const held = new Map<number, (DangerKind | 'depends' | 'hold-all')[]>();
  for (const [index, change] of changes.entries()) {
    const kinds = change.dangers.filter((danger) => holds.has(dangerKey(danger))).map(({ kind }) => kind);
    if (kinds.length > 0) held.set(index, [...new Set(kinds)].sort());
  }
  if (held.size > 0 && onHold === 'hold-all') {
    for (const index of changes.keys()) if (!held.has(index)) held.set(index, ['hold-all']);
  }
  if (held.size > 0) holdDependants(changes, held);
  return new Map([...held].sort(([a], [b]) => a - b));
}

/** Everything in the atomic group of a held change, and everything that needs a team whose creation is held. */
function holdDependants(
  changes: readonly GuardedChange[],
  held: Map<number, (DangerKind | 'depends' | 'hold-all')[]>,
): void {
  const ofGroup = new Map<string, number[]>();
  const ofNeed = new Map<string, number[]>();
  const file = (map: Map<string, number[]>, key: string, index: number): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [index]);
    else list.push(index);
  };
  for (const [index, change] of changes.entries()) {
    if (change.atomic !== undefined) file(ofGroup, change.atomic, index);
    for (const need of change.needs ?? []) file(ofNeed, need, index);
  }
  const waiting = [...held.keys()];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const change = changes[index];
    if (change === undefined) continue;
    const dependants = [...(ofGroup.get(change.atomic ?? '') ?? []), ...(ofNeed.get(change.subject) ?? [])];
    for (const dependant of dependants) {
      if (held.has(dependant)) continue;
      held.set(dependant, ['depends']);
      waiting.push(dependant);
    }
  }
}
