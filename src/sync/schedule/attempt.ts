// One attempt with its deadline: a signal of its own, which tells a run that took too long from a daemon that stops.
// Invariant: when the attempt has ended, neither timer nor listener is left.

import { RosterdError } from '../../model/errors.ts';
import type { SourceName } from '../../model/ids.ts';
import type { SourceSchedule } from '../../model/schedule.ts';
import { longestTimerMs } from './retry.ts';

interface Attempted {
  readonly source: SourceName;
  readonly schedule: Pick<SourceSchedule, 'deadlineMs'>;
}

/** `stopping`: not aborted yet. */
export async function attemptWithDeadline<T>(
  { source, schedule: { deadlineMs } }: Attempted,
  stopping: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const tooLate = (): void => {
    const message = `The run of ${source} had taken ${durationText(deadlineMs)}, which is its deadline, and was stopped.`;
    controller.abort(new RosterdError('source-timeout', message, { subject: source }));
  };
  const onStop = (): void => controller.abort(stopping.reason);
  const timer = setTimeout(tooLate, Math.min(deadlineMs, longestTimerMs));
  // By hand and not with AbortSignal.any: the stop signal lives for years, and nothing may pile up at it.
  stopping.addEventListener('abort', onStop, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', onStop);
  }
}

const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** In the largest unit that leaves no rest: `2 h`, `90 min`, `45 s`. */
function durationText(ms: number): string {
  const [name, unitMs] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1];
  return `${ms / unitMs} ${name}`;
}
