// How a user looks in its tables, and the one statement that brings all of it.

import { type AccountKey, asTeamId, asUserId, type Owner, type SourceName, type TeamId } from '../model/ids.ts';
import type { AdminHold, FieldName, Link, OwnedValue, Pin, SyncOff, User } from '../model/user.ts';
import type { Dialect } from './dialect.ts';
import { optional, optionalTime, toMs } from './times.ts';

export interface UserJoinRow {
  readonly id: number;
  readonly origin: string;
  readonly fields: string;
  readonly enabled: boolean | number;
  readonly activated: boolean | number;
  readonly admin_hold: string | null;
  readonly sync_off: string | null;
  readonly main_team_id: number | null;
  readonly links: string;
  readonly memberships: string;
  readonly grants: string;
  readonly roles: string;
  readonly attributes: string;
  readonly pins: string;
}

/** Columns of UserJoinRow for users `u`. */
export function userColumns(dialect: Dialect): string {
  const of = (table: string, columns: readonly string[], orderBy: string): string =>
    dialect.jsonOf(
      columns.map((column) => `x.${column}`),
      `${table} x WHERE x.user_id = u.id`,
      orderBy,
    );
  return `u.id, u.origin, u.fields, u.enabled, u.activated, u.admin_hold, u.sync_off, u.main_team_id,
    ${of('links', ['account_key', 'source', 'state', 'rule', 'since'], 'x.account_key')} AS links,
    ${of('memberships', ['team_id', 'owner'], 'x.team_id, x.owner')} AS memberships,
    ${of('grants', ['team_id', 'owner'], 'x.team_id, x.owner')} AS grants,
    ${of('user_roles', ['role', 'owner'], 'x.role, x.owner')} AS roles,
    ${of('user_attributes', ['name', 'owner', 'value'], 'x.name, x.owner')} AS attributes,
    ${of('pins', ['kind', 'subject', 'mode', 'value', 'reason', 'pinned_by', 'since', 'pinned_until'], 'x.kind, x.subject')} AS pins`;
}

type LinkTuple = readonly [number, string, string, string, string];
type PinTuple = readonly [string, string, string, string | null, string, string, string, string | null];

export function toUser(row: UserJoinRow): User {
  return {
    id: asUserId(row.id),
    origin: row.origin as Owner,
    values: JSON.parse(row.fields) as Partial<Record<FieldName, OwnedValue>>,
    enabled: Boolean(row.enabled),
    activated: Boolean(row.activated),
    ...optional('adminHold', parseJson<AdminHold>(row.admin_hold)),
    ...optional('syncOff', parseJson<SyncOff>(row.sync_off)),
    ...optional('mainTeam', row.main_team_id === null ? null : asTeamId(row.main_team_id)),
    links: tuples<LinkTuple>(row.links).map(([account, source, state, rule, since]) => ({
      source: source as SourceName,
      account: account as AccountKey,
      state: state as Link['state'],
      rule,
      since: toMs(since),
    })),
    memberships: tuples<readonly [TeamId, Owner]>(row.memberships).map(([team, owner]) => ({ team, owner })),
    grants: tuples<readonly [TeamId, Owner]>(row.grants).map(([team, owner]) => ({ team, owner })),
    roles: tuples<readonly [string, Owner]>(row.roles).map(([role, owner]) => ({ role, owner })),
    attributes: tuples<readonly [string, Owner, string]>(row.attributes).map(([name, owner, value]) => ({
      name,
      owner,
      value,
    })),
    pins: tuples<PinTuple>(row.pins).map(toPin),
  };
}

function toPin([kind, subject, mode, value, reason, by, since, until]: PinTuple): Pin {
  return {
    kind: kind as Pin['kind'],
    subject,
    mode: mode as Pin['mode'],
    ...optional('value', value),
    reason,
    by,
    since: toMs(since),
    ...optionalTime('until', until),
  };
}

function tuples<T>(json: string): readonly T[] {
  return json === '[]' ? [] : (JSON.parse(json) as T[]);
}

function parseJson<T>(json: string | null): T | undefined {
  return json === null ? undefined : (JSON.parse(json) as T);
}
