// What monitoring reads: counters from the events of this process, gauges from the facts at the moment of the scrape.
// Invariant: a database that is gone or slow costs the gauges that come from it, never the scrape.

import { collectDefaultMetrics, type Gauge, Registry } from 'prom-client';
import { type FindingCode, findingCodes } from '../model/finding.ts';
import type { EpochMs, SourceName } from '../model/ids.ts';
import type { EventSink } from '../sync/events.ts';
import { countEvents, startSourceAtZero, startTargetAtZero } from './count-events.ts';
import { defineFamilies, type Families } from './metric-families.ts';

/** What gauges are read from at the time of a scrape. */
export interface MetricsFacts {
  readonly sources: readonly {
    readonly source: SourceName;
    /** Absent without a schedule. */
    readonly nextRunAt?: EpochMs;
    /** When its last real run began. */
    readonly lastRunAt?: EpochMs;
    readonly lastCompleteReadAt?: EpochMs;
    readonly isOverdue: boolean;
    readonly isPaused: boolean;
    readonly isRunning: boolean;
    /** Held and waiting for a decision: rejected ones are not among them. */
    readonly heldChanges: number;
    /** Scheduled runs in a row, up to now, that failed or read only a part. */
    readonly failingTicks: number;
  }[];
  /** Codes that are not named count as 0. */
  readonly openFindings: readonly { readonly code: FindingCode; readonly source?: SourceName; readonly open: number }[];
  readonly notices: { readonly waiting: number; readonly givenUp: number };
  readonly isStoreReachable: boolean;
}

export interface MetricsOptions {
  readonly version: string;
  readonly facts: () => Promise<MetricsFacts>;
  /** All configured ones, so that they count from 0 even when the database is not there at first. */
  readonly sources?: readonly SourceName[];
  /** Names of the targets of notices, so that they count from 0. */
  readonly targets?: readonly string[];
  /** Default: 5 s, half of the time that Prometheus waits for a scrape. */
  readonly factsWithinMs?: number;
}

export interface Metrics {
  readonly onEvent: EventSink;
  readonly contentType: string;
  /** The text of a scrape. Does not throw because of the facts. */
  render(): Promise<string>;
}

/** One per process: the metrics of Node.js itself are measured for each that is made. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const families = defineFamilies(registry);
  collectDefaultMetrics({ register: registry });
  families.build.set({ version: options.version }, 1);
  // prom-client starts a gauge without labels at 0, which would be a claim.
  for (const unknown of [families.auditWhole, families.auditVerified]) unknown.remove();
  const begun = new Set<SourceName>();
  const begin = (sources: readonly SourceName[]): void => {
    for (const source of sources) if (!begun.has(source)) startSourceAtZero(families, source);
    for (const source of sources) begun.add(source);
  };
  begin(options.sources ?? []);
  for (const target of options.targets ?? []) startTargetAtZero(families, target);
  const facts = inTime(options.facts, options.factsWithinMs ?? 5_000);
  const count = countEvents(families);
  return {
    onEvent(event) {
      if ('source' in event && event.source !== undefined) begin([event.source]);
      count(event);
    },
    contentType: registry.contentType,
    async render() {
      const known = await facts();
      begin((known?.sources ?? []).map(({ source }) => source));
      show(families, known);
      return registry.metrics();
    },
  };
}

/** After so long a call that never came back is given up, and another one is made. */
const abandonAfterMs = 60_000;

/**
 * Undefined when the facts fail or are late. A call that is late is waited for by the next scrapes too, instead of one more
 * query each on a database that does not answer.
 */
function inTime(facts: MetricsOptions['facts'], withinMs: number): () => Promise<MetricsFacts | undefined> {
  let asked: { readonly at: number; readonly answer: Promise<MetricsFacts | undefined> } | undefined;
  const ask = (): NonNullable<typeof asked> => {
    const call = {
      at: performance.now(),
      answer: Promise.resolve()
        .then(facts)
        .catch(() => undefined)
        .finally(() => {
          if (asked === call) asked = undefined;
        }),
    };
    return call;
  };
  return async () => {
    if (asked === undefined || performance.now() - asked.at > abandonAfterMs) asked = ask();
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), withinMs);
    try {
      return await Promise.race([asked.answer, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Shows these facts and nothing of earlier ones: a source that is gone from the configuration is gone from the gauges too. */
function show(families: Families, facts: MetricsFacts | undefined): void {
  forget(families);
  families.storeUp.set(facts?.isStoreReachable === true ? 1 : 0);
  if (facts === undefined) return;
  for (const one of facts.sources) showSource(families, one);
  for (const code of Object.keys(findingCodes)) families.findings.set({ code }, 0);
  for (const { code, open } of facts.openFindings) families.findings.inc({ code }, open);
  families.noticesWaiting.set(facts.notices.waiting);
  families.noticesGivenUp.set(facts.notices.givenUp);
}

function showSource(families: Families, facts: MetricsFacts['sources'][number]): void {
  const { source } = facts;
  const at = (gauge: Gauge<'source'>, time: EpochMs | undefined): void => {
    if (time !== undefined) gauge.set({ source }, time / 1000);
  };
  at(families.nextRun, facts.nextRunAt);
  at(families.lastRun, facts.lastRunAt);
  at(families.lastCompleteRead, facts.lastCompleteReadAt);
  families.overdue.set({ source }, facts.isOverdue ? 1 : 0);
  families.paused.set({ source }, facts.isPaused ? 1 : 0);
  families.running.set({ source }, facts.isRunning ? 1 : 0);
  families.held.set({ source }, facts.heldChanges);
  families.failing.set({ source }, facts.failingTicks);
}

function forget(families: Families): void {
  const { nextRun, lastRun, lastCompleteRead, overdue, paused, running, held, failing, findings } = families;
  for (const gauge of [nextRun, lastRun, lastCompleteRead, overdue, paused, running, held, failing, findings])
    gauge.reset();
  for (const gauge of [families.noticesWaiting, families.noticesGivenUp]) gauge.remove();
}
