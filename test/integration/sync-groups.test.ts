// Groups of the directory and the teams that they feed: created, renamed, swapped, nested, in a ring, deleted, out of scope.

import { afterEach, describe, expect, it } from 'vitest';
import { day, hour, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

const teamNames = async (): Promise<readonly string[]> =>
  (await office.store.read.teams()).map((team) => team.name).sort();

const teamIds = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries((await office.store.read.teams()).map((team) => [team.name, team.id]));

const parents = async (): Promise<Readonly<Record<string, string | undefined>>> => {
  const teams = await office.store.read.teams();
  const names = new Map(teams.map((team) => [team.id, team.name]));
  return Object.fromEntries(
    teams.map((team) => [team.name, team.parent === undefined ? undefined : names.get(team.parent)]),
  );
};

const isSettled = async (): Promise<void> => {
  const again = await office.sync();
  expect(again).toMatchObject({ state: 'done', counts: { planned: 0, mirrorChanged: 0 } });
};

describe('members', () => {
  it('come and go with the group, and the main team follows', async () => {
    office = await openOffice();
    await office.staff.hireMany(4);
    await office.staff.group('Alpha', ['p000', 'p001', 'p002']);
    await office.staff.group('Beta', ['p000']);
    await office.sync();
    expect((await office.user('p000')).main).toBe('Alpha');
    await office.staff.leave('Alpha', 'p000');
    await office.staff.join('Alpha', 'p003');

    await office.sync();

    expect(await office.user('p000')).toMatchObject({ teams: ['Beta'], main: 'Beta' });
    expect(await office.user('p003')).toMatchObject({ teams: ['Alpha'], main: 'Alpha' });
    await office.staff.leave('Beta', 'p000');
    await office.sync();
    expect(await office.user('p000')).toMatchObject({ teams: [], main: undefined });
    await isSettled();
  });

  it('of a group with 5,000 are all read, one page of members after the other', async () => {
    office = await openOffice({ pageSize: 1_000 });
    const logins = await office.staff.hireMany(5_001, 'q');
    await office.staff.group('Everybody', logins);

    const run = await office.sync();

    expect(run).toMatchObject({ state: 'done', counts: { created: 5_001, edgesRead: 5_001 } });
    const [size] = [...(await office.store.read.teamSizes((await office.store.read.teams()).map((team) => team.id)))];
    expect(size?.[1]).toBe(5_001);
    await isSettled();
  });

  it('who are outside of the users base are counted, and become members when they move in', async () => {
    office = await openOffice();
    const elsewhere = await office.staff.unit('Elsewhere');
    await office.staff.hire('mira', {}, elsewhere);
    await office.staff.hire('jan');
    await office.staff.group('Alpha', ['mira', 'jan']);

    expect(await office.sync()).toMatchObject({ state: 'done', counts: { unresolvedMembers: 1 } });
    // Every run counts them, not only the one that first saw them.
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { unresolvedMembers: 1 } });
    await office.staff.move('mira', office.staff.people);
    await office.sync();

    expect((await office.user('mira')).teams).toEqual(['Alpha']);
    await isSettled();
  });
});

describe('a group', () => {
  it('keeps its team when renamed', async () => {
    office = await openOffice();
    await office.staff.hireMany(2);
    await office.staff.group('Alpha', ['p000', 'p001']);
    await office.sync();
    const { Alpha: id } = await teamIds();
    await office.staff.renameObject('Alpha', 'Omega');

    await office.sync();

    expect(await teamIds()).toEqual({ Omega: id });
    expect((await office.user('p000')).teams).toEqual(['Omega']);
    await isSettled();
  });

  it('swaps its name with another one', async () => {
    office = await openOffice();
    await office.staff.hireMany(2);
    await office.staff.group('Alpha', ['p000']);
    await office.staff.group('Beta', ['p001']);
    await office.sync();
    await office.staff.renameObject('Alpha', 'Gamma');
    await office.staff.renameObject('Beta', 'Alpha');
    await office.staff.renameObject('Gamma', 'Beta');

    for (let runs = 0; runs < 3; runs += 1) await office.sync();

    expect(await teamNames()).toEqual(['Alpha', 'Beta']);
    expect((await office.user('p000')).teams).toEqual(['Beta']);
    expect((await office.user('p001')).teams).toEqual(['Alpha']);
    expect(await office.findings()).toEqual([]);
    await isSettled();
  });

  it('takes a name that another group gives up in the same run', async () => {
    office = await openOffice();
    await office.staff.hireMany(2);
    await office.staff.group('Alpha', ['p000']);
    await office.staff.group('Beta', ['p001']);
    await office.sync();
    await office.staff.renameObject('Beta', 'Gamma');
    await office.staff.renameObject('Alpha', 'Beta');

    for (let runs = 0; runs < 3; runs += 1) await office.sync();

    expect(await teamNames()).toEqual(['Beta', 'Gamma']);
    expect((await office.user('p000')).teams).toEqual(['Beta']);
    expect((await office.user('p001')).teams).toEqual(['Gamma']);
    await isSettled();
  });

  it('that is new takes the name that another group gives up in the same run', async () => {
    office = await openOffice();
    await office.staff.hireMany(2);
    await office.staff.group('Alpha', ['p000']);
    await office.sync();
    await office.staff.renameObject('Alpha', 'Beta');
    await office.staff.group('Alpha', ['p001']);

    for (let runs = 0; runs < 3; runs += 1) await office.sync();

    expect(await teamNames()).toEqual(['Alpha', 'Beta']);
    expect((await office.user('p000')).teams).toEqual(['Beta']);
    expect((await office.user('p001')).teams).toEqual(['Alpha']);
    await isSettled();
  });

  it('that is deleted leaves its team unfed, and its memberships go', async () => {
    office = await openOffice({ source: '    guard: { teamMembers: { ratio: 100 %, count: 100 } }\n' });
    await office.staff.hireMany(10);
    await office.staff.group('Alpha', ['p000']);
    await office.staff.group('Beta', ['p000', 'p001']);
    await office.sync();
    await office.staff.fire('Alpha');

    await office.sync();

    expect(await office.user('p000')).toMatchObject({ teams: ['Beta'], main: 'Beta' });
    expect(await teamNames()).toEqual(['Alpha', 'Beta']);
    expect(await office.findings()).toEqual(['team-unfed Alpha']);
    await isSettled();
  });

  it('that leaves the scope takes its memberships after the grace, by time alone', async () => {
    office = await openOffice();
    await office.staff.hireMany(3);
    await office.staff.group('Alpha', ['p000']);
    await office.sync();
    const { groups } = office.staff;
    await office.staff.move('Alpha', await office.staff.unit('Attic'));
    await office.sync();
    expect((await office.user('p000')).teams).toEqual(['Alpha']);
    office.forward(day - hour);
    await office.sync();
    expect((await office.user('p000')).teams).toEqual(['Alpha']);
    office.forward(hour);

    await office.sync();

    expect((await office.user('p000')).teams).toEqual([]);
    await office.staff.move('Alpha', groups);
    await office.sync();
    expect((await office.user('p000')).teams).toEqual(['Alpha']);
    // In, out and in again within a few runs: the team, and with it the main team.
    expect(await office.findings()).toEqual(['value-flapping p000', 'value-flapping p000']);
    await isSettled();
  });

  it('that is deleted takes its memberships after absence.grace, by time alone', async () => {
    office = await openOffice({ source: '    absence: { grace: 2h }\n' });
    await office.staff.hireMany(3);
    await office.staff.group('Alpha', ['p000']);
    await office.sync();
    await office.staff.fire('Alpha');
    await office.sync();
    expect((await office.user('p000')).teams).toEqual(['Alpha']);
    office.forward(2 * hour);

    await office.sync();

    expect((await office.user('p000')).teams).toEqual([]);
    expect(await office.findings()).toEqual(['team-unfed Alpha']);
    await isSettled();
  });

  it('inside of a group gives its team a parent, and a ring of groups ends', async () => {
    office = await openOffice();
    await office.staff.hireMany(3);
    await office.staff.group('Inner', ['p000']);
    await office.staff.group('Outer', ['Inner', 'p001']);
    await office.sync();
    expect(await parents()).toEqual({ Inner: 'Outer', Outer: undefined });
    expect((await office.user('p000')).teams).toEqual(['Inner']);
    await office.staff.join('Inner', 'Outer');

    await office.sync();

    const ring = await parents();
    expect(Object.values(ring).filter((parent) => parent !== undefined).length).toBeLessThan(2);
    await isSettled();
    await office.staff.leave('Inner', 'Outer');
    await office.staff.leave('Outer', 'Inner');
    await office.sync();
    expect(await parents()).toEqual({ Inner: undefined, Outer: undefined });
    await isSettled();
  });

  it('gives roles through nested groups, and takes them when the nesting ends', async () => {
    office = await openOffice({
      source: '    roleMapping:\n      - { group: Leads, by: name, roles: [DEFAULT_TEAM_LEADER] }\n',
    });
    await office.staff.hireMany(3);
    await office.staff.group('Inner', ['p000']);
    await office.staff.group('Leads', ['Inner']);
    await office.sync();
    expect((await office.user('p000')).roles).toEqual(['DEFAULT_TEAM_LEADER']);
    await office.staff.leave('Leads', 'Inner');
    await office.sync();
    expect((await office.user('p000')).roles).toEqual([]);
    await office.staff.join('Leads', 'Inner');
    await office.sync();
    expect((await office.user('p000')).roles).toEqual(['DEFAULT_TEAM_LEADER']);
    await office.staff.renameObject('Leads', 'Leaders');
    await office.sync();
    expect((await office.user('p000')).roles).toEqual([]);
    await isSettled();
  });
});
