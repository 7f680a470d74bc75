// The timer of one source: node-cron calls at each tick, as far as the machine lets it.
// Invariant: it only says "look now"; which tick is due, and whether it has been dealt with, the scheduler finds out itself.
// So a call that comes late, twice or never does no harm: the next beat looks too. After a jump of the clock node-cron walks
// through every tick that it jumped over (40 a millisecond), one more reason to set it anew at each beat.

import { type Logger, schedule } from 'node-cron';
import type { Cron } from './ticks.ts';

export interface Alarm {
  /** Sets the timer anew by the present time: after a jump of the clock the old one stands at a wrong moment. */
  rearm(): void;
  disarm(): void;
}

/** node-cron's warnings go to the console otherwise; what is missed is told by an event of ours. */
const silent: Logger = { info() {}, warn() {}, error() {}, debug() {} };

/** How late a call may be to be on time. */
export const onTimeMs = 60_000;

export function armAlarm(cron: Cron, onTick: () => void): Alarm {
  const task = schedule(cron.full, onTick, {
    timezone: cron.timeZone,
    noOverlap: true,
    logger: silent,
    suppressMissedWarning: true,
    missedExecutionTolerance: onTimeMs,
  });
  return {
    rearm() {
      void task.stop();
      void task.start();
    },
    disarm() {
      void task.destroy();
    },
  };
}
