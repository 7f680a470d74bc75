// An installation with several sources for the tests of users who live in more than one: a scripted directory per source, a
// configuration read by the product's own loader, a real store, the connector, a clock that the test moves.

import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activeDirectory } from '../../connectors/active-directory/index.ts';
import type { ConnectorType } from '../../connectors/connector-type.ts';
import { type Admin, createAdmin } from '../../src/admin/admin.ts';
import { readAuditKey } from '../../src/compose-store.ts';
import { attributesOf, compilePolicy, policyFingerprint } from '../../src/config/compile.ts';
import { loadConfig } from '../../src/config/load.ts';
import { resolveSettings } from '../../src/config/secret.ts';
import type { Finding } from '../../src/model/finding.ts';
import { asEpochMs, asRunId, asSourceName } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import { createAdminReader } from '../../src/store/admin-reader.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import { approveHeld } from '../../src/sync/decide-held.ts';
import { type SyncDeps, sourcePolicy } from '../../src/sync/deps.ts';
import { withRivals } from '../../src/sync/find-rivals.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { checkCron } from '../../src/sync/schedule/cron.ts';
import { addUnit } from '../lab/directory.ts';
import { type LdapServer, startLdapServer } from '../lab/ldap-server.ts';
import { MemoryDirectory } from '../lab/memory-directory.ts';
import { type UserPicture, usersOf } from './sync-pictures.ts';
import { Staff } from './sync-staff.ts';

/** The same directory with ids that the source gives out again, as UCCX does with its user ids. */
const numbers: ConnectorType<never> = {
  ...(activeDirectory as ConnectorType<never>),
  type: 'numbers',
  idStability: 'reusable',
};
const types = [activeDirectory as ConnectorType<never>, numbers];

export const minute = 60_000;
const startOfTime = Date.parse('2027-01-04T08:00:00.000Z');

/** YAML of each source beyond connection, users and groups, indented by four; in the order of precedence. */
export type SourceTexts = Readonly<Record<string, string>>;

/** A system of a contact centre as far as the directory can play it: no status, its agents are found by their login. */
export const uccxText = `    lifecycle: none
    correlation: [username, usernameWithoutDomain]
    matchKeys: { principalName: null }
`;
/** Logins are whole: `user@domain`. */
export const ucceText = `    lifecycle: vote
    correlation: [principalName, username, usernameWithoutDomain, email]
    mapping: { username: userPrincipalName }
`;

export interface SeveralSources {
  readonly store: Store;
  readonly admin: Admin;
  readonly deps: SyncDeps;
  staff(source: string): Staff;
  sync(source: string): Promise<Run>;
  dryRun(source: string): Promise<Run>;
  approve(run: Run): Promise<Run>;
  /** Another configuration, from the next run on. Sources may come and go, their directories stay. */
  configure(sources: SourceTexts, types?: Readonly<Record<string, string>>): Promise<void>;
  forward(ms: number): void;
  users(): Promise<Readonly<Record<string, UserPicture>>>;
  user(username: string): Promise<UserPicture>;
  /** Open ones, `code label detail`; without those about single users' missing ids and the like unless they are asked for. */
  findings(code: Finding['code']): Promise<readonly { readonly label: string; readonly detail: Finding['detail'] }[]>;
  close(): Promise<void>;
}

interface Place {
  readonly server: LdapServer;
  readonly staff: Staff;
  readonly people: string;
  readonly groups: string;
}

export async function openSources(
  sources: SourceTexts,
  typeOf: Readonly<Record<string, string>> = {},
): Promise<SeveralSources> {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-several-'));
  const time = { now: startOfTime };
  const clock = { now: () => asEpochMs(time.now) };
  const configFile = join(folder, 'rosterd.yaml');
  const places = new Map<string, Place>();
  await writeFile(join(folder, 'audit.key'), randomBytes(32).toString('hex'), { mode: 0o600 });
  for (const name of Object.keys(sources)) places.set(name, await openPlace(folder, name, () => new Date(time.now)));
  const placeOf = (name: string): Place => {
    const place = places.get(name);
    if (place === undefined) throw new Error(`there is no directory ${name}`);
    return place;
  };
  const write = (texts: SourceTexts, named: Readonly<Record<string, string>>): Promise<void> => {
    const blocks = Object.entries(texts).map(([name, text]) =>
      blockOf(name, named[name] ?? 'active-directory', placeOf(name), text),
    );
    const head = 'version: 1\nstore: { sqlite: rosterd.db }\naudit: { keyFile: audit.key }\n';
    return writeFile(configFile, `${head}sources:\n${blocks.join('')}`);
  };
  await write(sources, typeOf);
  const store = await openStore(
    { kind: 'sqlite', path: join(folder, 'rosterd.db') },
    { auditKey: await readAuditKey(join(folder, 'audit.key')), clock, migrate: 'apply' },
  );
  const reads = createAdminReader(store.core.read);
  const parts = async (): Promise<{ readonly deps: SyncDeps; readonly admin: Admin }> => {
    const config = await loadConfig(configFile, { connectorTypes: types, checkCron });
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
        async connector(source) {
          const found = config.sources.find(({ name }) => name === source);
          const type = types.find((one) => one.type === found?.type);
          if (found === undefined || type === undefined) throw new Error(`no source ${source}`);
          const settings = (await resolveSettings(found, type)) as never;
          return type.create(settings, { account: attributesOf(sourcePolicy(policy, source)) });
        },
        policyFingerprint: (source) => policyFingerprint(policy, source),
      },
    };
  };
  let { deps, admin } = await parts();
  const run = (source: string, intent: 'apply' | 'plan'): Promise<Run> => {
    // No two runs begin in the same moment.
    time.now += minute;
    const request = {
      source: asSourceName(source),
      mode: 'full',
      intent,
      trigger: 'cli',
      actor: 'cli:tester@lab',
    } as const;
    return runSource(deps, request, new AbortController().signal);
  };
  return {
    store,
    get admin() {
      return admin;
    },
    get deps() {
      return deps;
    },
    staff: (source) => placeOf(source).staff,
    sync: (source) => run(source, 'apply'),
    dryRun: (source) => run(source, 'plan'),
    approve: async ({ id }) =>
      (
        await approveHeld(
          deps,
          asRunId(id),
          { actor: 'cli:boss@lab', reason: 'looked at it' },
          new AbortController().signal,
        )
      ).run,
    async configure(texts, named = typeOf) {
      await write(texts, named);
      ({ deps, admin } = await parts());
    },
    forward: (ms) => {
      time.now += ms;
    },
    users: () => usersOf(store),
    async user(username) {
      const all = await usersOf(store);
      const found = all[username];
      if (found === undefined) throw new Error(`no user ${username}, but ${Object.keys(all).join(', ')}`);
      return found;
    },
    findings: async (code) =>
      (await admin.listFindings({ state: 'open', code, limit: 1_000 })).map(({ label, detail }) => ({ label, detail })),
    async close() {
      const verdict = await store.verifyAudit().catch((error: unknown) => ({ ok: false, message: String(error) }));
      await store.close();
      for (const { server } of places.values()) await server.stop();
      await rm(folder, { recursive: true, force: true });
      if (!verdict.ok) throw new Error(`the audit log is broken: ${JSON.stringify(verdict)}`);
    },
  };
}

async function openPlace(folder: string, name: string, clock: () => Date): Promise<Place> {
  const server = await startLdapServer({ directory: new MemoryDirectory({ clock }) });
  const people = await addUnit(server.directory, server.directory.baseDn, 'People');
  const groups = await addUnit(server.directory, server.directory.baseDn, 'Groups');
  await copyFile(server.caFile, join(folder, `${name}.pem`));
  await writeFile(join(folder, `${name}-password`), server.reader.password, { mode: 0o600 });
  return { server, staff: new Staff(server.directory, people, groups), people, groups };
}

const blockOf = (
  name: string,
  type: string,
  { server, people, groups }: Place,
  text: string,
): string => `  - name: ${name}
    type: ${type}
    connection:
      servers: ["${server.url}"]
      tls: { caFile: ${name}.pem }
      bind: { user: "${server.reader.user}", password: { file: ${name}-password } }
    users: { base: "${people}" }
    groups: { base: "${groups}" }
${text}`;
