import { expect, it } from 'vitest';
import { asEpochMs, asTeamId, asUserId } from '../../src/model/ids.ts';
import type { FieldName } from '../../src/model/user.ts';
import { account, hq, link, teams, user, users, value } from './mirror-fixture.ts';
import { describeStores } from './stores.ts';

const at = asEpochMs(1_790_000_000_000);

function named(id: number, username: string, email?: string) {
  return user(id, { username: value(username), ...(email === undefined ? {} : { email: value(email) }) });
}

describeStores('users', (stores) => {
  it('gives back a user with everything that belongs to it', async () => {
    const store = await stores.open();
    const row = user(
      1,
      { username: value('Mira'), email: value('Mira@Example.com', 'local') },
      {
        activated: true,
        mainTeam: asTeamId(4),
        adminHold: { by: 'ops', reason: 'left', since: at },
        syncOff: { by: 'ops', reason: 'test', since: at, until: at },
      },
    );
    const pin = { kind: 'role', subject: 'Agent', mode: 'keep', reason: 'why', by: 'ops', since: at } as const;
    const owned = { user: asUserId(1), owner: hq };
    await store.write(async (tx) => {
      await tx.mirror.saveAccounts(hq, [account(3)]);
      await tx.userRows.create([row]);
      await tx.userRows.addLinks([link(1, 3)]);
      await tx.userRows.addMemberships([
        { ...owned, team: asTeamId(4) },
        { ...owned, team: asTeamId(5) },
      ]);
      await tx.userRows.removeMemberships([{ ...owned, team: asTeamId(5) }]);
      await tx.userRows.addGrants([{ ...owned, team: asTeamId(6) }]);
      await tx.userRows.addRoles([
        { ...owned, role: 'Agent' },
        { user: asUserId(1), owner: 'local', role: 'Agent' },
      ]);
      await tx.userRows.setAttributes([
        { ...owned, name: 'agentId', value: '0042' },
        { ...owned, name: 'gone', value: 'x' },
      ]);
      await tx.userRows.setAttributes([{ ...owned, name: 'gone', value: undefined }]);
      await tx.userRows.setPin(asUserId(1), pin);
    });
    const { id, origin, values, enabled, activated, adminHold, syncOff, mainTeam } = row;
    expect(await store.read.users(users(1, 99))).toEqual([
      {
        ...{ id, origin, values, enabled, activated, adminHold, syncOff, mainTeam },
        links: [{ source: hq, account: 3, state: 'active', rule: 'created', since: 1_700_000_000_000 }],
        memberships: [{ team: 4, owner: hq }],
        grants: [{ team: 6, owner: hq }],
        roles: [
          { role: 'Agent', owner: hq },
          { role: 'Agent', owner: 'local' },
        ],
        attributes: [{ name: 'agentId', value: '0042', owner: hq }],
        pins: [pin],
      },
    ]);
    expect(await store.read.userCounts(hq)).toEqual({ linked: 1, enabled: 1 });
    expect([...(await store.read.teamSizes(teams(4, 5)))]).toEqual([
      [4, 1],
      [5, 0],
    ]);
    expect(await store.write((tx) => tx.userRows.removePin(asUserId(1), 'role', 'Agent'))).toBe(true);
    expect(await store.write((tx) => tx.userRows.removePin(asUserId(1), 'role', 'Agent'))).toBe(false);
  });

  it.each(['username', 'email'] as const)('lets %ss swap and rotate within one call', async (field: FieldName) => {
    const store = await stores.open();
    const texts = ['a@x', 'b@x', 'c@x', 'd@x'];
    const assign = (order: readonly number[]) =>
      order.map((text, index) => {
        const username = field === 'username' ? texts[text] : `u${index}`;
        return named(index + 1, username ?? '', field === 'email' ? texts[text] : undefined);
      });
    await store.write((tx) => tx.userRows.create(assign([0, 1, 2, 3])));
    for (const order of [
      [1, 0, 2, 3],
      [1, 2, 3, 0],
      [0, 1, 2, 3],
    ]) {
      await store.write((tx) => tx.userRows.save(assign(order)));
      const holders = await store.read.holders(field as 'username', texts);
      expect(order.map((text) => holders.get(texts[text] ?? ''))).toEqual([1, 2, 3, 4]);
    }
  });

  it('lets a freed name go to a new user of the same transaction', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.userRows.create([named(1, 'mira', 'mira@x')]));
    await store.write(async (tx) => {
      await tx.userRows.save([named(1, 'mira2')]);
      await tx.userRows.create([named(2, 'mira', 'mira@x')]);
    });
    expect((await store.read.holders('email', ['mira@x'])).get('mira@x')).toBe(2);
  });

  it('refuses a name that somebody keeps, and leaves nothing behind', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.userRows.create([named(1, 'mira'), named(2, 'ola')]));
    const taken = store.write((tx) => tx.userRows.save([named(2, 'MIRA')]));
    await expect(taken).rejects.toMatchObject({ code: 'value-taken' });
    const holders = await store.read.holders('username', ['mira', 'ola']);
    expect([...holders.values()].toSorted()).toEqual([1, 2]);
  });

  it('refuses a second link of one account', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.userRows.addLinks([link(1, 3)]));
    await expect(store.write((tx) => tx.userRows.addLinks([link(2, 3)]))).rejects.toMatchObject({
      code: 'edit-conflict',
    });
  });

  it('lets team names swap within one call', async () => {
    const store = await stores.open();
    const [a, b] = [
      { id: asTeamId(1), origin: 'local' as const },
      { id: asTeamId(2), origin: hq, parent: asTeamId(1) },
    ];
    await store.write((tx) =>
      tx.userRows.saveTeams([
        { ...a, name: 'North' },
        { ...b, name: 'South' },
      ]),
    );
    await store.write((tx) =>
      tx.userRows.saveTeams([
        { ...a, name: 'South' },
        { ...b, name: 'North' },
      ]),
    );
    expect(await store.read.teams()).toEqual([
      { ...a, name: 'South' },
      { ...b, name: 'North' },
    ]);
  });

  it('handles more users than one statement takes', async () => {
    const store = await stores.open();
    const ids = Array.from({ length: 2_500 }, (_, index) => index + 1);
    await store.write((tx) => tx.userRows.create(ids.map((id) => named(id, `u${id}`))));
    await store.write((tx) => tx.userRows.save(ids.map((id) => named(id, `u${(id % 2_500) + 1}`))));
    const found = await store.read.users(users(...ids));
    expect(found.map(({ values }) => values.username?.value)).toEqual(ids.map((id) => `u${(id % 2_500) + 1}`));
  });
});
