// How many scheduled times in a row a source failed: the one count behind the notice `source-failing` and `rosterd status`.
// Invariant: one scheduled time counts once, however often it is tried again, and only a run that worked ends the row.

import type { Run } from '../model/run.ts';

/** From so many on people are told. */
export const failingFrom = 3;

/** What it looks at of a run. */
type Outcome = Pick<Run, 'trigger' | 'dryRun' | 'attempt' | 'state' | 'read'>;

const isFailed = ({ state }: Outcome): boolean => state === 'failed' || state === 'partial';

/** A complete read of a run that did not fail later on, whoever asked for it and at whichever attempt. */
export const endsFailing = (run: Outcome): boolean => !run.dryRun && run.read === 'complete' && !isFailed(run);

/** So many runs tell: more than those of three times, each with its retries. */
export const failingLookBack = 100;

/**
 * `runs`: the newest of one source, newest first. Without a daemon it is cron that calls `rosterd sync`, so where none of them is
 * scheduled those of the command line count; beside a daemon such a run is a person's attempt.
 *
 *   run                                              | effect
 *   failed or partial, scheduled, attempt 1          | counts
 *   read completely, and not failed after that       | ends the row
 *   anything else: tried again, by hand, dry run,    | none
 *   interrupted, paused or running without such a    |
 *   read                                             |
 */
export function failingTicks(runs: readonly Outcome[]): number {
  const scheduler = runs.some(({ trigger }) => trigger === 'schedule') ? 'schedule' : 'cli';
  let ticks = 0;
  for (const run of runs) {
    if (endsFailing(run)) break;
    if (isFailed(run) && !run.dryRun && run.trigger === scheduler && run.attempt === 1) ticks += 1;
  }
  return ticks;
}
