// Findings open and close by themselves. Invariant: one open finding per code and subject; what did not change is not written.

import { canonicalJson } from '../model/change.ts';
import type { Finding } from '../model/finding.ts';
import type { FindingWriter } from '../sync/ports.ts';
import { insertRows, type Row, readForEach, runForEach, updateRows } from './bulk.ts';
import type { Columns } from './dialect.ts';
import { findingKeeper } from './kept-findings.ts';
import type { Sql } from './sql.ts';
import { toText } from './times.ts';

const findingTable: Columns = {
  id: 'int',
  code: 'text',
  source: 'text',
  subject: 'text',
  label: 'text',
  detail: 'text',
  opened_at: 'text',
  opened_run_id: 'int',
  open_key: 'text',
};

interface OpenRow {
  readonly id: number;
  readonly code: string;
  readonly subject: string;
  readonly label: string;
  readonly detail: string;
}

type Evaluated = Parameters<FindingWriter['reconcile']>[0];
type By = Parameters<FindingWriter['reconcile']>[2];

export function findingWriter(sql: Sql, allocate: (count: number) => Promise<number>): FindingWriter {
  return {
    ...findingKeeper(sql),
    reconcile: (evaluated, derived, by) => reconcile(sql, allocate, evaluated, derived, by),
  };
}

const openKeyOf = (finding: { readonly code: string; readonly subject: string }): string =>
  `${finding.code} ${finding.subject}`;

async function reconcile(
  sql: Sql,
  allocate: (count: number) => Promise<number>,
  evaluated: Evaluated,
  derived: readonly Finding[],
  by: By,
): Promise<{ opened: number; closed: number }> {
  const wanted = new Map(derived.map((finding) => [openKeyOf(finding), finding]));
  const open = new Map<string, OpenRow>();
  const closable = new Set<number>();
  for (const row of await readEvaluated(sql, evaluated, by)) {
    open.set(openKeyOf(row), row);
    closable.add(row.id);
  }
  for (const row of await readByKey(
    sql,
    [...wanted.keys()].filter((key) => !open.has(key)),
  ))
    open.set(openKeyOf(row), row);

  const fresh = [...wanted].filter(([key]) => !open.has(key));
  await openFindings(sql, allocate, fresh, by);
  await refresh(sql, open, wanted);
  const stale = [...open].filter(([key, row]) => closable.has(row.id) && !wanted.has(key)).map(([, row]) => row.id);
  const closed = await runForEach(
    sql,
    stale,
    `UPDATE findings SET closed_at = $2, closed_run_id = $3, open_key = NULL
     WHERE id IN (SELECT j.value FROM ${sql.dialect.list(1, 'int', 'j')})`,
    toText(by.now),
    by.run ?? null,
  );
  return { opened: fresh.length, closed };
}

async function openFindings(
  sql: Sql,
  allocate: (count: number) => Promise<number>,
  fresh: readonly (readonly [string, Finding])[],
  by: By,
): Promise<void> {
  if (fresh.length === 0) return;
  const first = await allocate(fresh.length);
  const at = toText(by.now);
  const rows = fresh.map(([key, finding], index): Row => {
    const { code, source, subject, label, detail } = finding;
    return [first + index, code, source, subject, label, canonicalJson(detail), at, by.run, key];
  });
  await insertRows(sql, { table: 'findings', columns: findingTable }, rows);
}

/** A finding that stays open may have learnt new facts, e.g. another holder of the name; who ignored it did not know them. */
async function refresh(
  sql: Sql,
  open: ReadonlyMap<string, OpenRow>,
  wanted: ReadonlyMap<string, Finding>,
): Promise<void> {
  const rows: Row[] = [];
  for (const [key, row] of open) {
    const finding = wanted.get(key);
    if (finding === undefined) continue;
    const detail = canonicalJson(finding.detail);
    if (detail !== row.detail || finding.label !== row.label) {
      rows.push([row.id, finding.label, detail, null, null, null, null]);
    }
  }
  await updateRows(sql, { table: 'findings', key: 'id', columns: refreshed }, rows);
}

const refreshed: Columns = {
  id: 'int',
  label: 'text',
  detail: 'text',
  ignored_by: 'text',
  ignored_reason: 'text',
  ignored_at: 'text',
  ignored_until: 'text',
};

async function readEvaluated(sql: Sql, evaluated: Evaluated, by: By): Promise<readonly OpenRow[]> {
  const mayClose = new Set<string>(by.codes);
  const columns = 'f.id, f.code, f.subject, f.label, f.detail';
  const rows =
    'everyOf' in evaluated
      ? await sql.all<OpenRow>(
          `SELECT ${columns} FROM findings f WHERE f.source = $1 AND f.closed_at IS NULL`,
          evaluated.everyOf,
        )
      : await readForEach<OpenRow>(
          sql,
          evaluated,
          `SELECT ${columns} FROM ${sql.dialect.list(1, 'text', 'j')} CROSS JOIN findings f
           WHERE f.subject = j.value AND f.closed_at IS NULL`,
        );
  return rows.filter((row) => mayClose.has(row.code));
}

function readByKey(sql: Sql, keys: readonly string[]): Promise<OpenRow[]> {
  return readForEach<OpenRow>(
    sql,
    keys,
    `SELECT f.id, f.code, f.subject, f.label, f.detail FROM ${sql.dialect.list(1, 'text', 'j')} CROSS JOIN findings f
     WHERE f.open_key = j.value`,
  );
}
