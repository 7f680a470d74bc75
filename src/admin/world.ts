// The world in which an admin act asks the pure core: the same groups, teams and policy that a run of the source would see.

import type { EpochMs, SourceName } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import { type CompiledWorld, makeWorld } from '../reconcile/world.ts';
import type { PlanReader } from '../sync/ports.ts';
import type { AdminContext } from './ports.ts';

/** Loads once what the worlds of all sources share; the answer gives the world as a run of one source would see it. */
export async function loadWorlds(
  context: Pick<AdminContext, 'policy'>,
  reader: Pick<PlanReader, 'teams' | 'groups'>,
  now: EpochMs,
): Promise<(source: SourceName) => CompiledWorld> {
  const teams = new Map((await reader.teams()).map((team) => [team.id, team]));
  const groups = new Map((await reader.groups()).map((group) => [group.key, group]));
  return (source) => makeWorld({ policy: context.policy, now, source, teams, groups, newTeams: new Map() });
}

/** The configured sources that the user has an account in, in order of the configuration. */
export function sourcesOf(context: Pick<AdminContext, 'policy'>, user: Pick<User, 'links'>): readonly SourceName[] {
  const linked = new Set(user.links.map((link) => link.source));
  return context.policy.sources.map((source) => source.name).filter((name) => linked.has(name));
}
