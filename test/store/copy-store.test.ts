// Moving a store: what is refused, and that a copy which fails leaves the target as empty as it was.

import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import { asEpochMs } from '../../src/model/ids.ts';
import type { Location } from '../../src/store/clients.ts';
import type { Copied } from '../../src/store/copy-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import { account, accounts, hq, user, users, value } from './mirror-fixture.ts';
import { auditKey, describeStores, type Stores } from './stores.ts';

const never = new AbortController().signal;
const odd = { name: `o'Neil "x" ü\n\\ \u{1F4E8}`, attributes: { mail: [], title: ['a', ''] } };

/** A store that is at rest, with some of everything. */
async function filled(stores: Stores, rows = 3_000): Promise<Location> {
  const location = await stores.fresh();
  const store = await stores.open(location);
  await store.write(async (tx) => {
    await tx.allocate('account', rows);
    const many = Array.from({ length: rows }, (_, index) => account(index + 1));
    await tx.mirror.saveAccounts(hq, [...many.slice(1), account(1, odd)]);
    await tx.userRows.create([
      user(1, { username: value('a') }),
      user(2, { username: value('b') }, { enabled: false }),
    ]);
    const released = await tx.leases.acquire('source:hq', makeHolder(), 1, asEpochMs(0));
    if ('token' in released) await tx.leases.release(released);
    await tx.audit([{ at: asEpochMs(5), actor: 'x', action: 'x', subject: 'x', label: 'x', payload: { a: 'ü' } }]);
  });
  await store.close();
  return location;
}

/** A database that was just made: of the same kind, and a SQLite file. */
async function targets(stores: Stores): Promise<readonly Location[]> {
  const file = { kind: 'sqlite', path: join(await stores.folder(), 'target.db') } as const;
  const made = [await stores.fresh(), file];
  for (const location of made) await stores.database(location).migrate();
  return made;
}

async function target(stores: Stores): Promise<Location> {
  const location = await stores.fresh();
  await stores.database(location).migrate();
  return location;
}

const copy = (stores: Stores, from: Location, to: Location, key = auditKey, signal = never): Promise<Copied> =>
  stores.database(from).copyTo({ location: to, auditKey: () => Promise.resolve(key) }, signal);

async function problemOf(work: Promise<unknown>): Promise<RosterdError> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof RosterdError) return error;
  throw new Error(`It should have failed with an error of the catalogue, not ${error}.`);
}

/** Rows of all tables; everything that a database which was just made lacks. */
async function isEmpty(stores: Stores, location: Location): Promise<boolean> {
  const store = await stores.open(location);
  const counts = await Promise.all(
    ['mirror_accounts', 'users', 'audit_entries', 'audit_head', 'counters'].map((table) =>
      store.core.read.all(`SELECT 1 AS one FROM ${table} LIMIT 1`),
    ),
  );
  await store.close();
  return counts.flat().length === 0;
}

describeStores('a store that is copied', (stores) => {
  it('is whole in its new place, which tells of it in its log', async () => {
    const from = await filled(stores);
    for (const to of await targets(stores)) {
      const copied = await copy(stores, from, to);
      expect(copied.tables).toContainEqual({ table: 'mirror_accounts', rows: 3_000 });
      expect(copied.tables).toContainEqual({ table: 'audit_entries', rows: 1 });
      expect(copied.tables.map(({ table }) => table)).not.toContain('leases');
      const store = await stores.open(to);
      const [first] = await store.read.accounts(accounts(1));
      expect(first).toMatchObject(odd);
      expect((await store.read.users(users(1, 2))).map(({ enabled }) => enabled)).toEqual([true, false]);
      expect(await store.write((tx) => tx.allocate('account', 1))).toBe(3_001);
      const verdict = await store.verifyAudit({ head: copied.audit.head });
      expect(verdict).toMatchObject({ ok: true, entries: 2 });
      const [entry] = await store.core.read.all<{ action: string; actor: string; payload: string }>(
        'SELECT action, actor, payload FROM audit_entries WHERE seq = 2',
      );
      expect(entry).toMatchObject({ action: 'store.copied', actor: 'cli:tester@lab' });
      const rows = copied.tables.reduce((sum, table) => sum + table.rows, 0);
      expect(JSON.parse(entry?.payload ?? '')).toMatchObject({ from: copied.from, to: copied.to, rows });
    }
    const source = await stores.open(from);
    expect(await source.verifyAudit()).toMatchObject({ ok: true, entries: 1 });
  });

  it('goes on working as before', async () => {
    const from = await filled(stores, 10);
    await copy(stores, from, await target(stores));
    const store = await stores.open(from);
    expect(await store.write((tx) => tx.allocate('account', 1))).toBe(11);
  });

  it('stays where it is when the target holds anything', async () => {
    const [from, to] = [await filled(stores, 10), await target(stores)];
    await copy(stores, from, to);
    const problem = await problemOf(copy(stores, from, to));
    expect(problem.code).toBe('store-not-empty');
    expect(problem.message).toMatch(/has rows in audit_entries, audit_head, counters and 2 more tables/);
  });

  it('stays where it is when the target is not made yet', async () => {
    const from = await filled(stores, 10);
    const code = stores.kind === 'sqlite' ? 'store-unreachable' : 'store-needs-migration';
    expect((await problemOf(copy(stores, from, await stores.fresh()))).code).toBe(code);
  });

  it('stays where it is when the other configuration has another audit key', async () => {
    const [from, to] = [await filled(stores, 10), await target(stores)];
    const problem = await problemOf(copy(stores, from, to, Buffer.alloc(32, 8)));
    expect(problem.code).toBe('audit-key-differs');
    expect(await isEmpty(stores, to)).toBe(true);
  });

  it('is not copied into itself', async () => {
    const from = await filled(stores, 10);
    expect((await problemOf(copy(stores, from, { ...from }))).code).toBe('usage');
  });

  it('stays where it is while a rosterd holds a lease', async () => {
    const [from, to] = [await filled(stores, 10), await target(stores)];
    const child = fork(join(import.meta.dirname, 'child.ts'), [JSON.stringify(from), 'hold-lease'], { execArgv: [] });
    try {
      await once(child, 'message');
      // The lease is of now, not of the time of these tests.
      stores.clock.set(asEpochMs(Date.now()));
      const problem = await problemOf(copy(stores, from, to));
      expect(problem.code).toBe('store-busy');
      expect(problem.message).toContain('Stop rosterd, then copy; nothing was copied.');
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(await isEmpty(stores, to)).toBe(true);
    // Of a process that is dead on this host nobody waits for the lease.
    expect((await copy(stores, from, to)).audit.entries).toBe(2);
  });

  it('leaves the target empty when its log is not whole', async () => {
    const [from, to] = [await filled(stores, 10), await target(stores)];
    const store = await stores.open(from);
    await store.core.write((sql) => sql.run(`UPDATE audit_entries SET label = 'y'`));
    await store.close();
    const problem = await problemOf(copy(stores, from, to));
    expect(problem.code).toBe('audit-broken');
    expect(problem.message).toContain('Entry 1 does not say what was written');
    expect(await isEmpty(stores, to)).toBe(true);
  });

  it('leaves the target empty when it is stopped', async () => {
    const [from, to] = [await filled(stores), await target(stores)];
    const stop = new AbortController();
    // The key of the target is asked for last before the work begins.
    const auditKeyThenStop = (): Promise<Buffer> => {
      setImmediate(() => stop.abort(new RosterdError('interrupted', 'Stopped by a signal.')));
      return Promise.resolve(auditKey);
    };
    const copying = stores.database(from).copyTo({ location: to, auditKey: auditKeyThenStop }, stop.signal);
    expect((await problemOf(copying)).code).toBe('interrupted');
    expect(await isEmpty(stores, to)).toBe(true);
  });

  it('takes no write of anybody while it is copied', async () => {
    const [from, to] = [await filled(stores, 10), await target(stores)];
    const answers: string[] = [];
    const clock = {
      now: () => {
        // Asked for the leases of the target, of the source (locked by then), of the target (locked too), and for the entry.
        answers.push(answers.length === 0 ? 'before' : writeElsewhere(from));
        return stores.clock.now();
      },
    };
    const database = openDatabase(from, { clock, actor: 'cli:tester@lab', auditKey: () => Promise.resolve(auditKey) });
    await database.copyTo({ location: to, auditKey: () => Promise.resolve(auditKey) }, never);
    expect(answers).toEqual(['before', 'store-busy', 'store-busy', 'store-busy']);
    expect(writeElsewhere(from)).toBe('11');
  });
});

/** What another process hears that writes to the store now; this one stands still meanwhile. */
function writeElsewhere(location: Location): string {
  const script = `
    import { openStore } from ${JSON.stringify(join(import.meta.dirname, '../../src/store/open-store.ts'))};
    const options = { auditKey: Buffer.alloc(32, 7), clock: { now: () => 0 }, migrate: 'require', busyTimeoutMs: 50 };
    try {
      const store = await openStore(${JSON.stringify(location)}, options);
      process.stdout.write(String(await store.write((tx) => tx.allocate('account', 1)).finally(() => store.close())));
    } catch (error) {
      process.stdout.write(error.code ?? String(error));
    }`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
}
