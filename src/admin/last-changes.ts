// When each thing of a user last changed, by whom and in which run: read from the audit log, newest first, until all is found.

import type { ChangePart } from '../model/change.ts';
import { changeKey, partsIn } from '../model/change-key.ts';
import type { EpochMs, RunId, UserId } from '../model/ids.ts';
import { streamAudit } from './audit-export.ts';
import type { AdminContext, AuditRecord } from './ports.ts';

export interface LastChange {
  readonly at: EpochMs;
  readonly actor: string;
  readonly action: string;
  /** Sequence number of the audit entry. */
  readonly audit: number;
  readonly run?: RunId;
  /** The rule that was applied then, where the part has one. */
  readonly rule?: string;
}

/** Entries that are looked through before a thing counts as older than the log is worth reading for. */
const mostEntries = 5_000;

export type LastChanges = ReadonlyMap<string, LastChange>;

export async function lastChangesOf(
  context: AdminContext,
  user: UserId,
  wanted: ReadonlySet<string>,
): Promise<LastChanges> {
  const found = new Map<string, LastChange>();
  let missing = wanted.size;
  for await (const record of streamAudit(context, { user }, { order: 'newest', limit: mostEntries })) {
    for (const part of partsIn(record.payload)) {
      const key = changeKey(part);
      if (key === undefined || found.has(key)) continue;
      found.set(key, lastChange(record, part));
      if (wanted.has(key)) missing -= 1;
    }
    if (missing <= 0) break;
  }
  return found;
}

function lastChange({ at, actor, action, seq, runId }: AuditRecord, part: ChangePart): LastChange {
  const rule = 'rule' in part ? part.rule : 'because' in part ? part.because : undefined;
  return {
    at,
    actor,
    action,
    audit: seq,
    ...(runId === undefined ? {} : { run: runId }),
    ...(rule === undefined ? {} : { rule }),
  };
}
