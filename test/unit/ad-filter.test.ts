// LDAP filters: text to bytes. The bytes are compared with RFC 4511 by hand, and with real servers in the integration tests.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFilter, FilterSyntaxError, parseFilter } from '../../connectors/active-directory/filter.ts';

const bytesOf = (text: string): string => encodeFilter(parseFilter(text)).toString('hex');
const hex = (text: string): string => Buffer.from(text, 'utf8').toString('hex');

/** RFC 4515, 3: what a value looks like in a filter. */
const escaped = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');

describe('LDAP filter', () => {
  it('encodes each kind as RFC 4511 writes it', () => {
    expect(bytesOf('(cn=a)')).toBe(`a307${'0402'}${hex('cn')}0401${hex('a')}`);
    expect(bytesOf('(cn=*)')).toBe(`8702${hex('cn')}`);
    expect(bytesOf('(n>=1)')).toBe(`a506${'0401'}${hex('n')}0401${hex('1')}`);
    expect(bytesOf('(n<=1)')).toBe(`a606${'0401'}${hex('n')}0401${hex('1')}`);
    expect(bytesOf('(n~=1)')).toBe(`a806${'0401'}${hex('n')}0401${hex('1')}`);
    expect(bytesOf('(!(cn=*))')).toBe(`a204${bytesOf('(cn=*)')}`);
    expect(bytesOf('(&(cn=*)(sn=*))')).toBe(`a008${bytesOf('(cn=*)')}${bytesOf('(sn=*)')}`);
    expect(bytesOf('(|(cn=*)(sn=*))')).toBe(`a108${bytesOf('(cn=*)')}${bytesOf('(sn=*)')}`);
    expect(bytesOf('(cn=a*b*c)')).toBe(`a40f0402${hex('cn')}3009${'8001'}${hex('a')}8101${hex('b')}8201${hex('c')}`);
    expect(bytesOf('(cn=*b*)')).toBe(`a4090402${hex('cn')}30038101${hex('b')}`);
  });

  it('encodes matching rules with and without dn', () => {
    const rule = hex('1.2.3');
    expect(bytesOf('(a:1.2.3:=v)')).toBe(`a90d8105${rule}8201${hex('a')}8301${hex('v')}`);
    expect(bytesOf('(a:dn:1.2.3:=v)')).toBe(`a9108105${rule}8201${hex('a')}8301${hex('v')}8401ff`);
    expect(bytesOf('(:1.2.3:=v)')).toBe(`a90a8105${rule}8301${hex('v')}`);
  });

  it('takes escapes above 0x7f as bytes, the ldapts trap', () => {
    expect(bytesOf('(sn=M\\c3\\bcller)')).toBe(bytesOf('(sn=Müller)'));
    expect(bytesOf('(objectGUID=\\c1\\59\\00)')).toContain('c15900');
  });

  it('takes every sequence of bytes, escaped', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
        const filter = parseFilter(`(cn=${escaped(value)})`);
        expect(filter.kind === 'equal' && Buffer.from(filter.value)).toEqual(Buffer.from(value));
      }),
    );
  });

  it('allows blanks between parentheses, and only there', () => {
    expect(bytesOf(' ( & (cn=a b) \n (sn=*) ) ')).toBe(bytesOf('(&(cn=a b)(sn=*))'));
    expect(bytesOf('(cn= a )')).not.toBe(bytesOf('(cn=a)'));
  });

  it.each([
    ['', 0],
    ['cn=a', 0],
    ['(cn=a', 5],
    ['(cn=a))', 6],
    ['(&)', 2],
    ['(&(cn=a)', 8],
    ['(cn=a(b)', 5],
    ['(cn=\\zz)', 4],
    ['(cn=\\4)', 4],
    ['(=a)', 1],
    ['(cn)', 1],
    ['(cn>=a*)', 1],
    ['(!(a=b)(c=d))', 7],
  ])('refuses %j and says where', (text, position) => {
    const error = captured(text);
    expect(error).toBeInstanceOf(FilterSyntaxError);
    expect(error?.position).toBe(position);
    expect(error?.message).toContain(`character ${position + 1}`);
  });

  it('refuses a filter that is too deep instead of running out of stack', () => {
    expect(captured(`${'(!'.repeat(100_000)}(a=b)`)?.message).toContain('levels');
  });

  it('answers any text with a filter or a syntax error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('(', ')', '&', '|', '!', '*', '\\', ':', '=', '>', 'a', '4', ' ', 'é') }),
        (text) => {
          const error = captured(text);
          if (error === undefined) encodeFilter(parseFilter(text));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

function captured(text: string): FilterSyntaxError | undefined {
  try {
    parseFilter(text);
    return undefined;
  } catch (error) {
    if (error instanceof FilterSyntaxError) return error;
    throw error;
  }
}
