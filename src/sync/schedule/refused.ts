// A password that was refused is not tried at every scheduled time: directories lock accounts.
// Invariant: decided from the stored runs alone, so that a restart neither forgets the refusals nor waits longer for them.

import { asEpochMs, type EpochMs } from '../../model/ids.ts';
import type { Run } from '../../model/run.ts';
import { clockToleranceMs } from '../clock-set-back.ts';

const hourMs = 3_600_000;
/** After one refusal, two in a row, three and more. */
const pausesMs = [hourMs, 4 * hourMs, 24 * hourMs] as const;
/** Who starts the daemon again has mostly mended something; who starts it again and again has not. */
export const restartPauseMs = 900_000;
/** More runs than a person makes by hand between two refusals. */
export const refusalLookBack = 50;

export interface Refusal {
  /** Nobody tries it by himself before. */
  readonly until: EpochMs;
  readonly times: number;
}

interface Now {
  readonly now: EpochMs;
  /** When the schedule began. */
  readonly begunAt: EpochMs;
  /** When a secret of the source was last changed, as far as that is known. */
  readonly changedAt: EpochMs | undefined;
}

const isRefused = ({ errorCode, trigger }: Run): boolean =>
  errorCode === 'source-credentials' && trigger === 'schedule';

/**
 * `runs`: the newest of the source, newest first. What a person tries by hand is counted only where it got through; a run that
 * did not come so far (the server was down) says nothing.
 */
export function refusalOf(runs: readonly Run[], { now, begunAt, changedAt }: Now): Refusal | undefined {
  let times = 0;
  let newest: Run | undefined;
  for (const run of runs) {
    if (isRefused(run)) {
      times += 1;
      newest ??= run;
    } else if (run.read !== undefined && run.errorCode !== 'source-credentials') break;
  }
  // A refusal in the future of our clock would last until the clock has caught up.
  if (newest === undefined || newest.startedAt > now + clockToleranceMs) return undefined;
  if (changedAt !== undefined && changedAt > newest.startedAt) return undefined;
  const pauseMs = newest.startedAt < begunAt ? restartPauseMs : (pausesMs[times - 1] ?? pausesMs[2]);
  const until = asEpochMs(newest.startedAt + pauseMs);
  return now < until ? { until, times } : undefined;
}
