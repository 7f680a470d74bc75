// What the daemon keeps beside the runs: pauses, skipped times, and the outbox of notices.
// Invariant: one delivery per target and notice key, whoever writes it and how often.

import { canonicalJson } from '../model/change.ts';
import { asSourceName, type EpochMs } from '../model/ids.ts';
import type { Delivery, Notice } from '../model/notice.ts';
import type { Pause } from '../model/pause.ts';
import type { Skip } from '../model/schedule.ts';
import type { DaemonReader, DaemonWriter } from '../sync/ports/daemon.ts';
import { insertRows, type Row, readForEach } from './bulk.ts';
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
      readDeliveries(sql, `WHERE next_attempt_at <= $2 ORDER BY id LIMIT $1`, limit, toText(now)),
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
    syncOffEnding: (after, until) => readSyncOffEnding(sql, after, until),
  };
}

export function daemonWriter(sql: Sql, allocate: (count: number) => Promise<number>): DaemonWriter {
  return {
    async setPause({ scope, reason, by, since, until }) {
      const row: Row = [scopeKey(scope), reason, by, toText(since), toTextOrNull(until)];
      const update = Object.keys(pauseTable).filter((name) => name !== 'scope');
      await insertRows(sql, { table: 'pauses', columns: pauseTable, onConflict: { key: 'scope', update } }, [row]);
    },
    liftPause: async (scope) => (await sql.run('DELETE FROM pauses WHERE scope = $1', scopeKey(scope))) > 0,
    async saveSkip({ source, dueAt, at, reason, detail }) {
      const row: Row = [source, toText(dueAt), toText(at), reason, detail];
      const update = Object.keys(skipTable).filter((name) => name !== 'source');
      await insertRows(sql, { table: 'skips', columns: skipTable, onConflict: { key: 'source', update } }, [row]);
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
      return insertRows(sql, { table: 'deliveries', columns: newDelivery }, rows);
    },
    async saveDelivery({ id, attempts, nextAttemptAt, sentAt, gaveUpAt, lastError }) {
      await sql.run(
        `UPDATE deliveries SET attempts = $2, next_attempt_at = $3, sent_at = $4, gave_up_at = $5, last_error = $6
          WHERE id = $1`,
        id,
        attempts,
        toTextOrNull(nextAttemptAt),
        toTextOrNull(sentAt),
        toTextOrNull(gaveUpAt),
        lastError ?? null,
      );
    },
    async forgetDeliveries(before) {
      await sql.run('DELETE FROM deliveries WHERE next_attempt_at IS NULL AND created_at < $1', toText(before));
    },
  };
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

/** The end of a sync switch is one of the due times of a user, so the index on those finds the candidates. */
async function readSyncOffEnding(sql: Sql, after: EpochMs, until: EpochMs): ReturnType<DaemonReader['syncOffEnding']> {
  const rows = await sql.all<UserJoinRow>(
    `SELECT ${userColumns(sql.dialect)} FROM users u
      WHERE u.sync_off IS NOT NULL AND u.recheck_at IS NOT NULL AND u.recheck_at <= $1 ORDER BY u.id`,
    toText(until),
  );
  return rows.map(toUser).filter((user) => {
    const end = user.syncOff?.until;
    return end !== undefined && end > after && end <= until;
  });
}
