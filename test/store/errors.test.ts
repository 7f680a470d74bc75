// What goes wrong with a database, and what the operator is told. Messages name the file or host, never a password.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { formatHead } from '../../src/model/audit.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { asEpochMs } from '../../src/model/ids.ts';
import { auditRecords } from '../../src/store/admin-audit.ts';
import { connections, type Location } from '../../src/store/clients.ts';
import { openDatabase } from '../../src/store/database.ts';
import { readMigrations, statementsOf } from '../../src/store/migrate.ts';
import { account, accounts, hq } from './mirror-fixture.ts';
import { describeStores } from './stores.ts';

const problemOf = (work: Promise<unknown>): Promise<RosterdError> =>
  work.then(
    () => {
      throw new Error('It should have failed.');
    },
    (error: unknown) => {
      if (error instanceof RosterdError) return error;
      throw error;
    },
  );

/** Every permission bit that a file in the folder has had while it was watched. SQLite copies without giving way: a thread looks. */
async function watchModes(folder: string): Promise<{ stop(): Promise<number> }> {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const watcher = new Worker(
    `const { readdirSync, statSync } = require('node:fs');
     const { workerData: { folder, shared }, parentPort } = require('node:worker_threads');
     parentPort.postMessage('watching');
     while (Atomics.load(shared, 0) === 0) {
       for (const name of readdirSync(folder)) {
         const mode = statSync(folder + '/' + name, { throwIfNoEntry: false })?.mode ?? 0;
         Atomics.or(shared, 1, mode & 0o777);
       }
     }`,
    { eval: true, workerData: { folder, shared } },
  );
  await once(watcher, 'message');
  return {
    async stop() {
      Atomics.store(shared, 0, 1);
      await once(watcher, 'exit');
      return Atomics.load(shared, 1);
    },
  };
}

/** Root may write everything, so the file is opened by a process of the user nobody. */
async function codeAsNobody(path: string): Promise<unknown> {
  const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const args = [JSON.stringify({ kind: 'sqlite', path }), 'open'];
  const child = fork(join(import.meta.dirname, 'child.ts'), args, { execArgv: [], ...identity });
  const [code] = (await once(child, 'message')) as [unknown];
  if (child.exitCode === null) await once(child, 'exit');
  return code;
}

/** A database that nobody has made anything in. */
async function makeEmpty(location: Location): Promise<void> {
  const client = await connections(location, 0).makeWriter();
  await client.$executeRawUnsafe('CREATE TABLE guests (name TEXT)');
  await client.$executeRawUnsafe('DROP TABLE guests');
  await client.$disconnect();
}

describeStores('migrations', (stores) => {
  it('are applied once, also by several starters at the same time', async () => {
    const location = await stores.fresh();
    const opened = await Promise.all([1, 2, 3].map(() => stores.open(location)));
    const rows = await opened[0]?.core.read.all('SELECT name FROM schema_migrations');
    expect(rows).toHaveLength(readMigrations(stores.kind).length);
    expect(await stores.database(location).migrate()).toEqual({ applied: [] });
  });

  it('are not applied where they are only required', async () => {
    const location = await stores.fresh();
    if (location.kind === 'sqlite') await makeEmpty(location);
    const problem = await problemOf(stores.open(location, { migrate: 'require' }));
    expect(problem.code).toBe('store-needs-migration');
    expect(problem.message).toContain('0001_initial');
  });

  it('of a newer rosterd are refused', async () => {
    const store = await stores.open();
    await store.core.write((sql) => sql.run(`INSERT INTO schema_migrations VALUES ('9999_future', 'x', 'x')`));
    const location = store.core.location;
    for (const migrate of ['apply', 'require'] as const) {
      const problem = await problemOf(stores.open(location, { migrate }));
      expect(problem).toMatchObject({ code: 'store-newer' });
      expect(problem.message).toContain('9999_future');
    }
  });

  it('that were changed afterwards are refused', async () => {
    const store = await stores.open();
    await store.core.write((sql) => sql.run(`UPDATE schema_migrations SET checksum = 'x'`));
    const problem = await problemOf(stores.open(store.core.location));
    expect(problem.code).toBe('store-failed');
    expect(problem.message).toMatch(/0001_initial.*restore a backup/);
  });

  it('leave a database of another program alone', async () => {
    const location = await stores.fresh();
    const client = await connections(location, 0).makeWriter();
    await client.$executeRawUnsafe('CREATE TABLE guests (name TEXT)');
    await client.$disconnect();
    const problem = await problemOf(stores.open(location));
    expect(problem.code).toBe('store-corrupt');
    expect(problem.message).toContain('guests');
  });

  it('are split where a line ends with a semicolon', () => {
    expect(statementsOf(`-- a\nCREATE TABLE a (b TEXT DEFAULT ';');\n\n-- c\nSELECT 1;\n`)).toEqual([
      `CREATE TABLE a (b TEXT DEFAULT ';')`,
      'SELECT 1',
    ]);
  });
});

describeStores('errors', (stores) => {
  const on = (kind: typeof stores.kind) => (name: string, test: () => Promise<void>) => {
    if (stores.kind === kind) it(name, test);
  };
  const onSqlite = on('sqlite');
  const onPostgresql = on('postgresql');

  onSqlite('name a folder that does not exist', async () => {
    const path = join(await stores.folder(), 'no', 'rosterd.db');
    const problem = await problemOf(stores.open({ kind: 'sqlite', path }));
    expect(problem.code).toBe('store-unreachable');
    expect(problem.message).toContain(path);
  });

  onSqlite('name a path that is a folder', async () => {
    const path = join(await stores.folder(), 'folder');
    mkdirSync(path);
    expect((await problemOf(stores.open({ kind: 'sqlite', path }))).code).toBe('store-unreachable');
  });

  onSqlite('say that a file is no database', async () => {
    const path = join(await stores.folder(), 'rosterd.db');
    writeFileSync(path, 'This is a letter, not a database. '.repeat(100));
    const problem = await problemOf(stores.open({ kind: 'sqlite', path }));
    expect(problem).toMatchObject({ code: 'store-corrupt' });
    expect(problem.message).toContain(path);
  });

  onSqlite('say that a file is damaged', async () => {
    const store = await stores.open();
    await store.write((tx) =>
      tx.mirror.saveAccounts(
        hq,
        Array.from({ length: 2_000 }, (_, key) => account(key + 1)),
      ),
    );
    const backup = join(await stores.folder(), 'damaged.db');
    await stores.database(store.core.location).backup(backup);
    const { size } = statSync(backup);
    const { openSync, writeSync, closeSync } = await import('node:fs');
    const file = openSync(backup, 'r+');
    writeSync(file, Buffer.alloc(Math.floor(size / 2), 0xa5), 0, Math.floor(size / 2), 8_192);
    closeSync(file);
    const damaged = (async () => {
      const opened = await stores.open({ kind: 'sqlite', path: backup });
      return opened.read.accounts(accounts(...Array.from({ length: 2_000 }, (_, key) => key + 1)));
    })();
    expect((await problemOf(damaged)).code).toBe('store-corrupt');
  });

  onSqlite('say that the disk is full, and the batch leaves nothing behind', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(1)]));
    // Stands for a full disk: SQLite answers SQLITE_FULL either way.
    const limit = (pages: number) => store.core.write((sql) => sql.all(`PRAGMA max_page_count = ${pages}`));
    await limit(1);
    const rows = Array.from({ length: 3_000 }, (_, key) => account(key + 2));
    const problem = await problemOf(store.write((tx) => tx.mirror.saveAccounts(hq, rows)));
    expect(problem.code).toBe('store-full');
    // The connection is a new one now, without the limit.
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(2)]));
    expect(await store.read.mirror.counts(hq)).toMatchObject({ accounts: 2 });
  });

  onSqlite('say that the file, or its folder, may not be written', async () => {
    const store = await stores.open();
    const folder = await stores.folder();
    const copy = join(folder, 'copy.db');
    await stores.database(store.core.location).backup(copy);
    chmodSync(copy, 0o444);
    chmodSync(folder, 0o555);
    expect(await codeAsNobody(copy)).toBe('store-read-only');
    expect(await codeAsNobody(join(folder, 'new.db'))).toBe('store-read-only');
    chmodSync(folder, 0o755);
  });

  onSqlite('make the file readable by its owner only', async () => {
    const store = await stores.open();
    expect(statSync(store.place).mode & 0o777).toBe(0o600);
  });

  onPostgresql('never tell the password', async () => {
    const location = await stores.fresh();
    if (location.kind !== 'postgresql') return;
    const url = location.url.replace(/:[^:@]+@/, ':wrong-secret@');
    const problem = await problemOf(stores.open({ ...location, url }));
    expect(problem.code).toBe('store-unreachable');
    expect(JSON.stringify([problem.message, problem.detail, problem.subject])).not.toContain('wrong-secret');
    expect(problem.message).toContain('127.0.0.1');
    expect(problem.message).toContain('password');
  });

  onPostgresql('say that nobody answers, and that the database is unknown', async () => {
    const url = 'postgresql://postgres:test@127.0.0.1:1/rosterd';
    const problem = await problemOf(stores.open({ kind: 'postgresql', url }));
    expect(problem.code).toBe('store-unreachable');
    expect(problem.message).toContain('127.0.0.1:1/rosterd');
    const location = await stores.fresh();
    if (location.kind !== 'postgresql') return;
    const unknown = location.url.replace(/\/[^/]+$/, '/nowhere');
    expect((await problemOf(stores.open({ ...location, url: unknown }))).code).toBe('store-unreachable');
  });
});

describeStores('backup', (stores) => {
  const fill = async (location: Awaited<ReturnType<typeof stores.fresh>>) => {
    const store = await stores.open(location);
    await store.write(async (tx) => {
      await tx.allocate('account', 3);
      await tx.mirror.saveAccounts(hq, [account(1), account(2, { name: `o'Neil "x" ü` })]);
      await tx.leases.acquire('sync', 'somebody:else:1:1', 3_600_000, stores.clock.now());
      await tx.audit([{ at: asEpochMs(5), actor: 'x', action: 'x', subject: 'x', label: 'x', payload: { a: 1 } }]);
    });
    return store;
  };

  // Enough for copying to take its time.
  const many = Array.from({ length: 5_000 }, (_, key) => account(key + 3));

  it('comes back as it was, into the same kind of store and the other one', async () => {
    const location = await stores.fresh();
    const store = await fill(location);
    const path = join(await stores.folder(), 'backup.db');
    const database = stores.database(location);
    expect(await database.backup(path)).toEqual({ path, bytes: statSync(path).size });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const wanted = await store.read.accounts(accounts(1, 2));

    const other = { kind: 'sqlite', path: join(await stores.folder(), 'other.db') } as const;
    const same = await stores.fresh();
    for (const target of [same, other]) {
      const restored = stores.database(target);
      if (target.kind === 'postgresql') await restored.migrate();
      expect(await restored.restore(path)).toEqual({});
      const again = await stores.open(target);
      expect(await again.read.accounts(accounts(1, 2))).toEqual(wanted);
      expect(await again.verifyAudit()).toMatchObject({ ok: true, entries: 2 });
      expect(await again.write((tx) => tx.allocate('account', 1))).toBe(4);
      expect(await again.write((tx) => tx.leases.acquire('sync', 'me', 1, stores.clock.now()))).toMatchObject({
        holder: 'me',
      });
    }
  });

  it('is readable by its owner only, from the first byte on', async () => {
    const location = await stores.fresh();
    const store = await fill(location);
    await store.write((tx) => tx.mirror.saveAccounts(hq, many));
    const folder = await stores.folder();
    const umask = process.umask(0o022);
    const watch = await watchModes(folder);
    try {
      await stores.database(location).backup(join(folder, 'backup.db'));
    } finally {
      process.umask(umask);
      expect(await watch.stop()).toBe(0o600);
    }
  });

  it('never replaces a file', async () => {
    const location = await stores.fresh();
    await fill(location);
    const path = join(await stores.folder(), 'backup.db');
    writeFileSync(path, 'precious');
    expect((await problemOf(stores.database(location).backup(path))).code).toBe('backup-exists');
  });

  it('is checked before anything is replaced', async () => {
    const location = await stores.fresh();
    const store = await fill(location);
    const wanted = await store.read.accounts(accounts(1, 2));
    const folder = await stores.folder();
    const database = stores.database(location);
    writeFileSync(join(folder, 'letter.db'), 'Not a database. '.repeat(200));
    await store.core.write((sql) => sql.run(`INSERT INTO schema_migrations VALUES ('9999_future', 'x', 'x')`));
    if (location.kind === 'sqlite') {
      await store.close();
      cpSync(location.path, join(folder, 'newer.db'));
      expect((await problemOf(database.restore(join(folder, 'newer.db')))).code).toBe('store-newer');
    }
    expect((await problemOf(database.restore(join(folder, 'letter.db')))).code).toBe('store-corrupt');
    expect((await problemOf(database.restore(join(folder, 'nothing.db')))).code).toBe('store-unreachable');
    const client = await connections(location, 0).openWriter();
    await client.$executeRawUnsafe(`DELETE FROM schema_migrations WHERE name = '9999_future'`);
    await client.$disconnect();
    const again = await stores.open(location);
    expect(await again.read.accounts(accounts(1, 2))).toEqual(wanted);
  });

  it('leaves a trace in the audit log when it is restored', async () => {
    const location = await stores.fresh();
    const store = await fill(location);
    const path = join(await stores.folder(), 'backup.db');
    await stores.database(location).backup(path);
    const restored = formatHead(await store.read.auditHead());
    await store.write((tx) =>
      tx.audit([{ at: asEpochMs(6), actor: 'x', action: 'x', subject: 'x', label: 'x', payload: null }]),
    );
    const before = formatHead(await store.read.auditHead());
    await store.core.write((sql) => sql.run(`UPDATE leases SET holder = ''`));
    await store.close();
    await stores.database(location).restore(path);
    const again = await stores.open(location);
    expect(await again.verifyAudit()).toMatchObject({ ok: true, entries: 2 });
    const [entry] = await auditRecords(again.core.read, {}, { order: 'newest', limit: 1 });
    expect(entry).toMatchObject({ actor: 'cli:tester@lab', action: 'store.restored', at: stores.clock.now() });
    expect(entry?.payload).toEqual({ backup: path, before, restored });
  });

  it('says in its trace that nobody knows what was there, when nothing was', async () => {
    const location = await stores.fresh();
    await fill(location);
    const path = join(await stores.folder(), 'backup.db');
    await stores.database(location).backup(path);
    const target = { kind: 'sqlite', path: join(await stores.folder(), 'other.db') } as const;
    await stores.database(target).restore(path);
    const [entry] = await auditRecords((await stores.open(target)).core.read, {}, { order: 'newest', limit: 1 });
    expect(entry?.payload).toMatchObject({ before: null });
  });

  it('is not restored without the audit key, which its trace needs', async () => {
    const location = await stores.fresh();
    const store = await fill(location);
    const path = join(await stores.folder(), 'backup.db');
    await stores.database(location).backup(path);
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(3)]));
    await store.core.write((sql) => sql.run(`UPDATE leases SET holder = ''`));
    await store.close();
    const auditKey = () => Promise.reject(new RosterdError('audit-key-missing', 'The audit key is gone.'));
    const keyless = openDatabase(location, { clock: stores.clock, actor: 'cli:tester@lab', auditKey });
    expect((await problemOf(keyless.restore(path))).code).toBe('audit-key-missing');
    expect(await (await stores.open(location)).read.mirror.counts(hq)).toMatchObject({ accounts: 3 });
  });

  it('is copied privately while it is restored', async () => {
    const location = await stores.fresh();
    const store = await fill(location);
    await store.write((tx) => tx.mirror.saveAccounts(hq, many));
    const path = join(await stores.folder(), 'backup.db');
    await stores.database(location).backup(path);
    chmodSync(path, 0o644);
    const folder = await stores.folder();
    const watch = await watchModes(folder);
    await stores.database({ kind: 'sqlite', path: join(folder, 'rosterd.db') }).restore(path);
    expect(await watch.stop()).toBe(0o600);
  });

  it('is not restored over a database that is in use, and keeps the one before', async () => {
    const location = await stores.fresh();
    const store = await fill(location);
    const path = join(await stores.folder(), 'backup.db');
    const database = stores.database(location);
    await database.backup(path);
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(3)]));
    const problem = await problemOf(database.restore(path));
    expect(problem.code).toBe('store-busy');
    expect(problem.message).toContain('nothing was replaced');
    expect(await store.read.mirror.counts(hq)).toMatchObject({ accounts: 3 });
    await store.core.write((sql) => sql.run(`UPDATE leases SET holder = ''`));
    await store.close();
    const { kept } = await database.restore(path);
    expect(await (await stores.open(location)).read.mirror.counts(hq)).toMatchObject({ accounts: 2 });
    if (location.kind === 'sqlite') {
      const before = await stores.open({ kind: 'sqlite', path: kept ?? '' });
      expect(await before.read.mirror.counts(hq)).toMatchObject({ accounts: 3 });
    }
  });

  it('replaces a damaged database', async () => {
    const location = { kind: 'sqlite', path: join(await stores.folder(), 'rosterd.db') } as const;
    const store = await fill(location);
    const path = join(await stores.folder(), 'backup.db');
    const database = stores.database(location);
    await database.backup(path);
    await store.close();
    writeFileSync(location.path, 'Rubbish. '.repeat(1_000));
    await database.restore(path);
    expect(await (await stores.open(location)).read.mirror.counts(hq)).toMatchObject({ accounts: 2 });
  });
});
