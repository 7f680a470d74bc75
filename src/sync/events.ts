// What a run tells the outside: typed events that the log, the progress bars, metrics and tests listen to.
// Events carry facts and numbers, never attribute values. A listener can neither slow a run down nor break it.

import type { Hold } from '../model/decision.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { RunId, SourceName } from '../model/ids.ts';
import type { RunCounts, RunState } from '../model/run.ts';

export type RunPhase = 'connecting' | 'reading' | 'confirming' | 'planning' | 'judging' | 'applying' | 'verifying';

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
    })
  | (OfRun & {
      readonly kind: 'plan:judged';
      readonly planned: number;
      readonly held: number;
      readonly holds: readonly Hold[];
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
  | { readonly kind: 'tls:off'; readonly source: SourceName };

export type EventSink = (event: SyncEvent) => void;
