// LDAP messages: bytes of the socket cut into messages, results and controls read, search requests written (RFC 4511).
// Invariant: whatever a server sends ends in a message or in MalformedMessage, never in an endless wait or a crash.

import { boolean, element, enumerated, integer, sequence, tag, text } from './ber.ts';
import { MalformedMessage } from './decode.ts';
import { encodeFilter, type LdapFilter } from './filter.ts';

export const operation = {
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchEntry: 0x64,
  searchDone: 0x65,
  searchReference: 0x73,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
} as const;

export const controlOids = { paging: '1.2.840.113556.1.4.319', showDeleted: '1.2.840.113556.1.4.417' } as const;

export interface LdapControl {
  readonly oid: string;
  readonly isCritical: boolean;
  readonly value?: Buffer;
}

export interface SearchRequest {
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  readonly filter: LdapFilter;
  readonly attributes: readonly string[];
  readonly controls?: readonly LdapControl[];
}

const scopes = { base: 0, one: 1, sub: 2 } as const;

/** A search without size or time limit of its own: the server's are hard enough, and a limit truncates silently. */
export function searchRequestBytes(id: number, request: SearchRequest): Buffer {
  const body = element(
    operation.searchRequest,
    text(request.base),
    enumerated(scopes[request.scope]),
    enumerated(0), // aliases are never dereferenced
    integer(0),
    integer(0),
    boolean(false),
    encodeFilter(request.filter),
    sequence(...request.attributes.map((name) => text(name))),
  );
  const controls = request.controls ?? [];
  if (controls.length === 0) return sequence(integer(id), body);
  return sequence(integer(id), body, element(0xa0, ...controls.map(controlBytes)));
}

function controlBytes(control: LdapControl): Buffer {
  return sequence(
    text(control.oid),
    boolean(control.isCritical),
    ...(control.value === undefined ? [] : [element(tag.octetString, control.value)]),
  );
}

/** Simple paged results (RFC 2696). Critical: a server that cannot page must say so. */
export const pagingControl = (pageSize: number, cookie: Uint8Array): LdapControl => ({
  oid: controlOids.paging,
  isCritical: true,
  value: sequence(integer(pageSize), element(tag.octetString, cookie)),
});

export const extendedRequestBytes = (id: number, oid: string): Buffer =>
  sequence(integer(id), element(operation.extendedRequest, text(oid, 0x80)));

export const unbindRequestBytes = (id: number): Buffer =>
  sequence(integer(id), Buffer.from([operation.unbindRequest, 0]));

export interface LdapResult {
  readonly code: number;
  readonly matchedDn: string;
  readonly diagnostic: string;
  readonly referrals: readonly string[];
}

/** Where one element's content lies. */
interface Span {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The element at `at`, within `limit`. */
export function spanAt(bytes: Buffer, at: number, limit: number): Span {
  let start = at + 2;
  let length = bytes[at + 1] ?? 0;
  if (length >= 0x80) {
    let more = length & 0x7f;
    if (more === 0 || more > 4) throw new MalformedMessage('a message has a length that LDAP does not allow');
    length = 0;
    for (; more > 0; more -= 1) length = length * 256 + (bytes[start++] ?? 0);
  }
  const end = start + length;
  if (end > limit) throw new MalformedMessage('a message has an element that is longer than itself');
  return { tag: bytes[at] ?? 0, start, end };
}

function* spansIn(bytes: Buffer, start: number, end: number): Generator<Span> {
  for (let at = start; at < end; ) {
    const span = spanAt(bytes, at, end);
    yield span;
    at = span.end;
  }
}

const stringOf = (bytes: Buffer, span: Span): string => bytes.toString('utf8', span.start, span.end);

export function integerOf(bytes: Buffer, span: Span): number {
  if (span.end - span.start > 4 || span.end === span.start)
    throw new MalformedMessage('a message has a number that is none');
  return bytes.readIntBE(span.start, span.end - span.start);
}

/** Result code, matched DN, diagnostic and referrals, and for an extended response its value. */
export function resultOf(bytes: Buffer, start: number, end: number): LdapResult & { readonly responseValue?: string } {
  const [code, matched, diagnostic, ...more] = spansIn(bytes, start, end);
  if (code === undefined || matched === undefined || diagnostic === undefined || code.tag !== tag.enumerated) {
    throw new MalformedMessage('a result has no code');
  }
  const referral = more.find((span) => span.tag === 0xa3);
  const value = more.find((span) => span.tag === 0x8b);
  return {
    code: integerOf(bytes, code),
    matchedDn: stringOf(bytes, matched),
    // Active Directory ends its texts with a NUL.
    diagnostic: stringOf(bytes, diagnostic).replaceAll('\0', '').trim(),
    referrals: referral === undefined ? [] : stringsOf(bytes, referral.start, referral.end),
    ...(value === undefined ? {} : { responseValue: stringOf(bytes, value) }),
  };
}

export const stringsOf = (bytes: Buffer, start: number, end: number): string[] =>
  [...spansIn(bytes, start, end)].map((span) => stringOf(bytes, span));

/** The cookie in the controls of an answer (copied); undefined when the server sent no paging control at all. */
export function pagingCookieOf(bytes: Buffer, start: number, end: number): Buffer | undefined {
  if (start >= end) return undefined;
  const controls = spanAt(bytes, start, end);
  if (controls.tag !== 0xa0) return undefined;
  for (const control of spansIn(bytes, controls.start, controls.end)) {
    const [oid, ...rest] = spansIn(bytes, control.start, control.end);
    const value = rest.find((span) => span.tag === tag.octetString);
    if (oid === undefined || value === undefined || stringOf(bytes, oid) !== controlOids.paging) continue;
    const inner = spanAt(bytes, value.start, value.end);
    const [, cookie] = spansIn(bytes, inner.start, inner.end);
    if (cookie === undefined) throw new MalformedMessage('a paging control has no cookie');
    return Buffer.from(bytes.subarray(cookie.start, cookie.end));
  }
  return undefined;
}

/** A group with a million members is some 100 MB; a greater length is not LDAP. */
const maxMessageBytes = 512 * 1024 * 1024;

/** Cuts the stream into messages. A long message is put together once, however many pieces it comes in. */
export class MessageCutter {
  #pieces: Buffer[] = [];
  #held = 0;
  /** Bytes that are needed before another look is worth it. */
  #needed = 2;

  /** Hands every complete message to `take` as the place of its content. Throws MalformedMessage. */
  push(piece: Buffer, take: (bytes: Buffer, start: number, end: number) => void): void {
    this.#pieces.push(piece);
    this.#held += piece.length;
    if (this.#held < this.#needed) return;
    const bytes = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#held);
    let at = 0;
    for (;;) {
      const header = headerAt(bytes, at);
      if (header === undefined) {
        this.#needed = bytes.length - at + 1;
        break;
      }
      const end = header.start + header.length;
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      take(bytes, header.start, end);
      at = end;
    }
    const rest = bytes.subarray(at);
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
  }
}

function headerAt(bytes: Buffer, at: number): { readonly start: number; readonly length: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first !== tag.sequence) throw new MalformedMessage('the answer is not LDAP');
  const short = bytes[at + 1];
  if (short === undefined) return undefined;
  if (short < 0x80) return { start: at + 2, length: short };
  const count = short & 0x7f;
  if (count === 0 || count > 4) throw new MalformedMessage('a message has a length that LDAP does not allow');
  if (at + 2 + count > bytes.length) return undefined;
  const length = bytes.readUIntBE(at + 2, count);
  if (length > maxMessageBytes) throw new MalformedMessage(`a message claims to have ${length} bytes`);
  return { start: at + 2 + count, length };
}
