// Findings as people read them, and the mark of those who want to hear no more of one.
// Invariant: `open` and `ignored` part what is open between them at one moment; nothing open is in neither.

import type { FindingCounts, FindingFilter } from '../admin/ports.ts';
import type { FindingCode } from '../model/finding.ts';
import { asRunId, asSourceName, type EpochMs, type SourceName } from '../model/ids.ts';
import type { FindingKeeper, Ignored, StoredFinding } from '../sync/ports/findings.ts';
import { Conditions } from './admin-conditions.ts';
import type { Sql } from './sql.ts';
import { optional, optionalTime, toMs, toText, toTextOrNull } from './times.ts';

interface FindingRow {
  readonly id: number;
  readonly code: FindingCode;
  readonly source: SourceName | null;
  readonly subject: string;
  readonly label: string;
  readonly detail: string;
  readonly opened_at: string;
  readonly opened_run_id: number | null;
  readonly closed_at: string | null;
  readonly closed_run_id: number | null;
  readonly ignored_by: string | null;
  readonly ignored_reason: string | null;
  readonly ignored_at: string | null;
  readonly ignored_until: string | null;
}

const columns = `id, code, source, subject, label, detail, opened_at, opened_run_id, closed_at, closed_run_id,
  ignored_by, ignored_reason, ignored_at, ignored_until`;

/** `?`: now, as text. */
const isIgnoredNow = 'ignored_at IS NOT NULL AND (ignored_until IS NULL OR ignored_until > ?)';

export async function readFindings(
  sql: Sql,
  filter: FindingFilter,
  page: { readonly after?: number; readonly limit: number },
): Promise<readonly StoredFinding[]> {
  const when = new Conditions();
  if (filter.state !== 'any') when.add(filter.state === 'closed' ? 'closed_at IS NOT NULL' : 'closed_at IS NULL');
  if (filter.state === 'open') when.add(`NOT (${isIgnoredNow})`, toText(filter.now));
  if (filter.state === 'ignored') when.add(isIgnoredNow, toText(filter.now));
  if (filter.code !== undefined) when.add('code = ?', filter.code);
  if (filter.source !== undefined) when.add('source = ?', filter.source);
  if (filter.subject !== undefined) when.add('subject = ?', filter.subject);
  if (page.after !== undefined) when.add('id > ?', page.after);
  const rows = await sql.all<FindingRow>(
    `SELECT ${columns} FROM findings ${when.where} ORDER BY id LIMIT ${Math.trunc(page.limit)}`,
    ...when.parameters,
  );
  return rows.map(toFinding);
}

/** Of open findings, the ignored ones left out. */
export async function countFindings(sql: Sql, now: EpochMs): Promise<FindingCounts> {
  const when = watched(now);
  const rows = await sql.all<{ code: FindingCode; open: number | bigint }>(
    `SELECT code, count(*) AS open FROM findings ${when.where} GROUP BY code ORDER BY code`,
    ...when.parameters,
  );
  return rows.map((row) => ({ code: row.code, open: Number(row.open) }));
}

export async function countFindingsBySource(sql: Sql, now: EpochMs): Promise<ReadonlyMap<SourceName, number>> {
  const when = watched(now);
  when.add('source IS NOT NULL');
  const rows = await sql.all<{ source: string; open: number | bigint }>(
    `SELECT source, count(*) AS open FROM findings ${when.where} GROUP BY source`,
    ...when.parameters,
  );
  return new Map(rows.map((row) => [asSourceName(row.source), Number(row.open)]));
}

function watched(now: EpochMs): Conditions {
  const when = new Conditions();
  when.add('closed_at IS NULL');
  when.add(`NOT (${isIgnoredNow})`, toText(now));
  return when;
}

export function findingKeeper(sql: Sql): FindingKeeper {
  return {
    async kept(id) {
      const row = await sql.first<FindingRow>(`SELECT ${columns} FROM findings WHERE id = $1`, id);
      return row === undefined ? undefined : toFinding(row);
    },
    async setIgnored(id, ignored) {
      await sql.run(
        'UPDATE findings SET ignored_by = $2, ignored_reason = $3, ignored_at = $4, ignored_until = $5 WHERE id = $1',
        id,
        ignored?.by ?? null,
        ignored?.reason ?? null,
        toTextOrNull(ignored?.at),
        toTextOrNull(ignored?.until),
      );
    },
  };
}

function toFinding(row: FindingRow): StoredFinding {
  return {
    id: row.id,
    code: row.code,
    ...optional('source', row.source),
    subject: row.subject,
    label: row.label,
    detail: JSON.parse(row.detail) as StoredFinding['detail'],
    openedAt: toMs(row.opened_at),
    ...optional('openedBy', row.opened_run_id === null ? null : asRunId(row.opened_run_id)),
    ...optionalTime('closedAt', row.closed_at),
    ...optional('closedBy', row.closed_run_id === null ? null : asRunId(row.closed_run_id)),
    ...optional('ignored', ignoredOf(row)),
  };
}

function ignoredOf(row: FindingRow): Ignored | undefined {
  if (row.ignored_at === null) return undefined;
  return {
    by: row.ignored_by ?? '',
    reason: row.ignored_reason ?? '',
    at: toMs(row.ignored_at),
    ...optionalTime('until', row.ignored_until),
  };
}
