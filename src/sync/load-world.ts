// Reads what all decisions of one plan share: teams and groups, a few thousand rows.

import type { World } from '../model/decision.ts';
import { type CompiledWorld, makeWorld } from '../reconcile/world.ts';
import type { SyncStore } from './ports.ts';

export async function loadWorld(
  store: SyncStore,
  { policy, now, source }: Pick<World, 'policy' | 'now' | 'source'>,
): Promise<CompiledWorld> {
  const teams = new Map((await store.read.teams()).map((team) => [team.id, team]));
  const groups = new Map((await store.read.groups()).map((group) => [group.key, group]));
  const hasReadAuthorities = await haveReadAuthorities(store, policy);
  const heldElsewhere = policy.sources.length > 1 ? await store.read.heldElsewhere(source) : new Map();
  return makeWorld({ policy, now, source, teams, groups, newTeams: new Map(), hasReadAuthorities, heldElsewhere });
}

async function haveReadAuthorities({ read }: SyncStore, { sources }: World['policy']): Promise<boolean> {
  for (const { name, lifecycle } of sources) {
    if (lifecycle === 'authority' && (await read.mirror.source(name))?.firstCompleteAt === undefined) return false;
  }
  return true;
}
