// LDAP search filters: RFC 4515 text to a tree, and the tree to bytes (RFC 4511, 4.5.1.7).
// Own code because ldapts turns `\c3\bc` into two characters and encodes those again: such a filter finds nothing.
// Invariant: an assertion value is bytes from the moment it is parsed; nothing is escaped or unescaped twice.

import { type Bytes, boolean, element, tag, text } from './ber.ts';

export type LdapFilter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly LdapFilter[] }
  | { readonly kind: 'not'; readonly filter: LdapFilter }
  | { readonly kind: 'present'; readonly attribute: string }
  | {
      readonly kind: 'equal' | 'greater-or-equal' | 'less-or-equal' | 'approximate';
      readonly attribute: string;
      readonly value: Bytes;
    }
  | { readonly kind: 'substrings'; readonly attribute: string; readonly parts: readonly SubstringPart[] }
  | {
      readonly kind: 'extensible';
      readonly attribute?: string;
      readonly rule?: string;
      readonly value: Bytes;
      readonly dnAttributes: boolean;
    };

export interface SubstringPart {
  readonly at: 'initial' | 'any' | 'final';
  readonly value: Bytes;
}

export class FilterSyntaxError extends Error {
  /** Zero-based, in characters. */
  readonly position: number;

  constructor(filterText: string, position: number, what: string) {
    const near = filterText.slice(position, position + 20);
    super(
      `is not an LDAP filter: ${what} at character ${position + 1}${near === '' ? ' (the end)' : `, near \`${near}\``}`,
    );
    this.name = 'FilterSyntaxError';
    this.position = position;
  }
}

export const all = (...filters: readonly LdapFilter[]): LdapFilter =>
  filters.length === 1 && filters[0] !== undefined ? filters[0] : { kind: 'and', filters };
export const any = (...filters: readonly LdapFilter[]): LdapFilter =>
  filters.length === 1 && filters[0] !== undefined ? filters[0] : { kind: 'or', filters };
export const not = (filter: LdapFilter): LdapFilter => ({ kind: 'not', filter });
export const present = (attribute: string): LdapFilter => ({ kind: 'present', attribute });
export const equal = (attribute: string, value: string | Bytes): LdapFilter => ({
  kind: 'equal',
  attribute,
  value: typeof value === 'string' ? Buffer.from(value, 'utf8') : value,
});
/** `(attribute:rule:=value)`, e.g. the bit and in-chain rules of Active Directory (MS-ADTS 3.1.1.3.4.4). */
export const matching = (attribute: string, rule: string, value: string): LdapFilter => ({
  kind: 'extensible',
  attribute,
  rule,
  value: Buffer.from(value, 'utf8'),
  dnAttributes: false,
});

const filterTags = {
  and: 0xa0,
  or: 0xa1,
  not: 0xa2,
  equal: 0xa3,
  substrings: 0xa4,
  'greater-or-equal': 0xa5,
  'less-or-equal': 0xa6,
  present: 0x87,
  approximate: 0xa8,
  extensible: 0xa9,
} as const;
const substringTags = { initial: 0x80, any: 0x81, final: 0x82 } as const;

/** The filter as it goes into a search request. */
export function encodeFilter(filter: LdapFilter): Buffer {
  const filterTag = filterTags[filter.kind];
  switch (filter.kind) {
    case 'and':
    case 'or':
      return element(filterTag, ...filter.filters.map(encodeFilter));
    case 'not':
      return element(filterTag, encodeFilter(filter.filter));
    case 'present':
      return text(filter.attribute, filterTag);
    case 'equal':
    case 'greater-or-equal':
    case 'less-or-equal':
    case 'approximate':
      return element(filterTag, text(filter.attribute), element(tag.octetString, filter.value));
    case 'substrings': {
      const parts = filter.parts.map((part) => element(substringTags[part.at], part.value));
      return element(filterTag, text(filter.attribute), element(tag.sequence, ...parts));
    }
    case 'extensible':
      return element(
        filterTag,
        ...(filter.rule === undefined ? [] : [text(filter.rule, 0x81)]),
        ...(filter.attribute === undefined ? [] : [text(filter.attribute, 0x82)]),
        element(0x83, filter.value),
        ...(filter.dnAttributes ? [Buffer.from([0x84, ...boolean(true).subarray(1)])] : []),
      );
    default:
      return filter satisfies never;
  }
}

/** Deeper than any filter that a person writes; a bound for the recursion. */
const maxDepth = 64;

/** Parses RFC 4515 text; blanks between parentheses are allowed, as directories do. Throws FilterSyntaxError. */
export function parseFilter(filterText: string): LdapFilter {
  const cursor = { text: filterText, at: 0 };
  skipBlanks(cursor);
  const filter = parseParenthesised(cursor, 0);
  skipBlanks(cursor);
  if (cursor.at < filterText.length) throw new FilterSyntaxError(filterText, cursor.at, 'nothing more was expected');
  return filter;
}

interface Cursor {
  readonly text: string;
  at: number;
}

function parseParenthesised(cursor: Cursor, depth: number): LdapFilter {
  if (depth > maxDepth)
    throw new FilterSyntaxError(cursor.text, cursor.at, `more than ${maxDepth} levels of parentheses`);
  expect(cursor, '(');
  skipBlanks(cursor);
  const filter = parseInside(cursor, depth);
  skipBlanks(cursor);
  expect(cursor, ')');
  return filter;
}

function parseInside(cursor: Cursor, depth: number): LdapFilter {
  const sign = cursor.text[cursor.at];
  if (sign === '!') {
    cursor.at += 1;
    skipBlanks(cursor);
    return not(parseParenthesised(cursor, depth + 1));
  }
  if (sign !== '&' && sign !== '|') return parseItem(cursor);
  cursor.at += 1;
  const filters: LdapFilter[] = [];
  skipBlanks(cursor);
  while (cursor.text[cursor.at] === '(') {
    filters.push(parseParenthesised(cursor, depth + 1));
    skipBlanks(cursor);
  }
  // RFC 4526 allows (&) and (|); a person who writes them has lost something.
  if (filters.length === 0)
    throw new FilterSyntaxError(cursor.text, cursor.at, `\`${sign}\` needs a filter in parentheses`);
  return { kind: sign === '&' ? 'and' : 'or', filters };
}

const itemPattern =
  /(?<attribute>[A-Za-z0-9][A-Za-z0-9.;-]*)?(?<extensible>(?<dn>:dn)?(?::(?<rule>[A-Za-z0-9][A-Za-z0-9.-]*))?:)?(?<operator>>=|<=|~=|=)/uy;
const operators = { '>=': 'greater-or-equal', '<=': 'less-or-equal', '~=': 'approximate' } as const;

function parseItem(cursor: Cursor): LdapFilter {
  itemPattern.lastIndex = cursor.at;
  const match = itemPattern.exec(cursor.text);
  if (match?.groups === undefined)
    throw new FilterSyntaxError(cursor.text, cursor.at, 'an attribute and `=` were expected');
  const { attribute, extensible, dn, rule, operator } = match.groups;
  const start = cursor.at;
  cursor.at += match[0].length;
  const pieces = parseValue(cursor);
  if (extensible !== undefined) {
    if (operator !== '=' || (attribute === undefined && rule === undefined)) {
      throw new FilterSyntaxError(cursor.text, start, 'a matching rule is written attribute:rule:=value');
    }
    return {
      kind: 'extensible',
      value: single(cursor, start, pieces),
      dnAttributes: dn !== undefined,
      ...(attribute === undefined ? {} : { attribute }),
      ...(rule === undefined ? {} : { rule }),
    };
  }
  if (attribute === undefined) throw new FilterSyntaxError(cursor.text, start, 'the name of an attribute is missing');
  if (operator !== '=') {
    return { kind: operators[operator as keyof typeof operators], attribute, value: single(cursor, start, pieces) };
  }
  return equalityOf(attribute, pieces);
}

/** `a`, `*`, or `a*b*c`: what stands between the stars. */
function equalityOf(attribute: string, pieces: readonly Bytes[]): LdapFilter {
  const [first, ...rest] = pieces;
  if (first === undefined || rest.length === 0) return equal(attribute, first ?? Buffer.alloc(0));
  const parts = pieces.flatMap((value, index): SubstringPart[] => {
    if (value.length === 0) return [];
    return [{ at: index === 0 ? 'initial' : index === pieces.length - 1 ? 'final' : 'any', value }];
  });
  return parts.length === 0 ? present(attribute) : { kind: 'substrings', attribute, parts };
}

function single(cursor: Cursor, start: number, pieces: readonly Bytes[]): Bytes {
  const [value, ...rest] = pieces;
  if (value === undefined || rest.length > 0)
    throw new FilterSyntaxError(cursor.text, start, 'a `*` is only allowed after `=`');
  return value;
}

/** Reads a value up to its `)` and cuts it at the stars; `\xx` is one byte. */
function parseValue(cursor: Cursor): Bytes[] {
  const pieces: Bytes[] = [];
  let bytes: Bytes[] = [];
  let plainFrom = cursor.at;
  const flushPlain = (): void => {
    if (cursor.at > plainFrom) bytes.push(Buffer.from(cursor.text.slice(plainFrom, cursor.at), 'utf8'));
  };
  for (; cursor.at < cursor.text.length; cursor.at += 1) {
    const character = cursor.text[cursor.at];
    if (character === ')') break;
    if (character === '(') throw new FilterSyntaxError(cursor.text, cursor.at, 'a `(` inside a value is written \\28');
    if (character === '*') {
      flushPlain();
      pieces.push(Buffer.concat(bytes));
      bytes = [];
      plainFrom = cursor.at + 1;
    } else if (character === '\\') {
      flushPlain();
      bytes.push(parseEscape(cursor));
      cursor.at += 2;
      plainFrom = cursor.at + 1;
    }
  }
  flushPlain();
  pieces.push(Buffer.concat(bytes));
  return pieces;
}

function parseEscape(cursor: Cursor): Bytes {
  const digits = cursor.text.slice(cursor.at + 1, cursor.at + 3);
  if (!/^[0-9A-Fa-f]{2}$/u.test(digits)) {
    throw new FilterSyntaxError(
      cursor.text,
      cursor.at,
      'a `\\` is followed by two hexadecimal digits (a backslash itself is \\5c)',
    );
  }
  return Buffer.from(digits, 'hex');
}

function expect(cursor: Cursor, character: string): void {
  if (cursor.text[cursor.at] !== character)
    throw new FilterSyntaxError(cursor.text, cursor.at, `\`${character}\` was expected`);
  cursor.at += 1;
}

function skipBlanks(cursor: Cursor): void {
  while (/[ \t\r\n]/u.test(cursor.text[cursor.at] ?? '')) cursor.at += 1;
}
