// The real parts of a history: store, runs, approvals and admin acts, with a clock that the history moves and processes that die.
// Invariant: what a dead process would have written after its death is never written; the next process opens the store anew.

import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, createAdmin } from '../../../src/admin/admin.ts';
import type { AdminReader } from '../../../src/admin/ports.ts';
import { policyFingerprint } from '../../../src/config/compile.ts';
import { asEpochMs, asRunId, type EpochMs, type SourceName } from '../../../src/model/ids.ts';
import type { Run } from '../../../src/model/run.ts';
import { createAdminReader } from '../../../src/store/admin-reader.ts';
import type { Location } from '../../../src/store/clients.ts';
import { openStore, type Store } from '../../../src/store/open-store.ts';
import { makeHolder } from '../../../src/store/process-holder.ts';
import { approveHeld, rejectHeld } from '../../../src/sync/decide-held.ts';
import type { SyncDeps } from '../../../src/sync/deps.ts';
import type { EventSink } from '../../../src/sync/events.ts';
import { withRivals } from '../../../src/sync/find-rivals.ts';
import type { SyncStore } from '../../../src/sync/ports.ts';
import { runSource } from '../../../src/sync/run-source.ts';
import type { DirectoryContent } from './directory.ts';
import { MemorySource, type ReadFault, type ReadLog } from './memory-source.ts';
import { officePolicy as policy } from './office.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** Ahead of every real clock. */
const startOfTime = asEpochMs(Date.parse('2031-03-03T08:00:00.000Z'));

const auditKey = randomBytes(32);

/** Where a process dies: at its transaction `at`, or at the first that applies; that one is committed or not. */
export interface Death {
  readonly at: number | 'applying';
  readonly isCommitted: boolean;
}

/** What happens beside a process, just before one of its transactions. */
export interface Meanwhile {
  readonly at: number;
  readonly act: () => Promise<void>;
}

/** Thrown by everything that a dead process would write. */
export class ProcessDied extends Error {}

/** An empty database that every history starts with a copy of: migrating takes longer than a history. */
let template: Promise<string> | undefined;

async function makeTemplate(): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'rosterd-history-template-')), 'empty.db');
  const options = { auditKey, clock: { now: () => startOfTime }, migrate: 'apply' } as const;
  await (await openStore({ kind: 'sqlite', path, isTemporary: true }, options)).close();
  return path;
}

export async function dropTemplate(): Promise<void> {
  const path = await template;
  template = undefined;
  if (path !== undefined) await rm(join(path, '..'), { recursive: true, force: true });
}

export class Installation {
  readonly contents: ReadonlyMap<SourceName, DirectoryContent>;
  store: Store;
  admin: Admin;
  reads: AdminReader;
  now: EpochMs = startOfTime;
  /** Transactions of the last run or approval. */
  transactions = 0;
  readonly #location: Location;
  readonly #folder: string | undefined;
  #processes = 1;

  private constructor(
    contents: readonly DirectoryContent[],
    location: Location,
    folder: string | undefined,
    store: Store,
  ) {
    this.contents = new Map(contents.map((content) => [content.source, content]));
    this.#location = location;
    this.#folder = folder;
    this.store = store;
    this.reads = createAdminReader(store.core.read);
    this.admin = this.#makeAdmin();
  }

  /** On SQLite unless a fresh, migrated database is given. */
  static async open(contents: readonly DirectoryContent[], given?: Location): Promise<Installation> {
    const folder = given === undefined ? await mkdtemp(join(tmpdir(), 'rosterd-history-')) : undefined;
    const location = given ?? { kind: 'sqlite', path: join(folder ?? '', 'rosterd.db'), isTemporary: true };
    if (location.kind === 'sqlite' && given === undefined) {
      template ??= makeTemplate();
      await copyFile(await template, location.path);
    }
    const clock = { now: () => startOfTime };
    const store = await openStore(location, { auditKey, clock, migrate: given === undefined ? 'require' : 'apply' });
    const opened = new Installation(contents, location, folder, store);
    await opened.restart();
    return opened;
  }

  /** As a new process does it. */
  async restart(): Promise<void> {
    await this.store.close();
    this.#processes += 1;
    const clock = { now: () => this.now };
    this.store = await openStore(this.#location, { auditKey, clock, migrate: 'require' });
    this.reads = createAdminReader(this.store.core.read);
    this.admin = this.#makeAdmin();
  }

  async close(): Promise<void> {
    await this.store.close();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  contentOf(source: SourceName): DirectoryContent {
    const content = this.contents.get(source);
    if (content === undefined) throw new Error(`there is no source ${source}`);
    return content;
  }

  /** Runs the source; `died` instead of a run when the process was killed before the end. */
  async run(
    name: SourceName,
    fault: ReadFault,
    options: { readonly death?: Death; readonly meanwhile?: Meanwhile; readonly intent?: 'apply' | 'plan' } = {},
  ): Promise<{ readonly run: Run | undefined; readonly log: ReadLog }> {
    const source = new MemorySource(this.contentOf(name), fault);
    const request = { source: name, mode: 'full', trigger: 'schedule', actor: 'daemon' } as const;
    const run = await this.#living(
      options.death,
      (deps) =>
        runSource({ ...deps, connector: async () => source }, { ...request, intent: options.intent ?? 'apply' }, never),
      options.meanwhile,
    );
    return { run, log: source.log };
  }

  async approve(id: number, death?: Death): Promise<Run | undefined> {
    const decision = { actor: 'cli:boss@lab', reason: 'looked at it' };
    const done = await this.#living(death, (deps) => approveHeld(deps, asRunId(id), decision, never));
    return done?.run;
  }

  async reject(id: number, until?: EpochMs): Promise<void> {
    const decision = { actor: 'cli:boss@lab', reason: 'a mistake', ...(until === undefined ? {} : { until }) };
    await this.#living(undefined, (deps) => rejectHeld(deps, asRunId(id), decision));
  }

  /** Names of leases that somebody holds. */
  async heldLeases(): Promise<readonly string[]> {
    const rows = await this.store.core.read.all<{ name: string }>(
      "SELECT name FROM leases WHERE holder <> '' ORDER BY name",
    );
    return rows.map(({ name }) => name);
  }

  #makeAdmin(): Admin {
    return createAdmin({
      store: this.store,
      reads: this.reads,
      policy,
      now: () => this.now,
      actor: 'cli:tester@lab',
      withRivals,
    });
  }

  /** Lets a process work, and kills it where it is told to: nothing is written from then on, and a new process opens the store. */
  async #living<T>(
    death: Death | undefined,
    work: (deps: SyncDeps) => Promise<T>,
    meanwhile?: Meanwhile,
  ): Promise<T | undefined> {
    const process = mortal(this.store, death, meanwhile);
    try {
      return await work({ ...this.#deps(process.store), emit: process.hears });
    } catch (error) {
      if (!process.isDead()) throw error;
      return undefined;
    } finally {
      this.transactions = process.transactions();
      if (process.isDead()) await this.restart();
    }
  }

  #deps(store: SyncStore): SyncDeps {
    return {
      store,
      policy,
      clock: { now: () => this.now },
      // This process under another start time: a process that anybody can see to be dead once it has ended.
      holder: makeHolder().replace(/\d+$/u, `${this.#processes}`),
      retention: { runsMs: 3_650 * dayMs, auditPayloadsMs: undefined },
      noticeTargets: [],
      emit: () => {},
      connector: async (source) => new MemorySource(this.contentOf(source), { kind: 'none' }),
      policyFingerprint: (source) => policyFingerprint(policy, source),
    };
  }
}

const never = new AbortController().signal;

interface Mortal {
  readonly store: SyncStore;
  readonly hears: EventSink;
  isDead(): boolean;
  transactions(): number;
}

/** The store as a process sees it that dies at one of its transactions. A private copy (dry run, approval) is not counted. */
function mortal(store: Store, death: Death | undefined, meanwhile: Meanwhile | undefined): Mortal {
  let count = 0;
  let isDead = false;
  let isApplying = false;
  const write: SyncStore['write'] = async (work) => {
    if (isDead) throw new ProcessDied('the process is dead');
    count += 1;
    if (count === meanwhile?.at) await meanwhile.act();
    if (death === undefined || !(count === death.at || (death.at === 'applying' && isApplying)))
      return store.write(work);
    isDead = true;
    if (death.isCommitted) await store.write(work);
    throw new ProcessDied(`killed ${death.isCommitted ? 'after' : 'before'} transaction ${count}`);
  };
  return {
    store: { read: store.read, overlay: () => store.overlay(), write },
    hears: (event) => {
      if (event.kind === 'phase:started' && event.phase === 'applying') isApplying = true;
    },
    isDead: () => isDead,
    transactions: () => count,
  };
}
