// One tree, written as the XML that the documentation shows or as the JSON that public clients read (cisco-apis 2.2, 2.5).
// Fields are written in the order given; a collection is an element around its items, and in JSON an array with one object.

export type Value = string | number | boolean | Fields | Collection;
export interface Fields {
  readonly fields: readonly Field[];
  /** Becomes xsi:type in XML; JSON of real servers shows nothing of it. */
  readonly type?: string;
}
export interface Collection {
  readonly item: string;
  readonly items: readonly Fields[];
}
export type Field = readonly [name: string, value: Value | undefined];

export interface Notation {
  /** `none`: without the XML declaration. */
  readonly declaration: 'full' | 'none';
  /** Names in no namespace, in a default one, or with a prefix. The namespace itself is invented. */
  readonly namespace: 'none' | 'default' | 'prefix';
  readonly typeMarks: 'shown' | 'none';
  readonly text: 'utf-8' | 'numeric-references';
  /** What a collection without items looks like. */
  readonly emptyCollection: 'missing' | 'empty';
  /** What JSON makes of a collection with one item. */
  readonly singleJsonItem: 'array' | 'object';
}

export const usualNotation: Notation = {
  declaration: 'full',
  namespace: 'none',
  typeMarks: 'shown',
  text: 'utf-8',
  emptyCollection: 'missing',
  singleJsonItem: 'array',
};

export const fields = (...list: readonly Field[]): Fields => ({ fields: list });
const isCollection = (value: Fields | Collection): value is Collection => 'items' in value;
const namespaceUri = 'urn:example:unifiedconfig';
const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance';
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
// XML 1.0, 2.2: these characters cannot be written at all.
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is exactly the control characters that are meant
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu;

// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const needsCare = /[&<>"\u0000-\u001f\u0080-\uffff]/;

function escapeText(text: string, notation: Notation): string {
  if (!needsCare.test(text)) return text;
  const escaped = text.replace(notXml, '').replace(/[&<>"]/g, (character) => entities[character] ?? character);
  if (notation.text === 'utf-8') return escaped;
  return escaped.replace(/[\u0080-\u{10ffff}]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
}

function isShown(value: Value | undefined, notation: Notation): value is Value {
  if (value === undefined) return false;
  return (
    !(typeof value === 'object' && isCollection(value) && value.items.length === 0) ||
    notation.emptyCollection === 'empty'
  );
}

export function writeXml(root: string, content: Fields, notation: Notation): string {
  const prefix = notation.namespace === 'prefix' ? 'ns2:' : '';
  const declared = { none: '', default: ` xmlns="${namespaceUri}"`, prefix: ` xmlns:ns2="${namespaceUri}"` };
  const open = (name: string, value: Value, attributes: string): string => {
    if (typeof value !== 'object') return element(name, attributes, escapeText(String(value), notation));
    if (isCollection(value))
      return element(name, attributes, value.items.map((item) => open(value.item, item, '')).join(''));
    const mark =
      value.type === undefined || notation.typeMarks === 'none'
        ? ''
        : ` xmlns:xsi="${schemaInstance}" xsi:type="${prefix}${value.type}"`;
    return element(name, attributes + mark, inside(value));
  };
  const inside = ({ fields: list }: Fields): string =>
    list.map(([name, value]) => (isShown(value, notation) ? open(name, value, '') : '')).join('');
  const element = (name: string, attributes: string, body: string): string =>
    body === '' ? `<${prefix}${name}${attributes}/>` : `<${prefix}${name}${attributes}>${body}</${prefix}${name}>`;
  const declaration =
    notation.declaration === 'full' ? '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' : '';
  return `${declaration}${open(root, content, declared[notation.namespace])}`;
}

/** Without the name of the root, which JSON does not show. */
export function writeJson(content: Fields, notation: Notation): string {
  const plain = (value: Value): unknown => {
    if (typeof value !== 'object') return value;
    if (!isCollection(value)) return object(value);
    const items = value.items.map(object);
    const inner = items.length === 1 && notation.singleJsonItem === 'object' ? items[0] : items;
    return [{ [value.item]: inner }];
  };
  const object = ({ fields: list }: Fields): Record<string, unknown> =>
    Object.fromEntries(list.flatMap(([name, value]) => (isShown(value, notation) ? [[name, plain(value)]] : [])));
  return JSON.stringify(object(content));
}
