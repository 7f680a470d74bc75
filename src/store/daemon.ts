// What the daemon keeps beside the runs: pauses, skipped times, and the outbox of notices.
// Invariant: one delivery per target and notice key, whoever writes it and how often.

import { canonicalJson } from '../model/change.ts';
import type { FindingCode } from '../model/finding.ts';
import { asEpochMs, asSourceName, type EpochMs, type SourceName } from '../model/ids.ts';
import type { Delivery, Notice } from '../model/notice.ts';
import type { Pause } from '../model/pause.ts';
import type { Skip } from '../model/schedule.ts';
import type { DaemonReader, DaemonWriter, OpenFinding } from '../sync/ports/daemon.ts';
import { insertRows, type Row, readForEach, updateRows } from './bulk.ts';
import type { Columns } from './dialect.ts';
import { isDead } from './process-holder.ts';
import { jsonParameter, type Sql } from './sql.ts';
import { optional, optionalTime, toMs, toText, toTextOrNull } from './times.ts';
import { toUser, type UserJoinRow, userColumns } from './user-rows.ts';

const pauseTable: Columns = { scope: 'text', reason: 'text', paused_by: 'text', since: 'text', paused_until: 'text' };
const skipTable: Columns = { source: 'text', due_at: 'text', at: 'text', reason: 'text', detail: 'text' };
const newDelivery: Columns = {
  id: 'int',
  target: 'text',
  kind: 'text',
  notice_key: 'text',
  source: 'text',
  notice: 'text',
  created_at: 'text',
  next_attempt_at: 'text',
};
const progress: Columns = {
  id: 'int',
  attempts: 'int',
  next_attempt_at: 'text',
  sent_at: 'text',
  gave_up_at: 'text',
  last_error: 'text',
};

export function daemonReader(sql: Sql): DaemonReader {
  return {
    pauses: (now) => readPauses(sql, now),
    async skips() {
      const rows = await sql.all<SkipRow>('SELECT source, due_at, at, reason, detail FROM skips ORDER BY source');
      return rows.map(toSkip);
    },
    async leaseHolders(prefix, now) {
      const rows = await sql.all<{ name: string; holder: string }>(
        `SELECT name, holder FROM leases WHERE holder <> '' AND expires_at > $1 ORDER BY name`,
        toText(now),
      );
      return rows.filter(({ name, holder }) => name.startsWith(prefix) && !isDead(holder));
    },
    dueDeliveries: (now, limit) =>
      readDeliveries(
        sql,
        'WHERE next_attempt_at <= $2 OR next_attempt_at > $3 ORDER BY id LIMIT $1',
        limit,
        toText(now),
        toText(asEpochMs(now + beyondAnyWaitMs)),
      ),
    deliveries: ({ state, limit }) =>
      readDeliveries(sql, `${state === 'any' ? '' : 'WHERE sent_at IS NULL'} ORDER BY id DESC LIMIT $1`, limit),
    async deliveryCounts() {
      const row = await sql.first<{ waiting: number | bigint; given_up: number | bigint }>(
        'SELECT count(next_attempt_at) AS waiting, count(gave_up_at) AS given_up FROM deliveries WHERE sent_at IS NULL',
      );
      return { waiting: Number(row?.waiting ?? 0), givenUp: Number(row?.given_up ?? 0) };
    },
    async lastNotice(source, kinds) {
      const row = await sql.first<{ notice: string }>(
        `SELECT notice FROM deliveries WHERE source = $1
           AND kind IN (SELECT j.value FROM ${sql.dialect.list(2, 'text', 'j')}) ORDER BY id DESC LIMIT 1`,
        source,
        jsonParameter(kinds),
      );
      return row === undefined ? undefined : (JSON.parse(row.notice) as Notice);
    },
    async noticesSince(kind, since) {
      const rows = await sql.all<{ notice: string; notice_key: string }>(
        'SELECT notice, notice_key FROM deliveries WHERE kind = $1 AND created_at >= $2 ORDER BY id',
        kind,
        toText(since),
      );
      return [...new Map(rows.map((row) => [row.notice_key, JSON.parse(row.notice) as Notice])).values()];
    },
    openFindings: (source, codes) => readOpenFindings(sql, source, codes),
    syncOffEnding: (after, until) => readSyncOffEnding(sql, after, until),
  };
}

export function daemonWriter(sql: Sql, allocate: (count: number) => Promise<number>): DaemonWriter {
  return {
    async setPause({ scope, reason, by, since, until }) {
      const row = [scopeKey(scope), reason, by, toText(since), toTextOrNull(until)];
      await put(sql, 'pauses', pauseTable, row);
    },
    liftPause: async (scope) => (await sql.run('DELETE FROM pauses WHERE scope = $1', scopeKey(scope))) > 0,
    async saveSkip({ source, dueAt, at, reason, detail }) {
      await put(sql, 'skips', skipTable, [source, toText(dueAt), toText(at), reason, detail]);
    },
    async addNotices(notices, targets) {
      const wanted = targets.flatMap((target) =>
        notices.filter((notice) => target.on.includes(notice.kind)).map((notice) => ({ target: target.name, notice })),
      );
      const fresh = await withoutKnown(sql, wanted);
      if (fresh.length === 0) return 0;
      const first = await allocate(fresh.length);
      const rows = fresh.map(({ target, notice }, index): Row => {
        const { kind, key, source, at } = notice;
        return [first + index, target, kind, key, source, canonicalJson(notice), toText(at), toText(at)];
      });
      const onConflict = { key: 'target, notice_key', update: 'nothing' } as const;
      return insertRows(sql, { table: 'deliveries', columns: newDelivery, onConflict }, rows);
    },
    async saveDelivery({ id, attempts, nextAttemptAt, sentAt, gaveUpAt, lastError }) {
      const times = [nextAttemptAt, sentAt, gaveUpAt].map(toTextOrNull);
      const row = [id, attempts, ...times, lastError];
      await updateRows(sql, { table: 'deliveries', key: 'id', columns: progress }, [row]);
    },
  };
}

/** Sets the row whose key is the first column. Writes nothing where it is so already. */
async function put(sql: Sql, table: string, columns: Columns, row: readonly (string | null)[]): Promise<void> {
  const [key = '', ...rest] = Object.keys(columns);
  const places = row.map((_, index) => `$${index + 1}`).join(', ');
  const sets = rest.map((name) => `${name} = excluded.${name}`).join(', ');
  const differs = rest.map((name) => `${table}.${name} IS DISTINCT FROM excluded.${name}`).join(' OR ');
  await sql.run(
    `INSERT INTO ${table} (${key}, ${rest.join(', ')}) VALUES (${places})
     ON CONFLICT (${key}) DO UPDATE SET ${sets} WHERE ${differs}`,
    ...row,
  );
}

// --- pauses and skips ---------------------------------------------------------------

const everySource = '*';
const scopeKey = (scope: Pause['scope']): string => (scope.kind === 'all' ? everySource : `source:${scope.source}`);

async function readPauses(sql: Sql, now: EpochMs): Promise<readonly Pause[]> {
  const rows = await sql.all<{
    scope: string;
    reason: string;
    paused_by: string;
    since: string;
    paused_until: string | null;
  }>(
    `SELECT scope, reason, paused_by, since, paused_until FROM pauses
      WHERE paused_until IS NULL OR paused_until > $1 ORDER BY CASE WHEN scope = '*' THEN 0 ELSE 1 END, scope`,
    toText(now),
  );
  return rows.map((row) => ({
    scope:
      row.scope === everySource
        ? { kind: 'all' }
        : { kind: 'source', source: asSourceName(row.scope.slice('source:'.length)) },
    reason: row.reason,
    by: row.paused_by,
    since: toMs(row.since),
    ...optionalTime('until', row.paused_until),
  }));
}

interface SkipRow {
  readonly source: string;
  readonly due_at: string;
  readonly at: string;
  readonly reason: string;
  readonly detail: string;
}

const toSkip = (row: SkipRow): Skip => ({
  source: asSourceName(row.source),
  dueAt: toMs(row.due_at),
  at: toMs(row.at),
  reason: row.reason as Skip['reason'],
  detail: row.detail,
});

/** Nothing waits for longer than an hour, so what is further ahead was written by a clock that has been set back since. */
const beyondAnyWaitMs = 2 * 3_600_000;

// --- outbox -------------------------------------------------------------------------

interface Wanted {
  readonly target: string;
  readonly notice: Notice;
}

async function withoutKnown(sql: Sql, wanted: readonly Wanted[]): Promise<readonly Wanted[]> {
  const rows = await readForEach<{ target: string; notice_key: string }>(
    sql,
    [...new Set(wanted.map(({ notice }) => notice.key))],
    `SELECT d.target, d.notice_key FROM ${sql.dialect.list(1, 'text', 'j')} CROSS JOIN deliveries d
      WHERE d.notice_key = j.value`,
  );
  const known = new Set(rows.map((row) => `${row.target}\n${row.notice_key}`));
  return wanted.filter(({ target, notice }) => {
    const id = `${target}\n${notice.key}`;
    if (known.has(id)) return false;
    known.add(id);
    return true;
  });
}

interface DeliveryRow {
  readonly id: number;
  readonly target: string;
  readonly notice: string;
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly sent_at: string | null;
  readonly gave_up_at: string | null;
  readonly last_error: string | null;
}

async function readDeliveries(
  sql: Sql,
  rest: string,
  ...parameters: readonly (string | number)[]
): Promise<readonly Delivery[]> {
  const rows = await sql.all<DeliveryRow>(
    `SELECT id, target, notice, attempts, next_attempt_at, sent_at, gave_up_at, last_error FROM deliveries ${rest}`,
    ...parameters,
  );
  return rows.map((row) => ({
    id: row.id,
    target: row.target,
    notice: JSON.parse(row.notice) as Notice,
    attempts: row.attempts,
    ...optionalTime('nextAttemptAt', row.next_attempt_at),
    ...optionalTime('sentAt', row.sent_at),
    ...optionalTime('gaveUpAt', row.gave_up_at),
    ...optional('lastError', row.last_error),
  }));
}

// --- what notices are made of -------------------------------------------------------

interface FindingRow {
  readonly id: number;
  readonly code: string;
  readonly subject: string;
  readonly label: string;
  readonly detail: string;
  readonly opened_at: string;
}

async function readOpenFindings(
  sql: Sql,
  source: SourceName,
  codes: readonly FindingCode[],
): ReturnType<DaemonReader['openFindings']> {
  const rows = await sql.all<FindingRow>(
    `SELECT id, code, subject, label, detail, opened_at FROM findings WHERE source = $1 AND closed_at IS NULL
       AND code IN (SELECT j.value FROM ${sql.dialect.list(2, 'text', 'j')}) ORDER BY id`,
    source,
    jsonParameter(codes),
  );
  return rows.map(({ id, code, subject, label, detail, opened_at: openedAt }) => ({
    id,
    code: code as FindingCode,
    source,
    subject,
    label,
    detail: JSON.parse(detail) as OpenFinding['detail'],
    openedAt: toMs(openedAt),
  }));
}

/**
 * Found by two indexes, whatever the number of users. Who was switched off stays dirty until a plan has looked at the user, and
 * that plan notes the end as a due time (the earliest of them is stored). A due time that has come makes the user dirty again.
 */
async function readSyncOffEnding(sql: Sql, after: EpochMs, until: EpochMs): ReturnType<DaemonReader['syncOffEnding']> {
  const rows = await sql.all<UserJoinRow>(
    `SELECT ${userColumns(sql.dialect)} FROM users u
      WHERE u.sync_off IS NOT NULL
        AND u.id IN (SELECT id FROM users WHERE recheck_at <= $1 UNION SELECT user_id FROM dirty_users) ORDER BY u.id`,
    toText(until),
  );
  return rows.map(toUser).filter((user) => {
    const end = user.syncOff?.until;
    return end !== undefined && end > after && end <= until;
  });
}
