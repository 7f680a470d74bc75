// The daemon's part of the composition root: scheduler, chores, health server, metrics, systemd and the log, put together.

import { hostname } from 'node:os';
import { readStatus, type Status } from './admin/status.ts';
import { type Probe, startHealthServer } from './api/health-server.ts';
import { clock, depsWith, type Installation } from './compose-installation.ts';
import { createMessengers } from './compose-notify.ts';
import { limitTheStop, tendProcess } from './compose-process.ts';
import { openComposedStore } from './compose-store.ts';
import { compilePolicy } from './config/compile.ts';
import type { Config } from './config/config.ts';
import { serviceEnvironment } from './config/environment.ts';
import { inspectAuditKey } from './config/secret.ts';
import { secretsChangedAt } from './config/secrets-changed.ts';
import { RosterdError } from './model/errors.ts';
import type { EpochMs, SourceName } from './model/ids.ts';
import { fanOut } from './observe/fan-out.ts';
import { logEvents } from './observe/log-events.ts';
import { createLogger, type Logger } from './observe/logger.ts';
import { createMetrics, type MetricsFacts } from './observe/metrics.ts';
import { createServiceManager } from './observe/systemd.ts';
import type { Store } from './store/open-store.ts';
import { type Chore, Daemon, type Vitals } from './sync/daemon.ts';
import { auditChore, noticesChore } from './sync/daemon-chores.ts';
import type { EventSink } from './sync/events.ts';
import { runSource } from './sync/run-source.ts';
import { lastTick, nextTicks, overdueAfterMs } from './sync/schedule/cron.ts';
import { type ScheduledSource, Scheduler } from './sync/schedule/scheduler.ts';
import { isSourceWanted } from './sync/wait-for-source.ts';

export interface ServeOptions {
  readonly version: string;
  /** Aborted when it shall stop. */
  readonly signal: AbortSignal;
  readonly endNow: (code: number) => void;
}

/** Often enough to notice a missed time, a lost database or a due notice before a person does. */
const beatMs = 20_000;
/** A daemon without a beat for this long hangs. */
const longestSilenceMs = 3 * beatMs + 30_000;
const probeTimeoutMs = 2_000;

export async function serve(config: Config, options: ServeOptions): Promise<void> {
  const scheduled = config.sources.flatMap(({ name, schedule }): ScheduledSource[] =>
    schedule === undefined ? [] : [{ source: name, schedule }],
  );
  if (scheduled.length === 0)
    throw new RosterdError(
      'nothing-scheduled',
      `No source of ${config.path} has a schedule, so there is nothing to do.`,
    );
  const logger = createLogger({ ...config.log, output: process.stdout });
  tendProcess(logger, options.endNow);
  const disarm = limitTheStop(config.serve, logger, options);
  try {
    await warn(config, logger);
    await serveWith(config, options, scheduled, logger);
  } finally {
    disarm();
    await logger.close();
  }
}

async function warn(config: Config, logger: Logger): Promise<void> {
  const key = await inspectAuditKey(config);
  for (const { message, path } of [...config.warnings, ...(key === undefined ? [] : [key])])
    logger.warn(`${path}: ${message}`);
  if (config.notify.length === 0)
    logger.warn('notify: no target, so nobody is told when changes are held or a source fails');
}

async function serveWith(
  config: Config,
  options: ServeOptions,
  scheduled: readonly ScheduledSource[],
  logger: Logger,
): Promise<void> {
  const opened = await openComposedStore(config, clock, 'update');
  try {
    if (options.signal.aborted) logger.info('stopped while it was starting');
    else await serveFrom(opened, config, options, scheduled, logger);
  } finally {
    await opened.store.close();
  }
}

async function serveFrom(
  { store, holder, reads }: Awaited<ReturnType<typeof openComposedStore>>,
  config: Config,
  { version, signal }: ServeOptions,
  scheduled: readonly ScheduledSource[],
  logger: Logger,
): Promise<void> {
  const { sources } = config;
  const noticeTargets = config.notify.map(({ name }) => name);
  const status = (): Promise<Status> =>
    readStatus({ store, reads, now: clock.now, sources, noticeTargets, nextTicks, overdueAfterMs });
  const metrics = createMetrics({
    version,
    sources: sources.map(({ name }) => name),
    targets: noticeTargets,
    facts: async () => factsOf(await status(), await reads.findingCounts(clock.now())),
  });
  let onNotice = (): void => undefined;
  const tellSoon: EventSink = (event) => {
    if (event.kind === 'notice:written') onNotice();
  };
  const sinks = [logEvents(logger), metrics.onEvent, tellSoon];
  const installation: Installation = { config, policy: compilePolicy(config), store, holder, sinks };
  const emit = fanOut(...sinks);
  const manager = createServiceManager(serviceEnvironment(), (message) => logger.warn(message));
  const schedules = new Scheduler(schedulerDeps(installation, scheduled, emit));
  const daemon = new Daemon({
    store,
    clock,
    emit,
    holder,
    version,
    scheduled: scheduled.length,
    schedules,
    checkStore: () => store.checkPlace(),
    chores: [
      noticesChore({
        ...depsWith(installation, () => {}),
        schedules: scheduled,
        overdueAfterMs,
        startedAt: clock.now(),
        messengers: createMessengers(config),
      }),
      ...proofOf(config, store, emit),
    ],
    onReady: () => manager.ready(`${scheduled.length} sources scheduled`),
    // Work that ignores its end can only be ended with the process: the watchdog sees to it.
    onBeat: async () => {
      if (schedules.hung().length === 0) await manager.alive();
    },
    onStopping: () => manager.stopping(),
    beatMs,
  });
  const live = (): Probe => liveness(daemon.vitals(), schedules.hung());
  onNotice = () => daemon.hurry('notices');
  const server =
    config.serve.listen === undefined
      ? undefined
      : await startHealthServer(config.serve.listen, {
          live,
          ready: () => readiness(daemon.vitals(), live(), store.read.auditHead()),
          metrics,
        });
  if (server !== undefined) logger.info('health and metrics', { address: server.address });
  try {
    await daemon.run(signal);
  } finally {
    await server?.close();
  }
}

function proofOf(config: Config, store: Store, emit: EventSink): readonly Chore[] {
  const { verify } = config.audit;
  if (verify === undefined) return [];
  const cron = { full: verify.cron, timeZone: verify.timeZone };
  return [
    auditChore({
      store,
      clock,
      emit,
      noticeTargets: config.notify,
      lastTick: (now, after) => lastTick(cron, now, after),
      verify: (signal) => store.verifyAudit({}, undefined, signal),
    }),
  ];
}

function schedulerDeps(
  installation: Installation,
  sources: readonly ScheduledSource[],
  emit: EventSink,
): ConstructorParameters<typeof Scheduler>[0] {
  const { config, store } = installation;
  return {
    sources,
    clock,
    emit,
    async run(source, { number, dueAt }, signal, onStarted) {
      let retryAfterMs: number | undefined;
      const deps = depsWith(installation, (event) => {
        if (event.kind === 'run:started') onStarted(event.run);
        if (event.kind === 'read:ended') retryAfterMs = event.retryAfterMs;
      });
      const actor = `daemon@${hostname()}`;
      const run = await runSource(
        deps,
        { source, mode: 'full', intent: 'apply', trigger: 'schedule', actor, attempt: number, dueAt },
        signal,
      );
      return retryAfterMs === undefined ? { run } : { run, retryAfterMs };
    },
    lastRun: async (source) => (await store.read.runs({ source, kind: 'real', limit: 1 }))[0],
    recentRuns: (source, limit) => store.read.runs({ source, kind: 'real', limit }),
    async credentialsChangedAt(name) {
      const source = config.sources.find((candidate) => candidate.name === name);
      return source === undefined ? undefined : secretsChangedAt(config, source);
    },
    isWanted: (source) => isSourceWanted(store.read, source, clock.now()),
    saveSkip: (skip) => store.write((tx) => tx.saveSkip(skip)),
  };
}

function liveness({ sinceBeatMs }: Vitals, hung: readonly SourceName[]): Probe {
  const beat = sinceBeatMs < longestSilenceMs;
  const checks = [
    { name: 'beat', ok: beat, ...(beat ? {} : { detail: `no beat for ${Math.round(sinceBeatMs / 1_000)} s` }) },
    {
      name: 'runs',
      ok: hung.length === 0,
      ...(hung.length === 0 ? {} : { detail: `beyond their deadline and not to be ended: ${hung.join(', ')}` }),
    },
  ];
  return { ok: checks.every(({ ok }) => ok), checks };
}

async function readiness(vitals: Vitals, alive: Probe, question: Promise<unknown>): Promise<Probe> {
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve(`no answer within ${probeTimeoutMs} ms`), probeTimeoutMs).unref();
  });
  const trouble = await Promise.race([
    question.then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    ),
    late,
  ]);
  const store = trouble ?? vitals.storeTrouble;
  const checks = [
    { name: 'store', ok: store === undefined, ...(store === undefined ? {} : { detail: store }) },
    { name: 'scheduler', ok: vitals.isStarted && !vitals.isStopping },
    ...alive.checks,
  ];
  return { ok: checks.every((check) => check.ok), checks };
}

const factsOf = (status: Status, openFindings: MetricsFacts['openFindings']): MetricsFacts => ({
  sources: status.sources.map((source) => ({
    source: source.source,
    ...withTime('nextRunAt', source.schedule?.next[0]),
    ...withTime('lastRunAt', source.lastRun?.startedAt),
    ...withTime('lastCompleteReadAt', source.lastComplete?.at),
    isOverdue: source.isOverdue,
    isPaused: source.pause !== undefined || status.pauseOfAll !== undefined,
    isRunning: source.running !== undefined,
    heldChanges: source.held?.changes ?? 0,
    failingTicks: source.failingTicks,
  })),
  openFindings,
  notices: status.notices,
  isStoreReachable: true,
});

const withTime = <K extends string>(name: K, at: EpochMs | undefined): { readonly [P in K]?: EpochMs } =>
  (at === undefined ? {} : { [name]: at }) as { readonly [P in K]?: EpochMs };
