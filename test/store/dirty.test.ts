import { expect, it } from 'vitest';
import { asEpochMs } from '../../src/model/ids.ts';
import type { Store } from '../../src/store/open-store.ts';
import { account, accounts, edges, group, groups, hq, link, user, users, value } from './mirror-fixture.ts';
import { describeStores } from './stores.ts';

/** Users 1 and 2 for accounts 1 and 2, account 3 without a user; group 1 holds 2 holds 3 holds 1 again. */
async function seed(store: Store): Promise<void> {
  await store.write(async (tx) => {
    await tx.mirror.saveAccounts(hq, [account(1), account(2), account(3)]);
    await tx.mirror.saveGroups(hq, [group(1), group(2), group(3), group(4)]);
    await tx.userRows.create([user(1, { username: value('a') }), user(2, { username: value('b') })]);
    await tx.userRows.addLinks([link(1, 1), link(2, 2)]);
    await tx.mirror.addEdges(
      'member',
      edges(
        [
          [1, 1],
          [3, 2],
          [3, 3],
          [4, 1],
        ],
        [
          [1, 2],
          [2, 3],
          [3, 1],
        ],
      ),
    );
  });
}

async function dirt(store: Store): Promise<unknown> {
  return {
    users: await store.read.dirtyUsers(hq, 0, 100),
    accounts: await store.read.dirtyAccounts(hq, 0, 100),
    groups: await store.read.dirtyGroups(hq),
  };
}

describeStores('dirty', (stores) => {
  it('marks the members of nested groups, through a cycle too', async () => {
    const store = await stores.open();
    await seed(store);
    await store.write((tx) => tx.dirty.membersOf(groups(2), 'nested'));
    expect(await dirt(store)).toEqual({ users: [1, 2], accounts: [3], groups: [] });
    await store.write(async (tx) => {
      await tx.dirty.clearUsers(users(1, 2), await tx.dirtyMark());
      await tx.dirty.clearAccounts(accounts(3));
      await tx.dirty.membersOf(groups(4), 'flat');
    });
    expect(await dirt(store)).toEqual({ users: [1], accounts: [], groups: [] });
  });

  it('marks all members of a group that is larger than a step', async () => {
    const store = await stores.open();
    const keys = Array.from({ length: 12_001 }, (_, index) => index + 1);
    await store.write(async (tx) => {
      await tx.mirror.saveAccounts(
        hq,
        keys.map((key) => account(key)),
      );
      await tx.mirror.addEdges('member', edges(keys.flatMap((key) => [[1, key] as const, [2, key] as const])));
      await tx.dirty.membersOf(groups(1, 2), 'large');
    });
    expect(await store.read.dirtyAccounts(hq, 0, 20_000)).toHaveLength(12_001);
  });

  it('marks everything of a source', async () => {
    const store = await stores.open();
    await seed(store);
    await store.write((tx) => tx.dirty.everythingOf(hq, 'policy'));
    expect(await dirt(store)).toEqual({ users: [1, 2], accounts: [3], groups: [1, 2, 3, 4] });
  });

  it('marks who is due, once', async () => {
    const store = await stores.open();
    await seed(store);
    const at = asEpochMs(1_800_000_000_000);
    await store.write((tx) => tx.dirty.setRecheck([{ user: users(1)[0] as never, at }]));
    expect(await store.write((tx) => tx.dirty.due(asEpochMs(at - 1)))).toBe(0);
    expect(await store.write((tx) => tx.dirty.due(at))).toBe(1);
    expect(await store.write((tx) => tx.dirty.due(at))).toBe(0);
    expect(await store.read.dirtyUsers(hq, 0, 9)).toEqual([1]);
  });

  it('pages through what is dirty', async () => {
    const store = await stores.open();
    await seed(store);
    await store.write((tx) => tx.dirty.users(users(1, 2), 'edit'));
    expect(await store.read.dirtyUsers(hq, 0, 1)).toEqual([1]);
    expect(await store.read.dirtyUsers(hq, 1, 1)).toEqual([2]);
  });

  it('keeps who is marked again while a plan is made', async () => {
    const store = await stores.open();
    await seed(store);
    await store.write((tx) => tx.dirty.users(users(1, 2), 'edit'));
    const mark = await store.read.dirtyMark();
    await store.write((tx) => tx.dirty.users(users(2), 'edited meanwhile'));
    await store.write((tx) => tx.dirty.clearUsers(users(1, 2), mark));
    expect(await store.read.dirtyUsers(hq, 0, 9)).toEqual([2]);
  });
});
