// Finds a server that answers and binds to it, with ldapts for connection, TLS and bind.
// Invariant: a wrong password or an untrusted certificate ends the attempt at once; only silence and refusal lead to the next server.

import { isIP, connect as netConnect, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { Client, ResultCodeError } from 'ldapts';
import { type ErrorCode, RosterdError } from '../../src/model/errors.ts';
import { readCaFile } from '../ca-file.ts';
import { type ConnectionPhase, interruptedError, timeoutError } from '../network-failures.ts';
import { LdapSession } from './client.ts';
import { codeError, connectionError } from './failures.ts';
import { type AdConnection, tlsModeOf } from './settings.ts';

/** Another server would say the same, and every further try may lock the account. */
const finalCodes: ReadonlySet<ErrorCode> = new Set([
  'config-invalid',
  'interrupted',
  'source-credentials',
  'source-strong-auth',
  'source-tls-untrusted',
  'source-tls-expired',
  'source-tls-hostname',
]);

/** A bound session with the first server that answers. Throws RosterdError. */
export async function openSession(connection: AdConnection, signal: AbortSignal): Promise<LdapSession> {
  const ca = await readCaFile(connection.tls.caFile);
  const failures: RosterdError[] = [];
  for (const server of connection.servers) {
    if (signal.aborted) throw interruptedError(signal);
    try {
      return await new Attempt(connection, server, ca, signal).run();
    } catch (error) {
      if (!(error instanceof RosterdError) || finalCodes.has(error.code)) throw error;
      failures.push(error);
    }
  }
  throw noneAnswered(failures);
}

function noneAnswered(failures: readonly RosterdError[]): RosterdError {
  const [first, ...others] = failures;
  if (first === undefined) return new RosterdError('config-invalid', 'no server is configured');
  if (others.length === 0) return first;
  const code = others.every((other) => other.code === first.code) ? first.code : 'source-unreachable';
  return new RosterdError(
    code,
    `none of ${failures.length} servers answers: ${failures.map((failure) => failure.message).join('; ')}`,
    {
      detail: { servers: failures.map((failure) => failure.subject ?? '') },
      cause: first,
    },
  );
}

/** One try with one server. */
class Attempt {
  readonly #connection: AdConnection;
  readonly #server: string;
  readonly #ca: Buffer | undefined;
  readonly #signal: AbortSignal;
  /** Plain connection and, on top of it, the secured one. */
  readonly #sockets: Socket[] = [];
  #phase: ConnectionPhase = 'connecting';

  constructor(connection: AdConnection, server: string, ca: Buffer | undefined, signal: AbortSignal) {
    this.#connection = connection;
    this.#server = server;
    this.#ca = ca;
    this.#signal = signal;
  }

  async run(): Promise<LdapSession> {
    const { requestMs, idleMs, connectMs } = this.#connection.timeouts;
    const { bind } = this.#connection;
    const mode = tlsModeOf(this.#connection, this.#server);
    const client = this.#client(mode === 'ldaps' ? this.#tlsOptions() : undefined);
    try {
      if (mode === 'starttls') await this.#within(connectMs, 'StartTLS', client.startTLS(this.#tlsOptions()));
      // An anonymous bind as well: it makes ldapts connect, and shows that the server speaks LDAP.
      await this.#within(connectMs + requestMs, 'the bind', client.bind(bind?.user ?? '', bind?.password ?? ''));
    } catch (error) {
      for (const socket of this.#sockets) socket.destroy();
      throw this.#explain(error);
    }
    const socket = this.#sockets.at(-1);
    if (socket === undefined) throw new RosterdError('bug', 'ldapts is bound without a connection');
    socket.removeAllListeners('data');
    socket.setNoDelay(true);
    return new LdapSession(this.#server, socket, { requestMs, idleMs }, this.#signal);
  }

  /** ldapts hands its sockets out by these two documented options: the way to read them after the bind. */
  #client(tlsOptions: ConnectionOptions | undefined): Client {
    const hold = <Kind extends Socket>(
      socket: Kind,
      from: ConnectionPhase,
      to: ConnectionPhase,
      event: string,
    ): Kind => {
      this.#phase = from;
      this.#sockets.push(socket);
      socket.once(event, () => {
        this.#phase = to;
      });
      return socket;
    };
    const createConnection = ((...args: Parameters<typeof netConnect>) =>
      hold(netConnect(...args), 'connecting', 'open', 'connect')) as typeof netConnect;
    const createSecureConnection = ((...args: Parameters<typeof tlsConnect>) => {
      const socket = tlsConnect(...args);
      socket.once('connect', () => {
        if (this.#phase === 'connecting') this.#phase = 'securing';
      });
      return hold(socket, tlsOptions === undefined ? 'securing' : 'connecting', 'open', 'secureConnect');
    }) as typeof tlsConnect;
    return new Client({
      url: this.#server,
      connectTimeout: this.#connection.timeouts.connectMs,
      timeout: this.#connection.timeouts.requestMs,
      createConnection,
      createSecureConnection,
      ...(tlsOptions === undefined ? {} : { tlsOptions }),
    });
  }

  /** With StartTLS ldapts passes no host, and the certificate would be checked against `localhost`: so the name is checked here. */
  #tlsOptions(): ConnectionOptions {
    const { serverName, minVersion } = this.#connection.tls;
    const name = serverName ?? new URL(this.#server).hostname.replace(/^\[|\]$/gu, '');
    return {
      minVersion,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      // SNI carries names only, no addresses (RFC 6066, 3).
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
    };
  }

  /** ldapts has no timeout for the handshake of StartTLS, and none that a signal could end. */
  async #within<Value>(ms: number, doing: string, work: Promise<Value>): Promise<Value> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(timeoutError(this.#server, doing, ms)), ms);
    const onAbort = (): void => reject(interruptedError(this.#signal));
    this.#signal.addEventListener('abort', onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    try {
      return await Promise.race([work, promise]);
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', onAbort);
      work.catch(() => undefined);
    }
  }

  #explain(error: unknown): RosterdError {
    const { connectMs, requestMs } = this.#connection.timeouts;
    if (error instanceof RosterdError) return error;
    if (error instanceof ResultCodeError) {
      const diagnostic = error.message
        .replace(/\s*Code: 0x[0-9a-f]+\s*$/iu, '')
        .replaceAll('\0', '')
        .trim();
      return codeError(this.#server, this.#phase === 'open' ? 'the bind' : 'StartTLS', error.code, diagnostic);
    }
    const message = error instanceof Error ? error.message : '';
    // ldapts marks its own timeouts by their text only.
    if (message === 'Connection timeout') {
      return this.#phase === 'connecting'
        ? connectionError(this.#server, new Error(`no connection within ${connectMs} ms`), 'connecting')
        : timeoutError(this.#server, 'the TLS handshake', connectMs);
    }
    if (message.endsWith('Operation timed out')) return timeoutError(this.#server, 'the bind', requestMs);
    const failed = this.#sockets.find((socket) => socket.errored !== null)?.errored;
    return connectionError(this.#server, failed ?? error, this.#phase);
  }
}

/** Whether and how the connection is secured, for `source check`. */
export const isSecured = (socket: Socket): socket is TLSSocket => 'encrypted' in socket;
