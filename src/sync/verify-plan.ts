// After apply: the users that were changed are planned again, and nothing may come of it.

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { RefusedClaims } from '../model/decision.ts';
import type { UserId } from '../model/ids.ts';
import { decideUser } from '../reconcile/plan.ts';
import { loadWorld } from './load-world.ts';
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
  const world = await loadWorld(store, session.world);
  const failed: string[] = [];
  for (let start = 0; start < users.length; start += portion) {
    signal.throwIfAborted();
    const ids = users.slice(start, start + portion);
    const accounts = Map.groupBy(await store.read.accountsOf(ids), (account) => account.userId as UserId);
    for (const user of await store.read.users(ids)) {
      const own = accounts.get(user.id) ?? [];
      const { change } = decideUser(world, { user, accounts: own }, refusedTo(session.refused, user.id, own));
      if (change !== undefined) failed.push(change.label);
    }
    onProgress(Math.min(start + portion, users.length));
    await yieldToLoop();
  }
  return failed;
}

/** What was refused to this user; for one that the run created it was refused under the name of its account. */
function refusedTo(
  refused: RefusedClaims,
  id: UserId,
  accounts: readonly { readonly source: string; readonly id: string }[],
): RefusedClaims {
  const own = new Map();
  if (refused.size === 0) return own;
  const names = [`user:${id}`, ...accounts.map((account) => `account:${account.source}/${account.id}`)];
  for (const kind of ['username', 'email'] as const) {
    const holder = names.map((name) => refused.get(`${kind}:${name}`)).find((found) => found !== undefined);
    if (holder !== undefined) own.set(`${kind}:user:${id}`, holder);
  }
  return own;
}
