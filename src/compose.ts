// The composition root: the only place that sees every part. It builds what the command line asks for and nothing more.

import { hostname, userInfo } from 'node:os';
import { connectorTypes } from '../connectors/registry.ts';
import { createAdmin } from './admin/admin.ts';
import type { SourceCheck } from './admin/ports.ts';
import { requireSource } from './admin/require-source.ts';
import { readStatus } from './admin/status.ts';
import type { App, ConfigLocation, ConfigReport, InitReport, Rosterd, RunReport } from './cli/app.ts';
import { clock, connect, depsWith, type Installation } from './compose-installation.ts';
import { noteBrokenAudit, notifying } from './compose-notify.ts';
import { openComposedDatabase, openComposedStore } from './compose-store.ts';
import { compilePolicy } from './config/compile.ts';
import type { Config } from './config/config.ts';
import { configPathFrom, sudoUser } from './config/environment.ts';
import { writeInitialFiles } from './config/init.ts';
import { loadConfig } from './config/load.ts';
import { ConfigInvalidError } from './config/problem.ts';
import { inspectAuditKey, inspectSecrets } from './config/secret.ts';
import { parseHead } from './model/audit.ts';
import { RosterdError } from './model/errors.ts';
import type { RunId } from './model/ids.ts';
import type { Run } from './model/run.ts';
import { fieldNames } from './model/user.ts';
import { logEvents } from './observe/log-events.ts';
import { createLogger, type Logger } from './observe/logger.ts';
import { mapField } from './reconcile/map.ts';
import type { Store } from './store/open-store.ts';
import { approveHeld, rejectHeld } from './sync/decide-held.ts';
import { sourcePolicy } from './sync/deps.ts';
import { withRivals } from './sync/find-rivals.ts';
import { changesOf } from './sync/judge-plan.ts';
import { runSource } from './sync/run-source.ts';
import { checkCron, nextTicks, overdueAfterMs } from './sync/schedule/cron.ts';
import { whenSourceIsFree } from './sync/wait-for-source.ts';

const kinds = { connectorTypes, checkCron };

/** `cli:anna@host`; who became another user by sudo is named too, because nobody answers for a service's account. */
function actor(): string {
  const { username } = userInfo();
  const by = sudoUser();
  return `cli:${by === undefined || by === username ? username : `${by}(${username})`}@${hostname()}`;
}

/** What a person at the command line works with. */
export function createRosterd(version: string): Rosterd {
  return {
    version,
    init: ({ folder }) => init(folder),
    checkConfig,
    checkSource,
    // Loaded only here: the other commands need neither the scheduler nor the server.
    serve: async (location, signal, endNow) =>
      (await import('./compose-daemon.ts')).serve(await load(location), { version, signal, endNow }),
    open: async (location) => openApp(await load(location), location.log ?? 'off'),
    openDatabase: async (location) =>
      openComposedDatabase(await load(location), clock, actor(), (config) => load({ config })),
  };
}

const load = (location: ConfigLocation): Promise<Config> => loadConfig(configPathFrom(location.config), kinds);

const purposes: Readonly<Record<string, string>> = {
  'audit.key': 'key of the audit log; back it up apart from the database',
  'rosterd.yaml': 'the configuration, commented',
};

async function init(folder: string): Promise<InitReport> {
  const files = await writeInitialFiles(folder);
  return {
    files: files.map(({ path, outcome }) => ({
      path,
      purpose: purposes[path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)] ?? '',
      outcome,
    })),
  };
}

async function checkConfig(location: ConfigLocation): Promise<ConfigReport> {
  const file = configPathFrom(location.config);
  try {
    const config = await loadConfig(file, kinds);
    const sources = config.sources.map(({ name, type }) => ({ name, type }));
    return { file, problems: [...config.warnings, ...(await inspectSecrets(config))], sources };
  } catch (error) {
    if (error instanceof ConfigInvalidError) return { file, problems: error.problems, sources: [] };
    throw error;
  }
}

/** Begins with the warnings about the configuration. */
async function loggerOf(config: Config, log: 'on' | 'off'): Promise<Logger> {
  // Without --log a person is watching, and the output of the command says it all; warnings stay.
  const logger = createLogger(log === 'on' ? config.log : { level: 'warn', format: 'text' });
  const openKey = await inspectAuditKey(config);
  for (const { message, path } of [...config.warnings, ...(openKey === undefined ? [] : [openKey])])
    logger.warn(`${path}: ${message}`);
  return logger;
}

async function openApp(config: Config, log: 'on' | 'off'): Promise<App> {
  const logger = await loggerOf(config, log);
  const sinks = log === 'on' ? [logEvents(logger)] : [];
  const { store, holder, reads } = await openComposedStore(config, clock, 'require');
  const installation: Installation = { config, policy: compilePolicy(config), store, holder, sinks };
  const admin = createAdmin({ store, reads, policy: installation.policy, now: clock.now, actor: actor(), withRivals });
  const report = async (id: RunId): Promise<RunReport> => reportOf(store, id);
  return {
    sources: config.sources.map(({ name, type, policy: { correlateAfter } }) => ({ name, type, correlateAfter })),
    admin,
    async sync(source, request, signal, onEvent) {
      const deps = depsWith(installation, onEvent);
      const { intent, waiting } = request;
      const run = await whenSourceIsFree(deps, waiting, signal, () =>
        runSource(deps, { source, mode: 'full', intent, trigger: 'cli', actor: admin.actor }, signal),
      );
      return report(run.id);
    },
    status: () => {
      const { sources } = config;
      const noticeTargets = config.notify.map(({ name }) => name);
      return readStatus({ store, reads, now: clock.now, sources, noticeTargets, nextTicks, overdueAfterMs });
    },
    runs: (filter) => store.read.runs(filter),
    run: report,
    async approve(id, { reason, waiting }, signal, onEvent) {
      const deps = depsWith(installation, onEvent);
      const decision = { actor: admin.actor, reason };
      const { approval, run } = await whenSourceIsFree(deps, waiting, signal, () =>
        approveHeld(deps, id, decision, signal),
      );
      return { approval, report: await report(run.id) };
    },
    async reject(id, { reason, until, waiting }, signal) {
      const deps = depsWith(installation, () => {});
      const decision = { actor: admin.actor, reason, ...(until === undefined ? {} : { until }) };
      const { approval } = await whenSourceIsFree(deps, waiting, signal, () => rejectHeld(deps, id, decision));
      return { approval };
    },
    notify: notifying(installation, admin.actor),
    async verifyAudit({ head }, signal, onProgress) {
      const verdict = await store.verifyAudit(head === undefined ? {} : { head }, onProgress, signal);
      // A head that is no head is a slip of the pen and no break.
      if (!verdict.ok && (head === undefined || parseHead(head) !== undefined))
        await noteBrokenAudit(installation, verdict);
      return verdict;
    },
    async close() {
      await store.close();
      await logger.close();
    },
  };
}

/** A run that derived the same held set as an earlier one stores nothing of it: what became of it is counted there. */
async function changeCountsOf(store: Store, { id, heldRunId }: Run): Promise<RunReport['changeCounts']> {
  const own = await store.read.changeCounts(id);
  if (heldRunId === undefined) return own;
  const { held, rejected, superseded } = await store.read.changeCounts(heldRunId);
  return { ...own, ...(held && { held }), ...(rejected && { rejected }), ...(superseded && { superseded }) };
}

async function reportOf(store: Store, id: RunId): Promise<RunReport> {
  const run = await store.read.run(id);
  if (run === undefined) throw new RosterdError('run-unknown', `There is no run ${id}.`, { subject: `run ${id}` });
  const all = ['planned', 'held', 'applied', 'obsolete', 'conflict', 'superseded', 'rejected'] as const;
  return {
    run,
    changeCounts: await changeCountsOf(store, run),
    changes: (filter) => changesOf(store.read, id, filter?.states ?? all),
  };
}

/** What the source says of itself, and its first sample as the mapping would make a user of it. Needs no database. */
async function checkSource(location: ConfigLocation, name: string, signal: AbortSignal): Promise<SourceCheck> {
  const config = await load(location);
  await (await loggerOf(config, location.log ?? 'off')).close();
  const policy = compilePolicy(config);
  const source = requireSource(
    config.sources.map((one) => one.name),
    name,
  );
  const connector = await connect({ config, policy }, source);
  const report = await connector.check(signal);
  const [account] = report.sample;
  if (account === undefined) return { source, report };
  const { mapping } = sourcePolicy(policy, source);
  const fields = fieldNames.flatMap((field) => {
    const mapped = mapField(account, mapping, field);
    if (mapped === undefined) return [];
    return [{ field, reading: mapped.kind, ...(mapped.kind === 'present' ? { value: mapped.value } : {}) }];
  });
  return { source, report, mapped: { account: account.name, status: account.status, fields } };
}
