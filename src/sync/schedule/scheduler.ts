// Runs every source by its schedule for as long as the process lives.
// Invariant: at most one run per source in this process; a tick is dealt with once, by whichever of node-cron and beat() comes first.
//
//   look -> decide (was there a run already?) -> attempt -> retries by the catalogue -> idle
//   A tick that comes before a source is idle again is skipped, and said so.

import type { EpochMs, SourceName } from '../../model/ids.ts';
import { armAlarm } from './alarm.ts';
import { graceMs } from './attempt.ts';
import { lastTick, nextTicks } from './cron.ts';
import { type Due, dueAtStart, dueAtTick, dueInstead, isBeingServed, isInTheWay, type LastRun } from './due.ts';
import { Notes } from './notes.ts';
import { type Refusal, refusalLookBack, refusalOf } from './refused.ts';
import { lastRunOf, runDue } from './run-due.ts';
import type { Entry, SchedulerDeps } from './scheduler-deps.ts';
import { wallText } from './zone.ts';

export type { ScheduledSource, SchedulerDeps } from './scheduler-deps.ts';

export interface SourceState {
  readonly source: SourceName;
  readonly next: EpochMs | undefined;
  readonly running: Entry['running'];
}

/** Work that hangs for so long beyond its deadline will not end any more: the process has to be started again. */
const hungAfterMs = 600_000;

/** People wait for two minutes; who comes after them has to wait for the run. */
const longestYieldMs = 180_000;

export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #stopping = new AbortController();
  #entries: readonly Entry[] = [];
  readonly #notes: Notes;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    this.#notes = new Notes(deps);
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
        begunAt: seen,
        seen,
        work: undefined,
        isDeciding: false,
        running: undefined,
        isBlocked: false,
        yielding: undefined,
        hanging: undefined,
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
        if (entry.isBlocked && entry.work === undefined && entry.hanging === undefined) await this.#takeOver(entry);
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

  /** Sources whose work ignores its deadline for so long that only an end of the process helps. */
  hung(): readonly SourceName[] {
    const now = performance.now();
    return this.#entries.flatMap(({ source, hanging }) =>
      hanging !== undefined && now - hanging.from >= hungAfterMs - graceMs ? [source] : [],
    );
  }

  /** No new runs; the running ones are aborted with the reason (they finish their batch) and awaited, but for what hangs. */
  async stop(because: unknown): Promise<void> {
    this.#stopping.abort(because);
    for (const { alarm } of this.#entries) alarm.disarm();
    await Promise.all(this.#entries.map(({ work }) => work));
    await this.#notes.settled();
  }

  #lookAt(source: SourceName): void {
    for (const entry of this.#entries) if (entry.source === source) void this.#look(entry);
  }

  async #look(entry: Entry): Promise<void> {
    try {
      await this.#dealWithTicks(entry);
    } catch (error) {
      this.#notes.broke(entry.source, undefined, error);
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
    if (entry.work !== undefined || entry.hanging !== undefined)
      this.#notes.skip(entry.source, tick, 'still-running', stillRunning(entry));
    else
      await this.#begin(
        entry,
        (last, at) => {
          entry.isBlocked ||= isBeingServed(tick, last, at);
          return dueAtTick(entry.schedule, tick, after, last, at);
        },
        async (due) => {
          const hasYielded = entry.yielding !== undefined;
          if (!(await this.#yields(entry))) return hasYielded ? this.#afterYielding(entry, due) : due;
          // It is looked at again by the next beat, or with the next tick.
          entry.seen = after;
          return undefined;
        },
      );
  }

  #takeOver(entry: Entry): Promise<void> {
    return this.#begin(entry, (last, now) => {
      entry.isBlocked = isInTheWay(last);
      return dueInstead(last, now);
    });
  }

  /** Resolves when it is decided; what runs then is in `entry.work`. */
  async #begin(
    entry: Entry,
    decide: (last: LastRun, now: EpochMs) => Due | undefined,
    consider = async (due: Due): Promise<Due | undefined> => due,
  ): Promise<void> {
    entry.isDeciding = true;
    const decided = lastRunOf(this.#deps, entry.source)
      .then((last) => decide(last, this.#deps.clock.now()))
      .then((due) => due && this.#unlessRefused(entry, due))
      .then((due) => due && consider(due))
      .finally(() => {
        entry.isDeciding = false;
      });
    const settled = decided.then((due) => (due === undefined ? undefined : this.#run(entry, due)));
    entry.work = settled
      .catch((error: unknown) => this.#notes.broke(entry.source, undefined, error))
      .finally(() => {
        entry.work = undefined;
        entry.running = undefined;
      });
    await decided.catch(() => {});
  }

  /** Of a store or a file that cannot say nothing is known: the run itself then says what is wrong. */
  async #unlessRefused(entry: Entry, due: Due): Promise<Due | undefined> {
    const { source, begunAt } = entry;
    const { clock } = this.#deps;
    const [runs, changedAt] = await Promise.all([
      this.#deps.recentRuns(source, refusalLookBack).catch(() => []),
      this.#deps.credentialsChangedAt(source).catch(() => undefined),
    ]);
    const refusal = refusalOf(runs, { now: clock.now(), begunAt, changedAt });
    if (refusal === undefined) return due;
    if (due.isScheduled) this.#notes.skip(source, due.at, 'credentials-refused', refusalText(entry, refusal));
    return undefined;
  }

  /** A person waits for a gap between two runs: here it is. For longer than he waits it is not kept. */
  async #yields(entry: Entry): Promise<boolean> {
    const isWanted = await this.#deps.isWanted(entry.source).catch(() => false);
    const now = this.#deps.clock.now();
    const since = entry.yielding ?? now;
    const yields = isWanted && now >= since && now - since < longestYieldMs;
    entry.yielding = yields ? since : undefined;
    return yields;
  }

  /** Ticks that came meanwhile were not missed: a person was let in. */
  #afterYielding({ source }: Entry, due: Due): Due {
    if (due.missed === undefined) return due;
    this.#notes.skip(source, due.missed.last, 'running-elsewhere', 'a person waited for the source and went first');
    return { ...due, missed: undefined };
  }

  #run(entry: Entry, due: Due): Promise<void> {
    return runDue({ deps: this.#deps, notes: this.#notes, entry, due, signal: this.#stopping.signal });
  }
}

function stillRunning({ running, hanging, schedule: { timeZone } }: Entry): string {
  const at = (time: EpochMs): string => `the run that began at ${wallText(time, timeZone)} (${timeZone})`;
  if (hanging !== undefined) return `${at(hanging.since)} did not stop at its deadline and hangs`;
  if (running === undefined) return 'the run before it had not ended';
  const tries = running.attempt === 1 ? '' : `, now at attempt ${running.attempt},`;
  return `${at(running.since)}${tries} had not ended`;
}

function refusalText({ source, schedule: { timeZone } }: Entry, { until, times }: Refusal): string {
  const often = times === 1 ? 'once' : `${times} times in a row`;
  return `refused ${often}; so that the account is not locked, no scheduled time before ${wallText(until, timeZone)} (${timeZone}) tries it unless its secret changes; \`rosterd source check ${source}\` tries at once`;
}
