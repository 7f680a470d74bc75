// Whether a source is due, and what was missed: decided from its ticks, its newest run and the clock.
// Invariant: a run that started in the future of our clock (the clock was set back) speaks for no tick; it would silence the
// schedule until the clock has caught up.

import { asEpochMs, type EpochMs } from '../../model/ids.ts';
import type { Run, RunState } from '../../model/run.ts';
import { onTimeMs } from './alarm.ts';
import { countTicks, lastTick, type TickCount } from './cron.ts';
import type { Cron } from './ticks.ts';
import { wallText } from './zone.ts';

export interface Due {
  /** The scheduled time, of several the last; `now` when it is due for another reason. */
  readonly at: EpochMs;
  readonly isScheduled: boolean;
  /** Ticks that this run makes up for. */
  readonly missed: TickCount | undefined;
}

/** The newest real run; `unknown` when the store could not say. */
export type LastRun = Run | undefined | 'unknown';

/** Clocks of replicas differ by less. */
const toleranceMs = 60_000;
const openStates: readonly RunState[] = ['reading', 'planning', 'applying', 'verifying'];

/** A run that somebody works at, or that died. */
export const isOpen = (run: LastRun): boolean =>
  run !== undefined && run !== 'unknown' && openStates.includes(run.state);

const isBelieved = (run: LastRun, now: EpochMs): run is Run =>
  run !== undefined && run !== 'unknown' && run.startedAt <= now + toleranceMs;

/** Whether the tick has had its run, whoever made it. */
export const isServed = (tick: EpochMs, last: LastRun, now: EpochMs): boolean =>
  isBelieved(last, now) && last.startedAt >= tick;

/** At the start of the daemon: no run yet, ticks since the last one, or a run that a process died in. */
export function dueAtStart(cron: Cron, last: LastRun, now: EpochMs): Due | undefined {
  if (!isBelieved(last, now)) return { at: now, isScheduled: false, missed: undefined };
  const tick = lastTick(cron, now, last.startedAt);
  if (tick === undefined && !isOpen(last)) return undefined;
  const missed = tick === undefined ? undefined : countTicks(cron, endOf(last), now);
  return { at: tick ?? now, isScheduled: tick !== undefined, missed };
}

/** At a tick of (after, now], the newest of them. A tick of the last minute is on time; older ones were missed. */
export function dueAtTick(cron: Cron, tick: EpochMs, after: EpochMs, last: LastRun, now: EpochMs): Due | undefined {
  if (isServed(tick, last, now)) return undefined;
  const since = isBelieved(last, now) ? asEpochMs(Math.max(after, endOf(last))) : after;
  const until = now - tick < onTimeMs ? asEpochMs(tick - 1) : tick;
  return { at: tick, isScheduled: true, missed: countTicks(cron, since, until) };
}

const endOf = (run: Run): EpochMs => asEpochMs(Math.max(run.startedAt, run.endedAt ?? run.startedAt));

export function missedText({ count, isMore, first, last }: TickCount, timeZone: string): string {
  const from = wallText(first, timeZone);
  const to = wallText(last, timeZone);
  if (count === 1) return `once at ${from} (${timeZone}), while nothing ran; one run made up for it`;
  const times = isMore ? `more than ${count} times` : `${count} times`;
  return `${times} from ${from} to ${to} (${timeZone}), while nothing ran; one run made up for them`;
}
