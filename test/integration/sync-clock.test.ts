// A run under a wrong clock: what it took as due is decided again when the clock is right.

import { afterEach, describe, expect, it } from 'vitest';
import { day, hour, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

const openWithOneWhoEnds = async (): Promise<void> => {
  office = await openOffice({ pageSize: 100 });
  await office.staff.hireMany(4);
  await office.staff.directory.expire(office.staff.dn('p000'), new Date(office.now() + 40 * day));
  await office.sync();
};

const underWrongClock = async (): Promise<void> => {
  office.forward(60 * day);
  await office.sync();
  office.forward(-60 * day);
};

describe('a run under a clock that was days ahead', () => {
  it('disables nobody for longer than until the next run', async () => {
    await openWithOneWhoEnds();
    await underWrongClock();
    expect((await office.user('p000')).enabled).toBe(false);

    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 1 } });

    expect((await office.user('p000')).enabled).toBe(true);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    office.forward(41 * day);
    await office.sync();
    expect((await office.user('p000')).enabled).toBe(false);
  });

  it('is made good also after a dry run, and after a run that could not read', async () => {
    await openWithOneWhoEnds();
    await underWrongClock();
    expect(await office.dryRun()).toMatchObject({ counts: { planned: 1 } });
    office.server.faults.add({ kind: 'close', at: 'bind' });
    expect(await office.sync()).toMatchObject({ state: 'failed' });
    office.server.faults.clear();

    await office.sync();

    expect((await office.user('p000')).enabled).toBe(true);
  });

  it('ends no freeze for longer: later changes are kept away again', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { department: 'Claims' });
    await office.sync();
    await office.admin.switchSyncOff({ user: 'mira', reason: 'on loan', until: '30d' });
    await underWrongClock();
    await office.sync();
    await office.staff.set('mira', 'department', 'Sales');

    await office.sync();

    expect((await office.user('mira')).values['department']).toBe('Claims');
    office.forward(31 * day);
    await office.sync();
    expect((await office.user('mira')).values['department']).toBe('Sales');
  });
});

describe('a clock that a time service corrects a little', () => {
  it('plans nothing again', async () => {
    await openWithOneWhoEnds();
    office.forward(-90_000);
    expect(await office.sync()).toMatchObject({ counts: { planned: 0 } });
    office.forward(hour);
    expect(await office.sync()).toMatchObject({ counts: { planned: 0 } });
  });
});

describe('an absence that was seen under a clock that was days ahead', () => {
  it('goes on to act when the clock is right, because nobody has seen the person since', async () => {
    office = await openOffice();
    await office.staff.hireMany(4);
    await office.sync();
    await office.staff.fire('p000');
    await underWrongClock();
    expect((await office.user('p000')).enabled).toBe(false);

    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 0 } });

    expect((await office.user('p000')).enabled).toBe(false);
  });

  it('gives the members of a group that is gone nothing back', async () => {
    office = await openOffice();
    const logins = await office.staff.hireMany(3);
    await office.staff.group('Night shift', logins);
    await office.sync();
    await office.staff.directory.delete(office.staff.dn('Night shift'));
    office.forward(60 * day);
    await office.approve(await office.sync());
    office.forward(-60 * day);

    await office.sync();

    expect((await office.user('p000')).teams).toEqual([]);
  });
});

describe('a pin that was set before the clock was set back', () => {
  it('stops neither the changes that it asks for nor those that were approved', async () => {
    office = await openOffice();
    const logins = await office.staff.hireMany(4);
    await office.staff.group('Night shift', logins);
    await office.staff.group('Day shift');
    await office.sync();
    await office.admin.pin({ user: 'p000', kind: 'membership', what: 'Day shift', mode: 'keep', reason: 'on loan' });
    office.forward(-day);

    await office.sync();

    expect((await office.user('p000')).teams).toEqual(['Day shift (local)', 'Night shift']);
    await office.staff.leave('Night shift', ...logins);
    const held = await office.sync();
    expect(held).toMatchObject({ state: 'held', counts: { held: 4 } });
    expect(await office.approve(held)).toMatchObject({ state: 'done', counts: { applied: 4, conflict: 0 } });
    expect((await office.user('p000')).main).toBe('Day shift');
  });
});
