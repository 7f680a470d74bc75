// How mirror records look in their tables, shared by those who read and those who write them.

import type { Attributes, MirrorAccount, Presence, Quarantine, Suspicion } from '../model/account.ts';
import type { EdgeMember, MirrorGroup } from '../model/group.ts';
import {
  asAccountKey,
  asExternalId,
  asGroupKey,
  asSourceName,
  asTeamId,
  asUserId,
  type GroupKey,
} from '../model/ids.ts';
import { dnKey, foldKey } from '../model/keys.ts';
import type { RecordKind } from '../sync/ports.ts';
import type { Dialect } from './dialect.ts';
import { optional, optionalTime, toMs, toText } from './times.ts';

export const tableOf: Readonly<Record<RecordKind, string>> = { account: 'mirror_accounts', group: 'mirror_groups' };

export interface PresenceRow {
  readonly presence: string;
  readonly presence_since: string | null;
  readonly confirmed_reads: number;
  readonly evidence: string | null;
  readonly suspect: string | null;
}

/** presence, presence_since, confirmed_reads, evidence, suspect. */
export function presenceValues(
  presence: Presence,
): readonly [string, string | null, number, string | null, string | null] {
  switch (presence.state) {
    case 'present':
      return ['present', null, 0, null, null];
    case 'missing':
      return ['missing', toText(presence.since), 0, null, presence.suspect ?? null];
    case 'absent':
    case 'out-of-scope':
      return [
        presence.state,
        toText(presence.since),
        presence.confirmedReads,
        presence.evidence,
        presence.suspect ?? null,
      ];
    default:
      return presence satisfies never;
  }
}

export function toPresence(row: PresenceRow): Presence {
  const state = row.presence as Presence['state'];
  const since = toMs(row.presence_since ?? '1970-01-01T00:00:00.000Z');
  const suspect = (row.suspect ?? undefined) as Suspicion | undefined;
  switch (state) {
    case 'present':
      return { state };
    case 'missing':
      return { state, since, suspect };
    case 'absent':
    case 'out-of-scope':
      return {
        state,
        since,
        confirmedReads: row.confirmed_reads,
        evidence: row.evidence ?? '',
        suspect,
      };
    default:
      return state satisfies never;
  }
}

/** Key under which the record that an edge names is found. */
export function referenceKey(member: EdgeMember): string {
  switch (member.by) {
    case 'id':
      return member.value;
    case 'dn':
      return dnKey(member.value);
    case 'name':
      return foldKey(member.value);
    default:
      return member.by satisfies never;
  }
}

export interface AccountRow extends PresenceRow {
  readonly key: number;
  readonly source: string;
  readonly external_id: string;
  readonly name: string;
  readonly dn: string | null;
  readonly status: string;
  readonly expires_at: string | null;
  readonly attributes: string;
  readonly unread: string;
  readonly quarantine: string | null;
  readonly user_id: number | null;
  readonly member_of: string;
  readonly manages: string;
}

/** Columns of AccountRow for mirror_accounts `a`. */
export function accountColumns(dialect: Dialect): string {
  const groupsOf = (relation: string): string =>
    dialect.jsonOf(
      ['e.group_key'],
      `mirror_edges e WHERE e.account_key = a.key AND e.relation = '${relation}'`,
      'e.group_key',
    );
  return `a.key, a.source, a.external_id, a.name, a.dn, a.status, a.expires_at, a.attributes, a.unread, a.presence,
    a.presence_since, a.confirmed_reads, a.evidence, a.suspect, a.quarantine,
    (SELECT k.user_id FROM links k WHERE k.account_key = a.key) AS user_id,
    ${groupsOf('member')} AS member_of, ${groupsOf('manages')} AS manages`;
}

export function toAccount(row: AccountRow): MirrorAccount {
  return {
    key: asAccountKey(row.key),
    source: asSourceName(row.source),
    id: asExternalId(row.external_id),
    name: row.name,
    ...optional('dn', row.dn),
    status: row.status as MirrorAccount['status'],
    ...optionalTime('expiresAt', row.expires_at),
    attributes: JSON.parse(row.attributes) as Attributes,
    unread: parseTexts(row.unread),
    presence: toPresence(row),
    ...optional('quarantine', row.quarantine as Quarantine | null),
    ...optional('userId', row.user_id === null ? null : asUserId(Number(row.user_id))),
    memberOf: parseKeys(row.member_of),
    manages: parseKeys(row.manages),
  };
}

export interface GroupRow extends PresenceRow {
  readonly key: number;
  readonly source: string;
  readonly external_id: string;
  readonly name: string;
  readonly dn: string | null;
  readonly attributes: string;
  readonly team_id: number | null;
  readonly parents: string;
}

export function toGroup(row: GroupRow): MirrorGroup {
  return {
    key: asGroupKey(row.key),
    source: asSourceName(row.source),
    id: asExternalId(row.external_id),
    name: row.name,
    ...optional('dn', row.dn),
    attributes: JSON.parse(row.attributes) as Attributes,
    presence: toPresence(row),
    ...optional('teamId', row.team_id === null ? null : asTeamId(row.team_id)),
    parents: parseKeys(row.parents),
  };
}

// Most lists are empty, and parsing is what costs.
const none: readonly never[] = [];

function parseKeys(json: string): readonly GroupKey[] {
  return json === '[]' ? none : (JSON.parse(json) as GroupKey[]);
}

function parseTexts(json: string): readonly string[] {
  return json === '[]' ? none : (JSON.parse(json) as string[]);
}
