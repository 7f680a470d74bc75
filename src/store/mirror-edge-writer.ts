// Writes edges between groups and their members. An edge is either resolved or waits under the reference that the source gave.

import type { Relation } from '../model/group.ts';
import type { EdgeRows, RecordKind } from '../sync/ports.ts';
import { deleteRows, insertRows, type Row, readForEach, updateRows } from './bulk.ts';
import type { Columns } from './dialect.ts';
import { referenceKey } from './mirror-rows.ts';
import type { Sql } from './sql.ts';

export const digestColumn: Readonly<Record<Relation, string>> = {
  member: 'members_digest',
  manages: 'managers_digest',
};

const accountEdge: Columns = { group_key: 'int', account_key: 'int', relation: 'text' };
const groupEdge: Columns = { parent_key: 'int', child_key: 'int', relation: 'text' };
const waitingEdge: Columns = { group_key: 'int', relation: 'text', ref_kind: 'text', ref: 'text' };

const keyOf = (columns: Columns): string => Object.keys(columns).join(', ');

export async function addEdges(sql: Sql, relation: Relation, rows: EdgeRows): Promise<void> {
  const insert = (table: string, columns: Columns, key: string, values: readonly Row[]): Promise<number> =>
    insertRows(sql, { table, columns, onConflict: { key, update: 'nothing' } }, values);
  await insert(
    'mirror_edges',
    accountEdge,
    keyOf(accountEdge),
    rows.accounts.map(([group, key]) => [group, key, relation]),
  );
  await insert(
    'mirror_group_edges',
    groupEdge,
    keyOf(groupEdge),
    rows.groups.map(([group, key]) => [group, key, relation]),
  );
  await insert(
    'mirror_unresolved_edges',
    { ...waitingEdge, ref_key: 'text' },
    keyOf(waitingEdge),
    rows.unresolved.map(([group, member]) => [group, relation, member.by, member.value, referenceKey(member)]),
  );
}

export async function removeEdges(sql: Sql, relation: Relation, rows: EdgeRows): Promise<void> {
  await deleteRows(
    sql,
    'mirror_edges',
    accountEdge,
    rows.accounts.map(([group, key]) => [group, key, relation]),
  );
  await deleteRows(
    sql,
    'mirror_group_edges',
    groupEdge,
    rows.groups.map(([group, key]) => [group, key, relation]),
  );
  const waiting = rows.unresolved.map(([group, member]): Row => [group, relation, member.by, member.value]);
  await deleteRows(sql, 'mirror_unresolved_edges', waitingEdge, waiting);
}

export async function forgetEdgeDigests(sql: Sql, kind: RecordKind, keys: readonly number[]): Promise<void> {
  const [table, group, end] =
    kind === 'account'
      ? ['mirror_edges', 'group_key', 'account_key']
      : ['mirror_group_edges', 'parent_key', 'child_key'];
  const groups = await readForEach<{ group_key: number; relation: Relation }>(
    sql,
    keys,
    `SELECT DISTINCT e.${group} AS group_key, e.relation FROM ${sql.dialect.list(1, 'int', 'j')}
     CROSS JOIN ${table} e WHERE e.${end} = j.value`,
  );
  for (const relation of ['member', 'manages'] as const) {
    const column = digestColumn[relation];
    const plan = { table: 'mirror_groups', key: 'key', columns: { key: 'int', [column]: 'text' } as Columns };
    const rows = groups.filter((row) => row.relation === relation).map((row): Row => [row.group_key, null]);
    await updateRows(sql, plan, rows);
  }
}
