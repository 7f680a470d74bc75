// Reading the audit log for people and exports. The payload of an entry about a change is the change's own; it is stored once.

import type { AuditFilter, AuditPage, AuditRecord } from '../admin/ports.ts';
import { asRunId, asUserId } from '../model/ids.ts';
import { Conditions } from './admin-conditions.ts';
import type { Sql } from './sql.ts';
import { optional, toMs, toText } from './times.ts';

interface Row {
  seq: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  label: string;
  user_id: number | null;
  run_id: number | null;
  payload: string | null;
  payload_hash: string;
  mac: string;
}

export async function auditRecords(sql: Sql, filter: AuditFilter, page: AuditPage): Promise<readonly AuditRecord[]> {
  const when = conditions(filter);
  if (page.after !== undefined) when.add(page.order === 'newest' ? 'e.seq < ?' : 'e.seq > ?', page.after);
  const rows = await sql.all<Row>(
    `SELECT e.seq, e.at, e.actor, e.action, e.subject, e.label, e.user_id, e.run_id,
            CASE WHEN e.change_id IS NULL THEN e.payload ELSE c.payload END AS payload, e.payload_hash, e.mac
     FROM audit_entries e LEFT JOIN changes c ON c.id = e.change_id
     ${when.where} ORDER BY e.seq ${page.order === 'newest' ? 'DESC' : 'ASC'} LIMIT ${Math.trunc(page.limit)}`,
    ...when.parameters,
  );
  return rows.map((row) => ({
    seq: row.seq,
    at: toMs(row.at),
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    label: row.label,
    ...optional('userId', row.user_id === null ? null : asUserId(row.user_id)),
    ...optional('runId', row.run_id === null ? null : asRunId(row.run_id)),
    payload: row.payload === null ? undefined : (JSON.parse(row.payload) as unknown),
    payloadHash: row.payload_hash,
    mac: row.mac,
  }));
}

function conditions(filter: AuditFilter): Conditions {
  const when = new Conditions();
  if (filter.user !== undefined) when.add('e.user_id = ?', filter.user);
  if (filter.run !== undefined) when.add('e.run_id = ?', filter.run);
  if (filter.actor !== undefined) when.add('e.actor = ?', filter.actor);
  if (filter.action !== undefined) addAction(when, filter.action);
  // ISO 8601 UTC text sorts as time does.
  if (filter.from !== undefined) when.add('e.at >= ?', toText(filter.from));
  if (filter.to !== undefined) when.add('e.at < ?', toText(filter.to));
  return when;
}

/** `user.` is every action of the kind: a range, because LIKE would read wildcards in the text and differ in case by store. */
function addAction(when: Conditions, action: string): void {
  if (!action.endsWith('.')) {
    when.add('e.action = ?', action);
    return;
  }
  when.add('substr(e.action, 1, ?) = ?', action.length, action);
}
