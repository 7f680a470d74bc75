// One list of the API, page by page. The next start is our own count of what came; links in the answer are never followed.
// Invariant: `all` is claimed only when the number of different records is the number that every page stated.
//
//   the server                                          the list
//   states another number than on the page before       begins again, once; then it ends in an error
//   gives fewer different records than it states         asks once more, pages overlapping, and takes both turns together
//   starts elsewhere than asked, or repeats itself       ends in an error
//   gives smaller pages than asked for                   goes on by what came
//   gives the last page again for a start beyond it      is never asked for one

import { RosterdError } from '../../src/model/errors.ts';
import type { EpochMs, ExternalId } from '../../src/model/ids.ts';
import type { HttpAnswer, HttpSession } from '../http-source.ts';
import { child, childrenOf, nameOf, parseXml, type XmlElement } from '../xml-document.ts';
import { idOf, type RecordType, valueIn } from './reference.ts';
import type { UcceSettings } from './settings.ts';
import { type View, viewOf } from './view.ts';

export const basePath = '/unifiedconfig/config';
export const xml = 'application/xml';
/** The documented maximum (cisco-apis.md 2.2). */
export const pageSize = 100;
/**
 * By which pages overlap where the first turn came short. An agent ID is unique on its peripheral only, so the sort leaves ties, and a
 * server that breaks them anew for every page shows one of them twice and the other never.
 */
const overlap = 10;
/**
 * How a server may refuse one type to a login; which of them 12.6 uses for teams is not known (cisco-apis.md part 4). 401 is none of
 * them: it speaks of the login itself.
 */
const refusals: readonly number[] = [403, 404, 405, 406, 501];

export interface ListKind {
  readonly type: RecordType;
  readonly wrapper: string;
  readonly item: string;
  readonly sort: string;
}

export const agentList: ListKind = { type: 'agent', wrapper: 'agents', item: 'agent', sort: 'agentId asc' };
export const teamList: ListKind = { type: 'agentteam', wrapper: 'agentTeams', item: 'agentTeam', sort: 'name asc' };

/** `ignoreRole` goes with the list only; a question by id knows no such parameter. */
export const agentQuery = ({ ignoreRole }: UcceSettings): Readonly<Record<string, string>> =>
  ignoreRole ? { ignoreRole: 'true' } : {};

export interface ListPage {
  readonly items: readonly XmlElement[];
  readonly total: number;
  /** As the server states it. */
  readonly startIndex: number | undefined;
  readonly size: number | undefined;
  readonly view: View | 'none';
  readonly serverTime: EpochMs | undefined;
}

export type ListStep =
  /** Records that did not come before in this pass; those without a readable id always. */
  | { readonly kind: 'page'; readonly fresh: readonly XmlElement[]; readonly page: ListPage }
  /** The list is asked once more: what came so far comes again (`anew`), or what did not come yet (`rest`). */
  | { readonly kind: 'again'; readonly what: 'anew' | 'rest'; readonly because: string };

export type ListEnd =
  | { readonly kind: 'all'; readonly total: number; readonly ids: ReadonlySet<ExternalId>; readonly pages: number }
  /** The server shows this type to this login not at all. */
  | { readonly kind: 'refused'; readonly status: number };

export interface ListRequest {
  readonly kind: ListKind;
  /** Beyond paging and sorting. */
  readonly query?: Readonly<Record<string, string>>;
  /** `say`: a refusal of the first page is an answer; `throw`: it is an error. */
  readonly refusal: 'say' | 'throw';
}

/** Throws RosterdError when the list cannot be read to its proven end. */
export async function* readList(session: HttpSession, request: ListRequest): AsyncGenerator<ListStep, ListEnd, void> {
  const first = yield* onePass(session, request);
  if (first.kind === 'all' || first.kind === 'refused') return first;
  yield { kind: 'again', what: first.kind === 'short' ? 'rest' : 'anew', because: first.because };
  const before = first.kind === 'short' ? first : undefined;
  const second = yield* onePass(session, { ...request, refusal: 'throw' }, before);
  if (second.kind === 'all' || second.kind === 'refused') return second;
  throw new RosterdError('source-partial', `${session.server}: ${first.because}, and again: ${second.because}`);
}

/** A turn that came to its end with too few records. */
interface ShortPass {
  readonly total: number;
  readonly ids: ReadonlySet<ExternalId>;
}

type PassEnd =
  | ListEnd
  | { readonly kind: 'changed'; readonly because: string }
  | ({ readonly kind: 'short'; readonly because: string } & ShortPass);

/** `before`: the turn that this one completes. */
async function* onePass(
  session: HttpSession,
  request: ListRequest,
  before?: ShortPass,
): AsyncGenerator<ListStep, PassEnd, void> {
  const { wrapper, type } = request.kind;
  const ids = new Set<ExternalId>();
  let total = before?.total;
  let maxPages: number | undefined;
  let start = 0;
  let nameless = 0;
  for (let pages = 1; ; pages += 1) {
    // Of this turn only: while the next page is fetched and parsed, nothing holds this one.
    const page = await (pages === 1 ? firstPage(session, request) : fetchPage(session, request, start));
    if ('refused' in page) return { kind: 'refused', status: page.refused };
    total ??= page.total;
    maxPages ??= mostPages(page);
    if (page.total !== total) {
      return {
        kind: 'changed',
        because: `the number of ${wrapper} changed from ${total} to ${page.total} at ${start}`,
      };
    }
    const fresh = freshOf(page, request.kind, ids);
    nameless += fresh.nameless;
    const fault = faultOf(page, start, fresh.items.length);
    if (fault !== undefined) throw protocolError(session, `${wrapper} from ${start}: ${fault}`);
    const end = start + page.items.length;
    start = before === undefined ? end : end - Math.min(overlap, Math.floor(page.items.length / 2));
    const isNew = (item: XmlElement): boolean => {
      const id = idOf(item, type);
      return id === undefined || before?.ids.has(id) !== true;
    };
    yield { kind: 'page', fresh: fresh.items.filter(isNew), page };
    if (end >= total) {
      return endOfPass(request.kind, {
        total,
        ids: before === undefined ? ids : ids.union(before.ids),
        nameless,
        pages,
      });
    }
    if (pages >= maxPages) throw protocolError(session, `${pages} pages did not bring ${total} ${wrapper} to an end`);
  }
}

interface Turn extends ShortPass {
  readonly nameless: number;
  readonly pages: number;
}

function endOfPass({ wrapper }: ListKind, { total, ids, nameless, pages }: Turn): PassEnd {
  const came = ids.size + nameless;
  if (came === total) return { kind: 'all', total, ids, pages };
  const because = `${total} ${wrapper} were stated, and ${came} different ones came`;
  return came < total ? { kind: 'short', because, total, ids } : { kind: 'changed', because };
}

/** Smaller pages than the first one are odd, but no reason to end; a server that never comes to its end is. */
const mostPages = ({ total, items }: ListPage): number => 2 * Math.ceil(total / Math.max(1, items.length)) + 10;

/** What is wrong with a page; undefined when the reader can go on by it. */
function faultOf(page: ListPage, start: number, freshCount: number): string | undefined {
  if (page.startIndex !== undefined && page.startIndex !== start) return `the server began at ${page.startIndex}`;
  if (page.total === 0) return page.items.length === 0 ? undefined : `${page.items.length} came where 0 were stated`;
  if (page.items.length === 0) return `nothing came, though ${page.total} were stated`;
  // At the very end that is a list which came short, and is asked once more.
  const isEnd = start + page.items.length >= page.total;
  return freshCount === 0 && !isEnd ? 'only records came that had come before' : undefined;
}

function freshOf(page: ListPage, kind: ListKind, ids: Set<ExternalId>): { items: XmlElement[]; nameless: number } {
  let nameless = 0;
  const items = page.items.filter((item) => {
    const id = idOf(item, kind.type);
    if (id === undefined) {
      nameless += 1;
      return true;
    }
    const before = ids.size;
    return ids.add(id).size > before;
  });
  return { items, nameless };
}

export async function firstPage(
  session: HttpSession,
  request: ListRequest,
): Promise<ListPage | { readonly refused: number }> {
  if (request.refusal === 'throw') return fetchPage(session, request, 0);
  try {
    return await fetchPage(session, request, 0);
  } catch (error) {
    const status = error instanceof RosterdError ? error.detail['status'] : undefined;
    // A page for people says nothing of this login: it comes while the server starts.
    const isPage = error instanceof RosterdError && error.code === 'source-busy';
    if (typeof status === 'number' && refusals.includes(status) && !isPage) return { refused: status };
    throw error;
  }
}

export async function fetchPage(session: HttpSession, request: ListRequest, start: number): Promise<ListPage> {
  const { kind } = request;
  const answer = await session.get(`${basePath}/${kind.type}`, {
    accept: xml,
    query: { resultsPerPage: String(pageSize), startIndex: String(start), sort: kind.sort, ...request.query },
  });
  return pageOf(session, kind, answer);
}

function pageOf(session: HttpSession, kind: ListKind, answer: HttpAnswer): ListPage {
  const results = parseXml(answer.text);
  const info = nameOf(results) === 'results' ? child(results, 'pageInfo') : undefined;
  const total = numberOf(info, 'totalResults');
  if (info === undefined || total === undefined) {
    throw protocolError(session, `the list of ${kind.wrapper} came without a total, as <${nameOf(results)}>`);
  }
  const wrapper = child(results, kind.wrapper);
  // With nothing to show the wrapper may be missing (cisco-apis.md 2.2); otherwise this is the list of something else.
  if (wrapper === undefined && total > 0)
    throw protocolError(session, `${total} ${kind.wrapper} were stated, and none came`);
  return {
    items: childrenOf(wrapper, kind.item),
    total,
    startIndex: numberOf(info, 'startIndex'),
    size: numberOf(info, 'resultsPerPage'),
    view: viewOf(results),
    serverTime: answer.date,
  };
}

function numberOf(element: XmlElement | undefined, name: string): number | undefined {
  const text = valueIn(element, name) ?? '';
  return /^\d{1,12}$/u.test(text) ? Number(text) : undefined;
}

const protocolError = (session: HttpSession, what: string): RosterdError =>
  new RosterdError('source-protocol', `${session.server}: ${what}`, { subject: session.server ?? '' });
