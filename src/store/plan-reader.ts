// What the planner reads: dirty subjects, users with everything that belongs to them, groups, teams and carriers of keys.
// Invariant: a user or an account comes from ONE statement, so it is never a mixture of two commits.

import type { UniqueKeyKind } from '../model/decision.ts';
import {
  type AccountKey,
  asAccountKey,
  asGroupKey,
  asTeamId,
  asUserId,
  type GroupKey,
  type SourceName,
  type TeamId,
  type UserId,
} from '../model/ids.ts';
import type { Team } from '../model/team.ts';
import type { PlanReader } from '../sync/ports.ts';
import { readForEach } from './bulk.ts';
import { readDirtyMark } from './dirty.ts';
import { readCandidates } from './match-candidates.ts';
import { type AccountRow, accountColumns, type GroupRow, toAccount, toGroup } from './mirror-rows.ts';
import type { Sql } from './sql.ts';
import { optional } from './times.ts';
import { toUser, type UserJoinRow, userColumns } from './user-rows.ts';

export function planReader(sql: Sql): PlanReader {
  const { dialect } = sql;
  const ids = dialect.list(1, 'int', 'j');
  return {
    dirtyUsers: (source, after, limit) => readDirtyUsers(sql, source, after, limit),
    dirtyAccounts: (source, after, limit) => readDirtyAccounts(sql, source, after, limit),
    dirtyGroups: (source) => readDirtyGroups(sql, source),
    dirtyMark: () => readDirtyMark(sql),
    async users(userIds) {
      const statement = `SELECT ${userColumns(dialect)} FROM ${ids} CROSS JOIN users u WHERE u.id = j.value ORDER BY u.id`;
      return (await readForEach<UserJoinRow>(sql, userIds, statement)).map(toUser);
    },
    async accounts(keys) {
      const statement = `SELECT ${accountColumns(dialect)} FROM ${ids} CROSS JOIN mirror_accounts a
        WHERE a.key = j.value ORDER BY a.key`;
      return (await readForEach<AccountRow>(sql, keys, statement)).map(toAccount);
    },
    async accountsOf(users) {
      const statement = `SELECT ${accountColumns(dialect)} FROM ${ids} CROSS JOIN links o CROSS JOIN mirror_accounts a
        WHERE o.user_id = j.value AND a.key = o.account_key ORDER BY a.key`;
      return (await readForEach<AccountRow>(sql, users, statement)).map(toAccount);
    },
    async groups() {
      const parents = dialect.jsonOf(
        ['e.parent_key'],
        `mirror_group_edges e WHERE e.child_key = g.key AND e.relation = 'member'`,
        'e.parent_key',
      );
      const rows = await sql.all<GroupRow>(
        `SELECT g.key, g.source, g.external_id, g.name, g.dn, g.attributes, g.presence, g.presence_since, g.confirmed_reads,
           g.evidence, g.suspect, g.team_id, ${parents} AS parents FROM mirror_groups g ORDER BY g.key`,
      );
      return rows.map(toGroup);
    },
    teams: () => readTeams(sql),
    candidates: (keys) => readCandidates(sql, keys),
    holders: (kind, keys) => readHolders(sql, kind, keys),
    userCounts: (source) => readUserCounts(sql, source),
    teamSizes: (teams) => readTeamSizes(sql, teams),
  };
}

async function readDirtyUsers(sql: Sql, source: SourceName, after: number, limit: number): Promise<readonly UserId[]> {
  const rows = await sql.all<{ user_id: number }>(
    `SELECT d.user_id FROM dirty_users d WHERE d.user_id > $1
       AND (EXISTS (SELECT 1 FROM links k WHERE k.user_id = d.user_id AND k.source = $2)
         OR NOT EXISTS (SELECT 1 FROM links k WHERE k.user_id = d.user_id))
     ORDER BY d.user_id LIMIT $3`,
    after,
    source,
    limit,
  );
  return rows.map((row) => asUserId(row.user_id));
}

async function readDirtyAccounts(
  sql: Sql,
  source: SourceName,
  after: number,
  limit: number,
): Promise<readonly AccountKey[]> {
  const rows = await sql.all<{ account_key: number }>(
    'SELECT account_key FROM dirty_accounts WHERE source = $1 AND account_key > $2 ORDER BY account_key LIMIT $3',
    source,
    after,
    limit,
  );
  return rows.map((row) => asAccountKey(row.account_key));
}

async function readDirtyGroups(sql: Sql, source: SourceName): Promise<readonly GroupKey[]> {
  const statement = 'SELECT group_key FROM dirty_groups WHERE source = $1 ORDER BY group_key';
  return (await sql.all<{ group_key: number }>(statement, source)).map((row) => asGroupKey(row.group_key));
}

async function readTeamSizes(sql: Sql, teams: readonly TeamId[]): Promise<ReadonlyMap<TeamId, number>> {
  const rows = await readForEach<{ team_id: number; size: number | bigint }>(
    sql,
    teams,
    `SELECT m.team_id, count(DISTINCT m.user_id) AS size FROM ${sql.dialect.list(1, 'int', 'j')} CROSS JOIN memberships m
     WHERE m.team_id = j.value GROUP BY m.team_id`,
  );
  const sizes = new Map(teams.map((team) => [team, 0]));
  for (const row of rows) sizes.set(asTeamId(row.team_id), Number(row.size));
  return sizes;
}

async function readTeams(sql: Sql): Promise<readonly Team[]> {
  const rows = await sql.all<{ id: number; name: string; origin: string; parent_id: number | null }>(
    'SELECT id, name, origin, parent_id FROM teams ORDER BY id',
  );
  return rows.map((row) => ({
    id: asTeamId(row.id),
    name: row.name,
    origin: row.origin as Team['origin'],
    ...optional('parent', row.parent_id === null ? null : asTeamId(row.parent_id)),
  }));
}

async function readHolders(
  sql: Sql,
  kind: UniqueKeyKind,
  keys: readonly string[],
): Promise<ReadonlyMap<string, UserId>> {
  const column = kind === 'username' ? 'username_key' : 'email_key';
  const rows = await readForEach<{ match: string; id: number }>(
    sql,
    keys,
    `SELECT u.${column} AS match, u.id FROM ${sql.dialect.list(1, 'text', 'j')} CROSS JOIN users u WHERE u.${column} = j.value`,
  );
  return new Map(rows.map((row) => [row.match, asUserId(row.id)]));
}

async function readUserCounts(sql: Sql, source: SourceName): ReturnType<PlanReader['userCounts']> {
  const row = await sql.first<Record<'linked' | 'enabled', number | bigint | null>>(
    `SELECT count(*) AS linked, sum(CASE WHEN u.enabled THEN 1 ELSE 0 END) AS enabled
     FROM (SELECT DISTINCT user_id FROM links WHERE source = $1) l CROSS JOIN users u WHERE u.id = l.user_id`,
    source,
  );
  return { linked: Number(row?.linked ?? 0), enabled: Number(row?.enabled ?? 0) };
}
