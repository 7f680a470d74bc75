// The HTTP door: a server closes idle connections when it likes. What it had not begun to answer is asked again, and nothing else.
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openHttpSession } from '../../connectors/http-source.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { codeOf, connectionTo, httpServers, never, xml } from './http-fixture.ts';
import type { ScriptedServer } from './scripted-http.ts';

const { caFile, serve } = httpServers();

describe('http connections that the server closes between two questions', () => {
  /** Answers the first question of a connection; `later` has every other one. */
  const closing = (later: (socket: Socket) => void): RequestListener => {
    const used = new WeakSet<Socket>();
    return ({ socket }, response) => {
      if (used.has(socket)) return later(socket);
      used.add(socket);
      response.end(xml);
    };
  };
  const askTwice = async (server: ScriptedServer): Promise<string> => {
    const session = await openHttpSession(connectionTo([server.url], { tls: tlsOf(server) }), never);
    try {
      await session.get('/adminapi/resource', { accept: '*/*' });
      return (await session.get('/adminapi/team', { accept: '*/*' })).text;
    } catch (error) {
      return error instanceof RosterdError ? error.code : String(error);
    } finally {
      await session.close();
    }
  };
  const tlsOf = ({ url }: ScriptedServer) => (url.startsWith('https:') ? { caFile: caFile() } : { mode: 'off' });

  it.each([
    ['a reset', undefined, (socket: Socket) => socket.resetAndDestroy()],
    ['an orderly end', undefined, (socket: Socket) => socket.end()],
    ['a reset under TLS', 'secured', (socket: Socket) => socket.destroy()],
    ['an orderly end under TLS', 'secured', (socket: Socket) => socket.end()],
  ] as const)('are replaced by a new one after %s', async (_what, secured, end) => {
    const server = await serve(closing(end), secured);
    expect(await askTwice(server)).toBe(xml);
    expect(server.requests.map(({ url }) => url)).toEqual(['/adminapi/resource', '/adminapi/team', '/adminapi/team']);
  });

  it.each([undefined, 'secured'] as const)('are lost when a byte of the answer had come (%s)', async (secured) => {
    const server = await serve(
      closing((socket) => socket.write('H', () => socket.destroy())),
      secured,
    );
    expect(await askTwice(server)).toBe('source-connection-lost');
    expect(server.requests).toHaveLength(2);
  });

  it('are replaced by a new one, not by another that is idle', async () => {
    const waiting: (() => void)[] = [];
    const used = new Set<Socket>();
    const server = await serve(({ socket }, response) => {
      if (used.has(socket)) socket.destroy();
      else waiting.push(() => response.end(xml));
      used.add(socket);
      // The first three wait for each other, so that each has a connection of its own.
      if (used.size >= 3) for (const answer of waiting.splice(0)) answer();
    });
    const session = await openHttpSession(connectionTo([server.url]), never);
    const ask = (path: string) => session.get(path, { accept: '*/*' });
    await Promise.all(['/a', '/b', '/c'].map(ask));
    expect((await ask('/again')).text).toBe(xml);
    await session.close();
    expect(server.requests).toHaveLength(5);
  });

  it('are replaced once only', async () => {
    let isDown = false;
    const server = await serve((request, response) => (isDown ? request.socket.resetAndDestroy() : response.end(xml)));
    const session = await openHttpSession(connectionTo([server.url]), never);
    await session.get('/first', { accept: '*/*' });
    isDown = true;
    expect(await codeOf(session.get('/again', { accept: '*/*' }))).toBe('source-connection-lost');
    await session.close();
    expect(server.requests).toHaveLength(3);
  });

  it('are not replaced when the answer is late', async () => {
    const server = await serve(closing(() => undefined));
    const timeouts = { connectMs: 300, requestMs: 300, idleMs: 300 };
    const session = await openHttpSession(connectionTo([server.url], { timeouts }), never);
    await session.get('/adminapi/resource', { accept: '*/*' });
    expect(await codeOf(session.get('/adminapi/team', { accept: '*/*' }))).toBe('source-timeout');
    await session.close();
    expect(server.requests).toHaveLength(2);
  });
});
