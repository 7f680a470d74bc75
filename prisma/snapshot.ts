// Proves that the committed migrations lead to models.prisma.
// prisma/migrated.prisma is the model as the last migration left it; `npm run db:migration` writes it, nobody edits it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { diffModels } from './diff.ts';
import { migrationsPath, modelsPath, type Provider, providers, root } from './providers.ts';

export const snapshotPath = join(root, 'prisma/migrated.prisma');

export function readModels(): string {
  return readFileSync(modelsPath, 'utf8');
}

/** undefined before the first migration. */
export function readSnapshot(): string | undefined {
  return existsSync(snapshotPath) ? readFileSync(snapshotPath, 'utf8') : undefined;
}

/** Names of the migrations in the order in which they are applied. */
export function listMigrations(provider: Provider): string[] {
  return readdirSync(migrationsPath(provider), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Complaints, each with what to do; empty when the migrations are in step with the model. */
export async function checkMigrations(): Promise<string[]> {
  const complaints: string[] = [];
  const [sqlite, postgresql] = providers.map((provider) => listMigrations(provider).join(', '));
  if (sqlite !== postgresql) {
    complaints.push(
      `prisma/sqlite/migrations (${sqlite}) and prisma/postgresql/migrations (${postgresql}) hold different migrations. ` +
        'Write them together: npm run db:migration -- <name>',
    );
  }
  for (const provider of providers) {
    if ((await diffModels(provider, readSnapshot(), readModels())) !== undefined) {
      complaints.push(
        `prisma/models.prisma has changes for ${provider} that no migration makes. Run: npm run db:migration -- <name>`,
      );
    }
  }
  if (complaints.length === 0) complaints.push(...(await compareSqlite()));
  return complaints;
}

/** Runs the SQLite migrations, and the model from nothing, and compares what stands in both databases. */
async function compareSqlite(): Promise<string[]> {
  const fromMigrations = describeDatabase(
    listMigrations('sqlite').map((name) => readFileSync(join(migrationsPath('sqlite'), name, 'migration.sql'), 'utf8')),
  );
  const fromModels = describeDatabase([(await diffModels('sqlite', undefined, readModels())) ?? '']);
  const advice = 'Mend prisma/sqlite/migrations (a released migration is never edited: add another).';
  return [
    ...[...fromModels]
      .filter((fact) => !fromMigrations.has(fact))
      .map((fact) => `The SQLite migrations lack: ${fact}. ${advice}`),
    // Indexes that the model cannot state (partial ones) are written by hand and may be more.
    ...[...fromMigrations]
      .filter((fact) => !fromModels.has(fact) && !fact.startsWith('index '))
      .map((fact) => `The SQLite migrations make what models.prisma does not know: ${fact}. ${advice}`),
  ];
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

function describeDatabase(scripts: readonly string[]): Set<string> {
  const database = new DatabaseSync(':memory:');
  try {
    for (const script of scripts) database.exec(script);
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all() as { name: string }[];
    return new Set(tables.flatMap(({ name }) => describeTable(database, name)));
  } finally {
    database.close();
  }
}

function describeTable(database: DatabaseSync, table: string): string[] {
  const columns = database.prepare('SELECT * FROM pragma_table_xinfo(?)').all(table) as unknown as Column[];
  const keys = database
    .prepare('SELECT "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?)')
    .all(table);
  const indexes = database
    .prepare(
      `SELECT list."unique", list.partial, list.origin, (SELECT json_group_array(name) FROM pragma_index_info(list.name)) AS columns
       FROM pragma_index_list(?) AS list`,
    )
    .all(table);
  return [
    ...columns.map(({ name, type, notnull, dflt_value, pk }) => {
      return `column ${table}.${name} ${type}${notnull ? ' not null' : ''}${pk ? ' key' : ''} default ${dflt_value}`;
    }),
    ...keys.map((key) => `foreign key of ${table} ${JSON.stringify(key)}`),
    ...indexes.map((index) => `index of ${table} ${JSON.stringify(index)}`),
  ];
}
