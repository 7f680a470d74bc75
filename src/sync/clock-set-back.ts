// Whether the clock went back since the source was last reconciled: then due times were taken as come that have not come yet.
// Invariant: what a wrong clock decided is decided again by the first run under the right one, or by the next that gets so far.

import { asEpochMs } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import type { RunScope } from './run-source.ts';

/** Corrections by a time service are smaller. */
export const clockToleranceMs = 60_000;
/** States of runs that have planned everything that was dirty by then. */
export const plannedStates: readonly Run['state'][] = ['done', 'held', 'partial'];

export async function wasClockSetBack({ record, store, deps }: RunScope): Promise<boolean> {
  const latest = asEpochMs(deps.clock.now() + clockToleranceMs);
  const runs = await store.read.runs({ source: record.source, kind: 'real', limit: 50 });
  for (const run of runs) {
    if (run.id === record.id) continue;
    if (run.startedAt > latest || (run.endedAt ?? 0) > latest) return true;
    if (plannedStates.includes(run.state)) return false;
  }
  return false;
}
