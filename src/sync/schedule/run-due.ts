// What is done when a source is due: attempts with their deadline, until one ends well or no other is worth it.
// Invariant: it throws nothing; however it ended is told, once.

import { RosterdError } from '../../model/errors.ts';
import type { EpochMs, RunId, SourceName } from '../../model/ids.ts';
import type { Run } from '../../model/run.ts';
import { attemptWithDeadline, WorkHangs } from './attempt.ts';
import { nextTicks } from './cron.ts';
import { type Due, isServed, type LastRun, missedText } from './due.ts';
import type { Notes } from './notes.ts';
import { withRetries } from './retry.ts';
import type { Entry, SchedulerDeps } from './scheduler-deps.ts';
import { endedWell } from './served.ts';

export interface DueWork {
  readonly deps: SchedulerDeps;
  readonly notes: Notes;
  readonly entry: Entry;
  readonly due: Due;
  /** The daemon stops. */
  readonly signal: AbortSignal;
}

export async function runDue(work: DueWork): Promise<void> {
  const { deps, notes, entry, due, signal } = work;
  const { source, schedule } = entry;
  if (signal.aborted) return;
  if (due.missed !== undefined)
    notes.skip(source, due.missed.last, 'missed', missedText(due.missed, schedule.timeZone));
  const trying = new Trying(work, deps.clock.now());
  try {
    await trying.run();
  } catch (error) {
    if (error instanceof WorkHangs) leaveHanging(work, error);
    else if (error instanceof RosterdError && error.code === 'run-in-progress') await elsewhere(work, error);
    // Aborted work may end with the reason of the abort, or with what a driver makes of it.
    else if (!signal.aborted || (error !== signal.reason && !isAbort(error)))
      notes.broke(source, trying.started, error);
  }
}

class Trying {
  /** The row of the last attempt, if it came so far. */
  started: RunId | undefined;
  readonly #work: DueWork;
  readonly #since: EpochMs;
  #retryAfterMs: number | undefined;
  #isLate = false;

  constructor(work: DueWork, since: EpochMs) {
    this.#work = work;
    this.#since = since;
  }

  run(): Promise<Run> {
    const { deps, entry, due, signal } = this.#work;
    return withRetries({
      attempt: (number) => this.#attempt(number),
      first: due.attempt,
      until: nextTicks(entry.schedule, 1, this.#since)[0],
      clock: deps.clock,
      signal,
      onRetry: (facts) => deps.emit({ kind: 'run:retrying', source: entry.source, ...facts }),
      retryAfterMs: () => this.#retryAfterMs,
      isFinal: () => this.#isLate,
      ...(deps.retry === undefined ? {} : { policy: deps.retry }),
    });
  }

  async #attempt(number: number): Promise<Run> {
    const { deps, entry, due, signal } = this.#work;
    const { source } = entry;
    if (number > due.attempt) {
      // Half an hour may have passed, and a person may have been at it.
      const last = await lastRunOf(deps, source);
      if (last !== undefined && last !== 'unknown' && last.startedAt >= this.#since && endedWell(last)) return last;
    }
    entry.running = { since: this.#since, attempt: number };
    this.#retryAfterMs = undefined;
    this.started = undefined;
    const onLate = (): void => {
      this.#isLate = true;
    };
    const ended = await attemptWithDeadline(entry, signal, onLate, (aborted) =>
      deps.run(source, { number, dueAt: due.at }, aborted, (run) => {
        this.started = run;
      }),
    );
    this.#retryAfterMs = ended.retryAfterMs;
    return ended.run;
  }
}

/** A store that cannot say must not keep a source from being read: the run itself then says what is wrong, and is tried again. */
export async function lastRunOf(deps: SchedulerDeps, source: SourceName): Promise<LastRun> {
  try {
    return await deps.lastRun(source);
  } catch {
    return 'unknown';
  }
}

/** Nobody waits for it, and nothing begins beside it: its lease ends by itself where it renews it no more. */
function leaveHanging({ deps, notes, entry }: DueWork, error: WorkHangs): void {
  const hanging = { since: entry.running?.since ?? deps.clock.now(), from: performance.now() };
  entry.hanging = hanging;
  void error.ended.then(() => {
    if (entry.hanging === hanging) entry.hanging = undefined;
  });
  notes.hangs(entry.source, error);
}

/** A replica or a person has the lease. When that run is the one of this tick, there is nothing to tell. */
async function elsewhere({ deps, notes, entry, due }: DueWork, error: RosterdError): Promise<void> {
  entry.isBlocked = true;
  if (!due.isScheduled) return;
  const last = await lastRunOf(deps, entry.source);
  if (!isServed(due.at, last, deps.clock.now())) notes.skip(entry.source, due.at, 'running-elsewhere', error.message);
}

const isAbort = (error: unknown): boolean =>
  error instanceof RosterdError ? error.code === 'interrupted' : error instanceof Error && error.name === 'AbortError';
