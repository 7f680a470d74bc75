// Asks for single records by id: in scope, elsewhere, deleted, or unknown.
// Invariant: "absent" needs proof that the account can see the directory at all; every doubt answers `unknown`.

import type { Confirmation, RecordKind } from '../../src/connector.ts';
import { RosterdError } from '../../src/model/errors.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { interruptedError } from '../network-failures.ts';
import { idOf } from './account.ts';
import type { LdapSession } from './client.ts';
import { openSession } from './connect.ts';
import { EntryDecoder, type WantedAttribute } from './decode.ts';
import { all, any, equal, type LdapFilter } from './filter.ts';
import { controlOids, type SearchRequest } from './messages.ts';
import { groupFilter } from './preset.ts';
import { type AdSource, type Directory, readDirectory, readEntry, resolveAccountFilter } from './source.ts';
import { guidBytes, isGuid, isUnder } from './values.ts';

/** Ids in one filter: far below every server's limit on the size of a filter. */
const batchSize = 50;

type Answers = Map<ExternalId, Confirmation>;

interface Scope {
  readonly base: string;
  readonly depth: SearchRequest['scope'];
  readonly filter: LdapFilter;
}

/** Every id is in the answer. Throws RosterdError only when no server can be asked at all. */
export async function confirm(
  source: AdSource,
  kind: RecordKind,
  ids: readonly ExternalId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ExternalId, Confirmation>> {
  const answers: Answers = new Map();
  const askable = ids.filter((id) => isGuid(id));
  for (const id of ids) answers.set(id, { kind: 'unknown', because: `${id} is not an id of this source` });
  if (askable.length === 0) return answers;
  const session = await openSession(source.settings.connection, signal);
  try {
    const directory = await readDirectory(session, source);
    const scope = await scopeOf(session, source, kind);
    const blindness = await blindnessOf(session, source, directory, scope);
    for (let from = 0; from < askable.length; from += batchSize) {
      if (signal.aborted) throw interruptedError(signal);
      const batch = askable.slice(from, from + batchSize);
      if (blindness === undefined) await confirmBatch({ session, source, directory, scope, kind }, batch, answers);
      else for (const id of batch) answers.set(id, { kind: 'unknown', because: blindness });
    }
    if (signal.aborted) throw interruptedError(signal);
    return answers;
  } finally {
    await session.close();
  }
}

async function scopeOf(session: LdapSession, source: AdSource, kind: RecordKind): Promise<Scope> {
  const { users, groups } = source.settings;
  if (kind === 'account')
    return { base: users.base, depth: users.scope, filter: await resolveAccountFilter(session, source) };
  if (groups === undefined) throw new RosterdError('config-invalid', 'this source has no groups: set groups.base');
  return { base: groups.base, depth: groups.scope, filter: groupFilter(source.settings) };
}

/** An account that sees nothing finds nothing; that is no evidence. Undefined when it can see. */
async function blindnessOf(
  session: LdapSession,
  source: AdSource,
  directory: Directory,
  scope: Scope,
): Promise<string | undefined> {
  for (const dn of [scope.base, directory.context]) {
    const entry = await readEntry(session, dn, [source.facts.idAttribute]).catch(orNothing);
    if (entry?.[source.facts.idAttribute]?.[0] === undefined)
      return `${dn} cannot be read, so nothing follows from not finding a record`;
  }
  return undefined;
}

const orNothing = (error: unknown): undefined => {
  if (!(error instanceof RosterdError)) throw error;
  return undefined;
};

interface Question {
  readonly session: LdapSession;
  readonly source: AdSource;
  readonly directory: Directory;
  readonly scope: Scope;
  readonly kind: RecordKind;
}

async function confirmBatch(question: Question, ids: readonly ExternalId[], answers: Answers): Promise<void> {
  const { directory, scope } = question;
  try {
    const inScope = await find(question, ids, { base: scope.base, scope: scope.depth, narrow: scope.filter });
    for (const id of inScope.keys()) answers.set(id, { kind: 'present' });
    const elsewhereIds = ids.filter((id) => !inScope.has(id));
    const elsewhere = await find(question, elsewhereIds, { base: directory.context, scope: 'sub' });
    for (const [id, found] of elsewhere)
      answers.set(id, { kind: 'out-of-scope', evidence: whereItIs(found, question) });
    const goneIds = elsewhereIds.filter((id) => !elsewhere.has(id));
    const tombstones = await findDeleted(question, goneIds);
    for (const id of goneIds)
      answers.set(id, { kind: 'absent', evidence: goneEvidence(question, tombstones?.get(id)) });
  } catch (error) {
    if (!(error instanceof RosterdError)) throw error;
    for (const id of ids) answers.set(id, { kind: 'unknown', because: `${error.code}: ${error.message}` });
  }
}

interface Found {
  readonly dn: string;
  readonly lastKnownParent: string | undefined;
  readonly whenChanged: string | undefined;
  readonly isDisabled: boolean;
}

interface Place {
  readonly base: string;
  readonly scope: SearchRequest['scope'];
  readonly narrow?: LdapFilter;
  readonly deleted?: 'too';
}

async function find(
  { session, source }: Question,
  ids: readonly ExternalId[],
  place: Place,
): Promise<Map<ExternalId, Found>> {
  const found = new Map<ExternalId, Found>();
  if (ids.length === 0) return found;
  const { idAttribute, idFormat } = source.facts;
  const wanted: readonly WantedAttribute[] = [
    { request: idAttribute, name: idAttribute, kind: idFormat === 'guid' ? 'guid' : 'text' },
    ...['lastknownparent', 'whenchanged', 'useraccountcontrol'].map(
      (name): WantedAttribute => ({ request: name, name, kind: 'text' }),
    ),
  ];
  const byId = any(...ids.map((id) => equal(idAttribute, idFormat === 'guid' ? guidBytes(id) : id)));
  const answer = await session.searchOrThrow(
    {
      base: place.base,
      scope: place.scope,
      filter: place.narrow === undefined ? byId : all(place.narrow, byId),
      attributes: wanted.map((attribute) => attribute.request),
      ...(place.deleted === undefined ? {} : { controls: [{ oid: controlOids.showDeleted, isCritical: true }] }),
    },
    new EntryDecoder(wanted),
  );
  for (const entry of answer.entries) {
    const [id, parent, changed, control] = entry.values.map((values) => values[0]);
    const known = idOf(id);
    if (known === undefined) continue;
    const isDisabled = (Number(control ?? 0) & 2) !== 0;
    found.set(known, {
      dn: entry.dn ?? '(unreadable name)',
      lastKnownParent: parent,
      whenChanged: changed,
      isDisabled,
    });
  }
  return found;
}

/** Undefined where the server or the rights of the account do not show deleted objects. */
async function findDeleted(
  question: Question,
  ids: readonly ExternalId[],
): Promise<Map<ExternalId, Found> | undefined> {
  if (question.source.settings.preset !== 'active-directory' || ids.length === 0) return undefined;
  try {
    return await find(question, ids, { base: question.directory.context, scope: 'sub', deleted: 'too' });
  } catch (error) {
    // The connection itself must hold; a refusal of the control is an answer.
    if (error instanceof RosterdError && 'resultCode' in error.detail) return undefined;
    throw error;
  }
}

function whereItIs({ dn, isDisabled }: Found, { scope }: Question): string {
  const state = isDisabled ? ', disabled' : '';
  return isUnder(dn, scope.base) && scope.depth === 'sub'
    ? `it is at ${dn}${state}; the filter no longer takes it`
    : `it is at ${dn}${state}, outside of ${scope.base}${scope.depth === 'sub' ? '' : ` (scope ${scope.depth})`}`;
}

function goneEvidence({ source, directory }: Question, tombstone: Found | undefined): string {
  if (tombstone === undefined) return `not found by ${source.facts.idAttribute} under ${directory.context}`;
  const parent = tombstone.lastKnownParent === undefined ? '' : `, last in ${tombstone.lastKnownParent}`;
  const changed = tombstone.whenChanged === undefined ? '' : `, changed ${tombstone.whenChanged}`;
  return `tombstone${parent}${changed}`;
}
