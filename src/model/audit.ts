// The audit log's own nouns: how its head is written where people and later checks find it (with runs, in the log, on the command
// line), and an entry as it is read back by who looks for a pattern.

import type { ChangePart } from './change.ts';
import type { EpochMs, RunId, SourceName } from './ids.ts';

/** An audit entry about one user. */
export interface AuditedChange {
  readonly seq: number;
  readonly at: EpochMs;
  readonly actor: string;
  readonly action: string;
  readonly run?: RunId;
  /** Of the run. */
  readonly source?: SourceName;
  readonly parts: readonly ChangePart[];
}

/** `seq:mac`, as `rosterd audit verify --head` takes it. */
export function formatHead({ seq, mac }: { readonly seq: number; readonly mac: string }): string {
  return `${seq}:${mac}`;
}

/** undefined for what is no head. */
export function parseHead(text: string): { readonly seq: number; readonly mac: string } | undefined {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim());
  return match === null ? undefined : { seq: Number(match[1]), mac: match[2] ?? '' };
}
