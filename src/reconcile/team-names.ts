// Which team each feeding group feeds, and under what name, so that no two teams have the same one.
// Invariant: the outcome does not depend on the order of the groups; ids decide among equals.

import type { TeamRef } from '../model/change.ts';
import type { MirrorGroup } from '../model/group.ts';
import type { TeamId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { TeamPolicy } from '../model/policy.ts';
import type { Team } from '../model/team.ts';
import type { CompiledSource, CompiledWorld } from './world.ts';

interface Named {
  readonly group: MirrorGroup;
  /** The name that the group asks for. */
  readonly wanted: string;
  /** The name that the team has after the plan. */
  readonly name: string;
}

export type NamedGroup =
  | (Named & { readonly kind: 'creates' })
  | (Named & { readonly kind: 'joins'; readonly team: Team })
  | (Named & { readonly kind: 'joins-new'; readonly team: TeamRef })
  | (Named & { readonly kind: 'keeps'; readonly team: Team });

interface Naming {
  readonly world: CompiledWorld;
  readonly source: CompiledSource;
  readonly feeders: ReadonlyMap<TeamId, readonly MirrorGroup[]>;
  /** Folded name -> who has it: before the plan, then as it is assigned. */
  readonly taken: Map<string, Team | TeamRef>;
  /** Unfed teams that a group of this plan feeds again. */
  readonly adopted: Set<TeamId>;
  /** Folded present name -> the group whose team may leave it. */
  readonly leaving: Map<string, MirrorGroup>;
  readonly done: Map<MirrorGroup, NamedGroup | undefined>;
}

/** `groups`: feeding ones of the source, by id. A group whose team it does not name comes out without a rename. */
export function nameGroups(
  world: CompiledWorld,
  source: CompiledSource,
  groups: readonly MirrorGroup[],
  feeders: ReadonlyMap<TeamId, readonly MirrorGroup[]>,
): readonly NamedGroup[] {
  const naming: Naming = {
    world,
    source,
    feeders,
    taken: new Map([...world.teams.values()].map((team) => [foldKey(team.name), team])),
    adopted: new Set(),
    leaving: new Map(),
    done: new Map(),
  };
  for (const group of groups) {
    const team = ownTeam(naming, group);
    if (team !== undefined && foldKey(team.name) !== foldKey(teamNameOf(group, source.policy.teams))) {
      naming.leaving.set(foldKey(team.name), group);
    }
  }
  for (const group of groups) settle(naming, group);
  // In the order in which names become free, so that applying one after the other never meets a taken name.
  return [...naming.done.values()].filter((named) => named !== undefined);
}

function teamOf(naming: Naming, group: MirrorGroup): Team | undefined {
  return group.teamId === undefined ? undefined : naming.world.teams.get(group.teamId);
}

/** The team whose name follows this group: made by its source, and this is the first of its feeding groups. */
function ownTeam(naming: Naming, group: MirrorGroup): Team | undefined {
  const team = teamOf(naming, group);
  if (team === undefined || team.origin !== group.source) return undefined;
  const first = naming.feeders.get(team.id)?.find((one) => one.source === group.source);
  return first?.key === group.key ? team : undefined;
}

function settle(naming: Naming, start: MirrorGroup): void {
  // Whoever has the wanted name and leaves it goes first. A ring has no first: its start takes a suffix until the next plan.
  const path: MirrorGroup[] = [];
  const onPath = new Set<MirrorGroup>();
  let group: MirrorGroup | undefined = start;
  while (group !== undefined && !naming.done.has(group) && !onPath.has(group)) {
    path.push(group);
    onPath.add(group);
    const next: MirrorGroup | undefined = naming.leaving.get(foldKey(teamNameOf(group, naming.source.policy.teams)));
    group = next === group ? undefined : next;
  }
  for (const one of path.reverse()) naming.done.set(one, nameOne(naming, one));
}

function nameOne(naming: Naming, group: MirrorGroup): NamedGroup {
  const wanted = teamNameOf(group, naming.source.policy.teams);
  const present = teamOf(naming, group);
  const own = ownTeam(naming, group);
  if (present !== undefined && own === undefined) {
    return { kind: 'keeps', group, team: present, wanted: present.name, name: present.name };
  }
  for (const name of candidateNames(wanted, group.source)) {
    const holder = naming.taken.get(foldKey(name));
    if (holder === undefined || (own !== undefined && holder === own)) return assign(naming, group, own, wanted, name);
    if (own === undefined && canJoin(naming, holder, wanted, name)) return join(naming, group, holder, wanted);
  }
  throw new Error('candidateNames never ends');
}

/** `Sales`, `Sales (ad-hq)`, `Sales (ad-hq 2)`, ... */
function* candidateNames(wanted: string, source: string): Generator<string, never> {
  yield wanted;
  yield `${wanted} (${source})`;
  for (let number = 2; ; number += 1) yield `${wanted} (${source} ${number})`;
}

function assign(naming: Naming, group: MirrorGroup, own: Team | undefined, wanted: string, name: string): NamedGroup {
  if (own === undefined) {
    naming.taken.set(foldKey(name), { name, group: { source: group.source, id: group.id } });
    return { kind: 'creates', group, wanted, name };
  }
  naming.taken.delete(foldKey(own.name));
  naming.taken.set(foldKey(name), own);
  return { kind: 'keeps', group, team: own, wanted, name };
}

/** `match: name` joins any team of the very name; else only a team that this source made and nothing feeds any more. */
function canJoin(naming: Naming, holder: Team | TeamRef, wanted: string, name: string): boolean {
  if (naming.source.policy.teams.match === 'name' && name === wanted) return true;
  if (!('origin' in holder)) return false;
  const isUnfed = !naming.feeders.has(holder.id) && !naming.adopted.has(holder.id);
  return holder.origin === naming.source.policy.name && isUnfed;
}

function join(naming: Naming, group: MirrorGroup, holder: Team | TeamRef, wanted: string): NamedGroup {
  if (!('origin' in holder)) return { kind: 'joins-new', group, team: holder, wanted, name: wanted };
  naming.adopted.add(holder.id);
  return { kind: 'joins', group, team: holder, wanted, name: holder.name };
}

/** The group's name without prefix and suffix; the whole name when nothing would be left. */
export function teamNameOf(group: Pick<MirrorGroup, 'name'>, policy: TeamPolicy): string {
  let name = group.name.trim();
  const { stripPrefix, stripSuffix } = policy;
  if (stripPrefix !== '' && name.toLowerCase().startsWith(stripPrefix.toLowerCase()))
    name = name.slice(stripPrefix.length);
  if (stripSuffix !== '' && name.toLowerCase().endsWith(stripSuffix.toLowerCase())) {
    name = name.slice(0, name.length - stripSuffix.length);
  }
  name = name.trim().replace(/\s+/gu, ' ');
  return name === '' ? group.name.trim() : name;
}
