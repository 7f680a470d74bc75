// The few places where SQLite and PostgreSQL differ in SQL text. Everything else in src/store is written once.
// Convention: parameters are $1, $2, ...; a list of any length is ONE parameter, a JSON array, so no store limits its size.

export type ColumnType = 'int' | 'text' | 'boolean';
/** Column name -> type, in the order of the values in a row. */
export type Columns = Readonly<Record<string, ColumnType>>;

export interface Dialect {
  readonly kind: 'sqlite' | 'postgresql';
  /** A SELECT that turns parameter `$n`, a JSON array of arrays, into rows with these columns. */
  rows(parameter: number, columns: Columns): string;
  /** A table expression with the one column `value` for parameter `$n`, a JSON array of numbers or texts; named `alias`. */
  list(parameter: number, type: 'int' | 'text', alias: string): string;
  /** A scalar subquery that gives the rows of `from` as one JSON text: an array of arrays of `columns`, or of the only column. */
  jsonOf(columns: readonly string[], from: string, orderBy: string): string;
  /** A JSON array of these columns as text. */
  jsonRow(columns: readonly string[]): string;
  /** First statement of every write transaction: takes the one write lock, without writing anything. */
  readonly lockForWriting: string;
}

export const sqliteDialect: Dialect = {
  kind: 'sqlite',
  rows: (parameter, columns) => {
    const fields = Object.keys(columns).map((name, index) => `value ->> ${index} AS ${name}`);
    return `SELECT ${fields.join(', ')} FROM jsonb_each($${parameter})`;
  },
  list: (parameter, _type, alias) => `(SELECT value FROM json_each($${parameter})) AS ${alias}`,
  jsonOf: (columns, from, orderBy) => {
    const item = columns.length === 1 ? columns[0] : `json_array(${columns.join(', ')})`;
    return `(SELECT json_group_array(${item} ORDER BY ${orderBy}) FROM ${from})`;
  },
  jsonRow: (columns) => `json_array(${columns.join(', ')})`,
  // An UPDATE takes the lock in its prologue; that it matches no row leaves every page as it is.
  lockForWriting: `UPDATE counters SET value = value WHERE name = ''`,
};

export const postgresqlDialect: Dialect = {
  kind: 'postgresql',
  rows: (parameter, columns) => {
    const fields = Object.entries(columns).map(([name, type], index) => {
      return type === 'text' ? `value ->> ${index} AS ${name}` : `(value ->> ${index})::${type} AS ${name}`;
    });
    return `SELECT ${fields.join(', ')} FROM jsonb_array_elements($${parameter}::jsonb) AS each(value)`;
  },
  list: (parameter, type, alias) =>
    `(SELECT value::${type} AS value FROM jsonb_array_elements_text($${parameter}::jsonb) AS each(value)) AS ${alias}`,
  jsonOf: (columns, from, orderBy) => {
    const item = columns.length === 1 ? columns[0] : `json_build_array(${columns.join(', ')})`;
    return `(SELECT coalesce(json_agg(${item} ORDER BY ${orderBy}), '[]')::text FROM ${from})`;
  },
  jsonRow: (columns) => `json_build_array(${columns.join(', ')})::text`,
  // One writer over all replicas, like SQLite: counters, audit head and before-values can never be read stale.
  lockForWriting: `SELECT 1 AS locked FROM (SELECT pg_advisory_xact_lock(hashtext('rosterd:' || current_schema()))) AS lock`,
};
