// What is counted: the events of real runs and of the daemon, each as they happen.
// Invariant: every series of a source or a target exists, at 0, before anything happens to it, so that rate() sees the first time.

import { type ErrorCode, errorCatalogue } from '../model/errors.ts';
import type { RunId, SourceName } from '../model/ids.ts';
import { type NoticeKind, noticeKinds } from '../model/notice.ts';
import type { Run, RunState } from '../model/run.ts';
import type { SkipReason } from '../model/schedule.ts';
import type { EventSink, SyncEvent } from '../sync/events.ts';
import type { Families } from './metric-families.ts';

type EventOf<Kind extends SyncEvent['kind']> = Extract<SyncEvent, { readonly kind: Kind }>;

/** A run that ends while its plan is applied goes on in the next one. */
const endOf = {
  reading: 'interrupted',
  planning: 'interrupted',
  applying: 'interrupted',
  verifying: 'interrupted',
  done: 'done',
  held: 'held',
  partial: 'partial',
  failed: 'failed',
  interrupted: 'interrupted',
  paused: 'paused',
} as const satisfies Record<RunState, RunState>;

const ownTrigger: Run['trigger'] = 'schedule';
const outcomes = ['applied', 'created', 'obsolete', 'conflict'] as const;
const skipReasons = Object.keys({
  'still-running': true,
  'running-elsewhere': true,
  missed: true,
  'credentials-refused': true,
} satisfies Record<SkipReason, true>);

const codes = Object.keys(errorCatalogue) as ErrorCode[];
const retriedCodes = codes.filter((code) => code.startsWith('source-') && errorCatalogue[code].recovery === 'retry');
const storeCodes = codes.filter((code) => errorCatalogue[code].fault === 'store');

/** Once for each source, because its histograms forget what they have. */
export function startSourceAtZero(families: Families, source: SourceName): void {
  for (const state of new Set(Object.values(endOf))) families.runs.inc({ source, state, trigger: ownTrigger }, 0);
  for (const outcome of [...outcomes, 'held']) families.changes.inc({ source, outcome }, 0);
  for (const reason of skipReasons) families.skippedTicks.inc({ source, reason }, 0);
  for (const code of retriedCodes) families.retries.inc({ source, code }, 0);
  for (const code of storeCodes) families.notStarted.inc({ source, code }, 0);
  families.mismatches.inc({ source }, 0);
  families.runDuration.zero({ source });
  families.readDuration.zero({ source });
}

export function startTargetAtZero(families: Families, target: string): void {
  for (const kind of Object.keys(noticeKinds) as NoticeKind[]) families.noticesSent.inc({ target, kind }, 0);
  families.noticesFailed.inc({ target }, 0);
}

/** A clock that was set back makes durations negative, which a histogram must not take. */
const secondsOf = (ms: number): number => Math.max(0, ms) / 1000;

function countRead(families: Families, { source, accounts, groups, edges, durationMs }: EventOf<'read:ended'>): void {
  families.readDuration.observe({ source }, secondsOf(durationMs));
  for (const [kind, count] of Object.entries({ account: accounts, group: groups, edge: edges }))
    families.records.set({ source, kind }, count);
}

function countEnd(families: Families, event: EventOf<'run:ended'>, trigger: string): void {
  const { source, state, durationMs, counts } = event;
  families.runs.inc({ source, state: endOf[state], trigger });
  families.runDuration.observe({ source }, secondsOf(durationMs));
  families.changes.inc({ source, outcome: 'held' }, counts.held);
}

/** Never of a dry run. What is resumed or approved belongs to a run that this process may not have begun. */
function countApplied(families: Families, { source, counts }: EventOf<'changes:applied'>): void {
  for (const outcome of outcomes) families.changes.inc({ source, outcome }, counts[outcome]);
}

function countAudit(families: Families, isWhole: boolean): void {
  families.auditWhole.set(isWhole ? 1 : 0);
  families.auditVerified.set(Date.now() / 1000);
}

/** Events of the daemon itself; the others belong to a run. */
function countDaemon(families: Families, event: SyncEvent): void {
  if (event.kind === 'tick:skipped') families.skippedTicks.inc({ source: event.source, reason: event.reason });
  else if (event.kind === 'run:retrying') families.retries.inc({ source: event.source, code: event.errorCode });
  else if (event.kind === 'run:not-started') families.notStarted.inc({ source: event.source, code: event.errorCode });
  else if (event.kind === 'notice:sent') families.noticesSent.inc({ target: event.target, kind: event.notice });
  else if (event.kind === 'notice:failed') families.noticesFailed.inc({ target: event.target });
  else if (event.kind === 'audit:verified') countAudit(families, event.isWhole);
}

/** A listener that counts. What belongs to a dry run, or to a run whose start it has not heard, is left out. */
export function countEvents(families: Families): EventSink {
  // At most one real run of a source works at a time; one that never ended (its database is gone) is replaced by the next.
  const running = new Map<SourceName, { readonly run: RunId; readonly trigger: string }>();
  return (event) => {
    if (!('run' in event)) return countDaemon(families, event);
    if (event.kind === 'changes:applied') return countApplied(families, event);
    const { source, run } = event;
    if (event.kind === 'run:started' && !event.dryRun) running.set(source, { run, trigger: event.trigger });
    const started = running.get(source);
    if (started?.run !== run) return;
    if (event.kind === 'read:ended') countRead(families, event);
    else if (event.kind === 'verify:failed') families.mismatches.inc({ source }, event.subjects);
    else if (event.kind === 'run:ended') {
      running.delete(source);
      countEnd(families, event, started.trigger);
    }
  };
}
