// The world with its indexes: compiled patterns, precedence, teams and roles of each group with the nesting resolved.
// Invariant: an index is a pure function of the world; what is remembered on the way changes no answer, only its price.

import type { TeamRef } from '../model/change.ts';
import type { World } from '../model/decision.ts';
import type { MirrorGroup } from '../model/group.ts';
import type { ExternalId, GroupKey, SourceName } from '../model/ids.ts';
import { dnKey, foldKey } from '../model/keys.ts';
import type { Policy, SourcePolicy } from '../model/policy.ts';
import type { Team } from '../model/team.ts';
import { type FieldName, fieldNames, type User } from '../model/user.ts';
import { absenceOf } from './absence.ts';
import { compilePatterns, type NameMatcher } from './patterns.ts';

/** A source's policy, compiled. */
export interface CompiledSource {
  readonly policy: SourcePolicy;
  /** Position in the order of the sources. */
  readonly rank: number;
  /** By the group's name alone, the team policy takes the group as a team. */
  readonly takesAsTeam: NameMatcher;
  readonly rolesByName: ReadonlyMap<string, readonly string[]>;
  readonly rolesByDn: ReadonlyMap<string, readonly string[]>;
  readonly rolesById: ReadonlyMap<string, readonly string[]>;
}

/** A team with the group through which somebody is in it. */
export interface FedTeam {
  readonly team: TeamRef;
  readonly group: string;
}

export interface CompiledWorld extends World {
  readonly index: {
    readonly sources: ReadonlyMap<SourceName, CompiledSource>;
    /** Every source, in the order in which it is asked for the field. */
    readonly precedence: Readonly<Record<FieldName, readonly SourceName[]>>;
    readonly isIneligibleMain: NameMatcher;
    readonly protectedNames: ReadonlySet<string>;
    readonly protectedRoles: ReadonlySet<string>;
    /** Teams of a direct member of the group, by team key (see `teamKey`). */
    readonly teamsOfMember: (group: GroupKey) => ReadonlyMap<string, FedTeam>;
    /** The team of the group itself: what a supervisor of the group may manage (never its subgroups, R160). */
    readonly teamOf: (group: GroupKey) => TeamRef | undefined;
    /** Mapped roles of a member of the group, nesting included -> the group that gives it. */
    readonly rolesOfMember: (group: GroupKey) => ReadonlyMap<string, string>;
  };
}

/** Text under which one team is the same team, also before it is created. */
export function teamKey(team: TeamRef): string {
  if (team.id !== undefined) return `team:${team.id}`;
  return team.group === undefined ? `name:${foldKey(team.name)}` : `group:${team.group.source}/${team.group.id}`;
}

/** Teams and groups as the store gives them, or by their keys already. */
export type WorldFacts = Omit<World, 'teams' | 'groups'> & {
  readonly teams: readonly Team[] | World['teams'];
  readonly groups: readonly MirrorGroup[] | World['groups'];
};

/** Compiles a world. Call it again when teams, groups or newTeams differ. */
export function makeWorld(facts: WorldFacts): CompiledWorld {
  const { teams, groups } = facts;
  const world: World = {
    ...facts,
    teams: teams instanceof Map ? teams : new Map((teams as readonly Team[]).map((team) => [team.id, team])),
    groups: groups instanceof Map ? groups : new Map((groups as readonly MirrorGroup[]).map((one) => [one.key, one])),
  };
  const sources = new Map(world.policy.sources.map((policy, rank) => [policy.name, compileSource(policy, rank)]));
  const lookup = { world, sources };
  return {
    ...world,
    index: {
      sources,
      precedence: precedenceOf(world.policy),
      isIneligibleMain: compilePatterns(world.policy.mainTeam.ineligible),
      protectedNames: new Set(world.policy.protected.usernames.map(foldKey)),
      protectedRoles: new Set(world.policy.protected.roles),
      teamsOfMember: remembered((key) => findTeams(lookup, key)),
      teamOf: remembered((key) => findTeam(lookup, world.groups.get(key))),
      rolesOfMember: remembered((key) => findRoles(lookup, key)),
    },
  };
}

/** By username or by a role that it holds: sync never disables, strips or links such a user without a person. */
export function isProtected(world: CompiledWorld, user: Pick<User, 'values' | 'roles'>): boolean {
  const username = user.values.username?.value;
  if (username !== undefined && world.index.protectedNames.has(foldKey(username))) return true;
  return user.roles.some(({ role }) => world.index.protectedRoles.has(role));
}

/** The group takes part in a plan: its absence has not acted. While it is only missing or in grace, its edges are frozen. */
export function isGroupStanding(world: World, policy: SourcePolicy, group: MirrorGroup): boolean {
  return absenceOf(policy, group.presence, world.now).kind !== 'acts';
}

/** The group feeds a team by policy, whether or not the team exists yet. */
export function isFeeding(world: World, source: CompiledSource, group: MirrorGroup): boolean {
  return (
    source.policy.teams.from === 'groups' &&
    source.takesAsTeam(group.name) &&
    isGroupStanding(world, source.policy, group)
  );
}

export function compileSource(policy: SourcePolicy, rank: number): CompiledSource {
  const include = compilePatterns(policy.teams.include.length === 0 ? ['*'] : policy.teams.include);
  const exclude = compilePatterns(policy.teams.exclude);
  const groupRules = policy.roleMapping.filter((rule) => rule.kind === 'group');
  const rolesBy = (by: 'name' | 'dn' | 'id', fold: (text: string) => string) => {
    const roles = new Map<string, string[]>();
    for (const rule of groupRules) {
      if (rule.by === by) roles.set(fold(rule.group), [...(roles.get(fold(rule.group)) ?? []), ...rule.roles]);
    }
    return roles;
  };
  return {
    policy,
    rank,
    takesAsTeam: (name) => include(name) && !exclude(name),
    rolesByName: rolesBy('name', foldKey),
    rolesByDn: rolesBy('dn', dnKey),
    rolesById: rolesBy('id', foldId),
  };
}

interface Lookup {
  readonly world: World;
  readonly sources: ReadonlyMap<SourceName, CompiledSource>;
}

const foldId = (id: ExternalId | string): string => id.toLowerCase();

function precedenceOf(policy: Policy): Record<FieldName, readonly SourceName[]> {
  const all = policy.sources.map((source) => source.name);
  const orders = fieldNames.map((field) => {
    const named = (policy.precedence[field] ?? []).filter((name) => all.includes(name));
    return [field, [...new Set([...named, ...all])]] as const;
  });
  return Object.fromEntries(orders) as Record<FieldName, readonly SourceName[]>;
}

function findTeam({ world, sources }: Lookup, group: MirrorGroup | undefined): TeamRef | undefined {
  const source = group && sources.get(group.source);
  if (group === undefined || source === undefined || !isFeeding(world, source, group)) return undefined;
  if (group.teamId === undefined) return world.newTeams.get(group.key);
  const team = world.teams.get(group.teamId);
  return team && { id: team.id, name: team.name };
}

function findTeams(lookup: Lookup, key: GroupKey): ReadonlyMap<string, FedTeam> {
  const group = lookup.world.groups.get(key);
  const source = group && lookup.sources.get(group.source);
  const teams = new Map<string, FedTeam>();
  if (group === undefined || source === undefined) return teams;
  for (const outer of source.policy.teams.flatten ? standingAncestors(lookup, source, group) : [group]) {
    const team = findTeam(lookup, outer);
    if (team !== undefined && !teams.has(teamKey(team))) teams.set(teamKey(team), { team, group: outer.name });
  }
  return teams;
}

function findRoles(lookup: Lookup, key: GroupKey): ReadonlyMap<string, string> {
  const group = lookup.world.groups.get(key);
  const source = group && lookup.sources.get(group.source);
  const roles = new Map<string, string>();
  if (group === undefined || source === undefined) return roles;
  for (const outer of standingAncestors(lookup, source, group)) {
    const mapped = [
      ...(source.rolesByName.get(foldKey(outer.name)) ?? []),
      ...(outer.dn === undefined ? [] : (source.rolesByDn.get(dnKey(outer.dn)) ?? [])),
      ...(source.rolesById.get(foldId(outer.id)) ?? []),
    ];
    for (const role of mapped) {
      if (Object.hasOwn(lookup.world.policy.roles, role) && !roles.has(role)) roles.set(role, outer.name);
    }
  }
  return roles;
}

/** The group and every group that holds it, nearest first, each once: nesting may be a cycle. */
function standingAncestors({ world }: Lookup, source: CompiledSource, start: MirrorGroup): readonly MirrorGroup[] {
  const found: MirrorGroup[] = [];
  const seen = new Set<GroupKey>([start.key]);
  let level = [start];
  while (level.length > 0) {
    const next: MirrorGroup[] = [];
    for (const group of level) {
      if (!isGroupStanding(world, source.policy, group)) continue;
      found.push(group);
      for (const key of group.parents) {
        const parent = world.groups.get(key);
        if (parent === undefined || seen.has(key)) continue;
        seen.add(key);
        next.push(parent);
      }
    }
    // By id, so that the group that is named as the reason does not depend on the order of the edges.
    level = next.sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  return found;
}

function remembered<Key, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const hit = known.get(key);
    if (hit !== undefined || known.has(key)) return hit as Value;
    const value = compute(key);
    known.set(key, value);
    return value;
  };
}
