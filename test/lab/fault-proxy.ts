// A bad network in front of a real server: ends TLS with a certificate of the lab, passes everything on, and spoils it on demand.
// Faults count plain bytes of the server's answers, so that an answer can be cut in the middle of an entry.
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.ts';

export type Fault =
  /** Every piece of an answer comes that much later. */
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** After that many bytes of answers the connection is reset (RST). */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** After that many bytes nothing comes any more, and nobody says so. */
  | { readonly kind: 'half-open'; readonly afterBytes: number }
  /** After that many bytes the connection ends in good order, in the middle of a message. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** The connection is taken, and the TLS handshake is never answered. */
  | { readonly kind: 'stall-handshake' };

export interface FaultProxyOptions {
  /** For example `ldaps://127.0.3.1:636`. */
  readonly target: string;
  readonly targetCaFile: string;
  readonly targetHostName: string;
  readonly certificate: Certificate;
}

export interface FaultProxy {
  readonly url: string;
  /** For the connections from now on; undefined: a good network. `times`: for that many of them. */
  spoil(fault: Fault | undefined, times?: number): void;
  /** Connections that were spoilt since the last `spoil`. */
  readonly spoilt: () => number;
  readonly open: () => number;
  readonly stop: () => Promise<void>;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const target = new URL(options.target);
  const ca = readFileSync(options.targetCaFile);
  const context = createSecureContext({ key: options.certificate.key, cert: options.certificate.cert });
  const sockets = new Set<Socket>();
  let fault: Fault | undefined;
  let left = 0;
  let spoilt = 0;

  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((raw) => {
    track(raw);
    const own = left > 0 ? fault : undefined;
    if (own !== undefined) {
      left -= 1;
      spoilt += 1;
    }
    if (own?.kind === 'stall-handshake') {
      // Read and thrown away: otherwise it would not be seen that the client has gone.
      raw.resume();
      return;
    }
    const client = new TLSSocket(raw, { isServer: true, secureContext: context });
    const upstream = connect({
      host: target.hostname,
      port: Number(target.port || '636'),
      ca,
      servername: options.targetHostName,
    });
    for (const socket of [client, upstream]) track(socket);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => {
      if (own?.kind !== 'half-open') client.end();
    });
    client.pipe(upstream, { end: false });
    passOn(upstream, client, raw, own);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    url: `ldaps://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil(next, times = Number.POSITIVE_INFINITY) {
      fault = next;
      left = next === undefined ? 0 : times;
      spoilt = 0;
    },
    spoilt: () => spoilt,
    open: () => sockets.size,
    async stop() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The server's answers to the client, as the fault lets them through. */
function passOn(upstream: Socket, client: Socket, raw: Socket, fault: Fault | undefined): void {
  if (fault?.kind === 'latency' || fault?.kind === 'throttle') {
    upstream.on('data', (data: Buffer) => {
      upstream.pause();
      const ms = fault.kind === 'latency' ? fault.ms : (data.length / fault.bytesPerSecond) * 1_000;
      setTimeout(() => {
        if (!client.destroyed) client.write(data);
        upstream.resume();
      }, ms);
    });
    return;
  }
  if (fault === undefined || fault.kind === 'stall-handshake') {
    upstream.pipe(client, { end: false });
    return;
  }
  let passed = 0;
  upstream.on('data', (data: Buffer) => {
    if (passed >= fault.afterBytes) return;
    const part = data.subarray(0, fault.afterBytes - passed);
    passed += part.length;
    if (part.length > 0) client.write(part);
    if (passed < fault.afterBytes) return;
    if (fault.kind === 'reset') raw.resetAndDestroy();
    if (fault.kind === 'truncate') client.end();
  });
}
