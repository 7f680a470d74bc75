// What an earlier process left behind when it died. Called under the source's lease, so nobody else is at it.
//
//   died in                what is done
//   reading, planning      closed as interrupted, its plan is thrown away; the new run reads again
//   applying, verifying    its stored plan is applied to the end under the same verdict; each change is checked again

import type { ChangeId } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import { applyPlan } from './apply-plan.ts';
import { changesOf } from './judge-plan.ts';
import { auditHeadOf } from './run-record.ts';
import type { RunScope } from './run-source.ts';

export async function closeInterrupted(scope: RunScope): Promise<void> {
  const { store, record } = scope;
  const open = await store.read.runs({
    source: record.source,
    limit: 100,
    states: ['reading', 'planning', 'applying', 'verifying'],
  });
  // Oldest first, so that a later plan is checked against what an earlier one did.
  for (const run of [...open].reverse()) {
    if (run.state === 'applying' || run.state === 'verifying') await resume(scope, run);
    else await throwAway(scope, run);
    record.emit({ kind: 'run:interrupted-closed', run: record.id, source: record.source, interrupted: run.id });
  }
}

async function throwAway(scope: RunScope, run: Run): Promise<void> {
  const ids: ChangeId[] = [];
  for await (const stored of changesOf(scope.store.read, run.id, ['planned'])) ids.push(stored.id);
  const closed: Run = {
    ...run,
    state: 'interrupted',
    endedAt: scope.deps.clock.now(),
    because: 'the process died; read again',
    errorCode: 'interrupted',
  };
  await scope.lease.write(async (tx) => {
    await tx.runRows.deleteChanges(ids);
    await tx.runRows.saveRun(closed);
  });
}

async function resume(scope: RunScope, run: Run): Promise<void> {
  const { store, lease, deps, signal } = scope;
  await lease.acquireReconcile(signal);
  await applyPlan(
    {
      store,
      lease,
      run: run.id,
      source: run.source,
      actor: `sync:${run.source}`,
      now: deps.clock.now(),
      plannedAt: run.startedAt,
      settling: undefined,
      onProgress: () => {},
    },
    signal,
  );
  const counts = await store.read.changeCounts(run.id);
  const closed: Run = {
    ...run,
    state: run.counts.held > 0 ? 'held' : 'done',
    endedAt: deps.clock.now(),
    because: 'the process died while it applied; resumed and finished by the next run',
    counts: {
      ...run.counts,
      applied: counts.applied ?? 0,
      obsolete: counts.obsolete ?? 0,
      conflict: counts.conflict ?? 0,
    },
    auditHead: await auditHeadOf(store.read),
  };
  await lease.write((tx) => tx.runRows.saveRun(closed));
}
