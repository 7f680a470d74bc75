// The clock of this machine beside that of a source which tells the time. Due times, graces, expiries and retention follow ours.
// Invariant: a run whose clocks are far apart ends before it has planned, settled or forgotten anything.

import { RosterdError } from '../model/errors.ts';
import type { EpochMs, SourceName } from '../model/ids.ts';

/** Far beyond what Kerberos bears (5 minutes), and far below what makes anything due that matters. */
const longestSkewMs = 3_600_000;

/** Positive where this machine is ahead. */
export const clockSkewSeconds = (now: EpochMs, serverTime: EpochMs): number => Math.round((now - serverTime) / 1_000);

/** Throws `clock-wrong`. */
export function refuseWrongClock(source: SourceName, now: EpochMs, serverTime: EpochMs): void {
  if (Math.abs(now - serverTime) <= longestSkewMs) return;
  const [here, there] = [new Date(now).toISOString(), new Date(serverTime).toISOString()];
  throw new RosterdError(
    'clock-wrong',
    `It is ${here} on this machine and ${there} at ${source}: one of the two clocks is wrong. Nothing was planned, nothing was removed.`,
    { subject: source },
  );
}
