// Which changes of a source wait for a decision now, and since when.

import { asRunId, type SourceName } from '../../model/ids.ts';
import type { StoreReader } from '../ports.ts';
import type { WaitingHold } from './notice-texts.ts';

type Reader = Pick<StoreReader, 'openFindings' | 'run'>;

/** The finding is open from the first run that held anything until nothing waits any more; it names the run that stores the changes. */
export async function waitingHold(read: Reader, source: SourceName): Promise<WaitingHold | undefined> {
  const [finding] = await read.openFindings(source, ['plan-held']);
  const id = finding?.detail['run'];
  if (finding === undefined || typeof id !== 'number') return undefined;
  const run = await read.run(asRunId(id));
  if (run?.heldChecksum === undefined || run.counts.held === 0) return undefined;
  // Another set than before waits since its own run, the same set after a rejection that expired since it was found again.
  const since = run.startedAt > finding.openedAt ? run.startedAt : finding.openedAt;
  return { run, checksum: run.heldChecksum, since };
}
