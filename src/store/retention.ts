// What history is forgotten, and when. An erased payload leaves its entry, its hash and its place in the chain, and the erasing
// is an entry itself: `audit verify` takes a payload for erased only where such an entry says so.

import type { EpochMs } from '../model/ids.ts';
import type { NewAuditEntry } from '../sync/ports.ts';
import { hashPayload } from './audit-chain.ts';
import type { Sql } from './sql.ts';
import { toText } from './times.ts';

export const erasedAction = 'audit.payloads-erased';

/** One transaction stays short: what is left over is forgotten, and erased, after the next runs. */
const entriesAtOnce = 2_000;
const runsAtOnce = 50;

/** The oldest runs that ended before, with the changes of theirs that are no audit entries. Runs that still hold something stay,
 * and so does the newest complete read of each source: its proof says by which keys others find its accounts, however old it is. */
export async function forgetRuns(sql: Sql, before: EpochMs): Promise<number> {
  const old = `SELECT r.id FROM runs r WHERE r.ended_at < $1
    AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.run_id = r.id AND c.state IN ('planned', 'held', 'rejected') AND r.dry_run = ${falseOf(sql)})
    AND r.id NOT IN (SELECT max(n.id) FROM runs n WHERE n.read_outcome = 'complete' AND n.dry_run = ${falseOf(sql)} GROUP BY n.source)
    ORDER BY r.id LIMIT ${runsAtOnce}`;
  const found = await sql.first<{ id: number }>(old, toText(before));
  if (found === undefined) return 0;
  await sql.run(
    `DELETE FROM changes WHERE run_id IN (${old}) AND state <> 'applied'
       AND NOT EXISTS (SELECT 1 FROM audit_entries e WHERE e.change_id = changes.id)`,
    toText(before),
  );
  return sql.run(`DELETE FROM runs WHERE id IN (${old})`, toText(before));
}

/**
 * Deliveries that ended before. What waits stays, and so does the newest fact of each kind about a source: by it the daemon knows
 * what has been told of a state that may still last. A fact that outlasts its delivery otherwise is told again, as a reminder.
 */
export async function forgetDeliveries(sql: Sql, before: EpochMs): Promise<number> {
  return sql.run(
    `DELETE FROM deliveries WHERE next_attempt_at IS NULL AND coalesce(sent_at, gave_up_at, created_at) < $1
       AND notice_key NOT IN (SELECT d.notice_key FROM deliveries d WHERE d.id IN (
         SELECT max(id) FROM deliveries WHERE source IS NOT NULL GROUP BY source, kind))`,
    toText(before),
  );
}

const falseOf = (sql: Sql): string => (sql.dialect.kind === 'sqlite' ? '0' : 'false');

/**
 * Erases the payloads of entries written before, oldest first. The changes of audit entries lose theirs too.
 * Returns the entry that says so, for the caller to append in the same transaction; undefined when there was nothing to erase.
 */
export async function erasePayloads(sql: Sql, before: EpochMs, now: EpochMs): Promise<NewAuditEntry | undefined> {
  const rows = await sql.all<{ seq: number }>(
    `SELECT e.seq FROM audit_entries e LEFT JOIN changes c ON c.id = e.change_id
      WHERE e.at < $1 AND e.action <> $2 AND (e.payload IS NOT NULL OR c.payload IS NOT NULL)
      ORDER BY e.seq LIMIT ${entriesAtOnce}`,
    toText(before),
    erasedAction,
  );
  const last = rows.at(-1)?.seq;
  if (last === undefined) return undefined;
  await sql.run(
    'UPDATE changes SET payload = NULL WHERE id IN (SELECT change_id FROM audit_entries WHERE seq <= $1 AND at < $2)',
    last,
    toText(before),
  );
  await sql.run(
    'UPDATE audit_entries SET payload = NULL WHERE seq <= $1 AND at < $2 AND action <> $3 AND payload IS NOT NULL',
    last,
    toText(before),
    erasedAction,
  );
  const payload = { upTo: last, entries: rows.length, before: toText(before) };
  return { at: now, actor: 'system', action: erasedAction, subject: 'audit', label: 'retention', payload };
}

/**
 * Up to which entry payloads may be missing. The entries that say so are proven with all others, in their turn: one that was
 * tampered with counts for what stands before it, so that it is named itself and not the first entry that it had erased.
 */
export async function erasedUpTo(sql: Sql): Promise<number> {
  const rows = await sql.all<{ seq: number; payload: string | null; payload_hash: string }>(
    'SELECT seq, payload, payload_hash FROM audit_entries WHERE action = $1',
    erasedAction,
  );
  return Math.max(
    0,
    ...rows.map(({ seq, payload, payload_hash: hash }) =>
      payload === null || hashPayload(payload) !== hash ? seq - 1 : upToOf(payload),
    ),
  );
}

/** 0 for what rosterd did not write: its MAC is wrong then. */
export function upToOf(payload: string): number {
  try {
    const { upTo } = JSON.parse(payload) as { upTo: unknown };
    return typeof upTo === 'number' ? upTo : 0;
  } catch {
    return 0;
  }
}
