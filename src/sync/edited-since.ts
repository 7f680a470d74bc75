// What a person decided about a user after a plan was made is stronger than the plan. Values are checked one by one; here are the
// decisions that leave values as they are: sync off, a hold, a pin. Held changes may be released days after they were planned.

import type { ChangePart } from '../model/change.ts';
import type { EpochMs } from '../model/ids.ts';
import { isSyncOff, type Pin, type User } from '../model/user.ts';

export function isEditedSince(
  user: User,
  parts: readonly ChangePart[],
  { plannedAt, isResumed, now }: { readonly plannedAt: EpochMs; readonly isResumed: boolean; readonly now: EpochMs },
): boolean {
  if (isSyncOff(user, now)) return true;
  if (user.adminHold !== undefined && parts.some((part) => part.part === 'enabled' && part.after)) return true;
  // A pin of the future was set before the clock was set back. A plan of this moment knows it; one that a dead process left may not.
  const fresh = user.pins.filter((pin) => pin.since >= plannedAt && (isResumed || pin.since <= now));
  return fresh.length > 0 && parts.some((part) => fresh.some((pin) => isAbout(pin, part)));
}

function isAbout(pin: Pin, part: ChangePart): boolean {
  switch (part.part) {
    case 'field':
      return pin.kind === 'field' && pin.subject === part.field;
    case 'enabled':
      return pin.kind === 'enabled';
    case 'membership':
    case 'grant':
      // A team without a number yet was created by the same plan, and may be the one that is pinned.
      return pin.kind === part.part && (part.team.id === undefined || pin.subject === String(part.team.id));
    case 'role':
      return pin.kind === 'role' && pin.subject === part.role;
    case 'main-team':
      return pin.kind === 'main-team' || pin.kind === 'membership';
    default:
      return false;
  }
}
