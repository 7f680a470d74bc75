// Who carries a match key: accounts of the mirror, and users whose own value is local.
// Invariant: a value that a source gave a user is found through its account, never through the user, so that who matches does
// not depend on whose value won.

import type { MatchCandidate } from '../model/decision.ts';
import { asAccountKey, asSourceName, asUserId } from '../model/ids.ts';
import { type CorrelationKey, correlationKeys } from '../model/policy.ts';
import type { FieldName, OwnedValue } from '../model/user.ts';
import { readForEach } from './bulk.ts';
import type { Sql } from './sql.ts';
import { optional } from './times.ts';

const accountColumn: Readonly<Record<CorrelationKey, string>> = {
  username: 'username_key',
  email: 'email_key',
  employeeId: 'employee_key',
  principalName: 'principal_key',
  usernameWithoutDomain: 'local_name_key',
  agentId: 'agent_key',
};

/** A `principalName` is compared with whole usernames: the key has a domain, so one without never fits. */
const userColumn: Readonly<Record<Exclude<CorrelationKey, 'agentId'>, readonly [column: string, field: FieldName]>> = {
  username: ['username_key', 'username'],
  email: ['email_key', 'email'],
  employeeId: ['employee_key', 'employeeId'],
  principalName: ['username_key', 'username'],
  usernameWithoutDomain: ['local_name_key', 'username'],
};

export async function readCandidates(
  sql: Sql,
  keys: readonly { readonly by: CorrelationKey; readonly key: string }[],
): Promise<readonly MatchCandidate[]> {
  const candidates: MatchCandidate[] = [];
  for (const by of correlationKeys) {
    const asked = [...new Set(keys.filter((key) => key.by === by).map(({ key }) => key))];
    if (asked.length === 0) continue;
    candidates.push(...(await accountsWith(sql, by, asked)));
    candidates.push(...(by === 'agentId' ? await usersWithAgentId(sql, asked) : await usersWith(sql, by, asked)));
  }
  return candidates;
}

/** Only then the key is a part of the login. */
const loginOf = (by: CorrelationKey, login: string | null) =>
  optional('login', by === 'usernameWithoutDomain' ? login : null);

/** Of accounts that left the source only linked ones still carry their keys. */
async function accountsWith(sql: Sql, by: CorrelationKey, asked: readonly string[]): Promise<MatchCandidate[]> {
  const column = accountColumn[by];
  const rows = await readForEach<{
    match: string;
    key: number;
    source: string;
    user_id: number | null;
    login: string | null;
  }>(
    sql,
    asked,
    `SELECT a.${column} AS match, a.key, a.source, k.user_id, a.username_key AS login
     FROM ${sql.dialect.list(1, 'text', 'j')} CROSS JOIN mirror_accounts a LEFT JOIN links k ON k.account_key = a.key
     WHERE a.${column} = j.value AND (k.user_id IS NOT NULL OR a.presence IN ('present', 'missing'))
     ORDER BY a.key`,
  );
  return rows.map((row) => ({
    by,
    key: row.match,
    ...optional('userId', row.user_id === null ? null : asUserId(row.user_id)),
    accountKey: asAccountKey(row.key),
    source: asSourceName(row.source),
    ...loginOf(by, row.login),
  }));
}

async function usersWith(
  sql: Sql,
  by: Exclude<CorrelationKey, 'agentId'>,
  asked: readonly string[],
): Promise<MatchCandidate[]> {
  const [column, field] = userColumn[by];
  const rows = await readForEach<{ match: string; id: number; fields: string; login: string | null }>(
    sql,
    asked,
    `SELECT u.${column} AS match, u.id, u.fields, u.username_key AS login
     FROM ${sql.dialect.list(1, 'text', 'j')} CROSS JOIN users u WHERE u.${column} = j.value ORDER BY u.id`,
  );
  return rows.flatMap((row) => {
    const fields = JSON.parse(row.fields) as Partial<Record<FieldName, OwnedValue>>;
    if (fields[field]?.owner !== 'local') return [];
    return [{ by, key: row.match, userId: asUserId(row.id), ...loginOf(by, row.login) }];
  });
}

async function usersWithAgentId(sql: Sql, asked: readonly string[]): Promise<MatchCandidate[]> {
  const rows = await readForEach<{ match: string; user_id: number }>(
    sql,
    asked,
    `SELECT t.value AS match, t.user_id FROM ${sql.dialect.list(1, 'text', 'j')} CROSS JOIN user_attributes t
     WHERE t.name = 'agentId' AND t.value = j.value AND t.owner = 'local' ORDER BY t.user_id`,
  );
  return rows.map((row) => ({ by: 'agentId', key: row.match, userId: asUserId(row.user_id) }));
}
