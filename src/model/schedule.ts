// When a source is read by itself, and what became of a time at which it was not.

import type { EpochMs, SourceName } from './ids.ts';

/** Of one source, as configured. */
export interface SourceSchedule {
  /** Cron expression of the full reads, five fields (or six, with seconds first). */
  readonly full: string;
  /** IANA name, e.g. `Europe/Prague`. */
  readonly timeZone: string;
  /** A run that takes longer is stopped. */
  readonly deadlineMs: number;
  /** Without a complete read for longer than this the source is overdue; undefined: three times the longest pause of `full`. */
  readonly overdueAfterMs: number | undefined;
}

/**
 * Why nothing ran at a scheduled time.
 * `still-running`: the run (or its retries) of an earlier time had not ended. `running-elsewhere`: another process had the lease.
 * `missed`: this process did not run or the machine slept; one run makes up for all of them.
 * `credentials-refused`: the source refused the password, and is left alone for a while so that its account is not locked.
 */
export type SkipReason = 'still-running' | 'running-elsewhere' | 'missed' | 'credentials-refused';

/** The last skipped time of a source. */
export interface Skip {
  readonly source: SourceName;
  /** The scheduled time; of several missed ones the last. */
  readonly dueAt: EpochMs;
  readonly at: EpochMs;
  readonly reason: SkipReason;
  /** For people: who was at it, how many times were missed since when. */
  readonly detail: string;
}
