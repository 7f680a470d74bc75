// Runs, their stored changes and approvals.

import { type Change, canonicalJson, subjectKey } from '../model/change.ts';
import { asChangeId, asRunId, asSourceName, type EpochMs, type RunId, type SourceName } from '../model/ids.ts';
import type { ChangeState, Run } from '../model/run.ts';
import type { Approval, RunReader, RunWriter, StoredChange } from '../sync/ports.ts';
import { hashPayload } from './audit-chain.ts';
import { insertRows, type Row, runForEach } from './bulk.ts';
import type { Columns } from './dialect.ts';
import { chunks, jsonParameter, type Sql } from './sql.ts';
import { optional, optionalTime, toMs, toText, toTextOrNull } from './times.ts';

const runTable: Columns = {
  id: 'int',
  source: 'text',
  trigger: 'text',
  actor: 'text',
  mode: 'text',
  dry_run: 'boolean',
  attempt: 'int',
  state: 'text',
  read_outcome: 'text',
  started_at: 'text',
  ended_at: 'text',
  error_code: 'text',
  because: 'text',
  counts: 'text',
  proof: 'text',
  verdict: 'text',
  applied: 'text',
  enabled_before: 'int',
  held_checksum: 'text',
  held_run_id: 'int',
  audit_head: 'text',
};
const runColumns = Object.keys(runTable).join(', ');

const changeTable: Columns = {
  id: 'int',
  run_id: 'int',
  subject: 'text',
  user_id: 'int',
  label: 'text',
  state: 'text',
  atomic: 'text',
  because: 'text',
  payload: 'text',
  payload_hash: 'text',
};

const approvalTable: Columns = {
  id: 'int',
  source: 'text',
  checksum: 'text',
  decision: 'text',
  actor: 'text',
  reason: 'text',
  decided_at: 'text',
  expires_at: 'text',
};

export function runReader(sql: Sql): RunReader {
  return {
    async run(id) {
      const row = await sql.first<RunRow>(`SELECT ${runColumns} FROM runs WHERE id = $1`, id);
      return row === undefined ? undefined : toRun(row);
    },
    runs: (filter) => readRuns(sql, filter),
    async heldChanges(source) {
      const real = sql.dialect.kind === 'sqlite' ? '0' : 'false';
      const rows = await sql.all<{ id: number; run_id: number }>(
        `SELECT c.id, c.run_id FROM runs r JOIN changes c ON c.run_id = r.id
          WHERE r.source = $1 AND r.dry_run = ${real} AND r.held_checksum IS NOT NULL AND c.state IN ('held', 'rejected')
          ORDER BY c.id`,
        source,
      );
      return rows.map((row) => ({ id: asChangeId(row.id), run: asRunId(row.run_id) }));
    },
    changes: (run, filter) => readChanges(sql, run, filter),
    async changeCounts(run) {
      const statement = 'SELECT state, count(*) AS total FROM changes WHERE run_id = $1 GROUP BY state';
      const rows = await sql.all<{ state: ChangeState; total: number | bigint }>(statement, run);
      return Object.fromEntries(rows.map((row) => [row.state, Number(row.total)]));
    },
    approvals: (source, checksum, now) => readApprovals(sql, source, checksum, now),
  };
}

export function runWriter(sql: Sql): RunWriter {
  return {
    async saveRun(run) {
      const update = Object.keys(runTable).filter((name) => name !== 'id');
      await insertRows(sql, { table: 'runs', columns: runTable, onConflict: { key: 'id', update } }, [runValues(run)]);
    },
    async addChanges(rows) {
      // In small parts, because the texts of a thousand changes take their time.
      for (const part of chunks(rows, 250))
        await insertRows(sql, { table: 'changes', columns: changeTable }, part.map(changeValues));
    },
    async setChangeState(ids, state, because) {
      const list = sql.dialect.list(1, 'int', 'j');
      await runForEach(
        sql,
        ids,
        `UPDATE changes SET state = $2, because = $3 WHERE id IN (SELECT j.value FROM ${list})`,
        state,
        because ?? null,
      );
    },
    async deleteChanges(ids) {
      const list = sql.dialect.list(1, 'int', 'j');
      await runForEach(sql, ids, `DELETE FROM changes WHERE id IN (SELECT j.value FROM ${list})`);
    },
    async addApproval(approval) {
      const { id, source, checksum, decision, actor, reason, at, expiresAt } = approval;
      const row: Row = [id, source, checksum, decision, actor, reason, toText(at), toTextOrNull(expiresAt)];
      await insertRows(sql, { table: 'approvals', columns: approvalTable }, [row]);
    },
  };
}

// --- runs -------------------------------------------------------------------------

interface RunRow {
  readonly id: number;
  readonly source: string;
  readonly trigger: string;
  readonly actor: string;
  readonly mode: string;
  readonly dry_run: boolean | number;
  readonly attempt: number;
  readonly state: string;
  readonly read_outcome: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly error_code: string | null;
  readonly because: string | null;
  readonly counts: string;
  readonly proof: string | null;
  readonly verdict: string | null;
  readonly applied: string | null;
  readonly enabled_before: number | null;
  readonly held_checksum: string | null;
  readonly held_run_id: number | null;
  readonly audit_head: string | null;
}

function runValues(run: Run): Row {
  return [
    run.id,
    run.source,
    run.trigger,
    run.actor,
    run.mode,
    run.dryRun,
    run.attempt,
    run.state,
    run.read,
    toText(run.startedAt),
    toTextOrNull(run.endedAt),
    run.errorCode,
    run.because,
    JSON.stringify(run.counts),
    run.proof === undefined ? null : JSON.stringify(run.proof),
    JSON.stringify(run.holds),
    JSON.stringify(run.applied),
    run.enabledBefore,
    run.heldChecksum,
    run.heldRunId,
    run.auditHead,
  ];
}

function toRun(row: RunRow): Run {
  const parsed = <T>(json: string | null): T | undefined => (json === null ? undefined : (JSON.parse(json) as T));
  return {
    id: asRunId(row.id),
    source: asSourceName(row.source),
    trigger: row.trigger as Run['trigger'],
    actor: row.actor,
    mode: row.mode as Run['mode'],
    dryRun: Boolean(row.dry_run),
    attempt: row.attempt,
    state: row.state as Run['state'],
    ...optional('read', row.read_outcome as Run['read'] | null),
    startedAt: toMs(row.started_at),
    ...optionalTime('endedAt', row.ended_at),
    ...optional('errorCode', row.error_code as Run['errorCode'] | null),
    ...optional('because', row.because),
    counts: JSON.parse(row.counts) as Run['counts'],
    ...optional('proof', parsed<NonNullable<Run['proof']>>(row.proof)),
    holds: parsed<Run['holds']>(row.verdict) ?? [],
    applied: parsed<Run['applied']>(row.applied) ?? {},
    ...optional('enabledBefore', row.enabled_before),
    ...optional('heldChecksum', row.held_checksum),
    ...optional('heldRunId', row.held_run_id === null ? null : asRunId(row.held_run_id)),
    ...optional('auditHead', row.audit_head),
  };
}

/** Newest first. */
async function readRuns(sql: Sql, filter: Parameters<RunReader['runs']>[0]): Promise<readonly Run[]> {
  const conditions: string[] = [];
  const parameters: (string | number)[] = [filter.limit];
  if (filter.source !== undefined) conditions.push(`source = $${parameters.push(filter.source)}`);
  if (filter.states !== undefined) {
    const list = sql.dialect.list(parameters.push(jsonParameter(filter.states)), 'text', 'j');
    conditions.push(`state IN (SELECT j.value FROM ${list})`);
  }
  if (filter.read !== undefined) conditions.push(`read_outcome = $${parameters.push(filter.read)}`);
  if (filter.kind === 'real') conditions.push(`dry_run = ${sql.dialect.kind === 'sqlite' ? '0' : 'false'}`);
  if (filter.since !== undefined) conditions.push(`started_at >= $${parameters.push(toText(filter.since))}`);
  if (filter.before !== undefined) conditions.push(`started_at < $${parameters.push(toText(filter.before))}`);
  if (filter.heldRunId !== undefined) conditions.push(`held_run_id = $${parameters.push(filter.heldRunId)}`);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const rows = await sql.all<RunRow>(
    `SELECT ${runColumns} FROM runs ${where} ORDER BY id DESC LIMIT $1`,
    ...parameters,
  );
  return rows.map(toRun);
}

// --- changes ----------------------------------------------------------------------

function changeValues({ id, run, change, state, because }: StoredChange): Row {
  const payload = canonicalJson(change);
  const user = change.subject.kind === 'user' ? change.subject.id : undefined;
  const subject = subjectKey(change.subject);
  return [id, run, subject, user, change.label, state, change.atomic, because, payload, hashPayload(payload)];
}

interface ChangeRow {
  readonly id: number;
  readonly state: string;
  readonly because: string | null;
  readonly payload: string;
}

/** Changes whose payload has expired are left out: nothing can be planned or shown from them. */
async function readChanges(
  sql: Sql,
  run: RunId,
  filter: Parameters<RunReader['changes']>[1],
): Promise<readonly StoredChange[]> {
  const states =
    filter.states === undefined ? '' : `AND state IN (SELECT j.value FROM ${sql.dialect.list(4, 'text', 'j')})`;
  const rows = await sql.all<ChangeRow>(
    `SELECT id, state, because, payload FROM changes WHERE run_id = $1 AND id > $2 AND payload IS NOT NULL ${states}
     ORDER BY id LIMIT $3`,
    run,
    filter.after,
    filter.limit,
    ...(filter.states === undefined ? [] : [jsonParameter(filter.states)]),
  );
  return rows.map((row) => ({
    id: asChangeId(row.id),
    run,
    change: JSON.parse(row.payload) as Change,
    state: row.state as ChangeState,
    ...optional('because', row.because),
  }));
}

// --- approvals --------------------------------------------------------------------

interface ApprovalRow {
  readonly id: number;
  readonly source: string;
  readonly checksum: string;
  readonly decision: Approval['decision'];
  readonly actor: string;
  readonly reason: string;
  readonly decided_at: string;
  readonly expires_at: string | null;
}

async function readApprovals(
  sql: Sql,
  source: SourceName,
  checksum: string,
  now: EpochMs,
): Promise<readonly Approval[]> {
  const rows = await sql.all<ApprovalRow>(
    `SELECT id, source, checksum, decision, actor, reason, decided_at, expires_at FROM approvals
     WHERE source = $1 AND checksum = $2 AND (expires_at IS NULL OR expires_at > $3) ORDER BY id DESC`,
    source,
    checksum,
    toText(now),
  );
  return rows.map((row) => ({
    id: row.id,
    source: asSourceName(row.source),
    checksum: row.checksum,
    decision: row.decision,
    actor: row.actor,
    reason: row.reason,
    at: toMs(row.decided_at),
    ...optionalTime('expiresAt', row.expires_at),
  }));
}
