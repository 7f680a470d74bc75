// Asks one system over HTTP: which of the configured servers, over which connections. One question is http-exchange.ts.
// Invariant: the login goes to configured origins only, no other server after a refused login, and no socket stays after close() or an abort.

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ErrorCode, RosterdError } from '../src/model/errors.ts';
import { readCaFile } from './ca-file.ts';
import { type GetOptions, type HttpAnswer, HttpExchange, type TlsFacts } from './http-exchange.ts';
import type { HttpConnection } from './http-settings.ts';
import { interruptedError } from './network-failures.ts';

export type { HttpAnswer } from './http-exchange.ts';
export {
  type HttpConnection,
  httpConnectionSchema,
  httpFilePaths,
  httpSecretPaths,
  httpWarnings,
} from './http-settings.ts';

export interface HttpSession {
  /** The server that answers; undefined before the first answer. */
  readonly server: string | undefined;
  /** Undefined before the first answer, and without TLS. */
  readonly tls: TlsFacts | undefined;
  /**
   * GET below the origin. `path` is already percent-encoded. Throws RosterdError for everything that is no answer: a status that is neither
   * successful nor allowed, a redirection, an HTML page, a body over the cap or in no known charset, and all failures of the network.
   */
  get(path: string, options: GetOptions): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** Opens nothing yet. The first get() takes the first server that answers; all later ones stay with it. */
export async function openHttpSession(connection: HttpConnection, signal: AbortSignal): Promise<HttpSession> {
  if (signal.aborted) throw interruptedError(signal);
  return new Session(connection, await readCaFile(connection.tls.caFile), signal);
}

/** After anything else another server may do better: a refused login must not be tried again, and a certificate that is not trusted not be passed over. */
const finalCodes: ReadonlySet<ErrorCode> = new Set([
  'source-credentials',
  'source-permission',
  'source-tls-untrusted',
  'source-tls-hostname',
  'source-tls-expired',
  'interrupted',
  'bug',
]);

class Session implements HttpSession {
  server: string | undefined;
  tls: TlsFacts | undefined;
  readonly #connection: HttpConnection;
  readonly #signal: AbortSignal;
  readonly #ca: Buffer | undefined;
  readonly #agents = new Map<string, HttpAgent>();
  readonly #running = new Set<HttpExchange>();
  readonly #onAbort = (): void => this.#end(interruptedError(this.#signal));

  constructor(connection: HttpConnection, ca: Buffer | undefined, signal: AbortSignal) {
    this.#connection = connection;
    this.#ca = ca;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async get(path: string, options: GetOptions): Promise<HttpAnswer> {
    if (this.server !== undefined) return this.#ask(this.server, path, options);
    const failures: RosterdError[] = [];
    for (const server of this.#connection.servers) {
      try {
        return await this.#ask(server, path, options);
      } catch (error) {
        if (!(error instanceof RosterdError) || finalCodes.has(error.code)) throw error;
        failures.push(error);
      }
    }
    throw noneAnswered(failures);
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#end(new RosterdError('interrupted', 'the session was closed'));
  }

  #end(reason: RosterdError): void {
    for (const exchange of this.#running) exchange.fail(reason);
    for (const agent of this.#agents.values()) agent.destroy();
  }

  /** Servers close idle connections when they like, also in the moment of the next question: that is no failure, and asked again once. */
  async #ask(server: string, path: string, options: GetOptions): Promise<HttpAnswer> {
    const url = urlOf(server, path, options.query ?? {});
    const exchangeOn = (socket: 'any' | 'new'): HttpExchange =>
      new HttpExchange(this.#connection, url, `GET ${path}`, this.#agentOf(url), socket);
    const first = exchangeOn('any');
    try {
      return await this.#run(first, server, options);
    } catch (error) {
      if (!first.cameTooLate) throw error;
      return await this.#run(exchangeOn('new'), server, options);
    }
  }

  async #run(exchange: HttpExchange, server: string, options: GetOptions): Promise<HttpAnswer> {
    if (this.#signal.aborted) throw interruptedError(this.#signal);
    this.#running.add(exchange);
    try {
      const answer = await exchange.run(options);
      this.server = server;
      this.tls ??= exchange.tls;
      return answer;
    } finally {
      this.#running.delete(exchange);
    }
  }

  #agentOf(url: URL): HttpAgent {
    const known = this.#agents.get(url.origin);
    if (known !== undefined) return known;
    const agent = url.protocol === 'https:' ? this.#securedAgent(url) : new HttpAgent({ keepAlive: true });
    this.#agents.set(url.origin, agent);
    return agent;
  }

  #securedAgent(url: URL): HttpsAgent {
    const { serverName, minVersion } = this.#connection.tls;
    const name = serverName ?? url.hostname.replace(/^\[|\]$/gu, '');
    return new HttpsAgent({
      keepAlive: true,
      rejectUnauthorized: true,
      minVersion,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      // SNI carries names only, no addresses (RFC 6066, 3).
      servername: isIP(name) === 0 ? name : '',
      // Administrators save the certificate that they see: that of the server, or that of an authority which another one signed.
      ...(this.#ca === undefined ? {} : { ca: this.#ca, allowPartialTrustChain: true }),
    });
  }
}

function urlOf(server: string, path: string, query: Readonly<Record<string, string>>): URL {
  const url = new URL(path, server);
  // A segment `..` would lead elsewhere.
  if (url.origin !== new URL(server).origin || url.pathname !== path)
    throw new RosterdError('bug', `${path} is not a path that can be asked for`);
  url.search = Object.entries(query)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&');
  return url;
}

/** A server that answers tells more of what is wrong than one that is down. */
function noneAnswered(failures: readonly RosterdError[]): RosterdError {
  const [first, ...others] = failures;
  if (first === undefined) return new RosterdError('config-invalid', 'no server is configured');
  if (others.length === 0) return first;
  const told = failures.find(({ detail }) => detail['status'] !== undefined) ?? first;
  const isOfAll = failures.every(({ code }) => code === first.code);
  return new RosterdError(
    isOfAll || told.detail['status'] !== undefined ? told.code : 'source-unreachable',
    `none of ${failures.length} servers gives an answer: ${failures.map(({ message }) => message).join('; ')}`,
    { detail: { ...told.detail, servers: failures.map(({ subject }) => subject ?? '') }, cause: told },
  );
}
