// A pause stops applying, not reading. It is asked for in the transaction that would apply, so that none slips in between.

import { RosterdError } from '../model/errors.ts';
import type { SourceName } from '../model/ids.ts';
import { pauseOf, pauseText } from '../model/pause.ts';
import type { DaemonReader } from './ports/daemon.ts';
import type { Clock } from './ports.ts';

/** Throws `sync-paused` while a pause of the source, or of all, is in force. */
export async function refusePaused(
  read: Pick<DaemonReader, 'pauses'>,
  source: SourceName,
  clock: Clock,
): Promise<void> {
  const pause = pauseOf(await read.pauses(clock.now()), source);
  if (pause !== undefined) throw new RosterdError('sync-paused', pauseText(pause), { subject: source });
}

export const isPaused = (error: unknown): error is RosterdError =>
  error instanceof RosterdError && error.code === 'sync-paused';
