// Opens the store: migrations, then a reader and the one writer. Everything else gets what it needs from here.

import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Clock, StoreTx, SyncStore } from '../sync/ports.ts';
import { chainKey } from './audit-chain.ts';
import { type AuditProgress, type AuditQuestion, type AuditVerdict, verifyAudit } from './audit-verify.ts';
import { type Connections, connections, type Location, requireDatabase, watchFile } from './clients.ts';
import { applyMigrations, readMigrations, requireMigrations, requireTables } from './migrate.ts';
import { copyIntoOverlay, makeOverlayFolder, removeLeftOverlays } from './overlay.ts';
import { Sql } from './sql.ts';
import { storeReader, storeTx } from './transaction.ts';
import { WriteQueue, type WriterClient } from './write-queue.ts';

export interface StoreOptions {
  /** The key of the audit chain; kept outside the database. */
  readonly auditKey: Buffer;
  readonly clock: Clock;
  /** `apply`: make what is missing and bring it up to date. `update`: bring up to date what is there. `require`: refuse an old one. */
  readonly migrate: 'apply' | 'update' | 'require';
  /** How long another process may hold the database before a write gives up with `store-busy`. Default 5 s. */
  readonly busyTimeoutMs?: number;
  /** How long one statement may take on PostgreSQL, and how long the server may say nothing. Default 2 min; none of rosterd's takes so long. */
  readonly statementTimeoutMs?: number;
}

/** What other files of src/store build their reads and writes on. */
export interface StoreCore {
  readonly read: Sql;
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  readonly auditKey: KeyObject;
  readonly clock: Clock;
  readonly location: Location;
}

export interface Store extends SyncStore {
  readonly kind: 'sqlite' | 'postgresql';
  /** The file, or host and database; for people. */
  readonly place: string;
  readonly core: StoreCore;
  /** Throws `store-unreachable` when the database file is not the one that was opened. */
  checkPlace(): void;
  /** Reads the whole audit log; ends with the first entry that is not as it was written. */
  verifyAudit(question?: AuditQuestion, onProgress?: AuditProgress, signal?: AbortSignal): Promise<AuditVerdict>;
  close(): Promise<void>;
}

export async function openStore(location: Location, options: StoreOptions): Promise<Store> {
  const busyTimeoutMs = options.busyTimeoutMs ?? 5_000;
  const makes = options.migrate === 'apply';
  if (!makes) await requireDatabase(location);
  const to = connections(location, busyTimeoutMs, options.statementTimeoutMs ?? 120_000);
  const { dialect, place, openReader } = to;
  const queue = new WriteQueue({ open: makes ? to.makeWriter : to.openWriter, dialect, place, busyTimeoutMs });
  let reader: WriterClient | undefined;
  try {
    const migrations = readMigrations(dialect.kind);
    if (options.migrate === 'update') await requireSomething(to);
    if (options.migrate !== 'require') await applyMigrations(queue, migrations, options.clock);
    reader = await openReader();
    const read = new Sql(reader, dialect, place);
    await requireMigrations(read, migrations);
    if (!(location.kind === 'sqlite' && location.isTemporary === true)) removeLeftOverlays();
    return assemble({ location, options, queue, reader, read });
  } catch (error) {
    await reader?.$disconnect();
    await queue.close();
    throw error;
  }
}

/** A database without any table is as good as none. */
async function requireSomething({ openReader, dialect, place }: Connections): Promise<void> {
  const reader = await openReader();
  try {
    await requireTables(new Sql(reader, dialect, place));
  } finally {
    await reader.$disconnect();
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
  const { clock } = options;
  const auditKey = chainKey(options.auditKey);
  const write = <T>(work: (tx: StoreTx) => Promise<T>): Promise<T> =>
    queue.run((sql) => work(storeTx(sql, { clock, auditKey })));
  const core: StoreCore = { read, write: (work) => queue.run(work), auditKey, clock, location };
  return {
    kind: location.kind,
    place: read.place,
    checkPlace: watchFile(location),
    core,
    read: storeReader(read),
    write,
    overlay: () => openOverlay(location, options),
    verifyAudit: (question = {}, onProgress, signal) => verifyAudit(read, auditKey, question, onProgress, signal),
    async close() {
      await queue.finish();
      // The writer goes last: only it can move the write-ahead log into the file, so that a copy of the file at rest is whole.
      await reader.$disconnect();
      await queue.close();
    },
  };
}

async function openOverlay(origin: Location, options: StoreOptions): Promise<Store> {
  const folder = makeOverlayFolder();
  const location = { kind: 'sqlite', path: join(folder.path, 'overlay.db'), isTemporary: true } as const;
  try {
    const copy = await openStore(location, { ...options, migrate: 'apply' });
    const close = async (): Promise<void> => {
      await copy.close();
      folder.remove();
    };
    try {
      await copyIntoOverlay(origin, connections(location, 0), options.clock);
    } catch (error) {
      await copy.close();
      throw error;
    }
    return { ...copy, close };
  } catch (error) {
    folder.remove();
    throw error;
  }
}
