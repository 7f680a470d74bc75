// Preset openldap on a real slapd: kinds of groups, status and expiry by configured attributes, size limits, anonymous reads.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { activeDirectory } from '../../connectors/active-directory/index.ts';
import { adConnector, adSettings, type SourceChange } from '../contract/ad-source.ts';
import { accountsOf, type Collected, collect, groupsOf, membersOf } from '../contract/connector-contract.ts';
import { describeWith } from '../describe-with.ts';
import { type SlapdLab, startSlapd } from '../lab/slapd.ts';

const never = new AbortController().signal;
const people = 30;

describeWith('slapd', 'preset openldap on slapd', () => {
  let slapd: SlapdLab;
  let unit: string;
  let dns: string[];

  beforeAll(async () => {
    slapd = await startSlapd({ schema: 'inetorgperson', sizeLimit: 20 });
    await slapd.add(slapd.baseDn, { objectClass: ['dcObject', 'organization'], dc: 'corp', o: 'Corp' });
    await slapd.add(slapd.reader.user, {
      objectClass: ['organizationalRole', 'simpleSecurityObject'],
      userPassword: slapd.reader.password,
    });
    unit = `ou=people,${slapd.baseDn}`;
    await slapd.add(unit, { objectClass: 'organizationalUnit' });
    dns = [];
    for (let index = 0; index < people; index += 1) {
      const dn = `uid=u${index},${unit}`;
      const shadow = index === 0 ? { shadowExpire: '20000' } : index === 1 ? { shadowExpire: '-1' } : {};
      await slapd.add(dn, {
        objectClass: ['inetOrgPerson', 'shadowAccount'],
        cn: `Person ${index}`,
        sn: 'Müller',
        ...(index === 2 ? { employeeType: 'TRUE' } : { employeeType: 'FALSE' }),
        ...(index === 3 ? { jpegPhoto: Buffer.from('ffd8ff', 'hex') } : {}),
        ...shadow,
      });
      dns.push(dn);
    }
    await slapd.add(`cn=names,${unit}`, { objectClass: 'groupOfNames', member: dns.slice(0, 3) });
    await slapd.add(`cn=unique,${unit}`, {
      objectClass: 'groupOfUniqueNames',
      uniqueMember: [`${dns[0]}#'0101'B`, dns[1] ?? ''],
    });
    await slapd.add(`cn=posix,${unit}`, { objectClass: 'posixGroup', gidNumber: '5000', memberUid: ['u3', 'u4'] });
  });
  afterAll(() => slapd?.stop());

  const read = (change: SourceChange = {}): Promise<Collected> =>
    collect(adConnector(slapd, unit, { preset: 'openldap', ...change }, { account: ['sn', 'mail', 'jpegPhoto'] }));

  it('reads people by entryUUID and uid, pages below the size limit of the server', async () => {
    const result = await read();
    expect(accountsOf(result)).toHaveLength(people);
    expect(accountsOf(result)[0]).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/u),
      name: expect.stringMatching(/^u\d+$/u),
      status: 'unknown',
      attributes: { sn: ['Müller'], mail: [] },
    });
    expect(accountsOf(result).find(({ name }) => name === 'u3')?.attributes['jpegphoto']).toEqual([
      Buffer.from('ffd8ff', 'hex').toString('base64'),
    ]);
  });

  it('reads the three kinds of groups', async () => {
    const result = await read({ groups: {} });
    const members = (name: string) =>
      membersOf(result, groupsOf(result).find((group) => group.name === name)?.id ?? '');
    expect(members('names')).toEqual(dns.slice(0, 3));
    expect(members('unique')).toEqual(dns.slice(0, 2));
    expect(members('posix').sort()).toEqual(['u3', 'u4']);
    expect(
      result.pages
        .flatMap((page) => page.edges)
        .flatMap((chunk) => chunk.members)
        .find(({ by }) => by === 'name'),
    ).toBeDefined();
  });

  it('takes status and expiry from configured attributes', async () => {
    const result = await read({
      users: { disabledAttribute: 'employeeType', expiry: { attribute: 'shadowExpire', format: 'days' } },
    });
    const account = (name: string) => accountsOf(result).find((candidate) => candidate.name === name);
    expect(account('u0')).toMatchObject({ status: 'enabled', expiresAt: 20_000 * 86_400_000 });
    expect(account('u1')).not.toHaveProperty('expiresAt');
    expect(account('u2')).toMatchObject({ status: 'disabled' });
    const settings = adSettings(slapd, unit, { preset: 'openldap', users: { disabledAttribute: 'employeeType' } });
    expect(activeDirectory.defaults(settings).lifecycle).toBe('authority');
    expect(activeDirectory.defaults(adSettings(slapd, unit, { preset: 'openldap' })).lifecycle).toBe('vote');
  });

  it('ends with the limit named when a page is larger than the server allows', async () => {
    await expect(read({ connection: { pageSize: 1_000 } })).rejects.toMatchObject({
      code: expect.stringMatching(/^source-(?:limit|refused)$/u),
    });
  });

  it('finds by filters with umlauts and escapes, and by scope', async () => {
    for (const filter of ['(sn=Müller)', '(sn=M\\c3\\bcller)', '(&(sn=m*ller)(uid=u*))']) {
      expect(accountsOf(await read({ users: { filter } })), filter).toHaveLength(people);
    }
    expect(accountsOf(await read({ users: { scope: 'base' } }))).toHaveLength(0);
    expect(accountsOf(await read({ users: { scope: 'one' } }))).toHaveLength(people);
  });

  it('secures by StartTLS and is refused without TLS', async () => {
    const starttls = { connection: { servers: [slapd.urls.ldap], tls: { mode: 'starttls', caFile: slapd.caFile } } };
    expect((await read(starttls)).outcome.kind).toBe('complete');
    await expect(read({ connection: { servers: [slapd.urls.ldap], tls: { mode: 'off' } } })).rejects.toMatchObject({
      code: 'source-strong-auth',
    });
  });

  it('says that the password is wrong', async () => {
    await expect(read({ connection: { bind: { user: slapd.reader.user, password: 'wrong' } } })).rejects.toMatchObject({
      code: 'source-credentials',
    });
  });

  it('names attributes that the schema does not know as unread', async () => {
    const connector = adConnector(slapd, unit, { preset: 'openldap' }, { account: ['sn', 'sAMAccountName'] });
    expect(accountsOf(await collect(connector))[0]).toMatchObject({ unread: ['samaccountname'] });
    expect((await connector.check(never)).facts.find((fact) => fact.name === 'unknown attributes')?.value).toBe(
      'samaccountname',
    );
  });

  it('tells a moved account from a deleted one', async () => {
    const elsewhere = `ou=leavers,${slapd.baseDn}`;
    await slapd.add(elsewhere, { objectClass: 'organizationalUnit' });
    const [moved, deleted] = accountsOf(await read()).slice(-2);
    await slapd.move(moved?.dn ?? '', elsewhere);
    await slapd.delete(deleted?.dn ?? '');
    const ids = [moved, deleted].flatMap((account) => (account === undefined ? [] : [account.id]));
    const answers = await adConnector(slapd, unit, { preset: 'openldap' }).confirm('account', ids, never);
    expect([...answers.values()].map(({ kind }) => kind)).toEqual(['out-of-scope', 'absent']);
  });
});
