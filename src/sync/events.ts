// What a run tells the outside: typed events that the log, the progress bars, metrics and tests listen to.
// Events carry facts and numbers, never attribute values. A listener can neither slow a run down nor break it.

import type { Hold } from '../model/decision.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { EpochMs, RunId, SourceName } from '../model/ids.ts';
import type { NoticeKind } from '../model/notice.ts';
import type { AppliedCounts, RunCounts, RunState } from '../model/run.ts';
import type { SkipReason } from '../model/schedule.ts';

/** `waiting`: another source plans or applies. */
export type RunPhase =
  | 'connecting'
  | 'reading'
  | 'confirming'
  | 'waiting'
  | 'planning'
  | 'judging'
  | 'applying'
  | 'verifying';

interface OfRun {
  readonly run: RunId;
  readonly source: SourceName;
}

export type SyncEvent =
  | (OfRun & {
      readonly kind: 'run:started';
      readonly mode: 'full' | 'delta';
      readonly dryRun: boolean;
      readonly trigger: string;
      readonly actor: string;
    })
  | (OfRun & { readonly kind: 'run:interrupted-closed'; readonly interrupted: RunId })
  | (OfRun & { readonly kind: 'phase:started'; readonly phase: RunPhase; readonly total?: number })
  /** `done` of `total` (an estimate from the last complete read, where known) records or changes of the phase. */
  | (OfRun & {
      readonly kind: 'phase:progressed';
      readonly phase: RunPhase;
      readonly done: number;
      readonly total?: number;
    })
  | (OfRun & {
      readonly kind: 'read:ended';
      readonly outcome: 'complete' | 'partial' | 'resync-required';
      readonly because?: string;
      readonly accounts: number;
      readonly groups: number;
      readonly edges: number;
      readonly durationMs: number;
      /** The source asked to be left alone for so long (Retry-After). */
      readonly retryAfterMs?: number;
    })
  | (OfRun & {
      readonly kind: 'plan:judged';
      readonly planned: number;
      readonly held: number;
      readonly holds: readonly Hold[];
    })
  /** What became of changes of the run whenever applying them ended, also half-way. Added up, `applied` is what sync wrote to the audit log. */
  | (OfRun & {
      readonly kind: 'changes:applied';
      /** The run itself, a later one that resumed it, or a person's approval. */
      readonly by: 'run' | 'resumption' | 'approval';
      readonly counts: AppliedCounts;
    })
  | (OfRun & { readonly kind: 'verify:failed'; readonly subjects: number })
  | (OfRun & {
      readonly kind: 'run:ended';
      readonly state: RunState;
      readonly errorCode?: ErrorCode;
      readonly because?: string;
      readonly counts: RunCounts;
      readonly durationMs: number;
      readonly auditHead?: string;
    })
  | { readonly kind: 'tls:off'; readonly source: SourceName }
  | DaemonEvent;

/** What the daemon tells of itself beside the runs. */
export type DaemonEvent =
  | { readonly kind: 'daemon:started'; readonly version: string; readonly holder: string; readonly scheduled: number }
  | { readonly kind: 'daemon:stopping'; readonly because: string }
  | { readonly kind: 'daemon:stopped'; readonly upMs: number }
  /** Nothing ran at a scheduled time. */
  | {
      readonly kind: 'tick:skipped';
      readonly source: SourceName;
      readonly dueAt: EpochMs;
      readonly reason: SkipReason;
      readonly detail: string;
    }
  /** What failed is tried again after `waitMs`. */
  | {
      readonly kind: 'run:retrying';
      readonly source: SourceName;
      readonly attempt: number;
      readonly waitMs: number;
      readonly errorCode: ErrorCode;
    }
  /** A scheduled run that could not even be written down, e.g. because the database is gone. */
  | {
      readonly kind: 'run:not-started';
      readonly source: SourceName;
      readonly errorCode: ErrorCode;
      readonly because: string;
    }
  /** A scheduled run that was written down and ended with an error of rosterd or the store; the next one goes on. */
  | {
      readonly kind: 'run:broke';
      readonly run: RunId;
      readonly source: SourceName;
      readonly errorCode: ErrorCode;
      readonly because: string;
    }
  /** A run did not stop at its deadline. Its source waits until it ends, or until the process is started again. */
  | { readonly kind: 'run:hangs'; readonly source: SourceName; readonly because: string }
  | { readonly kind: 'notice:written'; readonly notices: readonly string[]; readonly source?: SourceName }
  /** A person puts back what was given up. */
  | { readonly kind: 'notice:put-back'; readonly notices: number; readonly actor: string }
  | { readonly kind: 'notice:sent'; readonly target: string; readonly notice: NoticeKind; readonly attempts: number }
  | {
      readonly kind: 'notice:failed';
      readonly target: string;
      readonly notice: NoticeKind;
      readonly attempts: number;
      readonly because: string;
      readonly isGivenUp: boolean;
    }
  | {
      readonly kind: 'audit:verified';
      readonly isWhole: boolean;
      readonly entries: number;
      readonly durationMs: number;
      readonly seq?: number;
    }
  /** Something that the daemon does every few seconds failed, e.g. because the database is gone; told once until it works again. */
  | { readonly kind: 'watch:failed'; readonly what: string; readonly errorCode: ErrorCode; readonly because: string }
  | { readonly kind: 'watch:recovered'; readonly what: string; readonly afterMs: number };

export type EventSink = (event: SyncEvent) => void;
