// One client connection of the scripted server: reads messages, binds, starts TLS, streams answers with back-pressure
// and carries out the faults that break a connection.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SecureContext, TLSSocket } from 'node:tls';
import { tlv } from './ber.ts';
import type { Entry } from './directory-entry.ts';
import { selectAttributes } from './ldap-attributes.ts';
import { type Account, checkPassword } from './ldap-bind.ts';
import type { FaultOf, LoggedSearch } from './ldap-faults.ts';
import {
  controlOids,
  decodeRequest,
  encodeEntry,
  encodeReference,
  encodeResult,
  formatFilter,
  type Request,
  startTlsOid,
  takeMessages,
  whoAmIOid,
} from './ldap-messages.ts';
import type { Answer, Search } from './ldap-search.ts';
import type { ServerState } from './ldap-server.ts';
import { type DomainController, View } from './ldap-view.ts';

const chunkBytes = 64 * 1024;
const interruptions = ['close', 'hang', 'garbage', 'notice-of-disconnection', 'result', 'wrong-message-id'] as const;
type Interruption = FaultOf<(typeof interruptions)[number]>;

export class LdapConnection {
  readonly #state: ServerState;
  readonly #number: number;
  readonly #dc: DomainController;
  readonly #abandoned = new Set<number>();
  readonly #secureContext: SecureContext;
  #socket: Socket;
  #account: Account | undefined;
  #received: Buffer = Buffer.alloc(0);
  #isClosing = false;
  #stopWatching: (() => void)[] = [];

  constructor(state: ServerState, socket: Socket, number: number, secureContext: SecureContext) {
    this.#state = state;
    this.#socket = socket;
    this.#number = number;
    this.#dc = state.dc;
    this.#secureContext = secureContext;
  }

  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  /** Carries out faults of the connect, secures the socket if wanted, and listens. */
  async open(kind: 'ldap' | 'ldaps'): Promise<void> {
    this.#socket.on('error', () => this.destroy());
    this.#socket.on('close', () => this.destroy());
    const { faults } = this.#state;
    const delay = faults.take(['delay'], 'connect');
    if (delay) await sleep(delay.ms, undefined, { ref: false });
    if (faults.take(['close'], 'connect')) return this.destroy();
    if (faults.take(['hang'], 'connect')) return;
    if (kind === 'ldaps') this.#secure();
    else this.#listen();
  }

  destroy(): void {
    this.#isClosing = true;
    for (const stop of this.#stopWatching.splice(0)) stop();
    this.#socket.destroy();
  }

  #secure(): void {
    const plain = this.#socket;
    plain.removeAllListeners('data');
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext: this.#secureContext });
    this.#socket.on('error', () => this.destroy());
    this.#socket.on('close', () => this.destroy());
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        const { messages, rest } = takeMessages(
          this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk,
        );
        this.#received = Buffer.from(rest);
        for (const message of messages) this.#dispatch(decodeRequest(message));
      } catch {
        void this.#notify(2, 'decoding error');
      }
    });
  }

  #dispatch(request: Request): void {
    switch (request.op) {
      case 'bind':
        void this.#bind(request);
        break;
      case 'search':
        void this.#search(request).catch((reason: unknown) => this.#internalError(request.id, reason));
        break;
      case 'unbind':
        this.#socket.end();
        break;
      case 'abandon':
        this.#abandoned.add(request.target);
        break;
      case 'extended':
        this.#extended(request);
        break;
      case 'write':
        this.#state.writes.push({ connection: this.#number, name: request.name });
        void this.#send(
          encodeResult(request.id, request.answerTag, {
            code: 50,
            diagnostic: '00002098: SecErr: DSID-03150E49, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0',
          }),
        );
        break;
      default:
        request satisfies never;
    }
  }

  async #bind(request: Extract<Request, { op: 'bind' }>): Promise<void> {
    const { faults, directory } = this.#state;
    this.#account = undefined;
    const delay = faults.take(['delay'], 'bind');
    if (delay) await sleep(delay.ms, undefined, { ref: false });
    if (faults.take(['close'], 'bind')) return this.destroy();
    if (faults.take(['hang'], 'bind')) return;
    const forced = faults.take(['result'], 'bind');
    const outcome =
      forced ??
      (request.mechanism !== undefined
        ? {
            code: 7,
            diagnostic: '00002027: LdapErr: DSID-0C0905F0, comment: Invalid Authentication method, data 0, v4563',
          }
        : checkPassword(directory, request, this.isSecure ? 'secure' : this.#state.plainBind, this.#state));
    this.#state.binds.push({
      connection: this.#number,
      name: request.name,
      code: outcome.code,
      transport: this.isSecure ? 'tls' : 'plain',
    });
    if ('account' in outcome) this.#account = outcome.account;
    const { code, diagnostic = '' } = outcome;
    await this.#send(encodeResult(request.id, 0x61, { code, diagnostic }));
  }

  #extended(request: Extract<Request, { op: 'extended' }>): void {
    if (request.oid === startTlsOid && !this.isSecure) {
      // RFC 4511, 4.14.1: the next octet from the client is already the TLS handshake.
      this.#socket.write(encodeResult(request.id, 0x78, { code: 0 }, { tail: [tlv(0x8a, startTlsOid)] }));
      this.#secure();
    } else if (request.oid === whoAmIOid) {
      const name = this.#account
        ? `u:${this.#state.directory.netbiosName}\\${this.#account.entry.text('sAMAccountName')}`
        : '';
      void this.#send(encodeResult(request.id, 0x78, { code: 0 }, { tail: [tlv(0x8b, name)] }));
    } else {
      void this.#send(
        encodeResult(request.id, 0x78, {
          code: 2,
          diagnostic: '0000203D: LdapErr: DSID-0C090C8E, comment: Unknown extended request OID, data 0, v4563',
        }),
      );
    }
  }

  async #search(request: Search): Promise<void> {
    const { faults, service, searches, directory } = this.#state;
    const { page, pageSize } = service.pageOf(request);
    const log: LoggedSearch = {
      connection: this.#number,
      at: Date.now(),
      account: this.#account?.entry.text('sAMAccountName') ?? '',
      base: request.base,
      scope: request.scope,
      filter: formatFilter(request.filter),
      attributes: request.attributes,
      controls: request.controls.map((one) => one.oid),
      pageSize,
      page,
      timeLimit: request.timeLimit,
      code: undefined,
      entries: 0,
    };
    searches.push(log);
    if (searches.length > 50_000) searches.shift();
    const delay = faults.take(['delay'], 'search', log);
    if (delay) await sleep(delay.ms, undefined, { ref: false });
    const interruption = faults.take(interruptions, 'search', log);
    if (
      interruption &&
      interruption.afterEntries === undefined &&
      (await this.#interrupt(interruption, request.id, log))
    )
      return;
    const view = new View(
      directory,
      this.#dc,
      this.#account?.rights ?? { deletedObjects: 'hidden', replication: 'denied' },
      faults,
    );
    if (request.controls.some((one) => one.oid === controlOids.notification)) return this.#watch(request, view);
    const answer = service.answer(view, request, this.#account ? 'bound' : 'anonymous', log);
    const slow = faults.take(['slow'], 'search', log);
    if (await this.#stream(request, answer, log, { interruption, entryMs: slow?.entryMs })) return;
    const dcSwitch = faults.take(['switch-dc'], 'search', log);
    if (dcSwitch) this.#state.switchDc();
    if (dcSwitch) this.#socket.end();
  }

  /** Sends entries, references and the result. True if a fault ended it before. */
  async #stream(
    request: Search,
    answer: Answer,
    log: LoggedSearch,
    faults: { interruption: Interruption | undefined; entryMs: number | undefined },
  ): Promise<boolean> {
    const started = Date.now();
    let waiting: Buffer[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (waiting.length > 0) await this.#send(Buffer.concat(waiting));
      waiting = [];
      bytes = 0;
    };
    for (let index = 0; index <= answer.count; index++) {
      if (this.#isClosing || this.#abandoned.delete(request.id)) return true;
      if (faults.interruption && (faults.interruption.afterEntries === index || index === answer.count)) {
        await flush();
        if (await this.#interrupt(faults.interruption, request.id, log)) return true;
        faults.interruption = undefined;
      }
      const encoded = index < answer.count ? answer.encode(index) : undefined;
      if (!encoded) continue;
      if (faults.entryMs !== undefined) await sleep(faults.entryMs, undefined, { ref: false });
      if (request.timeLimit > 0 && Date.now() - started > request.timeLimit * 1_000) {
        await flush();
        log.code = 3;
        await this.#send(
          encodeResult(request.id, 0x65, {
            code: 3,
            diagnostic: '00002022: SvcErr: DSID-03190F2C, problem 5005 (TIME_LIMIT_EXCEEDED), data 0',
          }),
        );
        return true;
      }
      waiting.push(encoded);
      bytes += encoded.length;
      log.entries++;
      if (bytes >= chunkBytes || faults.entryMs !== undefined) await flush();
    }
    for (const urls of answer.references) waiting.push(encodeReference(request.id, urls));
    waiting.push(encodeResult(request.id, 0x65, answer.result, { controls: answer.controls }));
    await flush();
    log.code = answer.result.code;
    return false;
  }

  /** True if nothing more is to be sent for this request. */
  async #interrupt(fault: Interruption, id: number, log: LoggedSearch): Promise<boolean> {
    switch (fault.kind) {
      case 'hang':
        return true;
      case 'close': {
        const half = encodeEntry(id, `CN=cut in half,${this.#state.directory.baseDn}`, []);
        if (fault.cut === 'mid-message') await this.#send(half.subarray(0, half.length - 5));
        // Let what was written reach the client, then close without a TLS farewell or an LDAP result.
        await new Promise<void>((resolve) => void this.#socket.write('', () => resolve()));
        this.destroy();
        return true;
      }
      case 'garbage':
        await this.#send(fault.bytes ?? Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n<html>not LDAP at all</html>'));
        return true;
      case 'notice-of-disconnection':
        await this.#notify(
          fault.code ?? 52,
          '00000000: LdapErr: DSID-0C090DE7, comment: Error processing control, data 0, v4563',
        );
        return true;
      case 'wrong-message-id':
        await this.#send(encodeEntry(id + 40_000, `CN=not yours,${this.#state.directory.baseDn}`, []));
        await this.#send(encodeResult(id + 40_000, 0x65, { code: 0 }));
        return true;
      case 'result':
        log.code = fault.code;
        await this.#send(
          encodeResult(id, 0x65, {
            code: fault.code,
            diagnostic: fault.diagnostic ?? diagnostics[fault.code] ?? '',
            ...(fault.referrals ? { referrals: fault.referrals } : {}),
          }),
        );
        return true;
      default:
        fault satisfies never;
        return false;
    }
  }

  /** Change notification (528): entries as they change, and never a result. */
  #watch(request: Search, view: View): void {
    const encode = selectAttributes(view, request, this.#state.limits);
    const { directory } = this.#state;
    const onChange = (entry: Entry): void => {
      if (this.#abandoned.has(request.id)) {
        stop();
        return;
      }
      const isInside = entry.dn.toLowerCase().endsWith(request.base.toLowerCase());
      if (isInside && view.isVisible(entry, 'hidden'))
        void this.#send(encodeEntry(request.id, entry.dn, encode(entry)));
    };
    const stop = (): void => void directory.changes.off('changed', onChange);
    directory.changes.on('changed', onChange);
    this.#stopWatching.push(stop);
  }

  async #notify(code: number, diagnostic: string): Promise<void> {
    await this.#send(encodeResult(0, 0x78, { code, diagnostic }, { tail: [tlv(0x8a, '1.3.6.1.4.1.1466.20036')] }));
    this.#socket.end();
  }

  async #internalError(id: number, reason: unknown): Promise<void> {
    const diagnostic = reason instanceof Error ? reason.message : 'error without a message';
    await this.#send(encodeResult(id, 0x65, { code: 80, diagnostic }));
  }

  async #send(data: Buffer): Promise<void> {
    if (this.#isClosing || this.#socket.destroyed || this.#socket.writableEnded) return;
    if (this.#socket.write(data)) return;
    const ended = new AbortController();
    const onClose = (): void => ended.abort();
    this.#socket.once('close', onClose);
    await once(this.#socket, 'drain', { signal: ended.signal }).catch(() => undefined);
    this.#socket.off('close', onClose);
  }
}

const diagnostics: Readonly<Record<number, string>> = {
  1: '00000000: LdapErr: DSID-0C090A22, comment: The server is unable to complete the request, data 0, v4563',
  3: '00002022: SvcErr: DSID-03190F2C, problem 5005 (TIME_LIMIT_EXCEEDED), data 0',
  32: "0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT), data 0, best match of:\n\t''\n",
  50: '00002098: SecErr: DSID-03150E49, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0',
  51: '00002024: SvcErr: DSID-02080490, problem 5001 (BUSY), data 0',
  52: '00002025: SvcErr: DSID-0208048F, problem 5002 (UNAVAILABLE), data 0',
  53: '00002035: LdapErr: DSID-0C090B3E, comment: Operation not allowed, data 0, v4563',
};
