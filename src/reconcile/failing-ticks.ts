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

/**
 * `runs` of one source, newest first.
 *
 *   run                                              | effect
 *   failed or partial, scheduled, attempt 1          | counts
 *   read completely, and not failed after that       | ends the row
 *   anything else: tried again, by hand, dry run,    | none
 *   interrupted, paused or running without such a    |
 *   read                                             |
 */
export function failingTicks(runs: Iterable<Outcome>): number {
  let ticks = 0;
  for (const run of runs) {
    if (endsFailing(run)) break;
    if (isFailed(run) && !run.dryRun && run.trigger === 'schedule' && run.attempt === 1) ticks += 1;
  }
  return ticks;
}
