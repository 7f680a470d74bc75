// References as UCCE writes them: a refURL that ends in the id, and mostly a name.
// Invariant: an id is digits at the end of a path that names the right type; the host of a refURL is never used.

import { asExternalId, type ExternalId } from '../../src/model/ids.ts';
import { child, textOf, type XmlElement } from '../xml-document.ts';

export type RecordType = 'agent' | 'agentteam';

export interface Reference {
  readonly id: ExternalId;
  readonly name: string | undefined;
}

export const isRecordId = (id: string): boolean => /^\d{1,19}$/u.test(id);

/** Absolute or relative, with or without a query or a trailing slash (cisco-apis.md 2.4, 2.8). */
export function idOfUrl(url: string, type: RecordType): ExternalId | undefined {
  const found = /\/(?<type>[a-z]+)\/(?<id>\d{1,19})\/*(?:[?#].*)?$/iu.exec(url)?.groups;
  if (found?.['type']?.toLowerCase() !== type) return undefined;
  return asExternalId(found['id'] ?? '');
}

export const idOf = (element: XmlElement, type: RecordType): ExternalId | undefined =>
  idOfUrl(valueIn(element, 'refURL') ?? '', type);

/** The text of a child in NFC; undefined where there is none, or nothing in it. */
export function valueIn(element: XmlElement | undefined, name: string): string | undefined {
  const inner = child(element, name);
  const text = inner === undefined ? '' : textOf(inner).normalize('NFC');
  return text === '' ? undefined : text;
}

/** `unreadable`: it names something, but not by an id that we can use. */
export function referenceOf(element: XmlElement | undefined, type: RecordType): Reference | 'none' | 'unreadable' {
  if (element === undefined) return 'none';
  const name = valueIn(element, 'name');
  const id = idOf(element, type);
  if (id !== undefined) return { id, name };
  return name === undefined && valueIn(element, 'refURL') === undefined ? 'none' : 'unreadable';
}

/** Attributes that a mapping wants and that the record never has, in lower case. */
export const unknownAmong = (wanted: readonly string[], known: ReadonlySet<string>): string[] => [
  ...new Set(wanted.map((name) => name.toLowerCase()).filter((name) => !known.has(name))),
];
