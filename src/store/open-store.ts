// Opens the store: migrations, then a reader and the one writer. Everything else gets what it needs from here.

import type { Clock, StoreTx, SyncStore } from '../sync/ports.ts';
import { connections, type Location } from './clients.ts';
import { applyMigrations, readMigrations, requireMigrations } from './migrate.ts';
import { Sql } from './sql.ts';
import { storeReader, storeTx } from './transaction.ts';
import { WriteQueue, type WriterClient } from './write-queue.ts';

export interface StoreOptions {
  /** The key of the audit chain; kept outside the database. */
  readonly auditKey: Buffer;
  readonly clock: Clock;
  /** `apply`: bring the schema up to date (SQLite at start, PostgreSQL by `rosterd db migrate`). `require`: refuse an old one. */
  readonly migrate: 'apply' | 'require';
  /** How long another process may hold the database before a write gives up with `store-busy`. Default 5 s. */
  readonly busyTimeoutMs?: number;
}

/** What other files of src/store build their reads and writes on. */
export interface StoreCore {
  readonly read: Sql;
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  readonly auditKey: Buffer;
  readonly clock: Clock;
  readonly location: Location;
}

export interface Store extends SyncStore {
  readonly kind: 'sqlite' | 'postgresql';
  /** The file, or host and database; for people. */
  readonly place: string;
  readonly core: StoreCore;
  close(): Promise<void>;
}

export async function openStore(location: Location, options: StoreOptions): Promise<Store> {
  const busyTimeoutMs = options.busyTimeoutMs ?? 5_000;
  const { dialect, place, openReader, openWriter } = connections(location, busyTimeoutMs);
  const queue = new WriteQueue({ open: openWriter, dialect, place, busyTimeoutMs });
  let reader: WriterClient | undefined;
  try {
    const migrations = readMigrations(dialect.kind);
    if (options.migrate === 'apply') await applyMigrations(queue, migrations, options.clock);
    reader = await openReader();
    const read = new Sql(reader, dialect, place);
    await requireMigrations(read, migrations);
    return assemble({ location, options, queue, reader, read });
  } catch (error) {
    await reader?.$disconnect();
    await queue.close();
    throw error;
  }
}

interface Parts {
  readonly location: Location;
  readonly options: StoreOptions;
  readonly queue: WriteQueue;
  readonly reader: WriterClient;
  readonly read: Sql;
}

function assemble({ location, options, queue, reader, read }: Parts): Store {
  const { auditKey, clock } = options;
  const write = <T>(work: (tx: StoreTx) => Promise<T>): Promise<T> =>
    queue.run((sql) => work(storeTx(sql, { clock, auditKey })));
  const core: StoreCore = { read, write: (work) => queue.run(work), auditKey, clock, location };
  return {
    kind: location.kind,
    place: read.place,
    core,
    read: storeReader(read),
    write,
    overlay: () => Promise.reject(new Error('later')),
    async close() {
      await queue.close();
      await reader.$disconnect();
    },
  };
}
