// The parts of the lab that start other processes: the demo directory, slapd, the TLS proxy, certificates.
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../describe-with.ts';
import { createAuthority, createTestCertificates } from '../lab/certificates.ts';
import { type DemoDirectory, startDemoDirectory } from '../lab/demo-directory-client.ts';
import { startLdapServer } from '../lab/ldap-server.ts';
import { writeActiveDirectoryLdif, writeOpenLdapLdif } from '../lab/ldif.ts';
import { startSlapd } from '../lab/slapd.ts';
import { startTlsProxy } from '../lab/tls-proxy.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lab-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function connect(url: string, caFile: string, account: { user: string; password: string }): Promise<Client> {
  const client = new Client({ url, timeout: 10_000, tlsOptions: { ca: [readFileSync(caFile)] } });
  await client.bind(account.user, account.password);
  return client;
}

describe('certificates', () => {
  const authority = createAuthority();
  const { cert } = authority.issue({ names: ['dc1.example.test', '127.0.0.1', '::1', 'fe80::1:2'] });

  it('are signed by their authority for every name', () => {
    const certificate = new X509Certificate(cert);
    expect(certificate.verify(new X509Certificate(authority.cert).publicKey)).toBe(true);
    expect(certificate.checkHost('dc1.example.test')).toBe('dc1.example.test');
    for (const address of ['127.0.0.1', '::1', 'fe80::1:2']) expect(certificate.checkIP(address)).toBeDefined();
    expect(certificate.checkHost('other.example.test')).toBeUndefined();
  });

  it.skipIf(!hasOpenssl())('satisfy openssl', () => {
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    writeFileSync(join(folder, 'cert.pem'), cert);
    const flags = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.pem', 'cert.pem'];
    expect(execFileSync('openssl', flags, { cwd: folder, encoding: 'utf8' })).toContain('OK');
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('demo directory', () => {
  let demo: DemoDirectory;
  beforeAll(async () => {
    demo = await startDemoDirectory({ people: 80 });
  });
  afterAll(() => demo.stop());

  it('answers LDAP in a process of its own, with 20 groups', async () => {
    const { url, caFile, reader, groupsDn } = demo.facts;
    const client = await connect(url, caFile, reader);
    const { searchEntries } = await client.search(groupsDn, { filter: '(objectClass=group)' });
    await client.unbind();
    expect(searchEntries).toHaveLength(20);
    expect((await demo.searches()).at(-1)).toMatchObject({ filter: '(objectClass=group)', code: 0, entries: 20 });
  });

  it('obeys, and says why it does not', async () => {
    const dn = demo.facts.people[4]?.dn ?? '';
    await demo.disable(dn);
    expect((await demo.read(dn))?.attributes).toMatchObject({
      userAccountControl: ['546'],
      objectGUID: [expect.any(Buffer)],
    });
    const renamed = await demo.rename(dn, 'CN=Somebody Else');
    expect(await demo.read(dn)).toBeUndefined();
    await demo.delete(renamed);
    await expect(demo.delete(renamed)).rejects.toThrow('NO_OBJECT');
  });

  it('ends when it is told to, and its folder with it', async () => {
    const other = await startDemoDirectory({ people: 10 });
    await other.stop();
    expect(() => readFileSync(other.facts.caFile)).toThrow('ENOENT');
    expect(() => process.kill(other.pid, 0)).toThrow('ESRCH');
  });
});

describe('TLS proxy', () => {
  it('shows the chosen certificate in front of a real server', async () => {
    const server = await startLdapServer();
    const certificates = createTestCertificates(join(folder, 'proxy'));
    const target = { target: server.url, targetCaFile: server.caFile, targetHostName: 'localhost' };
    const good = await startTlsProxy({ ...target, certificate: certificates.good });
    const expired = await startTlsProxy({ ...target, certificate: certificates.expired });
    const client = await connect(good.url, certificates.caFile, server.reader);
    await client.unbind();
    await expect(connect(expired.url, certificates.caFile, server.reader)).rejects.toThrow('expired');
    await Promise.all([good.stop(), expired.stop()]);
    await server.stop();
  });
});

describeWith('slapd', 'slapd', () => {
  it('holds what looks like Active Directory, within its size limit', async () => {
    const ldif = join(folder, 'ad.ldif');
    const { memberships } = await writeActiveDirectoryLdif(ldif, { users: 1_200 });
    const slapd = await startSlapd({ schema: 'ad', ldif });
    const client = await connect(slapd.url, slapd.caFile, slapd.reader);
    await expect(client.search(slapd.baseDn, { filter: '(objectClass=user)' })).rejects.toMatchObject({ code: 4 });
    const options = { filter: '(objectClass=group)', attributes: ['member'], paged: { pageSize: 1_000 } };
    const { searchEntries } = await client.search(slapd.baseDn, options);
    expect(searchEntries.flatMap((entry) => entry['member'])).toHaveLength(memberships);
    const bits = await client.search(slapd.baseDn, { filter: '(userAccountControl:1.2.840.113556.1.4.803:=2)' });
    expect(bits.searchEntries).toHaveLength(37);
    await client.unbind();
    const dn = bits.searchEntries[0]?.dn ?? '';
    await slapd.enable(dn);
    await slapd.restart();
    expect((await slapd.read(dn))?.attributes['userAccountControl']).toEqual(['512']);
    await slapd.stop();
    expect(() => process.kill(slapd.pid(), 0)).toThrow('ESRCH');
  });

  it('holds a plain OpenLDAP directory with all three shapes of groups', async () => {
    const ldif = join(folder, 'openldap.ldif');
    const written = await writeOpenLdapLdif(ldif, { users: 90, groups: 6 });
    const slapd = await startSlapd({ schema: 'inetorgperson', ldif });
    const client = await connect(slapd.url, slapd.caFile, slapd.reader);
    const { searchEntries } = await client.search(written.groupsDn, { filter: '(cn=*)', scope: 'one' });
    const attributes = ['member', 'uniqueMember', 'memberUid'];
    for (const name of attributes) expect(searchEntries.filter((entry) => name in entry)).toHaveLength(2);
    expect(searchEntries.flatMap((entry) => attributes.flatMap((name) => entry[name] ?? []))).toHaveLength(
      written.memberships,
    );
    const [person] = (
      await client.search(written.peopleDn, { filter: '(uid=*)', attributes: ['entryUUID'], sizeLimit: 1 })
    ).searchEntries;
    expect(person?.['entryUUID']).toMatch(/^[0-9a-f-]{36}$/);
    await client.unbind();
    await slapd.stop();
  });
});
