// Tells PostgreSQL's planner how large the tables have become. Autovacuum does so too, but only once a minute: during a first
// import the planner takes every table for empty and looks at all rows for each value (60,000 references took two minutes).

import type { Sql } from './sql.ts';

const firstThreshold = 500;

interface Growth {
  rows: number;
  threshold: number;
}

/** Rows inserted per table since its last ANALYZE; one per writer. The threshold doubles, so that a million rows cost a dozen. */
export class TableGrowth {
  readonly #tables = new Map<string, Growth>();

  async note(sql: Sql, table: string, rows: number): Promise<void> {
    if (sql.dialect.kind !== 'postgresql' || rows === 0) return;
    const growth = this.#tables.get(table) ?? { rows: 0, threshold: firstThreshold };
    this.#tables.set(table, growth);
    growth.rows += rows;
    if (growth.rows < growth.threshold) return;
    growth.threshold = growth.rows * 2;
    growth.rows = 0;
    await sql.run(`ANALYZE ${table}`);
  }
}
