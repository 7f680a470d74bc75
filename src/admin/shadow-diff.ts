// What sync would change if the switch of a user were on: decided by the same core as a run, for every source in turn, and not stored.

import type { UserChangePart } from '../model/change.ts';
import type { SourceName, UserId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import { isSyncOff, type User } from '../model/user.ts';
import { decideUser, noRefusals } from '../reconcile/plan.ts';
import { assignKeys } from '../reconcile/unique-keys.ts';
import type { CompiledWorld } from '../reconcile/world.ts';
import { findUser, usernameOf } from './find.ts';
import type { AdminContext } from './ports.ts';
import { loadWorlds, sourcesOf } from './world.ts';

export interface ShadowDiff {
  readonly user: { readonly id: UserId; readonly username: string };
  readonly sync: 'on' | 'off';
  /** Sources with something to change. */
  readonly sources: readonly { readonly source: SourceName; readonly parts: readonly UserChangePart[] }[];
}

export async function shadowDiff(context: AdminContext, ref: string): Promise<ShadowDiff> {
  const { read } = context.store;
  const now = context.now();
  const user = await findUser(read, ref);
  const { syncOff: _ignored, ...switchedOn } = user;
  const linked = await read.accountsOf([user.id]);
  const worldOf = await loadWorlds(context, read, now);
  const sources: { source: SourceName; parts: readonly UserChangePart[] }[] = [];
  const seen = new Set<string>();
  for (const source of sourcesOf(context, user)) {
    const accounts = await context.withRivals(read, worldOf(source), [user], linked);
    const parts = await decideParts(context, worldOf(source), switchedOn, accounts);
    // What every run would do (fields, enabled) is said once, under the first source.
    const fresh = parts.filter((part) => !seen.has(JSON.stringify(part)));
    for (const part of fresh) seen.add(JSON.stringify(part));
    if (fresh.length > 0) sources.push({ source, parts: fresh });
  }
  return { user: { id: user.id, username: usernameOf(user) }, sync: isSyncOff(user, now) ? 'off' : 'on', sources };
}

/** Like a plan of one user: a name or address that somebody else holds is refused, and decided again without. */
async function decideParts(
  context: AdminContext,
  world: CompiledWorld,
  user: User,
  accounts: Parameters<typeof decideUser>[1]['accounts'],
): Promise<readonly UserChangePart[]> {
  const first = decideUser(world, { user, accounts }, noRefusals);
  const holders = new Map<string, { claimant: string; label: string; leaves: boolean }>();
  for (const claim of first.claims) {
    const key = foldKey(claim.value);
    const holder = (await context.store.read.holders(claim.kind, [key])).get(key);
    if (holder !== undefined)
      holders.set(`${claim.kind}:${key}`, { claimant: `user:${holder}`, label: `user ${holder}`, leaves: false });
  }
  const { refused } = assignKeys(first.claims, holders);
  const decision = refused.size === 0 ? first : decideUser(world, { user, accounts }, refused);
  return (decision.change?.parts ?? []) as readonly UserChangePart[];
}
