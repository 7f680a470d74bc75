// Lets go of a source, set by set, inside of one transaction.
// Invariant: no row that names the source as owner is left, and no user or team is lost.

import { asSourceName, asUserId, type EpochMs, type SourceName } from '../model/ids.ts';
import type { DetachedUser, DetachReader, DetachWriter, SourceHoldings } from '../sync/ports/detaching.ts';
import type { DirtyWriter } from '../sync/ports.ts';
import { runForEach } from './bulk.ts';
import type { Sql } from './sql.ts';
import { toText } from './times.ts';

export function detachReader(sql: Sql): DetachReader {
  return {
    async storedSources() {
      const rows = await sql.all<{ name: string; type: string }>('SELECT name, type FROM sources ORDER BY name');
      return rows.map(({ name, type }) => ({ name: asSourceName(name), type }));
    },
    holdings: (source) => readHoldings(sql, source),
    async usersAtStake(source) {
      const rows = await sql.all<{ id: number }>(
        `SELECT u.id FROM users u WHERE ${hasOther} AND (EXISTS (SELECT 1 FROM grants g WHERE g.user_id = u.id AND g.owner = $1)
           OR (NOT u.enabled AND u.admin_hold IS NULL AND EXISTS (SELECT 1 FROM links k WHERE k.user_id = u.id AND k.source = $1)))
         ORDER BY u.id`,
        source,
      );
      return rows.map(({ id }) => asUserId(id));
    },
  };
}

export function detachWriter(sql: Sql, dirty: DirtyWriter): DetachWriter {
  return { ...detachReader(sql), detach: (source, now) => detach(sql, dirty, source, now) };
}

/** As it stands in the JSON of a user's fields; inside of a value its quotes would be escaped. */
const ownerJson = (owner: string): string => `"owner":${JSON.stringify(owner)}`;

/** `$1`: the source, `$2`: what `ownerJson` gives for it. */
const concerned = `SELECT user_id FROM links WHERE source = $1
  UNION SELECT user_id FROM memberships WHERE owner = $1
  UNION SELECT user_id FROM grants WHERE owner = $1
  UNION SELECT user_id FROM user_roles WHERE owner = $1
  UNION SELECT user_id FROM user_attributes WHERE owner = $1
  UNION SELECT id AS user_id FROM users WHERE replace(fields, $2, '') <> fields`;

const hasOther = 'EXISTS (SELECT 1 FROM links o WHERE o.user_id = u.id AND o.source <> $1)';

async function readHoldings(sql: Sql, source: SourceName): Promise<SourceHoldings> {
  const users = await sql.first<Record<'users' | 'unsynced', number | bigint | null>>(
    `SELECT count(*) AS users, sum(CASE WHEN ${hasOther} THEN 0 ELSE 1 END) AS unsynced
     FROM users u WHERE u.id IN (${concerned})`,
    source,
    ownerJson(source),
  );
  const count = async (from: string): Promise<number> =>
    Number((await sql.first<{ n: number | bigint }>(`SELECT count(*) AS n FROM ${from}`, source))?.n ?? 0);
  return {
    users: Number(users?.users ?? 0),
    unsynced: Number(users?.unsynced ?? 0),
    accounts: await count('mirror_accounts WHERE source = $1'),
    groups: await count('mirror_groups WHERE source = $1'),
    teams: await count('teams WHERE origin = $1'),
    findings: await count('findings WHERE source = $1 AND closed_at IS NULL'),
    roles: await count(`user_roles u WHERE u.owner = $1 AND EXISTS
      (SELECT 1 FROM links o WHERE o.user_id = u.user_id AND o.source <> $1)`),
  };
}

async function detach(
  sql: Sql,
  dirty: DirtyWriter,
  source: SourceName,
  now: EpochMs,
): Promise<readonly DetachedUser[]> {
  const users = await readUsers(sql, source);
  await makeLocal(sql, source, users);
  await sql.run('DELETE FROM links WHERE source = $1', source);
  await removeMirror(sql, source);
  await endPlans(sql, source, now);
  await closeFindings(sql, source, now);
  await sql.run('DELETE FROM skips WHERE source = $1', source);
  await sql.run('DELETE FROM pauses WHERE scope = $1', `source:${source}`);
  await sql.run('DELETE FROM sources WHERE name = $1', source);
  const synced = users.filter(({ isSynced }) => isSynced).map(({ id }) => id);
  await dirty.users(synced, `source ${source} was detached`);
  return users;
}

async function readUsers(sql: Sql, source: SourceName): Promise<readonly DetachedUser[]> {
  const accounts = await sql.all<{ user_id: number; external_id: string }>(
    `SELECT k.user_id, a.external_id FROM links k JOIN mirror_accounts a ON a.key = k.account_key
     WHERE k.source = $1 ORDER BY a.key`,
    source,
  );
  const byUser = Map.groupBy(accounts, ({ user_id: user }) => user);
  const rows = await sql.all<{ id: number; username: string; others: number | bigint }>(
    `SELECT u.id, u.username, CASE WHEN ${hasOther} THEN 1 ELSE 0 END AS others
     FROM users u WHERE u.id IN (${concerned}) ORDER BY u.id`,
    source,
    ownerJson(source),
  );
  return rows.map(({ id, username, others }) => ({
    id: asUserId(id),
    username,
    accounts: (byUser.get(id) ?? []).map((row) => row.external_id),
    isSynced: Number(others) === 1,
  }));
}

async function makeLocal(sql: Sql, source: SourceName, users: readonly DetachedUser[]): Promise<void> {
  const ids = sql.dialect.list(1, 'int', 'j');
  await runForEach(
    sql,
    users.map(({ id }) => id),
    `UPDATE users SET fields = replace(fields, $2, $3) WHERE id IN (SELECT j.value FROM ${ids})`,
    ownerJson(source),
    ownerJson('local'),
  );
  await runForEach(
    sql,
    users.filter(({ isSynced }) => !isSynced).map(({ id }) => id),
    `UPDATE users SET activated = enabled WHERE id IN (SELECT j.value FROM ${ids})`,
  );
  for (const [table, key] of [
    ['memberships', 'user_id, team_id'],
    ['grants', 'user_id, team_id'],
    ['user_roles', 'user_id, role'],
  ] as const) {
    await sql.run(
      `INSERT INTO ${table} (${key}, owner) SELECT ${key}, 'local' FROM ${table} WHERE owner = $1
       ON CONFLICT (${key}, owner) DO NOTHING`,
      source,
    );
    await sql.run(`DELETE FROM ${table} WHERE owner = $1`, source);
  }
  // One value counts per name: as a local one it would win over that of a source that goes on.
  await sql.run(
    `INSERT INTO user_attributes (user_id, name, owner, value)
     SELECT a.user_id, a.name, 'local', a.value FROM user_attributes a WHERE a.owner = $1
       AND NOT EXISTS (SELECT 1 FROM user_attributes o WHERE o.user_id = a.user_id AND o.name = a.name AND o.owner <> $1)`,
    source,
  );
  await sql.run('DELETE FROM user_attributes WHERE owner = $1', source);
  await sql.run("UPDATE teams SET origin = 'local' WHERE origin = $1", source);
}

async function removeMirror(sql: Sql, source: SourceName): Promise<void> {
  const groups = 'SELECT key FROM mirror_groups WHERE source = $1';
  for (const rows of [
    `mirror_edges WHERE group_key IN (${groups})`,
    `mirror_group_edges WHERE parent_key IN (${groups})`,
    `mirror_unresolved_edges WHERE group_key IN (${groups})`,
    'dirty_groups WHERE source = $1',
    'dirty_accounts WHERE source = $1',
    'mirror_groups WHERE source = $1',
    'mirror_accounts WHERE source = $1',
  ])
    await sql.run(`DELETE FROM ${rows}`, source);
}

const openStates = "'reading', 'planning', 'applying', 'verifying'";

/** Nothing that was decided for the source can be applied any more, also if one of the same name comes back. */
async function endPlans(sql: Sql, source: SourceName, now: EpochMs): Promise<void> {
  const because = 'the source was detached';
  await sql.run(
    `UPDATE changes SET state = 'superseded', because = $2
     WHERE state IN ('planned', 'held', 'rejected') AND run_id IN (SELECT id FROM runs WHERE source = $1 AND NOT dry_run)`,
    source,
    because,
  );
  await sql.run(
    `UPDATE runs SET state = 'interrupted', error_code = 'interrupted', because = $2, ended_at = coalesce(ended_at, $3)
     WHERE source = $1 AND state IN (${openStates})`,
    source,
    because,
    toText(now),
  );
  // What waited for a person is not there any more.
  await sql.run("UPDATE runs SET state = 'done', because = $2 WHERE source = $1 AND state = 'held'", source, because);
}

async function closeFindings(sql: Sql, source: SourceName, now: EpochMs): Promise<void> {
  await sql.run(
    'UPDATE findings SET closed_at = $2, open_key = NULL WHERE source = $1 AND closed_at IS NULL',
    source,
    toText(now),
  );
}
