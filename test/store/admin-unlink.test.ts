// `user unlink` and `finding resolve`: taking an account away, giving it to somebody new, and ignoring a finding; on both stores.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdmin } from '../../src/admin/admin.ts';
import type { Quarantine } from '../../src/model/account.ts';
import type { Finding } from '../../src/model/finding.ts';
import { asAccountKey, asEpochMs, asExternalId, asSourceName, asUserId } from '../../src/model/ids.ts';
import { type Desk, hq, openDesk, policy, startOfTime, teamIds } from './admin-fixture.ts';
import { stores } from './admin-stores.ts';

const cc = asSourceName('cc');
const planCodes = ['name-of-another', 'returned-late', 'unlinked-account'] as const;

describe.each(stores)('accounts that change hands on $name', ({ start }) => {
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

  async function account(key: number) {
    const [found] = await desk.store.read.accounts([asAccountKey(key)]);
    if (found === undefined) throw new Error(`no account ${key}`);
    return found;
  }

  async function addAccount(key: number, name: string, quarantine?: Quarantine, source = hq): Promise<void> {
    const record = { id: asExternalId(`g-${key}`), name, status: 'enabled', unread: [] } as const;
    const row = {
      key: asAccountKey(key),
      digest: 'd',
      presence: { state: 'present' },
      matchKeys: {},
      isNewDn: true,
    } as const;
    await desk.store.write(async (tx) => {
      await tx.mirror.saveAccounts(source, [
        {
          ...row,
          account: { ...record, attributes: { uid: [name] } },
          ...(quarantine === undefined ? {} : { quarantine }),
        },
      ]);
    });
  }

  const open = (finding: Omit<Finding, 'detail'> & Partial<Pick<Finding, 'detail'>>): Promise<unknown> =>
    desk.store.write((tx) => tx.findings.reconcile([], [{ detail: {}, ...finding }], { now: startOfTime, codes: [] }));

  const openFindings = async (state: 'open' | 'ignored' = 'open') => desk.admin.listFindings({ state, limit: 100 });

  const idOf = async (code: string): Promise<number> => {
    const found = (await desk.admin.listFindings({ state: 'any', limit: 100 })).filter((one) => one.code === code);
    return found.at(-1)?.id ?? Number.NaN;
  };

  it('makes everything of a user local with its last account, in one entry', async () => {
    await desk.store.write(async (tx) => {
      const own = { user: asUserId(1) } as const;
      await tx.userRows.addGrants([{ ...own, team: teamIds.sales, owner: hq }]);
      await tx.userRows.addRoles([{ ...own, role: 'Agent', owner: hq }]);
      await tx.userRows.addMemberships([{ ...own, team: teamIds.sales, owner: 'local' }]);
      await tx.userRows.setAttributes([
        { ...own, name: 'agentId', owner: hq, value: '0042' },
        { ...own, name: 'extension', owner: hq, value: '4711' },
        { ...own, name: 'extension', owner: 'local', value: '5000' },
      ]);
      await tx.mirror.setQuarantine([{ account: asAccountKey(1), quarantine: 'returned-late' }]);
    });
    await open({ code: 'returned-late', source: hq, subject: 'user:1', label: 'mira.novak' });
    await open({ code: 'email-conflict', source: hq, subject: 'user:1', label: 'mira.novak' });
    await open({ code: 'names-differ', source: hq, subject: 'user:1/hq', label: 'mira.novak' });

    const report = await desk.admin.unlinkUser({ user: 'mira.novak', account: 'G-MIRA', reason: ' not  hers ' });

    expect(report).toMatchObject({ changed: true, warnings: [{ code: 'still-enabled' }] });
    expect(report.warnings[0]?.message).toBe(
      'mira.novak is still enabled, with the roles Agent and can-manage of Sales, and no source knows mira.novak any more. To take the access away: rosterd user disable mira.novak --reason "..."',
    );
    const mira = await desk.user('mira.novak');
    expect(mira).toMatchObject({ links: [], enabled: true, activated: true, mainTeam: teamIds.sales, origin: hq });
    const owners = [
      ...Object.values(mira.values),
      ...mira.memberships,
      ...mira.grants,
      ...mira.roles,
      ...mira.attributes,
    ];
    expect(owners.map(({ owner }) => owner).filter((owner) => owner !== 'local')).toEqual([]);
    expect(mira.values.firstName).toEqual({ value: 'Míra', owner: 'local' });
    expect(mira.attributes.map(({ name, value }) => `${name}=${value}`)).toEqual(['agentId=0042', 'extension=5000']);
    expect(mira.memberships).toHaveLength(2);
    expect(mira.grants).toEqual([{ team: teamIds.sales, owner: 'local' }]);
    expect(mira.roles).toEqual([{ role: 'Agent', owner: 'local' }]);
    expect(await account(1)).toMatchObject({ quarantine: 'unlinked' });
    expect(await account(1)).not.toHaveProperty('userId');
    expect(await desk.store.read.dirtyAccounts(hq, 0, 10)).toEqual([1]);
    expect(await desk.dirty()).toContain(1);
    expect(await openFindings()).toEqual([]);
    const [entry, before] = await desk.entries();
    expect(before?.action).not.toBe('user.unlinked');
    expect(entry).toMatchObject({
      seq: report.audit,
      action: 'user.unlinked',
      userId: 1,
      payload: {
        source: 'hq',
        account: { id: 'g-mira', name: 'mira.novak' },
        before: { user: 1, quarantine: 'returned-late', link: { state: 'active', rule: 'username' } },
        after: { user: null, quarantine: 'unlinked', isSynced: false },
        reason: 'not hers',
      },
    });
    expect(JSON.stringify(entry?.payload)).toContain('"part":"membership"');
  });

  it('says what the next run of another source takes away, and leaves it to that run', async () => {
    const sources = policy.sources.flatMap((one) => [
      one,
      { ...one, name: cc, type: 'uccx', lifecycle: 'none' as const },
    ]);
    const admin = createAdmin({ ...desk.context, policy: { ...policy, sources } });
    await addAccount(31, 'x4711', undefined, cc);
    await desk.store.write(async (tx) => {
      await tx.userRows.addLinks([
        {
          user: asUserId(4),
          account: asAccountKey(31),
          source: cc,
          state: 'active',
          rule: 'username',
          since: startOfTime,
        },
      ]);
      await tx.userRows.addMemberships([{ user: asUserId(4), team: teamIds.support, owner: hq }]);
    });

    const report = await admin.unlinkUser({ user: 'x4711', account: 'x4711', source: 'hq', reason: 'another person' });

    expect(report.warnings).toEqual([
      { code: 'goes-with-next-run', message: 'The next run of cc takes away from x4711: email, team Support.' },
    ]);
    const user = await desk.user('x4711');
    expect(user.links).toMatchObject([{ account: 31 }]);
    expect(user.memberships).toEqual([{ team: teamIds.support, owner: hq }]);
    expect(user.values.email).toMatchObject({ owner: hq });
    expect(user.activated).toBe(false);
  });

  it('refuses an account that is not the user’s, and a name that means several', async () => {
    const before = await desk.entries();
    const unlink = (user: string, account: string, source?: string) =>
      desk.admin.unlinkUser({ user, account, reason: 'x', ...(source === undefined ? {} : { source }) });
    await expect(unlink('jan.capek', 'mira.novak')).rejects.toMatchObject({
      code: 'account-unknown',
      message: 'jan.capek has no account "mira.novak".',
      detail: { choices: ['g-jan (jan.capek, hq)'] },
    });
    await expect(unlink('jan.capek', 'jan.capek', 'cc')).rejects.toMatchObject({ code: 'account-unknown' });
    await addAccount(32, 'jan.capek');
    await desk.store.write((tx) =>
      tx.userRows.addLinks([
        {
          user: asUserId(2),
          account: asAccountKey(32),
          source: hq,
          state: 'active',
          rule: 'manual',
          since: startOfTime,
        },
      ]),
    );
    await expect(unlink('jan.capek', 'jan.capek')).rejects.toMatchObject({ code: 'account-ambiguous' });
    expect(await desk.entries()).toHaveLength(before.length);
  });

  it('says that sync is off, and unlinks all the same', async () => {
    await desk.admin.switchSyncOff({ user: 'jan.capek', reason: 'on loan' });
    const report = await desk.admin.unlinkUser({ user: 'jan.capek', account: 'g-32', reason: 'no second one' });
    expect(report.warnings.map(({ code }) => code)).toEqual(['sync-off']);
    expect((await desk.user('jan.capek')).links).toMatchObject([{ account: 2 }]);
  });

  it('links the account of a finding to the only user that it names', async () => {
    await addAccount(33, 'eva', 'role-holder');
    const subject = 'account:hq/g-33';
    const detail = { users: ['Eva.Local'], userIds: ['3'] };
    await open({ code: 'role-holder-match', source: hq, subject, label: 'eva', detail });
    const id = await idOf('role-holder-match');

    await desk.admin.resolveFinding({ finding: id, as: { kind: 'link' }, reason: 'it is her' });

    expect((await account(33)).userId).toBe(3);
    expect((await desk.entries())[0]).toMatchObject({ action: 'user.linked', payload: { finding: id } });
    await expect(
      desk.admin.resolveFinding({ finding: id, as: { kind: 'link' }, reason: 'again' }),
    ).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('was closed on') });
  });

  it.each([
    [
      'is called otherwise now',
      { users: ['jan.capek'], userIds: ['3'] },
      'called jan.capek when it was found and is called eva.local',
    ],
    ['is gone', { users: ['jan.capek'], userIds: ['99'] }, 'not there any more'],
    ['was only known by a name', { users: ['jan.capek'] }, 'names no user'],
  ])('links nobody by the name of a finding when its user %s', async (_how, detail, says) => {
    await addAccount(36, 'jan', 'other-person');
    await open({ code: 'other-person', source: hq, subject: 'account:hq/g-36', label: 'jan', detail });
    const finding = await idOf('other-person');
    await expect(
      desk.admin.resolveFinding({ finding, as: { kind: 'link' }, reason: 'it is him' }),
    ).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(says) });
    expect((await account(36)).userId).toBeUndefined();
    await desk.store.write((tx) =>
      tx.findings.reconcile(['account:hq/g-36'], [], { now: startOfTime, codes: ['other-person'] }),
    );
  });

  it('confirms the disputed account of a user, and closes the finding about the user at once', async () => {
    await desk.store.write((tx) =>
      tx.mirror.setQuarantine([{ account: asAccountKey(2), quarantine: 'returned-late' }]),
    );
    const detail = { account: 'jan.capek', id: 'g-jan' };
    await open({ code: 'returned-late', source: hq, subject: 'user:2', label: 'jan.capek', detail });

    await desk.admin.resolveFinding({
      finding: await idOf('returned-late'),
      as: { kind: 'link' },
      reason: 'it is him',
    });

    expect(await account(2)).not.toHaveProperty('quarantine');
    expect((await openFindings()).map(({ code }) => code)).toEqual([]);
  });

  it('asks whose it is where a finding names nobody or several, and points elsewhere where no account waits', async () => {
    await addAccount(34, 'twin', 'ambiguous-match');
    const of = { source: hq, label: 'twin' } as const;
    await open({ ...of, code: 'disputed-match', subject: 'account:hq/g-34', detail: { users: ['a', 'b'] } });
    await open({ ...of, code: 'email-invalid', subject: 'user:2', detail: { value: 'x' } });
    await open({ ...of, code: 'names-differ', subject: 'user:2/hq', label: 'jan.capek', detail: { id: 'g-jan' } });
    const resolve = async (code: string, kind: 'link' | 'new') =>
      desk.admin.resolveFinding({ finding: await idOf(code), as: { kind }, reason: 'x' });
    await expect(resolve('disputed-match', 'link')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('names several users (a, b). Say whose account it is: --link <user>'),
    });
    await expect(resolve('email-invalid', 'new')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('Mend the record in the source. Or silence it with --ignore.'),
    });
    await expect(resolve('names-differ', 'link')).rejects.toMatchObject({
      message: expect.stringContaining("If the account is somebody else's: rosterd user unlink jan.capek g-jan."),
    });
    await expect(desk.admin.resolveFinding({ finding: 9_999, as: { kind: 'new' }, reason: 'x' })).rejects.toMatchObject(
      {
        code: 'usage',
        message: expect.stringContaining('There is no finding 9999'),
      },
    );
  });

  it('makes a user of an account that is nobody’s, with the username of the source', async () => {
    await desk.store.write((tx) => tx.dirty.accounts([asAccountKey(34)], 'test'));
    const report = await desk.admin.resolveFinding({
      finding: await idOf('disputed-match'),
      as: { kind: 'new' },
      reason: 'a third one',
    });
    const twin = await desk.user('twin');
    expect(report).toMatchObject({ user: { id: twin.id, username: 'twin' }, warnings: [] });
    expect(twin).toMatchObject({
      origin: hq,
      values: { username: { value: 'twin', owner: hq } },
      enabled: false,
      activated: false,
      links: [{ account: 34, rule: 'manual', state: 'active' }],
      pins: [],
    });
    expect(await account(34)).not.toHaveProperty('quarantine');
    expect(await desk.store.read.dirtyAccounts(hq, 0, 10)).not.toContain(34);
    expect(await desk.dirty()).toContain(twin.id);
    expect((await openFindings()).map(({ code }) => code)).not.toContain('disputed-match');
    expect((await desk.entries())[0]).toMatchObject({
      action: 'user.created',
      userId: twin.id,
      payload: {
        parts: [{ part: 'created', origin: 'hq' }, { part: 'linked' }, { part: 'field' }],
        reason: 'a third one',
      },
    });
  });

  it('takes a given-away id from its user, who keeps everything, and pins another username', async () => {
    await desk.store.write((tx) => tx.mirror.setQuarantine([{ account: asAccountKey(2), quarantine: 'reused-id' }]));
    await desk.admin.switchSyncOn({ user: 'jan.capek' });
    const detail = { account: 'jan.capek', id: 'g-jan' };
    await open({ code: 'name-of-another', source: hq, subject: 'user:2', label: 'jan.capek', detail });
    const finding = await idOf('name-of-another');
    const before = await desk.entries();
    await expect(
      desk.admin.resolveFinding({ finding, as: { kind: 'new' }, reason: 'a namesake' }),
    ).rejects.toMatchObject({ code: 'value-taken', message: expect.stringContaining('--username') });
    expect(await desk.entries()).toHaveLength(before.length);
    expect((await desk.user('jan.capek')).links).toHaveLength(1);

    const as = { kind: 'new', username: 'jan.capek2' } as const;
    const report = await desk.admin.resolveFinding({ finding, as, reason: 'a namesake' });

    expect(report.warnings.map(({ code }) => code)).toEqual(['unlinked']);
    const [old, fresh] = [await desk.user('jan.capek'), await desk.user('jan.capek2')];
    expect(old).toMatchObject({
      links: [],
      values: { lastName: { value: 'Čapek', owner: 'local' } },
      activated: false,
    });
    expect(fresh).toMatchObject({
      links: [{ account: 2 }],
      values: { username: { value: 'jan.capek2', owner: 'local' } },
      pins: [{ kind: 'field', subject: 'username', mode: 'keep', value: 'jan.capek2', reason: 'a namesake' }],
    });
    expect(await account(2)).not.toHaveProperty('quarantine');
    expect((await openFindings()).map(({ code }) => code)).not.toContain('name-of-another');
    expect((await desk.entries()).slice(0, 2).map(({ action, label }) => `${action} ${label}`)).toEqual([
      'user.created jan.capek2',
      'user.unlinked jan.capek',
    ]);
  });

  it('makes nobody of an account that somebody has undisputed, or that is not there', async () => {
    await addAccount(35, 'late', 'returned-late');
    await open({ code: 'returned-late', source: hq, subject: 'account:hq/g-35', label: 'late' });
    const finding = await idOf('returned-late');
    const gone = { state: 'missing', since: startOfTime, suspect: undefined } as const;
    const make = () => desk.admin.resolveFinding({ finding, as: { kind: 'new' }, reason: 'x' });
    await desk.store.write((tx) => tx.mirror.setPresence('account', [{ key: 35, presence: gone }]));
    await expect(make()).rejects.toMatchObject({ code: 'edit-conflict', detail: { because: 'missing' } });
    await desk.store.write(async (tx) => {
      await tx.mirror.setPresence('account', [{ key: 35, presence: { state: 'present' } }]);
      await tx.mirror.setQuarantine([{ account: asAccountKey(35), quarantine: undefined }]);
      await tx.userRows.addLinks([
        {
          user: asUserId(3),
          account: asAccountKey(35),
          source: hq,
          state: 'active',
          rule: 'manual',
          since: startOfTime,
        },
      ]);
    });
    await expect(make()).rejects.toMatchObject({ code: 'edit-conflict', detail: { because: 'linked' } });
  });

  it('hides an ignored finding until its facts change, its time is over or it opens anew', async () => {
    const of = { code: 'name-of-another', source: hq, subject: 'account:hq/g-99', label: 'nn' } as const;
    await desk.store.write((tx) =>
      tx.findings.reconcile([], [{ ...of, detail: { users: ['a'] } }], { now: startOfTime, codes: [] }),
    );
    const finding = await idOf('name-of-another');
    const isOpen = async () => (await openFindings()).some(({ id }) => id === finding);
    const ignore = (until?: string) =>
      desk.admin.ignoreFinding({ finding, reason: 'known', ...(until === undefined ? {} : { until }) });
    const counted = async () => (await desk.admin.countFindings()).find(({ code }) => code === of.code)?.open;

    const ofSource = async () => (await desk.context.reads.openFindingsBySource(desk.context.now())).get(hq) ?? 0;
    const before = await ofSource();

    expect(await counted()).toBe(1);
    const report = await ignore();
    expect(report).toMatchObject({ changed: true, finding: { id: finding, code: 'name-of-another' } });
    expect(await isOpen()).toBe(false);
    expect(await counted()).toBeUndefined();
    expect(await ofSource()).toBe(before - 1);
    expect((await openFindings('ignored')).map(({ id, ignored }) => [id, ignored?.reason])).toEqual([
      [finding, 'known'],
    ]);
    expect((await desk.entries())[0]).toMatchObject({ seq: report.audit, action: 'finding.ignored', label: 'nn' });
    expect(await ignore()).toMatchObject({ changed: false });

    await desk.store.write((tx) =>
      tx.findings.reconcile([of.subject], [{ ...of, detail: { users: ['a'] } }], {
        now: startOfTime,
        codes: planCodes,
      }),
    );
    expect(await isOpen()).toBe(false);
    await desk.store.write((tx) =>
      tx.findings.reconcile([of.subject], [{ ...of, detail: { users: ['b'] } }], {
        now: startOfTime,
        codes: planCodes,
      }),
    );
    expect(await isOpen()).toBe(true);

    await ignore('30d');
    expect(await isOpen()).toBe(false);
    desk.at(asEpochMs(startOfTime + 30 * 86_400_000));
    expect(await isOpen()).toBe(true);
    expect(await openFindings('ignored')).toEqual([]);
    expect(await ignore()).toMatchObject({ changed: true });
    expect(await desk.admin.watchFinding({ finding, reason: 'look again' })).toMatchObject({ changed: true });
    expect(await desk.admin.watchFinding({ finding, reason: 'look again' })).toMatchObject({ changed: false });
    expect(await isOpen()).toBe(true);

    await ignore();
    const derived = { ...of, detail: { users: ['b'] } };
    await desk.store.write((tx) => tx.findings.reconcile([of.subject], [], { now: startOfTime, codes: planCodes }));
    await desk.store.write((tx) =>
      tx.findings.reconcile([of.subject], [derived], { now: startOfTime, codes: planCodes }),
    );
    expect((await openFindings()).map(({ subject }) => subject)).toContain(of.subject);
  });

  it('does not silence what waits for a decision, and its log is whole', async () => {
    await open({ code: 'plan-held', source: hq, subject: 'source:hq', label: 'hq' });
    await expect(desk.admin.ignoreFinding({ finding: await idOf('plan-held'), reason: 'x' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('rosterd run reject'),
    });
    expect(await desk.store.verifyAudit()).toMatchObject({ ok: true });
  });
});
