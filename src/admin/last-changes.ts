// When each thing of a user last changed, by whom and in which run: read from the audit log, newest first, until all is found.

import type { ChangePart, TeamRef } from '../model/change.ts';
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

/** Name of the thing that a part changes; teams go by name, because a plan may name a team before it has a number. */
export function changeKey(part: ChangePart): string | undefined {
  switch (part.part) {
    case 'field':
      return `field:${part.field}`;
    case 'attribute':
      return `attribute:${part.name}:${part.owner}`;
    case 'enabled':
    case 'main-team':
    case 'created':
      return part.part;
    case 'linked':
    case 'link-state':
      return `link:${part.source}:${part.account}`;
    case 'membership':
    case 'grant':
      return teamChangeKey(part.part, part.team, part.owner);
    case 'role':
      return `role:${part.role}:${part.owner}`;
    default:
      return undefined;
  }
}

export const teamChangeKey = (part: 'membership' | 'grant', team: Pick<TeamRef, 'name'>, owner: string): string =>
  `${part}:${team.name}:${owner}`;

export async function lastChangesOf(
  context: AdminContext,
  user: UserId,
  wanted: ReadonlySet<string>,
): Promise<LastChanges> {
  const found = new Map<string, LastChange>();
  let missing = wanted.size;
  for await (const record of streamAudit(context, { user }, { order: 'newest', limit: mostEntries })) {
    for (const part of partsOf(record)) {
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

/** The parts of an entry: of a stored change as of an admin act. An erased payload has none. */
function partsOf(record: AuditRecord): readonly ChangePart[] {
  const payload = record.payload as { readonly parts?: unknown } | undefined | null;
  return Array.isArray(payload?.parts) ? (payload.parts as readonly ChangePart[]) : [];
}
