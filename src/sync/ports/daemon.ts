// What the daemon needs of the store beside the ports of a run: pauses, skipped times and the outbox of notices.

import type { Finding, FindingCode } from '../../model/finding.ts';
import type { EpochMs, SourceName } from '../../model/ids.ts';
import type { Delivery, Notice, NoticeKind } from '../../model/notice.ts';
import type { Pause } from '../../model/pause.ts';
import type { Skip } from '../../model/schedule.ts';
import type { User } from '../../model/user.ts';

/** To whom notices go; what a run needs to know of it. */
export interface NoticeTarget {
  readonly name: string;
  readonly on: readonly NoticeKind[];
}

/** What is sent: a notice, or the message of `rosterd notify test`, which is in no outbox. */
export type Message = Omit<Notice, 'kind'> & { readonly kind: NoticeKind | 'test' };

/** The way to one target. */
export interface Messenger {
  /** `id` stays the same for every attempt, so that the receiver can tell a repetition. Throws `notice-unsent`, `notice-refused`, `notice-undeliverable`. */
  send(message: Message, id: string, signal: AbortSignal): Promise<void>;
}

export interface OpenFinding extends Finding {
  readonly id: number;
  readonly openedAt: EpochMs;
}

export interface DaemonReader {
  /** In force at `now`, those of all sources first. */
  pauses(now: EpochMs): Promise<readonly Pause[]>;
  /** The last skipped time of each source. */
  skips(): Promise<readonly Skip[]>;
  /** Holders of living leases whose name starts with `prefix`, by name. */
  leaseHolders(prefix: string, now: EpochMs): Promise<readonly { readonly name: string; readonly holder: string }[]>;
  /** To be sent at `now`, the oldest first; also what is more than two hours ahead, because the clock was set back. */
  dueDeliveries(now: EpochMs, limit: number): Promise<readonly Delivery[]>;
  /** Newest first. `undelivered`: neither sent nor given up, or given up. */
  deliveries(filter: { readonly state: 'any' | 'undelivered'; readonly limit: number }): Promise<readonly Delivery[]>;
  deliveryCounts(): Promise<{ readonly waiting: number; readonly givenUp: number }>;
  /** The newest notice of one of these kinds about the source that has been written for anybody. */
  lastNotice(source: SourceName, kinds: readonly NoticeKind[]): Promise<Notice | undefined>;
  /** Notices of the kind that were written for anybody at `since` or later, oldest first. */
  noticesSince(kind: NoticeKind, since: EpochMs): Promise<readonly Notice[]>;
  /** Of the source, with one of these codes, oldest first. */
  openFindings(source: SourceName, codes: readonly FindingCode[]): Promise<readonly OpenFinding[]>;
  /** Users whose sync switch is off and goes on by itself in (after, until]. */
  syncOffEnding(after: EpochMs, until: EpochMs): Promise<readonly User[]>;
}

export interface DaemonWriter {
  /** Replaces a pause of the same scope. */
  setPause(pause: Pause): Promise<void>;
  /** False when there was none. */
  liftPause(scope: Pause['scope']): Promise<boolean>;
  saveSkip(skip: Skip): Promise<void>;
  /** One delivery per notice and target that wants its kind; a key that the target has had already is left out. Returns how many were new. */
  addNotices(notices: readonly Notice[], targets: readonly NoticeTarget[]): Promise<number>;
  saveDelivery(delivery: Delivery): Promise<void>;
}
