// From the status and the body of an HTTP answer to the catalogue of errors.
// Invariant: a refused login is told apart from everything else, because only it must not be tried again elsewhere.

import { type ErrorCode, RosterdError } from '../src/model/errors.ts';
import { isHtml } from './http-body.ts';
import { firstLine } from './network-failures.ts';

export interface AnswerHead {
  readonly server: string;
  /** `GET /adminapi/team`. */
  readonly doing: string;
  readonly status: number;
  readonly contentType: string;
  /** Header, without the login; empty: none. */
  readonly location: string;
  /** Header, as it came. */
  readonly retryAfter: string | undefined;
}

/** Undefined: an answer for the caller. `allow`: statuses beside the successful ones that the caller takes. */
export function statusError(head: AnswerHead, text: string, allow: readonly number[]): RosterdError | undefined {
  const { server, doing, status } = head;
  const isPage = isHtml(text, head.contentType);
  const code = codeOf(status, isPage, allow);
  if (code === undefined) return undefined;
  const retryAfterMs = code === 'source-busy' ? waitOf(head.retryAfter) : undefined;
  const said = isPage ? 'an HTML page instead of data' : quoted(text);
  const target = status >= 300 && status < 400 ? `a redirection to ${firstLine(head.location)}, not followed` : '';
  const parts = [`${server}: ${doing} was answered with status ${status}`, target, said].filter((part) => part !== '');
  return new RosterdError(code, parts.join(', '), {
    subject: server,
    detail: { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  });
}

function codeOf(status: number, isPage: boolean, allow: readonly number[]): ErrorCode | undefined {
  // First, also with a page for people: every further try may lock the account.
  if (status === 401) return 'source-credentials';
  if (status === 403) return 'source-permission';
  if (status >= 300 && status < 400) return 'source-protocol';
  if (isPage) return 'source-busy';
  if ((status >= 200 && status < 300) || allow.includes(status)) return undefined;
  if (status === 404) return 'source-path-not-found';
  if (status === 429 || (status >= 502 && status <= 504)) return 'source-busy';
  return 'source-refused';
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function waitOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  const text = retryAfter.trim();
  if (/^\d{1,9}$/u.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** What an error body says, without its tags. */
function quoted(text: string): string {
  const plain = firstLine(text.slice(0, 4_000).replace(/<[^<>]*>/gu, ' ')).slice(0, 200);
  return plain === '' ? '' : `the server says: ${plain}`;
}
