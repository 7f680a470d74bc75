// What time alone makes true: held for more than a day, no complete read for too long, a sync switch that goes back on.
// The daemon asks every few seconds. Invariant: when there is nothing new, nothing is written.

import { asEpochMs, type EpochMs, type SourceName } from '../../model/ids.ts';
import type { Notice, NoticeKind } from '../../model/notice.ts';
import type { SourceSchedule } from '../../model/schedule.ts';
import { freshFrom, freshLookBack } from '../../reconcile/fresh-from.ts';
import type { SyncDeps } from '../deps.ts';
import type { StoreReader } from '../ports.ts';
import { announceNotices } from './announce-notices.ts';
import { planHeldLong, sourceOverdue, syncOffExpiring } from './notice-texts.ts';
import { type SwitchEnd, switchEndKey, unpackEnds } from './switch-ends.ts';
import { waitingHold } from './waiting-hold.ts';

const dayMs = 86_400_000;

export interface TimedNoticeDeps extends Pick<SyncDeps, 'store' | 'clock' | 'emit' | 'noticeTargets' | 'policy'> {
  readonly schedules: readonly { readonly source: SourceName; readonly schedule: SourceSchedule }[];
  /** How long after `from` a source of this schedule may be without a complete read. */
  overdueAfterMs(schedule: SourceSchedule, from: EpochMs): number;
  /** A source that nobody has ever tried to read counts from here. */
  readonly startedAt: EpochMs;
}

type TimedFacts = Pick<StoreReader, 'run' | 'runs' | 'openFindings' | 'lastNotice' | 'noticesSince' | 'syncOffEnding'>;

/** Returns what was written. One short transaction when there is something new, which it looks at again. */
export async function addTimedNotices(deps: TimedNoticeDeps): Promise<readonly Notice[]> {
  const { store, emit, noticeTargets } = deps;
  if (noticeTargets.length === 0 || (await newNotices(store.read, deps)).length === 0) return [];
  const written = await store.write(async (tx) => {
    const fresh: Notice[] = [];
    for (const notice of await newNotices(tx, deps)) {
      if ((await tx.addNotices([notice], noticeTargets)) > 0) fresh.push(notice);
    }
    return fresh;
  });
  announceNotices(emit, written);
  return written;
}

async function newNotices(read: TimedFacts, deps: TimedNoticeDeps): Promise<readonly Notice[]> {
  const isWanted = (kind: NoticeKind): boolean => deps.noticeTargets.some(({ on }) => on.includes(kind));
  const now = deps.clock.now();
  const found: (Notice | undefined)[] = [];
  // What a source holds is told whether or not it has a schedule.
  for (const { name: source } of isWanted('plan-held-long') ? deps.policy.sources : []) {
    const hold = await waitingHold(read, source);
    if (hold !== undefined) found.push(await unlessTold(read, planHeldLong(hold, now)));
  }
  for (const { source, schedule } of isWanted('source-overdue') ? deps.schedules : [])
    found.push(await unlessTold(read, await overdue(read, deps, source, schedule, now)));
  if (isWanted('sync-off-expiring')) found.push(await switchesEnding(read, now));
  return found.filter((notice) => notice !== undefined);
}

/** Of a source, the newest of a kind is the only one that can be told again. */
async function unlessTold(read: TimedFacts, notice: Notice | undefined): Promise<Notice | undefined> {
  if (notice?.source === undefined) return notice;
  const told = await read.lastNotice(notice.source, [notice.kind]);
  return told?.key === notice.key ? undefined : notice;
}

async function overdue(
  read: TimedFacts,
  { startedAt, overdueAfterMs }: TimedNoticeDeps,
  source: SourceName,
  schedule: SourceSchedule,
  now: EpochMs,
): Promise<Notice | undefined> {
  const [lastComplete] = await read.runs({ source, kind: 'real', read: 'complete', limit: 1 });
  const attempts = lastComplete === undefined ? await read.runs({ source, kind: 'real', limit: freshLookBack }) : [];
  const from = freshFrom(lastComplete, attempts) ?? startedAt;
  const allowedMs = overdueAfterMs(schedule, from);
  if (now - from <= allowedMs) return undefined;
  const [lastRun] = await read.runs({ source, kind: 'real', limit: 1 });
  return sourceOverdue({ source, lastComplete, lastRun, from, allowedMs }, now);
}

async function switchesEnding(read: TimedFacts, now: EpochMs): Promise<Notice | undefined> {
  const users = await read.syncOffEnding(now, asEpochMs(now + dayMs));
  if (users.length === 0) return undefined;
  const ends = users.flatMap((user): readonly SwitchEnd[] => {
    const until = user.syncOff?.until;
    return until === undefined
      ? []
      : [{ user: user.id, name: user.values.username?.value ?? `user:${user.id}`, until }];
  });
  // What ends within a day was told a day ago at the earliest.
  const told = new Set(
    (await read.noticesSince('sync-off-expiring', asEpochMs(now - 2 * dayMs))).flatMap(({ memo = '' }) =>
      unpackEnds(memo),
    ),
  );
  return syncOffExpiring(
    ends.filter((end) => !told.has(switchEndKey(end))),
    now,
  );
}
