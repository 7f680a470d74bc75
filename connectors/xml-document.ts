// An XML document as a tree of elements, read by fast-xml-parser; every value is text, names are without their prefix.
// Invariant: what is malformed or cut off throws and never yields a shorter tree; nothing in a document is expanded or fetched.

import { XMLParser } from 'fast-xml-parser';
import { RosterdError } from '../src/model/errors.ts';
import { firstLine } from './network-failures.ts';
import { scanXml } from './xml-scan.ts';

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
  // Otherwise a path is spelt out for every element, for callbacks that nobody has.
  jPath: false,
});

/** The root element. Throws RosterdError `source-protocol`, or `source-limit` for what would fill the memory. */
export function parseXml(text: string): XmlElement {
  // No answer of these systems has a DOCTYPE, and it is where XML becomes dangerous: the scan refuses it.
  const verdict = scanXml(text);
  if (verdict.kind === 'malformed') throw malformed(verdict.because);
  if (verdict.kind === 'too large')
    throw new RosterdError('source-limit', `the answer is too large: ${verdict.because}`);
  const tree = new Tree();
  const [root] = tree.elementsOf(parsed(text));
  if (root === undefined || tree.elements !== verdict.elements) {
    throw malformed(`it has ${verdict.elements} elements, of which ${tree.elements} were read`);
  }
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

const noChildren: readonly XmlElement[] = [];

/** Twelve thousand agents have half a million nodes: each is looked at once, by its first key, which names it. */
class Tree {
  elements = 0;

  elementsOf(nodes: readonly RawNode[]): XmlElement[] {
    const elements: XmlElement[] = [];
    for (const node of nodes) {
      const key = firstKeyOf(node);
      if (isElement(key)) elements.push(this.#elementOf(key, node));
    }
    return elements;
  }

  #elementOf(rawName: string, node: RawNode): XmlElement {
    this.elements += 1;
    let text = '';
    let children: XmlElement[] | undefined;
    for (const part of node[rawName] as readonly RawNode[]) {
      const key = firstKeyOf(part);
      if (key === textKey) text += decoded(String(part[textKey]));
      else if (key === cdataKey) text += String((part[cdataKey] as readonly RawNode[])[0]?.[textKey] ?? '');
      else if (isElement(key)) {
        children ??= [];
        children.push(this.#elementOf(key, part));
      }
    }
    return {
      name: localName(rawName),
      attributes: attributesOf(node[attributesKey] as Readonly<Record<string, string>> | undefined),
      children: children ?? noChildren,
      text: text.trim(),
    };
  }
}

function firstKeyOf(node: RawNode): string {
  for (const key in node) return key;
  return textKey;
}

const isElement = (key: string): boolean => key !== textKey && key !== cdataKey && !key.startsWith('?');

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
