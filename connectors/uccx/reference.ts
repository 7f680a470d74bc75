// References between resources and teams: a refURL, beside a display name that is no id.
// Invariant: nothing is ever requested by a refURL; it only leads to an id, first by a known `self`, then by its last segment.

import { asExternalId, type ExternalId } from '../../src/model/ids.ts';
import { foldKey } from '../../src/model/keys.ts';
import { child, type XmlElement } from '../xml-document.ts';
import { isBlank, type Listing } from './document.ts';

/** The text of a child in NFC; undefined where there is none, or nothing in it. */
export function fieldOf(element: XmlElement | undefined, name: string): string | undefined {
  const text = child(element, name)?.text.normalize('NFC') ?? '';
  return text === '' ? undefined : text;
}

/** A userID or a teamId as an id: CUCM does not tell upper from lower case. */
export const idOf = (text: string): ExternalId => asExternalId(foldKey(text));

export interface Reference {
  readonly id: ExternalId;
  /** Whether a list that was read has it. */
  readonly isKnown: boolean;
  readonly name: string | undefined;
}

/** Finds the records of one list by the references to them. */
export class ReferenceIndex {
  readonly #listing: Listing;
  readonly #ids = new Set<ExternalId>();
  /** Of two records with one `self`, neither is found by it. */
  readonly #bySelf = new Map<string, ExternalId | undefined>();

  constructor(listing: Listing) {
    this.#listing = listing;
  }

  add(id: ExternalId, item: XmlElement): void {
    this.#ids.add(id);
    const path = pathOf(fieldOf(item, 'self') ?? '');
    if (path === '') return;
    this.#bySelf.set(path, this.#bySelf.has(path) && this.#bySelf.get(path) !== id ? undefined : id);
  }

  /** `none`: it refers to nothing. `unreadable`: to something, but nobody knows to what. */
  resolve(element: XmlElement | undefined): Reference | 'none' | 'unreadable' {
    if (element === undefined || isBlank(element)) return 'none';
    const url = fieldOf(element, 'refURL');
    const name = element.attributes['name']?.normalize('NFC') ?? fieldOf(element, 'name');
    if (url === undefined) return 'unreadable';
    const own = this.#bySelf.get(pathOf(url));
    if (own !== undefined) return { id: own, isKnown: true, name };
    const candidates = this.#candidates(url);
    const known = candidates.find((id) => this.#ids.has(id));
    const id = known ?? candidates[0];
    return id === undefined ? 'unreadable' : { id, isKnown: known !== undefined, name };
  }

  /** What the last segment may stand for, likeliest first: encoded by percent, or a blank as plus. */
  #candidates(url: string): ExternalId[] {
    const path = pathOf(url);
    const bare = path.replace(/[?#].*$/u, '');
    return [...new Set([path, bare])].flatMap((text) => {
      const [collection, segment] = text.replace(/\/+$/u, '').split('/').slice(-2);
      if (segment === undefined || segment === '') return [];
      if (collection?.toLowerCase() !== this.#listing.item.toLowerCase()) return [];
      return [percentDecoded(segment), percentDecoded(segment.replaceAll('+', ' '))].map(idOf);
    });
  }
}

/** Without scheme and host: the same record comes under several names of the cluster. */
const pathOf = (url: string): string => url.trim().replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/iu, '');

function percentDecoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
