// The one writer: a first-in-first-out queue around Prisma's transactions.
// Why a queue: a Prisma call outside $transaction runs inside whatever transaction is open on that SQLite connection, so nobody
// else may have the writing client. Why a lock first: then nothing that was read can be stale, and only the start can be refused.

import { AsyncLocalStorage } from 'node:async_hooks';
import { RosterdError } from '../model/errors.ts';
import type { Dialect } from './dialect.ts';
import { hasCode, toStoreError } from './errors.ts';
import { type RawClient, Sql } from './sql.ts';
import { TableGrowth } from './table-growth.ts';

export interface WriterClient extends RawClient {
  $transaction<T>(work: (tx: RawClient) => Promise<T>, options: { maxWait: number; timeout: number }): Promise<T>;
  $disconnect(): Promise<void>;
}

export interface WriteQueueOptions {
  readonly open: () => Promise<WriterClient>;
  readonly dialect: Dialect;
  readonly place: string;
  /** How long another process may hold the lock before the caller hears `store-busy`. */
  readonly busyTimeoutMs: number;
}

/** Far beyond any batch: a transaction ends by itself or with its process, never by a timer of Prisma. */
const transactionTimeoutMs = 24 * 3_600_000;
/** Longer than the driver waits for a connection, so that the driver's reason is told and not Prisma's. */
const connectionWaitMs = 15_000;
const firstPauseMs = 5;
const longestPauseMs = 100;

export class WriteQueue {
  readonly dialect: Dialect;
  readonly #options: WriteQueueOptions;
  readonly #growth = new TableGrowth();
  #client: WriterClient | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  readonly #inside = new AsyncLocalStorage<true>();

  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.dialect = options.dialect;
  }

  /** Runs `work` in one transaction, after all that were asked for before it. `lock`: another first statement than usual. */
  run<T>(work: (sql: Sql) => Promise<T>, lock?: string): Promise<T> {
    // Waiting for oneself would wait for ever.
    if (this.#inside.getStore() === true) {
      return Promise.reject(new RosterdError('bug', 'store.write was called inside store.write.'));
    }
    if (this.#isClosed) {
      return Promise.reject(new RosterdError('interrupted', `The database ${this.#options.place} is being closed.`));
    }
    const result = this.#tail.then(() => this.#runWhenFree(work, lock));
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Takes nothing more; ends after everything that was asked for has been done. */
  async finish(): Promise<void> {
    this.#isClosed = true;
    await this.#tail;
  }

  async close(): Promise<void> {
    await this.finish();
    await this.#drop();
  }

  async #runWhenFree<T>(work: (sql: Sql) => Promise<T>, lock: string | undefined): Promise<T> {
    const giveUpAt = performance.now() + this.#options.busyTimeoutMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const attempt = await this.#attempt(work, lock);
      if (attempt.kind === 'done') return attempt.value;
      if (performance.now() >= giveUpAt) throw attempt.error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** `busy` only when the lock was refused, before `work` began: work runs at most once. */
  async #attempt<T>(
    work: (sql: Sql) => Promise<T>,
    lock: string | undefined,
  ): Promise<{ readonly kind: 'done'; readonly value: T } | { readonly kind: 'busy'; readonly error: unknown }> {
    const { dialect, place } = this.#options;
    // A property, because the compiler does not see that the callback below changes it.
    const progress: { phase: 'locking' | 'working' | 'committing' } = { phase: 'locking' };
    try {
      this.#client ??= await this.#options.open();
      const value = await this.#client.$transaction(
        async (tx) => {
          const sql = new Sql(tx, dialect, place, this.#growth);
          await takeLock(sql, lock ?? dialect.lockForWriting);
          progress.phase = 'working';
          const result = await this.#inside.run(true, () => work(sql));
          progress.phase = 'committing';
          return result;
        },
        { maxWait: connectionWaitMs, timeout: transactionTimeoutMs },
      );
      return { kind: 'done', value };
    } catch (caught) {
      const error = toStoreError(caught, place);
      const { phase } = progress;
      // A failed COMMIT may leave the transaction open, a full disk may end it early: the next writer gets a new connection.
      const isRefusal = phase === 'working' && !(error instanceof RosterdError && error.code.startsWith('store-'));
      if (!isRefusal && !(phase === 'locking' && hasCode(error, 'store-busy'))) await this.#drop();
      if (phase === 'locking' && hasCode(error, 'store-busy')) return { kind: 'busy', error };
      throw error;
    }
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.$disconnect();
  }
}

// On PostgreSQL the lock is a SELECT, and Prisma wants to know which of the two it sends.
async function takeLock(sql: Sql, statement: string): Promise<void> {
  if (sql.dialect.kind === 'sqlite') await sql.run(statement);
  else await sql.all(statement);
}
