// The audit log for other tools: streamed page by page, as CSV (RFC 4180) or as JSON lines.
// CSV cells that a spreadsheet would run as a formula are defused; JSON lines carry every value as it is.

import type { EpochMs } from '../model/ids.ts';
import { csvLine } from './csv.ts';
import { formatMoment } from './moments.ts';
import type { AdminContext, AuditFilter, AuditPage, AuditRecord } from './ports.ts';

const pageSize = 1_000;

/** Page by page, so that memory does not grow with the log. */
export async function* streamAudit(
  context: AdminContext,
  filter: AuditFilter,
  page: { readonly order: AuditPage['order']; readonly limit?: number },
): AsyncIterable<AuditRecord> {
  let after: number | undefined;
  let left = page.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const limit = Math.min(pageSize, left);
    const records = await context.reads.auditRecords(filter, {
      order: page.order,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    yield* records;
    left -= records.length;
    after = records.at(-1)?.seq;
    if (records.length < limit || after === undefined) return;
  }
}

/** The shape of one entry for machines: in `audit list --json` and in JSON lines. */
export interface AuditJson {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly label: string;
  readonly userId: number | null;
  readonly runId: number | null;
  /** Null when it has expired or was erased. */
  readonly payload: unknown;
  readonly payloadHash: string;
  readonly mac: string;
}

export function auditJson(record: AuditRecord): AuditJson {
  const { seq, at, actor, action, subject, label, userId, runId, payload, payloadHash, mac } = record;
  return {
    seq,
    at: formatMoment(at as EpochMs),
    actor,
    action,
    subject,
    label,
    userId: userId ?? null,
    runId: runId ?? null,
    payload: payload ?? null,
    payloadHash,
    mac,
  };
}

export const csvColumns = [
  'seq',
  'at',
  'actor',
  'action',
  'subject',
  'label',
  'userId',
  'runId',
  'payload',
  'payloadHash',
  'mac',
] as const;

function csvOf(record: AuditRecord): string {
  const json = auditJson(record);
  return csvLine(
    csvColumns.map((column) =>
      column === 'payload' ? (json.payload === null ? null : JSON.stringify(json.payload)) : json[column],
    ),
  );
}

export type AuditFormat = 'csv' | 'jsonl';

/** The export as pieces of text, each with its line end. */
export async function* exportAudit(
  context: AdminContext,
  filter: AuditFilter,
  format: AuditFormat,
): AsyncIterable<string> {
  if (format === 'csv') yield `${csvColumns.join(',')}\r\n`;
  for await (const record of streamAudit(context, filter, { order: 'oldest' })) {
    yield format === 'csv' ? csvOf(record) : `${JSON.stringify(auditJson(record))}\n`;
  }
}
