// Where machines ask how the daemon is: /livez, /readyz and /metrics over plain HTTP, without a login.
// Invariant: it only answers questions, names no user, and nothing that a client does holds the daemon up or fills its memory.

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { RosterdError } from '../model/errors.ts';
import { type Probe, probed, sendProbe } from './probe.ts';
import { type Door, plain, refuse, sendNotFound } from './refuse.ts';

export type { Probe } from './probe.ts';

export interface HealthSource {
  /** Whether this process works; when not, starting it again is the cure. */
  live(): Probe;
  /** Whether it can do its work now. A throw, or no answer in time, is a no. */
  ready(): Promise<Probe> | Probe;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
}

/** Other than usual only in tests. */
export interface HealthLimits {
  /** How long a client may take to send a request. */
  readonly headMs: number;
  /** How long a connection may stay open without a request. */
  readonly idleMs: number;
  /** How long a connection may stay open on which nothing moves, e.g. because the client does not take its answers. */
  readonly silentMs: number;
  readonly connections: number;
  readonly headBytes: number;
  /** How long `ready` may take. */
  readonly probeMs: number;
  /** How long a closing server waits for answers that are on their way. */
  readonly closeMs: number;
}

const usual: HealthLimits = {
  headMs: 5_000,
  idleMs: 15_000,
  silentMs: 30_000,
  connections: 50,
  headBytes: 8_192,
  probeMs: 5_000,
  closeMs: 1_000,
};

export interface HealthServer {
  /** `http://127.0.0.1:9464` */
  readonly address: string;
  /** Waits a second at most for answers that are on their way, and not at all for connections that nobody uses. */
  close(): Promise<void>;
}

/** Throws `listen-failed`. */
export async function startHealthServer(
  listen: { readonly host: string; readonly port: number },
  source: HealthSource,
  limits: Partial<HealthLimits> = {},
): Promise<HealthServer> {
  const own = { ...usual, ...limits };
  try {
    const { address } = await lookup(listen.host);
    return await listenOn(address, listen.port, createApp({ ...listen, address }, source, own), own);
  } catch (error) {
    throw listenFailed(listen, error);
  }
}

async function listenOn(
  host: string,
  port: number,
  app: FastifyInstance,
  { connections, closeMs }: HealthLimits,
): Promise<HealthServer> {
  app.server.maxConnections = connections;
  try {
    await app.ready();
    // Not app.listen: it asks for the interfaces of the machine, which a hardened unit forbids, and opens a second server for
    // `localhost`, which has none of the limits.
    app.server.listen({ host, port });
    await once(app.server, 'listening');
  } catch (error) {
    await app.close();
    throw error;
  }
  const bound = app.server.address() as AddressInfo;
  return {
    address: `http://${inBrackets(bound.address)}:${bound.port}`,
    async close() {
      const hard = setTimeout(() => app.server.closeAllConnections(), closeMs);
      await app.close();
      clearTimeout(hard);
    },
  };
}

function createApp(door: Door, source: HealthSource, limits: HealthLimits): FastifyInstance {
  const app = fastify({
    logger: false,
    requestTimeout: limits.headMs,
    keepAliveTimeout: limits.idleMs,
    connectionTimeout: limits.silentMs,
    http: {
      maxHeaderSize: limits.headBytes,
      headersTimeout: limits.headMs,
      // How often Node looks for late ones: its 30 s would make a limit of 5 s one of 35 s.
      connectionsCheckingInterval: Math.min(1_000, limits.headMs),
    },
    frameworkErrors: (_error, _request, reply) => void sendNotFound(reply),
  });
  app.addHook('onRequest', async (request, reply) => refuse(request, reply, door));
  app.setNotFoundHandler((_request, reply) => sendNotFound(reply));
  app.setErrorHandler((_error, _request, reply) => plain(reply.code(500), 'This could not be answered.'));
  const { metrics } = source;
  for (const [name, ask] of Object.entries({ livez: () => source.live(), readyz: () => source.ready() }))
    app.get(`/${name}`, async (request, reply) => sendProbe(name, await probed(ask, limits.probeMs), request, reply));
  app.get('/metrics', async (_request, reply) => {
    const text = await metrics.render();
    return reply.type(metrics.contentType).send(text);
  });
  return app;
}

const inBrackets = (host: string): string => (host.includes(':') ? `[${host}]` : host);

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EACCES: 'the system does not let this user listen there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'that name has no address',
  EAI_AGAIN: 'that name cannot be looked up',
};

function listenFailed({ host, port }: { readonly host: string; readonly port: number }, error: unknown): RosterdError {
  const subject = `${inBrackets(host)}:${port}`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const because = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  const message = `The daemon cannot listen on ${subject}: ${because}.`;
  return new RosterdError('listen-failed', message, { subject, cause: error });
}
