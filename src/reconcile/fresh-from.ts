// Since when a source should have been read completely: one rule for `rosterd status`, the metrics and the notice.
// Invariant: it is taken from stored runs, so that a daemon that is started again and again does not begin to count anew.

import type { EpochMs } from '../model/ids.ts';
import type { Run } from '../model/run.ts';

type Begun = Pick<Run, 'startedAt'>;

/** How far back the first attempt at a source is looked for that was never read completely. */
export const freshLookBack = 2_000;

/**
 * When the last complete read began, else the first attempt that is known; undefined when nobody has tried. Not the end of the
 * read: an approval long after it ends the run anew, and what it knows is not newer for that.
 * `attempts`: real runs, the newest first; needed only without a complete one.
 */
export const freshFrom = (complete: Begun | undefined, attempts: readonly Begun[]): EpochMs | undefined =>
  (complete ?? attempts.at(-1))?.startedAt;
