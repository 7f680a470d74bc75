// Groups that are gone and whose grace has ended since the last plan: no read shows that, only time does.
// Users have a stored due time for what concerns themselves; a group concerns everybody in it, so it is asked for at each run.

import type { GroupKey } from '../model/ids.ts';
import { asGroupKey } from '../model/ids.ts';
import { absenceOf } from '../reconcile/absence.ts';
import { plannedStates } from './clock-set-back.ts';
import { sourcePolicy } from './deps.ts';
import type { RunScope } from './run-source.ts';

export async function dueGroups({ record, store, deps }: RunScope): Promise<readonly GroupKey[]> {
  const { mirror } = store.read;
  const keys = (await mirror.presenceOf(record.source, 'group')).flatMap(({ key, state }) =>
    state === 'absent' || state === 'out-of-scope' ? [key] : [],
  );
  if (keys.length === 0) return [];
  const policy = sourcePolicy(deps.policy, record.source);
  const now = deps.clock.now();
  const filter = { source: record.source, kind: 'real', states: plannedStates, limit: 1 } as const;
  const last = (await store.read.runs(filter))[0]?.startedAt;
  return (await mirror.records('group', keys)).flatMap(({ key, presence }) => {
    // Without a grace it acts in the run that marks it, and the mark itself makes dirty.
    const { graceMs, outOfScopeGraceMs } = policy.absence;
    if ((presence.state === 'absent' ? graceMs : outOfScopeGraceMs) === 0) return [];
    const actsNow = absenceOf(policy, presence, now).kind === 'acts';
    const actedThen = last !== undefined && absenceOf(policy, presence, last).kind === 'acts';
    return actsNow && !actedThen ? [asGroupKey(key)] : [];
  });
}
