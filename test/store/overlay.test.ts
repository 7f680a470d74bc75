import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { asChangeId, asEpochMs, asRunId } from '../../src/model/ids.ts';
import { noCounts, type Run } from '../../src/model/run.ts';
import type { Store } from '../../src/store/open-store.ts';
import { account, accounts, edges, group, groups, hq, link, user, users, value } from './mirror-fixture.ts';
import { describeStores, startOfTime } from './stores.ts';

const day = 24 * 3_600_000;

function run(id: number, startedAt: number, state: Run['state'], dryRun = false): Run {
  const facts = {
    source: hq,
    trigger: 'cli',
    actor: 'ops',
    mode: 'full',
    attempt: 1,
    counts: noCounts,
    holds: [],
    applied: {},
  } as const;
  return { ...facts, id: asRunId(id), dryRun, state, startedAt: asEpochMs(startedAt) };
}

async function seed(store: Store): Promise<void> {
  await store.write(async (tx) => {
    await tx.allocate('user', 5);
    await tx.mirror.saveSource({ name: hq, type: 'active-directory', cursor: 'c1' });
    await tx.mirror.saveAccounts(hq, [account(1), account(2)]);
    await tx.mirror.saveGroups(hq, [group(1)]);
    await tx.mirror.addEdges(
      'member',
      edges([
        [1, 1],
        [1, 2],
      ]),
    );
    await tx.userRows.create([
      user(1, { username: value('mira') }),
      user(2, { username: value('ola') }, { enabled: false }),
    ]);
    await tx.userRows.addLinks([link(1, 1)]);
    await tx.dirty.users(users(1), 'x');
    await tx.runRows.saveRun(run(1, startOfTime - 3 * day, 'failed'));
    await tx.runRows.saveRun(run(2, startOfTime - 2 * day, 'done'));
    await tx.runRows.saveRun(run(3, startOfTime - 1_000, 'failed'));
    const change = { subject: { kind: 'user', id: users(1)[0] as never }, label: 'mira', parts: [] } as const;
    await tx.runRows.addChanges([{ id: asChangeId(1), run: asRunId(2), change, state: 'applied' }]);
    await tx.findings.reconcile([], [{ code: 'email-invalid', subject: 'user:1', label: 'x', detail: {} }], {
      now: startOfTime,
      codes: [],
    });
    const entry = { at: startOfTime, actor: 'x', action: 'x', subject: 'user:1', label: 'x', payload: {} };
    await tx.audit([entry]);
  });
}

/** Every row of every table. */
async function digestOf(store: Store): Promise<string> {
  const { read } = store.core;
  const names =
    store.kind === 'sqlite'
      ? `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`
      : 'SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1';
  const hash = createHash('sha256');
  for (const { name } of await read.all<{ name: string }>(names)) {
    hash.update(
      JSON.stringify(await read.all(`SELECT * FROM ${name} ORDER BY 1, 2`), (_key, item: unknown) =>
        typeof item === 'bigint' ? Number(item) : item,
      ),
    );
  }
  return hash.digest('hex');
}

describeStores('overlay', (stores) => {
  it('plans from the same facts', async () => {
    const store = await stores.open();
    await seed(store);
    const overlay = await store.overlay();
    expect(await overlay.read.users(users(1, 2))).toEqual(await store.read.users(users(1, 2)));
    expect(await overlay.read.accounts(accounts(1, 2))).toEqual(await store.read.accounts(accounts(1, 2)));
    expect(await overlay.read.groups()).toEqual(await store.read.groups());
    expect(await overlay.read.mirror.source(hq)).toEqual(await store.read.mirror.source(hq));
    expect(await overlay.read.mirror.edgesOf(groups(1), 'member')).toEqual(
      edges([
        [1, 1],
        [1, 2],
      ]),
    );
    expect(await overlay.read.dirtyUsers(hq, 0, 9)).toEqual([1]);
    expect((await overlay.read.runs({ limit: 9 })).map(({ id }) => id)).toEqual([3, 2]);
    expect(await overlay.read.changes(asRunId(2), { after: 0, limit: 9 })).toEqual([]);
    expect(await overlay.write((tx) => tx.allocate('user', 1))).toBe(6);
    await overlay.close();
  });

  it('never touches the original', async () => {
    const store = await stores.open();
    await seed(store);
    const before = await digestOf(store);
    const overlay = await store.overlay();
    await overlay.write(async (tx) => {
      await tx.userRows.save([user(1, { username: value('ola') }), user(2, { username: value('mira') })]);
      await tx.mirror.saveAccounts(hq, [account(3)]);
      await tx.dirty.everythingOf(hq, 'x');
      await tx.leases.acquire('l', 'h', 1, startOfTime);
    });
    expect(await digestOf(store)).toBe(before);
    await overlay.close();
    expect(await digestOf(store)).toBe(before);
  });

  it('is one moment, whatever is written meanwhile', async () => {
    const store = await stores.open();
    await seed(store);
    const writes = Array.from({ length: 20 }, (_, index) =>
      store.write(async (tx) => {
        await tx.userRows.create([user(index + 10, { username: value(`u${index}`) })]);
        await tx.userRows.addLinks([link(index + 10, index + 10)]);
      }),
    );
    const overlay = await store.overlay();
    await Promise.all(writes);
    const ids = users(...Array.from({ length: 20 }, (_, index) => index + 10));
    for (const copied of await overlay.read.users(ids)) expect(copied.links).toHaveLength(1);
    await overlay.close();
  });

  it('lies in a folder of its own, which goes with it', async () => {
    const store = await stores.open();
    const overlay = (await store.overlay()) as Store;
    const folder = dirname(overlay.place);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    await overlay.close();
    expect(existsSync(folder)).toBe(false);
  });
});
