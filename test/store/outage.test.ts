// What a store does that stays open for months when its disk is full, or its server goes away: it says so soon, nothing is left
// half done, and the same open store works again afterwards.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import { connections, type Location, type PostgresqlOptions } from '../../src/store/clients.ts';
import { openStore, type Store, type StoreOptions } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import type { AccountWrite } from '../../src/sync/ports.ts';
import { RunLease } from '../../src/sync/run-lease.ts';
import { describeWith } from '../describe-with.ts';
import { account, hq } from './mirror-fixture.ts';
import { type OutageServer, openWay, startOutageServer } from './outage-server.ts';

const opened: Store[] = [];
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function open(location: Location, more: Partial<StoreOptions> = {}): Promise<Store> {
  const options = {
    auditKey: Buffer.alloc(32, 7),
    clock: { now: () => Date.now() as never },
    migrate: 'apply',
  } as const;
  const store = await openStore(location, { ...options, ...more });
  opened.push(store);
  return store;
}

const rows = (from: number, count: number): readonly AccountWrite[] =>
  Array.from({ length: count }, (_, index) => account(from + index));

/** Rows and an audit entry in one transaction, as a run writes them. */
const save = (store: Store, from: number, count: number): Promise<unknown> =>
  store.write(async (tx) => {
    await tx.mirror.saveAccounts(hq, rows(from, count));
    const entry = { actor: 'x', action: 'x', subject: 'x', label: String(from), payload: { from, count } };
    await tx.audit([{ at: Date.now() as never, ...entry }]);
  });

const accountsOf = async (store: Store): Promise<number> => (await store.read.mirror.counts(hq)).accounts;

/** The code of its error, and that it came within the time. */
async function failure(work: Promise<unknown>, withinMs: number): Promise<string> {
  const startedAt = performance.now();
  const code = await work.then(
    () => 'none',
    (error: unknown) => (error instanceof RosterdError ? error.code : String(error)),
  );
  expect(performance.now() - startedAt).toBeLessThan(withinMs);
  return code;
}

async function expectWhole(store: Store, entries: number): Promise<void> {
  expect(await store.verifyAudit()).toMatchObject({ ok: true, entries });
  if (store.kind === 'sqlite') {
    expect(await store.core.read.all('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  }
}

// --- SQLite -----------------------------------------------------------------------

interface Disk {
  readonly folder: string;
  fill(): void;
  free(): void;
}

/** A file system of its own, which is really full. */
function smallDisk(): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'rosterd-outage-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
  cleanUps.unshift(() => execFileSync('umount', [folder]));
  const filler = join(folder, 'filler');
  return {
    folder,
    fill() {
      const file = openSync(filler, 'w');
      try {
        for (;;) writeSync(file, Buffer.alloc(4_096));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler),
  };
}

/** Where nothing can be mounted: this process may write no file beyond 1 MB (Node ignores the signal, writes fail with EFBIG). */
function limitedFiles(): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'rosterd-outage-'));
  const limit = (size: string): unknown => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${size}:`]);
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  cleanUps.unshift(() => limit('unlimited'));
  return { folder, fill: () => limit('1048576'), free: () => limit('unlimited') };
}

/** Root in a container often may not. */
function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'rosterd-outage-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const file = ['file', limitedFiles] as const;
const disks = mayMount() ? ([['disk', smallDisk], file] as const) : ([file] as const);

describe('SQLite', () => {
  it.each(disks)(
    'whose %s can grow no more says so, keeps what it has, and goes on when there is room again',
    async (_, make) => {
      const disk = make();
      const location = { kind: 'sqlite', path: join(disk.folder, 'rosterd.db') } as const;
      const store = await open(location);
      await save(store, 1, 10);
      disk.fill();
      // Small ones may still find room in the log.
      let [kept, entries] = [10, 1];
      for (let number = 0; number < 4; number += 1) {
        const code = await failure(save(store, 1_000 + number * 10_000, 10_000), 30_000);
        expect(code).toBe('store-full');
        if ((await failure(save(store, 100 + number, 1), 5_000)) === 'none') [kept, entries] = [kept + 1, entries + 1];
        expect(await accountsOf(store)).toBe(kept);
      }
      await expectWhole(store, entries);
      disk.free();
      await save(store, 1_000, 1_000);
      expect(await accountsOf(store)).toBe(kept + 1_000);
      await expectWhole(store, entries + 1);
      const other = await open(location, { migrate: 'require' });
      expect(await accountsOf(other)).toBe(kept + 1_000);
    },
  );

  const megabyte = 1_048_576;
  const sizeOf = (path: string): number => statSync(`${path}-wal`).size / megabyte;

  it('keeps its log within bounds while readers stay open, and shrinks it after a reader who kept it from that', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rosterd-outage-'));
    cleanUps.push(() => rmSync(folder, { recursive: true }));
    const location = { kind: 'sqlite', path: join(folder, 'rosterd.db') } as const;
    const [store, other] = [await open(location), await open(location)];
    /** Writes the same row again, with 8 MB of log each time. */
    const rewrite = async (times: number): Promise<number> => {
      let largest = 0;
      for (let time = 0; time < times; time += 1) {
        const reason = String(time % 10).repeat(8 * megabyte);
        await store.write((tx) => tx.setPause({ scope: { kind: 'all' }, reason, by: 'x', since: time as never }));
        expect((await other.read.pauses(0 as never)).map(({ since }) => since)).toEqual([time]);
        largest = Math.max(largest, sizeOf(location.path));
      }
      return largest;
    };
    expect(await rewrite(30)).toBeLessThan(80);
    // Somebody who reads in one transaction, such as a shell that was left open, keeps every page from then on.
    const reader = await connections(location, 0).openReader();
    await reader.$executeRawUnsafe('BEGIN');
    await reader.$queryRawUnsafe('SELECT count(*) FROM pauses');
    expect(await rewrite(20)).toBeGreaterThan(150);
    await reader.$disconnect();
    await rewrite(2);
    expect(sizeOf(location.path)).toBeLessThan(65);
  });
});

// --- PostgreSQL -------------------------------------------------------------------

describeWith('postgresql', 'PostgreSQL', () => {
  let server: OutageServer;
  let schemas = 0;

  beforeAll(async () => {
    server = await startOutageServer();
  });
  afterAll(() => server.remove());

  async function fresh(): Promise<PostgresqlOptions> {
    schemas += 1;
    const schema = `t${schemas}`;
    const client = await connections(server.location, 1_000).openWriter();
    await client.$executeRawUnsafe(`CREATE SCHEMA ${schema}`);
    await client.$disconnect();
    return { ...server.location, schema };
  }

  /** Reads on every connection of the reader. */
  const readAll = (store: Store): Promise<readonly number[]> =>
    Promise.all(Array.from({ length: 4 }, () => accountsOf(store)));

  it.each([
    ['stopped', () => server.stop()],
    ['killed', () => server.crash()],
  ])('that is %s and comes back is used again by the same store, and nothing is half done', async (_, end) => {
    const store = await open(await fresh());
    await save(store, 1, 10);
    await readAll(store);
    let begin = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let goOn = (): void => undefined;
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const inside = store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, rows(100, 10));
      begin();
      await mayGoOn;
      await tx.mirror.saveAccounts(hq, rows(200, 10));
    });
    const cut = failure(inside, 120_000);
    await hasBegun;
    await end();
    goOn();
    expect(await cut).toBe('store-unreachable');
    for (let time = 0; time < 3; time += 1) {
      expect(await failure(save(store, 300, 1), 8_000)).toBe('store-unreachable');
      expect(await failure(readAll(store), 8_000)).toBe('store-unreachable');
    }
    await server.start();
    expect(await readAll(store)).toEqual([10, 10, 10, 10]);
    await save(store, 400, 10);
    expect(await readAll(store)).toEqual([20, 20, 20, 20]);
    await expectWhole(store, 2);
  });

  it('gets the leases of a run back that ended while it was gone, as soon as it is there again', async () => {
    const store = await open(await fresh());
    const clock = { now: () => Date.now() as never };
    const leaseOf = (holder: string): RunLease => new RunLease({ clock, holder }, store);
    const first = leaseOf(makeHolder());
    await first.acquireSource(hq);
    await server.stop();
    await first.release();
    await server.start();
    await vi.waitFor(() => leaseOf(makeHolder()).acquireSource(hq), { timeout: 20_000, interval: 200 });
  });

  /** A store that reaches the server over a way that can go dead. */
  async function openOver(): Promise<{
    readonly store: Store;
    readonly way: Awaited<ReturnType<typeof openWay>>;
    readonly direct: Location;
  }> {
    const direct = await fresh();
    const way = await openWay(server.port);
    cleanUps.push(() => way.close());
    const url = direct.url.replace(`:${server.port}/`, `:${way.port}/`);
    return { store: await open({ ...direct, url }, { statementTimeoutMs: 1_000 }), way, direct };
  }

  it('that falls silent keeps nobody waiting for ever, and is used again when it can be reached', async () => {
    const { store, way } = await openOver();
    await save(store, 1, 10);
    await readAll(store);
    way.cut();
    const [reading, writing] = [failure(readAll(store), 15_000), failure(save(store, 100, 10), 15_000)];
    expect([await reading, await writing]).toEqual(['store-unreachable', 'store-unreachable']);
    // Connections that are made now get no answer either.
    expect(await failure(accountsOf(store), 15_000)).toBe('store-unreachable');
    expect(await failure(save(store, 100, 10), 15_000)).toBe('store-unreachable');
    way.mend();
    expect(await readAll(store)).toEqual([10, 10, 10, 10]);
    await save(store, 200, 10);
    expect(await accountsOf(store)).toBe(20);
    await expectWhole(store, 2);
  });

  it('lets go of the lock of a writer that fell silent inside a transaction', async () => {
    const { store, way, direct } = await openOver();
    await save(store, 1, 10);
    const stalled = store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, rows(100, 10));
      way.cut();
      // Longer than the server waits for a transaction that does nothing; this one is over by then.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await tx.mirror.saveAccounts(hq, rows(200, 10));
    });
    const cut = failure(stalled, 30_000);
    const other = await open(direct);
    await save(other, 300, 10);
    expect(await cut).toBe('store-unreachable');
    expect(await accountsOf(other)).toBe(20);
    way.mend();
    await save(store, 400, 10);
    expect(await accountsOf(store)).toBe(30);
  });

  it('is left in time when it does not answer any more', async () => {
    const { store, way } = await openOver();
    await readAll(store);
    await save(store, 1, 1);
    way.cut();
    expect(await failure(store.close(), 10_000)).toBe('none');
  });

  it('ends a statement that takes too long, and the connection stays good', async () => {
    const store = await open(await fresh(), { statementTimeoutMs: 500 });
    expect(await failure(store.core.read.all('SELECT 1 AS one FROM pg_sleep(60)'), 10_000)).toBe('store-unreachable');
    const slow = store.write(async (tx) => {
      await tx.allocate('user', 1);
      await store.core.read.all('SELECT 1 AS one');
    });
    await slow;
    const slower = store.core.write((sql) => sql.all('SELECT 1 AS one FROM pg_sleep(60)'));
    expect(await failure(slower, 10_000)).toBe('store-unreachable');
    expect(await store.write((tx) => tx.allocate('user', 1))).toBe(2);
  });
});
