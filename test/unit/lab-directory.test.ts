// The same changes on the scripted directory and on a real Samba domain must read the same over LDAP:
// what keeps the scripted one honest.
import { readFileSync } from 'node:fs';
import { type BerReader, type BerWriter, Client, Control } from 'ldapts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../describe-with.ts';
import { unicodePassword } from '../lab/ad-values.ts';
import { integer, tlv } from '../lab/ber.ts';
import { type ContactCentre, plantContactCentre } from '../lab/contact-centre.ts';
import type { Directory } from '../lab/directory.ts';
import { startLdapServer } from '../lab/ldap-server.ts';
import { startSamba } from '../lab/samba.ts';

type Lab = {
  readonly name: string;
  readonly directory: Directory;
  readonly url: string;
  readonly caFile: string;
  readonly admin: { readonly user: string; readonly password: string };
  readonly stop: () => Promise<void>;
};

/** DirSync with object security and incremental link values; holds the new cookie after the answer. */
class DirSync extends Control {
  cookie: Buffer;
  hasMore = false;

  constructor(cookie: Buffer) {
    super('1.2.840.113556.1.4.841', { critical: true });
    this.cookie = cookie;
  }

  protected override writeControl(writer: BerWriter): void {
    writer.writeBuffer(tlv(0x30, integer(-0x8000_0000 + 1), integer(0), tlv(0x04, this.cookie)), 0x04);
  }

  protected override parseControl(reader: BerReader): void {
    reader.readSequence();
    this.hasMore = reader.readInt() !== 0;
    reader.readInt();
    this.cookie = Buffer.from(reader.readString(0x04, true) ?? '');
  }
}

describeWith('samba', 'scripted directory beside Samba', () => {
  const labs: Lab[] = [];
  const centres: ContactCentre[] = [];

  beforeAll(async () => {
    const scripted = await startLdapServer();
    labs.push({ ...scripted, name: 'scripted', directory: scripted.directory });
    const samba = await startSamba();
    labs.push({
      name: 'Samba',
      directory: samba,
      url: samba.url,
      caFile: samba.caFile,
      admin: samba.admin,
      stop: samba.stop,
    });
    for (const { directory } of labs)
      centres.push(await plantContactCentre(directory, { people: 120, password: 'User.Passw0rd.2!' }));
  });
  afterAll(() => Promise.all(labs.map((lab) => lab.stop())));

  /** Does the same with both and expects the same outcome. */
  async function expectAlike<Outcome>(
    ask: (client: Client, centre: ContactCentre, lab: Lab) => Promise<Outcome>,
  ): Promise<Outcome> {
    const outcomes: Outcome[] = [];
    for (const [index, lab] of labs.entries()) {
      const client = new Client({ url: lab.url, timeout: 20_000, tlsOptions: { ca: [readFileSync(lab.caFile)] } });
      await client.bind(lab.admin.user, lab.admin.password);
      outcomes.push(await ask(client, centres[index] as ContactCentre, lab));
      await client.unbind();
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
    return outcomes[0] as Outcome;
  }

  const attributes = [
    'sAMAccountName',
    'displayName',
    'sn',
    'mail',
    'userAccountControl',
    'accountExpires',
    'memberOf',
    'manager',
  ];

  it('reads the same people', async () => {
    const people = await expectAlike(async (client, { peopleDn }) => {
      const { searchEntries } = await client.search(peopleDn, {
        filter: '(objectClass=user)',
        attributes,
        paged: true,
      });
      return searchEntries
        .map((entry) => ({ ...entry, memberOf: [entry['memberOf'] ?? []].flat().map(String).sort() }))
        .sort((left, right) => (left.dn < right.dn ? -1 : 1));
    });
    expect(people).toHaveLength(120);
  });

  it.each([
    '(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))',
    '(userAccountControl:1.2.840.113556.1.4.804:=2)',
    '(sn=*MÜLLER*)',
    "(givenName=D'*)",
    '(|(sn=王)(sn=Nguyễn))',
    '(&(objectClass=user)(!(mail=*)))',
    '(accountExpires<=133512336000000000)',
    '(primaryGroupID=513)',
    '(memberOf:1.2.840.113556.1.4.1941:=CN=CC Everyone,OU=Groups,OU=Contact Centre,DC=corp,DC=example,DC=test)',
    '(memberOf:1.2.840.113556.1.4.1941:=CN=CC Project Aurora,OU=Groups,OU=Contact Centre,DC=corp,DC=example,DC=test)',
    '(memberOf=CN=CC Temporary Staff,OU=Groups,OU=Contact Centre,DC=corp,DC=example,DC=test)',
    '(&(objectClass=group)(!(member=*)))',
    '(objectCategory=group)',
    '(sn=M*r)',
    '(noSuchAttribute=x)',
  ])('finds the same by %s', async (filter) => {
    await expectAlike(async (client, { unitDn }) => {
      const { searchEntries } = await client.search(unitDn, { filter, attributes: ['1.1'], paged: true });
      return searchEntries.map(({ dn }) => dn).sort();
    });
  });

  it('ends alike after renames, moves, deletions, memberships and expiry', async () => {
    await expectAlike(async (client, centre, { directory }) => {
      const dnOf = (index: number): string => centre.people[index]?.dn ?? '';
      const billing = centre.groups['CC Billing'] ?? '';
      const moved = await directory.move(await directory.rename(dnOf(1), 'CN=New\\, Name'), centre.peopleDn);
      await directory.delete(dnOf(13));
      await directory.removeMembers(billing, [dnOf(26)]);
      await directory.addMembers(billing, [dnOf(2), moved]);
      await directory.disable(dnOf(3));
      await directory.expire(dnOf(4), new Date('2025-05-05T00:00:00Z'));
      await directory.modify(dnOf(5), [
        { operation: 'delete', attribute: 'mail' },
        { operation: 'replace', attribute: 'unicodePwd', values: unicodePassword('Another.Passw0rd.3!') },
      ]);
      const { searchEntries } = await client.search(centre.unitDn, {
        filter: '(|(objectClass=user)(objectClass=group))',
        attributes: [...attributes, 'member', 'cn', 'name'],
        paged: true,
      });
      const flat = searchEntries.map((entry) =>
        Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, [value].flat().map(String).sort()])),
      );
      return flat.sort((left, right) => (String(left['dn']) < String(right['dn']) ? -1 : 1));
    });
  });

  it('gives the same changes by DirSync', async () => {
    const outcome = await expectAlike(async (client, centre, { directory }) => {
      const read = async (cookie: Buffer): Promise<{ cookie: Buffer; changes: Record<string, unknown>[] }> => {
        const changes: Record<string, unknown>[] = [];
        const control = new DirSync(cookie);
        do {
          const filter = '(|(objectClass=user)(objectClass=group))';
          const { searchEntries } = await client.search(directory.baseDn, { filter, timeLimit: 0 }, control);
          changes.push(...searchEntries);
        } while (control.hasMore);
        return { cookie: control.cookie, changes };
      };
      const first = await read(Buffer.alloc(0));
      const unchanged = await read(first.cookie);
      const dnOf = (index: number): string => centre.people[index]?.dn ?? '';
      const claims = centre.groups['CC Claims'] ?? '';
      await directory.modify(dnOf(30), [{ operation: 'replace', attribute: 'title', values: 'Changed' }]);
      await directory.modify(dnOf(31), [{ operation: 'delete', attribute: 'department' }]);
      await directory.removeMembers(claims, [dnOf(14)]);
      await directory.addMembers(claims, [dnOf(32)]);
      const second = await read(unchanged.cookie);
      const said = second.changes
        .map(({ objectGUID: _guid, instanceType: _type, ...change }) => change)
        .sort((left, right) => (String(left['dn']) < String(right['dn']) ? -1 : 1));
      const garbage = await read(Buffer.from('not a cookie')).catch(
        (reason: unknown) => (reason as { code: number }).code,
      );
      return { hasAll: first.changes.length > 139, unchanged: unchanged.changes.length, said, garbage };
    });
    expect(outcome).toMatchObject({ hasAll: true, unchanged: 0, garbage: 12 });
    expect(outcome.said).toHaveLength(3);
    expect(outcome.said).toContainEqual(expect.objectContaining({ 'member;range=0-0': expect.anything() }));
    expect(outcome.said).toContainEqual(expect.objectContaining({ department: [] }));
  });
});
