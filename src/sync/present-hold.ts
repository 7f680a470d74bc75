// What the guard would hold now: the mirror as it is, planned and judged in a private copy, without reading the source.
// An approval is for changes that would come out again at this moment, and for nothing else.

import { asRunId, type SourceName } from '../model/ids.ts';
import type { SyncDeps } from './deps.ts';
import { noticeWhatIsDue } from './read-phase.ts';
import { reconcilePhase } from './reconcile-phase.ts';
import { RunLease } from './run-lease.ts';
import { RunRecord } from './run-record.ts';
import type { RunScope } from './run-source.ts';

/** Checksum of what would be held; undefined when nothing would. The store itself is not touched. */
export async function presentHold(
  deps: SyncDeps,
  source: SourceName,
  actor: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const copy = await deps.store.overlay();
  try {
    const quiet: SyncDeps = { ...deps, store: copy, emit: () => {} };
    const run = { id: asRunId(0), source, trigger: 'approval', actor, mode: 'full', dryRun: true, attempt: 1 } as const;
    const record = new RunRecord(run, deps.clock, quiet.emit);
    const lease = new RunLease(deps, copy);
    const scope: RunScope = { deps: quiet, store: copy, lease, record, intent: 'plan', signal };
    await noticeWhatIsDue(scope);
    await reconcilePhase(scope, { isUsable: true, isComplete: true });
    return record.run.heldChecksum;
  } finally {
    await copy.close();
  }
}
