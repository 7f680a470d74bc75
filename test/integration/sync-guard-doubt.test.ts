// The guard on reads that are themselves in doubt, and on dangers of other kinds than lost access.

import { afterEach, describe, expect, it } from 'vitest';
import { day, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

const enabledCount = async (): Promise<number> =>
  Object.values(await office.users()).filter((user) => user.enabled).length;

const openWith = async (people: number, source = ''): Promise<readonly string[]> => {
  office = await openOffice({ source, pageSize: 100 });
  const logins = await office.staff.hireMany(people);
  await office.sync();
  return logins;
};

describe('a wrong filter', () => {
  it('holds everything that would be removed, beyond grace and runs, until it is mended', async () => {
    const logins = await openWith(12);
    await office.staff.set('p000', 'department', 'Claims');
    await office.configure({ users: ', filter: "(department=Claims)"' });

    const first = await office.sync();

    expect(first).toMatchObject({ state: 'done', counts: { outOfScope: 11, applied: 1 } });
    office.forward(2 * day);
    const second = await office.sync();
    expect(second.state).toBe('held');
    expect(second.holds.map((hold) => hold.kind).sort()).toEqual(['access-loss', 'scope-changed']);
    expect(await enabledCount()).toBe(12);
    office.forward(40 * day);
    expect((await office.sync()).state).toBe('held');
    await office.configure({});
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(await enabledCount()).toBe(logins.length);
    expect(await office.findings()).toEqual([]);
  });

  it('holds even one who would be removed, when base or filter changed', async () => {
    await openWith(40);
    await office.staff.set('p000', 'department', 'Claims');
    await office.sync();
    await office.configure({ users: ', filter: "(!(department=Claims))"' });
    await office.sync();
    office.forward(2 * day);

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { held: 1 } });
    expect(held.holds.map((hold) => hold.kind)).toEqual(['scope-changed']);
    await office.approve(held);
    expect((await office.user('p000')).enabled).toBe(false);
  });

  it('stays in doubt when the source does not say at first what became of those whom it misses', async () => {
    await openWith(40);
    await office.staff.set('p000', 'department', 'Claims');
    await office.sync();
    office.server.faults.add({ kind: 'result', code: 51, where: ({ filter }) => /objectguid=/iu.test(filter) });
    await office.configure({ users: ', filter: "(!(department=Claims))"' });
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { missing: 1, outOfScope: 0 } });
    office.server.faults.clear();
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { missing: 0, outOfScope: 1 } });
    office.forward(2 * day);

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { held: 1 } });
    expect(held.holds.map((hold) => hold.kind)).toEqual(['scope-changed']);
    expect((await office.user('p000')).enabled).toBe(true);
  });

  it('is doubted too for those who were missing before it, with nobody to say why', async () => {
    await openWith(40);
    office.server.faults.add({ kind: 'result', code: 51, where: ({ filter }) => /objectguid=/iu.test(filter) });
    await office.staff.fire('p000');
    expect(await office.sync()).toMatchObject({ counts: { missing: 1 } });
    await office.configure({ users: ', filter: "(!(department=Claims))"' });
    expect(await office.sync()).toMatchObject({ counts: { missing: 1 } });
    office.server.faults.clear();

    const held = await office.sync();

    expect(held.holds.map((hold) => hold.kind)).toEqual(['scope-changed']);
    expect((await office.user('p000')).enabled).toBe(true);
  });

  it('that takes nobody at all is an empty read, and held', async () => {
    await openWith(3);
    await office.configure({ users: ', filter: "(department=Nobody)"' });
    await office.sync();
    office.forward(2 * day);
    expect((await office.sync()).state).toBe('held');
    expect(await enabledCount()).toBe(3);
  });
});

describe('an empty directory', () => {
  it('holds even the last few', async () => {
    await openWith(3);
    for (const login of ['p000', 'p001', 'p002']) await office.staff.fire(login);

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { accountsRead: 0, absent: 3, held: 3 } });
    expect(held.holds.map((hold) => hold.kind)).toContain('empty-read');
    expect(await enabledCount()).toBe(3);
    await office.staff.hire('new');
    expect(await office.sync()).toMatchObject({ state: 'held', counts: { created: 1, held: 3 } });
  });
});

describe('other dangers', () => {
  it('hold a team that loses all of its members', async () => {
    office = await openOffice({ pageSize: 100 });
    await office.staff.hireMany(30);
    await office.staff.group('Small', ['p000', 'p001']);
    await office.staff.group('Big', ['p002', 'p003', 'p004']);
    await office.sync();
    await office.staff.leave('Small', 'p000', 'p001');
    await office.staff.leave('Big', 'p002');

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { applied: 1, held: 2 } });
    expect(held.holds).toMatchObject([{ kind: 'team-members', of: 'Small', count: 2 }]);
    expect((await office.user('p000')).teams).toEqual(['Small']);
    expect((await office.user('p002')).teams).toEqual([]);
  });

  it('hold roles for too many', async () => {
    office = await openOffice({
      pageSize: 100,
      source: '    roleMapping:\n      - { group: Leads, by: name, roles: [DEFAULT_TEAM_LEADER] }\n',
    });
    const logins = await office.staff.hireMany(30);
    await office.staff.group('Leads', []);
    await office.sync();
    await office.staff.join('Leads', ...logins.slice(0, 10));

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { held: 10 } });
    expect(held.holds.map((hold) => hold.kind)).toEqual(['role-added']);
    await office.approve(held);
    expect((await office.user('p000')).roles).toEqual(['DEFAULT_TEAM_LEADER']);
  });

  it('hold roles for too many new users, but not those of a first import', async () => {
    office = await openOffice({
      pageSize: 100,
      source: '    roleMapping:\n      - { group: Leads, by: name, roles: [DEFAULT_TEAM_LEADER] }\n',
    });
    const logins = await office.staff.hireMany(30);
    await office.staff.group('Leads', logins.slice(0, 20));
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { created: 30 } });
    const late = await office.staff.hireMany(10, 'n');
    await office.staff.join('Leads', ...late);

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { created: 0, held: 10 } });
    expect(held.holds.map((hold) => hold.kind)).toEqual(['role-added']);
    await office.approve(held);
    expect((await office.user('n000')).roles).toEqual(['DEFAULT_TEAM_LEADER']);
  });

  it('hold a field that is cleared for everybody', async () => {
    office = await openOffice({ pageSize: 100 });
    for (let index = 0; index < 30; index += 1) await office.staff.hire(`p${index}`, { department: 'Claims' });
    await office.sync();
    for (let index = 0; index < 30; index += 1) await office.staff.set(`p${index}`, 'department');

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { held: 30 } });
    expect(held.holds).toMatchObject([{ kind: 'field-changed', of: 'department', count: 30 }]);
    expect((await office.user('p0')).values['department']).toBe('Claims');
  });

  it('hold a protected user that would be disabled', async () => {
    office = await openOffice({ head: 'protected: { usernames: [p000] }\n' });
    await office.staff.hireMany(30);
    await office.sync();
    await office.staff.disable('p000', 'p001');

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { applied: 1, held: 1 } });
    expect(held.holds.map((hold) => hold.kind)).toEqual(['protected']);
    expect((await office.user('p000')).enabled).toBe(true);
  });

  it('hold too many new users, where there are some already', async () => {
    await openWith(60);
    await office.staff.hireMany(61, 'n');

    const held = await office.sync();

    expect(held).toMatchObject({ state: 'held', counts: { created: 0, held: 61 } });
    expect(await office.sync()).toMatchObject({ state: 'held', heldRunId: held.id });
    await office.approve(held);
    expect(Object.keys(await office.users())).toHaveLength(121);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});
