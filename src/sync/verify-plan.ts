// After apply: the users that were changed are planned again, and nothing may come of it.

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { RefusedClaims } from '../model/decision.ts';
import type { UserId } from '../model/ids.ts';
import { decideUser } from '../reconcile/plan.ts';
import { makeWorld } from '../reconcile/world.ts';
import type { PlanSession } from './plan-session.ts';
import type { SyncStore } from './ports.ts';

const portion = 500;

/** Labels of the users for which planning again gives a change; empty when all is well. */
export async function verifyApplied(
  store: SyncStore,
  session: PlanSession,
  users: readonly UserId[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<readonly string[]> {
  const { policy, now, source } = session.world;
  const world = makeWorld({
    policy,
    now,
    source,
    teams: await store.read.teams(),
    groups: await store.read.groups(),
    newTeams: new Map(),
  });
  const failed: string[] = [];
  for (let start = 0; start < users.length; start += portion) {
    signal.throwIfAborted();
    const ids = users.slice(start, start + portion);
    const accounts = Map.groupBy(await store.read.accountsOf(ids), (account) => account.userId as UserId);
    for (const user of await store.read.users(ids)) {
      const own = accounts.get(user.id) ?? [];
      const { change } = decideUser(world, { user, accounts: own }, refusedAs(session.refused, user.id, own));
      if (change !== undefined) failed.push(change.label);
    }
    onProgress(Math.min(start + portion, users.length));
    await yieldToLoop();
  }
  return failed;
}

/** Claims refused to a user that this run created were made under the name of its account. */
function refusedAs(
  refused: RefusedClaims,
  id: UserId,
  accounts: readonly { readonly source: string; readonly id: string }[],
): RefusedClaims {
  if (refused.size === 0) return refused;
  const own = new Map(refused);
  for (const kind of ['username', 'email'] as const) {
    for (const account of accounts) {
      const holder = refused.get(`${kind}:account:${account.source}/${account.id}`);
      if (holder !== undefined) own.set(`${kind}:user:${id}`, holder);
    }
  }
  return own;
}
