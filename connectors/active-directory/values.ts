// The notations of Active Directory: GUID, SID, file time, and their text forms.

import { asEpochMs, type EpochMs } from '../../src/model/ids.ts';

const hexDigits = Buffer.from('0123456789abcdef', 'latin1');
/** Order of the bytes in the text: the first three fields are little-endian (MS-DTYP 2.3.4.2). */
const guidOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;
/** Where each byte's first digit stands in `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`. */
const guidPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const guidText = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1');

/** 16 bytes at `start` as `33221100-5544-7766-8899-aabbccddeeff`. */
export function guidAt(bytes: Uint8Array, start: number): string {
  for (let index = 0; index < 16; index += 1) {
    const byte = bytes[start + (guidOrder[index] ?? 0)] ?? 0;
    const place = guidPlaces[index] ?? 0;
    guidText[place] = hexDigits[byte >> 4] ?? 0;
    guidText[place + 1] = hexDigits[byte & 15] ?? 0;
  }
  return guidText.toString('latin1');
}

const guidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

export const isGuid = (text: string): boolean => guidPattern.test(text);

/** The bytes of a GUID in text, as a filter on objectGUID needs them. */
export function guidBytes(text: string): Buffer {
  const plain = Buffer.from(text.replaceAll('-', ''), 'hex');
  const bytes = Buffer.alloc(16);
  guidOrder.forEach((from, to) => {
    bytes[from] = plain[to] ?? 0;
  });
  return bytes;
}

/** A security identifier as `S-1-5-21-...` (MS-DTYP 2.4.2.2); undefined when the bytes are not one. */
export function sidText(bytes: Uint8Array): string | undefined {
  const count = bytes[1];
  if (bytes[0] !== 1 || count === undefined || bytes.length !== 8 + 4 * count) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: number[] = [view.readUIntBE(2, 6)];
  for (let index = 0; index < count; index += 1) parts.push(view.readUInt32LE(8 + 4 * index));
  return `S-1-${parts.join('-')}`;
}

/** The relative identifier at the end of a domain SID; undefined for built-in and well-known ones. */
export function domainRid(sid: string): string | undefined {
  return /^S-1-5-21-\d+-\d+-\d+-(?<rid>\d+)$/u.exec(sid)?.groups?.['rid'];
}

const ticksPerMs = 10_000n;
/** 1601-01-01 to 1970-01-01. */
const fileTimeOffsetMs = 11_644_473_600_000n;
const never = 0x7fff_ffff_ffff_ffffn;
/** Beyond it JavaScript has no date (ECMA-262, 21.4.1.1). */
const lastDateMs = 8_640_000_000_000_000n;

export type Expiry =
  | { readonly kind: 'never' }
  | { readonly kind: 'at'; readonly at: EpochMs }
  | { readonly kind: 'unreadable' };

/** accountExpires: 100 ns since 1601; 0 and the greatest value mean never (MS-ADA1 2.7). */
export function fileTimeExpiry(text: string): Expiry {
  if (!/^-?\d{1,20}$/u.test(text)) return { kind: 'unreadable' };
  const ticks = BigInt(text);
  if (ticks === 0n || ticks >= never) return { kind: 'never' };
  if (ticks < 0n) return { kind: 'unreadable' };
  const ms = ticks / ticksPerMs - fileTimeOffsetMs;
  return ms > lastDateMs ? { kind: 'never' } : { kind: 'at', at: asEpochMs(Number(ms)) };
}

/** shadowExpire: days since 1970; negative means never (shadow(5)). */
export function dayExpiry(text: string): Expiry {
  if (!/^-?\d{1,8}$/u.test(text)) return { kind: 'unreadable' };
  const days = Number(text);
  return days < 0 ? { kind: 'never' } : { kind: 'at', at: asEpochMs(days * 86_400_000) };
}

const timePattern =
  /^(?<y>\d{4})(?<mo>\d{2})(?<d>\d{2})(?<h>\d{2})(?<mi>\d{2})?(?<s>\d{2})?(?:[.,]\d+)?(?:Z|(?<sign>[+-])(?<oh>\d{2})(?<om>\d{2})?)$/u;

/** Generalized time (RFC 4517, 3.3.13); undefined when it is not one. */
export function generalizedTimeMs(text: string): EpochMs | undefined {
  const parts = timePattern.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const number = (key: string): number => Number(parts[key] ?? 0);
  const local = Date.UTC(number('y'), number('mo') - 1, number('d'), number('h'), number('mi'), number('s'));
  const offset = (number('oh') * 60 + number('om')) * 60_000;
  return asEpochMs(parts['sign'] === '-' ? local + offset : local - offset);
}

export function generalizedTimeExpiry(text: string): Expiry {
  const at = generalizedTimeMs(text);
  return at === undefined ? { kind: 'unreadable' } : { kind: 'at', at };
}

/** Parses a DN far enough to compare ends of it: `dn` is `base` or lies below it. */
export function isUnder(dn: string, base: string): boolean {
  const inner = normalDn(dn);
  const outer = normalDn(base);
  if (outer === '' || inner === outer) return true;
  // The comma before the base must be a separator, not part of a value.
  return inner.endsWith(`,${outer}`) && !/(?<!\\)(?:\\\\)*\\$/u.test(inner.slice(0, -outer.length - 1));
}

const normalDn = (dn: string): string =>
  dn
    .normalize('NFC')
    .trim()
    .replace(/(?<!\\)\s*([,=])\s*/gu, '$1')
    .toLowerCase();
