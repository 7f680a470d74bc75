import { expect, it } from 'vitest';
import { asGroupKey, asSourceName, asTeamId, asUserId } from '../../src/model/ids.ts';
import { findSharedValues } from '../../src/sync/find-shared-values.ts';
import { findTeamGaps } from '../../src/sync/find-team-gaps.ts';
import { policy, uccePolicy, uccxPolicy } from '../laws/small-world.ts';
import { group, hq, user, value } from './mirror-fixture.ts';
import { describeStores } from './stores.ts';

const uccx = asSourceName('uccx-main');
const ucce = asSourceName('ucce-main');
const named = (id: number, username: string, over: { readonly enabled?: boolean } = {}) =>
  user(id, { username: value(username) }, over);
const extension = (id: number, owner: 'local' | typeof hq, text: string | undefined) => ({
  user: asUserId(id),
  name: 'extension',
  owner,
  value: text,
});

describeStores('comparison', (stores) => {
  it('finds the values that several enabled users have, and no others', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      const people = ['anna', 'ben', 'cleo', 'dora', 'emil', 'fred'].map((name, index) => named(index + 1, name));
      await tx.userRows.create([...people, named(7, 'gone', { enabled: false })]);
      await tx.userRows.setAttributes([
        extension(1, uccx, '1001'),
        extension(2, uccx, '1001'),
        extension(7, uccx, '1001'),
        // A local value beats that of the source, on either side.
        extension(3, uccx, '1001'),
        extension(3, 'local', '2002'),
        extension(4, 'local', '2002'),
        // Twice on one user is not shared.
        extension(5, uccx, '3003'),
        extension(5, ucce, '3003'),
        // Each system works with its own value, whichever counts for the user.
        extension(5, hq, '4004'),
        extension(6, uccx, '4004'),
        extension(6, hq, '5005'),
        extension(1, hq, '6006'),
        extension(2, ucce, '6006'),
        { ...extension(6, ucce, '3003'), name: 'deviceId' },
      ]);
    });
    expect(await store.read.sharedValues('extension')).toEqual([
      {
        value: '1001',
        carriers: [
          { user: 1, label: 'anna', owner: uccx },
          { user: 2, label: 'ben', owner: uccx },
        ],
      },
      {
        value: '2002',
        carriers: [
          { user: 3, label: 'cleo', owner: 'local' },
          { user: 4, label: 'dora', owner: 'local' },
        ],
      },
      {
        value: '4004',
        carriers: [
          { user: 5, label: 'emil', owner: hq },
          { user: 6, label: 'fred', owner: uccx },
        ],
      },
      {
        value: '6006',
        carriers: [
          { user: 1, label: 'anna', owner: hq },
          { user: 2, label: 'ben', owner: ucce },
        ],
      },
    ]);
    expect(await store.read.sharedValues('agentId')).toEqual([]);
  });

  it('tells each owner of a shared value once, with all who have it', async () => {
    const store = await stores.open();
    await store.write(async (tx) => {
      await tx.userRows.create(Array.from({ length: 23 }, (_, index) => named(index + 1, `p${index + 1}`)));
      await tx.userRows.setAttributes([
        ...Array.from({ length: 22 }, (_, index) => extension(index + 1, uccx, '1001')),
        extension(23, 'local', '1001'),
      ]);
    });
    const findings = await findSharedValues(store.read);
    expect(findings.map(({ source, subject }) => [source, subject])).toEqual([
      [uccx, 'value:uccx-main/extension/1001'],
      [undefined, 'value:local/extension/1001'],
    ]);
    expect(findings[0]).toMatchObject({ code: 'extension-shared', label: '1001' });
    const users = findings[0]?.detail['users'] as readonly string[];
    expect([users[0], users.at(-1), users.length]).toEqual(['p1 (uccx-main)', '3 more', 21]);
  });

  it('finds teams of the contact centre that lack a member or a supervisor', async () => {
    const store = await stores.open();
    const teams = ['Full', 'Empty', 'Alone', 'Left', 'Directory', 'Gone'];
    const row = (id: number, team: number) => ({ user: asUserId(id), team: asTeamId(team), owner: hq });
    await store.write(async (tx) => {
      await tx.userRows.create([named(1, 'anna'), named(2, 'gone', { enabled: false })]);
      await tx.userRows.saveTeams(teams.map((name, index) => ({ id: asTeamId(index + 1), name, origin: 'local' })));
      await tx.mirror.saveGroups(
        uccx,
        [1, 2, 3, 4].map((key) => group(key)),
      );
      await tx.mirror.saveGroups(ucce, [group(14)]);
      await tx.mirror.saveGroups(hq, [group(5)]);
      await tx.mirror.saveGroups(uccx, [
        {
          ...group(6),
          presence: { state: 'absent', since: stores.clock.now(), confirmedReads: 1, evidence: '', suspect: undefined },
        },
      ]);
      const fed = [...[1, 2, 3, 4, 5, 6].map((key) => [key, key] as const), [14, 4] as const];
      await tx.mirror.setTeam(fed.map(([key, team]) => ({ group: asGroupKey(key), team: asTeamId(team) })));
      await tx.userRows.addMemberships([row(1, 1), row(1, 3), row(2, 4)]);
      await tx.userRows.addGrants([row(1, 1), row(1, 2), { ...row(1, 4), owner: 'local' }]);
    });
    const sources = [uccePolicy, uccxPolicy];
    const { mainTeam } = policy();
    const found = await findTeamGaps(store.read, { sources, mainTeam });
    expect(found).toEqual([
      {
        code: 'team-without-members',
        source: uccx,
        subject: 'team:2',
        label: 'Empty',
        detail: { groups: ['group 2 in uccx-main'] },
      },
      expect.objectContaining({ code: 'team-without-supervisor', subject: 'team:3', label: 'Alone' }),
      {
        code: 'team-without-members',
        source: ucce,
        subject: 'team:4',
        label: 'Left',
        detail: { groups: ['group 14 in ucce-main', 'group 4 in uccx-main'] },
      },
    ]);
    expect(await findTeamGaps(store.read, { sources: [], mainTeam })).toEqual([]);
    // A catch-all like the team Default of UCCX, which cannot be deleted.
    const ineligible = ['empt*', 'Alone'];
    const rest = await findTeamGaps(store.read, { sources, mainTeam: { ...mainTeam, ineligible } });
    expect(rest.map(({ label }) => label)).toEqual(['Left']);
  });

  it('lists the subjects of what is open, of every source', async () => {
    const store = await stores.open();
    const by = { now: stores.clock.now(), codes: ['names-differ', 'not-in-directory'] } as const;
    const of = (code: 'names-differ' | 'not-in-directory', subject: string, source?: typeof hq) => ({
      code,
      subject,
      label: 'anna',
      detail: {},
      ...(source && { source }),
    });
    const derived = [
      of('names-differ', 'user:1/a', hq),
      of('not-in-directory', 'user:1/a'),
      of('names-differ', 'user:2/b', uccx),
    ];
    await store.write((tx) => tx.findings.reconcile([], derived, by));
    await store.write((tx) => tx.findings.reconcile(['user:2/b'], [], by));
    expect(await store.read.openSubjects(['names-differ', 'not-in-directory'])).toEqual(['user:1/a']);
    expect(await store.read.openSubjects(['value-flapping'])).toEqual([]);
  });
});
