// Reads a source into the mirror, page by page, and ends with what the read has proven.
// Invariant: a connector that breaks its contract (no outcome, a page after it, a throw, a record twice) ends as a partial read.

import type { Connector, ReadEvent, ReadOutcome, ReadPage } from '../connector.ts';
import { RosterdError } from '../model/errors.ts';
import type { EpochMs } from '../model/ids.ts';
import { mirrorEdges } from './mirror-edges.ts';
import { mirrorAccounts, mirrorGroups } from './mirror-records.ts';
import type { ReadContext } from './read-context.ts';

export interface ReadEnd {
  readonly outcome: ReadOutcome;
  /** The catalogue error that ended the read early, when there was one. */
  readonly error?: RosterdError;
}

async function mirrorPage(context: ReadContext, page: ReadPage): Promise<void> {
  await mirrorAccounts(context, page.accounts);
  await mirrorGroups(context, page.groups);
  await mirrorEdges(context, page.edges, page.closures);
  for (const rejected of page.rejected) {
    context.tally.rejected += 1;
    if (rejected.kind === 'group') context.tally.rejectedGroups += 1;
    if (rejected.id === undefined) context.doubts(`a record without an id could not be decoded: ${rejected.label}`);
    else await protect(context, rejected.kind, rejected.id);
    context.findings.push({
      code: 'record-rejected',
      source: context.source,
      subject: rejected.id === undefined ? `source:${context.source}` : context.subject(rejected.kind, rejected.id),
      label: rejected.label,
      detail: { because: rejected.because },
    });
  }
}

/** A record that could not be decoded is there all the same: it must not look missing. */
async function protect(
  context: ReadContext,
  kind: 'account' | 'group',
  id: Parameters<ReadContext['subject']>[1],
): Promise<void> {
  const known = (await context.read.mirror.digests(context.source, kind, [id])).get(id);
  if (known === undefined) return;
  (kind === 'account' ? context.seenAccounts : context.seenGroups).add(known.key);
  (kind === 'account' ? context.undecodedAccounts : context.undecodedGroups).add(known.key);
}

function partial(because: string, error?: RosterdError): ReadEnd {
  return { outcome: { kind: 'partial', because, proof: {} }, ...(error === undefined ? {} : { error }) };
}

/** What the daemon itself finds wrong with a read that its connector calls complete. */
function doubtOf(context: ReadContext, outcome: Extract<ReadOutcome, { kind: 'complete' }>): string | undefined {
  const { tally } = context;
  if (context.doubt !== undefined) return context.doubt;
  if (context.openEdges.size > 0) return `${context.openEdges.size} groups were never closed`;
  if (outcome.counts.accounts !== tally.accounts)
    return `the connector counted ${outcome.counts.accounts} accounts and sent ${tally.accounts}`;
  if (outcome.counts.groups !== tally.groups)
    return `the connector counted ${outcome.counts.groups} groups and sent ${tally.groups}`;
  const total = outcome.total;
  const accounts = tally.accounts + tally.rejected - tally.rejectedGroups;
  const groups = tally.groups + tally.rejectedGroups;
  if (total?.accounts !== undefined && total.accounts !== accounts)
    return `the source has ${total.accounts} accounts and sent ${accounts}`;
  if (total?.groups !== undefined && total.groups !== groups)
    return `the source has ${total.groups} groups and sent ${groups}`;
  return undefined;
}

export interface ReadWatch {
  /** The time of the source, before any page. What it throws ends the read and is thrown on. */
  onOpened(serverTime: EpochMs): void;
  onProgress(): void;
}

export async function readSource(
  context: ReadContext,
  connector: Connector,
  signal: AbortSignal,
  { onOpened, onProgress }: ReadWatch,
): Promise<ReadEnd> {
  let outcome: ReadOutcome | undefined;
  const events = connector.read({ mode: 'full' }, signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next: IteratorResult<ReadEvent> = await nextEvent(events);
      if (next.done === true) break;
      if (outcome !== undefined) return partial('the connector sent more after its outcome');
      if (next.value.kind === 'outcome') outcome = next.value.outcome;
      else if (next.value.kind === 'opened') onOpened(next.value.serverTime);
      else {
        await mirrorPage(context, next.value.page);
        onProgress();
      }
    }
  } catch (error) {
    if (!(error instanceof SourceThrew)) throw error;
    return endOfThrow(error.cause, signal);
  } finally {
    await events.return?.();
  }
  if (outcome === undefined) return partial('the connector ended without an outcome');
  if (outcome.kind !== 'complete') return { outcome };
  const doubt = doubtOf(context, outcome);
  return doubt === undefined ? { outcome } : { outcome: { kind: 'partial', because: doubt, proof: outcome.proof } };
}

/** Marks what the connector threw, so that an error of the store is never taken for one of the source. */
class SourceThrew extends Error {}

async function nextEvent(events: AsyncIterator<ReadEvent>): Promise<IteratorResult<ReadEvent>> {
  try {
    return await events.next();
  } catch (cause) {
    throw new SourceThrew('the connector threw', { cause });
  }
}

function endOfThrow(cause: unknown, signal: AbortSignal): ReadEnd {
  if (signal.aborted) return partial('the read was stopped');
  if (cause instanceof RosterdError) return partial(cause.message, cause);
  throw cause;
}
