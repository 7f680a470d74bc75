// A full read: both lists, then accounts, then teams with their edges, then exactly one outcome.
// Invariant: after the first page every failure is a partial outcome; nothing is held open while the daemon writes what it got.

import type { ReadEvent, ReadOutcome, ReadPage, ReadRequest, RejectedRecord } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import { RosterdError } from '../../src/model/errors.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import type { WantedAttributes } from '../connector-type.ts';
import { openHttpSession } from '../http-source.ts';
import { interruptedError } from '../network-failures.ts';
import type { ResourceReading } from './account.ts';
import { groupPages } from './edges.ts';
import { decodeLists, fetchLists, type Lists } from './lists.ts';
import type { UccxSettings } from './settings.ts';
import { Tally } from './tally.ts';

const accountsOnPage = 100;

/** Throws RosterdError as long as nothing was read; afterwards every failure is a partial outcome that names its code. */
export async function* read(
  settings: UccxSettings,
  wanted: WantedAttributes,
  request: ReadRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadEvent, void, void> {
  if (request.mode === 'delta') {
    yield { kind: 'outcome', outcome: { kind: 'resync-required', because: 'this connector reads in full only' } };
    return;
  }
  const lists = await fetchBoth(settings, signal);
  if (lists.resources.date !== undefined) yield { kind: 'opened', serverTime: lists.resources.date };
  const tally = new Tally(settings);
  for (const page of pagesOf(lists, tally, wanted)) {
    yield { kind: 'page', page };
    if (!signal.aborted) continue;
    const { code, message } = interruptedError(signal);
    yield { kind: 'outcome', outcome: tally.partial(`${code}: ${message}`, code) };
    return;
  }
  yield { kind: 'outcome', outcome: outcomeOf(lists, tally) };
}

async function fetchBoth(settings: UccxSettings, signal: AbortSignal): Promise<Lists> {
  const session = await openHttpSession(settings.connection, signal);
  try {
    return await fetchLists(session);
  } finally {
    await session.close();
  }
}

/** Everything that both lists hold, as pages; the tally learns what speaks against it. */
export function* pagesOf(lists: Lists, tally: Tally, wanted: WantedAttributes): Generator<ReadPage> {
  const people = lists.resources.collection;
  const teams = lists.teams instanceof RosterdError ? undefined : lists.teams.collection;
  tally.server = lists.server;
  tally.format = people.format;
  tally.requests = 2;
  for (const doubt of [...people.doubts, ...(teams?.doubts ?? [])]) tally.doubt(doubt);
  const decoded = decodeLists(people, teams, wanted);
  const readings = eachOnce(decoded.readings, tally);
  yield* accountPages(readings, tally);
  if (teams !== undefined) yield* groupPages({ ...decoded, readings }, tally, lowerCase(wanted.group ?? []));
}

const lowerCase = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());

function eachOnce(readings: readonly ResourceReading[], tally: Tally): ResourceReading[] {
  const seen = new Set<ExternalId>();
  return readings.filter(({ id, account, rejected }) => {
    if (id === undefined) {
      tally.doubt(`a resource without a userID: ${rejected?.label ?? ''}`);
      return true;
    }
    if (seen.has(id)) tally.duplicate(`the userID ${id}`);
    else {
      seen.add(id);
      tally.witness(id);
      if (account?.attributes['supervisor']?.[0] === 'true') tally.supervisor(id);
      return true;
    }
    return false;
  });
}

function* accountPages(readings: readonly ResourceReading[], tally: Tally): Generator<ReadPage> {
  for (let from = 0; from < readings.length; from += accountsOnPage) {
    const accounts: SourceAccount[] = [];
    const rejected: RejectedRecord[] = [];
    for (const reading of readings.slice(from, from + accountsOnPage)) {
      if (reading.account !== undefined) accounts.push(reading.account);
      if (reading.rejected !== undefined) rejected.push(reading.rejected);
    }
    tally.accounts += accounts.length;
    tally.rejected += rejected.length;
    yield { accounts, groups: [], edges: [], closures: [], gone: [], rejected };
  }
}

function outcomeOf({ teams }: Lists, tally: Tally): ReadOutcome {
  return teams instanceof RosterdError ? tally.partial(`${teams.code}: ${teams.message}`, teams.code) : tally.outcome();
}
