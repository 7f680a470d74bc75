// What the daemon does beside the runs: tells people, and proves the audit log.

import type { AuditVerdict } from '../admin/ports.ts';
import { asEpochMs, type EpochMs } from '../model/ids.ts';
import type { Chore } from './daemon.ts';
import { deliverDue } from './deliver-notices.ts';
import type { SyncDeps } from './deps.ts';
import { addTimedNotices, type TimedNoticeDeps } from './notices/add-timed-notices.ts';
import { announceNotices } from './notices/announce-notices.ts';
import { auditNotice } from './notices/notice-texts.ts';
import type { Messenger } from './ports/daemon.ts';

export type NoticesChoreOptions = TimedNoticeDeps &
  Pick<SyncDeps, 'holder'> & {
    readonly messengers: ReadonlyMap<string, Messenger>;
  };

/** Notes what time alone makes true, then sends what waits. */
export function noticesChore(options: NoticesChoreOptions): Chore {
  const { store, clock, emit, holder, messengers } = options;
  return {
    name: 'notices',
    async run(signal) {
      await addTimedNotices(options);
      await deliverDue({ store, clock, emit, holder, messengers, signal });
    },
  };
}

export interface AuditChoreOptions extends Pick<SyncDeps, 'store' | 'clock' | 'emit' | 'noticeTargets'> {
  /** The newest scheduled time in (after, now]. */
  lastTick(now: EpochMs, after: EpochMs): EpochMs | undefined;
  verify(signal: AbortSignal): Promise<AuditVerdict>;
}

/** Proves the whole log when the daemon starts (somebody may have changed it while nobody watched) and at each scheduled time. */
export function auditChore({ store, clock, emit, noticeTargets, lastTick, verify }: AuditChoreOptions): Chore {
  let provenAt: EpochMs | undefined;
  const isDue = (now: EpochMs): boolean =>
    // A clock that was set back must not stop the proofs until it has caught up.
    provenAt === undefined || lastTick(now, asEpochMs(Math.min(provenAt, now))) !== undefined;
  return {
    name: 'audit proof',
    async run(signal) {
      const now = clock.now();
      if (!isDue(now)) return;
      const startedAt = performance.now();
      const verdict = await verify(signal);
      provenAt = now;
      const durationMs = Math.round(performance.now() - startedAt);
      if (verdict.ok) {
        emit({ kind: 'audit:verified', isWhole: true, entries: verdict.entries, durationMs });
        return;
      }
      emit({ kind: 'audit:verified', isWhole: false, entries: 0, durationMs, seq: verdict.seq });
      const notice = auditNotice(verdict, now);
      if ((await store.write((tx) => tx.addNotices([notice], noticeTargets))) > 0) announceNotices(emit, [notice]);
    },
  };
}
