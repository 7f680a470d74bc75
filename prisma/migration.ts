// `npm run db:migration -- <name>` writes the next migration of both stores from what changed in models.prisma.
// `--empty` writes one without statements, for SQL that the model cannot state. Read the SQL before committing it: a renamed
// column comes out as drop and add. To write the only migration anew, delete both its folders and prisma/migrated.prisma first.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { diffModels } from './diff.ts';
import { migrationsPath, providers, root } from './providers.ts';
import { listMigrations, readModels, readSnapshot, snapshotPath } from './snapshot.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { empty: { type: 'boolean' } } });

async function write(name: string): Promise<void> {
  const models = readModels();
  const snapshot = readSnapshot();
  const scripts = await Promise.all(
    providers.map(async (provider) => ({ provider, sql: await diffModels(provider, snapshot, models) })),
  );
  const isUnchanged = scripts.every(({ sql }) => sql === undefined);
  if (isUnchanged && values.empty !== true) {
    console.log('prisma/models.prisma says nothing that the migrations do not make already: nothing written.');
    return;
  }
  const last = Math.max(
    0,
    ...providers.flatMap((provider) => listMigrations(provider).map((each) => parseInt(each, 10))),
  );
  const folder = `${String(last + 1).padStart(4, '0')}_${name}`;
  for (const { provider, sql } of scripts) {
    const path = join(migrationsPath(provider), folder, 'migration.sql');
    mkdirSync(join(migrationsPath(provider), folder), { recursive: true });
    writeFileSync(path, sql ?? `-- Nothing to change on ${provider}.\n`);
    console.log(`wrote ${relative(root, path)}`);
  }
  writeFileSync(snapshotPath, models);
}

const [name] = positionals;
if (name === undefined || positionals.length !== 1 || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error(
    'Usage: npm run db:migration -- <name> [--empty], the name in lower case with underscores: add_user_note',
  );
  process.exitCode = 1;
} else {
  await write(name);
}
