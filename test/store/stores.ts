// Every store suite runs on SQLite and on PostgreSQL: `describeStores('mirror', (stores) => { ... })`.
// After each test the stores that it opened are closed and their databases are gone.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { asEpochMs, type EpochMs } from '../../src/model/ids.ts';
import type { Location } from '../../src/store/clients.ts';
import { openDatabase, type StoreDatabase } from '../../src/store/database.ts';
import { openStore, type Store, type StoreOptions } from '../../src/store/open-store.ts';
import { stores as places } from './admin-stores.ts';

export const auditKey = Buffer.alloc(32, 7);
export const startOfTime = asEpochMs(Date.parse('2026-11-01T08:00:00.000Z'));

export interface Stores {
  readonly kind: 'sqlite' | 'postgresql';
  /** A database that nobody has used. */
  fresh(): Promise<Location>;
  /** Opens a store (on a fresh database); closed after the test. */
  open(location?: Location, options?: Partial<StoreOptions>): Promise<Store>;
  /** The database itself, which may not be there yet. */
  database(location: Location): StoreDatabase;
  readonly clock: { now(): EpochMs; set(now: EpochMs): void };
  /** A folder that is removed after the test. */
  folder(): Promise<string>;
}

export function describeStores(name: string, suite: (stores: Stores) => void): void {
  for (const place of places) describe(`${name} on ${place.name}`, () => suite(prepare(place)));
}

function prepare(place: (typeof places)[number]): Stores {
  const kind = place.name === 'SQLite' ? 'sqlite' : 'postgresql';
  let server: Awaited<ReturnType<typeof place.start>> | undefined;
  let databases = 0;
  let now = startOfTime;
  const opened: Store[] = [];
  const folders: string[] = [];
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'rosterd-store-'));
    folders.push(path);
    return path;
  };
  const fresh = async (): Promise<Location> => {
    if (server?.location?.kind !== 'postgresql') return { kind: 'sqlite', path: join(await folder(), 'rosterd.db') };
    databases += 1;
    const schema = `t${databases}`;
    await createSchema(server.location, schema);
    return { ...server.location, schema };
  };
  const clock = {
    now: () => now,
    set: (to: EpochMs) => {
      now = to;
    },
  };
  beforeAll(async () => {
    server = await place.start();
  });
  afterEach(async () => {
    now = startOfTime;
    for (const store of opened.splice(0)) await store.close();
    for (const path of folders.splice(0)) await rm(path, { recursive: true, force: true });
  });
  afterAll(() => server?.stop());
  return {
    kind,
    fresh,
    folder,
    clock,
    database: (location) =>
      openDatabase(location, { clock, actor: 'cli:tester@lab', auditKey: () => Promise.resolve(auditKey) }),
    async open(location, options) {
      const store = await openStore(location ?? (await fresh()), { auditKey, clock, migrate: 'apply', ...options });
      opened.push(store);
      return store;
    },
  };
}

// Through the store's own door: the writer needs no table for a statement outside of it.
async function createSchema(location: Location, schema: string): Promise<void> {
  const { connections } = await import('../../src/store/clients.ts');
  const client = await connections(location, 1_000).openWriter();
  try {
    await client.$executeRawUnsafe(`CREATE SCHEMA ${schema}`);
  } finally {
    await client.$disconnect();
  }
}
