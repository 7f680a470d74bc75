// The audit log by user, for a run that looks back. The payload of an entry about a change is the change's own.

import type { AuditedChange } from '../model/audit.ts';
import { partsIn } from '../model/change-key.ts';
import { asRunId, asSourceName, asUserId, type UserId } from '../model/ids.ts';
import type { AuditedReader, UnlinkedReader } from '../sync/ports/audited.ts';
import { readForEach } from './bulk.ts';
import type { Sql } from './sql.ts';
import { optional, toMs, toText } from './times.ts';

interface Row {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly user_id: number;
  readonly run_id: number | null;
  readonly source: string | null;
  readonly payload: string | null;
}

export function unlinkedReader(sql: Sql): UnlinkedReader {
  const users = sql.dialect.list(1, 'int', 'j');
  return {
    async usersUnlinked(ids, { from, to }) {
      const rows = await readForEach<{ user_id: number }>(
        sql,
        ids,
        `SELECT DISTINCT e.user_id FROM ${users} CROSS JOIN audit_entries e
         WHERE e.user_id = j.value AND e.action IN ('user.unlinked', 'user.detached')
           AND e.at >= $2 AND e.at <= coalesce($3, e.at)`,
        toText(from),
        to === undefined ? null : toText(to),
      );
      return rows.map((row) => asUserId(row.user_id));
    },
  };
}

export function auditedReader(sql: Sql): AuditedReader {
  const users = sql.dialect.list(1, 'int', 'j');
  return {
    async usersAudited(after, upTo) {
      const rows = await sql.all<{ user_id: number }>(
        'SELECT DISTINCT user_id FROM audit_entries WHERE seq > $1 AND seq <= $2 AND user_id IS NOT NULL',
        after,
        upTo,
      );
      return rows.map((row) => asUserId(row.user_id));
    },
    async usersAuditedTwice(ids, after) {
      const rows = await readForEach<{ user_id: number }>(
        sql,
        ids,
        `SELECT e.user_id FROM ${users} CROSS JOIN audit_entries e WHERE e.user_id = j.value AND e.seq > $2
         GROUP BY e.user_id HAVING count(*) > 1`,
        after,
      );
      return rows.map((row) => asUserId(row.user_id));
    },
    async auditedChanges(ids, after) {
      const rows = await readForEach<Row>(
        sql,
        ids,
        `SELECT e.seq, e.at, e.actor, e.action, e.user_id, e.run_id, r.source,
           CASE WHEN e.change_id IS NULL THEN e.payload ELSE c.payload END AS payload
         FROM ${users} CROSS JOIN audit_entries e
         LEFT JOIN changes c ON c.id = e.change_id LEFT JOIN runs r ON r.id = e.run_id
         WHERE e.user_id = j.value AND e.seq > $2 ORDER BY e.user_id, e.seq`,
        after,
      );
      const found = new Map<UserId, AuditedChange[]>();
      for (const row of rows) {
        const id = asUserId(row.user_id);
        const list = found.get(id);
        if (list === undefined) found.set(id, [toChange(row)]);
        else list.push(toChange(row));
      }
      return found;
    },
  };
}

function toChange({ seq, at, actor, action, run_id: run, source, payload }: Row): AuditedChange {
  return {
    seq,
    at: toMs(at),
    actor,
    action,
    ...optional('run', run === null ? null : asRunId(run)),
    ...optional('source', source === null ? null : asSourceName(source)),
    parts: payload === null ? [] : partsIn(JSON.parse(payload)),
  };
}
