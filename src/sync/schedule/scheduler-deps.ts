// What the scheduler is given, and where each source stands.
// Invariant: the scheduler asks for facts and hands out work; how a run is made and what is stored is not its business.

import type { EpochMs, RunId, SourceName } from '../../model/ids.ts';
import type { Run } from '../../model/run.ts';
import type { Skip, SourceSchedule } from '../../model/schedule.ts';
import type { EventSink } from '../events.ts';
import type { Clock } from '../ports.ts';
import type { Alarm } from './alarm.ts';
import type { RetryPolicy } from './retry.ts';

export interface ScheduledSource {
  readonly source: SourceName;
  readonly schedule: SourceSchedule;
}

export interface SchedulerDeps {
  readonly sources: readonly ScheduledSource[];
  readonly clock: Clock;
  readonly emit: EventSink;
  /** One attempt: ends like runSource, or throws. `retryAfterMs` is asked after it ended; `onStarted` is told when its row exists. */
  run(
    source: SourceName,
    attempt: { readonly number: number; readonly dueAt: EpochMs },
    signal: AbortSignal,
    onStarted: (run: RunId) => void,
  ): Promise<{ readonly run: Run; readonly retryAfterMs?: number }>;
  /** Newest real run of the source, whoever triggered it. */
  lastRun(source: SourceName): Promise<Run | undefined>;
  /** Its newest real runs, newest first, at most `limit`. */
  recentRuns(source: SourceName, limit: number): Promise<readonly Run[]>;
  /** When a secret of the source was last changed; undefined: not known. */
  credentialsChangedAt(source: SourceName): Promise<EpochMs | undefined>;
  /** Whether a person's command waits to get at the source. */
  isWanted(source: SourceName): Promise<boolean>;
  saveSkip(skip: Skip): Promise<void>;
  /** Other than usual only in tests. */
  readonly retry?: RetryPolicy;
}

/** A source and where it stands. */
export interface Entry extends ScheduledSource {
  readonly alarm: Alarm;
  readonly begunAt: EpochMs;
  /** Ticks up to here are dealt with. */
  seen: EpochMs;
  /** What it is at; settles when the source is idle again. */
  work: Promise<void> | undefined;
  isDeciding: boolean;
  /** From the first attempt to the end of the last, waits between them included. */
  running: { readonly since: EpochMs; readonly attempt: number } | undefined;
  /** Somebody else is at it. Should he die or be stopped in his run, it is ours as soon as the lease has run out. */
  isBlocked: boolean;
  /** Since when its due run lets a person go first. */
  yielding: EpochMs | undefined;
  /** Work that did not stop at its deadline. Nothing else begins beside it. `from`: on a clock that nobody sets. */
  hanging: { readonly since: EpochMs; readonly from: number } | undefined;
}
