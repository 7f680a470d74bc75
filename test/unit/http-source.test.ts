// The HTTP door: where a login goes and where not, and which server is asked.
import type { RequestListener } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { openHttpSession } from '../../connectors/http-source.ts';
import { authorization, codeOf, connectionTo, deadUrl, failure, get, httpServers, never, xml } from './http-fixture.ts';
import { noConnection, scriptedHttp } from './scripted-http.ts';

const { authority, caFile, keep, serve } = httpServers();

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
      dateCameAt: expect.any(Number),
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
    const session = await openHttpSession(connectionTo([server.url], { tls: { caFile: caFile() } }), never);
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
    const named = (serverName: string) => get(server.url, { connection: { tls: { caFile: caFile(), serverName } } });
    expect((await named('uccx.test')).text).toBe(xml);
    expect(await codeOf(named('other.test'))).toBe('source-tls-hostname');
    expect(server.requests).toHaveLength(1);
  });

  it('tells an expired certificate apart', async () => {
    const until = new Date(Date.now() - 86_400_000);
    const from = new Date(Date.now() - 2 * 86_400_000);
    const certificate = authority().issue({ names: ['127.0.0.1'], from, until });
    const server = await scriptedHttp((_request, response) => response.end(xml), certificate);
    keep(server);
    expect(await codeOf(get(server.url, { connection: { tls: { caFile: caFile() } } }))).toBe('source-tls-expired');
  });

  it('says that the other side speaks no TLS', async () => {
    const server = await serve((_request, response) => response.end(xml));
    const url = server.url.replace('http:', 'https:');
    expect(await codeOf(get(url, { connection: { tls: { caFile: caFile() } } }))).toBe('source-tls-failed');
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
    ['500', () => (_request, response) => response.writeHead(500).end()],
    ['a path that it does not know', () => (_request, response) => response.writeHead(404).end('not here')],
    ['a redirection', () => (_request, response) => response.writeHead(302, { Location: 'https://x.test/' }).end()],
    ['a broken body', () => (_request, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('x')],
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
    for (const { headers } of second.requests) expect(headers.authorization).toBe(authorization);
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

  it('asks a second server that refuses the login once, and no third one', async () => {
    const first = await serve((_request, response) => response.writeHead(500).end());
    const second = await serve((_request, response) => response.writeHead(401).end());
    const third = await serve((_request, response) => response.end(xml));
    expect(await codeOf(get([first.url, second.url, third.url]))).toBe('source-credentials');
    expect(second.requests).toHaveLength(1);
    expect(third.requests).toHaveLength(0);
  });

  it('is told by a server that answers what is wrong, where others are down', async () => {
    const busy = await serve((_request, response) => response.writeHead(503, { 'Retry-After': '60' }).end());
    for (const urls of [
      [await deadUrl(), busy.url],
      [busy.url, await deadUrl()],
    ]) {
      const error = await failure(get(urls));
      expect(error).toMatchObject({ code: 'source-busy', detail: { status: 503, retryAfterMs: 60_000 } });
      for (const url of urls) expect(error.message).toContain(url);
    }
  });

  it('names every server when none answers', async () => {
    const urls = [await deadUrl(), await deadUrl()];
    const error = await failure(get(urls));
    expect(error.code).toBe('source-unreachable');
    for (const url of urls) expect(error.message).toContain(url);
  });
});
