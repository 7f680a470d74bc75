// Bytes of the connection to entries: what a directory holds, and what a hostile or broken server may send.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { element, integer, sequence, text } from '../../connectors/active-directory/ber.ts';
import {
  type DirectoryEntry,
  EntryDecoder,
  MalformedMessage,
  type WantedAttribute,
} from '../../connectors/active-directory/decode.ts';
import {
  MessageCutter,
  operation,
  pagingControl,
  searchRequestBytes,
  spanAt,
} from '../../connectors/active-directory/messages.ts';
import { oddValues } from '../lab/ldap-faults.ts';

type Values = readonly (string | Buffer)[];

const wanted: readonly WantedAttribute[] = [
  { request: 'cn', name: 'cn', kind: 'text' },
  { request: 'member', name: 'member', kind: 'text' },
  { request: 'objectGUID', name: 'objectguid', kind: 'guid' },
  { request: 'objectSid', name: 'objectsid', kind: 'sid' },
  { request: 'photo', name: 'photo', kind: 'base64' },
];

const octets = (value: string | Buffer): Buffer => element(0x04, Buffer.from(value));

function entryBytes(dn: string | Buffer, attributes: readonly (readonly [string, Values])[]): Buffer {
  const list = attributes.map(([name, values]) => sequence(text(name), element(0x31, ...values.map(octets))));
  return Buffer.concat([octets(dn), sequence(...list)]);
}

function decode(attributes: Readonly<Record<string, Values>>, dn: string | Buffer = 'CN=a'): DirectoryEntry {
  const bytes = entryBytes(dn, Object.entries(attributes));
  return new EntryDecoder(wanted).decode(bytes, 0, bytes.length);
}

const cnOf = (value: string | Buffer): DirectoryEntry => decode({ cn: [value] });

describe('search entry decoder', () => {
  it('gives one shape for none, one and many values, whatever the case of the name', () => {
    expect(decode({}).values[0]).toEqual([]);
    expect(decode({ CN: ['a'] }).values[0]).toEqual(['a']);
    expect(decode({ Cn: ['a', 'b'] }).values[0]).toEqual(['a', 'b']);
  });

  it('drops what nobody asked for, language variants and hostile names too', () => {
    const entry = decode({ sn: ['x'], 'cn;lang-de': ['y'], __proto__x: ['z'], ['__proto__']: ['z'] });
    expect(entry.values.flat()).toEqual([]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('keeps `member;range=0-1499` and the empty `member` beside it apart, in either order', () => {
    for (const order of [
      ['member;range=0-1499', 'member'],
      ['member', 'member;range=0-1499'],
    ]) {
      const entry = decode(Object.fromEntries(order.map((name) => [name, name === 'member' ? [] : ['CN=x', 'CN=y']])));
      expect(entry.values[1]).toEqual(['CN=x', 'CN=y']);
      expect(entry.ranges).toEqual([{ attribute: 'member', from: 0, to: 1499 }]);
    }
    expect(decode({ 'member;range=1500-*': [] }).ranges).toEqual([{ attribute: 'member', from: 1500, to: '*' }]);
  });

  it('reads a GUID whose bytes happen to be text', () => {
    const entry = decode({ objectGUID: [Buffer.from('ABCDEFGHIJKLMNOP')] });
    expect(entry.values[2]).toEqual(['44434241-4645-4847-494a-4b4c4d4e4f50']);
  });

  it('reports a GUID or SID of the wrong length as unreadable', () => {
    expect(decode({ objectGUID: [Buffer.alloc(15)] }).unreadable).toEqual(['objectguid']);
    expect(decode({ objectSid: [Buffer.from('0105', 'hex')] }).unreadable).toEqual(['objectsid']);
  });

  it('keeps a byte order mark, control characters and right-to-left marks', () => {
    expect(cnOf(oddValues.byteOrderMark).values[0]).toEqual(['\uFEFFA']);
    expect(cnOf(oddValues.controlCharacters).values[0]).toEqual(['A\r\n\t\u001bB']);
    expect(cnOf(oddValues.rightToLeft).values[0]).toEqual(['A\u202eB']);
  });

  it('turns decomposed letters into NFC', () => {
    expect(cnOf('Mu\u0308ller').values[0]).toEqual(['M\u00fcller']);
  });

  it.each(['invalidUtf8', 'truncatedUtf8', 'loneSurrogate', 'nul'] as const)(
    'reports %s as unreadable and replaces nothing',
    (odd) => {
      const entry = decode({ cn: ['good', oddValues[odd]], photo: ['x'] });
      expect(entry.unreadable).toEqual(['cn']);
      expect(entry.values[0]).toEqual([]);
      expect(entry.values[4]).toEqual([Buffer.from('x').toString('base64')]);
      expect(decode({}, oddValues[odd]).dn).toBeUndefined();
    },
  );

  it('keeps a replacement character that the directory itself holds', () => {
    expect(cnOf('a\uFFFDb').values[0]).toEqual(['a\uFFFDb']);
  });

  it('reads 64 KB values, binary ones as base64', () => {
    expect(cnOf(oddValues.sixtyFourKilobytes).values[0]).toEqual(['x'.repeat(65_536)]);
    const photo = Buffer.alloc(70_000, 0xff);
    expect(decode({ photo: [photo] }).values[4]).toEqual([photo.toString('base64')]);
  });

  it('reads any text as NFC', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        fc.pre(!value.includes('\0'));
        expect(cnOf(value).values[0]).toEqual([value.normalize('NFC')]);
      }),
    );
  });

  it('answers damaged bytes with MalformedMessage and nothing else', () => {
    const good = entryBytes('CN=a', [
      ['cn', ['x', 'y']],
      ['objectGUID', [Buffer.alloc(16, 7)]],
      ['member', ['CN=z']],
    ]);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const bytes = Buffer.from(good.subarray(0, length));
        if (at < bytes.length) bytes[at] = byte;
        try {
          new EntryDecoder(wanted).decode(bytes, 0, bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('message cutter', () => {
  const cut = (pieces: readonly Buffer[]): string[] => {
    const cutter = new MessageCutter();
    const messages: string[] = [];
    for (const piece of pieces)
      cutter.push(piece, (bytes, start, end) => messages.push(bytes.toString('hex', start, end)));
    return messages;
  };

  it('finds the same messages wherever the stream is split', () => {
    const messages = [1, 2, 3].map((id) =>
      sequence(integer(id), element(operation.searchEntry, Buffer.alloc(id * 90))),
    );
    const stream = Buffer.concat(messages);
    const expected = cut([stream]);
    expect(expected).toHaveLength(3);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (places) => {
        const edges = [0, ...places.sort((left, right) => left - right), stream.length];
        expect(cut(edges.slice(1).map((edge, index) => stream.subarray(edges[index], edge)))).toEqual(expected);
      }),
    );
  });

  it('takes 100,000 small messages in one piece without recursion, the ldapts trap', () => {
    const one = sequence(integer(1), element(operation.searchEntry));
    expect(cut([Buffer.concat(Array.from({ length: 100_000 }, () => one))])).toHaveLength(100_000);
  });

  it('puts a message of 32 MB together in time that grows with its size only, the ldapts trap', () => {
    const message = sequence(integer(1), element(operation.searchEntry, Buffer.alloc(32 << 20)));
    const pieces = Array.from({ length: Math.ceil(message.length / 65_536) }, (_, index) =>
      message.subarray(index * 65_536, (index + 1) * 65_536),
    );
    const before = performance.now();
    const cutter = new MessageCutter();
    let length = 0;
    for (const piece of pieces) cutter.push(piece, (_bytes, start, end) => (length = end - start));
    expect(length).toBeGreaterThan(32 << 20);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n', Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
    ['an indefinite length', Buffer.from([0x30, 0x80, 0, 0])],
    ['a length of five bytes', Buffer.from([0x30, 0x85, 1, 1, 1, 1, 1])],
    ['a length of 4 GB', Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])],
  ])('refuses %s', (_what, bytes) => {
    expect(() => cut([bytes])).toThrow(MalformedMessage);
  });
});

describe('search request', () => {
  it('sets no size limit and no time limit of its own, the ldapts traps', () => {
    const bytes = searchRequestBytes(7, {
      base: '',
      scope: 'sub',
      filter: { kind: 'present', attribute: 'cn' },
      attributes: [],
    });
    const message = spanAt(bytes, 0, bytes.length);
    const body = spanAt(bytes, spanAt(bytes, message.start, message.end).end, message.end);
    // base, scope sub, deref never, size 0, time 0, typesOnly false
    expect(bytes.toString('hex', body.start, body.start + 17)).toBe('04000a01020a0100020100020100010100');
  });

  it('sends the cookie back as it came', () => {
    const cookie = Buffer.from([0, 255, 48, 128]);
    expect(pagingControl(1_000, cookie)).toMatchObject({
      isCritical: true,
      value: sequence(integer(1_000), element(4, cookie)),
    });
  });
});
