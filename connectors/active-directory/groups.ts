// Groups with their members: paged, members in ranges where the server cuts them, primary-group members added.
// Invariant: a group is closed as complete only when its last range came and the group did not change meanwhile.

import type { ReadPage } from '../../src/connector.ts';
import type { EdgeMember, SourceGroup } from '../../src/model/group.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { idOf } from './account.ts';
import type { LdapSession } from './client.ts';
import { type DirectoryEntry, EntryDecoder, type ValueRange, type WantedAttribute } from './decode.ts';
import { present } from './filter.ts';
import { GroupDraft } from './group-draft.ts';
import { pagedSearch } from './paged-search.ts';
import { groupFilter } from './preset.ts';
import { planAttributes } from './schema.ts';
import type { AdSource, Directory } from './source.ts';
import type { Tally } from './tally.ts';
import { domainRid } from './values.ts';

/** Active Directory gives at most 1,500 values at once (MaxValRange, MS-ADTS 3.1.1.3.1.3.3). */
const rangeSize = 1_500;
/** Groups per page: with MaxValRange it bounds the memory of a page. */
const groupPageSize = 100;
/** No group has more values than this; a bound for a server that never comes to its end. */
const maxRanges = 100_000;

/** Accounts by the group that is their primary one; filled while the accounts are read. */
export interface PrimaryMembers {
  /** RID of a group in scope -> accounts. */
  readonly byRid: Map<string, ExternalId[]>;
  /** Accounts that do not show their primary group. */
  unknown: number;
}

/** RIDs of the groups in scope: only their primary members are worth remembering. */
export async function readPrimaryGroups(session: LdapSession, source: AdSource, tally: Tally): Promise<PrimaryMembers> {
  const members: PrimaryMembers = { byRid: new Map(), unknown: 0 };
  const { groups, preset, connection } = source.settings;
  if (groups === undefined || preset !== 'active-directory') return members;
  const decoder = new EntryDecoder([{ request: 'objectSid', name: 'objectsid', kind: 'sid' }]);
  const request = {
    base: groups.base,
    scope: groups.scope,
    filter: groupFilter(source.settings),
    attributes: ['objectSid'],
  };
  for await (const page of pagedSearch(session, request, decoder, connection.pageSize)) {
    for (const entry of page.entries) {
      const rid = domainRid(entry.values[0]?.[0] ?? '');
      if (rid !== undefined) members.byRid.set(rid, []);
    }
    if (page.cutShort !== undefined) tally.doubt(`${page.cutShort.code}: ${page.cutShort.message}`);
  }
  return members;
}

interface GroupContext {
  readonly session: LdapSession;
  readonly source: AdSource;
  readonly decoder: EntryDecoder;
  readonly delivered: readonly string[];
  readonly unknown: readonly string[];
  readonly tally: Tally;
  readonly primaryMembers: PrimaryMembers;
}

function contextOf(
  session: LdapSession,
  source: AdSource,
  directory: Directory,
  tally: Tally,
  primaryMembers: PrimaryMembers,
): GroupContext {
  const { facts, settings, wanted } = source;
  const asked = [...(wanted.group ?? []), ...(settings.groups?.attributes ?? [])].map((name) => name.toLowerCase());
  const memberNames = facts.members.map((member) => member.attribute);
  const isAd = settings.preset === 'active-directory';
  const own = [facts.idAttribute, ...facts.groupName, ...(isAd ? ['objectsid', 'usnchanged'] : [])];
  const delivered = [...new Set(asked)].filter((name) => !memberNames.includes(name));
  const needed = planAttributes(own, [], { isRead: false, syntaxOf: new Map() });
  const extra = planAttributes(
    delivered.filter((name) => !own.includes(name)),
    [],
    directory.schema,
  );
  const members = memberNames.map((name): WantedAttribute => ({ request: name, name, kind: 'text' }));
  return {
    session,
    source,
    decoder: new EntryDecoder([...needed.attributes, ...extra.attributes, ...members]),
    delivered: delivered.filter((name) => !extra.unknown.includes(name)),
    unknown: extra.unknown,
    tally,
    primaryMembers,
  };
}

/** Pages with groups, their edges and closures. */
export async function* readGroups(
  session: LdapSession,
  source: AdSource,
  directory: Directory,
  tally: Tally,
  primaryMembers: PrimaryMembers,
): AsyncGenerator<ReadPage, void, void> {
  const { groups } = source.settings;
  if (groups === undefined) return;
  const context = contextOf(session, source, directory, tally, primaryMembers);
  const request = {
    base: groups.base,
    scope: groups.scope,
    filter: groupFilter(source.settings),
    attributes: context.decoder.wanted.map((attribute) => attribute.request),
  };
  const pageSize = Math.min(source.settings.connection.pageSize, groupPageSize);
  for await (const page of pagedSearch(session, request, context.decoder, pageSize)) {
    tally.page(page.entries.length, page.references);
    const draft = new GroupDraft(tally);
    for (const entry of page.entries) yield* readGroup(context, entry, draft);
    if (!draft.isEmpty) yield draft.take();
    if (page.cutShort !== undefined) tally.doubt(`${page.cutShort.code}: ${page.cutShort.message}`);
  }
}

async function* readGroup(
  context: GroupContext,
  entry: DirectoryEntry,
  draft: GroupDraft,
): AsyncGenerator<ReadPage, void, void> {
  const { decoder, source, tally } = context;
  const value = (name: string): string | undefined => entry.values[decoder.indexOf(name)]?.[0];
  const id = idOf(value(source.facts.idAttribute));
  const name = source.facts.groupName
    .map(value)
    .find((candidate) => candidate !== undefined && candidate.trim() !== '');
  if (id === undefined || name === undefined || entry.dn === undefined) {
    const missing =
      id === undefined
        ? source.facts.idAttribute
        : name === undefined
          ? source.facts.groupName.join(' and ')
          : 'its distinguished name';
    const because = `${missing} cannot be read; correct it in the directory, or give the service account the right to read it`;
    draft.reject({
      kind: 'group',
      ...(id === undefined ? {} : { id }),
      label: entry.dn ?? name ?? id ?? 'a group without a name',
      because,
    });
    return;
  }
  if (!tally.isNew('group', id)) return;
  draft.group({ id, name, dn: entry.dn, ...attributesOf(context, entry) });
  yield* readMembers(context, entry, id, draft);
}

function attributesOf(
  { decoder, delivered, unknown }: GroupContext,
  entry: DirectoryEntry,
): Pick<SourceGroup, 'attributes' | 'unread'> {
  const attributes: Record<string, readonly string[]> = {};
  const unread = delivered.filter((name) => entry.unreadable.includes(name));
  for (const name of delivered) {
    if (!unread.includes(name)) attributes[name] = entry.values[decoder.indexOf(name)] ?? [];
  }
  return { attributes, unread: [...unknown, ...unread] };
}

async function* readMembers(
  context: GroupContext,
  entry: DirectoryEntry,
  id: ExternalId,
  draft: GroupDraft,
): AsyncGenerator<ReadPage, void, void> {
  const { decoder, source, primaryMembers } = context;
  let count = 0;
  let fault: string | undefined;
  for (const { attribute, by } of source.facts.members) {
    if (entry.unreadable.includes(attribute)) fault ??= `${attribute} holds a value that is not valid UTF-8`;
    const members = edgeMembers(attribute, by, entry.values[decoder.indexOf(attribute)] ?? []);
    count += members.length;
    yield* draft.members(id, members);
    for await (const more of remainingRanges(context, entry, id, attribute)) {
      if (typeof more === 'string') {
        fault ??= more;
        break;
      }
      const next = edgeMembers(attribute, by, more);
      count += next.length;
      yield* draft.members(id, next);
    }
  }
  if (source.settings.preset === 'active-directory') {
    const rid = domainRid(entry.values[decoder.indexOf('objectsid')]?.[0] ?? '');
    const primary = (rid === undefined ? undefined : primaryMembers.byRid.get(rid)) ?? [];
    if (rid !== undefined && primaryMembers.unknown > 0) {
      fault ??= `${primaryMembers.unknown} accounts do not show their primaryGroupID, so any of them may be a member`;
    }
    count += primary.length;
    yield* draft.members(
      id,
      primary.map((value) => ({ by: 'id', value })),
    );
  }
  draft.close(
    fault === undefined
      ? { group: id, relation: 'member', kind: 'complete', count }
      : { group: id, relation: 'member', kind: 'partial', because: fault },
  );
}

function edgeMembers(attribute: string, by: 'dn' | 'name', values: readonly string[]): EdgeMember[] {
  const members: EdgeMember[] = [];
  for (const value of values) {
    // Name and optional UID (RFC 4517, 3.3.21): `cn=a,dc=b#'0101'B`.
    const clean = attribute === 'uniquemember' ? value.replace(/#'[01]*'B$/u, '') : value;
    if (clean !== '') members.push({ by, value: clean });
  }
  return members;
}

/** The values after the first range; a text instead of values says why the rest is not known. */
async function* remainingRanges(
  { session, decoder, source }: GroupContext,
  entry: DirectoryEntry,
  id: ExternalId,
  attribute: string,
): AsyncGenerator<readonly string[] | string, void, void> {
  let range = entry.ranges.find((candidate) => candidate.attribute === attribute);
  if (range === undefined || range.to === '*' || entry.dn === undefined) return;
  const version = entry.values[decoder.indexOf('usnchanged')]?.[0];
  const wanted: readonly WantedAttribute[] = [
    { request: source.facts.idAttribute, name: source.facts.idAttribute, kind: 'guid' },
    { request: 'uSNChanged', name: 'usnchanged', kind: 'text' },
    { request: attribute, name: attribute, kind: 'text' },
  ];
  const rangeDecoder = new EntryDecoder(wanted);
  for (let turn = 0; turn < maxRanges && range.to !== '*'; turn += 1) {
    const from: number = range.to + 1;
    const attributes = [source.facts.idAttribute, 'uSNChanged', `${attribute};range=${from}-${from + rangeSize - 1}`];
    const request = { base: entry.dn, scope: 'base', filter: present('objectClass'), attributes } as const;
    const answer = await session.search(request, rangeDecoder);
    const [more] = answer.entries;
    const next: ValueRange | undefined = more?.ranges.find((candidate) => candidate.attribute === attribute);
    if (answer.result.code !== 0 || more === undefined || more.values[0]?.[0] !== id) {
      yield `the group could not be found again after ${from} members (result ${answer.result.code}); it was moved or deleted during the read`;
      return;
    }
    if (more.values[1]?.[0] !== version) {
      yield `the group changed while its members were read, after ${from} of them`;
      return;
    }
    if (
      next === undefined ||
      next.from !== from ||
      (next.to !== '*' && next.to < from) ||
      more.unreadable.includes(attribute)
    ) {
      yield `the server did not send the members after the first ${from}`;
      return;
    }
    yield more.values[2] ?? [];
    range = next;
  }
  if (range.to !== '*') yield 'the members do not come to an end';
}
