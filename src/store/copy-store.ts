// Moves everything of one store into another one of either kind, for good.
// Invariant: nobody writes to the source meanwhile, and the target is filled in one transaction that ends only when it is proven
// to hold what the source holds: otherwise it stays empty.

import { timingSafeEqual } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { formatHead } from '../model/audit.ts';
import { RosterdError } from '../model/errors.ts';
import { appendAudit, readAuditHead } from './audit.ts';
import { chainKey } from './audit-chain.ts';
import { verifyAudit } from './audit-verify.ts';
import { type Connections, connections, type Location, requireDatabase } from './clients.ts';
import { daemonReader } from './daemon.ts';
import { readMigrations, requireMigrations } from './migrate.ts';
import { type RestoreOptions, whileAlone } from './restore.ts';
import { Sql } from './sql.ts';
import { copyTable, readTables } from './table-copy.ts';
import { WriteQueue } from './write-queue.ts';

export interface CopyTarget {
  readonly location: Location;
  /** The key that the configuration of the target names; it must be the one of the source. */
  auditKey(): Promise<Buffer>;
}

export interface Copied {
  readonly from: string;
  readonly to: string;
  /** By name; without the leases, which mean nothing elsewhere, and before the entry that tells of the copy. */
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  /** The audit log as it was proven in the target, with the entry that tells of the copy. */
  readonly audit: { readonly entries: number; readonly head: string };
}

/** Leases belong to processes of the one store only. */
const leftOut = 'leases';
const lockTimeoutMs = 5_000;

/**
 * Throws `audit-key-differs`, `store-not-empty`, `store-unreachable` (a SQLite file is missing), `store-needs-migration` and
 * `store-busy` (somebody works with one of the two) before anything is written, and `audit-broken` when the log is not whole in the
 * target.
 */
export async function copyStore(
  location: Location,
  target: CopyTarget,
  options: RestoreOptions,
  signal: AbortSignal,
): Promise<Copied> {
  const key = await sameKey(options, target);
  const to = connections(target.location, lockTimeoutMs);
  requireOther(location, target.location, to.place);
  await requireDatabase(location);
  await requireDatabase(target.location);
  await beforehand(to, (sql) => requireEmpty(sql, options));
  const queue = new WriteQueue(queueOf(to));
  try {
    return await whileLocked(location, async (source) => {
      await requireMigrations(source, readMigrations(source.dialect.kind));
      await requireUnused(source, options);
      return queue.run(async (sql) => {
        // Asked again under the lock: somebody may have begun to use it since.
        await requireEmpty(sql, options);
        const tables = await copyTables(source, sql, signal);
        const before = formatHead(await readAuditHead(sql));
        const rows = tables.reduce((sum, table) => sum + table.rows, 0);
        const payload = { from: source.place, to: sql.place, head: before, rows };
        const entry = { action: 'store.copied', subject: 'store', label: sql.place, payload };
        await appendAudit(sql, chainKey(key), [{ at: options.clock.now(), actor: options.actor, ...entry }]);
        const audit = await proveAudit(sql, key, signal);
        return { from: source.place, to: sql.place, tables, audit };
      });
    });
  } finally {
    await queue.close();
  }
}

const queueOf = ({ openWriter: open, dialect, place }: Connections) => ({
  open,
  dialect,
  place,
  busyTimeoutMs: lockTimeoutMs,
});

// --- what is asked first --------------------------------------------------------------

async function sameKey(source: RestoreOptions, target: CopyTarget): Promise<Buffer> {
  const [key, other] = [await source.auditKey(), await target.auditKey()];
  if (key.length === other.length && timingSafeEqual(key, other)) return key;
  throw new RosterdError(
    'audit-key-differs',
    'The two configurations name different audit keys: the copied log could not be verified with the other one. Nothing was copied.',
  );
}

function requireOther(from: Location, to: Location, place: string): void {
  const isSame =
    from.kind === 'sqlite' && to.kind === 'sqlite'
      ? pathOf(from.path) === pathOf(to.path)
      : JSON.stringify(from) === JSON.stringify(to);
  if (isSame) throw new RosterdError('usage', `Both configurations name the same database ${place}.`);
}

const pathOf = (path: string): string => (existsSync(path) ? realpathSync(path) : path);

async function beforehand(
  { openReader, dialect, place }: Connections,
  ask: (sql: Sql) => Promise<void>,
): Promise<void> {
  const reader = await openReader();
  try {
    await ask(new Sql(reader, dialect, place));
  } finally {
    await reader.$disconnect();
  }
}

async function requireEmpty(sql: Sql, options: RestoreOptions): Promise<void> {
  await requireMigrations(sql, readMigrations(sql.dialect.kind));
  const filled: string[] = [];
  for (const table of (await readTables(sql)).keys()) {
    const row = table === leftOut ? undefined : await sql.first(`SELECT 1 AS one FROM ${table} LIMIT 1`);
    if (row !== undefined) filled.push(table);
  }
  if (filled.length > 0) {
    const what = `The database ${sql.place} is in use already: it has rows in ${filled.slice(0, 3).join(', ')}`;
    const more = filled.length > 3 ? ` and ${filled.length - 3} more tables` : '';
    throw new RosterdError('store-not-empty', `${what}${more}. Nothing was copied.`, { subject: sql.place });
  }
  await requireUnused(sql, options);
}

async function requireUnused(sql: Sql, { clock }: RestoreOptions): Promise<void> {
  const [held] = await daemonReader(sql).leaseHolders('', clock.now());
  if (held === undefined) return;
  throw new RosterdError(
    'store-busy',
    `The database ${sql.place} is in use: ${held.holder} has the lease ${held.name}. Stop rosterd, then copy; nothing was copied. ` +
      'The lease of a process that was killed on another host ends by itself after a few minutes.',
    { subject: sql.place },
  );
}

// --- the copy -------------------------------------------------------------------------

/** Runs `work` while nobody else can write to the source; SQLite's is locked for readers too, as nobody may have it open. */
async function whileLocked<T>(location: Location, work: (sql: Sql) => Promise<T>): Promise<T> {
  if (location.kind === 'sqlite')
    return whileAlone(location.path, 'Stop rosterd, then copy; nothing was copied.', work);
  const queue = new WriteQueue(queueOf(connections(location, lockTimeoutMs)));
  try {
    return await queue.run(work);
  } finally {
    await queue.close();
  }
}

async function copyTables(from: Sql, to: Sql, signal: AbortSignal): Promise<Copied['tables']> {
  const tables: { readonly table: string; readonly rows: number }[] = [];
  for (const [table, columns] of await readTables(from)) {
    signal.throwIfAborted();
    if (table === leftOut) continue;
    await copyTable(from, to, { table }, columns);
    const [rows, wanted] = [await countOf(to, table), await countOf(from, table)];
    if (rows !== wanted) {
      const what = `Of the ${wanted} rows of ${table} in ${from.place}, ${rows} have come to ${to.place}. Nothing was copied.`;
      throw new RosterdError('store-failed', what, { subject: to.place });
    }
    tables.push({ table, rows });
  }
  return tables;
}

const countOf = async (sql: Sql, table: string): Promise<number> =>
  Number((await sql.first<{ rows: number | bigint }>(`SELECT count(*) AS rows FROM ${table}`))?.rows ?? 0);

async function proveAudit(sql: Sql, key: Buffer, signal: AbortSignal): Promise<Copied['audit']> {
  const verdict = await verifyAudit(sql, chainKey(key), {}, undefined, signal);
  if (verdict.ok) return { entries: verdict.entries, head: formatHead(verdict.head) };
  throw new RosterdError(
    'audit-broken',
    `The audit log is not whole, so nothing was copied: ${verdict.message} \`rosterd audit verify\` shows it in the present database too.`,
    { subject: sql.place },
  );
}
