// The HTTP door: what statuses are called, that nothing that is said carries the login, and what its settings allow.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { httpConnectionSchema, httpWarnings } from '../../connectors/http-source.ts';
import type { RosterdError } from '../../src/model/errors.ts';
import {
  authorization,
  codeOf,
  connectionTo,
  deadUrl,
  failure,
  get,
  httpServers,
  password,
  xml,
} from './http-fixture.ts';

const { serve, serveBytes } = httpServers();

describe('http statuses', () => {
  const answered = async (status: number, headers: Record<string, string>, body = ''): Promise<RosterdError> => {
    const server = await serve((_request, response) => response.writeHead(status, headers).end(body));
    return failure(get(server.url));
  };

  it.each([
    [401, 'source-credentials'],
    [403, 'source-permission'],
    [404, 'source-path-not-found'],
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
