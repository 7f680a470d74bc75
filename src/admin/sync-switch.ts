// The per-user sync switch (R123): off with a reason and perhaps an end, on again, and what sync would do if it were on.
// Switching on applies nothing by itself: it marks the user, and the next plan applies under the guard.

import { RosterdError } from '../model/errors.ts';
import { isSynced, isSyncOff, type SyncOff, type User } from '../model/user.ts';
import { type ActReport, actOnUser, rowOf } from './act.ts';
import { usernameOf } from './find.ts';
import { formatMoment, parseUntil } from './moments.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';

export interface SyncOffRequest {
  readonly user: string;
  readonly reason: string;
  /** `30d`, a date or a time; undefined: until somebody switches it on. */
  readonly until?: string;
}

function requireSynced(user: User): void {
  if (isSynced(user)) return;
  throw new RosterdError('user-not-synced', `${usernameOf(user)} has no account in any source.`, {
    subject: usernameOf(user),
  });
}

const sayUntil = (syncOff: SyncOff): string =>
  syncOff.until === undefined ? '' : ` until ${formatMoment(syncOff.until)}`;

export async function switchSyncOff(context: AdminContext, request: SyncOffRequest): Promise<ActReport> {
  const reason = requireReason(request.reason);
  return actOnUser(context, request.user, async (user, _tx, now) => {
    requireSynced(user);
    const until = request.until === undefined ? undefined : parseUntil(request.until, now);
    const before = user.syncOff;
    const wasOff = isSyncOff(user, now);
    const after: SyncOff = {
      by: context.actor,
      reason,
      since: wasOff && before ? before.since : now,
      ...(until === undefined ? {} : { until }),
    };
    const name = usernameOf(user);
    if (wasOff && before?.reason === reason && before.until === until) {
      return { unchanged: `Sync of ${name} is already off${sayUntil(before)} for this reason.` };
    }
    return {
      action: 'user.sync-off',
      summary: `Sync of ${name} is off${sayUntil(after)}.`,
      parts: [],
      detail: { before: before ?? null, after },
      row: { ...rowOf(user), syncOff: after },
      // The next plan opens the finding "disabled in the source, but sync is off" and notes the end as a due time.
      dirty: 'sync switched off',
    };
  });
}

export async function switchSyncOn(context: AdminContext, request: { readonly user: string }): Promise<ActReport> {
  return actOnUser(context, request.user, async (user, _tx, now) => {
    const name = usernameOf(user);
    if (user.syncOff === undefined) {
      requireSynced(user);
      return { unchanged: `Sync of ${name} is on.` };
    }
    const { syncOff, ...row } = rowOf(user);
    const hadEnded = !isSyncOff(user, now);
    return {
      action: 'user.sync-on',
      summary: hadEnded
        ? `Sync of ${name} was on again already; its ended switch-off is cleared.`
        : `Sync of ${name} is on. The next run brings it up to date.`,
      parts: [],
      detail: { before: syncOff, after: null },
      row,
      dirty: 'sync switched on',
    };
  });
}
