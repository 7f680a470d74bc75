// Puts a backup in the place of a database. Invariant: everything is checked before anything is replaced, and the replacement
// is one rename (SQLite) or one transaction (PostgreSQL). The audit entry that tells of it is in the backup before it takes the place.

import type { KeyObject } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, linkSync, renameSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { formatHead } from '../model/audit.ts';
import { RosterdError } from '../model/errors.ts';
import type { AuditHead, Clock } from '../sync/ports.ts';
import { appendAudit, readAuditHead } from './audit.ts';
import { chainKey } from './audit-chain.ts';
import { copyAll, removeDatabase, syncToDisk, withSqliteFile } from './backup.ts';
import { connections, isMissing, type Location, type SqliteOptions } from './clients.ts';
import { daemonReader } from './daemon.ts';
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

export interface RestoreOptions {
  readonly clock: Clock;
  /** Who restores, for the audit log. */
  readonly actor: string;
  /** Read only when it is needed: a database can be migrated and backed up without. Throws `audit-key-missing`. */
  auditKey(): Promise<Buffer>;
}

/** Appends to the restored log that it was restored. `before`: the head that is replaced; undefined when nobody can tell. */
type Trace = (sql: Sql, before: AuditHead | undefined) => Promise<void>;

const traceOf =
  (key: KeyObject, from: string, { clock, actor }: RestoreOptions): Trace =>
  async (sql, before) => {
    const restored = formatHead(await readAuditHead(sql));
    const payload = { backup: resolve(from), before: before === undefined ? null : formatHead(before), restored };
    const what = { action: 'store.restored', subject: 'store', label: basename(from) };
    await appendAudit(sql, key, [{ at: clock.now(), actor, ...what, payload }]);
  };

/**
 * Throws `store-corrupt` or `store-newer` for an unfit backup, `store-busy` while another rosterd has the database open, and
 * `audit-key-missing`: without the key the log could not tell of it, and rosterd would not start afterwards either.
 */
export async function restoreBackup(location: Location, from: string, options: RestoreOptions): Promise<Restored> {
  const { clock } = options;
  if (!existsSync(from)) {
    throw new RosterdError('store-unreachable', `The backup ${from} does not exist.`, { subject: from });
  }
  await checkBackup(from);
  const trace = traceOf(chainKey(await options.auditKey()), from, options);
  const folderMate = location.kind === 'sqlite' ? location.path : from;
  const prepared = `${folderMate}.restore-${process.pid}`;
  try {
    // copyFile would give it the mode of the backup for a while.
    await pipeline(createReadStream(from), createWriteStream(prepared, { flags: 'wx', mode: 0o600 }));
    // Also brings the backup of an older rosterd up to date.
    await withSqliteFile(prepared, clock, async (queue) => {
      await queue.run(async (sql) => {
        await sql.run(`UPDATE leases SET holder = '', expires_at = '1970-01-01T00:00:00.000Z'`);
      });
    });
    if (location.kind === 'sqlite') return await replaceFile(location, prepared, clock, trace);
    await replaceTables(location, prepared, clock, trace);
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

async function replaceFile({ path }: SqliteOptions, prepared: string, clock: Clock, trace: Trace): Promise<Restored> {
  const finish = async (before: AuditHead | undefined): Promise<void> => {
    await withSqliteFile(prepared, clock, (queue) => queue.run((sql) => trace(sql, before)));
    syncToDisk(prepared);
  };
  const kept = `${path}.before-restore-${toText(clock.now()).replaceAll(':', '')}`;
  // A log without its database, or with one that is damaged, must not be replayed into the new file.
  const setLogAside = (): void => {
    for (const suffix of ['-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, kept + suffix);
  };
  if (isMissing(path)) {
    await finish(undefined);
    setLogAside();
    renameSync(prepared, path);
    return {};
  }
  const swap = (): Restored => {
    // A second name for the old file first: whatever happens, `path` is always one whole database.
    linkSync(path, kept);
    renameSync(prepared, path);
    return { kept };
  };
  try {
    return await whileAlone(path, advice, async (sql) => {
      await finish(await headOf(sql));
      return swap();
    });
  } catch (error) {
    if (!hasCode(error, 'store-corrupt')) throw error;
    await finish(undefined);
    // The reason for restoring. Nobody can have it open in earnest.
    setLogAside();
    return swap();
  }
}

/** undefined when the database is damaged, or was never migrated: the reason for restoring must not keep anybody from it. */
const headOf = (sql: Sql): Promise<AuditHead | undefined> => readAuditHead(sql).catch(() => undefined);

/** Runs `work` with the database locked for everybody else; `store-busy` with the advice when another process has it open. */
export async function whileAlone<T>(path: string, what: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const { openWriter, dialect } = connections({ kind: 'sqlite', path }, 0);
  const writer = await openWriter();
  try {
    // SQLite leaves the write-ahead log only when no other connection is open, which is exactly the question.
    const [row] = await writer.$queryRawUnsafe<{ journal_mode: string }[]>('PRAGMA journal_mode = DELETE');
    if (row?.journal_mode !== 'delete') throw new RosterdError('store-busy', inUse(path, what), { subject: path });
    await writer.$queryRawUnsafe('PRAGMA locking_mode = EXCLUSIVE');
    await writer.$executeRawUnsafe('BEGIN EXCLUSIVE');
    return await work(new Sql(writer, dialect, path));
  } catch (caught) {
    const error = toStoreError(caught, path);
    throw hasCode(error, 'store-busy')
      ? new RosterdError('store-busy', inUse(path, what), { subject: path, cause: caught })
      : error;
  } finally {
    await writer.$disconnect();
  }
}

const advice = 'Stop rosterd, then restore; nothing was replaced.';
const inUse = (path: string, what: string): string => `The database ${path} is open in another process. ${what}`;

// --- PostgreSQL -------------------------------------------------------------------

async function replaceTables(location: Location, prepared: string, clock: Clock, trace: Trace): Promise<void> {
  const to = connections(location, 5_000);
  const from = connections({ kind: 'sqlite', path: prepared }, 0);
  const queue = new WriteQueue({ open: to.openWriter, dialect: to.dialect, place: to.place, busyTimeoutMs: 5_000 });
  const reader = await from.openReader();
  try {
    const source = new Sql(reader, from.dialect, prepared);
    await queue.run(async (target) => {
      await requireMigrations(target, readMigrations('postgresql'));
      const [held] = await daemonReader(target).leaseHolders('', clock.now());
      if (held !== undefined) throw new RosterdError('store-busy', inUse(to.place, advice), { subject: to.place });
      const before = await readAuditHead(target);
      for (const table of (await readTables(source)).keys()) await target.run(`DELETE FROM ${table}`);
      await copyAll(source, target, source);
      await trace(target, before);
    });
  } finally {
    await reader.$disconnect();
    await queue.close();
  }
}
