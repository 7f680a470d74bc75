// What monitoring reads of the daemon: well-formed, bounded, from 0, and there even when the database is not.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findingCodes } from '../../src/model/finding.ts';
import { asEpochMs, asRunId, asSourceName } from '../../src/model/ids.ts';
import { noticeKinds } from '../../src/model/notice.ts';
import { noCounts } from '../../src/model/run.ts';
import { createMetrics, type Metrics, type MetricsFacts, type MetricsOptions } from '../../src/observe/metrics.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { type Family, parseExposition } from './parse-exposition.ts';

const hq = asSourceName('ad-hq');
const south = asSourceName('uccx-south');
const facts: MetricsFacts = {
  sources: [
    {
      source: hq,
      nextRunAt: asEpochMs(1_800_000_600_000),
      lastRunAt: asEpochMs(1_800_000_000_500),
      lastCompleteReadAt: asEpochMs(1_800_000_010_000),
      isOverdue: false,
      isPaused: true,
      isRunning: false,
      heldChanges: 7,
      failingTicks: 0,
    },
    { source: south, isOverdue: true, isPaused: false, isRunning: true, heldChanges: 0, failingTicks: 3 },
  ],
  openFindings: [
    { code: 'disputed-match', source: hq, open: 2 },
    { code: 'disputed-match', source: south, open: 3 },
  ],
  notices: { waiting: 1, givenUp: 4 },
  isStoreReachable: true,
};

const metricsWith = (options: Partial<MetricsOptions> = {}): Metrics =>
  createMetrics({ version: '1.2.3', facts: async () => facts, targets: ['mail'], ...options });

const read = async (metrics: Metrics): Promise<ReadonlyMap<string, Family>> => parseExposition(await metrics.render());
const seriesOf = (families: ReadonlyMap<string, Family>, name: string): Readonly<Record<string, number>> =>
  Object.fromEntries(families.get(`rosterd_${name}`)?.series ?? []);
/** Those that are not 0. */
const risen = (families: ReadonlyMap<string, Family>, name: string): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(seriesOf(families, name)).filter(([, value]) => value !== 0));

const of = { run: asRunId(7), source: hq };
const started: SyncEvent = {
  ...of,
  kind: 'run:started',
  mode: 'full',
  dryRun: false,
  trigger: 'schedule',
  actor: 'sync',
};
const readEnded: SyncEvent = {
  ...of,
  kind: 'read:ended',
  outcome: 'complete',
  accounts: 900,
  groups: 5,
  edges: 80,
  durationMs: 1_500,
};
const ended = (state: Extract<SyncEvent, { kind: 'run:ended' }>['state'], durationMs = 90_000): SyncEvent => ({
  ...of,
  kind: 'run:ended',
  state,
  counts: { ...noCounts, planned: 9, applied: 6, created: 2, held: 3, conflict: 1 },
  durationMs,
});
const applied = (by: Extract<SyncEvent, { kind: 'changes:applied' }>['by'], run = 7): SyncEvent => ({
  kind: 'changes:applied',
  run: asRunId(run),
  source: hq,
  by,
  counts: { applied: 6, created: 2, obsolete: 0, conflict: 1 },
});
const daemonEvents: readonly SyncEvent[] = [
  { kind: 'tick:skipped', source: south, dueAt: asEpochMs(1), reason: 'missed', detail: '3 times' },
  { kind: 'run:retrying', source: south, attempt: 2, waitMs: 10, errorCode: 'source-busy' },
  { kind: 'run:not-started', source: south, errorCode: 'store-unreachable', because: 'gone' },
  { kind: 'notice:sent', target: 'mail', notice: 'plan-held', attempts: 1 },
  { kind: 'notice:failed', target: 'mail', notice: 'plan-held', attempts: 1, because: 'x', isGivenUp: false },
];

afterEach(() => {
  vi.useRealTimers();
});

describe('metrics', () => {
  it('are well-formed, named by the conventions and explained, those of Node.js among them', async () => {
    const metrics = metricsWith();
    for (const event of [started, readEnded, ended('held'), ...daemonEvents]) metrics.onEvent(event);

    const families = await read(metrics);

    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect([...families.keys()]).toEqual(
      expect.arrayContaining(['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes']),
    );
    const own = [...families.values()].filter(({ name }) => name.startsWith('rosterd_'));
    expect(own).toHaveLength(26);
    for (const { name, type, help } of own) {
      expect(name).toMatch(/^rosterd_[a-z]+(?:_[a-z]+)*$/u);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name, name).not.toMatch(/_(?:ms|milliseconds|minutes|count|sum|bucket)$/u);
      expect(help, name).toMatch(/^[A-Z1].{15,}\.?/u);
    }
    expect(seriesOf(families, 'build_info')).toEqual({ '{version="1.2.3"}': 1 });
  });

  it('count a run once, by source, end and trigger, with its times and changes', async () => {
    const metrics = metricsWith();
    for (const event of [started, readEnded, applied('run'), ended('held')]) metrics.onEvent(event);

    const families = await read(metrics);

    expect(risen(families, 'runs_total')).toEqual({ '{source="ad-hq",state="held",trigger="schedule"}': 1 });
    expect(risen(families, 'changes_total')).toEqual({
      '{outcome="applied",source="ad-hq"}': 6,
      '{outcome="conflict",source="ad-hq"}': 1,
      '{outcome="created",source="ad-hq"}': 2,
      '{outcome="held",source="ad-hq"}': 3,
    });
    expect(seriesOf(families, 'records_read')).toEqual({
      '{kind="account",source="ad-hq"}': 900,
      '{kind="edge",source="ad-hq"}': 80,
      '{kind="group",source="ad-hq"}': 5,
    });
    expect(seriesOf(families, 'run_duration_seconds')).toMatchObject({
      'sum{source="ad-hq"}': 90,
      'bucket{le="60",source="ad-hq"}': 0,
      'bucket{le="120",source="ad-hq"}': 1,
      'bucket{le="14400",source="ad-hq"}': 1,
      'bucket{le="+Inf",source="ad-hq"}': 1,
      'count{source="uccx-south"}': 0,
    });
    expect(seriesOf(families, 'read_duration_seconds')).toMatchObject({ 'sum{source="ad-hq"}': 1.5 });
  });

  it('count what was resumed or approved of a run that this process did not begin', async () => {
    const metrics = metricsWith();
    for (const event of [applied('resumption', 3), applied('approval', 4)]) metrics.onEvent(event);
    expect(risen(await read(metrics), 'changes_total')).toEqual({
      '{outcome="applied",source="ad-hq"}': 12,
      '{outcome="conflict",source="ad-hq"}': 2,
      '{outcome="created",source="ad-hq"}': 4,
    });
  });

  it('keep what was counted before the first scrape has told of the sources', async () => {
    const metrics = metricsWith();
    metrics.onEvent(started);
    metrics.onEvent(ended('done'));
    await read(metrics);
    expect(seriesOf(await read(metrics), 'run_duration_seconds')).toMatchObject({ 'count{source="ad-hq"}': 1 });
  });

  it('leave dry runs out, and runs whose start nobody heard', async () => {
    const metrics = metricsWith();
    metrics.onEvent({ ...started, run: asRunId(8), dryRun: true });
    metrics.onEvent({ ...readEnded, run: asRunId(8) });
    metrics.onEvent({ ...of, run: asRunId(8), kind: 'verify:failed', subjects: 1 });
    metrics.onEvent({ ...ended('done'), run: asRunId(8) } as SyncEvent);
    metrics.onEvent(ended('done'));

    const families = await read(metrics);

    for (const name of ['runs_total', 'changes_total', 'verify_mismatches_total', 'records_read'])
      expect(risen(families, name), name).toEqual({});
    expect(seriesOf(families, 'run_duration_seconds')).toMatchObject({ 'count{source="ad-hq"}': 0 });
  });

  it('count a run as its own though a dry run of the same source began meanwhile, and after one that never ended', async () => {
    const metrics = metricsWith();
    metrics.onEvent({ ...started, run: asRunId(6) } as SyncEvent);
    metrics.onEvent(started);
    metrics.onEvent({ ...started, run: asRunId(8), dryRun: true });
    metrics.onEvent({ ...of, kind: 'verify:failed', subjects: 4 });
    metrics.onEvent(ended('done'));
    const families = await read(metrics);
    expect(risen(families, 'runs_total')).toEqual({ '{source="ad-hq",state="done",trigger="schedule"}': 1 });
    expect(risen(families, 'verify_mismatches_total')).toEqual({ '{source="ad-hq"}': 4 });
  });

  it('call a run that ended while it applied interrupted, and survive a clock that was set back', async () => {
    const metrics = metricsWith();
    metrics.onEvent(started);
    metrics.onEvent(ended('applying', -5_000));
    const families = await read(metrics);
    expect(risen(families, 'runs_total')).toEqual({ '{source="ad-hq",state="interrupted",trigger="schedule"}': 1 });
    expect(seriesOf(families, 'run_duration_seconds')).toMatchObject({
      'sum{source="ad-hq"}': 0,
      'bucket{le="1",source="ad-hq"}': 1,
    });
  });

  it('count what the daemon tells of itself', async () => {
    const metrics = metricsWith();
    for (const event of daemonEvents) metrics.onEvent(event);
    const families = await read(metrics);
    expect(risen(families, 'ticks_skipped_total')).toEqual({ '{reason="missed",source="uccx-south"}': 1 });
    expect(risen(families, 'run_retries_total')).toEqual({ '{code="source-busy",source="uccx-south"}': 1 });
    expect(risen(families, 'runs_not_started_total')).toEqual({ '{code="store-unreachable",source="uccx-south"}': 1 });
    expect(risen(families, 'notices_sent_total')).toEqual({ '{kind="plan-held",target="mail"}': 1 });
    expect(risen(families, 'notices_failed_total')).toEqual({ '{target="mail"}': 1 });
  });

  it('start every source and target at 0, also when the database is not there at first', async () => {
    const gone = metricsWith({ sources: [hq], facts: () => Promise.reject(new Error('gone')) });
    const families = await read(gone);
    expect(seriesOf(families, 'runs_total')).toEqual(
      Object.fromEntries(
        ['done', 'failed', 'held', 'interrupted', 'partial', 'paused'].map((state) => [
          `{source="ad-hq",state="${state}",trigger="schedule"}`,
          0,
        ]),
      ),
    );
    expect(Object.keys(seriesOf(families, 'ticks_skipped_total'))).toHaveLength(4);
    expect(seriesOf(families, 'run_retries_total')).toMatchObject({ '{code="source-timeout",source="ad-hq"}': 0 });
    expect(seriesOf(families, 'runs_not_started_total')).toMatchObject({ '{code="store-full",source="ad-hq"}': 0 });
    expect(seriesOf(families, 'notices_failed_total')).toEqual({ '{target="mail"}': 0 });
    expect(Object.keys(seriesOf(families, 'notices_sent_total'))).toHaveLength(Object.keys(noticeKinds).length);
  });
});

describe('metrics of the moment', () => {
  it('show the facts in seconds, 0 and 1, and leave out what is not known', async () => {
    const families = await read(metricsWith());
    expect(seriesOf(families, 'next_run_timestamp_seconds')).toEqual({ '{source="ad-hq"}': 1_800_000_600 });
    expect(seriesOf(families, 'last_run_timestamp_seconds')).toEqual({ '{source="ad-hq"}': 1_800_000_000.5 });
    expect(seriesOf(families, 'last_complete_read_timestamp_seconds')).toEqual({ '{source="ad-hq"}': 1_800_000_010 });
    const both = (first: number, second: number) => ({
      '{source="ad-hq"}': first,
      '{source="uccx-south"}': second,
    });
    expect(seriesOf(families, 'source_overdue')).toEqual(both(0, 1));
    expect(seriesOf(families, 'source_paused')).toEqual(both(1, 0));
    expect(seriesOf(families, 'source_running')).toEqual(both(0, 1));
    expect(seriesOf(families, 'held_changes')).toEqual(both(7, 0));
    expect(seriesOf(families, 'failing_ticks')).toEqual(both(0, 3));
    expect(Object.keys(seriesOf(families, 'findings_open'))).toHaveLength(Object.keys(findingCodes).length);
    expect(risen(families, 'findings_open')).toEqual({ '{code="disputed-match"}': 5 });
    expect(seriesOf(families, 'notices_waiting')).toEqual({ '': 1 });
    expect(seriesOf(families, 'notices_given_up')).toEqual({ '': 4 });
    expect(seriesOf(families, 'store_up')).toEqual({ '': 1 });
  });

  it('say nothing of the audit log before it was gone through, then what was found and when', async () => {
    const metrics = metricsWith();
    const before = await read(metrics);
    expect([seriesOf(before, 'audit_whole'), seriesOf(before, 'audit_verified_timestamp_seconds')]).toEqual([{}, {}]);
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    metrics.onEvent({ kind: 'audit:verified', isWhole: false, entries: 5, durationMs: 1, seq: 3 });
    const after = await read(metrics);
    expect(seriesOf(after, 'audit_whole')).toEqual({ '': 0 });
    expect(seriesOf(after, 'audit_verified_timestamp_seconds')).toEqual({ '': 1_800_000_000 });
    metrics.onEvent({ kind: 'audit:verified', isWhole: true, entries: 5, durationMs: 1 });
    expect(seriesOf(await read(metrics), 'audit_whole')).toEqual({ '': 1 });
  });

  it('are left out, with store_up 0, when the facts fail or throw, and come back', async () => {
    const answers: (() => Promise<MetricsFacts>)[] = [
      async () => facts,
      () => Promise.reject(new Error('gone')),
      () => {
        throw new Error('gone at once');
      },
      async () => ({ ...facts, sources: facts.sources.slice(1) }),
    ];
    const metrics = metricsWith({ facts: () => (answers.shift() as () => Promise<MetricsFacts>)() });
    metrics.onEvent(started);
    metrics.onEvent(ended('done'));
    expect(seriesOf(await read(metrics), 'store_up')).toEqual({ '': 1 });
    for (let failing = 0; failing < 2; failing++) {
      const families = await read(metrics);
      expect(seriesOf(families, 'store_up')).toEqual({ '': 0 });
      for (const name of ['held_changes', 'source_overdue', 'findings_open', 'notices_waiting', 'notices_given_up'])
        expect(seriesOf(families, name), name).toEqual({});
      expect(risen(families, 'runs_total')).toEqual({ '{source="ad-hq",state="done",trigger="schedule"}': 1 });
    }
    const back = await read(metrics);
    expect(seriesOf(back, 'store_up')).toEqual({ '': 1 });
    expect(seriesOf(back, 'held_changes')).toEqual({ '{source="uccx-south"}': 0 });
  });

  it('are left out when the facts are late; scrapes wait for one question together, not for one each', async () => {
    const asked: ((facts: MetricsFacts) => void)[] = [];
    const late = Promise.withResolvers<MetricsFacts>();
    const metrics = metricsWith({
      factsWithinMs: 20,
      facts: () => {
        asked.push(late.resolve);
        return late.promise;
      },
    });
    const [first, second] = await Promise.all([read(metrics), read(metrics)]);
    expect([seriesOf(first, 'store_up'), seriesOf(second, 'store_up')]).toEqual([{ '': 0 }, { '': 0 }]);
    expect(asked).toHaveLength(1);
    late.resolve(facts);
    expect(seriesOf(await read(metrics), 'held_changes')).toMatchObject({ '{source="ad-hq"}': 7 });
  });

  it('that say the database is gone still show what the daemon knows by itself', async () => {
    const families = await read(metricsWith({ facts: async () => ({ ...facts, isStoreReachable: false }) }));
    expect(seriesOf(families, 'store_up')).toEqual({ '': 0 });
    expect(seriesOf(families, 'source_running')).toMatchObject({ '{source="uccx-south"}': 1 });
  });
});

describe('the reader of the exposition', () => {
  const head = '# HELP a Text.\n# TYPE a gauge\n';
  it.each([
    ['a series twice', `${head}a{x="1"} 1\na{x="1"} 2\n`],
    ['a series of no family', `${head}b 1\n`],
    ['a type without help', '# TYPE a gauge\na 1\n'],
    ['a family twice', `${head}a 1\n${head}`],
    ['a label that is not quoted', `${head}a{x=1} 1\n`],
    ['a value that is no number', `${head}a one\n`],
    ['a last line without an end', `${head}a 1`],
  ])('refuses %s', (_what, text) => {
    expect(() => parseExposition(text)).toThrow();
  });
});
