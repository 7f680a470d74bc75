// The scan before the XML parser: what is cut off, wrongly nested or dangerous never gets to a parser that would make less of it.
import { describe, expect, it } from 'vitest';
import { parseXml } from '../../connectors/xml-document.ts';
import { scanXml } from '../../connectors/xml-scan.ts';

const becauseOf = (text: string): string => {
  const verdict = scanXml(text);
  return verdict.kind === 'malformed' ? verdict.because : '';
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
