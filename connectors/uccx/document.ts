// What UCCX answers, XML or JSON, as one tree, so that everything behind this reads one form.
// Invariant: a list of resources is taken for one only if it says so; what is cut off or of another kind is an error, never an empty list.

import { RosterdError } from '../../src/model/errors.ts';
import type { HttpAnswer } from '../http-source.ts';
import { child, childrenOf, isNamed, parseXml, type XmlElement } from '../xml-document.ts';

export type Format = 'XML' | 'JSON';

/** One of the lists, and how its items are called. */
export interface Listing {
  readonly path: string;
  readonly list: string;
  readonly item: 'resource' | 'team';
}

export const resources: Listing = { path: '/adminapi/resource', list: 'resources', item: 'resource' };
export const teams: Listing = { path: '/adminapi/team', list: 'teams', item: 'team' };

/** XML first: its form is known from real answers of UCCX, that of JSON mostly from programs that read it. */
export const accept = 'application/xml, application/json;q=0.9';

export interface Collection {
  readonly format: Format;
  readonly items: readonly XmlElement[];
  /** Reasons not to believe that these are all. */
  readonly doubts: readonly string[];
}

interface Document {
  readonly format: Format;
  readonly root: XmlElement;
}

/** Of JSON, where the root is dropped. */
const noName = '';
const deepest = 100;

/** By the first character, because UCCX has answered in either form whatever was asked for (cisco-apis.md 1.8). */
function documentOf({ text, contentType }: HttpAnswer): Document {
  const [first] = text.trimStart();
  if (first === '<') return { format: 'XML', root: parseXml(text) };
  if (first === '{' || first === '[') return { format: 'JSON', root: fromJson(text) };
  const what = first === undefined ? 'is empty' : 'is neither XML nor JSON';
  throw protocolError(`the answer ${what}${contentType === '' ? '' : ` (${contentType})`}`);
}

function fromJson(text: string): XmlElement {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw protocolError(`the answer is not well-formed JSON: ${(error as Error).message.slice(0, 200)}`, error);
  }
  return elementOf(noName, value, 0);
}

/** A key is a child, an array several of them; `@name` is an attribute, as is what stands under `$`. */
function elementOf(name: string, value: unknown, depth: number): XmlElement {
  if (depth > deepest) throw protocolError('the answer is nested too deeply');
  if (Array.isArray(value)) return { ...empty(name), children: itemsOf(name, value, depth) };
  if (typeof value !== 'object' || value === null) return { ...empty(name), text: textOfJson(value) };
  const attributes: [string, string][] = [];
  const children: XmlElement[] = [];
  for (const [key, inner] of Object.entries(value)) {
    if (key.startsWith('@')) attributes.push([key.slice(1), textOfJson(inner)]);
    else if (key === '$' && typeof inner === 'object' && inner !== null)
      attributes.push(...Object.entries(inner).map(([own, text]): [string, string] => [own, textOfJson(text)]));
    else if (Array.isArray(inner)) for (const item of itemsOf(key, inner, depth + 1)) children.push(item);
    else children.push(elementOf(key, inner, depth + 1));
  }
  return { name, attributes: Object.fromEntries(attributes), children, text: '' };
}

const empty = (name: string): XmlElement => ({ name, attributes: {}, children: [], text: '' });

const itemsOf = (name: string, values: readonly unknown[], depth: number): XmlElement[] =>
  values.flatMap((value) =>
    Array.isArray(value) ? [...elementOf(name, value, depth + 1).children] : [elementOf(name, value, depth + 1)],
  );

const textOfJson = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value).trim() : '';

/** Throws RosterdError `source-protocol` for anything but a whole list of this kind, `source-refused` for an error of UCCX. */
export function collectionOf(answer: HttpAnswer, listing: Listing): Collection {
  const { format, root } = documentOf(answer);
  const refusal = refusalOf(root);
  if (refusal !== undefined) throw new RosterdError('source-refused', `UCCX answers with an error: ${refusal.said}`);
  const { list, item } = listing;
  if (isNamed(root, list)) return listed(format, root, listing);
  if (isNamed(root, item)) return single(format, root, listing);
  if (root.name !== noName) throw protocolError(`a list of ${list} was asked for, but <${root.name}> came`);
  const inner = child(root, list);
  if (inner === undefined) return rootless(format, root, listing);
  const { items, doubts } = listed(format, inner, listing);
  return { format, items, doubts: [...doubts, ...strangersIn(root, list, listing)] };
}

function listed(format: Format, list: XmlElement, listing: Listing): Collection {
  const { item } = listing;
  const items = childrenOf(list, item);
  const [only, ...others] = items;
  // In JSON an empty list may be null, "" or {}. In XML, and beside others, such an item is one that cannot be read.
  const isNothing = format === 'JSON' && only !== undefined && others.length === 0 && isBlank(only);
  return { format, items: isNothing ? [] : items, doubts: strangersIn(list, item, listing) };
}

const strangersNamed = 5;

/** Nobody knows what else a list may hold: an error of UCCX beside the items, say, or items where they are not looked for. */
function strangersIn({ children, text }: XmlElement, expected: string, { list }: Listing): string[] {
  const strangers = new Set(children.filter((one) => !isNamed(one, expected)).map(({ name }) => name.slice(0, 50)));
  if (text !== '') strangers.add(`"${text.slice(0, 50)}"`);
  if (strangers.size === 0) return [];
  const named = [...strangers].slice(0, strangersNamed).join(', ');
  return [`the answer to the question for all ${list} holds ${named} too, so something may have been left out`];
}

const single = (format: Format, item: XmlElement, { list }: Listing): Collection => ({
  format,
  items: [item],
  doubts: [`a list of ${list} was asked for, but a single one came`],
});

/** JSON has no root: `{"@type":"teamXMLList","team":[...]}`, or only the array. */
function rootless(format: Format, root: XmlElement, listing: Listing): Collection {
  const { list, item } = listing;
  const type = root.attributes['type']?.toLowerCase();
  if (type !== undefined && type !== `${item}xmllist`.toLowerCase())
    throw protocolError(`a list of ${list} was asked for, but a ${root.attributes['type']} came`);
  const bare = root.children.filter(({ name }) => name === noName);
  if (bare.length > 0) return { format, items: bare, doubts: strangersIn(root, noName, listing) };
  if (type !== undefined || childrenOf(root, item).length > 0) return listed(format, root, listing);
  if (isBlank(root))
    return { format, items: [], doubts: [`an empty answer does not say that it is a list of ${list}`] };
  if (identityOf(root, listing)) return single(format, root, listing);
  throw protocolError(`a list of ${list} was asked for, but something else came`);
}

const identityOf = (root: XmlElement, { item }: Listing): boolean =>
  child(root, item === 'resource' ? 'userID' : 'teamId') !== undefined;

/** Nothing in it: `<resource/>`, null, "", {}. */
export const isBlank = ({ text, children, attributes }: XmlElement): boolean =>
  text === '' && children.length === 0 && Object.keys(attributes).length === 0;

/** The one item that was asked for; undefined when something else came. Throws as collectionOf(). */
export function itemOf(answer: HttpAnswer, { item }: Listing): XmlElement | undefined {
  const { root } = documentOf(answer);
  if (root.name === noName) return child(root, item) ?? root;
  return isNamed(root, item) ? root : undefined;
}

/** An error of UCCX. */
export interface Refusal {
  readonly said: string;
  /** In words that UCCX is known to use for a record that it does not have. */
  readonly isNotFound: boolean;
}

/** Undefined where the body is no error of UCCX. Never throws. */
export function errorIn(answer: HttpAnswer): Refusal | undefined {
  try {
    return refusalOf(documentOf(answer).root);
  } catch {
    return undefined;
  }
}

/** Seen in answers, and documented for newer calls as `Not Found`. */
const notFoundTypes: ReadonlySet<string> = new Set(['instancenotfound', 'notfound']);

function refusalOf(root: XmlElement): Refusal | undefined {
  const isList = isNamed(root, 'apiErrors') || root.name === noName;
  const errors = isNamed(root, 'apiError')
    ? [root]
    : isList
      ? childrenOf(child(root, 'apiErrors') ?? root, 'apiError')
      : [];
  const [first] = errors;
  if (first === undefined) return undefined;
  const said = ['errorType', 'errorMessage', 'errorData'].map((name) => child(first, name)?.text ?? '');
  const text = said.filter((part) => part !== '').join(': ');
  if (text === '') return undefined;
  const isNotFound = errors.every((error) => notFoundTypes.has(foldedTypeOf(error)));
  return { said: text.replace(/\s+/gu, ' ').slice(0, 300), isNotFound };
}

const foldedTypeOf = (error: XmlElement): string =>
  (child(error, 'errorType')?.text ?? '').replace(/\s/gu, '').toLowerCase();

const protocolError = (message: string, cause?: unknown): RosterdError =>
  new RosterdError('source-protocol', message, { cause });
