import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { asEpochMs } from '../../src/model/ids.ts';
import { account, group, groups, hq, user, users, value } from './mirror-fixture.ts';
import { describeStores, startOfTime } from './stores.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describeStores('write', (stores) => {
  it('keeps an edit that was made during a batch that was rolled back', async () => {
    const store = await stores.open();
    const batch = store.write(async (tx) => {
      await tx.userRows.create([user(1, { username: value('batch') })]);
      await sleep(50);
      throw new Error('the batch fails');
    });
    const edit = store.write((tx) => tx.userRows.create([user(2, { username: value('edit') })]));
    await expect(batch).rejects.toThrow('the batch fails');
    await edit;
    expect((await store.read.users(users(1, 2))).map(({ id }) => id)).toEqual([2]);
  });

  it('never shows a reader what is not committed', async () => {
    const store = await stores.open();
    const seen: number[] = [];
    const batch = store.write(async (tx) => {
      await tx.userRows.create([user(1, { username: value('batch') })]);
      seen.push((await store.read.users(users(1))).length, (await tx.users(users(1))).length);
      await sleep(20);
    });
    await batch;
    seen.push((await store.read.users(users(1))).length);
    expect(seen).toEqual([0, 1, 1]);
  });

  it('works in the order of the calls', async () => {
    const store = await stores.open();
    const order: number[] = [];
    await Promise.all(
      [30, 0, 10, 5].map((ms, index) =>
        store.write(async () => {
          await sleep(ms);
          order.push(index);
        }),
      ),
    );
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('refuses to wait for itself', async () => {
    const store = await stores.open();
    const nested = store.write(() => store.write(async () => 1));
    await expect(nested).rejects.toMatchObject({ code: 'bug' });
  });

  it('finishes what was asked for before it closes, and refuses the rest', async () => {
    const store = await stores.open();
    const last = store.write(async (tx) => {
      await sleep(20);
      return tx.allocate('user', 1);
    });
    const closing = store.close();
    await expect(store.write(async () => 1)).rejects.toMatchObject({ code: 'interrupted' });
    expect(await last).toBe(1);
    await closing;
  });

  it('lets timers run during a long batch', async () => {
    const store = await stores.open();
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 5);
    const rows = Array.from({ length: 20_000 }, (_, index) => account(index + 1));
    await store.write((tx) => tx.mirror.saveAccounts(hq, rows));
    clearInterval(timer);
    // How long each turn takes is for the bench to say; here a timer must come in between at all, many times.
    expect(ticks).toBeGreaterThan(4);
  });

  it('writes nothing for what is the same already', async () => {
    const store = await stores.open();
    const location = store.core.location;
    await store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, [account(1)]);
      await tx.mirror.saveGroups(hq, [group(1)]);
      await tx.userRows.create([user(1, { username: value('a') })]);
    });
    const digest = async (): Promise<string> => {
      if (location.kind === 'sqlite') {
        const files = await Promise.all(['', '-wal'].map((suffix) => readFile(location.path + suffix)));
        return createHash('sha256').update(Buffer.concat(files)).digest('hex');
      }
      const rows = await store.core.read.all(
        'SELECT xmin::text, ctid::text FROM users UNION ALL SELECT xmin::text, ctid::text FROM mirror_accounts',
      );
      return JSON.stringify(rows);
    };
    const before = await digest();
    await store.write(async (tx) => {
      await tx.dirty.setRecheck([{ user: users(1)[0] as never, at: undefined }]);
      await tx.dirty.due(asEpochMs(startOfTime));
      await tx.userRows.save([user(1, { username: value('a') })]);
      await tx.mirror.setPresence('account', [{ key: 1, presence: { state: 'present' } }]);
      await tx.mirror.setTeam([{ group: groups(1)[0] as never, team: undefined }]);
      await tx.findings.reconcile(['a'], [], { now: startOfTime, codes: ['email-invalid'] });
    });
    expect(await digest()).toBe(before);
  });

  if (stores.kind === 'postgresql') {
    it('tells the planner that a table has grown, so that a first import finds its rows by index', async () => {
      const store = await stores.open();
      const rows = Array.from({ length: 1_200 }, (_, index) => account(index + 1));
      await store.write((tx) => tx.mirror.saveAccounts(hq, rows));
      const size = await store.core.read.first<{ rows: number }>(
        `SELECT reltuples::int AS rows FROM pg_class WHERE oid = 'mirror_accounts'::regclass`,
      );
      expect(size?.rows).toBe(1_200);
    });
  }
});
