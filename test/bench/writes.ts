// Counts the rows that a run writes, by triggers in the bench's own database: an update that sets the same value counts too,
// which a comparison of before and after would not show.

import { DatabaseSync } from 'node:sqlite';

export type Writes = Readonly<
  Record<string, { readonly inserted: number; readonly updated: number; readonly deleted: number }>
>;

const operations = ['insert', 'update', 'delete'] as const;
const pastTense = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const;

export function startCounting(file: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec('create table bench_writes (name text, operation text, n integer, primary key (name, operation))');
    for (const table of tablesOf(database)) {
      for (const operation of operations) {
        database.exec(`
          insert into bench_writes values ('${table}', '${operation}', 0);
          create trigger bench_${table}_${operation} after ${operation} on "${table}" begin
            update bench_writes set n = n + 1 where name = '${table}' and operation = '${operation}';
          end`);
      }
    }
  } finally {
    database.close();
  }
}

/** What was written since startCounting(), by table, without the tables that stayed as they were; ends the counting. */
export function stopCounting(file: string): Writes {
  const database = new DatabaseSync(file);
  try {
    const rows = database
      .prepare('select name, operation, n from bench_writes where n > 0 order by name')
      .all() as unknown as readonly Row[];
    const writes: Record<string, { inserted: number; updated: number; deleted: number }> = {};
    for (const { name, operation, n } of rows) {
      const counts = writes[name] ?? { inserted: 0, updated: 0, deleted: 0 };
      counts[pastTense[operation]] = n;
      writes[name] = counts;
    }
    for (const table of tablesOf(database)) {
      for (const operation of operations) database.exec(`drop trigger if exists bench_${table}_${operation}`);
    }
    database.exec('drop table bench_writes');
    return writes;
  } finally {
    database.close();
  }
}

interface Row {
  readonly name: string;
  readonly operation: (typeof operations)[number];
  readonly n: number;
}

function tablesOf(database: DatabaseSync): readonly string[] {
  const rows = database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    .all();
  return (rows as unknown as readonly { readonly name: string }[])
    .map(({ name }) => name)
    .filter((name) => name !== 'bench_writes');
}
