// The tree of teams as the nesting of groups makes it (R160): a nested group's team goes below the outer group's team.
// Invariant: the tree has no cycle, whatever the groups have, and no parent that a person set elsewhere is taken away.

import type { TeamRef } from '../model/change.ts';
import type { MirrorGroup } from '../model/group.ts';
import type { GroupKey } from '../model/ids.ts';
import type { Team } from '../model/team.ts';
import { type CompiledSource, type CompiledWorld, isFeeding, isGroupStanding, teamKey } from './world.ts';

/** A team whose parent changes. */
export interface ParentLink {
  readonly group: MirrorGroup;
  readonly ref: TeamRef;
  /** Absent for a team that the plan creates. */
  readonly team?: Team;
  readonly before?: TeamRef;
  readonly after?: TeamRef;
}

/** `groups`: all feeding groups of the source, by id. */
export function planParents(
  world: CompiledWorld,
  source: CompiledSource,
  groups: readonly MirrorGroup[],
): readonly ParentLink[] {
  const managed = managedTeams(world, source, groups);
  const parents = new Map<string, string>();
  for (const team of world.teams.values()) {
    const key = teamKey({ id: team.id, name: team.name });
    if (team.parent !== undefined && !managed.has(key)) parents.set(key, `team:${team.parent}`);
  }
  const fed = new Set(groups.flatMap((group) => keyOf(refOf(world, group))));
  const links: ParentLink[] = [];
  for (const [key, { group, ref, team }] of managed) {
    const before = parentRef(world, team);
    const nested = nearestOuter(world, source, group);
    const chosen = nested.find((outer) => !closesCycle(parents, key, teamKey(outer)));
    // Not nested any more only if the outer group is still there to say so; a parent set by hand is no group's to take.
    const stays = nested.length === 0 && before !== undefined && !fed.has(teamKey(before));
    const after = chosen ?? (stays && !closesCycle(parents, key, teamKey(before)) ? before : undefined);
    if (after !== undefined) parents.set(key, teamKey(after));
    if (keyOf(before) === keyOf(after)) continue;
    links.push({ group, ref, ...(team && { team }), ...(before && { before }), ...(after && { after }) });
  }
  return links;
}

interface Managed {
  readonly group: MirrorGroup;
  readonly ref: TeamRef;
  readonly team: Team | undefined;
}

/** Teams that this source made or is about to make, each with the first of its groups. */
function managedTeams(
  world: CompiledWorld,
  source: CompiledSource,
  groups: readonly MirrorGroup[],
): ReadonlyMap<string, Managed> {
  const managed = new Map<string, Managed>();
  for (const group of groups) {
    const ref = refOf(world, group);
    if (ref === undefined || managed.has(teamKey(ref))) continue;
    const team = ref.id === undefined ? undefined : world.teams.get(ref.id);
    if (ref.id !== undefined && team?.origin !== source.policy.name) continue;
    managed.set(teamKey(ref), { group, ref, team });
  }
  return managed;
}

function refOf(world: CompiledWorld, group: MirrorGroup): TeamRef | undefined {
  const team = group.teamId === undefined ? undefined : world.teams.get(group.teamId);
  return team === undefined ? world.newTeams.get(group.key) : { id: team.id, name: team.name };
}

const keyOf = (ref: TeamRef | undefined): string => (ref === undefined ? '' : teamKey(ref));

function parentRef(world: CompiledWorld, team: Team | undefined): TeamRef | undefined {
  const parent = team?.parent === undefined ? undefined : world.teams.get(team.parent);
  return parent && { id: parent.id, name: parent.name };
}

/** Teams of the nearest outer groups that feed one, through groups that do not; by the id of the group. */
function nearestOuter(world: CompiledWorld, source: CompiledSource, start: MirrorGroup): readonly TeamRef[] {
  const seen = new Set<GroupKey>([start.key]);
  let level: MirrorGroup[] = [start];
  while (level.length > 0) {
    const outer = level
      .flatMap((group) => group.parents)
      .filter((key) => !seen.has(key) && seen.add(key))
      .flatMap((key) => world.groups.get(key) ?? [])
      .filter((group) => isGroupStanding(world, source.policy, group))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const found = outer
      .filter((group) => isFeeding(world, source, group))
      .flatMap((group) => refOf(world, group) ?? []);
    if (found.length > 0) return found;
    level = outer;
  }
  return [];
}

function closesCycle(parents: ReadonlyMap<string, string>, child: string, parent: string): boolean {
  const seen = new Set<string>();
  for (let at: string | undefined = parent; at !== undefined && !seen.has(at); at = parents.get(at)) {
    if (at === child) return true;
    seen.add(at);
  }
  return false;
}
