// What the daemon tells of itself as log lines: one per fact, nothing while all is well between two runs.

import type { DaemonEvent } from '../sync/events.ts';
import type { Logger } from './logger.ts';

export const logDaemon =
  (log: Logger): ((event: DaemonEvent) => void) =>
  (event) => {
    switch (event.kind) {
      case 'daemon:started': {
        const { version, holder, scheduled } = event;
        return log.info('daemon started', { version, holder, scheduled });
      }
      case 'daemon:stopping':
        return log.info('daemon stopping', { because: event.because });
      case 'daemon:stopped':
        return log.info('daemon stopped', { upMs: event.upMs });
      case 'tick:skipped': {
        const { source, dueAt, reason, detail } = event;
        return log.warn('nothing ran at a scheduled time', {
          source,
          dueAt: new Date(dueAt).toISOString(),
          reason,
          detail,
        });
      }
      case 'run:retrying': {
        const { source, attempt, waitMs, errorCode } = event;
        return log.warn('the run is tried again', { source, attempt, waitMs, errorCode });
      }
      case 'run:not-started': {
        const { source, errorCode, because } = event;
        return log.error('a scheduled run could not start', { source, errorCode, because });
      }
      case 'run:broke': {
        const { run, source, errorCode, because } = event;
        return log.error('a scheduled run broke', { run, source, errorCode, because });
      }
      case 'run:hangs':
        return log.error('a run hangs beyond its deadline', { source: event.source, because: event.because });
      case 'notice:written':
        return log.info('people are told', { source: event.source, notices: event.notices });
      case 'notice:put-back':
        return log.info('given-up notices are tried again', { notices: event.notices, actor: event.actor });
      case 'notice:sent':
        return log.info('notice sent', { target: event.target, notice: event.notice, attempts: event.attempts });
      case 'notice:failed': {
        const { target, notice, attempts, because, isGivenUp } = event;
        const message = isGivenUp ? 'notice given up' : 'notice not sent, it is tried again';
        return log[isGivenUp ? 'error' : 'warn'](message, { target, notice, attempts, because });
      }
      case 'audit:verified': {
        const { isWhole, entries, durationMs, seq } = event;
        if (isWhole) return log.info('audit log proven whole', { entries, durationMs });
        return log.error('the audit log is not as it was written', { seq, durationMs });
      }
      case 'watch:failed':
        return log.error('the daemon is in trouble', {
          what: event.what,
          errorCode: event.errorCode,
          because: event.because,
        });
      case 'watch:recovered':
        return log.info('the daemon is out of trouble', { what: event.what, afterMs: event.afterMs });
      default:
        return event satisfies never;
    }
  };
