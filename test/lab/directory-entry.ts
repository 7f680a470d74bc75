// One object of the scripted directory: its place in the tree, its attributes and links, each with the update
// sequence number of its last change (which is what a DirSync answer is made from).
import { createHash } from 'node:crypto';
import { attributeTypes, backLinks, links } from './ad-schema.ts';
import { bytesToGuid } from './ad-values.ts';
import type { AttributeValue } from './directory.ts';
import { foldDn } from './dn.ts';

export type StoredAttribute = {
  readonly name: string;
  readonly values: readonly AttributeValue[];
  readonly usn: number;
};
/** A link keeps its row after removal, so that a delta can say "removed". */
export type StoredLink = { readonly target: Entry | string; readonly isPresent: boolean; readonly usn: number };

export function seededGuid(seed: string): Buffer {
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 16);
  bytes[7] = ((bytes[7] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return Buffer.from(bytes);
}

export class Entry {
  readonly guid: Buffer;
  readonly children = new Map<string, Entry>();
  rdn: string;
  parent: Entry | undefined;
  readonly #attributes = new Map<string, StoredAttribute>();
  readonly #links = new Map<string, Map<string, StoredLink>>();
  readonly #back = new Map<string, Set<Entry>>();
  #dn: string | undefined;

  constructor(rdn: string, guid: Buffer) {
    this.rdn = rdn;
    this.guid = guid;
  }

  get dn(): string {
    this.#dn ??= this.parent ? `${this.rdn},${this.parent.dn}` : this.rdn;
    return this.#dn;
  }

  get guidText(): string {
    return bytesToGuid(this.guid);
  }

  get isDeleted(): boolean {
    return this.#attributes.has('isdeleted');
  }

  place(rdn: string, parent: Entry | undefined): void {
    this.rdn = rdn;
    this.parent = parent;
    this.#forgetDn();
  }

  #forgetDn(): void {
    this.#dn = undefined;
    for (const child of this.children.values()) child.#forgetDn();
  }

  set(name: string, values: readonly AttributeValue[], usn: number): void {
    const key = name.toLowerCase();
    this.#attributes.set(key, {
      name: attributeTypes.get(key)?.name ?? this.#attributes.get(key)?.name ?? name,
      values,
      usn,
    });
  }

  /** A cleared attribute keeps its change number, with no values. */
  clear(name: string, usn: number): void {
    const held = this.#attributes.get(name.toLowerCase());
    if (held && held.values.length > 0) this.set(held.name, [], usn);
  }

  attribute(key: string): StoredAttribute | undefined {
    return this.#attributes.get(key);
  }

  /** Lower-case names of the attributes and forward links that have values. */
  attributeNames(): string[] {
    const plain = [...this.#attributes].filter(([, held]) => held.values.length > 0).map(([key]) => key);
    return ['distinguishedname', ...plain, ...[...this.#links.keys()].filter((key) => this.hasLinks(key))];
  }

  /** Also the cleared ones. */
  touchedNames(): string[] {
    return [...this.#attributes.keys()];
  }

  backLinkNames(): string[] {
    return [...this.#back].filter(([, from]) => from.size > 0).map(([key]) => key);
  }

  nameOf(key: string): string {
    return attributeTypes.get(key)?.name ?? this.#attributes.get(key)?.name ?? key;
  }

  text(name: string): string {
    return this.values(name.toLowerCase())[0]?.toString() ?? '';
  }

  values(key: string): readonly AttributeValue[] {
    if (key === 'distinguishedname') return [this.dn];
    if (backLinks.has(key)) return [...(this.#back.get(key) ?? [])].map((from) => from.dn);
    if (links.has(key)) return this.linkTargets(key).map((target) => (typeof target === 'string' ? target : target.dn));
    return this.#attributes.get(key)?.values ?? [];
  }

  hasLinks(key: string): boolean {
    for (const link of this.#links.get(key)?.values() ?? []) if (link.isPresent) return true;
    return false;
  }

  linkTargets(key: string): (Entry | string)[] {
    return [...(this.#links.get(key)?.values() ?? [])].filter((link) => link.isPresent).map((link) => link.target);
  }

  linkRows(key: string): Iterable<StoredLink> {
    return this.#links.get(key)?.values() ?? [];
  }

  /** The objects that link here, for example the groups of a user under `memberof`. */
  backLinked(key: string): ReadonlySet<Entry> {
    return this.#back.get(key) ?? new Set();
  }

  addLink(key: string, target: Entry | string, usn: number): void {
    let rows = this.#links.get(key);
    if (!rows) {
      rows = new Map();
      this.#links.set(key, rows);
    }
    const id = linkId(target);
    if (rows.get(id)?.isPresent) return;
    rows.set(id, { target, isPresent: true, usn });
    if (typeof target !== 'string') target.#backLink(links.get(key) ?? '', this);
  }

  removeLink(key: string, target: Entry | string, usn: number): void {
    const rows = this.#links.get(key);
    const row = rows?.get(linkId(target));
    if (!rows || !row?.isPresent) return;
    rows.set(linkId(target), { target, isPresent: false, usn });
    if (typeof target !== 'string') target.#back.get(links.get(key) ?? '')?.delete(this);
  }

  unlink(key: string, usn: number): void {
    for (const target of this.linkTargets(key)) this.removeLink(key, target, usn);
  }

  /** What deletion does: links from and to the object go without a trace in the objects at the other end. */
  unlinkAll(usn: number): void {
    for (const key of this.#links.keys()) this.unlink(key, usn);
    for (const [back, from] of this.#back) {
      const forward = backLinks.get(back) ?? '';
      for (const entry of from) entry.#links.get(forward)?.delete(linkId(this));
      from.clear();
    }
  }

  #backLink(back: string, from: Entry): void {
    const held = this.#back.get(back);
    if (held) held.add(from);
    else this.#back.set(back, new Set([from]));
  }
}

const linkId = (target: Entry | string): string =>
  typeof target === 'string' ? foldDn(target) : target.guid.toString('hex');
