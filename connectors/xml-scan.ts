// Whether a text is well-formed XML as far as it matters here: every tag whole, every element ended by its own end tag, one root.
// Invariant: fast-xml-parser takes a document that is cut off or wrongly nested for a shorter one; what passes here it reads in full.
// Its own validator says the same at three times the cost (measured with 12,000 agents). And it ends where the tree would fill the memory.

const name = '[A-Za-z_:\\u0080-\\uffff][\\w.:\\-\\u0080-\\uffff]*';
const attribute = `\\s+${name}\\s*=\\s*(?:"[^"<]*"|'[^'<]*')`;
// With bounds, as a group without any ends in a RangeError where there are millions.
const attributes = `(?:${attribute}){0,1000}`;
// The parser passes over quoted text in an instruction, so quotes in one must come in pairs.
const instruction = `\\?[^"'?<>]*(?:(?:"[^"?<>]*"|'[^'?<>]*')[^"'?<>]*){0,1000}\\?>`;
const token = new RegExp(
  `(?<text>[^<]+)|<(?:(?<start>${name})${attributes}\\s*(?<empty>/?)>|/(?<end>${name})\\s*>|!--[^]*?-->|(?<literal>!\\[CDATA\\[[^]*?\\]\\]>)|${instruction})`,
  'uy',
);

/**
 * Elements, attributes, comments and the like. A page of UCCE (100 records) and a UCCX (at most 400 agents) stay far below it;
 * a million of the worst kind takes half a gigabyte and some seconds (measured), and compressed it is a few kilobytes.
 */
export const maxXmlParts = 1_000_000;

export type XmlVerdict =
  /** `elements`: as many as the tree must have. */
  | { readonly kind: 'well-formed'; readonly elements: number }
  | { readonly kind: 'malformed'; readonly because: string }
  | { readonly kind: 'too large'; readonly because: string };

export function scanXml(text: string, maxParts: number = maxXmlParts): XmlVerdict {
  const open: string[] = [];
  let elements = 0;
  let parts = 0;
  let at = 0;
  token.lastIndex = 0;
  while (at < text.length) {
    const found = token.exec(text);
    if (found === null) return malformed(whyNothingFits(text.slice(at, at + 10)), text, at);
    const [, plain, start, empty, end, literal] = found;
    if (plain === undefined && end === undefined) {
      parts += 1 + (start === undefined ? 0 : attributesIn(found[0]));
      if (parts > maxParts)
        return { kind: 'too large', because: `it has more than ${maxParts} elements and attributes` };
    }
    if (start !== undefined) {
      if (open.length === 0 && elements > 0) return malformed('it has a second root element', text, at);
      elements += 1;
      if (empty === '') open.push(start);
    } else if (end !== undefined) {
      const last = open.pop();
      if (last !== end) return malformed(`</${end}> ends ${last === undefined ? 'nothing' : `<${last}>`}`, text, at);
    } else if (open.length === 0 && (literal ?? plain ?? '').trim() !== '') {
      return malformed('there is text outside of the root element', text, at);
    }
    at = token.lastIndex;
  }
  const last = open.at(-1);
  if (last !== undefined) return malformed(`it is cut off: <${last}> has no end`, text, at);
  return elements === 0 ? malformed('it has no root element', text, at) : { kind: 'well-formed', elements };
}

/** At least as many as there are: a value may have one too. */
function attributesIn(tag: string): number {
  let count = 0;
  for (let at = tag.indexOf('='); at >= 0; at = tag.indexOf('=', at + 1)) count += 1;
  return count;
}

const whyNothingFits = (rest: string): string =>
  /^<!doctype/iu.test(rest) ? 'it has a DOCTYPE, which is refused' : 'a tag is cut off or wrongly written';

const malformed = (because: string, text: string, at: number): XmlVerdict => ({
  kind: 'malformed',
  because: `line ${text.slice(0, at).split('\n').length}: ${because}`,
});
