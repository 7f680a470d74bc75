// One attempt with its deadline: a signal of its own, which tells a run that took too long from a daemon that stops.
// Invariant: it ends, whatever the work does: what ignores its signal is left to itself after a grace, and said to hang.
// When the attempt has ended, neither timer nor listener is left.

import { RosterdError } from '../../model/errors.ts';
import type { SourceName } from '../../model/ids.ts';
import type { SourceSchedule } from '../../model/schedule.ts';
import { longestTimerMs } from './retry.ts';

interface Attempted {
  readonly source: SourceName;
  readonly schedule: Pick<SourceSchedule, 'deadlineMs'>;
}

/** Long enough for the batch under way, and for a connection to be given up. */
export const graceMs = 60_000;

/** The deadline is over and the work goes on all the same. */
export class WorkHangs extends RosterdError {
  /** When it has ended after all. */
  readonly ended: Promise<void>;

  constructor({ source, schedule }: Attempted, work: Promise<unknown>) {
    const message = `The run of ${source} was told to stop at its deadline (${durationText(schedule.deadlineMs)}) and hangs.`;
    super('source-timeout', message, { subject: source });
    this.ended = work.then(
      () => undefined,
      () => undefined,
    );
  }
}

/** `stopping`: not aborted yet. `onLate`: called when the deadline ends it. Throws `WorkHangs` beside what the work throws. */
export async function attemptWithDeadline<T>(
  attempted: Attempted,
  stopping: AbortSignal,
  onLate: () => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { source, schedule } = attempted;
  const controller = new AbortController();
  const hanging = Promise.withResolvers<never>();
  const onStop = (): void => controller.abort(stopping.reason);
  const onHang = (): void => hanging.reject(new WorkHangs(attempted, working));
  const tooLate = (): void => {
    onLate();
    const message = `The run of ${source} had taken ${durationText(schedule.deadlineMs)}, which is its deadline, and was stopped.`;
    controller.abort(new RosterdError('source-timeout', message, { subject: source }));
    timer = setTimeout(onHang, graceMs);
  };
  // By hand and not with AbortSignal.any: the stop signal lives for years, and nothing may pile up at it.
  stopping.addEventListener('abort', onStop, { once: true });
  let timer = setTimeout(tooLate, Math.min(schedule.deadlineMs, longestTimerMs));
  const working = work(controller.signal);
  try {
    return await Promise.race([working, hanging.promise]);
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
