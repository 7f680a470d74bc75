// Whether a run has dealt with the scheduled time that it was made for. Imports the model only, so that a run may ask it too.
// Invariant: whatever a process left behind when it was stopped or died serves no time, however it ended.

import { type ErrorCode, errorCatalogue } from '../../model/errors.ts';
import type { Run, RunState } from '../../model/run.ts';

const openStates: readonly RunState[] = ['reading', 'planning', 'applying', 'verifying'];

/** A run that somebody works at, or that died. */
export const isOpen = ({ state }: Run): boolean => openStates.includes(state);

/** Under the lease of its source, or at the start of the only process: nobody goes on with it. */
export const isCutOff = (run: Run): boolean => isOpen(run) || run.state === 'interrupted';

/** Its daemon tries again until the next scheduled time; one that was just started knows that nobody does. */
export const wantsRetry = ({ state, errorCode, attempt }: Run): boolean =>
  (state === 'failed' || state === 'partial') &&
  errorCode !== undefined &&
  errorCatalogue[errorCode].recovery === 'retry' &&
  (errorCode !== onceOnly || attempt === 1);

/** A doubt about what was read is mostly as true the next time. */
export const onceOnly: ErrorCode = 'source-partial';

/** Nothing is left to be done for its time. */
export const endedWell = (run: Run): boolean => !isCutOff(run) && run.state !== 'failed' && run.state !== 'partial';
