// How a source is, in one word: what most needs a person comes first.
// Invariant: the word and the exit code of `rosterd status` come from the same facts, so they never contradict each other.

import type { SourceStatus, Status } from './status.ts';

/**
 * `failing`: its last run, or scheduled ones in a row, failed or read only a part. `unfinished`: a process left a run open.
 * `paused`: it is read and nothing is applied. `waiting`: the same, until another source has been read (correlateAfter).
 * `never read`: no complete read yet.
 */
export type SourceHealth =
  | 'failing'
  | 'overdue'
  | 'unfinished'
  | 'held'
  | 'paused'
  | 'waiting'
  | 'running'
  | 'never read'
  | 'ok';

export function sourceHealth(status: Pick<Status, 'pauseOfAll'>, source: SourceStatus): SourceHealth {
  const last = source.lastRun?.state;
  if (last === 'failed' || last === 'partial' || source.failingTicks > 0) return 'failing';
  if (source.isOverdue) return 'overdue';
  const isPaused = source.pause !== undefined || status.pauseOfAll !== undefined;
  // A pause stops a run between two batches; it goes on after the pause, and until then all is as it was asked for.
  if (source.leftOpen !== undefined && !(isPaused && source.leftOpen.errorCode === 'sync-paused')) return 'unfinished';
  if (source.held !== undefined) return 'held';
  if (isPaused) return 'paused';
  if (source.running !== undefined) return 'running';
  if (source.lastRun?.errorCode === 'waits-for-source') return 'waiting';
  return source.lastComplete === undefined ? 'never read' : 'ok';
}

/** There is something to do at set times, and nobody who would do it. */
export const lacksDaemon = ({ daemons, sources }: Status): boolean =>
  daemons.length === 0 && sources.some((source) => source.schedule !== undefined);
