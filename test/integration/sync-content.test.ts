// What people really have in their records: every script, joined and split accents, 64 KB, bytes that are no text.

import { afterEach, describe, expect, it } from 'vitest';
import { plantContactCentre } from '../lab/contact-centre.ts';
import { oddValues } from '../lab/ldap-faults.ts';
import { type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

const isSettled = async (): Promise<void> => {
  expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0, mirrorChanged: 0 } });
};

const names: readonly (readonly [string, string])[] = [
  ['Latin with accents', 'Žofie Dvořáková'],
  ['split accents', 'Rene\u0301e Mu\u0308nch'],
  ['Greek', 'Νίκος Παππάς'],
  ['Cyrillic', 'Ольга Петрова'],
  ['Chinese', '王明'],
  ['Arabic', 'ليلى حداد'],
  ['beyond the first plane', '𠮷野家 👩‍👩‍👧‍👦'],
  ['a dotless i', 'Işıl ışık İREM'],
  ['a sharp s', 'Strauß STRAUẞ'],
  ['quotes and commas', `O'Neill, "Bob" \\ <x> ; = + #`],
  ['markup and formulas', '=1+1<script>alert(1)</script>'],
  ['a right-to-left override', 'A\u202eB'],
];

describe('values', () => {
  it.each(names)('with %s arrive as they are, in composed form, and stay settled', async (_title, name) => {
    office = await openOffice();
    await office.staff.hire('mira', { displayName: name, department: name });
    await office.staff.group(`Team ${name}`, ['mira']);

    expect(await office.sync()).toMatchObject({ state: 'done', counts: { created: 1 } });

    const mira = await office.user('mira');
    expect(mira.values['displayName']).toBe(name.normalize('NFC'));
    expect(mira.main).toBe(`Team ${name}`.normalize('NFC'));
    await isSettled();
  });

  it('of 64 KB arrive whole', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { description: oddValues.sixtyFourKilobytes });

    await office.sync();

    expect((await office.user('mira')).values['description']).toHaveLength(65_536);
    await isSettled();
  });

  it.each(Object.entries(oddValues).filter(([name]) => name !== 'sixtyFourKilobytes'))(
    'as odd as %s disturb neither the record of others nor the next run',
    async (_name, bytes) => {
      office = await openOffice();
      await office.staff.hire('mira', { department: bytes });
      await office.staff.hire('jan');

      const run = await office.sync();

      expect(['done', 'partial']).toContain(run.state);
      expect((await office.user('jan')).enabled).toBe(true);
      const again = await office.sync();
      expect(again).toMatchObject({ counts: { planned: 0, mirrorChanged: 0 } });
    },
  );

  it('that differ only by how accents are written are the same user name', async () => {
    office = await openOffice();
    await office.staff.hire('rene\u0301', { mail: 'a@example.test' });
    await office.sync();
    await office.staff.rename('rene\u0301', 'ren\u00e9');

    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});

describe('a contact centre', () => {
  it('of 250 people and 20 hard groups is synced whole, and then settled', async () => {
    office = await openOffice({ pageSize: 100, server: { limits: { valueRange: 7 } } });
    const centre = await plantContactCentre(office.server.directory, { people: 250 });
    await office.configure({ base: centre.peopleDn, groups: centre.groupsDn });

    const run = await office.sync();

    expect(run).toMatchObject({ state: 'done', counts: { created: 250, groupsRead: 20, held: 0, conflict: 0 } });
    expect(run.counts.findingsOpened).toBe((await office.findings()).length);
    await isSettled();
    const users = Object.values(await office.users());
    // Exactly one main team for a user with teams, and always one of them.
    for (const user of users) {
      if (user.teams.length === 0) expect(user.main).toBeUndefined();
      else expect(user.teams).toContain(user.main);
    }
    expect(users.filter((user) => user.teams.includes('CC Temporary Staff'))).toHaveLength(10);
  });
});
