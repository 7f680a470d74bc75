// Decodes search entries straight from the bytes of the connection: 5 times faster than ldapts, which throws and catches on
// every binary value. Invariant: text is valid UTF-8 in NFC or the attribute is reported as unreadable; no character is replaced.

import { isUtf8 } from 'node:buffer';
import { guidAt, sidText } from './values.ts';

export type ValueKind = 'text' | 'guid' | 'sid' | 'base64';

export interface WantedAttribute {
  /** As it goes into the request, with options such as `;range=0-1499`. */
  readonly request: string;
  /** Lower case, without options. */
  readonly name: string;
  readonly kind: ValueKind;
}

/** `member;range=0-1499`: this answer holds the values `from` to `to`; `*` says that there are no more. */
export interface ValueRange {
  readonly attribute: string;
  readonly from: number;
  readonly to: number | '*';
}

export interface DirectoryEntry {
  /** Undefined when its bytes are not text. */
  readonly dn: string | undefined;
  /** By position in the decoder's list of wanted attributes. What did not come is `noValues`. */
  readonly values: readonly (readonly string[])[];
  /** Names of attributes with a value that could not be decoded. */
  readonly unreadable: readonly string[];
  readonly ranges: readonly ValueRange[];
}

export const noValues: readonly string[] = Object.freeze([]);
const none: readonly never[] = Object.freeze([]);

export class MalformedMessage extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'MalformedMessage';
  }
}

/** What is known of an attribute name as the server writes it. */
interface Slot {
  readonly bytes: Buffer;
  /** Position in the list of wanted attributes, -1 for one that nobody asked for. */
  readonly index: number;
  readonly kind: ValueKind;
  readonly range: ValueRange | undefined;
  /** The slot that followed last time: entries repeat the order of their attributes. */
  next: Slot | undefined;
}

/** Servers send few names; a hostile one could send many. */
const maxSlots = 512;
const rangePattern = /^range=(?<from>\d{1,9})-(?<to>\d{1,9}|\*)$/u;

/** Decodes entries of one search. */
export class EntryDecoder {
  readonly wanted: readonly WantedAttribute[];
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #slots = new Map<string, Slot>();
  #first: Slot | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  constructor(wanted: readonly WantedAttribute[]) {
    this.wanted = wanted;
    this.#indexOf = new Map(wanted.map((attribute, index) => [attribute.name, index]));
  }

  /** Position of an attribute in `values`; the name is one of the wanted. */
  indexOf(name: string): number {
    const index = this.#indexOf.get(name);
    if (index === undefined) throw new Error(`${name} is not among the wanted attributes`);
    return index;
  }

  /** `start` and `end` enclose the content of a SearchResultEntry (RFC 4511, 4.5.2). Throws MalformedMessage. */
  decode(bytes: Buffer, start: number, end: number): DirectoryEntry {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    const dnEnd = this.#enter(0x04);
    const dn = this.#text(this.#at, dnEnd);
    this.#at = dnEnd;
    const values: (readonly string[])[] = new Array(this.wanted.length).fill(noValues);
    let unreadable: readonly string[] = none;
    let ranges: readonly ValueRange[] = none;
    let previous: Slot | undefined;
    const listEnd = this.#enter(0x30);
    while (this.#at < listEnd) {
      const attributeEnd = this.#enter(0x30);
      const slot = this.#slotOf(previous);
      previous = slot;
      if (slot.index >= 0) {
        const read = this.#values(slot.kind);
        if (read === undefined) unreadable = [...unreadable, this.wanted[slot.index]?.name ?? ''];
        // A server may answer with an empty `member` next to `member;range=0-1499`.
        else if (read.length > 0 || slot.range !== undefined) values[slot.index] = read;
        if (slot.range !== undefined) ranges = [...ranges, slot.range];
      }
      this.#at = attributeEnd;
    }
    this.#bytes = emptyBytes;
    return { dn, values, unreadable, ranges };
  }

  /** Reads a header and returns where its content ends. */
  #enter(expected: number): number {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== expected) throw new MalformedMessage('a search entry has an element of an unexpected kind');
    let at = this.#at + 1;
    let length = bytes[at++] ?? 0;
    if (length >= 0x80) {
      let more = length & 0x7f;
      if (more === 0 || more > 4) throw new MalformedMessage('a search entry has a length that LDAP does not allow');
      length = 0;
      for (; more > 0; more -= 1) length = length * 256 + (bytes[at++] ?? 0);
    }
    const end = at + length;
    if (end > this.#end) throw new MalformedMessage('a search entry has an element that is longer than itself');
    this.#at = at;
    return end;
  }

  #slotOf(previous: Slot | undefined): Slot {
    const end = this.#enter(0x04);
    const start = this.#at;
    this.#at = end;
    const guess = previous === undefined ? this.#first : previous.next;
    if (guess !== undefined && sameBytes(this.#bytes, start, end, guess.bytes)) return guess;
    const name = this.#bytes.toString('latin1', start, end);
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      slot = this.#newSlot(name);
      if (this.#slots.size < maxSlots) this.#slots.set(name, slot);
    }
    if (previous === undefined) this.#first = slot;
    else previous.next = slot;
    return slot;
  }

  #newSlot(name: string): Slot {
    const [type = '', ...options] = name.toLowerCase().split(';');
    let range: ValueRange | undefined;
    let isKnown = true;
    for (const option of options) {
      const match = rangePattern.exec(option)?.groups;
      if (match !== undefined) {
        range = { attribute: type, from: Number(match['from']), to: match['to'] === '*' ? '*' : Number(match['to']) };
      } else if (option !== 'binary') {
        // A variant such as cn;lang-de is another attribute, which nobody asked for.
        isKnown = false;
      }
    }
    const index = isKnown ? (this.#indexOf.get(type) ?? -1) : -1;
    const kind = this.wanted[index]?.kind ?? 'text';
    return { bytes: Buffer.from(name, 'latin1'), index, kind, range, next: undefined };
  }

  /** The values at the cursor; undefined when one of them cannot be decoded. */
  #values(kind: ValueKind): readonly string[] | undefined {
    const setEnd = this.#enter(0x31);
    if (this.#at === setEnd) return noValues;
    const values: string[] = [];
    while (this.#at < setEnd) {
      const end = this.#enter(0x04);
      const value = kind === 'text' ? this.#text(this.#at, end) : this.#binary(kind, this.#at, end);
      if (value === undefined) return undefined;
      values.push(value);
      this.#at = end;
    }
    return values;
  }

  #text(start: number, end: number): string | undefined {
    const value = this.#bytes.toString('utf8', start, end);
    // No store keeps a NUL in text (PostgreSQL refuses it).
    if (value.includes('\0')) return undefined;
    // U+FFFD is a character of the server, or the decoder's mark for bytes that are none.
    if (value.includes('\uFFFD') && !isUtf8(this.#bytes.subarray(start, end))) return undefined;
    // As many UTF-16 units as bytes: ASCII, which is NFC already.
    if (value.length === end - start) return value;
    return value.normalize('NFC');
  }

  #binary(kind: 'guid' | 'sid' | 'base64', start: number, end: number): string | undefined {
    switch (kind) {
      case 'guid':
        return end - start === 16 ? guidAt(this.#bytes, start) : undefined;
      case 'sid':
        return sidText(this.#bytes.subarray(start, end));
      case 'base64':
        return this.#bytes.toString('base64', start, end);
      default:
        return kind satisfies never;
    }
  }
}

const emptyBytes = Buffer.alloc(0);

function sameBytes(bytes: Buffer, start: number, end: number, expected: Buffer): boolean {
  const length = end - start;
  if (expected.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[start + index] !== expected[index]) return false;
  }
  return true;
}
