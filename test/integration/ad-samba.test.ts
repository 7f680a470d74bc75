// The connector on a real Active Directory (Samba): what happens to people and groups there is seen as what it is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { SourceAccount } from '../../src/model/account.ts';
import { adConnector, type SourceChange } from '../contract/ad-source.ts';
import { accountsOf, type Collected, collect, groupsOf, membersOf } from '../contract/connector-contract.ts';
import { describeWith } from '../describe-with.ts';
import { createTestCertificates } from '../lab/certificates.ts';
import { addGroup, addUnit, addUser } from '../lab/directory.ts';
import { type SambaLab, startSamba } from '../lab/samba.ts';
import { startTlsProxy } from '../lab/tls-proxy.ts';

const never = new AbortController().signal;

describeWith('samba', 'active-directory connector on Samba AD', () => {
  let samba: SambaLab;
  let unit: string;
  let turn = 0;

  beforeAll(async () => {
    samba = await startSamba();
  });
  beforeEach(async () => {
    turn += 1;
    unit = await addUnit(samba, samba.baseDn, `Turn ${turn}`);
  });
  afterAll(() => samba?.stop());

  const login = (name: string): string => `${name}${turn}`;
  const add = (name: string, attributes = {}): Promise<string> =>
    addUser(samba, {
      parentDn: unit,
      cn: `${name} ${turn}`,
      login: login(name),
      upnSuffix: 'corp.example.test',
      attributes,
    });
  const read = (change: SourceChange = {}): Promise<Collected> =>
    collect(
      adConnector(
        samba,
        unit,
        { groups: {}, ...change },
        { account: ['mail', 'description', 'department', 'objectSid', 'thumbnailPhoto'] },
      ),
    );
  const only = async (name: string): Promise<SourceAccount> => {
    const found = accountsOf(await read()).find((account) => account.name === login(name));
    if (found === undefined) throw new Error(`${name} was not read`);
    return found;
  };
  const ask = async (account: SourceAccount, change: SourceChange = {}, admin = false) =>
    (
      await adConnector(admin ? { ...samba, reader: samba.admin } : samba, unit, change).confirm(
        'account',
        [account.id],
        never,
      )
    ).get(account.id);

  it('reads a new person, and keeps the id through change, rename and move', async () => {
    const dn = await add('anna', { mail: 'anna@example.test', department: 'Sales' });
    const created = await only('anna');
    expect(created).toMatchObject({
      dn,
      status: 'enabled',
      attributes: { mail: ['anna@example.test'], department: ['Sales'], description: [] },
    });
    expect(created.expiresAt).toBeUndefined();
    expect(created.attributes['objectsid']).toEqual([expect.stringMatching(/^S-1-5-21-\d+-\d+-\d+-\d+$/u)]);

    await samba.modify(dn, [
      { operation: 'replace', attribute: 'department', values: [] },
      { operation: 'replace', attribute: 'sAMAccountName', values: login('annette') },
    ]);
    const renamed = await samba.rename(dn, 'CN=Annette Müller');
    const inner = await addUnit(samba, unit, 'Inner');
    const moved = await samba.move(renamed, inner);
    expect(await only('annette')).toMatchObject({ id: created.id, dn: moved, attributes: { department: [] } });
  });

  it('sees disabled, enabled and expired, and leaves the clock to the caller', async () => {
    const dn = await add('bert');
    await samba.disable(dn);
    expect((await only('bert')).status).toBe('disabled');
    await samba.enable(dn);
    const at = new Date('2024-03-01T00:00:00Z');
    await samba.expire(dn, at);
    expect(await only('bert')).toMatchObject({ status: 'enabled', expiresAt: at.getTime() });
    await samba.expire(dn, 'never');
    expect(await only('bert')).not.toHaveProperty('expiresAt');
  });

  it('calls a deleted person absent: by tombstone for who may see it, by not finding it for others', async () => {
    const dn = await add('carla');
    const account = await only('carla');
    expect(await ask(account)).toEqual({ kind: 'present' });
    await samba.delete(dn);
    expect(await ask(account)).toEqual({
      kind: 'absent',
      evidence: expect.stringContaining(`not found by objectguid under ${samba.baseDn}`),
    });
    expect(await ask(account, {}, true)).toEqual({
      kind: 'absent',
      evidence: expect.stringMatching(/^tombstone, last in OU=Turn/u),
    });
  });

  it('calls a person out of scope that moved away, was disabled, or is no longer taken by the filter', async () => {
    const dn = await add('dora', { department: 'Sales' });
    const account = await only('dora');
    const filtered = { users: { filter: '(department=Sales)' } };
    expect(await ask(account, filtered)).toEqual({ kind: 'present' });
    await samba.modify(dn, [{ operation: 'replace', attribute: 'department', values: 'IT' }]);
    expect(await ask(account, filtered)).toMatchObject({
      kind: 'out-of-scope',
      evidence: expect.stringContaining('the filter no longer takes it'),
    });
    const elsewhere = await addUnit(samba, samba.baseDn, `Leavers ${turn}`);
    await samba.disable(dn);
    const moved = await samba.move(dn, elsewhere);
    expect(await ask(account)).toEqual({
      kind: 'out-of-scope',
      evidence: `it is at ${moved}, disabled, outside of ${unit}`,
    });
  });

  it('finds by filters with umlauts, escapes and brackets', async () => {
    await add('emil', { description: 'Köln (Süd)', sn: 'Müller' });
    await add('fritz', { sn: "O'Neill" });
    for (const filter of [
      '(sn=Müller)',
      '(sn=M\\c3\\bcller)',
      '(description=Köln \\28S\\c3\\bcd\\29)',
      "(!(sn=O'Neill))",
      '(&(sn=M*r)(description=*\\28*))',
    ]) {
      expect(
        accountsOf(await read({ users: { filter } })).map((account) => account.name),
        filter,
      ).toEqual([login('emil')]);
    }
  });

  it('finds an account by its binary objectGUID', async () => {
    await add('gerd');
    const account = await only('gerd');
    expect((await adConnector(samba, unit).confirm('account', [account.id], never)).get(account.id)).toEqual({
      kind: 'present',
    });
  });

  it('reads decomposed text as NFC and a photo as base64', async () => {
    const photo = Buffer.from('ffd8ffe000104a464946', 'hex');
    await add('hana', { description: 'Mu\u0308ller', thumbnailPhoto: photo });
    expect((await only('hana')).attributes).toMatchObject({
      description: ['M\u00fcller'],
      thumbnailphoto: [photo.toString('base64')],
    });
  });

  it('gives every account an accountExpires, and refuses to take it away', async () => {
    await samba.add(`CN=Bare ${turn},${unit}`, { objectClass: 'user', sAMAccountName: login('bare') });
    await samba.add(`CN=Inet ${turn},${unit}`, {
      objectClass: 'inetOrgPerson',
      sn: 'x',
      sAMAccountName: login('inet'),
    });
    for (const name of ['Bare', 'Inet']) {
      const dn = `CN=${name} ${turn},${unit}`;
      expect((await samba.read(dn))?.attributes['accountExpires']).toEqual(['9223372036854775807']);
      await expect(samba.modify(dn, [{ operation: 'delete', attribute: 'accountExpires' }])).rejects.toThrow('0x35');
    }
    expect((await read()).outcome).toMatchObject({ kind: 'complete', counts: { accounts: 2, rejected: 0 } });
  });

  it('leaves out contacts and computers', async () => {
    await add('ines');
    await samba.add(`CN=Contact ${turn},${unit}`, { objectClass: 'contact' });
    await samba.add(`CN=PC${turn},${unit}`, {
      objectClass: 'computer',
      sAMAccountName: `PC${turn}$`,
      userAccountControl: '4096',
    });
    expect(accountsOf(await read()).map((account) => account.name)).toEqual([login('ines')]);
  });

  it('reads groups with changes of members, nested ones and cycles as they stand', async () => {
    const [a, b] = [await add('jan'), await add('kim')];
    const inner = await addGroup(samba, { parentDn: unit, name: `Inner ${turn}`, members: [a] });
    const outer = await addGroup(samba, { parentDn: unit, name: `Outer ${turn}`, members: [inner, b] });
    await samba.addMembers(inner, [outer]);
    const idOf = (result: Collected, dn: string) => groupsOf(result).find((group) => group.dn === dn)?.id ?? '';
    const first = await read();
    expect(membersOf(first, idOf(first, inner)).sort()).toEqual([a, outer].sort());
    expect(membersOf(first, idOf(first, outer)).sort()).toEqual([inner, b].sort());
    await samba.removeMembers(outer, [b]);
    const second = await read();
    expect(membersOf(second, idOf(second, outer))).toEqual([inner]);
    expect(idOf(second, outer)).toBe(idOf(first, outer));
  });

  it('gives the members of a primary group, which no member attribute shows, by their id', async () => {
    const dn = await add('lea');
    const primary = await addGroup(samba, { parentDn: unit, name: `Primary ${turn}`, members: [dn] });
    const group = await samba.read(primary);
    const sid = group?.attributes['objectSid']?.[0];
    const rid = Buffer.isBuffer(sid) ? sid.readUInt32LE(sid.length - 4) : 0;
    await samba.modify(dn, [{ operation: 'replace', attribute: 'primaryGroupID', values: String(rid) }]);
    const result = await read();
    const lea = accountsOf(result)[0];
    expect(membersOf(result, groupsOf(result)[0]?.id ?? '')).toEqual([lea?.id]);
    expect(result.pages.flatMap((page) => page.edges)[0]?.members[0]).toEqual({ by: 'id', value: lea?.id });
    const scoped = await read({ users: { memberOf: [primary] } });
    expect(accountsOf(scoped).map((account) => account.id)).toEqual([lea?.id]);
  });

  it('narrows to the members of a group, nested ones included', async () => {
    const [a, b] = [await add('mara'), await add('nils')];
    await add('otto');
    const inner = await addGroup(samba, { parentDn: unit, name: `Scope inner ${turn}`, members: [a] });
    const outer = await addGroup(samba, { parentDn: unit, name: `Scope ${turn}`, members: [inner, b] });
    const names = accountsOf(await read({ users: { memberOf: [outer] } })).map((account) => account.name);
    expect(names.sort()).toEqual([login('mara'), login('nils')]);
  });

  it('reads a group of 2,000 members', async () => {
    const members: string[] = [];
    for (let index = 0; index < 2_000; index += 1) members.push(`CN=Contact ${index},${unit}`);
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let index = lane; index < members.length; index += 8)
          await samba.add(members[index] ?? '', { objectClass: 'contact' });
      }),
    );
    await addGroup(samba, { parentDn: unit, name: `Big ${turn}`, members });
    const result = await read();
    const id = groupsOf(result)[0]?.id ?? '';
    expect(new Set(membersOf(result, id))).toEqual(new Set(members));
    expect(result.pages.flatMap((page) => page.closures)).toEqual([
      { group: id, relation: 'member', kind: 'complete', count: 2_000 },
    ]);
  });

  it('has the same identity through LDAPS and StartTLS, and checks the certificate in both', async () => {
    await add('paul');
    const ldaps = await read();
    const change = { connection: { servers: [samba.urls.ldap], tls: { mode: 'starttls', caFile: samba.caFile } } };
    const starttls = await read(change);
    expect(starttls.outcome).toMatchObject({
      kind: 'complete',
      serverIdentity: ldaps.outcome.kind === 'complete' && ldaps.outcome.serverIdentity,
    });
    const wrong = {
      connection: {
        servers: [samba.urls.ldap],
        tls: { mode: 'starttls', caFile: samba.caFile, serverName: 'dc9.corp.example.test' },
      },
    };
    await expect(read(wrong)).rejects.toMatchObject({ code: 'source-tls-hostname' });
  });

  it.each([
    ['expired', 'source-tls-expired'],
    ['wrongHost', 'source-tls-hostname'],
    ['unknownAuthority', 'source-tls-untrusted'],
  ] as const)('refuses the real server behind a certificate with the fault %s', async (kind, code) => {
    const folder = mkdtempSync(join(tmpdir(), 'ad-samba-'));
    const certificates = createTestCertificates(folder);
    const proxy = await startTlsProxy({
      target: samba.url,
      targetCaFile: samba.caFile,
      targetHostName: samba.hostName,
      certificate: certificates[kind],
    });
    try {
      await expect(
        read({ connection: { servers: [proxy.url], tls: { caFile: certificates.caFile } } }),
      ).rejects.toMatchObject({ code });
    } finally {
      await proxy.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is never complete when the real server is cut off during the read', async () => {
    for (const name of ['q', 'r', 's']) await add(name);
    const folder = mkdtempSync(join(tmpdir(), 'ad-samba-'));
    const certificates = createTestCertificates(folder);
    const proxy = await startTlsProxy({
      target: samba.url,
      targetCaFile: samba.caFile,
      targetHostName: samba.hostName,
      certificate: certificates.good,
    });
    try {
      const connector = adConnector(samba, unit, {
        connection: { servers: [proxy.url], tls: { caFile: certificates.caFile }, pageSize: 1 },
      });
      let outcome: unknown;
      for await (const event of connector.read({ mode: 'full' }, never)) {
        if (event.kind === 'page') proxy.dropConnections();
        else if (event.kind === 'outcome') outcome = event.outcome;
      }
      expect(outcome).toMatchObject({ kind: 'partial', because: expect.stringContaining('source-connection-lost') });
    } finally {
      await proxy.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('says what is wrong with the password and with the account', async () => {
    const dn = await add('tom', {});
    await samba.setPassword(dn, 'Some.Passw0rd.9!');
    await samba.enable(dn);
    const as = (password: string) => read({ connection: { bind: { user: `CORP\\${login('tom')}`, password } } });
    await expect(as('wrong')).rejects.toMatchObject({
      code: 'source-credentials',
      message: expect.stringContaining('user or password is wrong'),
    });
    expect((await as('Some.Passw0rd.9!')).outcome.kind).toBe('complete');
    await samba.disable(dn);
    await expect(as('Some.Passw0rd.9!')).rejects.toMatchObject({
      code: 'source-credentials',
      message: expect.stringContaining('disabled'),
    });
  });

  it('is refused without TLS', async () => {
    await expect(read({ connection: { servers: [samba.urls.ldap], tls: { mode: 'off' } } })).rejects.toMatchObject({
      code: 'source-strong-auth',
    });
  });

  it('finds nothing wrong in the check, and counts what the read gives', async () => {
    await add('uwe');
    await addGroup(samba, { parentDn: unit, name: `Check ${turn}` });
    const report = await adConnector(samba, unit, { groups: {} }).check(never);
    expect(report.facts.filter((fact) => fact.severity !== 'ok')).toEqual([]);
    const factOf = (name: string) => report.facts.find((fact) => fact.name === name)?.value;
    expect([factOf('accounts'), factOf('groups')]).toEqual(['1', '1']);
    expect(report.sample.map((account) => account.name)).toEqual([login('uwe')]);
  });
});
