// A contact centre with its real parts: a scripted AD, simulated UCCX clusters, a simulated UCCE, the configuration as an
// administrator writes it, the real loader, connectors and store. Only the clock is moved, and every system has the same time.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectorTypes } from '../../connectors/registry.ts';
import { type Admin, createAdmin } from '../../src/admin/admin.ts';
import { connect } from '../../src/compose-installation.ts';
import { readAuditKey } from '../../src/compose-store.ts';
import { compilePolicy, policyFingerprint } from '../../src/config/compile.ts';
import { loadConfig } from '../../src/config/load.ts';
import { asEpochMs, asRunId, asSourceName } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import { createAdminReader } from '../../src/store/admin-reader.ts';
import type { Location } from '../../src/store/clients.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import { approveHeld } from '../../src/sync/decide-held.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import { withRivals } from '../../src/sync/find-rivals.ts';
import { changesOf } from '../../src/sync/judge-plan.ts';
import type { StoredChange } from '../../src/sync/ports.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { checkCron } from '../../src/sync/schedule/cron.ts';
import { type CentrePicture, pictures } from './centre-pictures.ts';
import { type CentreSource, type CentreSystems, type SystemsOptions, startSystems } from './centre-systems.ts';

export type { CentreSource } from './centre-systems.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
const startOfTime = Date.parse('2027-01-04T08:00:00.000Z');
const usualSources: readonly CentreSource[] = ['ad-hq', 'uccx-main', 'ucce-main'];

export interface CentreConfig {
  /** In the order of the file, which is that of precedence; AD, UCCX and UCCE unless given. */
  readonly sources?: readonly CentreSource[];
  /** YAML of a source beyond its connection, indented by four. */
  readonly yaml?: Readonly<Partial<Record<CentreSource, string>>>;
  /** YAML at the top of the file. */
  readonly head?: string;
}

export interface CentreOptions extends CentreConfig, SystemsOptions {
  readonly location?: Location;
}

export interface Centre extends CentreSystems {
  readonly store: Store;
  readonly admin: Admin;
  readonly deps: SyncDeps;
  forward(ms: number): void;
  /** Writes another configuration, which the next run uses. */
  configure(config: CentreConfig): Promise<void>;
  sync(source: CentreSource): Promise<Run>;
  dryRun(source: CentreSource): Promise<Run>;
  approve(run: Run): Promise<Run>;
  /** Runs the sources in this order and approves what is held, until a whole round plans nothing. */
  settle(...order: readonly CentreSource[]): Promise<void>;
  /** As the console does it; there is no command for it. */
  grantByHand(username: string, team: string): Promise<void>;
  changes(run: Run): Promise<readonly StoredChange[]>;
  users(): Promise<Readonly<Record<string, CentrePicture>>>;
  user(username: string): Promise<CentrePicture>;
  /** Open findings as `code label source`, sorted; only those of `codes` if any are given. */
  findings(...codes: readonly string[]): Promise<readonly string[]>;
  /** The number of the only open finding of that code. */
  finding(code: string): Promise<number>;
  /** `action label` of each entry, the oldest first. */
  audit(): Promise<readonly string[]>;
  /** Ends everything; throws when the audit log of the whole test is not whole. */
  close(): Promise<void>;
}

export async function openCentre(options: CentreOptions = {}): Promise<Centre> {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-centre-'));
  const time = { now: startOfTime };
  const systems = await startSystems(folder, () => time.now, options);
  try {
    return await assemble({ folder, time, systems, options });
  } catch (error) {
    await systems.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Parts {
  readonly folder: string;
  readonly time: { now: number };
  readonly systems: Awaited<ReturnType<typeof startSystems>>;
  readonly options: CentreOptions;
}

/** The installation itself, without the ways in which a test looks at it. */
async function install({ folder, time, systems, options }: Parts) {
  const clock = { now: () => asEpochMs(time.now) };
  const configFile = join(folder, 'rosterd.yaml');
  await writeFile(join(folder, 'audit.key'), randomBytes(32).toString('hex'), { mode: 0o600 });
  const place = options.location === undefined ? '{ sqlite: rosterd.db }' : '{ postgresql: { file: database } }';
  const write = ({ sources = usualSources, yaml = {}, head = '' }: CentreConfig): Promise<void> => {
    const blocks = sources.map((name) => systems.block(name, yaml[name] ?? ''));
    const top = `version: 1\nstore: ${place}\naudit: { keyFile: audit.key }\n${head}`;
    return writeFile(configFile, `${top}sources:\n${blocks.join('')}`);
  };
  await write(options);
  const store = await openStore(options.location ?? { kind: 'sqlite', path: join(folder, 'rosterd.db') }, {
    auditKey: await readAuditKey(join(folder, 'audit.key')),
    clock,
    migrate: 'apply',
  });
  const reads = createAdminReader(store.core.read);
  const parts = async (): Promise<{ readonly deps: SyncDeps; readonly admin: Admin }> => {
    const config = await loadConfig(configFile, { connectorTypes, checkCron });
    const policy = compilePolicy(config);
    return {
      admin: createAdmin({ store, reads, policy, now: clock.now, actor: 'cli:tester@lab', withRivals }),
      deps: {
        store,
        policy,
        clock,
        holder: makeHolder(),
        retention: config.retention,
        noticeTargets: config.notify,
        emit: () => undefined,
        connector: (source) => connect({ config, policy }, source),
        policyFingerprint: (source) => policyFingerprint(policy, source),
      },
    };
  };
  return { store, write, parts };
}

async function assemble(given: Parts): Promise<Centre> {
  const { folder, time, systems, options } = given;
  const { store, write, parts } = await install(given);
  let { deps, admin } = await parts();
  let sources = options.sources ?? usualSources;
  const never = new AbortController().signal;
  const run = (source: CentreSource, intent: 'apply' | 'plan'): Promise<Run> => {
    // No two runs begin in the same moment.
    time.now += minute;
    systems.setClocks();
    const request = { mode: 'full', intent, trigger: 'cli', actor: 'cli:tester@lab' } as const;
    return runSource(deps, { source: asSourceName(source), ...request }, never);
  };
  const approve = async ({ id }: Run): Promise<Run> => {
    const decision = { actor: 'cli:boss@lab', reason: 'looked at it' };
    return (await approveHeld(deps, asRunId(id), decision, never)).run;
  };
  const open = () => admin.listFindings({ state: 'open', limit: 10_000 });
  return {
    ...systems,
    store,
    get admin() {
      return admin;
    },
    get deps() {
      return deps;
    },
    forward: (ms) => {
      time.now += ms;
    },
    async configure(config) {
      sources = config.sources ?? usualSources;
      await write(config);
      ({ deps, admin } = await parts());
    },
    sync: (source) => run(source, 'apply'),
    dryRun: (source) => run(source, 'plan'),
    approve,
    async settle(...order) {
      const wanted = order.length > 0 ? order : sources;
      for (let round = 1, planned = 1; planned > 0; round += 1) {
        if (round > 6) throw new Error(`the sources do not come to rest: the last round still planned ${planned}`);
        planned = 0;
        for (const source of wanted) {
          const ended = await run(source, 'apply');
          if (ended.state !== 'done' && ended.state !== 'held') {
            throw new Error(`${source} ended as ${ended.state}: ${ended.because}`);
          }
          planned += ended.counts.planned;
          if (ended.state === 'held') await approve(ended);
        }
      }
    },
    async grantByHand(username, name) {
      const [user] = [...(await store.read.holders('username', [username])).values()];
      const team = (await store.read.teams()).find((one) => one.name === name)?.id;
      if (user === undefined || team === undefined) throw new Error(`no user ${username} or no team ${name}`);
      await store.write(async (tx) => {
        await tx.userRows.addGrants([{ user, team, owner: 'local' }]);
        await tx.dirty.users([user], 'edited by hand');
      });
    },
    changes: async ({ id }) => {
      const found: StoredChange[] = [];
      for await (const stored of changesOf(store.read, id, ['planned', 'held', 'applied'])) found.push(stored);
      return found;
    },
    users: () => pictures(store),
    async user(username) {
      const all = await pictures(store);
      const found = all[username];
      if (found === undefined) throw new Error(`no user ${username}, but ${Object.keys(all).join(', ')}`);
      return found;
    },
    async findings(...codes) {
      const found = (await open()).filter(({ code }) => codes.length === 0 || codes.includes(code));
      return found.map(({ code, label, source }) => `${code} ${label} ${source ?? 'local'}`).sort();
    },
    async finding(code) {
      const [only, second] = (await open()).filter((one) => one.code === code);
      if (only === undefined || second !== undefined) throw new Error(`not exactly one finding ${code} is open`);
      return only.id;
    },
    async audit() {
      const lines: string[] = [];
      for await (const { action, label } of await admin.audit({})) lines.push(`${action} ${label}`);
      return lines.reverse();
    },
    async close() {
      const verdict = await store.verifyAudit().catch((error: unknown) => ({ ok: false, message: String(error) }));
      await store.close();
      await systems.stop();
      await rm(folder, { recursive: true, force: true });
      if (!verdict.ok) throw new Error(`the audit log is broken: ${JSON.stringify(verdict)}`);
    },
  };
}
