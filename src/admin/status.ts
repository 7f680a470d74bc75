// How everything is at this moment, read in one go: what `rosterd status` prints, and what metrics and health are fed from.
// Invariant: it reads the store and nothing else. No source is asked, nothing is written, so it may be called at any time.

import type { Hold } from '../model/decision.ts';
import { parseHolder } from '../model/holder.ts';
import { asEpochMs, asRunId, type EpochMs, type RunId, type SourceName } from '../model/ids.ts';
import type { Pause } from '../model/pause.ts';
import type { Run } from '../model/run.ts';
import type { Skip, SourceSchedule } from '../model/schedule.ts';
import { failingLookBack, failingTicks } from '../reconcile/failing-ticks.ts';
import { freshFrom, freshLookBack } from '../reconcile/fresh-from.ts';
import type { AuditHead, StoreReader } from '../sync/ports.ts';
import type { AdminReader } from './ports.ts';

/** Who holds a lease. */
export interface LeaseHolder {
  /** As it stands in the lease. */
  readonly holder: string;
  readonly host: string;
  /** Absent where the text does not tell. */
  readonly pid?: number;
}

export interface StatusContext {
  readonly store: { readonly read: StoreReader };
  readonly reads: AdminReader;
  now(): EpochMs;
  /** In the order of the configuration. */
  readonly sources: readonly {
    readonly name: SourceName;
    readonly type: string;
    readonly schedule?: SourceSchedule;
  }[];
  /** The configured ones. */
  readonly noticeTargets: readonly string[];
  /** The next `count` times after `from`. */
  nextTicks(schedule: SourceSchedule, count: number, from: EpochMs): readonly EpochMs[];
  /** How long after a complete read at `from` the source is overdue. */
  overdueAfterMs(schedule: SourceSchedule, from: EpochMs): number;
}

export interface SourceStatus {
  readonly source: SourceName;
  readonly type: string;
  /** Absent: only on demand. */
  readonly schedule?: { readonly full: string; readonly timeZone: string; readonly next: readonly EpochMs[] };
  /** The newest real run whose read was complete; what it brought is at least as new as `at`, when it began. */
  readonly lastComplete?: { readonly run: RunId; readonly at: EpochMs };
  /** The newest real run that has ended. */
  readonly lastRun?: Run;
  /** Somebody alive is at the source; without a run: it begins, or a person's decision is being carried out. */
  readonly running?: LeaseHolder & { readonly run?: Run };
  /** What waits for a decision: the run that stores it, how many changes, since when, and why. */
  readonly held?: {
    readonly run: RunId;
    readonly changes: number;
    readonly since: EpochMs;
    readonly holds: readonly Hold[];
  };
  /** Open findings of the source. */
  readonly findings: number;
  /** Of this source; a pause of all stands in `Status.pauseOfAll`. */
  readonly pause?: Pause;
  /** The last time at which nothing ran, unless that is long past. */
  readonly skipped?: Skip;
  /** Scheduled times in a row that failed or read only a part. */
  readonly failingTicks: number;
  readonly isOverdue: boolean;
  readonly overdueSince?: EpochMs;
  /** A run that its process left open: it died, or was stopped half-way. The next run of the source closes it. */
  readonly leftOpen?: Run;
}

export interface Status {
  readonly at: EpochMs;
  /** Living ones. `name`: the name of its lease. */
  readonly daemons: readonly (LeaseHolder & { readonly name: string })[];
  readonly sources: readonly SourceStatus[];
  /** Who plans and applies; one at a time over all sources. */
  readonly reconciling?: LeaseHolder;
  readonly notices: { readonly waiting: number; readonly givenUp: number };
  /** Names; none: nobody is told of anything. */
  readonly noticeTargets: readonly string[];
  readonly pauseOfAll?: Pause;
  readonly auditHead: AuditHead;
}

const openStates = ['reading', 'planning', 'applying', 'verifying'] as const;
const endedStates = ['done', 'held', 'partial', 'failed', 'interrupted', 'paused'] as const;
const nextCount = 3;
const skipIsNewsMs = 7 * 86_400_000;
/** More than one per source is open only after a row of deaths. */
const mostOpen = 2_000;

/** What is asked once for all sources. */
interface Common {
  readonly now: EpochMs;
  readonly open: readonly Run[];
  readonly holders: ReadonlyMap<string, string>;
  readonly pauses: readonly Pause[];
  readonly skips: readonly Skip[];
  readonly findings: ReadonlyMap<SourceName, number>;
}

export async function readStatus(context: StatusContext): Promise<Status> {
  const { store, reads } = context;
  const { read } = store;
  const now = context.now();
  const common: Common = {
    now,
    // Before the leases: what is open before and after a moment without a lease has been left open.
    open: await read.runs({ kind: 'real', states: openStates, limit: mostOpen }),
    holders: new Map((await read.leaseHolders('', now)).map(({ name, holder }) => [name, holder])),
    pauses: await read.pauses(now),
    skips: await read.skips(),
    findings: await reads.openFindingsBySource(now),
  };
  const sources: SourceStatus[] = [];
  for (const source of context.sources) sources.push(await statusOf(context, common, source));
  const reconciling = common.holders.get('reconcile');
  const pauseOfAll = common.pauses.find(({ scope }) => scope.kind === 'all');
  return {
    at: now,
    daemons: [...common.holders]
      .filter(([name]) => name.startsWith('serve:'))
      .map(([name, holder]) => ({ name, ...holderOf(holder) })),
    sources,
    ...(reconciling === undefined ? {} : { reconciling: holderOf(reconciling) }),
    notices: await read.deliveryCounts(),
    noticeTargets: context.noticeTargets,
    ...(pauseOfAll === undefined ? {} : { pauseOfAll }),
    auditHead: await read.auditHead(),
  };
}

function holderOf(holder: string): LeaseHolder {
  const parsed = parseHolder(holder);
  return parsed === undefined ? { holder, host: holder } : { holder, host: parsed.host, pid: parsed.pid };
}

async function statusOf(
  context: StatusContext,
  common: Common,
  { name, type, schedule }: StatusContext['sources'][number],
): Promise<SourceStatus> {
  const { read } = context.store;
  const { now } = common;
  const real = { source: name, kind: 'real' } as const;
  const atWork = await atWorkOf(context, common, name);
  const [lastRun] = await read.runs({ ...real, states: endedStates, limit: 1 });
  const [complete] = await read.runs({ ...real, read: 'complete', limit: 1 });
  const newest = await read.runs({ ...real, limit: failingLookBack });
  const attempts = complete === undefined ? await read.runs({ ...real, limit: freshLookBack }) : [];
  const held = await heldOf(context, name);
  const pause = common.pauses.find(({ scope }) => scope.kind === 'source' && scope.source === name);
  const skipped = common.skips.find((skip) => skip.source === name);
  const isNews = skipped !== undefined && (skipped.at >= (lastRun?.startedAt ?? 0) || now - skipped.at <= skipIsNewsMs);
  return {
    source: name,
    type,
    ...(schedule === undefined ? {} : { schedule: scheduleOf(context, schedule, now) }),
    ...(complete === undefined ? {} : { lastComplete: { run: complete.id, at: complete.startedAt } }),
    ...(lastRun === undefined ? {} : { lastRun }),
    ...atWork,
    ...(held === undefined ? {} : { held }),
    findings: common.findings.get(name) ?? 0,
    ...(pause === undefined ? {} : { pause }),
    ...(isNews ? { skipped } : {}),
    failingTicks: failingTicks(newest),
    ...overdueOf(context, schedule, freshFrom(complete, attempts), now),
  };
}

const scheduleOf = (
  context: StatusContext,
  schedule: SourceSchedule,
  now: EpochMs,
): NonNullable<SourceStatus['schedule']> => ({
  full: schedule.full,
  timeZone: schedule.timeZone,
  next: context.nextTicks(schedule, nextCount, now),
});

async function atWorkOf(
  { store }: StatusContext,
  common: Common,
  source: SourceName,
): Promise<Pick<SourceStatus, 'running' | 'leftOpen'>> {
  const open = common.open.find((run) => run.source === source);
  const holder = common.holders.get(`source:${source}`);
  if (holder !== undefined) return { running: { ...holderOf(holder), ...(open === undefined ? {} : { run: open }) } };
  if (open === undefined) return {};
  const again = await store.read.run(open.id);
  return again !== undefined && openStates.some((state) => state === again.state) ? { leftOpen: again } : {};
}

/** The finding says that something waits, since when anything does, and which run stores it. */
async function heldOf({ store, reads, now }: StatusContext, source: SourceName): Promise<SourceStatus['held']> {
  const filter = { state: 'open', now: now(), code: 'plan-held', source } as const;
  const [finding] = await reads.findings(filter, { limit: 1 });
  const id = finding?.detail['run'];
  if (finding === undefined || typeof id !== 'number') return undefined;
  const run = await store.read.run(asRunId(id));
  if (run === undefined || run.counts.held === 0) return undefined;
  const changes = Number(finding.detail['changes']);
  // The finding stays open when one set follows another; the set itself waits since its run.
  const since = asEpochMs(Math.max(finding.openedAt, run.startedAt));
  return { run: run.id, changes, since, holds: run.holds };
}

function overdueOf(
  context: StatusContext,
  schedule: SourceSchedule | undefined,
  from: EpochMs | undefined,
  now: EpochMs,
): Pick<SourceStatus, 'isOverdue' | 'overdueSince'> {
  if (schedule === undefined || from === undefined) return { isOverdue: false };
  const since = asEpochMs(from + context.overdueAfterMs(schedule, from));
  return since < now ? { isOverdue: true, overdueSince: since } : { isOverdue: false };
}
