// Which history a run forgets at its end.
// Invariant: a clock that jumps ahead makes nothing old. Only time in which runs were made counts, and at most 30 days between two.

import { asEpochMs, type EpochMs } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import { plannedStates } from './clock-set-back.ts';
import type { SyncDeps } from './deps.ts';
import type { StoreReader } from './ports.ts';
import type { RunScope } from './run-source.ts';

/** A daemon is off for so long at most before it forgets late. */
const longestGapMs = 30 * 86_400_000;
const runsLookedAt = 50;
/** Runs that got as far as to believe their clock: where a source tells the time, the others may not have. */
const trustedStates: readonly Run['state'][] = [...plannedStates, 'paused'];

export async function forgetOld({ deps, store, lease, record }: RunScope): Promise<void> {
  // Its clock is known to be wrong.
  if (record.run.errorCode === 'clock-wrong') return;
  const { clock, retention } = deps;
  const then = await provenNow(store.read, clock);
  const payloads = retention.auditPayloadsMs === undefined ? undefined : asEpochMs(then - retention.auditPayloadsMs);
  const before = { runs: asEpochMs(then - retention.runsMs), payloads };
  await lease.write((tx) => tx.forget(before, clock.now()));
}

/** Now, less what goes beyond 30 days of each time in which nothing ran: a daemon that was off, or a clock that jumped. */
async function provenNow(read: StoreReader, clock: SyncDeps['clock']): Promise<EpochMs> {
  const now = clock.now();
  const runs = await read.runs({ kind: 'real', states: trustedStates, limit: runsLookedAt });
  let unproven = 0;
  let later: number = now;
  for (const { startedAt } of runs) {
    unproven += Math.max(0, later - startedAt - longestGapMs);
    later = startedAt;
  }
  return asEpochMs(now - unproven);
}
