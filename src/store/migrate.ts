// Brings a database to the schema of this program. Invariant: each migration and its row in schema_migrations are one
// transaction, and starters that come at the same time wait for each other.

import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RosterdError } from '../model/errors.ts';
import type { Clock } from '../sync/ports.ts';
import { sqliteDialect } from './dialect.ts';
import type { Sql } from './sql.ts';
import { toText } from './times.ts';
import type { WriteQueue } from './write-queue.ts';

const migrationsRoot = join(import.meta.dirname, '../../prisma');

export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** In the order in which they are applied. */
export function readMigrations(kind: 'sqlite' | 'postgresql', root = migrationsRoot): readonly Migration[] {
  const folder = join(root, kind, 'migrations');
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: hash('sha256', sql.replaceAll('\r\n', '\n')) };
    });
}

const createTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
  name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)`;

/** Applies what is missing and returns the names of what was applied. */
export async function applyMigrations(
  queue: WriteQueue,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<readonly string[]> {
  // On SQLite the first statement takes the lock, and no table of rosterd's exists yet that it could be about.
  const isSqlite = (sql: Sql): boolean => sql.dialect.kind === 'sqlite';
  await queue.run(
    async (sql) => {
      if (!isSqlite(sql)) await sql.run(createTable);
      await refuseForeignTables(sql);
    },
    queue.dialect === sqliteDialect ? createTable : undefined,
  );
  const applied: string[] = [];
  for (const migration of migrations) {
    const lock =
      queue.dialect === sqliteDialect ? `UPDATE schema_migrations SET name = name WHERE name = ''` : undefined;
    await queue.run(async (sql) => {
      const pending = await readPending(sql, migrations);
      if (!pending.some(({ name }) => name === migration.name)) return;
      for (const statement of statementsOf(migration.sql)) await sql.run(statement);
      const row = [migration.name, migration.checksum, toText(clock.now())] as const;
      await sql.run('INSERT INTO schema_migrations (name, checksum, applied_at) VALUES ($1, $2, $3)', ...row);
      applied.push(migration.name);
    }, lock);
  }
  return applied;
}

/** Throws unless the database has exactly the schema of this program. */
export async function requireMigrations(sql: Sql, migrations: readonly Migration[]): Promise<void> {
  const pending = (await hasTable(sql, 'schema_migrations')) ? await readPending(sql, migrations) : migrations;
  if (pending.length === 0) return;
  const names = pending.map(({ name }) => name).join(', ');
  throw new RosterdError('store-needs-migration', `The database ${sql.place} lacks the migrations ${names}.`, {
    subject: sql.place,
  });
}

/** Throws for a database in which nothing was ever made. */
export async function requireTables(sql: Sql): Promise<void> {
  if ((await sql.all(tableNames(sql))).length > 0) return;
  const what = `The database ${sql.place} is empty: nothing was ever made in it, or it is not the one that is meant.`;
  throw new RosterdError('store-needs-migration', what, { subject: sql.place });
}

/** What is not applied yet; throws when the database knows more than this program, or something else under the same name. */
export async function readPending(sql: Sql, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const rows = await sql.all<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM schema_migrations ORDER BY name',
  );
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { name, checksum } of rows) {
    const migration = known.get(name);
    if (migration === undefined) {
      throw new RosterdError(
        'store-newer',
        `The database ${sql.place} has the migration ${name}, which this rosterd does not know.`,
        {
          subject: sql.place,
        },
      );
    }
    if (migration.checksum !== checksum) {
      throw new RosterdError(
        'store-failed',
        `The migration ${name} of this installation is not the one that was applied to ${sql.place}. ` +
          'Its file was changed: install rosterd anew, or restore a backup made with this version.',
        { subject: sql.place },
      );
    }
  }
  const present = new Set(rows.map((row) => row.name));
  return migrations.filter(({ name }) => !present.has(name));
}

async function refuseForeignTables(sql: Sql): Promise<void> {
  const rows = await sql.all<{ name: string }>(tableNames(sql));
  const names = rows.map((row) => row.name);
  const isOurs = names.every((name) => name === 'schema_migrations') || names.includes('audit_entries');
  if (isOurs) return;
  throw new RosterdError(
    'store-corrupt',
    `The database ${sql.place} holds tables of another program (${names.slice(0, 3).join(', ')}). Nothing was changed.`,
    { subject: sql.place },
  );
}

async function hasTable(sql: Sql, table: string): Promise<boolean> {
  return (await sql.all<{ name: string }>(tableNames(sql))).some((row) => row.name === table);
}

export function tableNames(sql: Sql): string {
  return sql.dialect.kind === 'sqlite'
    ? `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
    : `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`;
}

/** A statement ends with a semicolon at the end of a line. */
export function statementsOf(script: string): readonly string[] {
  return script
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('--'))
    .join('\n')
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
