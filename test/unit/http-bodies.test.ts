// The HTTP door: answers without end, in other encodings, too late or cut off. Whatever comes, memory and time are bounded.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { RosterdError } from '../../src/model/errors.ts';
import { codeOf, failure, get, httpServers, xml } from './http-fixture.ts';
import { noConnection, type ScriptedServer, scriptedBytes } from './scripted-http.ts';

const { caFile, keep, serve, serveBytes } = httpServers();

describe('http bodies', () => {
  const gigabyte = 1_073_741_824;
  const small = { maxBodyBytes: 1_048_576 };
  const answeredWith = (headers: Record<string, string>, body: string | Buffer): Promise<ScriptedServer> =>
    serve((_request, response) => response.writeHead(200, headers).end(body));

  it('decompresses', async () => {
    const server = await answeredWith({ 'Content-Encoding': 'gzip' }, gzipSync(xml));
    expect((await get(server.url)).text).toBe(xml);
  });

  it('refuses an encoding that it did not ask for', async () => {
    const server = await answeredWith({ 'Content-Encoding': 'br' }, xml);
    expect(await codeOf(get(server.url))).toBe('source-protocol');
  });

  it('calls a compressed body that is cut off a lost connection, and a damaged one a broken protocol', async () => {
    const whole = gzipSync(xml.repeat(1_000));
    const cut = await answeredWith({ 'Content-Encoding': 'gzip' }, whole.subarray(0, whole.length - 12));
    expect(await codeOf(get(cut.url))).toBe('source-connection-lost');
    const damaged = await answeredWith({ 'Content-Encoding': 'gzip' }, 'this is no gzip');
    expect(await codeOf(get(damaged.url))).toBe('source-protocol');
  });

  it.each([
    ['with a stated length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<teams>'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n<teams>\r\n'],
  ])('calls a body %s that is cut off a lost connection', async (_how, bytes) => {
    expect(await codeOf(get((await serveBytes(bytes)).url))).toBe('source-connection-lost');
  });

  it('says that something is not HTTP', async () => {
    expect(await codeOf(get((await serveBytes('SSH-2.0-OpenSSH_9.6\r\n')).url))).toBe('source-protocol');
  });

  it('takes a body of exactly the cap and refuses one byte more, compressed or not', async () => {
    for (const [more, expected] of [
      [0, 'taken'],
      [1, 'source-limit'],
    ] as const) {
      const body = Buffer.alloc(small.maxBodyBytes + more, 'x');
      for (const encoding of ['identity', 'gzip']) {
        const server = await serve((_request, response) => {
          response.writeHead(200, { 'Content-Encoding': encoding });
          // No length: only what comes can be counted.
          const wire = encoding === 'gzip' ? gzipSync(body) : body;
          response.write(wire.subarray(0, 10));
          response.end(wire.subarray(10));
        });
        const end = await get(server.url, { connection: small }).then(
          ({ text }) => (text.length === body.length ? 'taken' : 'cut'),
          (error: RosterdError) => error.code,
        );
        expect(end, `${encoding}, ${more} more`).toBe(expected);
        expect(await noConnection(server)).toBe(true);
      }
    }
  });

  it('reads nothing of a body whose stated length is over the cap', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': String(gigabyte) });
      response.write('x');
    });
    expect(await codeOf(get(server.url, { connection: small }))).toBe('source-limit');
    expect(await noConnection(server)).toBe(true);
  });

  it('ends a gzip bomb of 1 GB early, in little memory', async () => {
    const member = gzipSync(Buffer.alloc(gigabyte / 16));
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      for (let part = 0; part < 16; part += 1) response.write(member);
      response.end();
    });
    await expectLittleMemory(async () => {
      expect(await codeOf(get(server.url, { connection: small }))).toBe('source-limit');
    });
    expect(await noConnection(server)).toBe(true);
  });

  it('ends a body of 1 GB early, in little memory', async () => {
    let sent = 0;
    const server = await serve((_request, response) => {
      const piece = Buffer.alloc(65_536, '<');
      const more = (): void => {
        while (!response.destroyed && sent < gigabyte) {
          sent += piece.length;
          if (!response.write(piece)) return;
        }
        response.end();
      };
      response.on('drain', more);
      more();
    });
    await expectLittleMemory(async () => {
      expect(await codeOf(get(server.url, { connection: small }))).toBe('source-limit');
    });
    expect(await noConnection(server)).toBe(true);
    expect(sent).toBeLessThan(gigabyte / 10);
  });

  it('reads no endless body of an error', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(500);
      const more = (): void => {
        while (!response.destroyed && response.write('no '.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    });
    expect(await codeOf(get(server.url))).toBe('source-refused');
    expect(await noConnection(server)).toBe(true);
  });
});

/** The peak while it runs, beyond what is there before. */
async function expectLittleMemory(work: () => Promise<void>): Promise<void> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(watch);
  }
  expect(Math.max(peak, process.memoryUsage.rss()) - before).toBeLessThan(150 * 1_048_576);
}

describe('http charsets', () => {
  const bytesOf = async (contentType: string, body: Buffer): Promise<string> => {
    const server = await serve((_request, response) =>
      response.writeHead(200, contentType === '' ? {} : { 'Content-Type': contentType }).end(body),
    );
    return get(server.url).then(
      ({ text }) => text,
      (error: RosterdError) => error.code,
    );
  };

  it.each<[string, string, Buffer, string]>([
    ['UTF-8 unless told otherwise', '', Buffer.from('<a>é</a>'), '<a>é</a>'],
    ['UTF-8 without its mark', '', Buffer.from('\ufeff<a>é</a>'), '<a>é</a>'],
    ['iso-8859-1 by the header', 'application/xml; charset=ISO-8859-1', Buffer.from('<a>é</a>', 'latin1'), '<a>é</a>'],
    ['windows-1252 by the header', 'text/xml;charset="windows-1252"', Buffer.from([0x80]), '€'],
    [
      'iso-8859-1 by the XML declaration',
      'application/xml',
      Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>', 'latin1'),
      '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>',
    ],
    ['UTF-16 by its mark', 'application/xml; charset=utf-8', Buffer.from('\ufeff<a>é</a>', 'utf16le'), '<a>é</a>'],
    ['bytes that are not UTF-8 as an error', 'application/xml', Buffer.from('<a>é</a>', 'latin1'), 'source-protocol'],
    ['an unknown charset as an error', 'text/xml; charset=klingon', Buffer.from('<a/>'), 'source-protocol'],
  ])('reads %s', async (_what, contentType, body, expected) => {
    expect(await bytesOf(contentType, body)).toBe(expected);
  });

  it.each([
    ['text/html', '<html></html>'],
    ['application/xml', '  <!doctype HTML><p>'],
    ['', '<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml"/>'],
    ['text/html', 'Service unavailable'],
  ])('takes %s %s for a page', async (contentType, body) => {
    expect(await bytesOf(contentType, Buffer.from(body))).toBe('source-busy');
  });

  it.each([
    ['text/html', '{"@type":"teamXMLList"}'],
    ['text/html', '<?xml version="1.0"?><teams/>'],
    ['application/xml', '<htmlTeams/>'],
  ])('takes %s %s for data', async (contentType, body) => {
    expect(await bytesOf(contentType, Buffer.from(body))).toBe(body);
  });
});

describe('http timeouts', () => {
  const timeouts = { connectMs: 300, requestMs: 300, idleMs: 300 };

  it('ends a connection that never comes about', async () => {
    // A server that takes the connection and never answers the handshake.
    const server = await scriptedBytes(() => undefined);
    keep(server);
    const url = server.url.replace('http:', 'https:');
    const error = await failure(get(url, { connection: { tls: { caFile: caFile() }, timeouts } }));
    expect(error).toMatchObject({ code: 'source-timeout', message: expect.stringContaining('handshake') });
    expect(await noConnection(server)).toBe(true);
  });

  it('ends a request that is never answered', async () => {
    const server = await serve(() => undefined);
    expect(await codeOf(get(server.url, { connection: { timeouts } }))).toBe('source-timeout');
    expect(await noConnection(server)).toBe(true);
  });

  it('ends an answer that stops coming', async () => {
    const server = await serve((_request, response) => response.write('<teams>'));
    const error = await failure(get(server.url, { connection: { timeouts } }));
    expect(error).toMatchObject({ code: 'source-timeout', message: expect.stringContaining('the rest of') });
    expect(await noConnection(server)).toBe(true);
  });

  it('waits for an answer that comes slowly, however long it takes', async () => {
    const server = await serve((_request, response) => {
      let left = 8;
      const timer = setInterval(() => {
        left -= 1;
        response.write(' ');
        if (left > 0) return;
        clearInterval(timer);
        response.end(xml);
      }, 100);
    });
    const patient = { connectMs: 300, requestMs: 600, idleMs: 600 };
    expect((await get(server.url, { connection: { timeouts: patient } })).text.trim()).toBe(xml);
  });
});
