// Whether a source is due, and what was missed: decided from its ticks, its newest run and the clock.
// Invariant: a run that started in the future of our clock (the clock was set back) speaks for no tick; it would silence the
// schedule until the clock has caught up.

import { asEpochMs, type EpochMs } from '../../model/ids.ts';
import type { Run } from '../../model/run.ts';
import { onTimeMs } from './alarm.ts';
import { countTicks, lastTick, type TickCount } from './cron.ts';
import { restartPauseMs } from './refused.ts';
import { isCutOff, isOpen, wantsRetry } from './served.ts';
import type { Cron } from './ticks.ts';
import { wallText } from './zone.ts';

export interface Due {
  /** The scheduled time, of several the last; else when the run began that it goes on with, or now. */
  readonly at: EpochMs;
  readonly isScheduled: boolean;
  /** Of the first attempt: a restart goes on counting, so that a process that starts again and again waits longer and longer. */
  readonly attempt: number;
  /** Ticks that this run makes up for. */
  readonly missed: TickCount | undefined;
}

/** The newest real run; `unknown` when the store could not say. */
export type LastRun = Run | undefined | 'unknown';

/** Clocks of replicas differ by less. */
const toleranceMs = 60_000;
const isBelieved = (run: LastRun, now: EpochMs): run is Run =>
  run !== undefined && run !== 'unknown' && run.startedAt <= now + toleranceMs;

/** Whether the tick has its run, whoever makes it. A run that was stopped is none; one that is open may still die. */
export const isServed = (tick: EpochMs, last: LastRun, now: EpochMs): boolean =>
  isBelieved(last, now) && last.startedAt >= tick && last.state !== 'interrupted';

/** Somebody else is at the run that this tick was for, if he lives. */
export const isBeingServed = (tick: EpochMs, last: LastRun, now: EpochMs): boolean =>
  isServed(tick, last, now) && isBelieved(last, now) && isOpen(last);

/** At the start of the daemon: no run yet, ticks since the last one, or one that a process was stopped or died in, or waited to try again. */
export function dueAtStart(cron: Cron, last: LastRun, now: EpochMs): Due | undefined {
  if (!isBelieved(last, now)) return { at: now, isScheduled: false, attempt: 1, missed: undefined };
  const tick = lastTick(cron, now, last.startedAt);
  if (tick !== undefined)
    return { at: tick, isScheduled: true, attempt: 1, missed: countTicks(cron, endOf(last), now) };
  if (!isCutOff(last) && !wantsRetry(last) && !isWorthARestart(last, now)) return undefined;
  // What was cut off may have been gone on with meanwhile; what failed is tried again.
  const at = isCutOff(last) ? last.startedAt : now;
  return { at, isScheduled: false, attempt: attemptAfter(last), missed: undefined };
}

/** Who starts the daemon again may have mended the password; not so who starts it every few seconds. */
const isWorthARestart = ({ errorCode, startedAt }: Run, now: EpochMs): boolean =>
  errorCode === 'source-credentials' && now - startedAt >= restartPauseMs;

/** What was cut off has said nothing yet, so it is the same attempt again. */
function attemptAfter(last: Run): number {
  if (last.trigger !== 'schedule') return 1;
  return wantsRetry(last) ? last.attempt + 1 : last.attempt;
}

/** Of a run that is in our way: due as soon as it turns out that nobody goes on with it. The lease tells whether its owner lives. */
export function dueInstead(last: LastRun, now: EpochMs): Due | undefined {
  if (!isBelieved(last, now) || !isCutOff(last)) return undefined;
  return { at: last.startedAt, isScheduled: false, attempt: attemptAfter(last), missed: undefined };
}

/** Whether it has to be looked at again: it may be cut off, or the store could not say. */
export const isInTheWay = (last: LastRun): boolean => last === 'unknown' || (last !== undefined && isOpen(last));

/** At a tick of (after, now], the newest of them. A tick of the last minute is on time; older ones were missed. */
export function dueAtTick(cron: Cron, tick: EpochMs, after: EpochMs, last: LastRun, now: EpochMs): Due | undefined {
  if (isServed(tick, last, now)) return undefined;
  const since = isBelieved(last, now) ? asEpochMs(Math.max(after, endOf(last))) : after;
  const until = now - tick < onTimeMs ? asEpochMs(tick - 1) : tick;
  return { at: tick, isScheduled: true, attempt: 1, missed: countTicks(cron, since, until) };
}

const endOf = (run: Run): EpochMs => asEpochMs(Math.max(run.startedAt, run.endedAt ?? run.startedAt));

export function missedText({ count, isMore, first, last }: TickCount, timeZone: string): string {
  const from = wallText(first, timeZone);
  const to = wallText(last, timeZone);
  if (count === 1) return `once at ${from} (${timeZone}), while nothing ran; one run made up for it`;
  const times = isMore ? `more than ${count} times` : `${count} times`;
  return `${times} from ${from} to ${to} (${timeZone}), while nothing ran; one run made up for them`;
}
