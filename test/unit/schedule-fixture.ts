// Runs, clock and a recorded outside for the tests of the schedule. Time is vitest's: node-cron, p-retry and the scheduler share it.

import { vi } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import { asEpochMs, asRunId, asSourceName, type EpochMs, type RunId, type SourceName } from '../../src/model/ids.ts';
import { noCounts, type Run, type RunState } from '../../src/model/run.ts';
import type { Skip, SourceSchedule } from '../../src/model/schedule.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import type { Clock } from '../../src/sync/ports.ts';
import { Scheduler, type SchedulerDeps } from '../../src/sync/schedule/scheduler.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const at = (iso: string): EpochMs => asEpochMs(Date.parse(iso));
export const clock: Clock = { now: () => asEpochMs(Date.now()) };
export const ad = asSourceName('ad-hq');
export const uccx = asSourceName('uccx-brno');

let runs = 0;

export function aRun(state: RunState, facts: Partial<Run> = {}): Run {
  runs += 1;
  const startedAt = facts.startedAt ?? clock.now();
  return {
    id: asRunId(runs),
    source: ad,
    trigger: 'schedule',
    actor: 'daemon',
    mode: 'full',
    dryRun: false,
    attempt: 1,
    state,
    startedAt,
    endedAt: startedAt,
    counts: noCounts,
    holds: [],
    applied: {},
    ...facts,
  };
}

export const unreachable = (): RosterdError =>
  new RosterdError('source-unreachable', 'dc1.example.test does not answer.');

export function scheduleOf(full: string, facts: Partial<SourceSchedule> = {}): SourceSchedule {
  return { full, timeZone: 'Europe/Prague', deadlineMs: 6 * hour, overdueAfterMs: undefined, ...facts };
}

/** What the work of one attempt is; the run that it returns is what the store then knows as the last one. */
export type Work = (
  attempt: { readonly number: number; readonly dueAt: EpochMs; readonly source: SourceName },
  signal: AbortSignal,
  onStarted: (run: RunId) => void,
) => Promise<{ readonly run: Run; readonly retryAfterMs?: number }>;

export interface Started {
  readonly source: SourceName;
  readonly number: number;
  readonly dueAt: EpochMs;
  readonly startedAt: EpochMs;
}

/** A scheduler, what it did, and the store as far as it asks for it. */
export class Installation {
  readonly started: Started[] = [];
  readonly events: SyncEvent[] = [];
  readonly skips: Skip[] = [];
  readonly last = new Map<SourceName, Run>();
  /** Every run that ended, the newest first. */
  readonly runs: Run[] = [];
  isWanted = false;
  credentialsChangedAt: EpochMs | undefined;
  /** The most runs of one source at a time. */
  mostAtOnce = 0;
  work: Work = async ({ source }) => ({ run: aRun('done', { source }) });
  readonly scheduler: Scheduler;
  readonly #going = new Map<SourceName, number>();
  #beating: NodeJS.Timeout | undefined;

  constructor(sources: Readonly<Record<string, SourceSchedule>>, deps: Partial<SchedulerDeps> = {}) {
    this.scheduler = new Scheduler({
      sources: Object.entries(sources).map(([name, schedule]) => ({ source: asSourceName(name), schedule })),
      clock,
      emit: (event) => this.events.push(event),
      run: (source, attempt, signal, onStarted) => this.#run(source, attempt, signal, onStarted),
      lastRun: async (source) => this.last.get(source),
      recentRuns: async (source, limit) => {
        const known = this.runs.filter((run) => run.source === source);
        const last = this.last.get(source);
        const isKnown = last === undefined || known.some(({ id }) => id === last.id);
        return (isKnown ? known : [last, ...known]).slice(0, limit);
      },
      isWanted: async () => this.isWanted,
      credentialsChangedAt: async () => this.credentialsChangedAt,
      saveSkip: async (skip) => void this.skips.push(skip),
      ...deps,
    });
  }

  /** `beats: 'none'`: as if the daemon's own timer had died. */
  async start({ beats = 'every 20 s' }: { readonly beats?: 'every 20 s' | 'none' } = {}): Promise<void> {
    await this.scheduler.start();
    if (beats === 'none') return;
    this.#beating = setInterval(() => void this.scheduler.beat(), 20_000);
  }

  async stop(because: unknown = new RosterdError('interrupted', 'The daemon was stopped.')): Promise<void> {
    clearInterval(this.#beating);
    await this.scheduler.stop(because);
  }

  kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind);
  }

  startTimes(source: SourceName = ad): readonly string[] {
    return this.started.filter((run) => run.source === source).map(({ startedAt }) => short(startedAt));
  }

  async #run(
    source: SourceName,
    attempt: { readonly number: number; readonly dueAt: EpochMs },
    signal: AbortSignal,
    onStarted: (run: RunId) => void,
  ): Promise<{ readonly run: Run; readonly retryAfterMs?: number }> {
    const startedAt = clock.now();
    this.started.push({ source, startedAt, ...attempt });
    const going = (this.#going.get(source) ?? 0) + 1;
    this.#going.set(source, going);
    this.mostAtOnce = Math.max(this.mostAtOnce, going);
    try {
      const ended = await this.work({ ...attempt, source }, signal, onStarted);
      const run = { ...ended.run, startedAt, endedAt: clock.now() };
      this.last.set(source, run);
      this.runs.unshift(run);
      return ended;
    } finally {
      this.#going.set(source, going - 1);
    }
  }
}

/** `11-20 08:00`, in UTC. */
export const short = (time: EpochMs): string => new Date(time).toISOString().slice(5, 16).replace('T', ' ');

/** Ends after `ms`, or as runSource does when it is stopped. */
export function takes(
  ms: number,
  state: RunState = 'done',
): (attempt: Parameters<Work>[0], signal: AbortSignal) => ReturnType<Work> {
  return ({ source }, signal) =>
    new Promise((resolve) => {
      const end = (run: Run): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve({ run });
      };
      const onAbort = (): void => {
        const { reason } = signal;
        const code = reason instanceof RosterdError ? reason.code : 'interrupted';
        end(aRun(code === 'interrupted' ? 'interrupted' : 'failed', { source, errorCode: code }));
      };
      const timer = setTimeout(() => end(aRun(state, { source })), ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
}

/** Lets the time pass, timers and all. */
export const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** The wall clock jumps, the timers know nothing of it. */
export const setClock = (iso: string): void => void vi.setSystemTime(Date.parse(iso));
