// Somebody whose account was deleted and made again: the old one's absence and the new one both wait until it is known who it is.

import { afterEach, describe, expect, it } from 'vitest';
import { day, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

/** mira is in Claims, with jan; then her account is deleted, and made again under another id, in Sales and in no group. */
async function madeAnew(source?: string): Promise<Office> {
  office = await openOffice(source === undefined ? {} : { source });
  await office.staff.hire('mira', { department: 'Claims' });
  await office.staff.hire('jan');
  await office.staff.group('Zebra', ['mira', 'jan']);
  await office.sync();
  await office.staff.fire('mira');
  await office.staff.hire('mira', { department: 'Sales' });
  return office;
}

const finding = async (code: 'name-of-another') => {
  const [found] = await office.admin.listFindings({ state: 'open', code, limit: 10 });
  if (found === undefined) throw new Error(`no finding ${code}`);
  return found;
};

const reason = 'looked at it';

describe('an account that was deleted and made again', () => {
  it('leaves its user as it is, and says so of both', async () => {
    await madeAnew();
    const before = await office.user('mira');

    expect((await office.dryRun()).counts.planned).toBe(0);
    expect((await office.sync()).counts.planned).toBe(0);
    expect((await office.sync()).counts.planned).toBe(0);

    expect(await office.user('mira')).toEqual(before);
    expect(await office.findings()).toEqual(['name-of-another mira']);
    expect((await finding('name-of-another')).detail['waits']).toEqual([expect.stringMatching(/^mira \(/u)]);
    const { accounts, enabled } = await office.admin.explainUser('mira');
    expect(accounts).toMatchObject([{ presence: 'absent', link: 'active', quarantine: 'name-of-another' }]);
    expect(enabled).toMatchObject({ value: true, because: 'quarantined' });
    expect((await office.admin.shadowDiff('mira')).sources).toEqual([]);
  });

  it('lets the old one go once the new one is gone as well', async () => {
    await madeAnew();
    await office.sync();
    await office.staff.fire('mira');

    await office.sync();

    expect(await office.user('mira')).toMatchObject({ enabled: false, teams: ['Zebra'] });
    expect(await office.findings()).toEqual([]);
    expect((await office.sync()).counts.planned).toBe(0);
  });

  it('lets the old one go once the new one has another name, which becomes a user', async () => {
    await madeAnew();
    await office.sync();
    await office.staff.rename('mira', 'mira2');
    await office.staff.set('mira', 'mail', 'mira2@example.test');

    await office.sync();

    expect(await office.user('mira')).toMatchObject({ enabled: false });
    expect(await office.user('mira2')).toMatchObject({ enabled: true });
    expect((await office.sync()).counts.planned).toBe(0);
  });

  it('speaks for the user when a person says that it is the same one', async () => {
    await madeAnew();
    await office.sync();
    const { id } = await finding('name-of-another');
    await office.admin.resolveFinding({ finding: id, reason, as: { kind: 'link' } });

    await office.sync();

    const { enabled, teams, values, links } = await office.user('mira');
    expect({ enabled, teams, department: values['department'] }).toEqual({
      enabled: true,
      teams: [],
      department: 'Sales',
    });
    expect(links).toEqual(['hq created gone', 'hq manual active']);
    expect(await office.findings()).toEqual([]);
    expect((await office.sync()).counts.planned).toBe(0);
  });

  it('becomes a user of its own when a person says that it is somebody else, and the old one goes', async () => {
    await madeAnew();
    await office.sync();
    const { id } = await finding('name-of-another');
    await office.admin.resolveFinding({ finding: id, reason, as: { kind: 'new', username: 'mira.b' } });

    await office.sync();

    expect(await office.user('mira')).toMatchObject({ enabled: false });
    expect(await office.user('mira.b')).toMatchObject({ enabled: true });
    expect((await office.sync()).counts.planned).toBe(0);
  });

  it('lets the old one go when the new one is linked to somebody else', async () => {
    await madeAnew();
    await office.sync();
    const account = (await finding('name-of-another')).subject.replace('account:hq/', '');
    await office.admin.linkUser({ user: 'jan', account, source: 'hq', reason });

    await office.sync();

    expect(await office.user('mira')).toMatchObject({ enabled: false });
    expect((await office.sync()).counts.planned).toBe(0);
  });

  it('waits when it was there before the grace of the old one ended', async () => {
    await madeAnew('    absence: { grace: 7d }\n');
    const before = await office.user('mira');
    await office.sync();
    office.forward(8 * day);

    expect((await office.sync()).counts.planned).toBe(0);

    expect(await office.user('mira')).toEqual(before);
    await office.staff.fire('mira');
    office.forward(8 * day);
    await office.sync();
    expect(await office.user('mira')).toMatchObject({ enabled: false });
  });
});
