// `source detach` on both stores: a source that left the configuration is let go, and nobody loses anything.

import { afterEach, expect, it } from 'vitest';
import { createAdmin } from '../../src/admin/admin.ts';
import { asAccountKey, asExternalId, asGroupKey, asRunId, asSourceName, asUserId } from '../../src/model/ids.ts';
import type { Policy } from '../../src/model/policy.ts';
import { noCounts } from '../../src/model/run.ts';
import { type Desk, hq, openDesk, policy, startOfTime, teamIds } from './admin-fixture.ts';
import { describeStores } from './stores.ts';

const cc = asSourceName('c_c%');
const first = policy.sources[0];
/** As after the source was taken out of the file. */
const without: Policy = { ...policy, sources: [] };
const uccx = { ...(first as NonNullable<typeof first>), name: cc, type: 'uccx', lifecycle: 'none' } as const;
const withOther: Policy = { ...policy, sources: first === undefined ? [] : [{ ...first, name: cc }] };

let desk: Desk;

describeStores('a source that is detached', (stores) => {
  const open = async (): Promise<void> => {
    desk = await openDesk(stores.kind === 'sqlite' ? undefined : await stores.fresh());
  };
  afterEach(() => desk.close());

  const count = async (from: string): Promise<number> =>
    Number((await desk.store.core.read.first<{ n: number | bigint }>(`SELECT count(*) AS n FROM ${from}`))?.n ?? 0);

  /** What waits for hq, and an account of another source that mira has too. */
  async function fill(): Promise<void> {
    const seen = { digest: 'd', presence: { state: 'present' }, matchKeys: {}, isNewDn: true } as const;
    const run = { source: hq, trigger: 'cli', actor: 'x', mode: 'full', dryRun: false, attempt: 1 } as const;
    await desk.store.write(async (tx) => {
      const own = { user: asUserId(1) } as const;
      await tx.mirror.saveSource({ name: cc, type: 'uccx' });
      await tx.mirror.saveAccounts(cc, [
        {
          ...seen,
          key: asAccountKey(31),
          account: { id: asExternalId('a31'), name: 'mnovak', status: 'unknown', attributes: {}, unread: [] },
        },
      ]);
      await tx.userRows.addLinks([
        { ...own, account: asAccountKey(31), source: cc, state: 'active', rule: 'manual', since: startOfTime },
      ]);
      await tx.userRows.addMemberships([{ ...own, team: teamIds.sales, owner: 'local' }]);
      await tx.userRows.addRoles([{ ...own, role: 'Agent', owner: hq }]);
      await tx.userRows.addGrants([{ ...own, team: teamIds.brno, owner: hq }]);
      await tx.userRows.setAttributes([
        { ...own, name: 'agentId', owner: hq, value: '1' },
        { ...own, name: 'extension', owner: hq, value: '2' },
        { ...own, name: 'extension', owner: cc, value: '3' },
      ]);
      await tx.mirror.addEdges('manages', {
        accounts: [],
        groups: [[asGroupKey(1), asGroupKey(2)]],
        unresolved: [[asGroupKey(1), { by: 'name', value: 'nobody' }]],
      });
      await tx.dirty.everythingOf(hq, 'test');
      await tx.findings.reconcile(
        [],
        [{ code: 'email-invalid', source: hq, subject: 'user:1', label: 'mira', detail: {} }],
        { now: startOfTime, codes: [] },
      );
      await tx.setPause({ scope: { kind: 'source', source: hq }, reason: 'x', by: 'y', since: startOfTime });
      await tx.saveSkip({ source: hq, dueAt: startOfTime, at: startOfTime, reason: 'missed', detail: '' });
      await tx.runRows.saveRun({
        ...run,
        id: asRunId(9),
        state: 'applying',
        startedAt: startOfTime,
        holds: [],
        applied: {},
        counts: noCounts,
      });
      await tx.runRows.saveRun({
        ...run,
        id: asRunId(10),
        state: 'held',
        startedAt: startOfTime,
        endedAt: startOfTime,
        holds: [],
        applied: {},
        counts: noCounts,
      });
      await tx.runRows.addChanges([
        {
          id: 1 as never,
          run: asRunId(9),
          state: 'held',
          change: {
            subject: { kind: 'user', id: asUserId(1) },
            label: 'mira',
            parts: [{ part: 'enabled', before: true, after: false, because: 'authority-gone' }],
          },
        },
      ]);
    });
  }

  const detached = (): ReturnType<Desk['admin']['detachSource']> =>
    createAdmin({ ...desk.context, policy: without }).detachSource({ source: 'hq', reason: ' domain  closed ' });

  it('leaves its users as they are, with everything local and access as it was', async () => {
    await open();
    await fill();
    const before = await desk.user('mira.novak');

    const report = await detached();

    expect(report).toMatchObject({
      changed: true,
      counts: { users: 3, unsynced: 2, accounts: 3, groups: 2, teams: 2, findings: 1 },
      warnings: [{ code: 'other-sources' }, { code: 'roles-stay' }],
    });
    const jan = await desk.user('jan.capek');
    expect(jan).toMatchObject({
      links: [],
      enabled: false,
      activated: false,
      values: { email: { value: 'jan@example.org', owner: 'local' } },
    });
    expect(await desk.user('x4711')).toMatchObject({ links: [], enabled: true, activated: true });
    const mira = await desk.user('mira.novak');
    expect(mira).toMatchObject({ enabled: true, activated: false, mainTeam: before.mainTeam, links: [{ source: cc }] });
    expect(Object.values(mira.values)).toHaveLength(Object.values(before.values).length);
    const rows = [...Object.values(mira.values), ...mira.memberships, ...mira.grants, ...mira.roles];
    expect(rows.every(({ owner }) => owner === 'local')).toBe(true);
    expect(mira.memberships.map(({ team }) => team)).toEqual([teamIds.sales, teamIds.support]);
    expect(mira.attributes.map(({ name, value, owner }) => `${name}=${value} ${owner}`)).toEqual([
      'agentId=1 local',
      `extension=3 ${cc}`,
    ]);
    expect((await desk.store.read.teams()).map(({ origin }) => origin)).toEqual(['local', 'local', 'local']);
    expect((await desk.store.read.teamSizes([teamIds.support])).get(teamIds.support)).toBe(1);
  });

  it('forgets what it read and what waits for it, keeps runs, and applies none of its stored plans any more', async () => {
    await open();
    await fill();
    await detached();
    for (const table of [
      'mirror_groups',
      'mirror_edges',
      'mirror_group_edges',
      'mirror_unresolved_edges',
      'dirty_accounts',
      'dirty_groups',
      'skips',
      'pauses',
    ])
      expect(`${table} ${await count(table)}`).toBe(`${table} 0`);
    expect(await count("mirror_accounts WHERE source = 'hq'")).toBe(0);
    expect(await count('mirror_accounts')).toBe(1);
    expect(await count('findings WHERE closed_at IS NULL')).toBe(0);
    expect(await desk.store.read.run(asRunId(9))).toMatchObject({
      state: 'interrupted',
      because: 'the source was detached',
    });
    expect(await desk.store.read.changeCounts(asRunId(9))).toEqual({ superseded: 1 });
    expect((await desk.context.reads.storedSources()).map(({ name }) => name)).toEqual([cc]);
    expect(await desk.store.read.run(asRunId(10))).toMatchObject({ state: 'done', because: 'the source was detached' });
    // Whoever another source speaks for is looked at again.
    expect(await desk.store.read.dirtyUsers(cc, 0, 10)).toContain(1);
    expect(await desk.store.read.leaseHolders('', startOfTime)).toEqual([]);
  });

  it('writes one entry for the source and one for each user, in an unbroken log', async () => {
    await open();
    await fill();
    const report = await detached();
    const entries = (await desk.entries()).toReversed();
    expect(entries.map(({ action, label }) => `${action} ${label}`)).toEqual([
      'source.detached hq',
      'user.detached mira.novak',
      'user.detached jan.capek',
      'user.detached x4711',
    ]);
    expect(entries[0]).toMatchObject({
      seq: report.audit,
      subject: 'source:hq',
      payload: { counts: report.counts, reason: 'domain closed' },
    });
    expect(entries[1]).toMatchObject({
      userId: 1,
      payload: { source: 'hq', accounts: ['g-mira'], isSynced: true, reason: 'domain closed' },
    });
    expect(await desk.store.verifyAudit()).toMatchObject({ ok: true });
  });

  it('lets nobody in, and says what the next runs of others take away and what they never will', async () => {
    await open();
    await fill();
    // jan, whom hq has disabled, has an account in cc too, which alone would let him in.
    await desk.store.write(async (tx) => {
      const account = { id: asExternalId('a32'), name: 'jan', status: 'unknown', attributes: {}, unread: [] } as const;
      const row = { digest: 'd', presence: { state: 'present' }, matchKeys: {}, isNewDn: true } as const;
      await tx.mirror.saveAccounts(cc, [{ ...row, key: asAccountKey(32), account }]);
      const link = {
        account: asAccountKey(32),
        source: cc,
        state: 'active',
        rule: 'manual',
        since: startOfTime,
      } as const;
      await tx.userRows.addLinks([{ ...link, user: asUserId(2) }]);
    });
    const context = { ...desk.context, policy: { ...policy, sources: [uccx] } };

    const report = await createAdmin(context).detachSource({ source: 'hq', reason: 'domain closed' });

    expect(report.counts).toMatchObject({ users: 3, unsynced: 1, staysDisabled: 1, grantsGo: 1, roles: 1 });
    expect(report.warnings.map(({ code }) => code)).toEqual([
      'other-sources',
      'stays-disabled',
      'grants-go',
      'roles-stay',
    ]);
    const adminHold = { by: 'cli:ops@console', reason: 'was disabled when hq was detached: domain closed' };
    expect(await desk.user('jan.capek')).toMatchObject({
      enabled: false,
      adminHold,
      values: { lastName: { owner: 'local' } },
    });
    expect(await desk.user('mira.novak')).not.toHaveProperty('adminHold');
    const entry = (await desk.entries()).find(({ label }) => label === 'jan.capek');
    expect(entry).toMatchObject({ action: 'user.detached', payload: { adminHold } });
  });

  it('takes along what is left of the source on users that it has no account of any more', async () => {
    await open();
    await desk.store.write((tx) => tx.userRows.addMemberships([{ user: asUserId(3), team: teamIds.sales, owner: hq }]));
    expect((await detached()).counts.users).toBe(4);
    expect((await desk.user('eva.local')).memberships.every(({ owner }) => owner === 'local')).toBe(true);
  });

  it('is shown before it is done, and a look changes nothing', async () => {
    await open();
    await fill();
    const admin = createAdmin({ ...desk.context, policy: without });
    expect((await admin.leftSources()).map(({ name }) => name)).toEqual([cc, hq]);
    const preview = await admin.previewDetach({ source: 'hq' });
    expect(preview).toMatchObject({ changed: false, counts: { users: 3, unsynced: 2, accounts: 3 } });
    expect(preview.summary).toContain('hq would be detached: 3 users kept');
    expect(await desk.entries()).toEqual([]);
    expect((await desk.user('jan.capek')).links).toHaveLength(1);
  });

  it('is refused while it is configured, being synced, or unknown', async () => {
    await open();
    await expect(desk.admin.detachSource({ source: 'hq', reason: 'x' })).rejects.toMatchObject({
      code: 'edit-conflict',
      detail: { because: 'configured' },
    });
    const admin = createAdmin({ ...desk.context, policy: withOther });
    await expect(admin.detachSource({ source: 'hg', reason: 'x' })).rejects.toMatchObject({ code: 'source-unknown' });
    for (const name of ['source:hq', 'reconcile']) {
      const lease = await desk.store.write((tx) => tx.leases.acquire(name, 'far:boot:1:1', 60_000, startOfTime));
      await expect(admin.detachSource({ source: 'hq', reason: 'x' })).rejects.toMatchObject({
        code: 'run-in-progress',
      });
      if ('token' in lease) await desk.store.write((tx) => tx.leases.release(lease));
    }
    expect(await desk.entries()).toEqual([]);
    expect(await desk.store.read.mirror.source(hq)).toBeDefined();
  });
});
