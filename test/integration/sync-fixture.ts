// A whole installation for the tests of sync: a scripted directory, a configuration read by the product's own loader, a real
// store, the connector, a clock that can be moved. Only the clock is not the real part.

import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectorTypes } from '../../connectors/registry.ts';
import { type Admin, createAdmin } from '../../src/admin/admin.ts';
import type { AuditRequest } from '../../src/admin/audit-filter.ts';
import { connect } from '../../src/compose-installation.ts';
import { readAuditKey } from '../../src/compose-store.ts';
import { compilePolicy, policyFingerprint } from '../../src/config/compile.ts';
import { loadConfig } from '../../src/config/load.ts';
import { asEpochMs, asRunId, asSourceName, type EpochMs, type SourceName } from '../../src/model/ids.ts';
import type { Pause } from '../../src/model/pause.ts';
import type { ChangeState, Run } from '../../src/model/run.ts';
import { createAdminReader } from '../../src/store/admin-reader.ts';
import type { Location } from '../../src/store/clients.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import { approveHeld, rejectHeld } from '../../src/sync/decide-held.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { withRivals } from '../../src/sync/find-rivals.ts';
import { changesOf } from '../../src/sync/judge-plan.ts';
import type { StoredChange } from '../../src/sync/ports.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { checkCron } from '../../src/sync/schedule/cron.ts';
import { addUnit } from '../lab/directory.ts';
import { type LdapServer, type LdapServerOptions, startLdapServer } from '../lab/ldap-server.ts';
import { MemoryDirectory } from '../lab/memory-directory.ts';
import { type UserPicture, usersOf } from './sync-pictures.ts';
import { Staff } from './sync-staff.ts';

export const hq = asSourceName('hq');
export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
/** Ahead of every real clock, so that accounts of the lab that expired in the past are expired. */
const startOfTime = asEpochMs(Date.parse('2027-01-04T08:00:00.000Z'));

export interface OfficeOptions {
  /** YAML of the source beyond users and groups, indented by four. */
  readonly source?: string;
  /** YAML at the top of the file. */
  readonly head?: string;
  readonly location?: Location;
  readonly server?: LdapServerOptions;
  /** Where the clock starts; ahead of every real one unless given. */
  readonly startAt?: number;
  /** Small unless given, so that every read has several pages. */
  readonly pageSize?: number;
}

export interface Office {
  readonly server: LdapServer;
  readonly staff: Staff;
  readonly folder: string;
  readonly configFile: string;
  readonly store: Store;
  readonly admin: Admin;
  readonly deps: SyncDeps;
  readonly events: SyncEvent[];
  now(): EpochMs;
  /** Time passes, or all clocks are wrong by as much. */
  forward(ms: number): void;
  /** Only the clock of this machine is set. */
  forwardAlone(ms: number): void;
  /** Writes another configuration, which the next run uses. */
  configure(
    options: Pick<OfficeOptions, 'source' | 'head'> & {
      readonly base?: string;
      readonly groups?: string;
      readonly users?: string;
    },
  ): Promise<void>;
  /** Trusts this authority instead of the server's own. */
  trust(authority: string): Promise<void>;
  sync(signal?: AbortSignal): Promise<Run>;
  dryRun(): Promise<Run>;
  /** `onApplied` is called after each batch. */
  approve(run: Run, signal?: AbortSignal, onApplied?: () => void): Promise<Run>;
  reject(run: Run, until?: EpochMs): Promise<void>;
  /** By `cli:anna@host`; every source unless one is named. */
  pause(options?: { readonly source?: SourceName; readonly until?: EpochMs }): Promise<void>;
  endPause(source?: SourceName): Promise<void>;
  changes(run: Run, states?: readonly ChangeState[]): Promise<readonly StoredChange[]>;
  /** `action label` of each entry, the oldest first. */
  audit(request?: AuditRequest): Promise<readonly string[]>;
  users(): Promise<Readonly<Record<string, UserPicture>>>;
  user(username: string): Promise<UserPicture>;
  /** Open findings as `code label`, sorted. */
  findings(): Promise<readonly string[]>;
  /** Ends everything; throws when the audit log of the whole test is not whole. */
  close(): Promise<void>;
}

const anyState = ['planned', 'held', 'applied', 'obsolete', 'conflict', 'superseded', 'rejected'] as const;

const sourceText = (
  server: LdapServer,
  people: string,
  groups: string,
  users: string,
  rest: string,
  pageSize: number,
): string => `  - name: hq
    type: active-directory
    connection:
      servers: ["${server.url}"]
      tls: { caFile: ca.pem }
      bind: { user: "${server.reader.user}", password: { file: password } }
      timeouts: { connectMs: 2000, requestMs: 1500, idleMs: 1000 }
      pageSize: ${pageSize}
    users: { base: "${people}"${users} }
    groups: { base: "${groups}" }
${rest}`;

const scopeOf = (source: SourceName | undefined): Pause['scope'] =>
  source === undefined ? { kind: 'all' } : { kind: 'source', source };

export async function openOffice(options: OfficeOptions = {}): Promise<Office> {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-sync-'));
  const time: Time = { now: options.startAt ?? startOfTime, directoryAheadMs: 0 };
  const directory = new MemoryDirectory({ clock: () => new Date(time.now + time.directoryAheadMs) });
  const server = await startLdapServer({ directory, ...options.server });
  const people = await addUnit(server.directory, server.directory.baseDn, 'People');
  const groups = await addUnit(server.directory, server.directory.baseDn, 'Groups');
  const configFile = join(folder, 'rosterd.yaml');
  const store = options.location === undefined ? '{ sqlite: rosterd.db }' : '{ postgresql: { file: database } }';
  await copyFile(server.caFile, join(folder, 'ca.pem'));
  await writeFile(join(folder, 'password'), server.reader.password, { mode: 0o600 });
  await writeFile(join(folder, 'audit.key'), randomBytes(32).toString('hex'), { mode: 0o600 });
  const write = (head: string, base: string, groupBase: string, users: string, rest: string): Promise<void> =>
    writeFile(
      configFile,
      `version: 1\nstore: ${store}\naudit: { keyFile: audit.key }\n${head}sources:\n${sourceText(server, base, groupBase, users, rest, options.pageSize ?? 10)}`,
    );
  await write(options.head ?? '', people, groups, '', options.source ?? '');
  try {
    const { location } = options;
    return await assemble({ folder, server, people, groups, configFile, write, location, time });
  } catch (error) {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The clock of the installation, and by how much that of the directory is ahead of it. */
interface Time {
  now: number;
  directoryAheadMs: number;
}

interface Parts {
  readonly folder: string;
  readonly server: LdapServer;
  readonly people: string;
  readonly groups: string;
  readonly configFile: string;
  readonly location: Location | undefined;
  readonly time: Time;
  write(head: string, base: string, groups: string, users: string, rest: string): Promise<void>;
}

async function assemble(given: Parts): Promise<Office> {
  const { folder, server, people, groups, configFile, location, write, time } = given;
  const clock = { now: () => asEpochMs(time.now) };
  const store = await openStore(location ?? { kind: 'sqlite', path: join(folder, 'rosterd.db') }, {
    auditKey: await readAuditKey(join(folder, 'audit.key')),
    clock,
    migrate: 'apply',
  });
  const events: SyncEvent[] = [];
  const reads = createAdminReader(store.core.read);
  let { deps, admin } = await parts();

  /** Everything that follows from the configuration file as it is now. */
  async function parts(): Promise<{ readonly deps: SyncDeps; readonly admin: Admin }> {
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
        emit: (event) => void events.push(event),
        connector: (source) => connect({ config, policy }, source),
        policyFingerprint: (source) => policyFingerprint(policy, source),
      },
    };
  }

  const run = (intent: 'apply' | 'plan', signal = new AbortController().signal): Promise<Run> =>
    runSource(deps, { source: hq, mode: 'full', intent, trigger: 'cli', actor: 'cli:tester@lab' }, signal);
  const never = new AbortController().signal;
  return {
    server,
    staff: new Staff(server.directory, people, groups),
    folder,
    configFile,
    store,
    get admin() {
      return admin;
    },
    get deps() {
      return deps;
    },
    events,
    now: clock.now,
    forward: (ms) => {
      time.now += ms;
    },
    forwardAlone: (ms) => {
      time.now += ms;
      time.directoryAheadMs -= ms;
    },
    async configure(options) {
      const { head = '', base = people, users = '', source = '' } = options;
      await write(head, base, options.groups ?? groups, users, source);
      ({ deps, admin } = await parts());
    },
    trust: (authority) => writeFile(join(folder, 'ca.pem'), authority),
    async sync(signal) {
      // No two runs begin in the same moment.
      time.now += minute;
      return run('apply', signal);
    },
    dryRun: () => run('plan'),
    async approve({ id }, signal = never, onApplied = () => undefined) {
      const decision = { actor: 'cli:boss@lab', reason: 'looked at it' };
      const emit: SyncDeps['emit'] = (event) => {
        if (event.kind === 'phase:progressed') onApplied();
      };
      return (await approveHeld({ ...deps, emit }, asRunId(id), decision, signal)).run;
    },
    reject: async ({ id }, until) => {
      const decision = { actor: 'cli:boss@lab', reason: 'it is a mistake', ...(until === undefined ? {} : { until }) };
      await rejectHeld(deps, asRunId(id), decision);
    },
    async pause({ source, until } = {}) {
      const pause = { reason: 'change freeze', by: 'cli:anna@host', since: clock.now() };
      const scope = scopeOf(source);
      await store.write((tx) => tx.setPause({ scope, ...pause, ...(until === undefined ? {} : { until }) }));
    },
    endPause: async (source) => void (await store.write((tx) => tx.liftPause(scopeOf(source)))),
    changes: async ({ id }, states = anyState) => {
      const found: StoredChange[] = [];
      for await (const stored of changesOf(store.read, id, states)) found.push(stored);
      return found;
    },
    async audit(request = {}) {
      const lines: string[] = [];
      for await (const entry of await admin.audit(request)) lines.push(`${entry.action} ${entry.label}`);
      return lines.reverse();
    },
    users: () => usersOf(store),
    async user(username) {
      const all = await usersOf(store);
      const found = all[username];
      if (found === undefined) throw new Error(`no user ${username}, but ${Object.keys(all).join(', ')}`);
      return found;
    },
    findings: async () =>
      (await admin.listFindings({ state: 'open', limit: 1_000 })).map(({ code, label }) => `${code} ${label}`).sort(),
    async close() {
      const verdict = await store.verifyAudit().catch((error: unknown) => ({ ok: false, message: String(error) }));
      await store.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
      if (!verdict.ok) throw new Error(`the audit log is broken: ${JSON.stringify(verdict)}`);
    },
  };
}
