// Set-based writing: many rows in one statement from one JSON parameter, on both stores.
// Rows are arrays in the order of the columns; a row the store need not touch is never written.

import type { Columns } from './dialect.ts';
import { chunks, jsonParameter, type Sql } from './sql.ts';

export type Value = string | number | boolean | null | undefined;
export type Row = readonly Value[];

export interface InsertPlan {
  readonly table: string;
  readonly columns: Columns;
  /** Absent: a row that exists already is an error. */
  readonly onConflict?: { readonly key: string; readonly update: readonly string[] | 'nothing' };
}

/** Returns the number of rows written. */
export async function insertRows(sql: Sql, plan: InsertPlan, rows: readonly Row[]): Promise<number> {
  const statement = insertStatement(sql, plan);
  let written = 0;
  for (const part of chunks(rows)) written += await sql.run(statement, jsonParameter(part));
  await sql.growth?.note(sql, plan.table, written);
  return written;
}

function insertStatement(sql: Sql, { table, columns, onConflict }: InsertPlan): string {
  const names = Object.keys(columns).join(', ');
  // `WHERE true` keeps SQLite from reading ON CONFLICT as a join condition.
  const insert = `INSERT INTO ${table} (${names}) SELECT * FROM (${sql.dialect.rows(1, columns)}) AS r WHERE true`;
  if (onConflict === undefined) return insert;
  if (onConflict.update === 'nothing') return `${insert} ON CONFLICT (${onConflict.key}) DO NOTHING`;
  const sets = onConflict.update.map((name) => `${name} = excluded.${name}`).join(', ');
  return `${insert} ON CONFLICT (${onConflict.key}) DO UPDATE SET ${sets}`;
}

export interface UpdatePlan {
  readonly table: string;
  /** Key columns and the columns to set. */
  readonly columns: Columns;
  readonly key: string;
  /** A further condition on `t` (the table) and `r` (the new row). */
  readonly when?: string;
}

/** Sets the columns of each row with that key, only where one of them differs. Returns the number of rows written. */
export async function updateRows(sql: Sql, plan: UpdatePlan, rows: readonly Row[]): Promise<number> {
  const { table, columns, key, when } = plan;
  const names = Object.keys(columns).filter((name) => name !== key);
  const sets = names.map((name) => `${name} = r.${name}`).join(', ');
  const differs = names.map((name) => `t.${name} IS DISTINCT FROM r.${name}`).join(' OR ');
  const condition = when === undefined ? '' : ` AND (${when})`;
  // MATERIALIZED: otherwise SQLite may read the JSON again for every row of the table.
  const statement = `WITH r AS MATERIALIZED (${sql.dialect.rows(1, columns)})
    UPDATE ${table} AS t SET ${sets} FROM r WHERE t.${key} = r.${key} AND (${differs})${condition}`;
  let written = 0;
  for (const part of chunks(rows)) written += await sql.run(statement, jsonParameter(part));
  return written;
}

/** Deletes the rows with these keys; `columns` are all of the key. Returns the number of rows deleted. */
export async function deleteRows(sql: Sql, table: string, columns: Columns, rows: readonly Row[]): Promise<number> {
  const names = Object.keys(columns).join(', ');
  const statement = `DELETE FROM ${table} WHERE (${names}) IN (${sql.dialect.rows(1, columns)})`;
  let written = 0;
  for (const part of chunks(rows)) written += await sql.run(statement, jsonParameter(part));
  return written;
}

/** Runs one statement per part of the list; `$1` is the part, as JSON, further parameters follow. Returns the rows written. */
export async function runForEach(
  sql: Sql,
  list: readonly (number | string)[],
  statement: string,
  ...parameters: readonly (string | number | null)[]
): Promise<number> {
  let written = 0;
  for (const part of chunks(list)) written += await sql.run(statement, jsonParameter(part), ...parameters);
  return written;
}

/** Reads with one statement per part of the list; `$1` is the part, as JSON. */
export async function readForEach<T>(
  sql: Sql,
  list: readonly (number | string)[],
  statement: string,
  ...parameters: readonly (string | number | null)[]
): Promise<T[]> {
  if (list.length <= 1_000) {
    return list.length === 0 ? [] : sql.all<T>(statement, jsonParameter(list), ...parameters);
  }
  const found: T[] = [];
  for (const part of chunks(list)) {
    for (const row of await sql.all<T>(statement, jsonParameter(part), ...parameters)) found.push(row);
  }
  return found;
}
