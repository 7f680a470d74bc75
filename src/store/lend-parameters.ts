// Carries large parameters past Prisma to the driver: Prisma sees a short token, the adapter puts the text in its place.
// Why: Prisma serialises raw parameters twice and keeps those of the last hundred calls for its debug log. With a page of
// accounts in one parameter that costs a quarter of the time and a hundred megabytes.

import type { SqlDriverAdapterFactory, SqlQuery, SqlQueryable } from '@prisma/driver-adapter-utils';
import type { RawClient } from './sql.ts';
import type { WriterClient } from './write-queue.ts';

const largeLength = 2_000;

/** The texts that are on their way, by token. One per client. */
export class ParameterShelf {
  readonly #texts = new Map<string, string>();
  #last = 0;

  /** Calls `send` with tokens instead of large texts. */
  async lend<T>(parameters: readonly unknown[], send: (tokens: readonly unknown[]) => Promise<T>): Promise<T> {
    const own: string[] = [];
    const tokens = parameters.map((parameter) => {
      if (typeof parameter !== 'string' || parameter.length < largeLength) return parameter;
      this.#last += 1;
      // Short texts that look like a token are not on the shelf and pass as they are.
      const token = `:lent-parameter:${this.#last}`;
      this.#texts.set(token, parameter);
      own.push(token);
      return token;
    });
    try {
      return await send(tokens);
    } finally {
      for (const token of own) this.#texts.delete(token);
    }
  }

  fetch(parameter: unknown): unknown {
    return typeof parameter === 'string' ? (this.#texts.get(parameter) ?? parameter) : parameter;
  }
}

/** The factory's connections put the lent texts in. */
export function fetchLent(factory: SqlDriverAdapterFactory, shelf: ParameterShelf): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    async connect() {
      const adapter = fetching(await factory.connect(), shelf);
      const startTransaction = adapter.startTransaction.bind(adapter);
      adapter.startTransaction = async (level) => fetching(await startTransaction(level), shelf);
      return adapter;
    },
  };
}

function fetching<T extends SqlQueryable>(queryable: T, shelf: ParameterShelf): T {
  const { queryRaw, executeRaw } = queryable;
  const send = async <R>(query: SqlQuery, call: (query: SqlQuery) => Promise<R>): Promise<R> => {
    const own = { ...query, args: query.args.map((parameter) => shelf.fetch(parameter)) };
    try {
      return await call(own);
    } finally {
      // The adapter's debug log keeps the query for as long as Prisma's.
      own.args = [];
    }
  };
  queryable.queryRaw = (query) => send(query, (own) => queryRaw.call(queryable, own));
  queryable.executeRaw = (query) => send(query, (own) => executeRaw.call(queryable, own));
  return queryable;
}

/** The client whose raw statements lend their parameters. */
export function lending(client: WriterClient, shelf: ParameterShelf): WriterClient {
  return {
    ...lendingRaw(client, shelf),
    $transaction: (work, options) => client.$transaction((tx) => work(lendingRaw(tx, shelf)), options),
    $disconnect: () => client.$disconnect(),
  };
}

function lendingRaw(client: RawClient, shelf: ParameterShelf): RawClient {
  return {
    $queryRawUnsafe: <T>(sql: string, ...parameters: unknown[]) =>
      shelf.lend(parameters, (tokens) => client.$queryRawUnsafe<T>(sql, ...tokens)),
    $executeRawUnsafe: (sql, ...parameters) =>
      shelf.lend(parameters, (tokens) => client.$executeRawUnsafe(sql, ...tokens)),
  };
}
