// The events of a run as log lines: about six at `info` (started, read, judged, applying, applied, ended), whatever its size.
// Invariant: numbers and reasons, never attribute values; the run's number on every line of a run.

import type { Hold } from '../model/decision.ts';
import type { RunState } from '../model/run.ts';
import type { EventSink, SyncEvent } from '../sync/events.ts';
import { logDaemon } from './log-daemon.ts';
import type { Logger, LogLevel } from './logger.ts';

type EventOf<Kind extends SyncEvent['kind']> = Extract<SyncEvent, { readonly kind: Kind }>;

const levelOfState: Readonly<Record<RunState, LogLevel>> = {
  reading: 'info',
  planning: 'info',
  applying: 'info',
  verifying: 'info',
  done: 'info',
  held: 'warn',
  partial: 'warn',
  failed: 'error',
  interrupted: 'warn',
  paused: 'warn',
};

const holdText = ({ kind, of, count, recent, baseline }: Hold): string =>
  `${kind}${of === undefined ? '' : ` of ${of}`}: ${count}${recent === 0 ? '' : ` and ${recent} in the last 24 h`} of ${baseline}`;

function logStarted(log: Logger, { mode, dryRun, trigger, actor }: EventOf<'run:started'>): void {
  log.info(dryRun ? 'dry run started' : 'run started', { mode, trigger, actor });
}

function logRead(log: Logger, event: EventOf<'read:ended'>): void {
  const { outcome, because, accounts, groups, edges, durationMs } = event;
  const facts = { outcome, because, accounts, groups, edges, durationMs };
  if (outcome === 'complete') log.info('read complete', facts);
  else if (outcome === 'partial') log.warn('read partial: nothing is removed', facts);
  else log.warn('the source asks for a full read', facts);
}

function logJudged(log: Logger, { planned, held, holds }: EventOf<'plan:judged'>): void {
  if (held === 0) log.info('plan judged safe', { planned });
  else log.warn('the guard holds changes', { planned, held, holds: holds.map(holdText) });
}

function logApplied(log: Logger, { by, counts }: EventOf<'changes:applied'>): void {
  const told = withoutZeros(counts);
  if (Object.keys(told).length > 0) log.info('changes applied', { by, ...told });
}

/** Zeros say nothing; a run that changed nothing is a short line. */
const withoutZeros = (counts: object): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

function logEnded(
  log: Logger,
  { state, errorCode, because, counts, durationMs, auditHead }: EventOf<'run:ended'>,
): void {
  const facts = { state, errorCode, because, durationMs, ...withoutZeros(counts), auditHead };
  log[levelOfState[state]](`run ended: ${state}`, facts);
}

/** A listener that logs. `phase:progressed` is for progress bars: a line per page would bury the others. */
export function logEvents(logger: Logger): EventSink {
  return (event) => {
    const log = 'run' in event ? logger.child({ run: event.run, source: event.source }) : logger;
    switch (event.kind) {
      case 'run:started':
        return logStarted(log, event);
      case 'run:interrupted-closed':
        return log.warn('closed a run that was interrupted', { interrupted: event.interrupted });
      case 'phase:started':
        return log[event.phase === 'applying' ? 'info' : 'debug'](event.phase, { total: event.total });
      case 'phase:progressed':
        return undefined;
      case 'read:ended':
        return logRead(log, event);
      case 'plan:judged':
        return logJudged(log, event);
      case 'changes:applied':
        return logApplied(log, event);
      case 'verify:failed':
        return log.error('planning again after the run did not come out empty', { subjects: event.subjects });
      case 'run:ended':
        return logEnded(log, event);
      case 'tls:off':
        return log.warn('TLS is off: passwords and data cross the network in clear text', { source: event.source });
      case 'daemon:started':
      case 'daemon:stopping':
      case 'daemon:stopped':
      case 'tick:skipped':
      case 'run:retrying':
      case 'run:not-started':
      case 'run:broke':
      case 'run:hangs':
      case 'notice:written':
      case 'notice:put-back':
      case 'notice:sent':
      case 'notice:failed':
      case 'audit:verified':
      case 'watch:failed':
      case 'watch:recovered':
        return logDaemon(logger)(event);
      default:
        return event satisfies never;
    }
  };
}
