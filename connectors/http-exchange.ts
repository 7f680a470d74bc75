// One GET with axios, from the connection to the last byte, each phase within its own time.
// Invariant: it ends with a bounded answer or a RosterdError, and neither that nor its cause ever carries the login.

import {
  type ClientRequest,
  type Agent as HttpAgent,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import axios, { type AxiosResponse } from 'axios';
import { RosterdError } from '../src/model/errors.ts';
import { asEpochMs, type EpochMs } from '../src/model/ids.ts';
import { type BodyCap, decodeText, readBody, tooLarge, tooMany } from './http-body.ts';
import { basicOf, LoginEraser } from './http-login.ts';
import type { HttpConnection } from './http-settings.ts';
import { statusError } from './http-status.ts';
import { hasTooManyValues, isJson, maxJsonValues } from './json-scan.ts';
import { type ConnectionPhase, connectionError, firstLine, timeoutError } from './network-failures.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Lower case, without parameters; empty where the server names none. */
  readonly contentType: string;
  readonly text: string;
  /** The Date header. */
  readonly date?: EpochMs;
  /** Beside it: when it came, by the clock of this machine. */
  readonly dateCameAt?: EpochMs;
}

export interface GetOptions {
  /** The Accept header. */
  readonly accept: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Statuses that are answers too, beside the successful ones. */
  readonly allow?: readonly number[];
}

/** What the handshake showed, for `source check`. */
export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  readonly certificate: PeerCertificate;
}

/** Of an answer that is an error, no more is looked at. */
const errorBodyBytes = 65_536;

/** One request and its answer. */
export class HttpExchange {
  tls: TlsFacts | undefined;
  /** The server had closed the connection of an earlier question before this one came: it has said nothing to it. */
  cameTooLate = false;
  readonly #connection: HttpConnection;
  readonly #url: URL;
  readonly #doing: string;
  readonly #agent: HttpAgent;
  readonly #socket: 'any' | 'new';
  readonly #eraser: LoginEraser;
  #phase: ConnectionPhase = 'connecting';
  #request: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Why this side ended it, or what the network said first; what axios makes of it carries the login. */
  #failure: RosterdError | undefined;
  #hasAnswer = false;

  /** `socket`: whether one that is open already may be used. */
  constructor(connection: HttpConnection, url: URL, doing: string, agent: HttpAgent, socket: 'any' | 'new') {
    this.#connection = connection;
    this.#url = url;
    this.#doing = doing;
    this.#agent = agent;
    this.#socket = socket;
    this.#eraser = new LoginEraser(connection.login);
  }

  fail(reason: RosterdError): void {
    this.#failure ??= reason;
    this.#request?.destroy();
  }

  async run(options: GetOptions): Promise<HttpAnswer> {
    const { connectMs, idleMs } = this.#connection.timeouts;
    try {
      this.#within(connectMs, () => this.#notConnected(connectMs));
      const response = await this.#send(options.accept);
      const onPiece = (): void =>
        this.#within(idleMs, () => timeoutError(this.#server, `the rest of ${this.#doing}`, idleMs));
      onPiece();
      return await this.#read(response, options.allow ?? [], onPiece);
    } catch (error) {
      this.#request?.destroy();
      throw this.#failure ?? this.#explained(error);
    } finally {
      clearTimeout(this.#timer);
    }
  }

  get #server(): string {
    return this.#url.origin;
  }

  #within(ms: number, late: () => RosterdError): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fail(late()), ms);
  }

  #notConnected(ms: number): RosterdError {
    return this.#phase === 'connecting'
      ? connectionError(this.#server, new Error(`no connection within ${ms} ms`), 'connecting')
      : timeoutError(this.#server, 'the TLS handshake', ms);
  }

  #send(accept: string): Promise<AxiosResponse<IncomingMessage>> {
    const headers = {
      Accept: accept,
      'Accept-Encoding': 'gzip',
      Authorization: `Basic ${basicOf(this.#connection.login)}`,
      'User-Agent': 'rosterd',
    };
    return axios.get<IncomingMessage>(this.#url.href, {
      headers,
      httpAgent: this.#agent,
      httpsAgent: this.#agent,
      transport: { request: this.#transport },
      proxy: false,
      maxRedirects: 0,
      decompress: false,
      responseType: 'stream',
      validateStatus: () => true,
    });
  }

  /** Called by axios in place of node:https, so that the phases of the connection can be seen. */
  readonly #transport = (options: RequestOptions, onResponse: (message: IncomingMessage) => void): ClientRequest => {
    const send = this.#url.protocol === 'https:' ? requestHttps : requestHttp;
    // Those that are idle are as old as the one that failed.
    if (this.#socket === 'new') for (const idle of Object.values(this.#agent.freeSockets).flat()) idle?.destroy();
    const request = send(options, onResponse);
    this.#request = request;
    request.on('error', (error) => {
      this.cameTooLate = request.reusedSocket && !this.#hasAnswer && this.#failure === undefined;
      this.#failure ??= this.#networkError(error);
    });
    request.once('socket', (socket) => {
      socket.once('data', () => {
        this.#hasAnswer = true;
      });
      if (request.reusedSocket) this.#opened(socket);
      else this.#watch(socket);
    });
    if (this.#failure !== undefined) request.destroy();
    return request;
  };

  /** The parser of Node says HPE_... of what is not HTTP, and keeps the bytes in its error: they may show the login. */
  #networkError(error: Error): RosterdError {
    return 'code' in error && String(error.code).startsWith('HPE_')
      ? this.#protocolError(`was answered with something that is not HTTP (${firstLine(error.message)})`)
      : connectionError(this.#server, error, this.#phase);
  }

  #watch(socket: Socket): void {
    const isSecured = this.#url.protocol === 'https:';
    socket.once('connect', () => {
      if (isSecured) this.#phase = 'securing';
      else this.#opened(socket);
    });
    if (isSecured) socket.once('secureConnect', () => this.#opened(socket));
  }

  #opened(socket: Socket): void {
    const { requestMs } = this.#connection.timeouts;
    this.#phase = 'open';
    this.#within(requestMs, () => timeoutError(this.#server, this.#doing, requestMs));
    if (isTlsSocket(socket)) {
      const certificate = socket.getPeerCertificate();
      this.tls = { protocol: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().name, certificate };
    }
  }

  async #read(
    response: AxiosResponse<IncomingMessage>,
    allow: readonly number[],
    onPiece: () => void,
  ): Promise<HttpAnswer> {
    const { status, data } = response;
    const cameAt = asEpochMs(Date.now());
    const header = (name: string): string | undefined => data.headers[name]?.toString();
    const isWanted = (status >= 200 && status < 300) || allow.includes(status);
    const cap: BodyCap = {
      server: this.#server,
      doing: this.#doing,
      maxBytes: isWanted ? this.#connection.maxBodyBytes : errorBodyBytes,
      beyond: isWanted ? 'fail' : 'cut',
      onPiece,
      clean: (said) => this.#eraser.message(said),
    };
    const contentType = header('content-type') ?? '';
    if (isWanted && Number(header('content-length') ?? 0) > cap.maxBytes) throw tooLarge(cap);
    // Of an error the status counts, whatever its body is.
    const body = readBody(data, header('content-encoding') ?? '', cap);
    const bytes = isWanted ? await body : await body.catch(() => Buffer.alloc(0));
    const text = decodeText(bytes, contentType) ?? (isWanted ? undefined : '');
    if (text === undefined) throw this.#protocolError('was answered with text in an unknown or broken encoding');
    const head = {
      server: this.#server,
      doing: this.#doing,
      status,
      contentType,
      location: this.#eraser.message(header('location') ?? ''),
      retryAfter: header('retry-after'),
    };
    if (isJson(text) && hasTooManyValues(text)) throw tooMany(cap, maxJsonValues);
    const error = statusError(head, isWanted ? text : this.#eraser.message(text), allow);
    if (error !== undefined) throw error;
    const date = Date.parse(header('date') ?? '');
    return {
      status,
      contentType: contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '',
      text: isData(status, text) ? text : this.#eraser.document(text),
      ...(Number.isNaN(date) ? {} : { date: asEpochMs(date), dateCameAt: cameAt }),
    };
  }

  #protocolError(because: string, cause?: unknown): RosterdError {
    return new RosterdError('source-protocol', `${this.#server}: ${this.#doing} ${because}`, {
      subject: this.#server,
      cause,
    });
  }

  /** Neither the network nor this side ended it: stream, zlib, or axios itself. */
  #explained(error: unknown): RosterdError {
    if (error instanceof RosterdError) return error;
    // Its configuration carries the login: only the message goes on.
    if (axios.isAxiosError(error)) return new RosterdError('bug', `${this.#doing}: ${firstLine(error.message)}`);
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // "unexpected end of file": the compressed body was cut off.
    if (code.startsWith('Z_') && code !== 'Z_BUF_ERROR') {
      return this.#protocolError('was answered with a body that cannot be decompressed', error);
    }
    return connectionError(this.#server, error, 'open');
  }
}

/** Names of people are left as they are, whatever the password is. Everything else is for people, and may show what the server was sent. */
const isData = (status: number, text: string): boolean =>
  status >= 200 && status < 300 && /^\s*[<[{]/u.test(text) && !/apiError/iu.test(text);

const isTlsSocket = (socket: Socket): socket is TLSSocket => 'encrypted' in socket;
