// Opens Prisma's clients: the only place that knows the drivers.
// Invariant: readers cannot write (SQLite: the connection is read-only; PostgreSQL: its transactions are), and nobody makes a
// SQLite file by opening it: only who says so (makeWriter) gets a new one.

import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { RosterdError } from '../model/errors.ts';
import { type Dialect, postgresqlDialect, sqliteDialect } from './dialect.ts';
import { toStoreError } from './errors.ts';
import { PrismaClient as PostgresqlClient } from './generated/postgresql/client.ts';
import { PrismaClient as SqliteClient } from './generated/sqlite/client.ts';
import { fetchLent, lending, ParameterShelf } from './lend-parameters.ts';
import { PostgresqlSockets } from './postgresql-sockets.ts';
import type { WriterClient } from './write-queue.ts';

export interface SqliteOptions {
  readonly kind: 'sqlite';
  /** The database file; a new one is readable by its owner only. */
  readonly path: string;
  /** A copy that nobody misses: commits do not wait for the disk. */
  readonly isTemporary?: boolean;
}

export interface PostgresqlOptions {
  readonly kind: 'postgresql';
  /** `postgresql://user@host:5432/database`; may carry the password. */
  readonly url: string;
  readonly password?: string;
  readonly schema?: string;
  /** Connections for reading; one more writes. Default 4. */
  readonly readers?: number;
  /** TLS as node:tls understands it; absent: as the URL says. */
  readonly tls?: { readonly ca?: string; readonly rejectUnauthorized?: boolean };
}

export type Location = SqliteOptions | PostgresqlOptions;

export interface Connections {
  readonly dialect: Dialect;
  /** For messages: the file, or host and database. Never a password. */
  readonly place: string;
  /** Throws `store-unreachable` for a SQLite file that does not exist. */
  openWriter(): Promise<WriterClient>;
  /** Makes the SQLite file when it does not exist. */
  makeWriter(): Promise<WriterClient>;
  openReader(): Promise<WriterClient>;
}

/** For acts on the whole database, such as building an index: long, but not for ever. */
const actTimeoutMs = 3_600_000;

/**
 * `lockTimeoutMs`: how long a statement waits for a lock that another process holds. `statementTimeoutMs`: how long one statement
 * may take on PostgreSQL, and how long the server may say nothing; SQLite's wait for nobody but the disk.
 */
export function connections(
  location: Location,
  lockTimeoutMs: number,
  statementTimeoutMs: number = actTimeoutMs,
): Connections {
  if (location.kind === 'sqlite') return sqliteConnections(location);
  return postgresqlConnections(location, lockTimeoutMs, statementTimeoutMs);
}

// --- SQLite -----------------------------------------------------------------------

/** The driver waits synchronously, so it waits hardly at all; the write queue waits instead. */
const driverBusyTimeoutMs = 20;

function sqliteConnections({ path, isTemporary }: SqliteOptions): Connections {
  const writer = (prepareFile: (path: string) => void): Promise<WriterClient> =>
    opened(path, async () => {
      prepareFile(path);
      const adapter = new PrismaBetterSqlite3({ url: path, fileMustExist: true, timeout: driverBusyTimeoutMs });
      // FULL: an acknowledged write survives a power failure. The checkpoint is larger than usual, for fewer of them in an import:
      // the log keeps 64 MB. It grows beyond only while somebody reads in one transaction (a backup, a shell that was left open:
      // rosterd's own reads are single statements), or by one batch that is larger; the next checkpoint cuts it back to that size.
      return prepare(adapter, [
        'journal_mode = WAL',
        `synchronous = ${isTemporary === true ? 'OFF' : 'FULL'}`,
        'cache_size = -65536',
        'wal_autocheckpoint = 16000',
        'journal_size_limit = 67108864',
      ]);
    });
  return {
    dialect: sqliteDialect,
    place: path,
    openWriter: () => writer(requireThere),
    makeWriter: () => writer(createPrivately),
    openReader: () =>
      opened(path, async () => {
        const config = { url: path, readonly: true, fileMustExist: true, timeout: 1_000 };
        return prepare(new PrismaBetterSqlite3(config), ['cache_size = -32768']);
      }),
  };
}

async function prepare(adapter: SqlDriverAdapterFactory, pragmas: readonly string[]): Promise<WriterClient> {
  const shelf = new ParameterShelf();
  const client = new SqliteClient({ adapter: fetchLent(adapter, shelf) });
  try {
    for (const pragma of [...pragmas, 'temp_store = MEMORY']) await client.$queryRawUnsafe(`PRAGMA ${pragma}`);
    return lending(client as WriterClient, shelf);
  } catch (error) {
    await client.$disconnect();
    throw error;
  }
}

/** For files that SQLite fills by itself (VACUUM INTO takes an empty one). Throws as opening does. */
export const makePrivateFile = (path: string): Promise<void> => opened(path, async () => createPrivately(path));

// SQLite would make the file readable by everybody.
function createPrivately(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
}

/** A file without content has never been a database; it is what is left of a mount or a copy that failed. */
export const isMissing = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;

function requireThere(path: string): void {
  if (!isMissing(path)) return;
  const what = existsSync(path) ? 'is empty' : 'does not exist';
  throw new RosterdError(
    'store-unreachable',
    `The database file ${path} ${what}. If this is a new installation, make it with \`rosterd db migrate\`; ` +
      'otherwise something is not mounted, or it was deleted. Nothing was made.',
    { subject: path },
  );
}

/** Throws `store-unreachable` for a SQLite file that does not exist. A server says by itself what is wrong. */
export const requireDatabase = (location: Location): Promise<void> =>
  location.kind === 'sqlite' ? opened(location.path, async () => requireThere(location.path)) : Promise.resolve();

/**
 * Asks whether a SQLite file is still the one that was there when this was called; throws `store-unreachable` when it is not. An open
 * file that was moved or deleted can be written on for months, and nobody finds it again.
 */
export function watchFile(location: Location): () => void {
  if (location.kind !== 'sqlite') return () => undefined;
  const { path } = location;
  const inode = (): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino;
  const known = inode();
  return () => {
    if (inode() === known) return;
    throw new RosterdError(
      'store-unreachable',
      `The database file ${path} was moved, deleted or replaced while rosterd has it open. Put it back, or restart rosterd.`,
      { subject: path },
    );
  };
}

async function opened<T>(path: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (caught) {
    const code = (caught as NodeJS.ErrnoException).code ?? '';
    const facts = { subject: path, cause: caught };
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      throw new RosterdError('store-read-only', `The database ${path} cannot be made here: ${code}.`, facts);
    }
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') {
      const what = code === 'EISDIR' ? 'it is a folder' : `the folder of ${basename(path)} does not exist`;
      throw new RosterdError('store-unreachable', `The database ${path} cannot be opened: ${what}.`, facts);
    }
    if (code === 'ENOSPC') throw new RosterdError('store-full', `The database ${path} has no space left.`, facts);
    throw toStoreError(caught, path);
  }
}

// --- PostgreSQL -------------------------------------------------------------------

const connectTimeoutMs = 5_000;
/** A goodbye that the server does not answer ends by force. */
const goodbyeMs = 2_000;
/** The server ends a statement first, where it lives: then the connection stays good. */
const graceMs = 5_000;
type Settings = Readonly<Record<string, string | number>>;

function postgresqlConnections(
  options: PostgresqlOptions,
  lockTimeoutMs: number,
  statementTimeoutMs: number,
): Connections {
  const place = placeOf(options.url);
  // Just-in-time compilation costs more than statements about a thousand rows take.
  const openWriter = (): Promise<WriterClient> => open({ jit: 'off', lock_timeout: lockTimeoutMs }, 1);
  const patience: Settings = {
    statement_timeout: statementTimeoutMs,
    // A transaction that does nothing for so long belongs to a process that stalled or a host that died: it lets go of the lock.
    idle_in_transaction_session_timeout: Math.ceil(statementTimeoutMs / 2),
  };
  const open = (settings: Settings, max: number): Promise<WriterClient> =>
    openPool(options, { ...settings, ...patience }, max, statementTimeoutMs + graceMs);
  return {
    dialect: postgresqlDialect,
    place,
    openWriter,
    makeWriter: openWriter,
    openReader: () => open({ jit: 'off', default_transaction_read_only: 'on' }, options.readers ?? 4),
  };
}

async function openPool(
  options: PostgresqlOptions,
  settings: Settings,
  max: number,
  silenceMs: number,
): Promise<WriterClient> {
  const place = placeOf(options.url);
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  if (options.schema !== undefined) flags.push(`-c search_path=${options.schema}`);
  const sockets = new PostgresqlSockets(silenceMs);
  const adapter = new PrismaPg(
    {
      connectionString: options.url,
      ...(options.password === undefined ? {} : { password: options.password }),
      ...(options.tls === undefined ? {} : { ssl: options.tls }),
      application_name: 'rosterd',
      options: flags.join(' '),
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 30_000,
      stream: sockets.make,
      max,
    },
    // A broken connection shows in the next call; without a listener it would end the process.
    { onPoolError: () => {}, onConnectionError: () => {} },
  );
  const shelf = new ParameterShelf();
  const client = new PostgresqlClient({ adapter: fetchLent(adapter, shelf) });
  const lent = lending(client as unknown as WriterClient, shelf);
  const $disconnect = async (): Promise<void> => {
    await Promise.all([client.$disconnect(), sockets.end(goodbyeMs)]);
  };
  try {
    await client.$queryRawUnsafe('SELECT 1');
  } catch (error) {
    await $disconnect();
    throw toStoreError(error, place);
  }
  return { ...lent, $disconnect };
}

/** `host:port/database`, without user and password. */
export function placeOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
  } catch (cause) {
    throw new RosterdError('config-invalid', 'The address of the PostgreSQL database is not a URL.', { cause });
  }
}
