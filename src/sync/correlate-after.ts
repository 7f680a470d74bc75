// A source may find its users by the accounts of others: then nothing of it is planned before those can be found.
// Invariant: what was read stays in the mirror and everybody stays dirty, so that the first run after the others finds it all.

import type { SourceName } from '../model/ids.ts';
import { type SyncDeps, sourcePolicy } from './deps.ts';
import { mappingSalt } from './digest.ts';
import type { ReadResult } from './read-phase.ts';
import type { RunScope } from './run-source.ts';

/** Under it a complete read notes in its proof by which rules its accounts can be found. */
export const matchKeysProof = 'matchKeys';

/** The others that were never planned after a complete read, or not read completely since their match keys are what they are now. */
export async function awaitedBy(deps: SyncDeps, source: SourceName): Promise<readonly SourceName[]> {
  const awaited: SourceName[] = [];
  for (const name of sourcePolicy(deps.policy, source).correlateAfter) {
    const state = await deps.store.read.mirror.source(name);
    const [complete] = await deps.store.read.runs({ source: name, kind: 'real', read: 'complete', limit: 1 });
    const isFindable = complete?.proof?.[matchKeysProof] === mappingSalt(sourcePolicy(deps.policy, name));
    if (state?.firstCompleteAt === undefined || !isFindable) awaited.push(name);
  }
  return awaited;
}

/** Ends the run as paused while it waits for others; of a dry run there is nothing to show then either. */
export async function endsWaiting({ deps, record }: RunScope, read: ReadResult): Promise<boolean> {
  const awaited = await awaitedBy(deps, record.source);
  if (awaited.length === 0) return false;
  const cut = read.because === undefined ? '' : `; the read was not complete: ${read.because}`;
  const because = `${record.source} waits for a complete read of ${awaited.join(', ')} (correlateAfter)${cut}`;
  record.ended('paused', { because, errorCode: read.errorCode ?? 'waits-for-source' });
  return true;
}
