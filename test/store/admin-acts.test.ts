import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asEpochMs, asTeamId } from '../../src/model/ids.ts';
import { type Desk, openDesk, startOfTime, teamIds } from './admin-fixture.ts';
import { stores } from './admin-stores.ts';

const day = 86_400_000;
const refusal = (code: string) => expect.objectContaining({ code });

describe.each(stores)('admin acts on $name', ({ start }) => {
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

  it('switches sync off with a reason and an end, in one entry, and marks the user', async () => {
    const report = await desk.admin.switchSyncOff({ user: 'MIRA.novak', reason: ' on  loan ', until: '30d' });
    expect(report).toMatchObject({ changed: true, user: { id: 1, username: 'mira.novak' } });
    expect((await desk.user('mira.novak')).syncOff).toEqual({
      by: 'cli:ops@console',
      reason: 'on loan',
      since: startOfTime,
      until: startOfTime + 30 * day,
    });
    expect(await desk.dirty()).toContain(1);
    const [entry] = await desk.entries();
    expect(entry).toMatchObject({
      seq: report.audit,
      action: 'user.sync-off',
      actor: 'cli:ops@console',
      label: 'mira.novak',
    });
  });

  it('writes nothing when it is so already', async () => {
    const before = await desk.entries();
    const report = await desk.admin.switchSyncOff({ user: 'mira.novak', reason: 'on loan', until: '30d' });
    expect(report).toMatchObject({ changed: false });
    expect(await desk.entries()).toHaveLength(before.length);
  });

  it('shows what sync would change, then switches it on', async () => {
    await desk.store.write(async (tx) => {
      const [user] = await tx.users([(await desk.user('mira.novak')).id]);
      if (user === undefined) throw new Error('gone');
      const { links, memberships, grants, roles, attributes, pins, ...row } = user;
      await tx.userRows.save([
        { ...row, values: { ...row.values, email: { value: 'old@example.org', owner: 'hq' as never } } },
      ]);
    });
    const diff = await desk.admin.shadowDiff('mira.novak');
    expect(diff.sync).toBe('off');
    expect(diff.sources).toEqual([
      {
        source: 'hq',
        parts: expect.arrayContaining([
          expect.objectContaining({ part: 'field', field: 'email', after: { value: 'mira@example.org', owner: 'hq' } }),
        ]),
      },
    ]);
    expect(await desk.admin.switchSyncOn({ user: 'mira.novak' })).toMatchObject({ changed: true });
    expect((await desk.user('mira.novak')).syncOff).toBeUndefined();
    expect(await desk.admin.switchSyncOn({ user: 'mira.novak' })).toMatchObject({ changed: false });
  });

  it('refuses a switch without a reason, with an end in the past, or for a user without an account', async () => {
    await expect(desk.admin.switchSyncOff({ user: 'mira.novak', reason: ' ' })).rejects.toEqual(
      refusal('value-invalid'),
    );
    await expect(desk.admin.switchSyncOff({ user: 'mira.novak', reason: 'x', until: '2020-01-01' })).rejects.toEqual(
      refusal('value-invalid'),
    );
    await expect(desk.admin.switchSyncOff({ user: 'eva.local', reason: 'x' })).rejects.toEqual(
      refusal('user-not-synced'),
    );
    await expect(desk.admin.switchSyncOff({ user: 'nobody', reason: 'x' })).rejects.toEqual(refusal('user-unknown'));
  });

  it('counts an ended switch as on', async () => {
    await desk.admin.switchSyncOff({ user: 'mira.novak', reason: 'short', until: '12h' });
    const off = () => desk.admin.listUsers({ sync: 'off', limit: 10 });
    expect((await off()).users.map((user) => user.username)).toEqual(['mira.novak']);
    desk.at(asEpochMs(startOfTime + day));
    expect((await off()).total).toBe(0);
    desk.at(startOfTime);
    await desk.admin.switchSyncOn({ user: 'mira.novak' });
  });

  it('sets local attributes beside synced ones, and says so', async () => {
    await desk.store.write((tx) =>
      tx.userRows.setAttributes([{ user: 1 as never, name: 'extension', owner: 'hq' as never, value: '100' }]),
    );
    const set = await desk.admin.setAttribute({ user: 'mira.novak', name: 'Extension', value: ' 200 ' });
    expect(set.warnings).toEqual([expect.objectContaining({ code: 'shadows-synced' })]);
    const shared = await desk.admin.setAttribute({ user: 'jan.capek', name: 'extension', value: '200' });
    expect(shared.warnings).toEqual([
      { code: 'value-shared', message: 'extension 200 is also on mira.novak; calls are matched by it.' },
    ]);
    expect((await desk.user('mira.novak')).attributes).toEqual(
      expect.arrayContaining([
        { name: 'extension', owner: 'hq', value: '100' },
        { name: 'extension', owner: 'local', value: '200' },
      ]),
    );
    const unset = await desk.admin.unsetAttribute({ user: 'mira.novak', name: 'EXTENSION' });
    expect(unset.summary).toContain('Now hq says 100');
    await expect(desk.admin.setAttribute({ user: 'mira.novak', name: 'extension', value: 'abc' })).rejects.toEqual(
      refusal('value-invalid'),
    );
    await expect(desk.admin.setAttribute({ user: 'mira.novak', name: '1x', value: 'abc' })).rejects.toEqual(
      refusal('value-invalid'),
    );
  });

  it('creates a local user inactive and keeps usernames unique in any case', async () => {
    const made = await desk.admin.createUser({ username: 'Jo.Doe', fields: { firstName: 'Jo' } });
    expect(made.warnings).toEqual([expect.objectContaining({ code: 'email-missing' })]);
    const user = await desk.user('jo.doe');
    expect(user).toMatchObject({ origin: 'local', enabled: false, activated: false, roles: [] });
    await expect(desk.admin.createUser({ username: 'JO.DOE', fields: {} })).rejects.toEqual(refusal('value-taken'));
    await expect(desk.admin.createUser({ username: 'ab', fields: { email: 'JAN@example.org' } })).rejects.toEqual(
      refusal('value-taken'),
    );
    for (const username of ['', '12345', 'a'.repeat(21), 'has blank', 'dot.']) {
      await expect(desk.admin.createUser({ username, fields: {} })).rejects.toEqual(refusal('value-invalid'));
    }
    await desk.admin.enableUser({ user: 'jo.doe' });
    expect(await desk.user('jo.doe')).toMatchObject({ enabled: true, activated: true });
  });

  it('lets an admin disable against a source, but not enable against one', async () => {
    await desk.admin.disableUser({ user: 'x4711', reason: 'leaves' });
    expect(await desk.user('x4711')).toMatchObject({
      enabled: false,
      adminHold: { by: 'cli:ops@console', reason: 'leaves' },
    });
    await desk.admin.enableUser({ user: 'x4711' });
    expect(await desk.user('x4711')).toMatchObject({ enabled: true });
    expect((await desk.user('x4711')).adminHold).toBeUndefined();
    await expect(desk.admin.enableUser({ user: 'jan.capek' })).rejects.toMatchObject({
      code: 'edit-conflict',
      detail: {
        because: 'authority-disabled',
        choices: [expect.stringContaining('user pin jan.capek enabled yes'), expect.stringContaining('user sync off')],
      },
    });
  });

  it('pins enabled, a field and the main team at once; the rest with the next run', async () => {
    const reason = 'ticket 1';
    await desk.admin.pin({ user: 'jan.capek', kind: 'enabled', what: 'yes', mode: 'keep', reason });
    expect(await desk.user('jan.capek')).toMatchObject({ enabled: true });
    await desk.admin.pin({
      user: 'mira.novak',
      kind: 'field',
      what: 'PHONE',
      mode: 'keep',
      value: '+420 555 0100',
      reason,
    });
    expect((await desk.user('mira.novak')).values.phone).toEqual({ value: '+420 555 0100', owner: 'local' });
    await desk.admin.pin({
      user: 'mira.novak',
      kind: 'main-team',
      what: 'support',
      mode: 'keep',
      reason,
      until: '2026-12-24',
    });
    const mira = await desk.user('mira.novak');
    expect(mira.mainTeam).toBe(teamIds.support);
    expect(mira.pins.find((pin) => pin.kind === 'main-team')).toMatchObject({
      value: '3',
      until: Date.parse('2026-12-25T00:00:00Z'),
    });
    const grant = await desk.admin.pin({ user: 'mira.novak', kind: 'grant', what: 'Brno', mode: 'keep', reason });
    expect(grant.warnings).toEqual([
      {
        code: 'grant-powerless',
        message: expect.stringContaining('EVAL_AGENTS, CREATE_EVALS, INTERACTIONS_GROUP_VIEW'),
      },
    ]);
    expect((await desk.user('mira.novak')).grants).toEqual([]);
    expect(
      await desk.admin.pin({ user: 'mira.novak', kind: 'grant', what: 'Brno', mode: 'keep', reason }),
    ).toMatchObject({ changed: false });
    expect(await desk.admin.unpin({ user: 'mira.novak', kind: 'grant', what: 'brno' })).toMatchObject({
      changed: true,
    });
    expect(await desk.admin.unpin({ user: 'mira.novak', kind: 'grant', what: 'brno' })).toMatchObject({
      changed: false,
    });
  });

  it('refuses pins that make no sense', async () => {
    const bad = { user: 'mira.novak', mode: 'keep', reason: 'x' } as const;
    const refused: [Parameters<Desk['admin']['pin']>[0], string][] = [
      [{ ...bad, kind: 'main-team', what: 'Brno' }, 'value-invalid'],
      [{ ...bad, kind: 'membership', what: 'Sails' }, 'team-unknown'],
      [{ ...bad, kind: 'role', what: 'Supervisr' }, 'role-unknown'],
      [{ ...bad, kind: 'field', what: 'mail' }, 'value-invalid'],
      [{ ...bad, kind: 'field', what: 'username', value: 'other' }, 'value-invalid'],
      [{ ...bad, kind: 'field', what: 'email', value: 'jan@example.org' }, 'value-taken'],
      [{ ...bad, kind: 'enabled', what: 'maybe' }, 'value-invalid'],
      [{ ...bad, kind: 'enabled', what: 'no', mode: 'keep-out' }, 'value-invalid'],
      [{ ...bad, kind: 'grant', what: 'Brno', value: 'x' }, 'value-invalid'],
    ];
    const before = await desk.entries();
    for (const [request, code] of refused) await expect(desk.admin.pin(request)).rejects.toEqual(refusal(code));
    expect(await desk.entries()).toHaveLength(before.length);
  });

  it('takes a number for a number and says when both are meant', async () => {
    await desk.store.write((tx) =>
      tx.userRows.create([
        {
          id: 900 as never,
          origin: 'local',
          activated: true,
          enabled: true,
          values: { username: { value: '1', owner: 'local' } },
        },
      ]),
    );
    await expect(desk.admin.explainUser('1')).rejects.toEqual(refusal('user-ambiguous'));
    expect((await desk.admin.explainUser('user:1')).user.username).toBe('mira.novak');
    expect((await desk.admin.explainUser('2')).user.username).toBe('jan.capek');
  });

  it('explains fields, teams and the main team with rule, account and last change', async () => {
    const explanation = await desk.admin.explainUser('mira.novak');
    expect(explanation.enabled).toMatchObject({ value: true, because: 'authority-enabled' });
    expect(explanation.fields.find((field) => field.field === 'phone')).toMatchObject({
      value: '+420 555 0100',
      owner: 'local',
      rule: 'pinned',
      pin: { reason: 'ticket 1' },
      lastChange: { action: 'user.pinned', actor: 'cli:ops@console' },
    });
    expect(
      explanation.teams.map(({ name, owners }) => [
        name,
        owners.map(({ owner, account, rule, state }) => ({ owner, account, rule, state })),
      ]),
    ).toEqual([
      ['Sales', [{ owner: 'hq', account: 'mira.novak', rule: 'member of Sales', state: 'there' }]],
      ['Support', [{ owner: 'hq', account: 'mira.novak', rule: 'member of Support', state: 'there' }]],
    ]);
    expect(explanation.mainTeam).toMatchObject({
      name: 'Support',
      rule: 'pinned',
      others: ['Sales'],
      lastChange: { action: 'user.pinned' },
    });
    expect(asTeamId(3)).toBe(teamIds.support);
  });
});
