// The database as a thing to look after: migrate, back up, restore, copy. It may be old, damaged or missing.

import { type Backup, writeBackup } from './backup.ts';
import { connections, type Location } from './clients.ts';
import { type Copied, type CopyTarget, copyStore } from './copy-store.ts';
import { applyMigrations, readMigrations } from './migrate.ts';
import { type Restored, type RestoreOptions, restoreBackup } from './restore.ts';
import { WriteQueue } from './write-queue.ts';

export interface StoreDatabase {
  readonly kind: 'sqlite' | 'postgresql';
  /** File, or host and database; never with a password. */
  readonly location: string;
  /** Names of the migrations that were applied; none when the schema was up to date. */
  migrate(): Promise<{ readonly applied: readonly string[] }>;
  backup(target: string): Promise<Backup>;
  restore(from: string): Promise<Restored>;
  copyTo(target: CopyTarget, signal: AbortSignal): Promise<Copied>;
  close(): Promise<void>;
}

/** Opens nothing yet: each act opens what it needs, because the next one may replace it. */
export function openDatabase(location: Location, options: RestoreOptions): StoreDatabase {
  const { clock } = options;
  const { dialect, place, makeWriter } = connections(location, 5_000);
  return {
    kind: location.kind,
    location: place,
    async migrate() {
      const queue = new WriteQueue({ open: makeWriter, dialect, place, busyTimeoutMs: 5_000 });
      try {
        return { applied: await applyMigrations(queue, readMigrations(dialect.kind), clock) };
      } finally {
        await queue.close();
      }
    },
    backup: (target) => writeBackup(location, target, clock),
    restore: (from) => restoreBackup(location, from, options),
    copyTo: (target, signal) => copyStore(location, target, options, signal),
    async close() {},
  };
}
