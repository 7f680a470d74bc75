// The real program against a real Active Directory: after each change in the domain its commands must say what the domain
// says, the log must be whole, and there must be nothing left to do.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunReportJson } from '../../src/cli/json.ts';
import { describeWith } from '../describe-with.ts';
import { type ContactCentre, plantContactCentre } from '../lab/contact-centre.ts';
import { addGroup, addUnit, addUser } from '../lab/directory.ts';
import { type SambaLab, startSamba } from '../lab/samba.ts';
import { type StorePlace, stores } from '../store/admin-stores.ts';
import { Installation } from './samba-installation.ts';
import { Witness } from './samba-witness.ts';

describeWith('samba', 'rosterd and a real domain', () => {
  describe.each(stores)('keep the same people and teams on $name:', (store) => {
    let samba: SambaLab;
    let place: StorePlace;
    let centre: ContactCentre;
    let rosterd: Installation;
    let witness: Witness;

    beforeAll(async () => {
      [samba, place] = await Promise.all([startSamba(), store.start()]);
      centre = await plantContactCentre(samba, { people: 60 });
      const { supervisors, frontLine, cycleA } = centre.groupNames;
      const rest = `    absence: { outOfScopeGrace: 0s }
    teams: { include: ["CC *"], stripPrefix: "CC " }
    roleMapping:
      - { group: "${supervisors}", roles: [DEFAULT_SUPERVISOR] }
      - { group: "${frontLine}", roles: [DEFAULT_TEAM_LEADER] }
      - { group: "${centre.groups[cycleA]}", by: dn, roles: [DEFAULT_AGENT] }
`;
      const url = place.location?.kind === 'postgresql' ? place.location.url : undefined;
      rosterd = new Installation(samba, { people: centre.peopleDn, groups: centre.groupsDn, rest }, url);
      const roles = {
        [groupDn(supervisors)]: 'DEFAULT_SUPERVISOR',
        [groupDn(frontLine)]: 'DEFAULT_TEAM_LEADER',
        [groupDn(cycleA)]: 'DEFAULT_AGENT',
      };
      const scope = { people: centre.peopleDn, groups: centre.groupsDn, prefix: 'CC ', roles };
      witness = new Witness(samba, scope, rosterd);
      await rosterd.init();
    });
    afterAll(async () => {
      await rosterd?.close();
      await place?.stop();
      await samba?.stop();
    });

    const groupDn = (name: string): string => centre.groups[name] ?? '';
    const dn = (index: number): string => centre.people[index]?.dn ?? '';
    const login = (index: number): string => centre.people[index]?.person.login ?? '';
    const set = (object: string, attribute: string, ...values: readonly string[]): Promise<void> =>
      samba.modify(object, [{ operation: 'replace', attribute, values }]);
    const primaryGroup = async (index: number): Promise<string | undefined> =>
      (await samba.read(dn(index)))?.attributes['primaryGroupID']?.[0]?.toString();

    if (store.name === 'PostgreSQL') {
      it('nothing starts before the database is made, and making it twice does nothing', async () => {
        for (const command of [
          ['sync', 'ad-hq'],
          ['plan', 'ad-hq'],
          ['user', 'list'],
        ]) {
          expect(await rosterd.ask(command, 6)).toMatchObject({ error: { code: 'store-needs-migration', exit: 6 } });
        }
        expect((await rosterd.ask<{ applied: string[] }>(['db', 'migrate'])).applied).not.toEqual([]);
        expect(await rosterd.ask(['db', 'migrate'])).toMatchObject({ applied: [] });
      });
    }

    it('the first plan shows everybody and makes nobody, the first sync makes all', async () => {
      expect(await rosterd.ask(['config', 'check'])).toMatchObject({ problems: [] });
      const plan = await rosterd.ask<RunReportJson>(['plan', 'ad-hq'], 2);
      expect(plan.run.counts).toMatchObject({ accountsRead: 60, planned: 80 });
      expect(await witness.users()).toEqual([]);

      expect((await witness.follow()).run.counts).toMatchObject({ created: 60 });

      await Promise.all([7, 23].map((index) => witness.explain(login(index))));
    });

    it('a joiner and new values, whatever script they are in', async () => {
      const brno = dn(1).slice(dn(1).indexOf('OU='));
      const joiner = await addUser(samba, {
        parentDn: brno,
        cn: 'Žofie Řeřichová, PhD',
        login: 'zrerichova',
        upnSuffix: 'example.test',
        attributes: {
          givenName: 'Žofie',
          sn: 'R\u030cerichova\u0301',
          displayName: 'Z\u030cofie 李 حداد',
          mail: 'Zofie@Example.test',
        },
      });
      await samba.addMembers(groupDn('CC Billing'), [joiner]);
      await set(dn(1), 'telephoneNumber', '+420 555 010 199');
      await set(dn(1), 'description', 'Ärger mit «Straße», 明日');
      await set(dn(2), 'mail');

      expect((await witness.follow()).run.counts).toMatchObject({ created: 1, applied: 3 });

      expect(witness.person('zrerichova')).toMatchObject({ displayName: 'Žofie 李 حداد', teams: ['Billing'] });
      await witness.explain('zrerichova');
      expect((await witness.explain(login(1))).fields.find(({ field }) => field === 'phone')).toMatchObject({
        value: '+420 555 010 199',
        lastChange: { action: 'user.changed' },
      });
      expect(witness.person(login(2)).email).toBeNull();
    });

    it('people with another name, login and address, and two who trade logins', async () => {
      await samba.rename(dn(14), 'CN=Married\\, Name');
      const renamed = dn(14).replace(/^CN=(?:\\.|[^,\\])+/u, 'CN=Married\\, Name');
      await set(renamed, 'sAMAccountName', 'married');
      await set(renamed, 'mail', 'married@example.test');
      await set(renamed, 'displayName', 'Married Name');
      await set(dn(15), 'sAMAccountName', 'in-between');
      await set(dn(16), 'sAMAccountName', login(15));
      await set(dn(15), 'sAMAccountName', login(16));

      expect((await witness.follow()).run.counts).toMatchObject({ created: 0, applied: 3 });

      expect((await witness.explain('married')).accounts[0]?.dn).toBe(renamed);
      expect(witness.person(login(15)).dn).toBe(dn(16));
      await witness.explain(login(15));
    });

    it('who is deleted is gone, who is moved out is out of scope, and who comes back is as before', async () => {
      const before = witness.person(login(29));
      const outside = await addUnit(samba, samba.baseDn, 'Leavers');
      await samba.delete(dn(28));
      const out = await samba.move(dn(29), outside);

      await witness.follow();

      expect((await witness.explain(login(28))).accounts).toMatchObject([{ presence: 'absent' }]);
      expect((await witness.explain(login(29))).accounts).toMatchObject([{ presence: 'out-of-scope' }]);
      await samba.move(out, dn(29).slice(dn(29).indexOf('OU=')));
      await witness.follow();
      expect(witness.person(login(29))).toEqual(before);
      expect((await witness.explain(login(29))).accounts).toMatchObject([{ presence: 'present', link: 'active' }]);
      expect(witness.person(login(28)).enabled).toBe(false);
    });

    it('groups that come, change their name, nest, and change members', async () => {
      const [billing, frontLine] = [groupDn('CC Billing'), groupDn('CC Front Line')];
      const fresh = await addGroup(samba, {
        parentDn: centre.groupsDn,
        name: 'CC Žlutá linka',
        members: [dn(32), dn(33)],
      });
      await samba.addMembers(frontLine, [fresh]);
      await samba.rename(groupDn('CC Claims'), 'CN=CC Claims & Legal');
      await samba.removeMembers(billing, [dn(39)]);
      await samba.addMembers(billing, [dn(34)]);

      await witness.follow();

      expect(witness.person(login(32))).toMatchObject({ teams: expect.arrayContaining(['Žlutá linka']) });
      expect(witness.person(login(1)).teams).toContain('Claims & Legal');
      for (const index of [32, 34]) {
        expect(witness.person(login(index)).roles).toContain('DEFAULT_TEAM_LEADER');
        await witness.explain(login(index));
      }
    });

    // Once is enough for what the store has no part in.
    if (store.name === 'SQLite') {
      it('the disabled and the expired are shut out, the enabled and the prolonged are back', async () => {
        const wasEnabled = (): readonly boolean[] =>
          [20, 21, 7, 41].map((index) => witness.person(login(index)).enabled);
        expect(wasEnabled()).toEqual([true, true, false, false]);
        await samba.disable(dn(20));
        await samba.expire(dn(21), new Date('2024-02-29T00:00:00Z'));
        await samba.enable(dn(7));
        await samba.expire(dn(41), 'never');

        await witness.follow();

        expect(wasEnabled()).toEqual([false, false, true, true]);
        await Promise.all([20, 21, 7, 41].map((index) => witness.explain(login(index))));
      });

      it('somebody who moves to another unit of the base stays the same user', async () => {
        const unit = await addUnit(samba, centre.peopleDn, 'Ústí nad Labem');
        const moved = await samba.move(dn(17), unit);

        expect((await witness.follow()).run.counts).toMatchObject({ applied: 0, mirrorChanged: 1 });

        expect((await witness.explain(login(17))).accounts).toMatchObject([{ dn: moved, presence: 'present' }]);
      });

      it('groups in a ring, and one that is nested no more', async () => {
        const [aurora, borealis] = [groupDn('CC Project Aurora'), groupDn('CC Project Borealis')];
        await samba.removeMembers(aurora, [dn(43)]);
        await samba.addMembers(borealis, [dn(44)]);
        await samba.removeMembers(groupDn('CC Front Line'), [`CN=CC Žlutá linka,${centre.groupsDn}`]);

        await witness.follow();

        const roles = [43, 44, 9].map((index) => witness.person(login(index)).roles.includes('DEFAULT_AGENT'));
        expect(roles).toEqual([false, true, true]);
        expect(witness.person(login(32)).roles).not.toContain('DEFAULT_TEAM_LEADER');
      });

      it('primary groups, which no list of members shows, and a ring that is broken', async () => {
        const temporary = groupDn('CC Temporary Staff');
        const primary = (await primaryGroup(12)) ?? '';
        await samba.addMembers(temporary, [dn(45)]);
        await set(dn(45), 'primaryGroupID', primary);
        await set(dn(37), 'primaryGroupID', '513');
        await samba.removeMembers(temporary, [dn(37)]);
        await samba.removeMembers(groupDn('CC Project Aurora'), [groupDn('CC Project Borealis')]);

        await witness.follow();

        expect(witness.person(login(45)).teams).toContain('Temporary Staff');
        expect(witness.person(login(37)).teams).not.toContain('Temporary Staff');
        expect(witness.person(login(9)).roles).not.toContain('DEFAULT_AGENT');
        await witness.explain(login(45));
      });
    }

    it('a group that is deleted waits for a person, then its members leave and its team stays empty', async () => {
      const member = witness.person(login(51));
      await samba.delete(groupDn('CC Roadside Assistance'));

      const { run } = await witness.sync(3);

      expect(run).toMatchObject({ state: 'held', heldRun: run.id });
      expect((await witness.users()).find(({ username }) => username === login(51))?.teams).toEqual(member.teams);
      await rosterd.ask(['run', 'approve', String(run.id), '--reason', 'nobody is on the road any more']);
      await witness.see();
      expect(witness.person(login(51)).teams).toEqual(member.teams.filter((team) => team !== 'Roadside Assistance'));
      // What this story has changed to and fro above is a finding too.
      const findings = (await witness.findings()).filter((finding) => !finding.startsWith('value-flapping '));
      expect(findings).toEqual(['team-unfed Roadside Assistance']);
    });
  });
});
