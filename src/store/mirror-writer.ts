// Writes the mirror. Invariant: a DN belongs to at most one record of a source, and an edge is either resolved or waits
// under the reference that the source gave; a record that takes a DN over makes all groups that may mean it look again.

import type { Attributes, Presence } from '../model/account.ts';
import type { EdgeMember, Relation } from '../model/group.ts';
import { asGroupKey, type GroupKey, type SourceName } from '../model/ids.ts';
import { dnKey, foldKey } from '../model/keys.ts';
import type { AccountWrite, GroupWrite, MirrorWriter, RecordKind, SourceState } from '../sync/ports.ts';
import { insertRows, type Row, runForEach, updateRows } from './bulk.ts';
import type { Columns } from './dialect.ts';
import { addEdges, digestColumn, forgetEdgeDigests, removeEdges } from './mirror-edge-writer.ts';
import { resolveMembers } from './mirror-reader.ts';
import { presenceValues, tableOf } from './mirror-rows.ts';
import { chunks, jsonParameter, type Sql } from './sql.ts';
import { toTextOrNull } from './times.ts';

export function mirrorWriter(sql: Sql): MirrorWriter {
  return {
    saveSource: (state) => saveSource(sql, state),
    saveAccounts: (source, rows) => saveRecords(sql, source, 'account', rows.map(accountRecord)),
    saveGroups: (source, rows) => saveRecords(sql, source, 'group', rows.map(groupRecord)),
    addEdges: (relation, rows) => addEdges(sql, relation, rows),
    removeEdges: (relation, rows) => removeEdges(sql, relation, rows),
    async setEdgeDigests(relation, rows) {
      const column = digestColumn[relation];
      const plan = { table: 'mirror_groups', key: 'key', columns: { key: 'int', [column]: 'text' } as Columns };
      await updateRows(
        sql,
        plan,
        rows.map(({ group, digest }) => [group, digest]),
      );
    },
    forgetEdgeDigests: (kind, keys) => forgetEdgeDigests(sql, kind, keys),
    async setPresence(kind, rows) {
      const plan = { table: tableOf[kind], key: 'key', columns: { key: 'int', ...presenceColumns } as Columns };
      await updateRows(
        sql,
        plan,
        rows.map(({ key, presence }) => [key, ...presenceValues(presence)]),
      );
    },
    async setQuarantine(rows) {
      const columns: Columns = { key: 'int', quarantine: 'text' };
      const plan = { table: 'mirror_accounts', key: 'key', columns };
      await updateRows(
        sql,
        plan,
        rows.map(({ account, quarantine }) => [account, quarantine]),
      );
    },
    async setTeam(rows) {
      const columns: Columns = { key: 'int', team_id: 'int' };
      await updateRows(
        sql,
        { table: 'mirror_groups', key: 'key', columns },
        rows.map(({ group, team }) => [group, team]),
      );
    },
  };
}

const presenceColumns: Columns = {
  presence: 'text',
  presence_since: 'text',
  confirmed_reads: 'int',
  evidence: 'text',
  suspect: 'text',
};

const sourceColumns: Columns = {
  name: 'text',
  type: 'text',
  server_identity: 'text',
  scope_fingerprint: 'text',
  policy_fingerprint: 'text',
  cursor: 'text',
  first_applied_at: 'text',
  first_complete_at: 'text',
};

async function saveSource(sql: Sql, state: SourceState): Promise<void> {
  const row: Row = [
    state.name,
    state.type,
    state.serverIdentity,
    state.scopeFingerprint,
    state.policyFingerprint,
    state.cursor,
    toTextOrNull(state.firstAppliedAt),
    toTextOrNull(state.firstCompleteAt),
  ];
  const update = Object.keys(sourceColumns).filter((name) => name !== 'name');
  await insertRows(sql, { table: 'sources', columns: sourceColumns, onConflict: { key: 'name', update } }, [row]);
}

// --- records --------------------------------------------------------------------

interface RecordWrite {
  readonly key: number;
  readonly id: string;
  readonly name: string;
  readonly dn: string | undefined;
  readonly isNewDn: boolean;
  readonly attributes: Attributes;
  readonly unread: readonly string[];
  readonly digest: string;
  readonly presence: Presence;
  /** Values of the columns that only this kind has. */
  readonly own: Row;
}

const ownColumns: Readonly<Record<RecordKind, Columns>> = {
  account: {
    status: 'text',
    expires_at: 'text',
    quarantine: 'text',
    username_key: 'text',
    email_key: 'text',
    employee_key: 'text',
    principal_key: 'text',
    local_name_key: 'text',
    agent_key: 'text',
  },
  group: {},
};

function accountRecord({ account, matchKeys, quarantine, ...write }: AccountWrite): RecordWrite {
  const { username, email, employeeId, principalName, usernameWithoutDomain, agentId } = matchKeys;
  const keys = [username, email, employeeId, principalName, usernameWithoutDomain, agentId];
  const own = [account.status, toTextOrNull(account.expiresAt), quarantine, ...keys];
  return { ...write, ...account, dn: account.dn, own };
}

function groupRecord({ group, ...write }: GroupWrite): RecordWrite {
  return { ...write, ...group, dn: group.dn, own: [] };
}

function recordColumns(kind: RecordKind): Columns {
  return {
    key: 'int',
    source: 'text',
    external_id: 'text',
    name: 'text',
    name_key: 'text',
    attributes: 'text',
    unread: 'text',
    digest: 'text',
    ...presenceColumns,
    ...ownColumns[kind],
    dn: 'text',
    dn_key: 'text',
  };
}

async function saveRecords(
  sql: Sql,
  source: SourceName,
  kind: RecordKind,
  records: readonly RecordWrite[],
): Promise<void> {
  const withNewDn = records.filter((record) => record.isNewDn);
  const others = records.filter((record) => !record.isNewDn);
  const columns = recordColumns(kind);
  const update = Object.keys(columns).filter((name) => name !== 'key' && name !== 'source');
  const toRow = (record: RecordWrite): Row => [
    record.key,
    source,
    record.id,
    record.name,
    foldKey(record.name),
    JSON.stringify(record.attributes),
    JSON.stringify(record.unread),
    record.digest,
    ...presenceValues(record.presence),
    ...record.own,
    record.dn,
    record.dn === undefined ? undefined : dnKey(record.dn),
  ];
  await takeOverDns(sql, source, kind, withNewDn);
  const plan = { table: tableOf[kind], columns };
  await insertRows(sql, { ...plan, onConflict: { key: 'key', update } }, withNewDn.map(toRow));
  // A DN that another record took over meanwhile must not come back with an unrelated change.
  const withoutDnKey = update.filter((name) => name !== 'dn_key');
  await insertRows(sql, { ...plan, onConflict: { key: 'key', update: withoutDnKey } }, others.map(toRow));
  await adoptReferences(sql, source, withNewDn);
}

/** Other records that held one of these DNs lose it, and the groups with an edge to them forget their digests. */
async function takeOverDns(
  sql: Sql,
  source: SourceName,
  kind: RecordKind,
  records: readonly RecordWrite[],
): Promise<void> {
  const claims = records.flatMap((record) =>
    record.dn === undefined ? [] : [[dnKey(record.dn), record.key] as const],
  );
  for (const holderKind of ['account', 'group'] as const) {
    const rows = sql.dialect.rows(1, { dn_key: 'text', key: 'int' });
    const isOther = holderKind === kind ? 'AND t.key <> r.key' : '';
    for (const part of chunks(claims)) {
      const losers = await sql.all<{ key: number }>(
        `SELECT t.key FROM (${rows}) r CROSS JOIN ${tableOf[holderKind]} t
         WHERE t.source = $2 AND t.dn_key = r.dn_key ${isOther}`,
        jsonParameter(part),
        source,
      );
      if (losers.length === 0) continue;
      const keys = losers.map((loser) => loser.key);
      const list = sql.dialect.list(1, 'int', 'j');
      await runForEach(
        sql,
        keys,
        `UPDATE ${tableOf[holderKind]} SET dn_key = NULL WHERE key IN (SELECT j.value FROM ${list})`,
      );
      await forgetEdgeDigests(sql, holderKind, keys);
    }
  }
}

/** References that waited for one of these records become edges. */
async function adoptReferences(sql: Sql, source: SourceName, records: readonly RecordWrite[]): Promise<void> {
  const refs: (readonly [EdgeMember['by'], string])[] = [];
  for (const { id, name, dn } of records) {
    refs.push(['id', id], ['name', foldKey(name)]);
    if (dn !== undefined) refs.push(['dn', dnKey(dn)]);
  }
  const rows = sql.dialect.rows(1, { ref_kind: 'text', ref_key: 'text' });
  for (const part of chunks(refs, 3_000)) {
    const waiting = await sql.all<{ group_key: number; relation: Relation; ref_kind: EdgeMember['by']; ref: string }>(
      `SELECT DISTINCT u.group_key, u.relation, u.ref_kind, u.ref FROM (${rows}) r CROSS JOIN mirror_unresolved_edges u
       CROSS JOIN mirror_groups g
       WHERE u.ref_kind = r.ref_kind AND u.ref_key = r.ref_key AND g.key = u.group_key AND g.source = $2`,
      jsonParameter(part),
      source,
    );
    if (waiting.length === 0) continue;
    const members = waiting.map((row): EdgeMember => ({ by: row.ref_kind, value: row.ref }));
    const targets = await resolveMembers(sql, source, members);
    for (const relation of ['member', 'manages'] as const) {
      const edges = {
        accounts: [] as [GroupKey, never][],
        groups: [] as [GroupKey, never][],
        unresolved: [] as [GroupKey, EdgeMember][],
      };
      waiting.forEach((row, index) => {
        const [target, member] = [targets[index], members[index]];
        if (row.relation !== relation || target === undefined || member === undefined) return;
        edges[target.kind === 'account' ? 'accounts' : 'groups'].push([asGroupKey(row.group_key), target.key as never]);
        edges.unresolved.push([asGroupKey(row.group_key), member]);
      });
      await addEdges(sql, relation, { accounts: edges.accounts, groups: edges.groups, unresolved: [] });
      await removeEdges(sql, relation, { accounts: [], groups: [], unresolved: edges.unresolved });
    }
  }
}
