// The scripted LDAP server, asked by ldapts and, where it is installed, by OpenLDAP's own client.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Client, type SearchOptions } from 'ldapts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bytesToGuid, bytesToSid } from '../lab/ad-values.ts';
import { createTestCertificates } from '../lab/certificates.ts';
import { addGroup, addUnit, addUser } from '../lab/directory.ts';
import { oddValues } from '../lab/ldap-faults.ts';
import { type LdapServer, startLdapServer } from '../lab/ldap-server.ts';
import { hasSlapd } from '../lab/machine.ts';

const people = 2_500;
let server: LdapServer;
let unit: string;
let users: string[];
const clients: Client[] = [];

beforeAll(async () => {
  server = await startLdapServer();
  const { directory } = server;
  unit = await addUnit(directory, directory.baseDn, 'People');
  users = [];
  for (let index = 0; index < people; index++) {
    users.push(
      await addUser(directory, {
        parentDn: unit,
        cn: `User ${index}`,
        login: `u${index}`,
        upnSuffix: directory.domain,
        attributes: { sn: index % 2 === 0 ? 'Müller' : "O'Neill", mail: `u${index}@example.test` },
      }),
    );
  }
  await addGroup(directory, { parentDn: unit, name: 'Everyone', members: users });
  const inner = await addGroup(directory, { parentDn: unit, name: 'Inner', members: users.slice(0, 3) });
  const outer = await addGroup(directory, { parentDn: unit, name: 'Outer', members: [inner, users[3] ?? ''] });
  await directory.addMembers(inner, [outer]);
});
afterEach(async () => {
  server.faults.clear();
  await Promise.all(clients.splice(0).map((client) => client.unbind().catch(() => undefined)));
});
afterAll(() => server.stop());

const ca = (): Buffer[] => [readFileSync(server.caFile)];

async function bound(account: { user: string; password: string } = server.reader, timeout = 5_000): Promise<Client> {
  const client = new Client({ url: server.url, timeout, connectTimeout: timeout, tlsOptions: { ca: ca() } });
  clients.push(client);
  await client.bind(account.user, account.password);
  return client;
}

async function pages(options: SearchOptions, client?: Client): Promise<string[][]> {
  const read: string[][] = [];
  const asking = client ?? (await bound());
  for await (const page of asking.searchPaginated(unit, { attributes: ['cn'], ...options })) {
    read.push(page.searchEntries.map((entry) => entry.dn));
  }
  return read;
}

describe('scripted LDAP server: binds', () => {
  it.each([
    ['a wrong password', 'svc-reader@corp.example.test', 'wrong', 'data 52e'],
    ['an unknown account', 'nobody@corp.example.test', 'wrong', 'data 525'],
    ['a bare login name', 'svc-reader', 'User.Passw0rd.1!', 'data 525'],
  ])('refuses %s with 49 and the sub-code', async (_what, user, password, data) => {
    await expect(bound({ user, password })).rejects.toMatchObject({ code: 49, message: expect.stringContaining(data) });
  });

  it('takes a DN and DOMAIN\\login', async () => {
    await bound({ ...server.reader, user: `CN=svc-reader,CN=Users,${server.directory.baseDn}` });
    await bound({ ...server.reader, user: 'CORP\\svc-reader' });
  });

  it('says when an account is disabled or expired', async () => {
    const { directory } = server;
    const dn = await addUser(directory, {
      parentDn: unit,
      cn: 'Leaver',
      login: 'leaver',
      upnSuffix: 'example.test',
      password: 'Secret.1!',
    });
    await directory.disable(dn);
    await expect(bound({ user: dn, password: 'Secret.1!' })).rejects.toThrow('data 533');
    await directory.enable(dn);
    await directory.expire(dn, new Date(Date.now() - 1_000));
    await expect(bound({ user: dn, password: 'Secret.1!' })).rejects.toThrow('data 701');
    await directory.delete(dn);
  });

  it('refuses a simple bind without TLS, and takes it after StartTLS', async () => {
    const client = new Client({ url: server.urls.ldap, timeout: 5_000 });
    clients.push(client);
    await expect(client.bind(server.reader.user, server.reader.password)).rejects.toMatchObject({ code: 8 });
    await client.startTLS({ ca: ca(), servername: 'localhost' });
    await client.bind(server.reader.user, server.reader.password);
  });

  it('answers nothing but the rootDSE to anonymous clients', async () => {
    const client = new Client({ url: server.urls.ldap, timeout: 5_000 });
    clients.push(client);
    const { searchEntries } = await client.search('', { scope: 'base' });
    expect(searchEntries[0]).toMatchObject({ defaultNamingContext: server.directory.baseDn, isSynchronized: 'TRUE' });
    await expect(client.search(unit)).rejects.toMatchObject({ code: 1 });
  });
});

describe('scripted LDAP server: certificates', () => {
  it.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['notYetValid', 'CERT_NOT_YET_VALID'],
    ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['unknownAuthority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ] as const)('shows a certificate that is %s', async (kind, code) => {
    const { mkdtempSync, rmSync } = await import('node:fs');
    const folder = mkdtempSync('/tmp/lab-test-');
    const certificates = createTestCertificates(folder);
    const other = await startLdapServer({ certificate: certificates[kind] });
    const client = new Client({ url: other.url, tlsOptions: { ca: [readFileSync(certificates.caFile)] } });
    await expect(client.bind(other.reader.user, other.reader.password)).rejects.toMatchObject({ code });
    await other.stop();
    rmSync(folder, { recursive: true });
  });
});

describe('scripted LDAP server: searches', () => {
  it('caps a page at 1000 entries and an unpaged answer with result 4', async () => {
    const read = await pages({ filter: '(objectClass=user)', paged: { pageSize: 5_000 } });
    expect(read.map((page) => page.length)).toEqual([1_000, 1_000, 500]);
    expect(new Set(read.flat()).size).toBe(people);
    await expect((await bound()).search(unit, { filter: '(objectClass=user)' })).rejects.toMatchObject({ code: 4 });
  });

  it.each([
    ['(&(cn=User 7)(objectCategory=person))', 1],
    ['(|(cn=User 7)(cn=user 8)(cn=nobody))', 2],
    ['(cn=User 24*9)', 11],
    ['(&(cn=User 1*)(!(userAccountControl:1.2.840.113556.1.4.803:=512)))', 0],
    ['(&(cn=User 1?)(mail=*))', 0],
    ['(memberOf:1.2.840.113556.1.4.1941:=CN=Outer,OU=People,DC=corp,DC=example,DC=test)', 6],
    ['(memberOf=CN=Inner,OU=People,DC=corp,DC=example,DC=test)', 4],
    ['(member:1.2.840.113556.1.4.1941:=CN=User 3,OU=People,DC=corp,DC=example,DC=test)', 3],
    ['(&(objectClass=group)(groupType:1.2.840.113556.1.4.804:=2147483648))', 3],
    ['(!(noSuchAttribute=x))', 0],
    ['(&(cn=User 1)(!(department=Sales)))', 1],
  ])('evaluates %s', async (filter, count) => {
    expect((await (await bound()).search(unit, { filter, attributes: ['1.1'] })).searchEntries).toHaveLength(count);
  });

  it('answers long member lists in ranges, and plain member without values', async () => {
    const client = await bound();
    const group = `CN=Everyone,${unit}`;
    const read = async (attributes: string[]): Promise<Record<string, unknown>> =>
      (await client.search(group, { scope: 'base', attributes })).searchEntries[0] ?? {};
    const first = await read(['member']);
    expect(first['member']).toEqual([]);
    expect(first['member;range=0-1499']).toHaveLength(1_500);
    expect((await read(['member;range=1500-*']))['member;range=1500-*']).toHaveLength(1_000);
    // The client fills in what it asked for and did not get.
    expect((await read(['member;range=2500-*']))['member;range=2500-*']).toEqual([]);
  });

  it('gives ids in binary that can be the base of a search', async () => {
    const client = await bound();
    const options: SearchOptions = { scope: 'base', explicitBufferAttributes: ['objectGUID', 'objectSid'] };
    const [entry] = (await client.search(users[0] ?? '', options)).searchEntries;
    const guid = bytesToGuid(entry?.['objectGUID'] as Buffer);
    expect(bytesToSid(entry?.['objectSid'] as Buffer)).toMatch(/^S-1-5-21-.+-\d+$/);
    expect((await client.search(`<GUID=${guid}>`, options)).searchEntries[0]?.dn).toBe(users[0]);
  });

  it('names its other partitions only for the whole domain, and refers to other domains', async () => {
    const client = await bound();
    const whole = await client.search(server.directory.baseDn, { filter: '(cn=User 1)' });
    expect(whole.searchReferences).toHaveLength(3);
    await expect(client.search('DC=other,DC=test')).rejects.toThrow(/0000202B|Referral|10/);
    await expect(client.search(`OU=Nowhere,${unit}`)).rejects.toMatchObject({ code: 32 });
  });

  it('follows renames and moves in memberOf, and shows deleted objects only to whom may see them', async () => {
    const { directory } = server;
    const other = await addUnit(directory, directory.baseDn, 'Elsewhere');
    const dn = await addUser(directory, { parentDn: unit, cn: 'Mover', login: 'mover', upnSuffix: 'example.test' });
    const group = await addGroup(directory, { parentDn: unit, name: 'Movers', members: [dn] });
    const renamed = await directory.rename(dn, 'CN=Moved\\, Away');
    const moved = await directory.move(renamed, other);
    expect((await directory.read(group))?.attributes['member']).toEqual([moved]);
    await directory.delete(moved);
    expect((await directory.read(group))?.attributes['member']).toBeUndefined();
    const { Control } = await import('ldapts');
    const deleted = new Control('1.2.840.113556.1.4.417', { critical: true });
    const seen = async (account: { user: string; password: string }): Promise<number> => {
      const client = await bound(account);
      return (await client.search(directory.baseDn, { filter: '(&(isDeleted=TRUE)(sAMAccountName=mover))' }, deleted))
        .searchEntries.length;
    };
    expect(await seen(server.admin)).toBe(1);
    expect(await seen(server.reader)).toBe(0);
  });
});

describe('scripted LDAP server: faults', () => {
  const paged: SearchOptions = { filter: '(objectClass=user)', paged: { pageSize: 1_000 } };

  it('sends an empty page with a cookie', async () => {
    server.faults.add({ kind: 'empty-page', page: 2 });
    expect((await pages(paged)).map((page) => page.length)).toEqual([1_000, 0]);
  });

  it('ends early as if that were all', async () => {
    server.faults.add({ kind: 'truncate', entries: 1_200 });
    expect((await pages(paged)).flat()).toHaveLength(1_200);
  });

  it('repeats entries across pages', async () => {
    server.faults.add({ kind: 'duplicates', entries: 5 });
    const read = (await pages(paged)).flat();
    expect(new Set(read).size).toBe(people);
    expect(read.length).toBeGreaterThan(people);
  });

  it.each([
    ['closes between entries', { kind: 'close', afterEntries: 10 }],
    ['closes within a message', { kind: 'close', afterEntries: 10, cut: 'mid-message' }],
    ['says that it disconnects', { kind: 'notice-of-disconnection' }],
    ['sends garbage', { kind: 'garbage' }],
    ['hangs', { kind: 'hang', afterEntries: 3 }],
    ['answers another request', { kind: 'wrong-message-id' }],
  ] as const)('%s', async (_what, fault) => {
    server.faults.add({ ...fault, times: 1 });
    await expect(pages(paged, await bound(server.reader, 400))).rejects.toThrow();
  });

  it.each([1, 3, 4, 32, 50, 51, 52, 53])('answers result %d on demand', async (code) => {
    server.faults.add({ kind: 'result', code, afterEntries: 2 });
    await expect(pages(paged)).rejects.toMatchObject({ code });
  });

  it('keeps attributes back', async () => {
    const dn = users[4] ?? '';
    server.faults.add({ kind: 'without-attribute', attribute: 'objectGUID', dn });
    const [entry] = (await (await bound()).search(dn, { scope: 'base', attributes: ['*'] })).searchEntries;
    expect(entry).toMatchObject({ cn: 'User 4' });
    expect(Object.keys(entry ?? {})).not.toContain('objectGUID');
  });

  it('hands out values that are no text', async () => {
    const dn = users[5] ?? '';
    await server.directory.modify(dn, [{ operation: 'replace', attribute: 'title', values: oddValues.invalidUtf8 }]);
    const options: SearchOptions = { scope: 'base', explicitBufferAttributes: ['title'] };
    const [entry] = (await (await bound()).search(dn, options)).searchEntries;
    expect(entry?.['title']).toEqual(oddValues.invalidUtf8);
  });

  it('lets another domain controller answer after a page, which knows no foreign cookie', async () => {
    const before = server.controller();
    server.faults.add({ kind: 'switch-dc', page: 1, times: 1 });
    await expect(pages(paged)).rejects.toThrow();
    expect(server.controller().serviceDn).not.toBe(before.serviceDn);
    expect(server.controller().invocationId.equals(before.invocationId)).toBe(false);
  });

  it('repeats the same cookie for ever', async () => {
    server.faults.add({ kind: 'cookie-loop' });
    let count = 0;
    for await (const _page of (await bound()).searchPaginated(unit, paged)) if (++count === 8) break;
    expect(count).toBe(8);
  });

  it('delays and slows down', async () => {
    server.faults.add({ kind: 'delay', at: 'connect', ms: 120, times: 1 });
    const started = performance.now();
    const client = await bound();
    expect(performance.now() - started).toBeGreaterThan(110);
    server.faults.add({ kind: 'slow', entryMs: 20 });
    await expect(client.search(unit, { filter: '(cn=User 1*)', timeLimit: 1 })).rejects.toMatchObject({ code: 3 });
  });
});

describe.runIf(hasSlapd())('scripted LDAP server: asked by ldapsearch', () => {
  const ask = async (...more: string[]): Promise<string> => {
    const { user, password } = server.reader;
    const flags = ['-x', '-LLL', '-o', 'ldif-wrap=no', '-D', user, '-w', password, '-b', unit, ...more];
    return (await promisify(execFile)('ldapsearch', flags, { env: { ...process.env, LDAPTLS_CACERT: server.caFile } }))
      .stdout;
  };

  it('reads all pages over LDAPS', async () => {
    const out = await ask('-H', server.url, '-E', 'pr=1000/noprompt', '(objectClass=user)', '1.1');
    expect(out.match(/^dn:/gm)).toHaveLength(people);
  });

  it('reads over StartTLS', async () => {
    const out = await ask('-ZZ', '-H', server.urls.ldap.replace('127.0.0.1', 'localhost'), '(cn=User 7)', 'sn');
    expect(out).toContain("sn: O'Neill");
  });

  it('reads ranges and finds by octets', async () => {
    const range = await ask('-H', server.url, '(cn=Everyone)', 'member;range=2400-*');
    expect(range.match(/^member;range=2400-\*:/gm)).toHaveLength(100);
    const guid =
      server.directory
        .find(users[9] ?? '')
        ?.guid.toString('hex')
        .replace(/../g, '\\$&') ?? '';
    expect(await ask('-H', server.url, `(objectGUID=${guid})`, 'cn')).toContain('cn: User 9\n');
  });
});
