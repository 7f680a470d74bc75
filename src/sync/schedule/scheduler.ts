// Runs every source by its schedule for as long as the process lives.
// Invariant: at most one run per source in this process; a tick is dealt with once, by whichever of node-cron and beat() comes first.
//
//   look -> decide (was there a run already?) -> attempt -> retries by the catalogue -> idle
//   A tick that comes before a source is idle again is skipped, and said so.

import { RosterdError } from '../../model/errors.ts';
import type { EpochMs, SourceName } from '../../model/ids.ts';
import type { Run } from '../../model/run.ts';
import type { Skip, SkipReason, SourceSchedule } from '../../model/schedule.ts';
import type { EventSink } from '../events.ts';
import type { Clock } from '../ports.ts';
import { type Alarm, armAlarm } from './alarm.ts';
import { attemptWithDeadline } from './attempt.ts';
import { lastTick, nextTicks } from './cron.ts';
import {
  type Due,
  dueAtStart,
  dueAtTick,
  dueInstead,
  isBeingServed,
  isInTheWay,
  isServed,
  type LastRun,
  missedText,
} from './due.ts';
import { type RetryPolicy, withRetries } from './retry.ts';
import { wallText } from './zone.ts';

export interface ScheduledSource {
  readonly source: SourceName;
  readonly schedule: SourceSchedule;
}

export interface SchedulerDeps {
  readonly sources: readonly ScheduledSource[];
  readonly clock: Clock;
  readonly emit: EventSink;
  /** One attempt: ends like runSource, or throws. `retryAfterMs` is asked after it ended. */
  run(
    source: SourceName,
    attempt: { readonly number: number; readonly dueAt: EpochMs },
    signal: AbortSignal,
  ): Promise<{ readonly run: Run; readonly retryAfterMs?: number }>;
  /** Newest real run of the source, whoever triggered it. */
  lastRun(source: SourceName): Promise<Run | undefined>;
  saveSkip(skip: Skip): Promise<void>;
  /** Other than usual only in tests. */
  readonly retry?: RetryPolicy;
}

export interface SourceState {
  readonly source: SourceName;
  readonly next: EpochMs | undefined;
  /** From the first attempt to the end of the last, waits between them included. */
  readonly running: { readonly since: EpochMs; readonly attempt: number } | undefined;
}

/** A source and where it stands. */
interface Entry extends ScheduledSource {
  readonly alarm: Alarm;
  /** Ticks up to here are dealt with. */
  seen: EpochMs;
  /** What it is at; settles when the source is idle again. */
  work: Promise<void> | undefined;
  isDeciding: boolean;
  running: { since: EpochMs; attempt: number } | undefined;
  /** Somebody else is at it. Should he die or be stopped in his run, it is ours as soon as the lease has run out. */
  isBlocked: boolean;
}

export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #stopping = new AbortController();
  #entries: readonly Entry[] = [];
  readonly #writes = new Set<Promise<void>>();

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
  }

  /** Arms every source and begins the runs of those that are due at once: never run, ticks missed, or the last run not ended by itself. */
  async start(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const seen = this.#deps.clock.now();
    this.#entries = this.#deps.sources.map(({ source, schedule }) => {
      const alarm = armAlarm(schedule, () => this.#lookAt(source));
      return {
        source,
        schedule,
        alarm,
        seen,
        work: undefined,
        isDeciding: false,
        running: undefined,
        isBlocked: false,
      };
    });
    await Promise.all(
      this.#entries.map((entry) => this.#begin(entry, (last, now) => dueAtStart(entry.schedule, last, now))),
    );
  }

  /**
   * Finds the ticks that node-cron did not deliver (machine asleep, event loop blocked, clock set, a time that the clocks jumped
   * over) and sets its timers anew. Resolves when it is decided what runs, not when that has ended.
   */
  async beat(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await Promise.all(
      this.#entries.map(async (entry) => {
        const decided = this.#look(entry);
        entry.alarm.rearm();
        await decided;
        if (entry.isBlocked && entry.work === undefined) await this.#takeOver(entry);
      }),
    );
  }

  state(): readonly SourceState[] {
    const now = this.#deps.clock.now();
    return this.#entries.map(({ source, schedule, running }) => {
      const next = this.#stopping.signal.aborted ? undefined : nextTicks(schedule, 1, now)[0];
      return { source, next, running: running === undefined ? undefined : { ...running } };
    });
  }

  /** No new runs; the running ones are aborted with the reason (they finish their batch) and awaited. */
  async stop(because: unknown): Promise<void> {
    this.#stopping.abort(because);
    for (const { alarm } of this.#entries) alarm.disarm();
    await Promise.all(this.#entries.map(({ work }) => work));
    await Promise.all(this.#writes);
  }

  #lookAt(source: SourceName): void {
    for (const entry of this.#entries) if (entry.source === source) void this.#look(entry);
  }

  async #look(entry: Entry): Promise<void> {
    try {
      await this.#dealWithTicks(entry);
    } catch (error) {
      this.#notStarted(entry.source, error);
    }
  }

  /** The ticks since the last look. Its first part is synchronous, so that two looks never see the same tick. */
  async #dealWithTicks(entry: Entry): Promise<void> {
    // While it is not known yet whether the source works, its ticks wait for the next look.
    if (this.#stopping.signal.aborted || entry.isDeciding) return;
    const now = this.#deps.clock.now();
    const after = entry.seen;
    entry.seen = now;
    // `after` in the future: the clock was set back, and the times from now on are new ones.
    const tick = lastTick(entry.schedule, now, after);
    if (tick === undefined) return;
    if (entry.work !== undefined) this.#skip(entry, tick, 'still-running', this.#stillRunning(entry));
    else
      await this.#begin(entry, (last, at) => {
        entry.isBlocked ||= isBeingServed(tick, last, at);
        return dueAtTick(entry.schedule, tick, after, last, at);
      });
  }

  #takeOver(entry: Entry): Promise<void> {
    return this.#begin(entry, (last, now) => {
      entry.isBlocked = isInTheWay(last);
      return dueInstead(last, now);
    });
  }

  /** Resolves when it is decided; what runs then is in `entry.work`. */
  async #begin(entry: Entry, decide: (last: LastRun, now: EpochMs) => Due | undefined): Promise<void> {
    entry.isDeciding = true;
    const decided = this.#lastRun(entry.source)
      .then((last) => decide(last, this.#deps.clock.now()))
      .finally(() => {
        entry.isDeciding = false;
      });
    const settled = decided.then((due) => (due === undefined ? undefined : this.#run(entry, due)));
    entry.work = settled
      .catch((error: unknown) => this.#notStarted(entry.source, error))
      .finally(() => {
        entry.work = undefined;
        entry.running = undefined;
      });
    await decided.catch(() => {});
  }

  /** A store that cannot say must not keep a source from being read: the run itself then says what is wrong, and is tried again. */
  async #lastRun(source: SourceName): Promise<LastRun> {
    try {
      return await this.#deps.lastRun(source);
    } catch {
      return 'unknown';
    }
  }

  async #run(entry: Entry, due: Due): Promise<void> {
    const { clock, emit, retry } = this.#deps;
    const { source, schedule } = entry;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const since = clock.now();
    if (due.missed !== undefined)
      this.#skip(entry, due.missed.last, 'missed', missedText(due.missed, schedule.timeZone));
    let retryAfterMs: number | undefined;
    const attempt = async (number: number): Promise<Run> => {
      entry.running = { since, attempt: number };
      retryAfterMs = undefined;
      const ended = await attemptWithDeadline(entry, signal, (aborted) =>
        this.#deps.run(source, { number, dueAt: due.at }, aborted),
      );
      retryAfterMs = ended.retryAfterMs;
      return ended.run;
    };
    try {
      await withRetries({
        attempt,
        first: due.attempt,
        until: nextTicks(schedule, 1, since)[0],
        clock,
        signal,
        onRetry: (facts) => emit({ kind: 'run:retrying', source, ...facts }),
        retryAfterMs: () => retryAfterMs,
        ...(retry === undefined ? {} : { policy: retry }),
      });
    } catch (error) {
      if (error instanceof RosterdError && error.code === 'run-in-progress') await this.#elsewhere(entry, due, error);
      else this.#notStarted(source, error);
    }
  }

  /** A replica or a person has the lease. When that run is the one of this tick, there is nothing to tell. */
  async #elsewhere(entry: Entry, due: Due, error: RosterdError): Promise<void> {
    entry.isBlocked = true;
    if (!due.isScheduled) return;
    const last = await this.#lastRun(entry.source);
    if (!isServed(due.at, last, this.#deps.clock.now())) this.#skip(entry, due.at, 'running-elsewhere', error.message);
  }

  #stillRunning({ running, schedule: { timeZone } }: Entry): string {
    if (running === undefined) return 'the run before it had not ended';
    const tries = running.attempt === 1 ? '' : `, now at attempt ${running.attempt},`;
    return `the run that began at ${wallText(running.since, timeZone)} (${timeZone})${tries} had not ended`;
  }

  #skip({ source }: Entry, dueAt: EpochMs, reason: SkipReason, detail: string): void {
    this.#deps.emit({ kind: 'tick:skipped', source, dueAt, reason, detail });
    const write = this.#saved({ source, dueAt, at: this.#deps.clock.now(), reason, detail });
    this.#writes.add(write);
    void write.finally(() => this.#writes.delete(write));
  }

  async #saved(skip: Skip): Promise<void> {
    try {
      await this.#deps.saveSkip(skip);
    } catch {
      // The event has told it; a row for `rosterd status` is not worth a run.
    }
  }

  #notStarted(source: SourceName, error: unknown): void {
    const { signal } = this.#stopping;
    // Aborted work may end with the reason of the abort, or with what a driver makes of it.
    if (signal.aborted && (error === signal.reason || isAbort(error))) return;
    const errorCode = error instanceof RosterdError ? error.code : 'bug';
    // A fault of rosterd itself is told with its stack.
    const because =
      error instanceof RosterdError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    this.#deps.emit({ kind: 'run:not-started', source, errorCode, because });
  }
}

const isAbort = (error: unknown): boolean =>
  error instanceof RosterdError ? error.code === 'interrupted' : error instanceof Error && error.name === 'AbortError';
