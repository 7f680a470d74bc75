// The store's part of the composition root: where it is, its audit key, and the database commands.

import { readFile } from 'node:fs/promises';
import type { AdminReader } from './admin/ports.ts';
import type { Database } from './cli/app.ts';
import type { Config } from './config/config.ts';
import { resolveSecret } from './config/secret.ts';
import { RosterdError } from './model/errors.ts';
import { createAdminReader } from './store/admin-reader.ts';
import type { Location } from './store/clients.ts';
import { openDatabase } from './store/database.ts';
import { openStore, type Store } from './store/open-store.ts';
import { makeHolder } from './store/process-holder.ts';
import type { Clock } from './sync/ports.ts';

export async function locationOf(config: Config): Promise<Location> {
  if (config.store.kind === 'sqlite') return { kind: 'sqlite', path: config.store.path };
  return { kind: 'postgresql', url: await resolveSecret(config.store.url, 'store.url') };
}

/** 32 bytes as 64 hex digits in a file beside the configuration. A missing key is never made anew: the log would not verify. */
export async function readAuditKey(path: string): Promise<Buffer> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new RosterdError('audit-key-missing', `The audit key ${path} cannot be read.`, { subject: path, cause });
  }
  if (/^[0-9a-f]{64}$/iu.test(text)) return Buffer.from(text, 'hex');
  throw new RosterdError('audit-key-missing', `The audit key ${path} is not 64 hex digits.`, { subject: path });
}

/**
 * Nobody who opens the store makes a database: one that is not there was deleted or is not mounted. `update` brings an existing SQLite
 * file up to date; a shared PostgreSQL is migrated on purpose, by `rosterd db migrate`.
 */
export async function openComposedStore(
  config: Config,
  clock: Clock,
  schema: 'update' | 'require',
): Promise<{ store: Store; holder: string; reads: AdminReader }> {
  const auditKey = await readAuditKey(config.audit.keyFile);
  const location = await locationOf(config);
  const migrate = location.kind === 'sqlite' ? schema : 'require';
  const store = await openStore(location, { auditKey, clock, migrate });
  return { store, holder: makeHolder(), reads: createAdminReader(store.core.read) };
}

/** The database itself, which may not be migrated yet, or not be readable at all. `load` reads another configuration file. */
export async function openComposedDatabase(
  config: Config,
  clock: Clock,
  actor: string,
  load: (file: string) => Promise<Config>,
): Promise<Database> {
  const auditKey = (): Promise<Buffer> => readAuditKey(config.audit.keyFile);
  const database = openDatabase(await locationOf(config), { clock, actor, auditKey });
  return {
    ...database,
    async copyTo(file, signal) {
      const other = await load(file);
      const target = { location: await locationOf(other), auditKey: () => readAuditKey(other.audit.keyFile) };
      return database.copyTo(target, signal);
    },
  };
}
