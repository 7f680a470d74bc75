// The questions of people (AdminReader) on both stores: lists with filters, the audit log, findings.
// Invariant: pages are keyset pages, so a page costs the same wherever it is, and rows that come or go shift nothing.

import type { AdminReader } from '../admin/ports.ts';
import { type AccountKey, asAccountKey, asUserId, type SourceName } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import { auditRecords } from './admin-audit.ts';
import { countUsers, userIds } from './admin-users.ts';
import { detachReader } from './detaching.ts';
import { countFindings, countFindingsBySource, readFindings } from './kept-findings.ts';
import type { Sql } from './sql.ts';

export function createAdminReader(sql: Sql): AdminReader {
  return {
    ...detachReader(sql),
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
    findings: (filter, page) => readFindings(sql, filter, page),
    findingCounts: (now) => countFindings(sql, now),
    openFindingsBySource: (now) => countFindingsBySource(sql, now),
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
