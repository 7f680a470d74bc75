// LDAP messages (RFC 4511) seen from the server: requests decoded with ldapts's reader, answers encoded.
import { BerReader } from 'ldapts';
import { boolean, integer, readInteger, tlv } from './ber.ts';

export const controlOids = {
  paging: '1.2.840.113556.1.4.319',
  showDeleted: '1.2.840.113556.1.4.417',
  domainScope: '1.2.840.113556.1.4.1339',
  dirSync: '1.2.840.113556.1.4.841',
  extendedDn: '1.2.840.113556.1.4.529',
  notification: '1.2.840.113556.1.4.528',
} as const;
export const startTlsOid = '1.3.6.1.4.1.1466.20037';
export const whoAmIOid = '1.3.6.1.4.1.4203.1.11.3';

export type Control = { readonly oid: string; readonly isCritical: boolean; readonly value: Buffer };
export type Scope = 'base' | 'one' | 'sub' | 'children';
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'equal' | 'at-least' | 'at-most'; readonly attribute: string; readonly value: Buffer }
  | { readonly kind: 'present'; readonly attribute: string }
  | {
      readonly kind: 'substrings';
      readonly attribute: string;
      readonly pieces: readonly { readonly at: 'initial' | 'any' | 'final'; readonly value: Buffer }[];
    }
  | { readonly kind: 'extensible'; readonly attribute: string; readonly rule: string; readonly value: Buffer };

export type SearchRequest = {
  readonly op: 'search';
  readonly base: string;
  readonly scope: Scope;
  readonly sizeLimit: number;
  readonly timeLimit: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  readonly attributes: readonly string[];
};
export type Request = { readonly id: number; readonly controls: readonly Control[] } & (
  | { readonly op: 'bind'; readonly name: string; readonly password: string; readonly mechanism: string | undefined }
  | { readonly op: 'unbind' }
  | { readonly op: 'abandon'; readonly target: number }
  | { readonly op: 'extended'; readonly oid: string }
  | {
      readonly op: 'write';
      readonly name: 'modify' | 'add' | 'delete' | 'modify-dn' | 'compare';
      readonly answerTag: number;
    }
  | SearchRequest
);

/** Cuts whole messages off the front; what is left is the beginning of the next one. */
export function takeMessages(received: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = [];
  let at = 0;
  while (received.length - at >= 2) {
    const first = received[at + 1] ?? 0;
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
    if (lengthOctets > 4) throw new RangeError('message too long');
    if (received.length - at < 2 + lengthOctets) break;
    const length = lengthOctets === 0 ? first : received.readUIntBE(at + 2, lengthOctets);
    const end = at + 2 + lengthOctets + length;
    if (received.length < end) break;
    messages.push(received.subarray(at, end));
    at = end;
  }
  return { messages, rest: received.subarray(at) };
}

const writes: Readonly<Record<number, readonly ['modify' | 'add' | 'delete' | 'modify-dn' | 'compare', number]>> = {
  0x66: ['modify', 0x67],
  0x68: ['add', 0x69],
  0x4a: ['delete', 0x6b],
  0x6c: ['modify-dn', 0x6d],
  0x6e: ['compare', 0x6f],
};

export function decodeRequest(message: Buffer): Request {
  const reader = new BerReader(message);
  reader.readSequence();
  const id = reader.readInt() ?? 0;
  const tag = reader.peek() ?? 0;
  const bodyStart = reader.readLength(reader.offset + 1) ?? 0;
  const bodyEnd = bodyStart + reader.length;
  const opening = reader.offset;
  reader.offset = bodyEnd;
  const controls = reader.peek() === 0xa0 ? decodeControls(reader) : [];
  reader.offset = opening;
  const head = { id, controls };
  const write = writes[tag];
  if (write) return { ...head, op: 'write', name: write[0], answerTag: write[1] };
  if (tag === 0x42) return { ...head, op: 'unbind' };
  if (tag === 0x50) return { ...head, op: 'abandon', target: reader.readTag(0x50) ?? 0 };
  reader.offset = bodyStart;
  if (tag === 0x60) return { ...head, ...decodeBind(reader) };
  if (tag === 0x77) return { ...head, op: 'extended', oid: reader.readString(0x80) ?? '' };
  if (tag === 0x63) return { ...head, ...decodeSearch(reader) };
  throw new TypeError(`unknown request 0x${tag.toString(16)}`);
}

function decodeControls(reader: BerReader): Control[] {
  const controls: Control[] = [];
  reader.readSequence(0xa0);
  const end = reader.offset + reader.length;
  while (reader.offset < end) {
    reader.readSequence();
    const controlEnd = reader.offset + reader.length;
    const oid = reader.readString() ?? '';
    const isCritical = reader.offset < controlEnd && reader.peek() === 0x01 && reader.readBoolean() === true;
    const value = reader.offset < controlEnd && reader.peek() === 0x04 ? reader.readString(0x04, true) : undefined;
    controls.push({ oid, isCritical, value: value ?? Buffer.alloc(0) });
    reader.offset = controlEnd;
  }
  return controls;
}

function decodeBind(reader: BerReader): { op: 'bind'; name: string; password: string; mechanism: string | undefined } {
  reader.readInt();
  const name = reader.readString() ?? '';
  if (reader.peek() === 0x80)
    return { op: 'bind', name, password: reader.readString(0x80) ?? '', mechanism: undefined };
  reader.readSequence(0xa3);
  return { op: 'bind', name, password: '', mechanism: reader.readString() ?? '' };
}

function decodeSearch(reader: BerReader): SearchRequest {
  const base = reader.readString() ?? '';
  const scope = (['base', 'one', 'sub', 'children'] as const)[reader.readEnumeration() ?? 0] ?? 'base';
  reader.readEnumeration();
  const sizeLimit = reader.readInt() ?? 0;
  const timeLimit = reader.readInt() ?? 0;
  const typesOnly = reader.readBoolean() ?? false;
  const filter = decodeFilter(reader);
  reader.readSequence();
  const end = reader.offset + reader.length;
  const attributes: string[] = [];
  while (reader.offset < end) attributes.push(reader.readString() ?? '');
  return { op: 'search', base, scope, sizeLimit, timeLimit, typesOnly, filter, attributes };
}

function decodeFilter(reader: BerReader): Filter {
  const tag = reader.peek() ?? 0;
  if (tag === 0x87) return { kind: 'present', attribute: reader.readString(0x87) ?? '' };
  reader.readSequence(tag);
  const end = reader.offset + reader.length;
  const octets = (expected = 0x04): Buffer => Buffer.from(reader.readString(expected, true) ?? '');
  switch (tag) {
    case 0xa0:
    case 0xa1: {
      const of: Filter[] = [];
      while (reader.offset < end) of.push(decodeFilter(reader));
      return { kind: tag === 0xa0 ? 'and' : 'or', of };
    }
    case 0xa2:
      return { kind: 'not', of: decodeFilter(reader) };
    case 0xa3:
    case 0xa8:
      return { kind: 'equal', attribute: reader.readString() ?? '', value: octets() };
    case 0xa5:
      return { kind: 'at-least', attribute: reader.readString() ?? '', value: octets() };
    case 0xa6:
      return { kind: 'at-most', attribute: reader.readString() ?? '', value: octets() };
    case 0xa4: {
      const attribute = reader.readString() ?? '';
      const pieces: { at: 'initial' | 'any' | 'final'; value: Buffer }[] = [];
      reader.readSequence();
      while (reader.offset < end) {
        const piece = reader.peek() ?? 0x81;
        pieces.push({ at: piece === 0x80 ? 'initial' : piece === 0x81 ? 'any' : 'final', value: octets(piece) });
      }
      return { kind: 'substrings', attribute, pieces };
    }
    case 0xa9: {
      let rule = '';
      let attribute = '';
      let value: Buffer = Buffer.alloc(0);
      while (reader.offset < end) {
        const part = reader.peek() ?? 0;
        const content = octets(part);
        if (part === 0x81) rule = content.toString();
        else if (part === 0x82) attribute = content.toString();
        else if (part === 0x83) value = content;
      }
      return { kind: 'extensible', attribute, rule, value };
    }
    default:
      throw new TypeError(`unknown filter 0x${tag.toString(16)}`);
  }
}

export function formatFilter(filter: Filter): string {
  const text = (value: Buffer): string => {
    const plain = value.toString();
    return Buffer.from(plain).equals(value) && !/[\p{Cc}*()\\]/u.test(plain)
      ? plain
      : `\\${value.toString('hex').replace(/(..)(?=.)/g, '$1\\')}`;
  };
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${filter.kind === 'and' ? '&' : '|'}${filter.of.map(formatFilter).join('')})`;
    case 'not':
      return `(!${formatFilter(filter.of)})`;
    case 'present':
      return `(${filter.attribute}=*)`;
    case 'substrings': {
      const starts = filter.pieces[0]?.at === 'initial' ? '' : '*';
      const ends = filter.pieces.at(-1)?.at === 'final' ? '' : '*';
      return `(${filter.attribute}=${starts}${filter.pieces.map((piece) => text(piece.value)).join('*')}${ends})`;
    }
    case 'extensible':
      return `(${filter.attribute}:${filter.rule}:=${text(filter.value)})`;
    default:
      return `(${filter.attribute}${filter.kind === 'equal' ? '=' : filter.kind === 'at-least' ? '>=' : '<='}${text(filter.value)})`;
  }
}

export function readPaging(value: Buffer): { size: number; cookie: Buffer } {
  const reader = new BerReader(value);
  reader.readSequence();
  const size = reader.readInt() ?? 0;
  return { size, cookie: Buffer.from(reader.readString(0x04, true) ?? '') };
}

export function readDirSync(value: Buffer): { flags: number; maxBytes: number; cookie: Buffer } {
  const reader = new BerReader(value);
  reader.readSequence();
  const flags = readInteger(reader.readString(0x02, true) ?? Buffer.alloc(1));
  const maxBytes = readInteger(reader.readString(0x02, true) ?? Buffer.alloc(1));
  return { flags, maxBytes, cookie: Buffer.from(reader.readString(0x04, true) ?? '') };
}

export function encodeControl(oid: string, value: Buffer): Buffer {
  return tlv(0x30, tlv(0x04, oid), boolean(false), tlv(0x04, value));
}

export const pagingValue = (cookie: Buffer): Buffer => tlv(0x30, integer(0), tlv(0x04, cookie));
export const dirSyncValue = (hasMore: boolean, cookie: Buffer): Buffer =>
  tlv(0x30, integer(hasMore ? 1 : 0), integer(0), tlv(0x04, cookie));

export type Result = {
  readonly code: number;
  readonly matchedDn?: string;
  readonly diagnostic?: string;
  readonly referrals?: readonly string[];
};

export function encodeResult(
  id: number,
  tag: number,
  result: Result,
  extra: { controls?: readonly Buffer[]; tail?: readonly Buffer[] } = {},
): Buffer {
  const referrals = result.referrals ? [tlv(0xa3, ...result.referrals.map((url) => tlv(0x04, url)))] : [];
  const body = tlv(
    tag,
    integer(result.code, 0x0a),
    tlv(0x04, result.matchedDn ?? ''),
    tlv(0x04, result.diagnostic ?? ''),
    ...referrals,
    ...(extra.tail ?? []),
  );
  return tlv(
    0x30,
    integer(id),
    body,
    ...(extra.controls && extra.controls.length > 0 ? [tlv(0xa0, ...extra.controls)] : []),
  );
}

export function encodeEntry(id: number, dn: string, attributes: readonly Buffer[]): Buffer {
  return tlv(0x30, integer(id), tlv(0x64, tlv(0x04, dn), tlv(0x30, ...attributes)));
}

export function encodeAttribute(name: string, values: readonly (string | Buffer)[]): Buffer {
  return tlv(0x30, tlv(0x04, name), tlv(0x31, ...values.map((value) => tlv(0x04, value))));
}

export function encodeReference(id: number, urls: readonly string[]): Buffer {
  return tlv(0x30, integer(id), tlv(0x73, ...urls.map((url) => tlv(0x04, url))));
}
