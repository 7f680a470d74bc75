// Writes a backup: always one SQLite file, also of PostgreSQL, so that either store can be restored from either.
// Invariant: a backup stands under its final name only when it is whole.

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { RosterdError } from '../model/errors.ts';
import type { Clock } from '../sync/ports.ts';
import { connections, type Location, makePrivateFile, requireDatabase } from './clients.ts';
import { toStoreError } from './errors.ts';
import { applyMigrations, readMigrations, requireMigrations } from './migrate.ts';
import { Sql } from './sql.ts';
import { copyTable, readTables } from './table-copy.ts';
import { WriteQueue } from './write-queue.ts';

/** A transaction that copies everything takes as long as it takes. */
const copyTimeoutMs = 24 * 3_600_000;

export interface Backup {
  readonly path: string;
  readonly bytes: number;
}

/** A consistent copy, beside a running daemon too. Throws `backup-exists`, `store-unreachable`, `store-full`, `store-read-only`. */
export async function writeBackup(location: Location, target: string, clock: Clock): Promise<Backup> {
  if (existsSync(target)) {
    throw new RosterdError('backup-exists', `The backup ${target} exists already.`, { subject: target });
  }
  await requireDatabase(location);
  const part = `${target}.part-${process.pid}`;
  try {
    // Before anything is in it: who opens it before its mode is changed could read on afterwards.
    await makePrivateFile(part);
    if (location.kind === 'sqlite') await vacuumInto(location, part);
    else await copyPostgresql(location, part, clock);
    syncToDisk(part);
    renameSync(part, target);
    return { path: target, bytes: statSync(target).size };
  } finally {
    removeDatabase(part);
  }
}

async function vacuumInto(location: Location, part: string): Promise<void> {
  const { openReader, place, dialect } = connections(location, 0);
  const reader = await openReader();
  try {
    // A half migrated or foreign file is not worth keeping.
    await requireMigrations(new Sql(reader, dialect, place), readMigrations(dialect.kind));
    await reader.$executeRawUnsafe('VACUUM INTO ?', part).catch((error: unknown) => {
      throw toStoreError(error, part);
    });
  } finally {
    await reader.$disconnect();
  }
}

async function copyPostgresql(location: Location, part: string, clock: Clock): Promise<void> {
  const from = connections(location, 5_000);
  const reader = await from.openReader();
  try {
    await requireMigrations(new Sql(reader, from.dialect, from.place), readMigrations(from.dialect.kind));
    await withSqliteFile(part, clock, async (queue) => {
      await reader.$transaction(
        async (tx) => {
          const source = new Sql(tx, from.dialect, from.place);
          // One snapshot for all tables, whatever is written meanwhile.
          await source.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
          await queue.run((target) => copyAll(source, target, target));
        },
        { maxWait: 10_000, timeout: copyTimeoutMs },
      );
    });
  } finally {
    await reader.$disconnect();
  }
}

/** Copies every table but the leases, which mean nothing elsewhere. `sqlite`: the one of the two that knows the columns. */
export async function copyAll(from: Sql, to: Sql, sqlite: Sql): Promise<void> {
  for (const [table, columns] of await readTables(sqlite)) {
    if (table !== 'leases') await copyTable(from, to, { table }, columns);
  }
}

/** Opens (and makes, and migrates) a SQLite file for the time of `work`; leaves it as one plain file. */
export async function withSqliteFile(
  path: string,
  clock: Clock,
  work: (queue: WriteQueue) => Promise<void>,
): Promise<void> {
  const { dialect, makeWriter, openWriter } = connections({ kind: 'sqlite', path }, 0);
  const queue = new WriteQueue({ open: makeWriter, dialect, place: path, busyTimeoutMs: 5_000 });
  try {
    await applyMigrations(queue, readMigrations('sqlite'), clock);
    await work(queue);
  } finally {
    await queue.close();
  }
  const writer = await openWriter();
  try {
    await writer.$queryRawUnsafe('PRAGMA journal_mode = DELETE');
  } finally {
    await writer.$disconnect();
  }
}

export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
}

export function syncToDisk(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
