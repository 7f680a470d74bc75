// Copies whole tables between stores: for overlays, and for backups of and into PostgreSQL.
// Invariant: what is read comes from one snapshot, and memory follows the batch, not the table.

import { insertRows, type Row } from './bulk.ts';
import type { Columns, ColumnType } from './dialect.ts';
import type { Sql } from './sql.ts';

export interface TablePart {
  readonly table: string;
  /** A condition on the rows; absent: all. Constants only. */
  readonly where?: string;
}

/** The tables of rosterd, with their columns in the order of the table; schema_migrations is not among them. */
export async function readTables(sql: Sql): Promise<ReadonlyMap<string, Columns>> {
  const rows = await sql.all<{ tbl: string; col: string; type: string }>(columnsOf[sql.dialect.kind]);
  const tables = new Map<string, Record<string, ColumnType>>();
  for (const { tbl, col, type } of rows) {
    const columns = tables.get(tbl) ?? {};
    columns[col] = columnType(type.toLowerCase());
    tables.set(tbl, columns);
  }
  return tables;
}

const columnsOf = {
  sqlite: `SELECT m.name AS tbl, c.name AS col, c.type AS type FROM sqlite_schema m CROSS JOIN pragma_table_info(m.name) c
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'schema_migrations' ORDER BY m.name, c.cid`,
  postgresql: `SELECT table_name::text AS tbl, column_name::text AS col, data_type::text AS type FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name <> 'schema_migrations' ORDER BY table_name, ordinal_position`,
} as const;

function columnType(declared: string): ColumnType {
  if (declared === 'integer') return 'int';
  return declared === 'boolean' ? 'boolean' : 'text';
}

const rowsPerBatch = 2_000;

/** Within a transaction of `from` and one of `to`. The tables of `to` are empty. */
export async function copyTable(from: Sql, to: Sql, part: TablePart, columns: Columns): Promise<number> {
  let copied = 0;
  for await (const rows of readBatches(from, part, columns))
    copied += await insertRows(to, { table: part.table, columns }, rows);
  return copied;
}

async function* readBatches(from: Sql, { table, where }: TablePart, columns: Columns): AsyncGenerator<readonly Row[]> {
  const names = Object.keys(columns);
  const condition = where === undefined ? '' : ` WHERE ${where}`;
  const select = `SELECT ${from.dialect.jsonRow(names)} AS row FROM ${table}${condition}`;
  if (from.dialect.kind === 'postgresql') {
    await from.run(`DECLARE copy_${table} NO SCROLL CURSOR FOR ${select}`);
    for (;;) {
      const rows = await from.all<{ row: string }>(`FETCH ${rowsPerBatch} FROM copy_${table}`);
      if (rows.length === 0) break;
      yield rows.map(({ row }) => JSON.parse(row) as Row);
    }
    await from.run(`CLOSE copy_${table}`);
    return;
  }
  // SQLite: by rowid, which every table of rosterd has. json_array gives booleans as 0 and 1.
  const booleans = names.map((name) => columns[name] === 'boolean');
  let after = -1;
  for (;;) {
    const rows = await from.all<{ id: number | bigint; row: string }>(
      `SELECT rowid AS id, ${from.dialect.jsonRow(names)} AS row FROM ${table}
       WHERE rowid > $1${where === undefined ? '' : ` AND (${where})`} ORDER BY rowid LIMIT ${rowsPerBatch}`,
      after,
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = Number(last.id);
    yield rows.map(({ row }) => {
      return (JSON.parse(row) as Row).map((value, index) =>
        booleans[index] === true && value !== null ? value === 1 : value,
      );
    });
  }
}
