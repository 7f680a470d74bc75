// The questions of people (AdminReader) on both stores: lists with filters, the audit log, findings.
// Invariant: pages are keyset pages, so a page costs the same wherever it is, and rows that come or go shift nothing.

import type { AdminReader, FindingFilter, StoredFinding } from '../admin/ports.ts';
import type { FindingCode } from '../model/finding.ts';
import { type AccountKey, asAccountKey, asRunId, asSourceName, asUserId, type SourceName } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import { auditRecords } from './admin-audit.ts';
import { Conditions } from './admin-conditions.ts';
import { countUsers, userIds } from './admin-users.ts';
import type { Sql } from './sql.ts';
import { optional, optionalTime, toMs } from './times.ts';

export function createAdminReader(sql: Sql): AdminReader {
  return {
    userIds: (filter, page) => userIds(sql, filter, page),
    countUsers: (filter) => countUsers(sql, filter),
    attributeHolders: async (name, value) => {
      const rows = await sql.all<{ user_id: number }>(
        'SELECT DISTINCT user_id FROM user_attributes WHERE name = $1 AND value = $2 ORDER BY user_id LIMIT 100',
        name,
        value,
      );
      return rows.map((row) => asUserId(row.user_id));
    },
    accountsCalled: (source, ref) => accountsCalled(sql, source, ref),
    auditRecords: (filter, page) => auditRecords(sql, filter, page),
    findings: (filter, page) => findings(sql, filter, page),
    findingCounts: async () => {
      const rows = await sql.all<{ code: FindingCode; open: number | bigint }>(
        'SELECT code, count(*) AS open FROM findings WHERE closed_at IS NULL GROUP BY code ORDER BY code',
      );
      return rows.map((row) => ({ code: row.code, open: Number(row.open) }));
    },
    openFindingsBySource: async () => {
      const rows = await sql.all<{ source: string; open: number | bigint }>(
        'SELECT source, count(*) AS open FROM findings WHERE closed_at IS NULL AND source IS NOT NULL GROUP BY source',
      );
      return new Map(rows.map((row) => [asSourceName(row.source), Number(row.open)]));
    },
  };
}

/** Two halves, so that each walks its own index. Ids are compared as written and in lower case, as GUIDs are kept. */
async function accountsCalled(sql: Sql, source: SourceName, ref: string): Promise<readonly AccountKey[]> {
  const id = ref.trim();
  const rows = await sql.all<{ key: number }>(
    `SELECT key FROM mirror_accounts WHERE source = $1 AND external_id IN ($2, $3)
     UNION SELECT key FROM mirror_accounts WHERE source = $1 AND name_key = $4
     ORDER BY key LIMIT 100`,
    source,
    id,
    id.toLowerCase(),
    foldKey(ref),
  );
  return rows.map((row) => asAccountKey(row.key));
}

interface FindingRow {
  id: number;
  code: FindingCode;
  source: SourceName | null;
  subject: string;
  label: string;
  detail: string;
  opened_at: string;
  opened_run_id: number | null;
  closed_at: string | null;
  closed_run_id: number | null;
}

async function findings(
  sql: Sql,
  filter: FindingFilter,
  page: { readonly after?: number; readonly limit: number },
): Promise<readonly StoredFinding[]> {
  const when = new Conditions();
  if (filter.state !== 'any') when.add(filter.state === 'open' ? 'closed_at IS NULL' : 'closed_at IS NOT NULL');
  if (filter.code !== undefined) when.add('code = ?', filter.code);
  if (filter.source !== undefined) when.add('source = ?', filter.source);
  if (filter.subject !== undefined) when.add('subject = ?', filter.subject);
  if (page.after !== undefined) when.add('id > ?', page.after);
  const rows = await sql.all<FindingRow>(
    `SELECT id, code, source, subject, label, detail, opened_at, opened_run_id, closed_at, closed_run_id
     FROM findings ${when.where} ORDER BY id LIMIT ${Math.trunc(page.limit)}`,
    ...when.parameters,
  );
  return rows.map((row) => ({
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
  }));
}
