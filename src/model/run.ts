// One execution for one source, and what is stored of it.

import type { Hold } from './decision.ts';
import type { ErrorCode } from './errors.ts';
import type { EpochMs, RunId, SourceName } from './ids.ts';

/**
 * While it works, then how it ended. `partial`: the read was not complete; what it added and changed was applied.
 * `paused`: it was read and nothing was applied, because a person had paused the source, or because it has to wait for another
 * source (`waits-for-source`); who is dirty stays dirty.
 */
export type RunState =
  | 'reading'
  | 'planning'
  | 'applying'
  | 'verifying'
  | 'done'
  | 'held'
  | 'partial'
  | 'failed'
  | 'interrupted'
  | 'paused';

/** Numbers of a run, all of records or changes. */
export interface RunCounts {
  readonly accountsRead: number;
  readonly groupsRead: number;
  readonly edgesRead: number;
  readonly rejected: number;
  /** Mirror rows that were new or differed. */
  readonly mirrorChanged: number;
  readonly missing: number;
  readonly absent: number;
  readonly outOfScope: number;
  readonly unresolvedMembers: number;
  readonly planned: number;
  readonly created: number;
  readonly applied: number;
  readonly held: number;
  readonly obsolete: number;
  readonly conflict: number;
  readonly findingsOpened: number;
  readonly findingsClosed: number;
}

/** What became of changes. `created`: those of `applied` that made a user. */
export type AppliedCounts = Pick<RunCounts, 'applied' | 'created' | 'obsolete' | 'conflict'>;

export const noCounts: RunCounts = {
  accountsRead: 0,
  groupsRead: 0,
  edgesRead: 0,
  rejected: 0,
  mirrorChanged: 0,
  missing: 0,
  absent: 0,
  outOfScope: 0,
  unresolvedMembers: 0,
  planned: 0,
  created: 0,
  applied: 0,
  held: 0,
  obsolete: 0,
  conflict: 0,
  findingsOpened: 0,
  findingsClosed: 0,
};

export interface Run {
  readonly id: RunId;
  readonly source: SourceName;
  readonly trigger: 'cli' | 'schedule' | 'api' | 'approval';
  readonly actor: string;
  readonly mode: 'full' | 'delta';
  readonly dryRun: boolean;
  /** 1, or more when the daemon tries again what failed at the same scheduled time. */
  readonly attempt: number;
  readonly state: RunState;
  /** How its read ended; absent while it reads, and when the source could not be reached. */
  readonly read?: 'complete' | 'partial';
  readonly startedAt: EpochMs;
  readonly endedAt?: EpochMs;
  readonly errorCode?: ErrorCode;
  readonly because?: string;
  readonly counts: RunCounts;
  readonly proof?: Readonly<Record<string, string | number | boolean>>;
  readonly holds: readonly Hold[];
  /** Danger key -> count applied without approval. */
  readonly applied: Readonly<Record<string, number>>;
  readonly enabledBefore?: number;
  readonly heldChecksum?: string;
  /** The run whose stored changes are the held ones, when this run derived the same set again. */
  readonly heldRunId?: RunId;
  readonly auditHead?: string;
}

export type ChangeState = 'planned' | 'held' | 'applied' | 'obsolete' | 'conflict' | 'superseded' | 'rejected';
