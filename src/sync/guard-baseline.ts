// What the guard measures against: the users and teams as they were before the last 24 hours, and what these have done to them
// without anybody's approval. Runs of the command line and of the daemon count alike.

import type { GuardBaseline } from '../model/decision.ts';
import { asEpochMs, asTeamId, type EpochMs, type SourceName } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import type { SourceState, StoreReader } from './ports.ts';

const windowMs = 24 * 3_600_000;

/** `enabledNow` is what the run notes of itself, so that no later baseline is one that is long past. */
export async function guardBaseline(
  read: StoreReader,
  source: SourceName,
  state: SourceState | undefined,
  now: EpochMs,
): Promise<{ readonly baseline: GuardBaseline; readonly enabledNow: number }> {
  const runs = await runsInWindow(read, source, now);
  const recent = new Map<string, number>();
  for (const run of runs)
    for (const [key, count] of Object.entries(run.applied)) recent.set(key, (recent.get(key) ?? 0) + count);
  const { linked, enabled } = await read.userCounts(source);
  const teams = await read.teams();
  const sizes = new Map(await read.teamSizes(teams.map((team) => team.id)));
  for (const [key, count] of recent) {
    const team = key.startsWith('team-members:') ? asTeamId(Number(key.slice('team-members:'.length))) : undefined;
    if (team !== undefined) sizes.set(team, (sizes.get(team) ?? 0) + count);
  }
  const baseline: GuardBaseline = {
    enabledUsers: Math.max(enabled, ...runs.map((run) => run.enabledBefore ?? 0)),
    linkedUsers: linked,
    teamMembers: sizes,
    recent,
    // Also true after a first run that died or was cut: a mirror half filled by it is no reason to hold the other half.
    mirrorWasEmpty: state?.firstCompleteAt === undefined,
    isFirstRun: state?.firstAppliedAt === undefined,
  };
  return { baseline, enabledNow: enabled };
}

/**
 * Runs that began in the last 24 hours by the clock of this moment. One that is dated in the future ran under a clock that was set
 * back since: it counts until a later run is older than the window.
 */
async function runsInWindow(read: StoreReader, source: SourceName, now: EpochMs): Promise<readonly Run[]> {
  const windowStart = asEpochMs(now - windowMs);
  const runs = await read.runs({ source, kind: 'real', since: windowStart, limit: 100_000 });
  if (runs.every((run) => run.startedAt <= now)) return runs;
  const [older] = await read.runs({ source, kind: 'real', before: windowStart, limit: 1 });
  return runs.filter((run) => run.startedAt <= now || older === undefined || older.id < run.id);
}

/** What a run did without approval, with what another one left to it. */
export function addTallies(tally: Run['applied'], more: Iterable<readonly [string, number]>): Run['applied'] {
  const sum = { ...tally };
  for (const [key, count] of more) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}
