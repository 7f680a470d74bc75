// A small HTTP(S) server whose answers a test writes by hand, down to the byte where that matters.
// Everything it was asked is kept; after stop() nothing listens and no socket is left.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createPlainServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../lab/certificates.ts';

export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}

/** With a certificate: https. */
export async function scriptedHttp(listener: RequestListener, certificate?: Certificate): Promise<ScriptedServer> {
  const requests: IncomingMessage[] = [];
  const answer: RequestListener = (request, response) => {
    requests.push(request);
    listener(request, response);
  };
  const server =
    certificate === undefined
      ? createServer(answer)
      : createSecureServer({ key: certificate.key, cert: certificate.cert }, answer);
  return listening(server, certificate === undefined ? 'http' : 'https', requests);
}

/** Bytes instead of HTTP: `talk` is called with the socket when the head of a request has come. */
export function scriptedBytes(talk: (socket: Socket) => void): Promise<ScriptedServer> {
  const server = createPlainServer((socket) => {
    let head = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (piece: Buffer) => {
      head += piece.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      head = '';
      talk(socket);
    });
  });
  return listening(server, 'http', []);
}

async function listening(
  server: Server | ReturnType<typeof createPlainServer>,
  scheme: 'http' | 'https',
  requests: IncomingMessage[],
): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => sockets.size,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Waits until nobody is connected any more. */
export async function noConnection(server: ScriptedServer): Promise<boolean> {
  for (let turn = 0; turn < 500 && server.connections() > 0; turn += 1) await sleep(10);
  return server.connections() === 0;
}
