// Users by filter, in order of the folded username, the same on both stores whatever their collation.
// The search folds in code: SQLite's own case folding knows ASCII only, and people are called Čapek and Østergård.

import type { UserFilter, UserPage } from '../admin/ports.ts';
import { asUserId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import { Conditions } from './admin-conditions.ts';
import type { Sql } from './sql.ts';

interface Row {
  id: number;
  username_key: string;
  fields: string;
  sync_off: string | null;
}

/** Rows per statement while a search looks for its next page. */
const scanSize = 2_000;

export async function userIds(
  sql: Sql,
  filter: UserFilter,
  page: { readonly after?: string; readonly limit: number },
): Promise<UserPage> {
  const found: Row[] = [];
  // One more than asked for tells whether there is a next page.
  const wanted = page.limit + 1;
  for await (const row of matchingRows(sql, filter, page.after, isInSql(filter) ? wanted : scanSize)) {
    found.push(row);
    if (found.length === wanted) break;
  }
  const rows = found.slice(0, page.limit);
  const last = rows.at(-1);
  return {
    ids: rows.map((row) => asUserId(row.id)),
    ...(found.length === wanted && last !== undefined ? { next: last.username_key } : {}),
  };
}

export async function countUsers(sql: Sql, filter: UserFilter): Promise<number> {
  if (isInSql(filter)) {
    const when = conditions(filter);
    const row = await sql.first<{ count: number | bigint }>(
      `SELECT count(*) AS count FROM users u ${when.where}`,
      ...when.parameters,
    );
    return Number(row?.count ?? 0);
  }
  let count = 0;
  for await (const _row of matchingRows(sql, filter, undefined, scanSize)) count += 1;
  return count;
}

/** Nothing is left for the code to look at. */
const isInSql = (filter: UserFilter): boolean => filter.search === undefined && filter.sync === undefined;

async function* matchingRows(
  sql: Sql,
  filter: UserFilter,
  start: string | undefined,
  size: number,
): AsyncIterable<Row> {
  const needle = filter.search === undefined ? undefined : foldKey(filter.search);
  // SQLite compares bytes unless told otherwise; PostgreSQL must be told to.
  const key = sql.dialect.kind === 'postgresql' ? 'u.username_key COLLATE "C"' : 'u.username_key';
  let after = start;
  for (;;) {
    const when = conditions(filter);
    when.add('u.username_key IS NOT NULL');
    if (after !== undefined) when.add(`${key} > ?`, after);
    const rows = await sql.all<Row>(
      `SELECT u.id, u.username_key, u.fields, u.sync_off FROM users u ${when.where} ORDER BY ${key} LIMIT ${Math.trunc(size)}`,
      ...when.parameters,
    );
    for (const row of rows) {
      if (needle !== undefined && !matches(row, needle)) continue;
      if (filter.sync === undefined || isOff(row, filter.sync.now) === (filter.sync.is === 'off')) yield row;
    }
    after = rows.at(-1)?.username_key;
    if (rows.length < size || after === undefined) return;
  }
}

const searchedFields = ['displayName', 'firstName', 'lastName', 'email'] as const;

function matches(row: Row, needle: string): boolean {
  if (row.username_key.includes(needle)) return true;
  const fields = JSON.parse(row.fields) as Partial<Record<string, { readonly value: string }>>;
  const texts = searchedFields.flatMap((field) => fields[field]?.value ?? []);
  // Together too, so that "mira novak" finds first and last name.
  const whole = `${fields['firstName']?.value ?? ''} ${fields['lastName']?.value ?? ''}`;
  return [...texts, whole].some((text) => foldKey(text).includes(needle));
}

function conditions(filter: UserFilter): Conditions {
  const when = new Conditions();
  const has = (table: string, condition: string): string =>
    `EXISTS (SELECT 1 FROM ${table} x WHERE x.user_id = u.id${condition})`;
  if (filter.team !== undefined) when.add(has('memberships', ' AND x.team_id = ?'), filter.team);
  if (filter.role !== undefined) when.add(has('user_roles', ' AND x.role = ?'), filter.role);
  if (filter.source === 'local') when.add(`NOT ${has('links', '')}`);
  else if (filter.source !== undefined) when.add(has('links', ' AND x.source = ?'), filter.source);
  if (filter.enabled !== undefined) when.add(filter.enabled ? 'u.enabled' : 'NOT u.enabled');
  // Few rows have it; whether it has ended is in the JSON.
  if (filter.sync?.is === 'off') when.add('u.sync_off IS NOT NULL');
  return when;
}

/** A switch-off that has ended counts as on. */
function isOff(row: Row, now: number): boolean {
  if (row.sync_off === null) return false;
  const { until } = JSON.parse(row.sync_off) as { readonly until?: number | string };
  return until === undefined || (typeof until === 'string' ? Date.parse(until) : until) > now;
}
