// The scan before the XML parser: what is cut off, wrongly nested or dangerous never gets to a parser that would make less of it.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseXml } from '../../connectors/xml-document.ts';
import { maxXmlParts, scanXml } from '../../connectors/xml-scan.ts';
import { RosterdError } from '../../src/model/errors.ts';

const becauseOf = (text: string): string => {
  const verdict = scanXml(text);
  return verdict.kind === 'malformed' ? verdict.because : '';
};
const codeOf = (text: string): string => {
  try {
    parseXml(text);
    return 'read';
  } catch (error) {
    return error instanceof RosterdError ? error.code : String(error);
  }
};

describe('scan of XML', () => {
  it.each([
    ['<a/>', 1],
    ['<a></a >', 1],
    ['\ufeff<?xml version="1.0" encoding="UTF-8"?>\r\n<a>\n <b/>\t<b x = "1>2" y=\'"\'>t</b></a>\n<!-- end -->', 3],
    ['<n:a xmlns:n="urn:x"><n:b-1.x/></n:a>', 2],
    ['<a><![CDATA[</a><b>]]><!-- </a> --><?pi x="1"?></a>', 1],
  ])('%j', (text, elements) => {
    expect(scanXml(text)).toEqual({ kind: 'well-formed', elements });
  });

  it.each<[string, RegExp]>([
    ['', /no root/u],
    ['<a><b/>', /cut off: <a>/u],
    ['<a><b></a></b>', /<\/a> ends <b>/u],
    ['<a/></a>', /ends nothing/u],
    ['<a/><b/>', /second root/u],
    ['<a/>x', /outside/u],
    ['<a/><![CDATA[x]]>', /outside/u],
    ['{"a":1}', /outside/u],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', /DOCTYPE/u],
    ['<a>\n<b>\n<c', /line 3: a tag/u],
    ['<a x=1/>', /wrongly written/u],
    ['<a x="1/>', /wrongly written/u],
    ['<a>1 < 2</a>', /wrongly written/u],
    ['<a><![CDATA[x</a>', /wrongly written/u],
    ['<a><?pi </?></a>', /wrongly written/u],
    ["<a><?pi it's?><b/>'</a>", /wrongly written/u],
  ])('refuses %j', (text, because) => {
    expect(becauseOf(text)).toMatch(because);
    expect(() => parseXml(text)).toThrow(/not well-formed/u);
  });

  it('refuses every beginning of a document', () => {
    const whole = '<?xml version="1.0"?><r><a t="x">1 &amp; 2</a><b/><!-- c --><c><![CDATA[d]]></c></r>';
    expect(scanXml(whole)).toEqual({ kind: 'well-formed', elements: 4 });
    for (let end = 0; end < whole.length; end += 1) expect(scanXml(whole.slice(0, end)).kind).toBe('malformed');
  });

  it.each([
    ['elements', '<r><a/><a/><a/></r>', '<r><a/><a/><a/><a/></r>'],
    ['attributes', '<r a="1" b="2" c="3"/>', '<r a="1" b="2" c="3" d="4"/>'],
    ['CDATA sections', `<r>${'<![CDATA[x]]>'.repeat(3)}</r>`, `<r>${'<![CDATA[x]]>'.repeat(4)}</r>`],
    ['comments', `<r>${'<!-- -->'.repeat(3)}</r>`, `<r>${'<!-- -->'.repeat(4)}</r>`],
    ['instructions', `<r>${'<?pi?>'.repeat(3)}</r>`, `<r>${'<?pi?>'.repeat(4)}</r>`],
  ])('takes as many %s as it is told, and not one more', (_what, most, more) => {
    expect(scanXml(most, 4).kind).toBe('well-formed');
    expect(scanXml(more, 4)).toEqual({ kind: 'too large', because: expect.stringContaining('more than 4') });
  });

  it('gives no parser what would fill the memory, however small it is', () => {
    const bomb = `<r>${'<a/>'.repeat(maxXmlParts)}</r>`;
    expect(gzipSync(bomb).length).toBeLessThan(16_384);
    expect(codeOf(bomb)).toBe('source-limit');
  });

  it('refuses an element with more attributes than anything has, and does not fall over it', () => {
    const many = (count: number): string => Array.from({ length: count }, (_, at) => ` a${at}="1"`).join('');
    expect(codeOf(`<r${many(1_000)}/>`)).toBe('read');
    for (const count of [1_001, 2_000_000]) expect(codeOf(`<r${many(count)}/>`)).toBe('source-protocol');
    expect(codeOf(`<?pi ${'""'.repeat(5_000_000)}?><r/>`)).toBe('source-protocol');
  });

  it('takes time in proportion to a hostile text', () => {
    const hostile = [
      '<'.repeat(300_000),
      `<a${' x="1"'.repeat(200_000)}`,
      `<!--${'-'.repeat(300_000)}`,
      '<a>'.repeat(200_000),
    ];
    for (const text of hostile) expect(scanXml(text).kind).toBe('malformed');
  });
});
