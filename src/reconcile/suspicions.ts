// Whether a change follows from an absence that is itself in doubt, because the read that showed it was.
// Invariant: the doubt stays with the absence, so waiting out a grace releases nothing.

import type { Presence, Suspicion } from '../model/account.ts';
import type { UserChangePart } from '../model/change.ts';
import type { MirrorGroup } from '../model/group.ts';
import type { GroupKey } from '../model/ids.ts';
import type { LinkedAccount } from './situation.ts';
import { type CompiledWorld, isGroupStanding } from './world.ts';

/** Suspicions of the accounts that go in this change, and of gone groups where it takes rows away. Sorted. */
export function suspicionsOf(
  world: CompiledWorld,
  parts: readonly UserChangePart[],
  linked: readonly LinkedAccount[],
): readonly Suspicion[] {
  const takesRows = parts.some(
    (part) => (part.part === 'membership' || part.part === 'grant' || part.part === 'role') && part.op === 'remove',
  );
  const found = new Set<Suspicion>();
  for (const one of linked) {
    if (one.state === 'gone' && one.link.state === 'active') add(found, one.account.presence);
    if (!takesRows) continue;
    for (const group of goneGroups(world, one)) add(found, group.presence);
  }
  return [...found].sort();
}

function add(found: Set<Suspicion>, presence: Presence): void {
  if ((presence.state === 'absent' || presence.state === 'out-of-scope') && presence.suspect !== undefined) {
    found.add(presence.suspect);
  }
}

/** Groups of the account, nesting included, whose absence acts. */
function goneGroups(world: CompiledWorld, { account, source }: LinkedAccount): readonly MirrorGroup[] {
  const gone: MirrorGroup[] = [];
  const seen = new Set<GroupKey>();
  const waiting = [...account.memberOf, ...account.manages];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const group = world.groups.get(key);
    if (group === undefined || seen.has(key)) continue;
    seen.add(key);
    if (!isGroupStanding(world, source.policy, group)) gone.push(group);
    waiting.push(...group.parents);
  }
  return gone;
}
