// What is XML, what is refused, and that a document which is cut off anywhere never reads as a shorter one.
import { describe, expect, it } from 'vitest';
import { attributeOf, child, childrenOf, nameOf, parseXml, textOf } from '../../connectors/xml-document.ts';
import { RosterdError } from '../../src/model/errors.ts';

const codeOf = (text: string): string => {
  try {
    parseXml(text);
    return 'read';
  } catch (error) {
    if (!(error instanceof RosterdError)) throw error;
    return error.code;
  }
};

const list = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!-- two teams -->
<teams xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <team xsi:type="team"><teamId>1</teamId><teamname>Default</teamname></team>
  <team><teamId>6</teamId><teamname>Back &amp; Front</teamname><x:primarySupervisor name="Ana &quot;B&quot;"/></team>
</teams>
`;

describe('XML document', () => {
  it('gives elements, attributes and text, without prefixes', () => {
    const root = parseXml(list);
    expect(nameOf(root)).toBe('teams');
    expect(root.attributes).toEqual({});
    const [first, second] = childrenOf(root, 'team');
    expect(first && attributeOf(first, 'type')).toBe('team');
    expect(second && textOf(child(second, 'teamname') ?? root)).toBe('Back & Front');
    const supervisor = child(second, 'primarySupervisor');
    expect(supervisor && attributeOf(supervisor, 'name')).toBe('Ana "B"');
    expect(supervisor && attributeOf(supervisor, 'toString')).toBeUndefined();
    expect(childrenOf(second, 'nothing')).toEqual([]);
    expect(child(undefined, 'team')).toBeUndefined();
  });

  it('finds children whatever their case', () => {
    expect(childrenOf(parseXml('<skills><Skill/><skill/></skills>'), 'skill')).toHaveLength(2);
  });

  it.each([
    ['trims and keeps what is inside', '<a>\r\n\t Mira  Horvat\n</a>', 'Mira  Horvat'],
    ['takes CDATA as it is', '<a>x <![CDATA[<b>&amp;]]> y</a>', 'x <b>&amp; y'],
    ['decodes references once', '<a>&amp;lt; &#65;&#x1F600; &quot;&apos;&lt;&gt;</a>', '&lt; A😀 "\'<>'],
    ['looks over comments and instructions', '<?pi x?><a>b<!-- no -->c<?pi y?></a>', 'bc'],
    ['makes no number of digits', '<a>007</a>', '007'],
    ['makes nothing of true', '<a>true</a>', 'true'],
    ['has an empty text for an empty element', '<a/>', ''],
    ['takes a control character by number', '<a>x&#7;</a>', 'x\u0007'],
  ])('%s', (_what, document, text) => {
    expect(parseXml(document).text).toBe(text);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses an element %s and is not changed by it', (name) => {
    expect(codeOf(`<a><${name} polluted="x"/></a>`)).toBe('source-protocol');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['text', 'Service unavailable'],
    ['JSON', '{"team":[]}'],
    ['a missing end tag', '<a><b></b>'],
    ['a wrong end tag', '<a><b></a></b>'],
    ['two roots', '<a/><b/>'],
    ['text before the root', 'x<a/>'],
    ['text behind the root', '<a/>x'],
    ['an attribute without quotes', '<a b=c/>'],
    ['a tag in an attribute', '<a b="<c>"/>'],
    ['a bare ampersand', '<a>R & D</a>'],
    ['an entity that XML does not have', '<a>&nbsp;</a>'],
    ['an entity of an object', '<a>&toString;</a>'],
    ['a null character', '<a>&#0;</a>'],
    ['half a surrogate pair', '<a>&#xD800;</a>'],
    ['an unknown entity in an attribute', '<a b="&bad;"/>'],
    ['a DOCTYPE', '<!DOCTYPE a><a/>'],
    ['an entity of its own', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['a file as entity', '<!doctype a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ['a comment without end', '<a/><!-- x'],
    ['CDATA without end', '<a><![CDATA[x</a>'],
  ])('refuses %s', (_what, text) => {
    expect(codeOf(text)).toBe('source-protocol');
  });

  it('refuses a document that is cut off, wherever that is', () => {
    const end = list.lastIndexOf('>') + 1;
    for (let at = 0; at < end; at += 1)
      expect(codeOf(list.slice(0, at)), `after ${at} characters`).toBe('source-protocol');
    expect(codeOf(list.slice(0, end))).toBe('read');
  });

  it('refuses a document that is nested without end, and does not fall over it', () => {
    expect(codeOf(`${'<a>'.repeat(20_000)}${'</a>'.repeat(20_000)}`)).toBe('source-protocol');
  });

  it('reads a thousand entities that stand for each other in no time, because it knows none', () => {
    const laughs = `<!DOCTYPE l [<!ENTITY a "ha">${'<!ENTITY b "&a;&a;">'.repeat(1_000)}]><l>&b;</l>`;
    expect(codeOf(laughs)).toBe('source-protocol');
  });
});
