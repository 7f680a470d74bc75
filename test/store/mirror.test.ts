import { expect, it } from 'vitest';
import { asEpochMs, asExternalId, asUserId } from '../../src/model/ids.ts';
import type { CorrelationKey } from '../../src/model/policy.ts';
import { account, accounts, edges, group, groups, hq, link, noEdges, uccx, user, value } from './mirror-fixture.ts';
import { describeStores } from './stores.ts';

describeStores('mirror', (stores) => {
  it('gives back what was saved', async () => {
    const store = await stores.open();
    const since = asEpochMs(1_790_000_000_000);
    const missing = { state: 'missing', since, suspect: 'scope-changed' } as const;
    const gone = { state: 'absent', since, confirmedReads: 2, evidence: 'asked by id', suspect: 'empty-read' } as const;
    await store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, [
        account(1, { expiresAt: since, unread: ['phone'], quarantine: 'shared-key' }),
        account(2, { presence: gone, status: 'disabled' }),
        account(3, { presence: missing }),
      ]);
      await tx.mirror.saveGroups(hq, [group(1), group(2)]);
      await tx.mirror.addEdges('member', edges([[1, 1]], [[1, 2]]));
      await tx.mirror.addEdges('manages', edges([[2, 1]]));
      await tx.userRows.create([user(7, { username: value('mira') })]);
      await tx.userRows.addLinks([link(7, 1)]);
    });
    const [first, second, third] = await store.read.accounts(accounts(1, 2, 3));
    expect(third?.presence).toEqual(missing);
    expect(first).toEqual({
      ...account(1).account,
      key: 1,
      source: hq,
      expiresAt: since,
      unread: ['phone'],
      presence: { state: 'present' },
      quarantine: 'shared-key',
      userId: 7,
      memberOf: [1],
      manages: [2],
    });
    expect(second).toMatchObject({ presence: gone, status: 'disabled', memberOf: [] });
    expect(await store.read.groups()).toMatchObject([
      { key: 1, parents: [] },
      { key: 2, parents: [1] },
    ]);
    expect(await store.read.mirror.counts(hq)).toEqual({ accounts: 3, groups: 2, presentAccounts: 1 });
    const digests = await store.read.mirror.digests(hq, 'account', [asExternalId('id-1'), asExternalId('nobody')]);
    expect([...digests.values()]).toMatchObject([
      { key: 1, digest: 'digest-1', linkState: 'active', quarantine: 'shared-key' },
    ]);
    expect(await store.read.mirror.records('account', [2])).toEqual([
      { key: 2, id: 'id-2', name: 'name2', presence: gone },
    ]);
    expect((await store.read.accountsOf([7 as never])).map(({ key }) => key)).toEqual([1]);
  });

  it('keeps text that no database likes: quotes, half surrogates, NUL', async () => {
    const store = await stores.open();
    const odd = `o'Neil "x" \\u0000 \ud83d\ude00 \ud83d \0 ;--`;
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(1, { name: odd, attributes: { sn: [odd] } })]));
    const [found] = await store.read.accounts(accounts(1));
    expect(found?.name).toBe(odd.toWellFormed().replace('\0', '\uFFFD'));
    expect(found?.attributes['sn']?.[0]?.length).toBe(odd.length);
  });

  it('resolves by id, DN and name, and guesses nothing', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, [
        account(1),
        account(2, { name: 'Twin' }),
        account(3, { name: 'twin' }),
        account(4, { presence: { state: 'missing', since: asEpochMs(0), suspect: undefined } }),
      ]);
      await tx.mirror.saveAccounts(uccx, [account(5, { name: 'elsewhere' })]);
      await tx.mirror.saveGroups(hq, [group(1), group(2, { group: { ...group(2).group, id: asExternalId('id-1') } })]);
    });
    const found = await store.read.mirror.resolve(hq, [
      { by: 'dn', value: 'cn=user 1, dc=EXAMPLE' },
      { by: 'id', value: 'id-1' },
      { by: 'name', value: 'NAME1' },
      { by: 'dn', value: 'CN=Group 1,DC=example' },
      { by: 'name', value: 'twin' },
      { by: 'id', value: 'id-4' },
      { by: 'name', value: 'elsewhere' },
    ]);
    const one = { kind: 'account', key: 1 };
    expect(found).toEqual([one, one, one, { kind: 'group', key: 1 }, undefined, undefined, undefined]);
  });

  it('takes a DN from the record that had it, and makes its groups look again', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, [account(1)]);
      await tx.mirror.saveGroups(hq, [group(1), group(2)]);
      await tx.mirror.addEdges('member', edges([[1, 1]]));
      await tx.mirror.setEdgeDigests('member', [
        { group: groups(1)[0] as never, digest: 'm1' },
        { group: groups(2)[0] as never, digest: 'm2' },
      ]);
    });
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(9, { dn: 'cn=user 1,dc=example' })]));
    const digests = await store.read.mirror.digests(hq, 'account', [asExternalId('id-1'), asExternalId('id-9')]);
    expect(digests.get(asExternalId('id-1'))?.dnKey).toBeUndefined();
    expect(digests.get(asExternalId('id-9'))?.dnKey).toBe('cn=user 1,dc=example');
    const ofGroups = await store.read.mirror.digests(hq, 'group', [asExternalId('g-1'), asExternalId('g-2')]);
    expect(ofGroups.get(asExternalId('g-1'))?.membersDigest).toBeUndefined();
    expect(ofGroups.get(asExternalId('g-2'))?.membersDigest).toBe('m2');
    // An unrelated change of the old record does not bring the DN back.
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(1, { isNewDn: false, digest: 'new' })]));
    expect(await store.read.mirror.resolve(hq, [{ by: 'dn', value: 'CN=User 1,DC=example' }])).toEqual([
      { kind: 'account', key: 9 },
    ]);
  });

  it('lets two records swap their DNs in one page', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(1), account(2)]));
    const [one, two] = [account(1).account.dn ?? '', account(2).account.dn ?? ''];
    await store.write((tx) => tx.mirror.saveAccounts(hq, [account(1, { dn: two }), account(2, { dn: one })]));
    const found = await store.read.mirror.resolve(
      hq,
      [one, two].map((dn) => ({ by: 'dn' as const, value: dn })),
    );
    expect(found).toEqual([
      { kind: 'account', key: 2 },
      { kind: 'account', key: 1 },
    ]);
  });

  it('adopts references that waited for a record', async () => {
    const store = await stores.open();
    const waiting = [
      [groups(1)[0], { by: 'dn', value: 'CN=User 1, DC=Example' }],
      [groups(1)[0], { by: 'name', value: 'NAME2' }],
      [groups(1)[0], { by: 'id', value: 'g-5' }],
      [groups(1)[0], { by: 'id', value: 'never' }],
    ] as never;
    await store.write(async (tx) => {
      await tx.mirror.saveGroups(hq, [group(1)]);
      await tx.mirror.addEdges('member', { ...noEdges, unresolved: waiting });
    });
    expect((await store.read.mirror.edgesOf(groups(1), 'member')).unresolved).toHaveLength(4);
    await store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, [account(1), account(2)]);
      await tx.mirror.saveGroups(hq, [group(5)]);
    });
    const found = await store.read.mirror.edgesOf(groups(1), 'member');
    expect(found.accounts.toSorted()).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(found.groups).toEqual([[1, 5]]);
    expect(found.unresolved).toEqual([[1, { by: 'id', value: 'never' }]]);
  });

  it('adds and removes edges of both relations apart', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      await tx.mirror.addEdges(
        'member',
        edges(
          [
            [1, 1],
            [1, 2],
          ],
          [[1, 3]],
        ),
      );
      await tx.mirror.addEdges('manages', edges([[1, 1]], [[1, 3]]));
      await tx.mirror.addEdges('member', edges([[1, 1]]));
      await tx.mirror.removeEdges('member', edges([[1, 1]], [[1, 3]]));
    });
    expect(await store.read.mirror.edgesOf(groups(1), 'member')).toEqual(edges([[1, 2]]));
    expect(await store.read.mirror.edgesOf(groups(1), 'manages')).toEqual(edges([[1, 1]], [[1, 3]]));
  });

  it('names the carriers of match keys, but not unlinked accounts that left', async () => {
    const store = await stores.open();
    const absent = {
      state: 'absent',
      since: asEpochMs(0),
      confirmedReads: 1,
      evidence: '',
      suspect: undefined,
    } as const;
    await store.write(async (tx) => {
      const matchKeys = { username: 'mira', employeeId: '0042' };
      await tx.mirror.saveAccounts(hq, [
        account(1, { matchKeys }),
        account(2, { matchKeys, presence: absent }),
        account(3, { matchKeys, presence: absent }),
      ]);
      await tx.userRows.create([
        user(1, { username: value('Mira', 'local'), employeeId: value('0042', 'local') }),
        user(2, { username: value('other'), employeeId: value('0042') }),
      ]);
      await tx.userRows.addLinks([link(2, 3)]);
    });
    const found = await store.read.candidates([
      { by: 'username', key: 'mira' },
      { by: 'employeeId', key: '0042' },
    ]);
    expect(found).toEqual([
      { by: 'username', key: 'mira', accountKey: 1, source: hq },
      { by: 'username', key: 'mira', userId: 2, accountKey: 3, source: hq },
      { by: 'username', key: 'mira', userId: 1 },
      { by: 'employeeId', key: '0042', accountKey: 1, source: hq },
      { by: 'employeeId', key: '0042', userId: 2, accountKey: 3, source: hq },
      { by: 'employeeId', key: '0042', userId: 1 },
    ]);
  });

  it('names the carriers of logins with and without domain, of principal names and of agent IDs', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, [
        account(1, {
          matchKeys: { username: 'mira', principalName: 'mira@a.test', usernameWithoutDomain: 'mira', agentId: '0042' },
        }),
        account(2, { matchKeys: { username: 'mira@b.test', usernameWithoutDomain: 'mira', agentId: '42' } }),
      ]);
      await tx.userRows.create([
        user(1, { username: value('Mira@A.test', 'local') }),
        user(2, { username: value('mira@c.test') }),
        user(3, { username: value('mira', 'local') }),
      ]);
      await tx.userRows.setAttributes([
        { user: asUserId(2), name: 'agentId', owner: 'local', value: '0042' },
        { user: asUserId(3), name: 'agentId', owner: hq, value: '0042' },
        { user: asUserId(3), name: 'extension', owner: 'local', value: '0042' },
      ]);
      await tx.userRows.addLinks([link(2, 2)]);
    });
    const candidates = (by: CorrelationKey, key: string) => store.read.candidates([{ by, key }]);
    expect(await candidates('usernameWithoutDomain', 'mira')).toEqual([
      { by: 'usernameWithoutDomain', key: 'mira', accountKey: 1, source: hq, login: 'mira' },
      { by: 'usernameWithoutDomain', key: 'mira', userId: 2, accountKey: 2, source: hq, login: 'mira@b.test' },
      { by: 'usernameWithoutDomain', key: 'mira', userId: 1, login: 'mira@a.test' },
      { by: 'usernameWithoutDomain', key: 'mira', userId: 3, login: 'mira' },
    ]);
    expect(await candidates('principalName', 'mira@a.test')).toEqual([
      { by: 'principalName', key: 'mira@a.test', accountKey: 1, source: hq },
      { by: 'principalName', key: 'mira@a.test', userId: 1 },
    ]);
    // The name of this user is not a local one, and its account has no principal name.
    expect(await candidates('principalName', 'mira@c.test')).toEqual([]);
    expect(await candidates('agentId', '0042')).toEqual([
      { by: 'agentId', key: '0042', accountKey: 1, source: hq },
      { by: 'agentId', key: '0042', userId: 2 },
    ]);
    await store.write(async (tx) => {
      await tx.userRows.save([user(3, { username: value('eva@a.test', 'local') })]);
      await tx.mirror.saveAccounts(hq, [account(1, { matchKeys: { username: 'mira' } })]);
    });
    expect((await candidates('usernameWithoutDomain', 'eva')).map(({ userId }) => userId)).toEqual([3]);
    expect((await candidates('usernameWithoutDomain', 'mira')).map(({ userId }) => userId)).toEqual([2, 1]);
    expect((await candidates('agentId', '0042')).map(({ userId }) => userId)).toEqual([2]);
  });
});
