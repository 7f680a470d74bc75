// What people set by hand beside a source: attributes, pins, the sync switch, holds. Sync changes only what a source owns.

import { afterEach, describe, expect, it } from 'vitest';
import { day, hour, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

const reason = 'agreed with the team';

const roleMapping = `    roleMapping:
      - { group: Leads, by: name, roles: [DEFAULT_TEAM_LEADER] }
`;

/** Mira is in Alpha and leads; Jan is in Alpha; Beta and Gamma are there. */
const openStaffed = async (source = roleMapping): Promise<void> => {
  office = await openOffice({ source });
  await office.staff.hire('mira', { department: 'Claims', ipPhone: '4711' });
  await office.staff.hire('jan');
  await office.staff.hireMany(3);
  await office.staff.group('Alpha', ['mira', 'jan', 'p000']);
  await office.staff.group('Beta', ['jan', 'p001']);
  await office.staff.group('Gamma', ['p001', 'p002']);
  await office.staff.group('Leads', ['mira', 'p000']);
  await office.sync();
};

const isSettled = async (): Promise<void> => {
  expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
};

describe('a local attribute', () => {
  it('stays beside the one of the source, whatever that says', async () => {
    await openStaffed();
    await office.admin.setAttribute({ user: 'mira', name: 'extension', value: '9' });
    await office.admin.setAttribute({ user: 'mira', name: 'agentId', value: 'A1' });
    await office.staff.set('mira', 'ipPhone', '4712');
    await office.sync();
    expect((await office.user('mira')).attributes).toEqual([
      'agentId=A1 (local)',
      'extension=4712',
      'extension=9 (local)',
    ]);
    await office.staff.set('mira', 'ipPhone');
    await office.sync();
    expect((await office.user('mira')).attributes).toEqual(['agentId=A1 (local)', 'extension=9 (local)']);
    await isSettled();
  });
});

describe('a pin', () => {
  it('of a field keeps the value until it is taken away', async () => {
    await openStaffed();
    await office.admin.pin({ user: 'mira', kind: 'field', what: 'department', mode: 'keep', value: 'Own', reason });
    await office.staff.set('mira', 'department', 'Sales');
    await office.sync();
    expect((await office.user('mira')).values['department']).toBe('Own (local)');
    await office.admin.unpin({ user: 'mira', kind: 'field', what: 'department' });
    await office.sync();
    expect((await office.user('mira')).values['department']).toBe('Sales');
    await isSettled();
  });

  it('of a field ends by time alone', async () => {
    await openStaffed();
    const until = new Date(office.now() + day).toISOString();
    await office.admin.pin({
      user: 'mira',
      kind: 'field',
      what: 'department',
      mode: 'keep',
      value: 'Own',
      reason,
      until,
    });
    await office.sync();
    expect((await office.user('mira')).values['department']).toBe('Own (local)');
    office.forward(day);

    await office.sync();

    expect((await office.user('mira')).values['department']).toBe('Claims');
    await isSettled();
  });

  it('of enabled keeps a person enabled whom the directory disables', async () => {
    await openStaffed();
    await office.admin.pin({ user: 'mira', kind: 'enabled', what: 'yes', mode: 'keep', reason });
    await office.staff.disable('mira');
    await office.sync();
    expect((await office.user('mira')).enabled).toBe(true);
    await isSettled();
    await office.admin.unpin({ user: 'mira', kind: 'enabled' });
    await office.sync();
    expect((await office.user('mira')).enabled).toBe(false);
  });

  it('keeps in a team, and keeps out of one, with the main team after it', async () => {
    await openStaffed();
    await office.admin.pin({ user: 'jan', kind: 'membership', what: 'Alpha', mode: 'keep-out', reason });
    await office.admin.pin({ user: 'jan', kind: 'membership', what: 'Gamma', mode: 'keep', reason });
    await office.sync();
    expect(await office.user('jan')).toMatchObject({ teams: ['Beta', 'Gamma (local)'], main: 'Beta' });
    await office.staff.leave('Beta', 'jan');
    await office.sync();
    expect(await office.user('jan')).toMatchObject({ teams: ['Gamma (local)'], main: 'Gamma' });
    await isSettled();
    await office.admin.unpin({ user: 'jan', kind: 'membership', what: 'Alpha' });
    await office.sync();
    expect((await office.user('jan')).teams).toContain('Alpha');
  });

  it('keeps a role that the directory takes, and keeps one out that it gives', async () => {
    await openStaffed();
    const what = 'DEFAULT_TEAM_LEADER';
    await office.admin.pin({ user: 'mira', kind: 'role', what, mode: 'keep', reason });
    await office.admin.pin({ user: 'p000', kind: 'role', what, mode: 'keep-out', reason });
    await office.staff.leave('Leads', 'mira');
    await office.sync();
    expect((await office.user('mira')).roles).toEqual([what]);
    expect((await office.user('p000')).roles).toEqual([]);
    await isSettled();
    await office.admin.unpin({ user: 'mira', kind: 'role', what });
    await office.sync();
    expect((await office.user('mira')).roles).toEqual([]);
  });

  it('of the main team wins while the user is a member, and sleeps after that', async () => {
    await openStaffed();
    await office.admin.pin({ user: 'jan', kind: 'main-team', what: 'Beta', mode: 'keep', reason });
    await office.sync();
    expect((await office.user('jan')).main).toBe('Beta');
    await office.staff.leave('Beta', 'jan');
    await office.sync();
    expect((await office.user('jan')).main).toBe('Alpha');
    await office.staff.join('Beta', 'jan');
    await office.sync();
    expect((await office.user('jan')).main).toBe('Beta');
    await isSettled();
  });
});

describe('sync off', () => {
  it('changes nothing while the mirror goes on, and on applies it all', async () => {
    await openStaffed();
    await office.admin.switchSyncOff({ user: 'mira', reason });
    const before = await office.user('mira');
    await office.staff.set('mira', 'department', 'Sales');
    await office.staff.leave('Alpha', 'mira');
    await office.staff.rename('mira', 'mira.new');
    await office.staff.disable('mira');

    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 0 } });
    expect(await office.user('mira')).toEqual(before);
    expect(await office.findings()).toEqual(['sync-off-but-disabled mira']);
    await isSettled();
    await office.admin.switchSyncOn({ user: 'mira' });
    expect(await office.sync()).toMatchObject({ counts: { applied: 1 } });
    expect(await office.user('mira.new')).toMatchObject({
      enabled: false,
      teams: ['Leads'],
      values: { department: 'Sales' },
    });
    expect(await office.findings()).toEqual([]);
    await isSettled();
  });

  it('ends by time alone', async () => {
    await openStaffed();
    await office.admin.switchSyncOff({ user: 'mira', reason, until: new Date(office.now() + day).toISOString() });
    await office.staff.set('mira', 'department', 'Sales');
    await office.sync();
    expect((await office.user('mira')).values['department']).toBe('Claims');
    office.forward(day);

    await office.sync();

    expect((await office.user('mira')).values['department']).toBe('Sales');
    await isSettled();
  });

  it('keeps a leaver enabled, with a finding that closes when the person is back', async () => {
    await openStaffed();
    await office.admin.switchSyncOff({ user: 'mira', reason });
    const bringBack = office.server.faults.add({ kind: 'hidden-entry', dn: office.staff.dn('mira') });
    await office.sync();
    expect((await office.user('mira')).enabled).toBe(true);
    expect(await office.findings()).toEqual(['sync-off-but-disabled mira']);
    bringBack();
    await office.sync();
    expect(await office.findings()).toEqual([]);
  });

  it('holds the name of the user against a joiner', async () => {
    await openStaffed();
    await office.admin.switchSyncOff({ user: 'mira', reason });
    await office.staff.rename('mira', 'mira.new');
    await office.staff.hire('mira', { cn: 'another', mail: 'another@example.test' });

    await office.sync();

    expect((await office.user('mira')).links).toEqual(['hq created active']);
    expect((await office.findings()).length).toBe(1);
    await isSettled();
  });
});

describe('a hold by an admin', () => {
  it('is never lifted by the directory', async () => {
    await openStaffed();
    await office.admin.disableUser({ user: 'mira', reason });
    await office.staff.disable('mira');
    await office.sync();
    await office.staff.enable('mira');
    await office.sync();
    expect((await office.user('mira')).enabled).toBe(false);
    const bringBack = office.server.faults.add({ kind: 'hidden-entry', dn: office.staff.dn('mira') });
    await office.sync();
    bringBack();
    office.forward(hour);
    await office.sync();
    expect((await office.user('mira')).enabled).toBe(false);
    await isSettled();
  });
});

describe('manual memberships', () => {
  it.each([
    ['keep', ['Alpha', 'Gamma (local)']],
    ['remove', ['Alpha']],
  ])('%s', async (manual, teams) => {
    await openStaffed(`    manualMemberships: ${manual}\n`);
    await office.store.write(async (tx) => {
      const { id } = await office.user('mira');
      const gamma = (await tx.teams()).find((team) => team.name === 'Gamma');
      if (gamma === undefined) throw new Error('no team Gamma');
      await tx.userRows.addMemberships([{ user: id as never, team: gamma.id, owner: 'local' }]);
      await tx.dirty.users([id as never], 'edited');
    });

    await office.sync();

    const inTeams = (await office.user('mira')).teams;
    expect(inTeams.filter((team) => team !== 'Leads')).toEqual(teams);
    await isSettled();
  });
});

describe('roles', () => {
  it('outside of the catalogue are a finding and given to nobody', async () => {
    await openStaffed('    roleMapping:\n      - { group: Leads, by: name, roles: [DEFAULT_AGENT] }\n');
    expect((await office.user('mira')).roles).toEqual(['DEFAULT_AGENT']);
    await office.configure({
      head: 'roles: { DEFAULT_AGENT: null }\n',
      source: '    roleMapping:\n      - { group: Leads, by: name, roles: [DEFAULT_TEAM_LEADER] }\n',
    });
    await office.sync();
    expect((await office.user('mira')).roles).toEqual(['DEFAULT_TEAM_LEADER']);
    await isSettled();
  });
});

describe('a user without any account', () => {
  it('gets team, can-manage and role by pins with the next run; what was given stays hers until it is pinned out', async () => {
    await openStaffed();
    await office.admin.createUser({ username: 'lena', fields: { firstName: 'Lena', lastName: 'Local' } });
    for (const [kind, what] of [
      ['membership', 'Beta'],
      ['grant', 'Alpha'],
      ['role', 'DEFAULT_TEAM_LEADER'],
    ] as const) {
      await office.admin.pin({ user: 'lena', kind, what, mode: 'keep', reason });
    }
    await office.sync();
    expect(await office.user('lena')).toMatchObject({
      teams: ['Beta (local)'],
      roles: ['DEFAULT_TEAM_LEADER (local)'],
      main: 'Beta',
      enabled: false,
    });
    await isSettled();
    await office.admin.unpin({ user: 'lena', kind: 'membership', what: 'Beta' });
    await isSettled();
    expect((await office.user('lena')).teams).toEqual(['Beta (local)']);
    await office.admin.pin({ user: 'lena', kind: 'membership', what: 'Beta', mode: 'keep-out', reason });
    await office.sync();
    expect(await office.user('lena')).toMatchObject({ teams: [], main: undefined });
    await isSettled();
  });
});
