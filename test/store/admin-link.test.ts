// `user link`: the way out of disputes, on both stores.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdmin } from '../../src/admin/admin.ts';
import type { Presence, Quarantine } from '../../src/model/account.ts';
import { asAccountKey, asExternalId, asUserId } from '../../src/model/ids.ts';
import { type Desk, hq, openDesk, policy, startOfTime, teamIds } from './admin-fixture.ts';
import { stores } from './admin-stores.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const gone: Presence = {
  state: 'absent',
  since: startOfTime,
  confirmedReads: 1,
  evidence: 'asked by id',
  suspect: undefined,
};

describe.each(stores)('linking by hand on $name', ({ start }) => {
  let desk: Desk;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const place = await start();
    stop = place.stop;
    desk = await openDesk(place.location);
  });
  afterAll(async () => {
    await desk?.close();
    await stop?.();
  });

  /** An account without a user that waits, as a run leaves it: dirty, in quarantine, with a finding. */
  async function addAccount(key: number, name: string, presence: Presence = { state: 'present' }): Promise<void> {
    const id = asExternalId(`g-${key}`);
    await desk.store.write(async (tx) => {
      const account = { id, name, status: 'enabled', attributes: { uid: [name] }, unread: [] } as const;
      const row = { key: asAccountKey(key), account, digest: 'd', presence, matchKeys: {}, isNewDn: true };
      await tx.mirror.saveAccounts(hq, [{ ...row, quarantine: 'name-of-another' }]);
      await tx.dirty.accounts([asAccountKey(key)], 'account changed');
      const finding = { code: 'name-of-another', source: hq, subject: `account:hq/${id}`, label: name } as const;
      await tx.findings.reconcile([], [{ ...finding, detail: {} }], { now: startOfTime, codes: [] });
    });
  }

  const setQuarantine = (key: number, quarantine: Quarantine): Promise<void> =>
    desk.store.write((tx) => tx.mirror.setQuarantine([{ account: asAccountKey(key), quarantine }]));

  async function account(key: number) {
    const [found] = await desk.store.read.accounts([asAccountKey(key)]);
    if (found === undefined) throw new Error(`no account ${key}`);
    return found;
  }

  const openFindings = async (): Promise<readonly string[]> =>
    (await desk.admin.listFindings({ state: 'open', limit: 100 })).map(({ code, label }) => `${code} ${label}`);

  it('gives an account that waits to the user: link, quarantine, marks, finding and entry at once', async () => {
    await addAccount(11, 'mira.new');

    const report = await desk.admin.linkUser({ user: 'mira.novak', account: 'MIRA.new', reason: ' hired  again ' });

    expect(report).toMatchObject({ changed: true, warnings: [expect.objectContaining({ code: 'second-account' })] });
    expect((await desk.user('mira.novak')).links).toContainEqual({
      source: hq,
      account: 11,
      state: 'active',
      rule: 'manual',
      since: startOfTime,
    });
    expect(await account(11)).toMatchObject({ userId: 1 });
    expect(await account(11)).not.toHaveProperty('quarantine');
    expect(await desk.store.read.dirtyAccounts(hq, 0, 10)).toEqual([]);
    expect(await desk.dirty()).toContain(1);
    expect(await openFindings()).toEqual([]);
    const [entry] = await desk.entries();
    expect(entry).toMatchObject({
      seq: report.audit,
      action: 'user.linked',
      userId: 1,
      payload: {
        source: 'hq',
        account: { id: 'g-11', name: 'mira.new' },
        before: { user: null, quarantine: 'name-of-another' },
        after: { user: 1, quarantine: null },
        reason: 'hired again',
        parts: [{ part: 'linked', source: 'hq', account: 'g-11', name: 'mira.new', rule: 'manual' }],
      },
    });
  });

  it('writes nothing when the account speaks for the user already', async () => {
    const before = await desk.entries();
    const report = await desk.admin.linkUser({ user: 'mira.novak', account: 'g-11', source: 'hq', reason: 'again' });
    expect(report).toMatchObject({ changed: false });
    expect(await desk.entries()).toHaveLength(before.length);
  });

  it.each(['returned-late', 'reused-id'] as const)('lifts the quarantine %s of its own account', async (quarantine) => {
    await setQuarantine(2, quarantine);

    const report = await desk.admin.linkUser({ user: 'jan.capek', account: 'jan.capek', reason: 'it is him' });

    expect(report).toMatchObject({ changed: true, warnings: [] });
    expect(await account(2)).not.toHaveProperty('quarantine');
    expect((await desk.user('jan.capek')).links).toHaveLength(1);
    const [entry] = await desk.entries();
    expect(entry?.payload).toMatchObject({ before: { user: 2, quarantine }, after: { user: 2, quarantine: null } });
  });

  it('links to a local user who holds a role, and says when sync is off', async () => {
    await addAccount(12, 'eva');
    await desk.store.write(async (tx) => {
      await tx.userRows.addRoles([{ user: asUserId(3), role: 'Supervisor', owner: 'local' }]);
    });
    await desk.admin.linkUser({ user: 'eva.local', account: 'eva', reason: 'the same person' });
    expect((await desk.user('eva.local')).links).toMatchObject([{ account: 12, rule: 'manual' }]);

    await addAccount(13, 'eva.second');
    await desk.admin.switchSyncOff({ user: 'eva.local', reason: 'on loan' });
    const report = await desk.admin.linkUser({ user: 'eva.local', account: 'eva.second', reason: 'hers too' });
    expect(report.warnings.map(({ code }) => code)).toEqual(['second-account', 'sync-off']);
  });

  it('says which grants go with the first account of a source that owns them (R161)', async () => {
    await addAccount(19, 'agent');
    await desk.store.write(async (tx) => {
      const row = { origin: 'local', activated: true, enabled: true } as const;
      await tx.userRows.create([{ ...row, id: asUserId(50), values: { username: { value: 'ivo', owner: 'local' } } }]);
      await tx.userRows.addGrants([{ user: asUserId(50), team: teamIds.brno, owner: 'local' }]);
    });
    const sources = policy.sources.map((source) => ({ ...source, type: 'uccx' }));
    const admin = createAdmin({ ...desk.context, policy: { ...policy, sources } });
    const report = await admin.linkUser({ user: 'ivo', account: 'agent', reason: 'his agent' });
    expect(report.warnings.map(({ code }) => code)).toEqual(['grants-go']);
  });

  it('prefers the account that is present to one of the same name that left', async () => {
    await addAccount(14, 'x4711', gone);
    await desk.store.write((tx) => tx.mirror.setPresence('account', [{ key: 3, presence: gone }]));
    await addAccount(15, 'x4711');

    await desk.admin.linkUser({ user: 'x4711', account: 'x4711', reason: 'made anew' });

    expect((await account(15)).userId).toBe(4);
    expect((await account(14)).userId).toBeUndefined();
  });

  it('refuses what belongs to another user, is gone, is unknown or has several meanings', async () => {
    await addAccount(16, 'twin');
    await addAccount(17, 'Twin');
    await addAccount(18, 'left', gone);
    const before = await desk.entries();
    const link = (account: string, more: { reason?: string; source?: string } = {}) =>
      desk.admin.linkUser({ user: 'jan.capek', account, reason: 'x', ...more });
    await expect(link('mira.novak')).rejects.toMatchObject({
      code: 'edit-conflict',
      message: 'Account mira.novak (g-mira) of hq is linked to mira.novak.',
      detail: { because: 'linked-to-another', holder: 'mira.novak' },
    });
    await expect(link('left')).rejects.toMatchObject({ code: 'edit-conflict', detail: { because: 'absent' } });
    await expect(link('twin')).rejects.toMatchObject({
      code: 'account-ambiguous',
      detail: { choices: ['g-16 (twin, present)', 'g-17 (Twin, present)'] },
    });
    await expect(link('nobody')).rejects.toEqual(refusal('account-unknown'));
    await expect(link('twin', { source: 'hg' })).rejects.toEqual(refusal('source-unknown'));
    await expect(link('twin', { reason: ' ' })).rejects.toEqual(refusal('value-invalid'));
    expect(await desk.entries()).toHaveLength(before.length);
    expect(await link('G-17')).toMatchObject({ changed: true });
  });
});
