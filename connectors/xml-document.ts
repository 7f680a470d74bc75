// An XML document as a tree of elements, read by fast-xml-parser; every value is text, names are without their prefix.
// Invariant: what is malformed or cut off throws and never yields a shorter tree; nothing in a document is expanded or fetched.

import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { RosterdError } from '../src/model/errors.ts';
import { firstLine } from './network-failures.ts';

export interface XmlElement {
  /** Without prefix, in the case of the document. */
  readonly name: string;
  /** Without prefixes; `xmlns` and its like are left out. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text with CDATA, trimmed; not that of its children. */
  readonly text: string;
}

type RawNode = Readonly<Record<string, unknown>>;

const textKey = '#text';
const cdataKey = '#cdata';
const attributesKey = ':@';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // References are decoded below, where an unknown one is an error.
  processEntities: false,
  textNodeName: textKey,
  cdataPropName: cdataKey,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // Prefixes are taken off below: the parser would also take them off processing instructions and miscount their ends.
  removeNSPrefix: false,
});

/** The root element. Throws RosterdError `source-protocol`. */
export function parseXml(text: string): XmlElement {
  // No answer of these systems has one, and it is where XML becomes dangerous.
  if (/<!doctype/iu.test(text)) throw malformed('it has a DOCTYPE, which is refused');
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw malformed(`line ${verdict.err.line}: ${verdict.err.msg}`);
  // The validator overlooks text behind a root element that closes itself.
  if (text.slice(text.lastIndexOf('>') + 1).trim() !== '') throw malformed('it has text behind its root element');
  const roots = elementsOf(parsed(text));
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw malformed(`it has ${roots.length} root elements`);
  return root;
}

function parsed(text: string): readonly RawNode[] {
  try {
    return parser.parse(text) as readonly RawNode[];
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error), error);
  }
}

const malformed = (because: string, cause?: unknown): RosterdError =>
  new RosterdError('source-protocol', `the answer is not well-formed XML: ${firstLine(because)}`, { cause });

function elementsOf(nodes: readonly RawNode[]): XmlElement[] {
  const elements: XmlElement[] = [];
  for (const node of nodes) {
    const name = elementName(node);
    if (name !== undefined) elements.push(elementOf(name, node));
  }
  return elements;
}

function elementName(node: RawNode): string | undefined {
  for (const key in node) {
    if (key !== attributesKey && key !== textKey && key !== cdataKey && !key.startsWith('?')) return key;
  }
  return undefined;
}

function elementOf(rawName: string, node: RawNode): XmlElement {
  const inner = (node[rawName] ?? []) as readonly RawNode[];
  let text = '';
  for (const part of inner) {
    const own = part[textKey];
    if (typeof own === 'string') text += decoded(own);
    const literal = part[cdataKey] as readonly RawNode[] | undefined;
    if (literal !== undefined) text += String(literal[0]?.[textKey] ?? '');
  }
  return {
    name: localName(rawName),
    attributes: attributesOf(node[attributesKey] as Readonly<Record<string, string>> | undefined),
    children: elementsOf(inner),
    text: text.trim(),
  };
}

const noAttributes: Readonly<Record<string, string>> = {};

function attributesOf(raw: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  if (raw === undefined) return noAttributes;
  return Object.fromEntries(
    Object.entries(raw)
      .filter(([name]) => name !== 'xmlns' && !name.startsWith('xmlns:'))
      .map(([name, value]) => [localName(name), decoded(value).trim()]),
  );
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

const predefined: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x(?<hex>[0-9a-f]{1,6});|#(?<decimal>\d{1,7});|(?<name>[\w.-]+);)?/giu,
    (reference, ...rest) => {
      const { hex, decimal, name } = rest.at(-1) as Readonly<Record<string, string | undefined>>;
      const character =
        name === undefined
          ? characterOf(hex === undefined ? Number.parseInt(decimal ?? '0', 10) : Number.parseInt(hex, 16))
          : Object.hasOwn(predefined, name)
            ? predefined[name]
            : undefined;
      if (character === undefined) throw malformed(`${reference} stands for nothing`);
      return character;
    },
  );
}

/** Control characters are taken, as XML 1.1 does: a stray one in a description must not stop all reads. */
const characterOf = (code: number): string | undefined =>
  code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? undefined : String.fromCodePoint(code);

/** Without prefix, in the case of the document. */
export const nameOf = (element: XmlElement): string => element.name;

/** Its own text with CDATA, trimmed. */
export const textOf = (element: XmlElement): string => element.text;

/** Undefined where it has no attribute of this name; without prefix. */
export const attributeOf = (element: XmlElement, name: string): string | undefined =>
  Object.hasOwn(element.attributes, name) ? element.attributes[name] : undefined;

/** All children of this name, in their order. Case does not matter: Cisco's own samples differ in it. */
export const childrenOf = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element === undefined ? [] : element.children.filter((candidate) => isNamed(candidate, name));

/** The first child of this name. */
export const child = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((candidate) => isNamed(candidate, name));

export const isNamed = (element: XmlElement, name: string): boolean =>
  element.name === name || (element.name.length === name.length && element.name.toLowerCase() === name.toLowerCase());
