// A real web server (HTTP/1.1, TLS, keep-alive) in front of a function that answers: the frame of the Cisco simulators.
// Every request must bring a login by Basic, none is ever written down with its password, and only GET gets to the function.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type Certificate, createAuthority } from './certificates.ts';
import { deliver, htmlAnswer, rawSockets, replacement, unauthorizedAnswer } from './http-delivery.ts';
import { firstOf, HttpFaults, replacingKinds } from './http-faults.ts';

export interface SimRequest {
  readonly method: string;
  /** Percent-encoded, as it was sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  /** Who logged in, as the login was written. */
  readonly user: string | undefined;
}
export interface SimAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}
export interface SimulatorOptions {
  readonly tls?: 'on' | 'off';
  /** Password by user, exact. */
  readonly logins: Readonly<Record<string, string>>;
  readonly answer: (request: SimRequest) => SimAnswer;
  /** What another method than GET gets; status 405 and a page of the container unless given. */
  readonly refuseMethod?: (request: SimRequest) => SimAnswer;
  /** A free one unless given. */
  readonly port?: number;
  /** A loopback address; 127.0.0.1 unless given. */
  readonly host?: string;
  /** What the server shows instead of its own good certificate. */
  readonly certificate?: Certificate;
}
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  /** Without the question mark, as it was sent. */
  readonly query: string;
  readonly accept: string | undefined;
  readonly user: string | undefined;
  /** The status of the answer that was meant, even if a fault kept it back. */
  readonly status: number;
}
export interface HttpSimulator {
  /** The origin, as a configuration would name it. */
  readonly url: string;
  /** Empty without TLS. */
  readonly caFile: string;
  /** Requests so far, the oldest first. */
  readonly requests: readonly LoggedRequest[];
  readonly faults: HttpFaults;
  /** Open now. */
  connectionCount(): number;
  /** Taken since the start. */
  connectionsTaken(): number;
  dropConnections(): void;
  stop(): Promise<void>;
}

export async function startHttpSimulator(options: SimulatorOptions): Promise<HttpSimulator> {
  const host = options.host ?? '127.0.0.1';
  const isSecure = options.tls !== 'off';
  const folder = isSecure ? mkdtempSync(join(tmpdir(), 'lab-http-')) : undefined;
  const caFile = folder === undefined ? '' : join(folder, 'ca.pem');
  const requests: LoggedRequest[] = [];
  const faults = new HttpFaults();
  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    incoming.resume();
    const request = readRequest(incoming, options.logins);
    const struck = faults.strike(incoming.url ?? '');
    const replacing = firstOf(struck, replacingKinds);
    const answer = replacing ? replacement(replacing) : rightAnswer(request, options);
    const { method, path, accept, user } = request;
    requests.push({ method, path, query: rawQuery(incoming), accept, user, status: answer.status });
    deliver(response, answer, struck);
  };
  let server: Server;
  if (isSecure) {
    const authority = createAuthority('Lab web CA');
    writeFileSync(caFile, authority.cert);
    const names = [...new Set(['localhost', '127.0.0.1', '::1', host])];
    server = createHttpsServer(options.certificate ?? authority.issue({ names }), onRequest);
  } else {
    server = createHttpServer(onRequest);
  }
  const connections = trackConnections(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    caFile,
    requests,
    faults,
    ...connections,
    async stop() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      connections.dropConnections();
      await closed;
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function trackConnections(
  server: Server,
): Pick<HttpSimulator, 'connectionCount' | 'connectionsTaken' | 'dropConnections'> {
  const open = new Set<Socket>();
  // A TLS socket does not show the one below it, which is the one to reset; both have the same ports.
  const byPort = new Map<number, Socket>();
  let taken = 0;
  server.on('connection', (socket: Socket) => {
    taken += 1;
    socket.setNoDelay(true);
    open.add(socket);
    const port = socket.remotePort ?? 0;
    byPort.set(port, socket);
    // A client that goes away is nothing to fail for.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      open.delete(socket);
      byPort.delete(port);
    });
  });
  server.on('secureConnection', (secure: TLSSocket) => {
    secure.on('error', () => secure.destroy());
    const raw = byPort.get(secure.remotePort ?? 0);
    if (raw !== undefined) rawSockets.set(secure, raw);
  });
  return {
    connectionCount: () => open.size,
    connectionsTaken: () => taken,
    dropConnections: () => {
      for (const socket of open) socket.destroy();
    },
  };
}

const rawQuery = (incoming: IncomingMessage): string => (incoming.url ?? '').split('?').slice(1).join('?');

function readRequest(incoming: IncomingMessage, logins: Readonly<Record<string, string>>): SimRequest {
  return {
    method: incoming.method ?? '',
    path: (incoming.url ?? '').split('?')[0] ?? '',
    query: new URLSearchParams(rawQuery(incoming)),
    accept: incoming.headers.accept,
    user: whoLogsIn(incoming.headers.authorization, logins),
  };
}

/** The user of the header if the password is the right one. */
function whoLogsIn(authorization: string | undefined, logins: Readonly<Record<string, string>>): string | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const [, user = '', password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return Object.hasOwn(logins, user) && logins[user] === password ? user : undefined;
}

function rightAnswer(request: SimRequest, options: SimulatorOptions): SimAnswer {
  if (request.user === undefined) return unauthorizedAnswer();
  if (request.method === 'GET') return options.answer(request);
  return options.refuseMethod?.(request) ?? htmlAnswer(405, 'Method Not Allowed', { allow: 'GET' });
}
