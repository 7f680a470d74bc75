// Appends to the audit log. Invariant: the head row is moved by the last statement of the transaction that writes the entries.

import type { KeyObject } from 'node:crypto';
import { canonicalJson } from '../model/change.ts';
import { RosterdError } from '../model/errors.ts';
import type { AuditHead, NewAuditEntry } from '../sync/ports.ts';
import { emptyHead, hashPayload, macOf, type StoredEntry } from './audit-chain.ts';
import { insertRows, type Row, readForEach } from './bulk.ts';
import type { Columns } from './dialect.ts';
import type { Sql } from './sql.ts';
import { toText } from './times.ts';

const entryTable: Columns = {
  seq: 'int',
  at: 'text',
  actor: 'text',
  action: 'text',
  subject: 'text',
  label: 'text',
  user_id: 'int',
  run_id: 'int',
  change_id: 'int',
  payload: 'text',
  payload_hash: 'text',
  mac: 'text',
};

export async function readAuditHead(sql: Sql): Promise<AuditHead> {
  return (await sql.first<AuditHead>('SELECT seq, mac FROM audit_head WHERE id = 1')) ?? emptyHead;
}

/** Appends the entries in this order and returns the new head. */
export async function appendAudit(sql: Sql, key: KeyObject, entries: readonly NewAuditEntry[]): Promise<AuditHead> {
  let head = await readAuditHead(sql);
  if (entries.length === 0) return head;
  const changeHashes = await readChangeHashes(sql, entries);
  const rows: Row[] = [];
  for (const entry of entries) {
    const payload = entry.changeId === undefined ? canonicalJson(entry.payload ?? null) : null;
    const payloadHash = payload === null ? changeHashes.get(entry.changeId ?? 0) : hashPayload(payload);
    if (payloadHash === undefined) {
      throw new RosterdError('bug', `An audit entry names change ${entry.changeId}, which is not stored.`);
    }
    const stored = toStored(entry, head.seq + 1, payloadHash);
    head = { seq: stored.seq, mac: macOf(key, stored, head.mac) };
    const { seq, at, actor, action, subject, label, userId, runId, changeId } = stored;
    rows.push([seq, at, actor, action, subject, label, userId, runId, changeId, payload, payloadHash, head.mac]);
  }
  await insertRows(sql, { table: 'audit_entries', columns: entryTable }, rows);
  await sql.run(
    `INSERT INTO audit_head (id, seq, mac) VALUES (1, $1, $2)
     ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, mac = excluded.mac`,
    head.seq,
    head.mac,
  );
  return head;
}

// What PostgreSQL cannot store must not be in the MAC either (see jsonParameter).
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

function toStored(entry: NewAuditEntry, seq: number, payloadHash: string): StoredEntry {
  return {
    seq,
    at: toText(entry.at),
    actor: storable(entry.actor),
    action: entry.action,
    subject: storable(entry.subject),
    label: storable(entry.label),
    userId: entry.userId ?? null,
    runId: entry.runId ?? null,
    changeId: entry.changeId ?? null,
    payloadHash,
  };
}

async function readChangeHashes(sql: Sql, entries: readonly NewAuditEntry[]): Promise<ReadonlyMap<number, string>> {
  const ids = entries.flatMap((entry) => (entry.changeId === undefined ? [] : [entry.changeId]));
  const rows = await readForEach<{ id: number; payload_hash: string }>(
    sql,
    ids,
    `SELECT c.id, c.payload_hash FROM ${sql.dialect.list(1, 'int', 'j')} CROSS JOIN changes c WHERE c.id = j.value`,
  );
  return new Map(rows.map((row) => [row.id, row.payload_hash]));
}
