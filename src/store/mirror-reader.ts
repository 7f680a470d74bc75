// Reads the mirror: what pages are compared with, and what edges refer to.
// CROSS JOIN in this file fixes the order of the join for SQLite: the given list first, then the table through its index.

import type { Attributes, Presence, Quarantine } from '../model/account.ts';
import type { EdgeMember, Relation } from '../model/group.ts';
import {
  type AccountKey,
  asAccountKey,
  asExternalId,
  asGroupKey,
  asSourceName,
  type ExternalId,
  type GroupKey,
  type SourceName,
} from '../model/ids.ts';
import type { Link } from '../model/user.ts';
import type { EdgeRows, MirrorDigest, MirrorReader, RecordKind, ResolvedMember, SourceState } from '../sync/ports.ts';
import { readForEach } from './bulk.ts';
import { type PresenceRow, referenceKey, tableOf, toPresence } from './mirror-rows.ts';
import type { Sql } from './sql.ts';
import { optional, optionalTime } from './times.ts';

export function mirrorReader(sql: Sql): MirrorReader {
  return {
    source: (name) => readSource(sql, name),
    digests: (source, kind, ids) => readDigests(sql, source, kind, ids),
    attributesOf: (kind, keys) => readAttributes(sql, kind, keys),
    resolve: (source, members) => resolveMembers(sql, source, members),
    edgesOf: (groups, relation) => readEdges(sql, groups, relation),
    presenceOf: (source, kind) => readPresence(sql, source, kind),
    records: (kind, keys) => readRecords(sql, kind, keys),
    counts: (source) => readCounts(sql, source),
    async unresolvedMembers(source) {
      const row = await sql.first<{ total: number | bigint }>(
        `SELECT count(*) AS total FROM mirror_unresolved_edges e JOIN mirror_groups g ON g.key = e.group_key
          WHERE g.source = $1`,
        source,
      );
      return Number(row?.total ?? 0);
    },
  };
}

interface SourceRow {
  readonly name: string;
  readonly type: string;
  readonly server_identity: string | null;
  readonly scope_fingerprint: string | null;
  readonly policy_fingerprint: string | null;
  readonly cursor: string | null;
  readonly first_applied_at: string | null;
  readonly first_complete_at: string | null;
}

async function readSource(sql: Sql, name: SourceName): Promise<SourceState | undefined> {
  const row = await sql.first<SourceRow>(
    `SELECT name, type, server_identity, scope_fingerprint, policy_fingerprint, cursor, first_applied_at, first_complete_at
     FROM sources WHERE name = $1`,
    name,
  );
  if (row === undefined) return undefined;
  return {
    name: asSourceName(row.name),
    type: row.type,
    ...optional('serverIdentity', row.server_identity),
    ...optional('scopeFingerprint', row.scope_fingerprint),
    ...optional('policyFingerprint', row.policy_fingerprint),
    ...optional('cursor', row.cursor),
    ...optionalTime('firstAppliedAt', row.first_applied_at),
    ...optionalTime('firstCompleteAt', row.first_complete_at),
  };
}

interface DigestRow {
  readonly key: number;
  readonly external_id: string;
  readonly digest: string;
  readonly presence: string;
  readonly presence_since: string | null;
  readonly quarantine: string | null;
  readonly state: string | null;
  readonly dn_key: string | null;
  readonly name: string;
  readonly members_digest: string | null;
  readonly managers_digest: string | null;
}

const ofRecord = 'a.key, a.external_id, a.digest, a.presence, a.presence_since, a.dn_key, a.name';

async function readDigests(
  sql: Sql,
  source: SourceName,
  kind: RecordKind,
  ids: readonly ExternalId[],
): Promise<ReadonlyMap<ExternalId, MirrorDigest>> {
  const from = `FROM ${sql.dialect.list(1, 'text', 'j')} CROSS JOIN ${tableOf[kind]} a`;
  const where = 'WHERE a.source = $2 AND a.external_id = j.value';
  const statement =
    kind === 'account'
      ? `SELECT ${ofRecord}, a.quarantine, NULL AS members_digest, NULL AS managers_digest, k.state
         ${from} LEFT JOIN links k ON k.account_key = a.key ${where}`
      : `SELECT ${ofRecord}, NULL AS quarantine, a.members_digest, a.managers_digest, NULL AS state ${from} ${where}`;
  const rows = await readForEach<DigestRow>(sql, ids, statement, source);
  return new Map(rows.map((row) => [asExternalId(row.external_id), toDigest(row)]));
}

function toDigest(row: DigestRow): MirrorDigest {
  return {
    key: row.key,
    digest: row.digest,
    presence: row.presence as Presence['state'],
    ...optionalTime('presenceSince', row.presence_since),
    ...optional('quarantine', row.quarantine as Quarantine | null),
    ...optional('linkState', row.state as Link['state'] | null),
    ...optional('dnKey', row.dn_key),
    name: row.name,
    ...optional('membersDigest', row.members_digest),
    ...optional('managersDigest', row.managers_digest),
  };
}

/** In parts by key: everything at once stops other work and takes as much memory as the rest of a run without changes. */
async function readPresence(sql: Sql, source: SourceName, kind: RecordKind) {
  const found: { readonly key: number; readonly state: Presence['state'] }[] = [];
  for (;;) {
    const part = await sql.all<{ key: number; state: Presence['state'] }>(
      `SELECT key, presence AS state FROM ${tableOf[kind]} WHERE source || '' = $1 AND key > $2 ORDER BY key LIMIT $3`,
      source,
      found.at(-1)?.key ?? 0,
      presencePart,
    );
    for (const row of part) found.push(row);
    if (part.length < presencePart) return found;
  }
}

const presencePart = 5_000;

async function readAttributes(
  sql: Sql,
  kind: RecordKind,
  keys: readonly number[],
): Promise<ReadonlyMap<number, Attributes>> {
  const rows = await readForEach<{ key: number; attributes: string }>(
    sql,
    keys,
    `SELECT a.key, a.attributes FROM ${sql.dialect.list(1, 'int', 'j')} CROSS JOIN ${tableOf[kind]} a WHERE a.key = j.value`,
  );
  return new Map(rows.map((row) => [row.key, JSON.parse(row.attributes) as Attributes]));
}

interface ReferenceRow {
  readonly ref: string;
  readonly kind: RecordKind;
  readonly key: number;
}

const referenceColumn: Readonly<Record<EdgeMember['by'], string>> = {
  id: 'external_id',
  dn: 'dn_key',
  name: 'name_key',
};

/** An account wins over a group with the same id; a name or DN that several records of a kind carry resolves to nothing. */
export async function resolveMembers(
  sql: Sql,
  source: SourceName,
  members: readonly EdgeMember[],
): Promise<readonly (ResolvedMember | undefined)[]> {
  const found = new Map<string, ResolvedMember | 'ambiguous'>();
  for (const by of ['id', 'dn', 'name'] as const) {
    const refs = new Set<string>();
    for (const member of members) if (member.by === by) refs.add(referenceKey(member));
    if (refs.size === 0) continue;
    for (const row of await readCarriers(sql, source, by, [...refs])) {
      const present = found.get(`${by} ${row.ref}`);
      const isFirst =
        present === undefined || (row.kind === 'account' && present !== 'ambiguous' && present.kind === 'group');
      const isSameKind = present === 'ambiguous' || present?.kind === row.kind;
      if (isFirst) found.set(`${by} ${row.ref}`, resolved(row));
      else if (isSameKind) found.set(`${by} ${row.ref}`, 'ambiguous');
    }
  }
  return members.map((member) => {
    const target = found.get(`${member.by} ${referenceKey(member)}`);
    return target === 'ambiguous' ? undefined : target;
  });
}

function resolved(row: ReferenceRow): ResolvedMember {
  return row.kind === 'account'
    ? { kind: 'account', key: asAccountKey(row.key) }
    : { kind: 'group', key: asGroupKey(row.key) };
}

function readCarriers(
  sql: Sql,
  source: SourceName,
  by: EdgeMember['by'],
  refs: readonly string[],
): Promise<ReferenceRow[]> {
  const column = referenceColumn[by];
  const carriers = (kind: RecordKind): string =>
    `SELECT a.${column} AS ref, '${kind}' AS kind, a.key FROM ${sql.dialect.list(1, 'text', 'j')}
     CROSS JOIN ${tableOf[kind]} a WHERE a.source = $2 AND a.${column} = j.value AND a.presence = 'present'`;
  return readForEach<ReferenceRow>(sql, refs, `${carriers('account')} UNION ALL ${carriers('group')}`, source);
}

async function readEdges(sql: Sql, groups: readonly GroupKey[], relation: Relation): Promise<EdgeRows> {
  const from = (table: string, column: string): string =>
    `FROM ${sql.dialect.list(1, 'int', 'j')} CROSS JOIN ${table} e WHERE e.${column} = j.value AND e.relation = $2`;
  const accounts = await readForEach<{ group_key: number; account_key: number }>(
    sql,
    groups,
    `SELECT e.group_key, e.account_key ${from('mirror_edges', 'group_key')}`,
    relation,
  );
  const nested = await readForEach<{ parent_key: number; child_key: number }>(
    sql,
    groups,
    `SELECT e.parent_key, e.child_key ${from('mirror_group_edges', 'parent_key')}`,
    relation,
  );
  const unresolved = await readForEach<{ group_key: number; ref_kind: EdgeMember['by']; ref: string }>(
    sql,
    groups,
    `SELECT e.group_key, e.ref_kind, e.ref ${from('mirror_unresolved_edges', 'group_key')}`,
    relation,
  );
  return {
    accounts: accounts.map((row) => [asGroupKey(row.group_key), asAccountKey(row.account_key)] as const),
    groups: nested.map((row) => [asGroupKey(row.parent_key), asGroupKey(row.child_key)] as const),
    unresolved: unresolved.map((row) => [asGroupKey(row.group_key), { by: row.ref_kind, value: row.ref }] as const),
  };
}

type RecordFacts = Awaited<ReturnType<MirrorReader['records']>>[number];

async function readRecords(sql: Sql, kind: RecordKind, keys: readonly number[]): Promise<readonly RecordFacts[]> {
  const rows = await readForEach<
    PresenceRow & { key: AccountKey; external_id: string; name: string; state: string | null }
  >(
    sql,
    keys,
    `SELECT a.key, a.external_id, a.name, a.presence, a.presence_since, a.confirmed_reads, a.evidence, a.suspect,
       ${kind === 'account' ? '(SELECT k.state FROM links k WHERE k.account_key = a.key)' : 'NULL'} AS state
     FROM ${sql.dialect.list(1, 'int', 'j')} CROSS JOIN ${tableOf[kind]} a WHERE a.key = j.value`,
  );
  return rows.map((row) => ({
    key: row.key,
    id: asExternalId(row.external_id),
    name: row.name,
    presence: toPresence(row),
    ...optional('linkState', row.state as Link['state'] | null),
  }));
}

/** Of accounts in parts by key, like readPresence. */
async function readCounts(sql: Sql, source: SourceName): ReturnType<MirrorReader['counts']> {
  const groups = await sql.first<{ total: number | bigint }>(
    'SELECT count(*) AS total FROM mirror_groups WHERE source = $1',
    source,
  );
  const counts = { accounts: 0, groups: Number(groups?.total ?? 0), presentAccounts: 0 };
  for (let last = 0; ; ) {
    const part = await sql.first<Record<'total' | 'present' | 'last', number | bigint | null>>(
      `SELECT count(*) AS total, sum(CASE WHEN p.presence = 'present' THEN 1 ELSE 0 END) AS present, max(p.key) AS last
       FROM (SELECT key, presence FROM mirror_accounts WHERE source || '' = $1 AND key > $2 ORDER BY key LIMIT $3) p`,
      source,
      last,
      presencePart,
    );
    counts.accounts += Number(part?.total ?? 0);
    counts.presentAccounts += Number(part?.present ?? 0);
    if (Number(part?.total ?? 0) < presencePart) return counts;
    last = Number(part?.last);
  }
}
