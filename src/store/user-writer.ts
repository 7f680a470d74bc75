// Writes users and all that belongs to them. Invariant: unique keys are set to null before they change hands within one call,
// so that swaps, chains and rotations end in the wanted assignment or in an error, never in between.

import type { AccountKey, Owner, UserId } from '../model/ids.ts';
import { foldKey, localNameOf } from '../model/keys.ts';
import type { Team } from '../model/team.ts';
import type { Pin } from '../model/user.ts';
import type { Clock, TeamRow, UserRow, UserWriter } from '../sync/ports.ts';
import { deleteRows, insertRows, type Row, runForEach, updateRows } from './bulk.ts';
import type { Columns } from './dialect.ts';
import { chunks, jsonParameter, type Sql } from './sql.ts';
import { toText, toTextOrNull } from './times.ts';

const userTable: Columns = {
  id: 'int',
  origin: 'text',
  username: 'text',
  username_key: 'text',
  email: 'text',
  email_key: 'text',
  employee_key: 'text',
  local_name_key: 'text',
  fields: 'text',
  enabled: 'boolean',
  activated: 'boolean',
  admin_hold: 'text',
  sync_off: 'text',
  main_team_id: 'int',
};
const linkTable: Columns = {
  account_key: 'int',
  user_id: 'int',
  source: 'text',
  state: 'text',
  rule: 'text',
  since: 'text',
};
const userTeam: Columns = { user_id: 'int', team_id: 'int', owner: 'text' };
const userRole: Columns = { user_id: 'int', role: 'text', owner: 'text' };
const userAttribute: Columns = { user_id: 'int', name: 'text', owner: 'text' };

export function userWriter(sql: Sql, clock: Clock): UserWriter {
  return {
    async create(rows) {
      const createdAt = toText(clock.now());
      const columns = { ...userTable, created_at: 'text' } as const;
      await insertRows(
        sql,
        { table: 'users', columns },
        rows.map((row) => [...userValues(row), createdAt]),
      );
    },
    save: (rows) => saveUsers(sql, rows),
    async addLinks(rows) {
      const values = rows.map(
        (row): Row => [row.account, row.user, row.source, row.state, row.rule, toText(row.since)],
      );
      await insertRows(sql, { table: 'links', columns: linkTable }, values);
    },
    async removeLinks(accounts) {
      const list = sql.dialect.list(1, 'int', 'j');
      await runForEach(sql, accounts, `DELETE FROM links WHERE account_key IN (SELECT j.value FROM ${list})`);
    },
    async setLinkState(rows) {
      const plan = { table: 'links', key: 'account_key', columns: { account_key: 'int', state: 'text' } as Columns };
      await updateRows(
        sql,
        plan,
        rows.map(({ account, state }: { account: AccountKey; state: string }) => [account, state]),
      );
    },
    addMemberships: (rows) => addOwned(sql, 'memberships', userTeam, rows.map(teamValues)),
    removeMemberships: (rows) => removeOwned(sql, 'memberships', userTeam, rows.map(teamValues)),
    addGrants: (rows) => addOwned(sql, 'grants', userTeam, rows.map(teamValues)),
    removeGrants: (rows) => removeOwned(sql, 'grants', userTeam, rows.map(teamValues)),
    addRoles: (rows) => addOwned(sql, 'user_roles', userRole, rows.map(roleValues)),
    removeRoles: (rows) => removeOwned(sql, 'user_roles', userRole, rows.map(roleValues)),
    setAttributes: (rows) => setAttributes(sql, rows),
    setPin: (user, pin) => setPin(sql, user, pin),
    async removePin(user, kind, subject) {
      const statement = 'DELETE FROM pins WHERE user_id = $1 AND kind = $2 AND subject = $3';
      return (await sql.run(statement, user, kind, subject)) > 0;
    },
    saveTeams: (rows) => saveTeams(sql, rows),
  };
}

function userValues(row: UserRow): Row {
  const { username, email, employeeId } = row.values;
  return [
    row.id,
    row.origin,
    username?.value ?? '',
    username === undefined ? null : foldKey(username.value),
    email?.value,
    email === undefined ? null : foldKey(email.value),
    employeeId === undefined ? null : foldKey(employeeId.value),
    username === undefined ? null : localNameOf(foldKey(username.value)),
    JSON.stringify(row.values),
    row.enabled,
    row.activated,
    row.adminHold === undefined ? null : JSON.stringify(row.adminHold),
    row.syncOff === undefined ? null : JSON.stringify(row.syncOff),
    row.mainTeam,
  ];
}

async function saveUsers(sql: Sql, users: readonly UserRow[]): Promise<void> {
  const rows = users.map(userValues);
  for (const key of ['username_key', 'email_key'] as const) {
    const index = Object.keys(userTable).indexOf(key);
    const statement = `WITH r AS MATERIALIZED (${sql.dialect.rows(1, { id: 'int', wanted: 'text' })})
      UPDATE users AS t SET ${key} = NULL FROM r WHERE t.id = r.id AND t.${key} IS NOT NULL AND t.${key} IS DISTINCT FROM r.wanted`;
    const wanted = rows.map((row) => [row[0], row[index]]);
    for (const part of chunks(wanted)) await sql.run(statement, jsonParameter(part));
  }
  await updateRows(sql, { table: 'users', key: 'id', columns: userTable }, rows);
}

const teamValues = ({ user, team, owner }: TeamRow): Row => [user, team, owner];
const roleValues = (row: { readonly user: UserId; readonly role: string; readonly owner: Owner }): Row => [
  row.user,
  row.role,
  row.owner,
];

async function addOwned(sql: Sql, table: string, columns: Columns, rows: readonly Row[]): Promise<void> {
  await insertRows(
    sql,
    { table, columns, onConflict: { key: Object.keys(columns).join(', '), update: 'nothing' } },
    rows,
  );
}

async function removeOwned(sql: Sql, table: string, columns: Columns, rows: readonly Row[]): Promise<void> {
  await deleteRows(sql, table, columns, rows);
}

async function setAttributes(
  sql: Sql,
  rows: readonly {
    readonly user: UserId;
    readonly name: string;
    readonly owner: Owner;
    readonly value: string | undefined;
  }[],
): Promise<void> {
  const set = rows
    .filter((row) => row.value !== undefined)
    .map((row): Row => [row.user, row.name, row.owner, row.value]);
  const removed = rows.filter((row) => row.value === undefined).map((row): Row => [row.user, row.name, row.owner]);
  await deleteRows(sql, 'user_attributes', userAttribute, removed);
  const onConflict = { key: 'user_id, name, owner', update: ['value'] };
  await insertRows(sql, { table: 'user_attributes', columns: { ...userAttribute, value: 'text' }, onConflict }, set);
}

const pinTable: Columns = {
  user_id: 'int',
  kind: 'text',
  subject: 'text',
  mode: 'text',
  value: 'text',
  reason: 'text',
  pinned_by: 'text',
  since: 'text',
  pinned_until: 'text',
};

async function setPin(sql: Sql, user: UserId, pin: Pin): Promise<void> {
  const { kind, subject, mode, value, reason, by, since, until } = pin;
  const row: Row = [user, kind, subject, mode, value, reason, by, toText(since), toTextOrNull(until)];
  const update = Object.keys(pinTable).slice(3);
  await insertRows(sql, { table: 'pins', columns: pinTable, onConflict: { key: 'user_id, kind, subject', update } }, [
    row,
  ]);
}

const teamTable: Columns = { id: 'int', name: 'text', name_key: 'text', origin: 'text', parent_id: 'int' };

async function saveTeams(sql: Sql, teams: readonly Team[]): Promise<void> {
  const rows = teams.map((team): Row => [team.id, team.name, foldKey(team.name), team.origin, team.parent]);
  // Names that change hands step aside first. No folded name begins with a blank, so the stand-in collides with none.
  const statement = `WITH r AS MATERIALIZED (${sql.dialect.rows(1, { id: 'int', wanted: 'text' })})
    UPDATE teams AS t SET name_key = ' ' || t.id FROM r WHERE t.id = r.id AND t.name_key <> r.wanted`;
  for (const part of chunks(rows)) await sql.run(statement, jsonParameter(part.map((row) => [row[0], row[2]])));
  const update = ['name', 'name_key', 'origin', 'parent_id'];
  await insertRows(sql, { table: 'teams', columns: teamTable, onConflict: { key: 'id', update } }, rows);
}
