// One bound connection, used for searches only. ldapts connects, secures and binds (connect.ts); from then on this file reads the
// socket, because ldapts ends a paged search at an empty page, drops entries at a limit, and times out while entries arrive.
// Invariant: every search ends: with its answer, with a RosterdError after silence, or when the connection or the signal ends.

import type { Socket } from 'node:net';
import type { RosterdError } from '../../src/model/errors.ts';
import { interruptedError, timeoutError } from '../network-failures.ts';
import { type DirectoryEntry, EntryDecoder, MalformedMessage } from './decode.ts';
import { connectionError, resultError } from './failures.ts';
import {
  extendedRequestBytes,
  integerOf,
  type LdapResult,
  MessageCutter,
  operation,
  pagingCookieOf,
  resultOf,
  type SearchRequest,
  searchRequestBytes,
  spanAt,
  stringsOf,
  unbindRequestBytes,
} from './messages.ts';

export interface SearchAnswer {
  readonly entries: readonly DirectoryEntry[];
  /** Continuations into other servers; never followed. */
  readonly references: readonly string[];
  readonly result: LdapResult;
  /** Undefined: the server sent no paging control. Empty: this was the last page. */
  readonly cookie: Buffer | undefined;
}

export interface SessionTimeouts {
  readonly requestMs: number;
  readonly idleMs: number;
}

interface Pending {
  readonly doing: string;
  readonly decoder: EntryDecoder;
  readonly entries: DirectoryEntry[];
  readonly references: string[];
  readonly resolve: (answer: SearchAnswer & { readonly responseValue?: string }) => void;
  readonly reject: (error: RosterdError) => void;
}

/** Far above the ids that ldapts used for its bind. */
const firstMessageId = 1_000;
const closeGraceMs = 500;
/** Later than this a timer is not merely inexact. */
const lateMs = 100;

/** A bound connection to one server. Searches may overlap; close() ends them all. */
export class LdapSession {
  /** The address as configured. */
  readonly server: string;
  readonly socket: Socket;
  readonly #timeouts: SessionTimeouts;
  readonly #signal: AbortSignal;
  readonly #cutter = new MessageCutter();
  readonly #pending = new Map<number, Pending>();
  #nextId = firstMessageId;
  #failure: RosterdError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waitMs = 0;
  #lastHeard = 0;

  /** Takes the socket over: it must be bound, and nobody else may read it. */
  constructor(server: string, socket: Socket, timeouts: SessionTimeouts, signal: AbortSignal) {
    this.server = server;
    this.socket = socket;
    this.#timeouts = timeouts;
    this.#signal = signal;
    socket.on('data', this.#onData);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
    else if (socket.destroyed) this.#onClose();
  }

  /** One request, one answer: all its entries. A result that is not success is part of the answer, not an error. */
  search(request: SearchRequest, decoder: EntryDecoder): Promise<SearchAnswer> {
    const doing = request.base === '' ? 'reading the root entry' : `reading ${request.base}`;
    return this.#ask(doing, decoder, (id) => searchRequestBytes(id, request));
  }

  /** As search(), and every result but success is a RosterdError. */
  async searchOrThrow(request: SearchRequest, decoder: EntryDecoder): Promise<SearchAnswer> {
    const answer = await this.search(request, decoder);
    if (answer.result.code !== 0) throw this.errorOf(answer, request.base);
    return answer;
  }

  errorOf(answer: Pick<SearchAnswer, 'result'>, base: string): RosterdError {
    return resultError(this.server, base === '' ? 'reading the root entry' : `reading ${base}`, answer.result);
  }

  /** Who am I (RFC 4532): `u:CORP\reader`, `dn:...`; undefined where the server has no such operation. */
  async whoAmI(): Promise<string | undefined> {
    const answer = await this.#ask('asking who is bound', new EntryDecoder([]), (id) =>
      extendedRequestBytes(id, '1.3.6.1.4.1.4203.1.11.3'),
    );
    return answer.result.code === 0 ? answer.responseValue : undefined;
  }

  /** Says goodbye and lets go of the socket; never throws, never waits long. */
  async close(): Promise<void> {
    this.#fail(connectionError(this.server, new Error('the connection was closed'), 'open'));
    const { socket } = this;
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), closeGraceMs);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.write(unbindRequestBytes(this.#nextId));
      socket.destroySoon();
    });
  }

  #ask(
    doing: string,
    decoder: EntryDecoder,
    write: (id: number) => Buffer,
  ): Promise<SearchAnswer & { readonly responseValue?: string }> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { doing, decoder, entries: [], references: [], resolve, reject });
      this.#wait(this.#timeouts.requestMs);
      this.socket.write(write(id));
    });
  }

  readonly #onData = (piece: Buffer): void => {
    this.#lastHeard = performance.now();
    this.#waitMs = this.#timeouts.idleMs;
    try {
      this.#cutter.push(piece, this.#onMessage);
    } catch (error) {
      this.#fail(connectionError(this.server, error, 'open'));
      this.socket.destroy();
    }
  };

  readonly #onMessage = (bytes: Buffer, start: number, end: number): void => {
    const idSpan = spanAt(bytes, start, end);
    const id = integerOf(bytes, idSpan);
    const body = spanAt(bytes, idSpan.end, end);
    const pending = this.#pending.get(id);
    if (pending === undefined) {
      if (id !== 0) throw new MalformedMessage(`an answer to message ${id} came, which was never sent`);
      // Notice of disconnection (RFC 4511, 4.4.1).
      throw resultError(this.server, 'the connection', resultOf(bytes, body.start, body.end));
    }
    switch (body.tag) {
      case operation.searchEntry:
        pending.entries.push(pending.decoder.decode(bytes, body.start, body.end));
        return;
      case operation.searchReference:
        pending.references.push(...stringsOf(bytes, body.start, body.end));
        return;
      case operation.searchDone:
      // Samba refuses an unknown critical control with an extended response instead of a search result.
      case operation.extendedResponse: {
        this.#pending.delete(id);
        if (this.#pending.size === 0) this.#stopWaiting();
        const { responseValue, ...result } = resultOf(bytes, body.start, body.end);
        pending.resolve({
          entries: pending.entries,
          references: pending.references,
          result,
          cookie: pagingCookieOf(bytes, body.end, end),
          ...(responseValue === undefined ? {} : { responseValue }),
        });
        return;
      }
      default:
        throw new MalformedMessage(`the answer has the unexpected operation 0x${body.tag.toString(16)}`);
    }
  };

  readonly #onError = (error: Error): void => this.#fail(connectionError(this.server, error, 'open'));
  readonly #onClose = (): void =>
    this.#fail(
      connectionError(this.server, this.socket.errored ?? new Error('the server closed the connection'), 'open'),
    );
  readonly #onAbort = (): void => {
    this.#fail(interruptedError(this.#signal));
    this.socket.destroy();
  };

  #wait(ms: number): void {
    this.#waitMs = ms;
    this.#lastHeard = performance.now();
    this.#timer ??= setTimeout(this.#onTimer, ms);
  }

  /** Silence is measured, not the age of the timer: entries that still arrive are no timeout. */
  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const [first] = this.#pending.values();
    if (first === undefined) return;
    const left = this.#waitMs - (performance.now() - this.#lastHeard);
    // A timer that is late shows that this process stood still; the answer may lie in the socket, unread.
    if (left < -lateMs) this.#wait(this.#waitMs);
    else if (left > 0) this.#timer = setTimeout(this.#onTimer, left);
    else {
      this.#fail(timeoutError(this.server, first.doing, this.#waitMs));
      this.socket.destroy();
    }
  };

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The first failure is the one that all searches, open and future, end with. */
  #fail(error: RosterdError): void {
    this.#stopWaiting();
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#failure ??= error;
    const open = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of open) pending.reject(this.#failure);
  }
}
