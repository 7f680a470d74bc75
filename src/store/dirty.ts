// Marks and clears what must be reconciled again.
// Invariant: a mark that is set while a plan is made outlives that plan; marks are small batches, however large the source.

import {
  type AccountKey,
  asAccountKey,
  type EpochMs,
  type GroupKey,
  type SourceName,
  type UserId,
} from '../model/ids.ts';
import type { DirtyWriter } from '../sync/ports.ts';
import { readForEach, runForEach, updateRows } from './bulk.ts';
import type { Columns } from './dialect.ts';
import { jsonParameter, type Sql } from './sql.ts';
import { toText, toTextOrNull } from './times.ts';

const recheckColumns: Columns = { id: 'int', recheck_at: 'text' };

export function dirtyWriter(sql: Sql): DirtyWriter {
  return {
    users: (ids, because) => markUsers(sql, ids, because),
    accounts: (keys, because) => markAccounts(sql, keys, because),
    groups: (source, keys) => markGroups(sql, source, keys),
    membersOf: (groups, because) => markMembersOf(sql, groups, because),
    everythingOf: (source, because) => markEverythingOf(sql, source, because),
    due: (now) => markDue(sql, now),
    clearUsers: (ids, upTo) => clearUsers(sql, ids, upTo),
    clearAccounts: (keys) => clear(sql, 'dirty_accounts', 'account_key', keys),
    clearGroups: (keys) => clear(sql, 'dirty_groups', 'group_key', keys),
    async setRecheck(rows) {
      const values = rows.map(({ user, at }) => [user, toTextOrNull(at)]);
      await updateRows(sql, { table: 'users', key: 'id', columns: recheckColumns }, values);
    },
  };
}

async function clear(sql: Sql, table: string, key: string, keys: readonly number[]): Promise<void> {
  await runForEach(
    sql,
    keys,
    `DELETE FROM ${table} WHERE ${key} IN (SELECT j.value FROM ${sql.dialect.list(1, 'int', 'j')})`,
  );
}

async function clearUsers(sql: Sql, ids: readonly UserId[], upTo: number): Promise<void> {
  const list = sql.dialect.list(1, 'int', 'j');
  await runForEach(
    sql,
    ids,
    `DELETE FROM dirty_users WHERE user_id IN (SELECT j.value FROM ${list}) AND mark <= $2`,
    upTo,
  );
}

/** The number of the last marking. */
export async function readDirtyMark(sql: Sql): Promise<number> {
  const row = await sql.first<{ value: number }>("SELECT value FROM counters WHERE name = 'mark'");
  return Number(row?.value ?? 0);
}

async function nextMark(sql: Sql): Promise<number> {
  const row = await sql.first<{ value: number }>(
    `INSERT INTO counters (name, value) VALUES ('mark', 1)
     ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value`,
  );
  return Number(row?.value ?? 0);
}

const markedAgain = 'ON CONFLICT (user_id) DO UPDATE SET mark = excluded.mark';

async function markUsers(sql: Sql, ids: readonly UserId[], because: string): Promise<void> {
  if (ids.length === 0) return;
  await runForEach(
    sql,
    ids,
    `INSERT INTO dirty_users (user_id, because, mark) SELECT j.value, $2, CAST($3 AS INTEGER)
     FROM ${sql.dialect.list(1, 'int', 'j')} WHERE true ${markedAgain}`,
    because,
    await nextMark(sql),
  );
}

async function markAccounts(sql: Sql, keys: readonly AccountKey[], because: string): Promise<void> {
  if (keys.length === 0) return;
  const list = sql.dialect.list(1, 'int', 'j');
  await runForEach(
    sql,
    keys,
    `INSERT INTO dirty_users (user_id, because, mark) SELECT DISTINCT k.user_id, $2, CAST($3 AS INTEGER) FROM ${list} CROSS JOIN links k
     WHERE k.account_key = j.value ${markedAgain}`,
    because,
    await nextMark(sql),
  );
  await runForEach(
    sql,
    keys,
    `INSERT INTO dirty_accounts (account_key, source) SELECT a.key, a.source FROM ${list} CROSS JOIN mirror_accounts a
     WHERE a.key = j.value AND NOT EXISTS (SELECT 1 FROM links k WHERE k.account_key = a.key)
     ON CONFLICT (account_key) DO NOTHING`,
  );
}

async function markGroups(sql: Sql, source: SourceName, keys: readonly GroupKey[]): Promise<void> {
  await runForEach(
    sql,
    keys,
    `INSERT INTO dirty_groups (group_key, source) SELECT j.value, $2 FROM ${sql.dialect.list(1, 'int', 'j')} WHERE true
     ON CONFLICT (group_key) DO NOTHING`,
    source,
  );
}

/** Edges read at once when the members of a group are marked. */
const edgesPerStep = 5_000;

async function markMembersOf(sql: Sql, groups: readonly GroupKey[], because: string): Promise<void> {
  if (groups.length === 0) return;
  const below = await readGroupsBelow(sql, groups);
  let after = { group: 0, account: 0 };
  for (;;) {
    const edges = await sql.all<{ group_key: number; account_key: number }>(
      `SELECT e.group_key, e.account_key FROM mirror_edges e
       WHERE e.group_key IN (SELECT j.value FROM ${sql.dialect.list(1, 'int', 'j')})
         AND (e.group_key, e.account_key) > ($2, $3)
       GROUP BY e.group_key, e.account_key ORDER BY e.group_key, e.account_key LIMIT ${edgesPerStep}`,
      jsonParameter(below.filter((key) => key >= after.group)),
      after.group,
      after.account,
    );
    const last = edges.at(-1);
    if (last === undefined) return;
    await markAccounts(sql, [...new Set(edges.map((edge) => asAccountKey(edge.account_key)))], because);
    if (edges.length < edgesPerStep) return;
    after = { group: last.group_key, account: last.account_key };
  }
}

/** These groups and all nested in them; UNION (not UNION ALL) ends a cycle. */
async function readGroupsBelow(sql: Sql, groups: readonly GroupKey[]): Promise<number[]> {
  const rows = await readForEach<{ key: number | bigint }>(
    sql,
    groups,
    `WITH RECURSIVE below(key) AS (
       SELECT j.value FROM ${sql.dialect.list(1, 'int', 'j')}
       UNION
       SELECT e.child_key FROM below CROSS JOIN mirror_group_edges e WHERE e.parent_key = below.key
     )
     SELECT key FROM below`,
  );
  return [...new Set(rows.map((row) => Number(row.key)))];
}

/** Keys looked at in one statement when a whole source is marked. */
const keysPerStep = 10_000;

async function markEverythingOf(sql: Sql, source: SourceName, because: string): Promise<void> {
  const { last } = (await sql.first<{ last: number | null }>(
    'SELECT max(key) AS last FROM mirror_accounts WHERE source = $1',
    source,
  )) ?? { last: null };
  const mark = await nextMark(sql);
  for (let from = 0; from <= Number(last ?? -1); from += keysPerStep) {
    // `|| ''` keeps the index on source away: these statements walk ranges of the primary key.
    await sql.run(
      `INSERT INTO dirty_users (user_id, because, mark) SELECT DISTINCT k.user_id, $2, CAST($5 AS INTEGER) FROM links k
       WHERE k.source || '' = $1 AND k.account_key >= $3 AND k.account_key < $4 ${markedAgain}`,
      source,
      because,
      from,
      from + keysPerStep,
      mark,
    );
    await sql.run(
      `INSERT INTO dirty_accounts (account_key, source) SELECT a.key, a.source FROM mirror_accounts a
       WHERE a.source || '' = $1 AND a.key >= $2 AND a.key < $3
         AND NOT EXISTS (SELECT 1 FROM links k WHERE k.account_key = a.key) ON CONFLICT (account_key) DO NOTHING`,
      source,
      from,
      from + keysPerStep,
    );
  }
  await sql.run(
    `INSERT INTO dirty_groups (group_key, source) SELECT key, source FROM mirror_groups WHERE source = $1
     ON CONFLICT (group_key) DO NOTHING`,
    source,
  );
}

/** The due time is taken off the user; the plan that follows sets the next one. */
async function markDue(sql: Sql, now: EpochMs): Promise<number> {
  let marked = 0;
  for (;;) {
    const due = await sql.all<{ id: UserId }>(
      'SELECT id FROM users WHERE recheck_at <= $1 ORDER BY recheck_at LIMIT 1000',
      toText(now),
    );
    if (due.length === 0) return marked;
    const ids = due.map((row) => row.id);
    await markUsers(sql, ids, 'due');
    await updateRows(
      sql,
      { table: 'users', key: 'id', columns: recheckColumns },
      ids.map((id) => [id, null]),
    );
    marked += due.length;
  }
}
