// Ends TLS with a chosen certificate in front of a real server, so that a client can be shown an expired certificate,
// an unknown authority or a wrong host name without touching the server. Also counts and cuts connections.
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:tls';
import type { Certificate } from './certificates.ts';

export type TlsProxyOptions = {
  /** For example `ldaps://127.0.3.1:636`. */
  readonly target: string;
  readonly targetCaFile: string;
  readonly targetHostName: string;
  readonly certificate: Certificate;
  readonly address?: string;
};
export type TlsProxy = {
  readonly url: string;
  readonly port: number;
  readonly connectionCount: () => number;
  readonly dropConnections: () => void;
  readonly stop: () => Promise<void>;
};

export async function startTlsProxy(options: TlsProxyOptions): Promise<TlsProxy> {
  const target = new URL(options.target);
  const ca = readFileSync(options.targetCaFile);
  const address = options.address ?? '127.0.0.1';
  const open = new Set<Socket>();
  const server = createServer({ key: options.certificate.key, cert: options.certificate.cert }, (client) => {
    const upstream = connect({
      host: target.hostname,
      port: Number(target.port || '636'),
      ca,
      servername: options.targetHostName,
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.once('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  // A client that refuses the certificate ends the handshake: nothing to do about it here.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const dropConnections = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `ldaps://${address}:${port}`,
    port,
    connectionCount: () => open.size / 2,
    dropConnections,
    stop: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      dropConnections();
      await closed;
    },
  };
}
