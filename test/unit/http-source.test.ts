// The HTTP door against servers on loopback that misbehave on demand: where a login goes, how answers are bounded, how failures are called.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type HttpAnswer, httpConnectionSchema, httpWarnings, openHttpSession } from '../../connectors/http-source.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { type CertificateAuthority, createAuthority } from '../lab/certificates.ts';
import { noConnection, type ScriptedServer, scriptedBytes, scriptedHttp } from './scripted-http.ts';

const password = 'pa:ss wörd';
const authorization = `Basic ${Buffer.from(`svc:${password}`).toString('base64')}`;
const never = new AbortController().signal;
const xml = '<teams/>';

let authority: CertificateAuthority;
let folder: string;
let caFile: string;
const servers: ScriptedServer[] = [];

beforeAll(async () => {
  authority = createAuthority();
  folder = await mkdtemp(join(tmpdir(), 'rosterd-http-'));
  caFile = join(folder, 'ca.pem');
  await writeFile(caFile, authority.cert);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(listener: RequestListener, secured?: 'secured'): Promise<ScriptedServer> {
  const certificate = secured === undefined ? undefined : authority.issue({ names: ['127.0.0.1', 'uccx.test'] });
  const server = await scriptedHttp(listener, certificate);
  servers.push(server);
  return server;
}

async function serveBytes(...pieces: readonly (string | Buffer)[]): Promise<ScriptedServer> {
  const server = await scriptedBytes((socket) => {
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
  servers.push(server);
  return server;
}

/** A port that nobody listens on. */
async function deadUrl(): Promise<string> {
  const server = await scriptedHttp(() => undefined);
  await server.stop();
  return server.url;
}

const connectionTo = (urls: readonly string[], change: object = {}) =>
  httpConnectionSchema.parse({
    servers: urls,
    tls: { mode: urls.some((url) => url.startsWith('http:')) ? 'off' : 'on' },
    login: { user: 'svc', password },
    timeouts: { connectMs: 2_000, requestMs: 2_000, idleMs: 2_000 },
    ...change,
  });

interface GetChange {
  readonly connection?: object;
  readonly allow?: readonly number[];
  readonly query?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly path?: string;
}

async function get(urls: string | readonly string[], change: GetChange = {}): Promise<HttpAnswer> {
  const { connection, signal, path, ...options } = change;
  const session = await openHttpSession(connectionTo([urls].flat(), connection), signal ?? never);
  try {
    return await session.get(path ?? '/adminapi/team', { accept: 'application/xml', ...options });
  } finally {
    await session.close();
  }
}

async function failure(doing: Promise<unknown>): Promise<RosterdError> {
  const error = await doing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RosterdError)) throw new Error(`no RosterdError, but ${inspect(error)}`);
  return error;
}

const codeOf = async (doing: Promise<unknown>): Promise<string> => (await failure(doing)).code;

describe('http session', () => {
  it('sends what was asked for, and the login as UTF-8', async () => {
    const server = await serve((_request, response) => response.end(xml));
    await get(server.url, { query: { sort: 'agentId asc', startIndex: '0' } });
    expect(server.requests[0]?.url).toBe('/adminapi/team?sort=agentId%20asc&startIndex=0');
    expect(server.requests[0]?.headers).toMatchObject({ authorization, accept: 'application/xml' });
    expect(server.requests[0]?.method).toBe('GET');
  });

  it('gives status, media type, text and date', async () => {
    const server = await serve((_request, response) => {
      response.setHeader('Content-Type', 'Application/XML;Charset=UTF-8');
      response.setHeader('Date', 'Sun, 22 Nov 2026 04:00:00 GMT');
      response.end(xml);
    });
    expect(await get(server.url)).toEqual({
      status: 200,
      contentType: 'application/xml',
      text: xml,
      date: Date.UTC(2026, 10, 22, 4),
    });
  });

  it('uses one connection for several questions and leaves none behind', async () => {
    const server = await serve((_request, response) => response.end(xml));
    const session = await openHttpSession(connectionTo([server.url]), never);
    for (let turn = 0; turn < 3; turn += 1) await session.get('/adminapi/team', { accept: '*/*' });
    expect(server.connections()).toBe(1);
    expect(session.server).toBe(server.url);
    await session.close();
    expect(await noConnection(server)).toBe(true);
  });

  it('uses no proxy, whatever the environment says', async () => {
    const server = await serve((_request, response) => response.end(xml));
    const proxy = await serve((_request, response) => response.end('by way of a proxy'));
    for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY']) vi.stubEnv(name, proxy.url);
    for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
    try {
      expect((await get(server.url)).text).toBe(xml);
    } finally {
      vi.unstubAllEnvs();
    }
    expect(proxy.requests).toHaveLength(0);
  });

  it('refuses a path that leads elsewhere', async () => {
    const server = await serve((_request, response) => response.end(xml));
    for (const path of ['/adminapi/resource/..', '//elsewhere.test/x', '/a?b=c'])
      expect(await codeOf(get(server.url, { path }))).toBe('bug');
    expect(server.requests).toHaveLength(0);
  });

  it('asks nobody when it is stopped before', async () => {
    const server = await serve((_request, response) => response.end(xml));
    expect(await codeOf(get(server.url, { signal: AbortSignal.abort() }))).toBe('interrupted');
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    ['before the answer', () => undefined],
    [
      'in the middle of the answer',
      (_request: unknown, response: { write: (text: string) => void }) => response.write('<teams>'),
    ],
  ] as const)('leaves no socket when it is stopped %s', async (_when, listener) => {
    const server = await serve(listener);
    const controller = new AbortController();
    const asked = failure(get(server.url, { signal: controller.signal }));
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    expect((await asked).code).toBe('interrupted');
    expect(await noConnection(server)).toBe(true);
  });
});

describe('http session with TLS', () => {
  it('trusts the CA of the file and tells of the handshake', async () => {
    const server = await serve((_request, response) => response.end(xml), 'secured');
    const session = await openHttpSession(connectionTo([server.url], { tls: { caFile } }), never);
    await session.get('/adminapi/team', { accept: '*/*' });
    expect(session.tls).toMatchObject({ protocol: 'TLSv1.3', certificate: { subject: { CN: '127.0.0.1' } } });
    await session.close();
  });

  it('sends nothing to a server that it does not trust, and asks no other', async () => {
    const server = await serve((_request, response) => response.end(xml), 'secured');
    const second = await serve((_request, response) => response.end(xml), 'secured');
    expect(await codeOf(get([server.url, second.url]))).toBe('source-tls-untrusted');
    expect([...server.requests, ...second.requests]).toHaveLength(0);
  });

  it('takes the certificate for the name that the settings give, and for no other', async () => {
    const server = await serve((_request, response) => response.end(xml), 'secured');
    const named = (serverName: string) => get(server.url, { connection: { tls: { caFile, serverName } } });
    expect((await named('uccx.test')).text).toBe(xml);
    expect(await codeOf(named('other.test'))).toBe('source-tls-hostname');
    expect(server.requests).toHaveLength(1);
  });

  it('tells an expired certificate apart', async () => {
    const until = new Date(Date.now() - 86_400_000);
    const from = new Date(Date.now() - 2 * 86_400_000);
    const certificate = authority.issue({ names: ['127.0.0.1'], from, until });
    const server = await scriptedHttp((_request, response) => response.end(xml), certificate);
    servers.push(server);
    expect(await codeOf(get(server.url, { connection: { tls: { caFile } } }))).toBe('source-tls-expired');
  });

  it('says that the other side speaks no TLS', async () => {
    const server = await serve((_request, response) => response.end(xml));
    const url = server.url.replace('http:', 'https:');
    expect(await codeOf(get(url, { connection: { tls: { caFile } } }))).toBe('source-tls-failed');
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    ['is not there', '/nonexistent/ca.pem'],
    ['holds no certificate', import.meta.filename],
  ])('names a CA file that %s', async (_what, file) => {
    const error = await failure(get('https://127.0.0.1:1', { connection: { tls: { caFile: file } } }));
    expect(error).toMatchObject({ code: 'config-invalid', subject: file });
  });
});

describe('http failover', () => {
  const page = '<!DOCTYPE html><html><body>Service is starting</body></html>';

  it.each<[string, (server: RequestListener) => RequestListener]>([
    ['503', () => (_request, response) => response.writeHead(503).end()],
    ['429', () => (_request, response) => response.writeHead(429).end()],
    ['an HTML page with status 200', () => (_request, response) => response.end(page)],
    ['an HTML page with status 404', () => (_request, response) => response.writeHead(404).end(page)],
    ['a reset', () => (request) => request.socket.resetAndDestroy()],
    ['silence', () => () => undefined],
  ])('goes on to the next server after %s and stays there', async (_what, bad) => {
    const first = await serve(bad((_request, response) => response.end(xml)));
    const second = await serve((_request, response) => response.end(xml));
    const timeouts = { connectMs: 500, requestMs: 300, idleMs: 300 };
    const session = await openHttpSession(connectionTo([first.url, second.url], { timeouts }), never);
    await session.get('/adminapi/resource', { accept: '*/*' });
    await session.get('/adminapi/team', { accept: '*/*' });
    await session.close();
    expect(first.requests).toHaveLength(1);
    expect(second.requests).toHaveLength(2);
    expect(session.server).toBe(second.url);
    expect(await noConnection(first)).toBe(true);
  });

  it('goes on after a server that is down', async () => {
    const second = await serve((_request, response) => response.end(xml));
    expect((await get([await deadUrl(), second.url])).text).toBe(xml);
  });

  it.each([
    [401, 'source-credentials'],
    [403, 'source-permission'],
    [404, 'source-base-not-found'],
    [500, 'source-refused'],
  ])('asks no other server after status %i', async (status, code) => {
    const first = await serve((_request, response) => response.writeHead(status).end());
    const second = await serve((_request, response) => response.end(xml));
    expect(await codeOf(get([first.url, second.url]))).toBe(code);
    expect(second.requests).toHaveLength(0);
  });

  it('does not change servers in the middle', async () => {
    const first = await serve((request, response) =>
      request.url === '/adminapi/resource' ? response.end(xml) : response.writeHead(503).end(),
    );
    const second = await serve((_request, response) => response.end(xml));
    const session = await openHttpSession(connectionTo([first.url, second.url]), never);
    await session.get('/adminapi/resource', { accept: '*/*' });
    expect(await codeOf(session.get('/adminapi/team', { accept: '*/*' }))).toBe('source-busy');
    await session.close();
    expect(second.requests).toHaveLength(0);
  });

  it('names every server when none answers', async () => {
    const urls = [await deadUrl(), await deadUrl()];
    const error = await failure(get(urls));
    expect(error.code).toBe('source-unreachable');
    for (const url of urls) expect(error.message).toContain(url);
  });
});

describe('http statuses', () => {
  const answered = async (status: number, headers: Record<string, string>, body = ''): Promise<RosterdError> => {
    const server = await serve((_request, response) => response.writeHead(status, headers).end(body));
    return failure(get(server.url));
  };

  it.each([
    [401, 'source-credentials'],
    [403, 'source-permission'],
    [404, 'source-base-not-found'],
    [405, 'source-refused'],
    [406, 'source-refused'],
    [429, 'source-busy'],
    [500, 'source-refused'],
    [502, 'source-busy'],
    [503, 'source-busy'],
    [504, 'source-busy'],
  ])('calls %i %s, with an HTML page too unless that means more', async (status, code) => {
    expect((await answered(status, { 'Content-Type': 'application/xml' }, '<apiErrors/>')).code).toBe(code);
    const isLogin = status === 401 || status === 403;
    const page = await answered(status, { 'Content-Type': 'text/html' }, '<html><body>no</body></html>');
    expect(page.code).toBe(isLogin ? code : 'source-busy');
  });

  it('follows no redirection and names its target', async () => {
    const elsewhere = await serve((_request, response) => response.end(xml));
    const error = await answered(302, { Location: `${elsewhere.url}/login` });
    expect(error.code).toBe('source-protocol');
    expect(error.message).toContain(`${elsewhere.url}/login`);
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('tells when to come again', async () => {
    expect((await answered(503, { 'Retry-After': '120' })).detail).toMatchObject({
      status: 503,
      retryAfterMs: 120_000,
    });
    const date = new Date(Date.now() + 600_000).toUTCString();
    const { retryAfterMs } = (await answered(503, { 'Retry-After': date })).detail;
    expect(retryAfterMs).toBeGreaterThan(500_000);
    expect((await answered(503, { 'Retry-After': 'soon' })).detail).toEqual({ status: 503 });
  });

  it('gives an allowed status to the caller, but no HTML page', async () => {
    let body = '<apiErrors/>';
    const server = await serve((_request, response) => response.writeHead(404).end(body));
    expect(await get(server.url, { allow: [404] })).toMatchObject({ status: 404, text: body });
    body = '<html></html>';
    expect(await codeOf(get(server.url, { allow: [404] }))).toBe('source-busy');
  });

  it('repeats what the server says, but never the login, not even in the cause', async () => {
    const error = await answered(500, {}, `<e>you sent ${authorization} and ${password}</e>`);
    expect(error.message).toContain('you sent');
    for (const other of [
      error,
      await failure(get(await deadUrl())),
      await failure(get((await serveBytes('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')).url)),
      await failure(get((await serveBytes('what')).url)),
    ]) {
      const shown = inspect(other, { depth: 10, showHidden: true });
      for (const secretText of [password, authorization, authorization.slice(6)])
        expect(shown).not.toContain(secretText);
    }
  });
});

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
    servers.push(server);
    const url = server.url.replace('http:', 'https:');
    const error = await failure(get(url, { connection: { tls: { caFile }, timeouts } }));
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

describe('http connection settings', () => {
  const problems = (change: object): string[] => {
    const settings = { servers: ['https://uccx1.test'], login: { user: 'svc', password: 'x' }, ...change };
    const result = httpConnectionSchema.safeParse(settings);
    return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  };

  it.each([
    ['nothing else than origins', { servers: ['https://uccx1.test', 'https://[::1]:8443'] }],
    ['http only in so many words', { servers: ['http://uccx1.test'], tls: { mode: 'off' } }],
  ])('takes %s', (_what, change) => {
    expect(problems(change)).toEqual([]);
  });

  it.each<[object, string]>([
    [{ servers: [] }, 'servers'],
    [{ servers: ['uccx1.test'] }, 'is not an address'],
    [{ servers: ['ftp://uccx1.test'] }, 'is not an address'],
    [{ servers: ['https://uccx1.test/adminapi'] }, 'must end after the port'],
    [{ servers: ['https://uccx1.test?x'] }, 'must end after the port'],
    [{ servers: ['https://svc:x@uccx1.test'] }, 'must not carry a user'],
    [{ servers: ['http://uccx1.test'] }, 'is http:// without TLS'],
    [{ servers: ['https://uccx1.test'], tls: { mode: 'off' } }, 'but tls.mode is off'],
    [{ login: { user: 'a:b', password: 'x' } }, 'must not have a colon'],
    [{ login: { user: 'svc' } }, 'login.password'],
    [{ login: undefined }, 'login'],
    [{ maxBodyBytes: 10 }, 'maxBodyBytes'],
    [{ unknown: 1 }, 'nrecognized'],
  ])('refuses %j', (change, expected) => {
    expect(problems(change).join('\n')).toContain(expected);
  });

  it('warns of a connection in clear text', () => {
    expect(httpWarnings(connectionTo(['http://uccx1.test']))).toEqual([expect.stringContaining('http://uccx1.test')]);
    expect(httpWarnings(connectionTo(['https://uccx1.test']))).toEqual([]);
  });
});
