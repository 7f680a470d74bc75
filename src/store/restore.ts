// Puts a backup in the place of a database. Invariant: everything is checked before anything is replaced, and the replacement
// is one rename (SQLite) or one transaction (PostgreSQL).

import { chmodSync, copyFileSync, existsSync, linkSync, renameSync } from 'node:fs';
import { RosterdError } from '../model/errors.ts';
import type { Clock } from '../sync/ports.ts';
import { copyAll, removeDatabase, syncToDisk, withSqliteFile } from './backup.ts';
import { connections, type Location, type SqliteOptions } from './clients.ts';
import { hasCode, toStoreError } from './errors.ts';
import { readMigrations, readPending, requireMigrations } from './migrate.ts';
import { Sql } from './sql.ts';
import { readTables } from './table-copy.ts';
import { toText } from './times.ts';
import { WriteQueue } from './write-queue.ts';

export interface Restored {
  /** Where the database of before stands now; absent on PostgreSQL and when there was none. */
  readonly kept?: string;
}

/** Throws `store-corrupt` or `store-newer` for an unfit backup, `store-busy` while another rosterd has the database open. */
export async function restoreBackup(location: Location, from: string, clock: Clock): Promise<Restored> {
  if (!existsSync(from)) {
    throw new RosterdError('store-unreachable', `The backup ${from} does not exist.`, { subject: from });
  }
  await checkBackup(from);
  const folderMate = location.kind === 'sqlite' ? location.path : from;
  const prepared = `${folderMate}.restore-${process.pid}`;
  try {
    copyFileSync(from, prepared);
    chmodSync(prepared, 0o600);
    // Also brings the backup of an older rosterd up to date.
    await withSqliteFile(prepared, clock, async (queue) => {
      await queue.run(async (sql) => {
        await sql.run(`UPDATE leases SET holder = '', expires_at = '1970-01-01T00:00:00.000Z'`);
      });
    });
    syncToDisk(prepared);
    if (location.kind === 'sqlite') return await replaceFile(location, prepared, clock);
    await replaceTables(location, prepared, clock);
    return {};
  } finally {
    removeDatabase(prepared);
  }
}

async function checkBackup(path: string): Promise<void> {
  const { dialect, openReader } = connections({ kind: 'sqlite', path }, 0);
  const reader = await openReader();
  try {
    const sql = new Sql(reader, dialect, path);
    const tables = await readTables(sql);
    if (!tables.has('audit_entries')) {
      throw new RosterdError('store-corrupt', `The file ${path} is not a backup of rosterd.`, { subject: path });
    }
    const rows = await sql.all<Record<string, string>>('PRAGMA integrity_check(5)');
    const findings = rows.map((row) => Object.values(row).join(' '));
    if (findings.join('') !== 'ok') {
      throw new RosterdError('store-corrupt', `The backup ${path} is damaged: ${findings.join('; ')}`, {
        subject: path,
      });
    }
    await readPending(sql, readMigrations('sqlite'));
  } finally {
    await reader.$disconnect();
  }
}

// --- SQLite -----------------------------------------------------------------------

async function replaceFile({ path }: SqliteOptions, prepared: string, clock: Clock): Promise<Restored> {
  if (!existsSync(path)) {
    renameSync(prepared, path);
    return {};
  }
  const kept = `${path}.before-restore-${toText(clock.now()).replaceAll(':', '')}`;
  const swap = (): Restored => {
    // A second name for the old file first: whatever happens, `path` is always one whole database.
    linkSync(path, kept);
    renameSync(prepared, path);
    return { kept };
  };
  try {
    return await whileAlone(path, swap);
  } catch (error) {
    if (!hasCode(error, 'store-corrupt')) throw error;
    // The reason for restoring. Nobody can have it open in earnest, and its log must not be replayed into the new file.
    for (const suffix of ['-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, kept + suffix);
    return swap();
  }
}

/** Runs `work` with the database locked for everybody else; `store-busy` when another process has it open. */
async function whileAlone<T>(path: string, work: () => T): Promise<T> {
  const { openWriter } = connections({ kind: 'sqlite', path }, 0);
  const writer = await openWriter();
  try {
    // SQLite leaves the write-ahead log only when no other connection is open, which is exactly the question.
    const [row] = await writer.$queryRawUnsafe<{ journal_mode: string }[]>('PRAGMA journal_mode = DELETE');
    if (row?.journal_mode !== 'delete') throw new RosterdError('store-busy', inUse(path), { subject: path });
    await writer.$queryRawUnsafe('PRAGMA locking_mode = EXCLUSIVE');
    await writer.$executeRawUnsafe('BEGIN EXCLUSIVE');
    return work();
  } catch (caught) {
    const error = toStoreError(caught, path);
    throw hasCode(error, 'store-busy')
      ? new RosterdError('store-busy', inUse(path), { subject: path, cause: caught })
      : error;
  } finally {
    await writer.$disconnect();
  }
}

const inUse = (path: string): string =>
  `The database ${path} is open in another process. Stop rosterd, then restore; nothing was replaced.`;

// --- PostgreSQL -------------------------------------------------------------------

async function replaceTables(location: Location, prepared: string, clock: Clock): Promise<void> {
  const to = connections(location, 5_000);
  const from = connections({ kind: 'sqlite', path: prepared }, 0);
  const queue = new WriteQueue({ open: to.openWriter, dialect: to.dialect, place: to.place, busyTimeoutMs: 5_000 });
  const reader = await from.openReader();
  try {
    const source = new Sql(reader, from.dialect, prepared);
    await queue.run(async (target) => {
      await requireMigrations(target, readMigrations('postgresql'));
      const now = toText(clock.now());
      const held = await target.first<{ name: string }>(
        `SELECT name FROM leases WHERE holder <> '' AND expires_at > $1 LIMIT 1`,
        now,
      );
      if (held !== undefined) throw new RosterdError('store-busy', inUse(to.place), { subject: to.place });
      for (const table of (await readTables(source)).keys()) await target.run(`DELETE FROM ${table}`);
      await copyAll(source, target, source);
    });
  } finally {
    await reader.$disconnect();
    await queue.close();
  }
}
