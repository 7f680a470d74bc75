// The safety judge: names what is dangerous in each change, counts it, and holds what goes beyond the limits.
// Invariant: monotone. More dangers or lower limits never release a change that was held.

import type { Change, UserChangePart } from '../model/change.ts';
import {
  type Danger,
  type DangerKind,
  dangerKey,
  type GuardBaseline,
  type Hold,
  type Verdict,
} from '../model/decision.ts';
import type { TeamId } from '../model/ids.ts';
import type { GuardLimit, GuardPolicy, SourcePolicy } from '../model/policy.ts';
import type { User } from '../model/user.ts';
import { takesManualGrants } from './memberships.ts';
import { type CompiledWorld, isProtected } from './world.ts';

/** What `judge` needs of a planned change. */
export interface GuardedChange {
  /** As `subjectKey` gives it. */
  readonly subject: string;
  readonly atomic?: string;
  readonly dangers: readonly Danger[];
  /** Subjects whose changes must be applied for this one to make sense (see `needsOf`). */
  readonly needs?: readonly string[];
}

/** Dangers of one change on `user` as it is before the change. Suspicions of a read are added by the caller. */
export function dangersOf(
  change: Change,
  user: User | undefined,
  world: CompiledWorld,
  baseline: Pick<GuardBaseline, 'isFirstRun'>,
): readonly Danger[] {
  if (change.subject.kind === 'account') return [{ kind: 'created' }];
  if (change.subject.kind !== 'user' || user === undefined) return [];
  const parts = change.parts as readonly UserChangePart[];
  const dangers = new Map<string, Danger>();
  for (const danger of [...dangersOfParts(parts, user), ...alwaysHeld(parts, user, world, baseline)]) {
    dangers.set(dangerKey(danger), danger);
  }
  return [...dangers.values()];
}

function dangersOfParts(parts: readonly UserChangePart[], user: User): readonly Danger[] {
  const dangers: Danger[] = [];
  for (const part of parts) {
    switch (part.part) {
      case 'enabled':
        if (!part.after) dangers.push({ kind: 'access-loss' });
        break;
      case 'link-state':
        // Someone whom the source lost is counted even if another source still knows them.
        if (part.after === 'gone' && user.enabled) dangers.push({ kind: 'access-loss' });
        break;
      case 'main-team':
        if (part.before !== undefined) dangers.push({ kind: 'main-team-change' });
        break;
      case 'field':
        if (part.before === undefined || part.before.value === part.after?.value) break;
        dangers.push({ kind: 'field-changed', field: part.field });
        if (part.field === 'username') dangers.push({ kind: 'rename' });
        break;
      default:
    }
  }
  return [...dangers, ...dangersOfTeams(parts, user), ...dangersOfGrants(parts, user), ...dangersOfRoles(parts, user)];
}

function dangersOfTeams(parts: readonly UserChangePart[], user: User): readonly Danger[] {
  const { lost, names } = lostTeams(parts, user.memberships, 'membership');
  if (lost.length === 0) return [];
  const perTeam = lost.map((team): Danger => ({ kind: 'team-members', team, teamName: names.get(team) ?? `${team}` }));
  return [{ kind: 'membership-removal' }, ...perTeam];
}

function dangersOfGrants(parts: readonly UserChangePart[], user: User): readonly Danger[] {
  const { lost } = lostTeams(parts, user.grants, 'grant');
  const held = new Set(user.grants.map(({ team }) => team));
  const gained = parts.some(
    (part) => part.part === 'grant' && part.op === 'add' && (part.team.id === undefined || !held.has(part.team.id)),
  );
  return [
    ...(lost.length > 0 ? [{ kind: 'grant-removal' } as const] : []),
    ...(gained ? [{ kind: 'role-added' } as const] : []),
  ];
}

function dangersOfRoles(parts: readonly UserChangePart[], user: User): readonly Danger[] {
  const held = new Set(user.roles.map(({ role }) => role));
  const gained = parts.some((part) => part.part === 'role' && part.op === 'add' && !held.has(part.role));
  const lost = lostRoles(parts, user);
  return [
    ...(lost.length > 0 ? [{ kind: 'role-removal' } as const] : []),
    ...(gained ? [{ kind: 'role-added' } as const] : []),
  ];
}

/** Teams whose last row goes: a row that goes while another owner's stays takes nothing from anybody. */
function lostTeams(parts: readonly UserChangePart[], rows: User['memberships'], kind: 'membership' | 'grant') {
  const owners = new Map<TeamId, number>();
  const names = new Map<TeamId, string>();
  for (const part of parts) {
    if (part.part !== kind || part.team.id === undefined) continue;
    if (owners.size === 0) for (const row of rows) owners.set(row.team, (owners.get(row.team) ?? 0) + 1);
    names.set(part.team.id, part.team.name);
    owners.set(part.team.id, (owners.get(part.team.id) ?? 0) + (part.op === 'add' ? 1 : -1));
  }
  const lost = [...names.keys()].filter(
    (team) => (owners.get(team) ?? 0) <= 0 && rows.some((row) => row.team === team),
  );
  return { lost, names };
}

function lostRoles(parts: readonly UserChangePart[], user: User): readonly string[] {
  const removed = parts.flatMap((part) =>
    part.part === 'role' && part.op === 'remove' ? [`${part.owner}\0${part.role}`] : [],
  );
  if (removed.length === 0) return [];
  const gone = new Set(removed);
  const stays = new Set([
    ...user.roles.filter(({ role, owner }) => !gone.has(`${owner}\0${role}`)).map(({ role }) => role),
    ...parts.flatMap((part) => (part.part === 'role' && part.op === 'add' ? [part.role] : [])),
  ]);
  return user.roles.map(({ role }) => role).filter((role) => !stays.has(role));
}

function alwaysHeld(
  parts: readonly UserChangePart[],
  user: User,
  world: CompiledWorld,
  baseline: Pick<GuardBaseline, 'isFirstRun'>,
): readonly Danger[] {
  const dangers: Danger[] = [];
  const linked = parts.find((part) => part.part === 'linked');
  const isDisabled = parts.some((part) => part.part === 'enabled' && !part.after);
  if ((linked !== undefined || isDisabled || lostRoles(parts, user).length > 0) && isProtected(world, user)) {
    dangers.push({ kind: 'protected' });
  }
  if (linked !== undefined && isFirstGrantLoss(parts, user, world, linked.source)) {
    dangers.push({ kind: 'first-link-grant-loss' });
  }
  const isOverwritten = parts.some(
    (part) =>
      part.part === 'linked' ||
      part.part === 'enabled' ||
      (part.part === 'field' && part.before !== undefined && part.before.value !== part.after?.value),
  );
  if (baseline.isFirstRun && isOverwritten) dangers.push({ kind: 'first-run' });
  return dangers;
}

/** R161 at the moment at which nobody expects it yet: the user had no account of such a source before. */
function isFirstGrantLoss(
  parts: readonly UserChangePart[],
  user: User,
  world: CompiledWorld,
  linkedTo: User['links'][number]['source'],
): boolean {
  const takes = (name: typeof linkedTo): boolean => {
    const source = world.index.sources.get(name);
    return source !== undefined && takesManualGrants(source);
  };
  if (!takes(linkedTo) || user.links.some((link) => takes(link.source))) return false;
  return parts.some((part) => part.part === 'grant' && part.op === 'remove' && part.owner === 'local');
}

/** Subjects of changes that must be applied before this one: the groups whose teams it names do not exist yet. */
export function needsOf(change: Change): readonly string[] {
  const needs = new Set<string>();
  for (const part of change.parts) {
    const teams =
      part.part === 'membership' || part.part === 'grant'
        ? [part.team]
        : part.part === 'main-team' || part.part === 'team-parent'
          ? [part.after]
          : [];
    for (const team of teams) {
      if (team?.id === undefined && team?.group !== undefined) needs.add(`group:${team.group.source}/${team.group.id}`);
    }
  }
  return [...needs];
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
    for (const key of keysOf(change)) tally.set(key, (tally.get(key) ?? 0) + 1);
  }
  return { kind: held.size > 0 ? 'held' : 'safe', holds: [...holds.values()], held, tally };
}

/** Each change is one user, and counts once per danger. */
const keysOf = (change: GuardedChange): ReadonlySet<string> => new Set(change.dangers.map(dangerKey));

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
