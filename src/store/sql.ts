// One connection (or one open transaction) as the rest of src/store sees it: SQL with parameters in, rows out.
// Invariant: a long series of statements lets other work of the process run in between (SQLite's driver is synchronous).

import type { Dialect } from './dialect.ts';
import { toStoreError } from './errors.ts';
import type { TableGrowth } from './table-growth.ts';

/** What both generated Prisma clients and their transactions offer. */
export interface RawClient {
  $queryRawUnsafe<T>(sql: string, ...parameters: unknown[]): Promise<T>;
  $executeRawUnsafe(sql: string, ...parameters: unknown[]): Promise<number>;
}

/** Heartbeats, signals and the API wait no longer than this (and one statement) for a batch. */
const turnMs = 15;
const rowsPerStatement = 1_000;

export type Parameter = string | number | null;

export class Sql {
  readonly dialect: Dialect;
  /** File or host, for messages. */
  readonly place: string;
  /** Of the writer; absent on a reader. */
  readonly growth: TableGrowth | undefined;
  readonly #client: RawClient;
  #turnStartedAt = performance.now();

  constructor(client: RawClient, dialect: Dialect, place: string, growth?: TableGrowth) {
    this.growth = growth;
    this.#client = client;
    this.dialect = dialect;
    this.place = place;
  }

  async all<T>(sql: string, ...parameters: readonly Parameter[]): Promise<T[]> {
    await this.#yieldTurn();
    try {
      const [text, values] = this.#native(sql, parameters);
      return await this.#client.$queryRawUnsafe<T[]>(text, ...values);
    } catch (error) {
      throw toStoreError(error, this.place);
    }
  }

  async first<T>(sql: string, ...parameters: readonly Parameter[]): Promise<T | undefined> {
    return (await this.all<T>(sql, ...parameters))[0];
  }

  /** Returns the number of rows that the statement wrote. */
  async run(sql: string, ...parameters: readonly Parameter[]): Promise<number> {
    await this.#yieldTurn();
    try {
      const [text, values] = this.#native(sql, parameters);
      return await this.#client.$executeRawUnsafe(text, ...values);
    } catch (error) {
      throw toStoreError(error, this.place);
    }
  }

  async #yieldTurn(): Promise<void> {
    if (performance.now() - this.#turnStartedAt < turnMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnStartedAt = performance.now();
  }

  /** better-sqlite3 binds unnumbered parameters only, so each use of `$n` becomes a `?` with the value repeated. */
  #native(sql: string, parameters: readonly Parameter[]): readonly [string, readonly Parameter[]] {
    if (this.dialect.kind === 'postgresql') return [sql, parameters];
    let known = unnumbered.get(sql);
    if (known === undefined) {
      const order = [...sql.matchAll(/\$(\d)/g)].map((match) => Number(match[1]) - 1);
      known = { text: sql.replace(/\$\d/g, '?'), order };
      unnumbered.set(sql, known);
    }
    return [known.text, known.order.map((index) => parameters[index] ?? null)];
  }
}

// Statement texts are built from a fixed set of parts, so this stays small.
const unnumbered = new Map<string, { readonly text: string; readonly order: readonly number[] }>();

/** Parts of a list that one statement handles without keeping the process busy for long. */
export function* chunks<T>(list: readonly T[], size = rowsPerStatement): Generator<readonly T[]> {
  if (list.length === 0) return;
  if (list.length <= size) yield list;
  else for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size);
}

/** JSON for a list parameter. PostgreSQL's text cannot hold NUL or half a surrogate pair; both become U+FFFD on either store. */
export function jsonParameter(value: unknown): string {
  const json = JSON.stringify(value);
  if (!unstorable.test(json)) return json;
  return JSON.stringify(value, (_key, item: unknown) => {
    return typeof item === 'string' ? item.toWellFormed().replaceAll('\0', '\uFFFD') : item;
  });
}

const unstorable = /\\u(?:0000|d[89a-f])/i;
