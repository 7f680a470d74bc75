// Puts the parts together: what a reader may do, and what a write transaction may do.

import type { KeyObject } from 'node:crypto';
import { RosterdError } from '../model/errors.ts';
import type { Clock, CounterName, StoreReader, StoreTx } from '../sync/ports.ts';
import { appendAudit, readAuditHead } from './audit.ts';
import { auditedReader, unlinkedReader } from './audited-changes.ts';
import { comparisonReader } from './comparison.ts';
import { daemonReader, daemonWriter } from './daemon.ts';
import { detachWriter } from './detaching.ts';
import { dirtyWriter } from './dirty.ts';
import { findingWriter } from './findings.ts';
import { leaseWriter } from './leases.ts';
import { mirrorReader } from './mirror-reader.ts';
import { mirrorWriter } from './mirror-writer.ts';
import { planReader } from './plan-reader.ts';
import { erasePayloads, forgetDeliveries, forgetRuns } from './retention.ts';
import { runReader, runWriter } from './runs.ts';
import type { Sql } from './sql.ts';
import { userWriter } from './user-writer.ts';

export function storeReader(sql: Sql): StoreReader {
  return {
    ...planReader(sql),
    ...runReader(sql),
    ...daemonReader(sql),
    ...auditedReader(sql),
    ...comparisonReader(sql),
    mirror: mirrorReader(sql),
    auditHead: () => readAuditHead(sql),
  };
}

export interface TxContext {
  readonly clock: Clock;
  readonly auditKey: KeyObject;
}

export function storeTx(sql: Sql, { clock, auditKey }: TxContext): StoreTx {
  const allocate = (counter: CounterName, count: number): Promise<number> => allocateNumbers(sql, counter, count);
  const dirty = dirtyWriter(sql);
  return {
    ...planReader(sql),
    ...runReader(sql),
    ...daemonReader(sql),
    ...daemonWriter(sql, (count) => allocate('delivery', count)),
    ...unlinkedReader(sql),
    mirror: { ...mirrorReader(sql), ...mirrorWriter(sql) },
    dirty,
    userRows: userWriter(sql, clock),
    runRows: runWriter(sql),
    findings: findingWriter(sql, (count) => allocate('finding', count)),
    leases: leaseWriter(sql),
    sources: detachWriter(sql, dirty),
    allocate,
    audit: (entries) => appendAudit(sql, auditKey, entries),
    async forget(before, now) {
      await forgetRuns(sql, before.runs);
      await forgetDeliveries(sql, before.runs);
      const entry = before.payloads === undefined ? undefined : await erasePayloads(sql, before.payloads, now);
      if (entry !== undefined) await appendAudit(sql, auditKey, [entry]);
    },
  };
}

async function allocateNumbers(sql: Sql, counter: CounterName, count: number): Promise<number> {
  const row = await sql.first<{ value: number }>(
    `INSERT INTO counters (name, value) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value`,
    counter,
    count,
  );
  if (row === undefined) throw new RosterdError('bug', `The counter ${counter} gave no number.`);
  return row.value - count + 1;
}
