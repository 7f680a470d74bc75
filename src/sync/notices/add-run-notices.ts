// What people must hear of a run: written into the outbox by the transaction that saves how it ended.
// Invariant: every condition looks at stored facts, not at what this run did, so that what a crash kept from being told is told
// by the next run, and what was told is not told again (the key).

import type { Notice, NoticeKind } from '../../model/notice.ts';
import type { Run } from '../../model/run.ts';
import { endsFailing, failingFrom, failingLookBack, failingTicks } from '../../reconcile/failing-ticks.ts';
import type { SyncDeps } from '../deps.ts';
import type { StoreTx } from '../ports.ts';
import { planHeld, protectedFindings, sourceFailing, sourceRecovered } from './notice-texts.ts';
import { waitingHold } from './waiting-hold.ts';

type RunFacts = Pick<StoreTx, 'run' | 'runs' | 'openFindings' | 'lastNotice'>;
type Condition = (read: RunFacts, run: Run, now: Run['startedAt']) => Promise<Notice | undefined>;

const conditions: readonly (readonly [NoticeKind, Condition])[] = [
  ['plan-held', held],
  ['source-failing', failing],
  ['source-recovered', recovered],
  ['protected-finding', protectedUsers],
];

/** Returns what was new to anybody; the caller emits `notice:written` once the transaction is through. */
export async function addRunNotices(
  tx: RunFacts & Pick<StoreTx, 'addNotices'>,
  { noticeTargets, clock }: Pick<SyncDeps, 'noticeTargets' | 'clock'>,
  run: Run,
): Promise<readonly Notice[]> {
  const written: Notice[] = [];
  for (const [kind, condition] of conditions) {
    if (!noticeTargets.some(({ on }) => on.includes(kind))) continue;
    const notice = await condition(tx, run, clock.now());
    if (notice !== undefined && (await tx.addNotices([notice], noticeTargets)) > 0) written.push(notice);
  }
  return written;
}

async function held(read: RunFacts, { source }: Run, now: Run['startedAt']): Promise<Notice | undefined> {
  const hold = await waitingHold(read, source);
  return hold === undefined ? undefined : planHeld(hold, now);
}

async function failing(read: RunFacts, run: Run, now: Run['startedAt']): Promise<Notice | undefined> {
  const { source } = run;
  if (run.state !== 'failed' && run.state !== 'partial') return undefined;
  const newest = await read.runs({ source, kind: 'real', limit: failingLookBack });
  const ticks = failingTicks(newest);
  // Nobody is helped by waiting for what is not tried again soon, because it locks accounts.
  if (ticks < (run.errorCode === 'source-credentials' ? 1 : failingFrom)) return undefined;
  // The run that worked before stands for the whole row, however many runs it has by now.
  const complete = await read.runs({ source, kind: 'real', read: 'complete', limit: failingLookBack });
  return sourceFailing(run, complete.find(endsFailing), ticks, now);
}

async function recovered(read: RunFacts, run: Run, now: Run['startedAt']): Promise<Notice | undefined> {
  if (!endsFailing(run)) return undefined;
  const last = await read.lastNotice(run.source, ['source-failing', 'source-overdue', 'source-recovered']);
  return last === undefined || last.kind === 'source-recovered' ? undefined : sourceRecovered(run, last, now);
}

async function protectedUsers(read: RunFacts, { source }: Run, now: Run['startedAt']): Promise<Notice | undefined> {
  const findings = await read.openFindings(source, ['protected-match']);
  if (findings.length === 0) return undefined;
  // Their numbers only grow, and one that closes and opens again gets a new one.
  const told = (await read.lastNotice(source, ['protected-finding']))?.facts['lastFinding'];
  const fresh = typeof told === 'number' ? findings.filter(({ id }) => id > told) : findings;
  return protectedFindings(source, fresh, now);
}
