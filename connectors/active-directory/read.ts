// A full read: bases proven, primary groups noted, accounts, then groups with their edges, then exactly one outcome.
// Invariant: `complete` needs an empty cookie for every search, no record twice, all witnesses, and no limit hit.

import type { ReadEvent, ReadOutcome, ReadPage, ReadRequest, RejectedRecord } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { AccountReader } from './account.ts';
import type { LdapSession } from './client.ts';
import { openSession } from './connect.ts';
import { type PrimaryMembers, readGroups, readPrimaryGroups } from './groups.ts';
import { type Page, pagedSearch } from './paged-search.ts';
import { type AdSource, type Directory, readDirectory, requireBases, resolveAccountFilter } from './source.ts';
import { Tally } from './tally.ts';

/** Throws RosterdError as long as nothing was read; afterwards every failure is a partial outcome that names its code. */
export async function* read(
  source: AdSource,
  request: ReadRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadEvent, void, void> {
  if (request.mode === 'delta') {
    yield { kind: 'outcome', outcome: { kind: 'resync-required', because: 'this connector reads in full only' } };
    return;
  }
  const tally = new Tally(source.settings);
  let outcome: ReadOutcome;
  try {
    outcome = yield* readOnce(source, tally, signal);
  } catch (error) {
    if (!(error instanceof RosterdError) || tally.pages === 0) throw error;
    outcome = tally.partial(`${error.code}: ${error.message}`, error.code);
  }
  yield { kind: 'outcome', outcome };
}

/** One session for the whole read: two domain controllers do not hold the same at the same moment. */
async function* readOnce(
  source: AdSource,
  tally: Tally,
  signal: AbortSignal,
): AsyncGenerator<ReadEvent, ReadOutcome, void> {
  const session = await openSession(source.settings.connection, signal);
  try {
    const directory = await readDirectory(session, source);
    tally.answeredBy(session.server, directory.hostName);
    if (directory.serverTime !== undefined) yield { kind: 'opened', serverTime: directory.serverTime };
    await requireBases(session, source);
    const primaryMembers = await readPrimaryGroups(session, source, tally);
    for await (const page of readAccounts(session, source, directory, tally, primaryMembers))
      yield { kind: 'page', page };
    for await (const page of readGroups(session, source, directory, tally, primaryMembers))
      yield { kind: 'page', page };
    return tally.outcome(directory.identity);
  } finally {
    await session.close();
  }
}

async function* readAccounts(
  session: LdapSession,
  source: AdSource,
  directory: Directory,
  tally: Tally,
  primaryMembers: PrimaryMembers,
): AsyncGenerator<ReadPage, void, void> {
  const { users, connection } = source.settings;
  const reader = new AccountReader(source, directory.schema);
  const filter = await resolveAccountFilter(session, source);
  const request = { base: users.base, scope: users.scope, filter, attributes: reader.request };
  for await (const page of pagedSearch(session, request, reader.decoder, connection.pageSize)) {
    tally.page(page.entries.length, page.references);
    const read = accountPage(page, reader, tally, primaryMembers);
    if (read.accounts.length + read.rejected.length > 0) yield read;
    else if (page.entries.length > 0) {
      throw new RosterdError(
        'source-protocol',
        `${session.server}: the server sends the same page of ${users.base} again and again`,
      );
    }
    if (page.cutShort !== undefined) tally.doubt(`${page.cutShort.code}: ${page.cutShort.message}`);
  }
  tally.unreadable(reader.unreadableCount);
}

function accountPage(page: Page, reader: AccountReader, tally: Tally, primaryMembers: PrimaryMembers): ReadPage {
  const accounts: SourceAccount[] = [];
  const rejected: RejectedRecord[] = [];
  for (const entry of page.entries) {
    const decoding = reader.read(entry);
    if (decoding.kind === 'rejected') {
      if (decoding.rejected.id === undefined) tally.doubt(`a record without a readable id: ${decoding.rejected.label}`);
      else if (!tally.isNew('account', decoding.rejected.id)) continue;
      rejected.push(decoding.rejected);
      continue;
    }
    const { account, primaryGroup } = decoding;
    if (!tally.isNew('account', account.id)) continue;
    tally.witness(account.name, account.id);
    accounts.push(account);
    if (primaryGroup === undefined) primaryMembers.unknown += 1;
    else primaryMembers.byRid.get(primaryGroup)?.push(account.id);
  }
  tally.accounts += accounts.length;
  tally.rejected += rejected.length;
  return { accounts, groups: [], edges: [], closures: [], gone: [], rejected };
}
