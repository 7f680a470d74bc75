// A paged search whose end is the empty cookie and nothing else (RFC 2696): an empty page with a cookie is not the end.
// The next page is requested before this one is handed out, so that the server works while the caller does; never further ahead.

import { RosterdError } from '../../src/model/errors.ts';
import type { LdapSession, SearchAnswer } from './client.ts';
import type { EntryDecoder } from './decode.ts';
import { pagingControl, type SearchRequest } from './messages.ts';

/** A server that sends so many empty pages in a row is not searching any more. */
const maxEmptyPages = 1_000;

export interface Page extends Pick<SearchAnswer, 'entries' | 'references'> {
  /** The limit, as an error, that ended the search at this page. What is on the page is real, but more was cut off. */
  readonly cutShort: RosterdError | undefined;
}

/** Yields every page; returns after the one with the empty cookie. Throws RosterdError. */
export async function* pagedSearch(
  session: LdapSession,
  request: SearchRequest,
  decoder: EntryDecoder,
  pageSize: number,
): AsyncGenerator<Page, void, void> {
  const ask = (cookie: Buffer): Promise<SearchAnswer> => {
    const controls = [pagingControl(pageSize, cookie), ...(request.controls ?? [])];
    const answer = session.search({ ...request, controls }, decoder);
    // Awaited below; a caller that stops before is not to end the process.
    answer.catch(() => undefined);
    return answer;
  };
  let emptyPages = 0;
  let pages = 0;
  let next: Promise<SearchAnswer> | undefined = ask(Buffer.alloc(0));
  while (next !== undefined) {
    const answer: SearchAnswer = await next;
    const { code } = answer.result;
    const error = code === 0 ? undefined : session.errorOf(answer, request.base);
    // A refused page has nothing to hand out; a limit has cut off what it already sent.
    if (error !== undefined && answer.entries.length === 0) throw error;
    pages += 1;
    // The answer to a critical paging control carries one (RFC 2696, 3); without it nobody knows whether this was all.
    if (error === undefined && answer.cookie === undefined && (pages > 1 || answer.entries.length >= pageSize)) {
      throw new RosterdError(
        'source-protocol',
        `${session.server}: page ${pages} of ${request.base} came without a paging control`,
      );
    }
    const isLast = error !== undefined || answer.cookie === undefined || answer.cookie.length === 0;
    emptyPages = answer.entries.length === 0 ? emptyPages + 1 : 0;
    if (emptyPages > maxEmptyPages) {
      throw new RosterdError(
        'source-protocol',
        `${session.server}: ${emptyPages} empty pages in a row below ${request.base}`,
      );
    }
    next = isLast ? undefined : ask(answer.cookie ?? Buffer.alloc(0));
    yield { entries: answer.entries, references: answer.references, cutShort: error };
  }
}
