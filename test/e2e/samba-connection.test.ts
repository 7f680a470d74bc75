// The real program and the way to a real Active Directory: which servers, certificates and passwords it takes, and that
// nobody is touched when it takes none.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../describe-with.ts';
import { createAuthority, createTestCertificates } from '../lab/certificates.ts';
import { addUser } from '../lab/directory.ts';
import { type SambaLab, startSamba } from '../lab/samba.ts';
import { startTlsProxy } from '../lab/tls-proxy.ts';
import { type Connection, Installation } from './samba-installation.ts';
import { type SyncJson, Witness } from './samba-witness.ts';

describeWith('samba', 'rosterd and a real domain are connected', () => {
  let samba: SambaLab;
  let rosterd: Installation;
  let witness: Witness;
  let someone: string;

  beforeAll(async () => {
    samba = await startSamba();
    await samba.populate(200);
    const [people, groups] = [`OU=People,OU=Lab,${samba.baseDn}`, `OU=Groups,OU=Lab,${samba.baseDn}`];
    rosterd = new Installation(samba, { people, groups, rest: '' });
    witness = new Witness(samba, { people, groups, prefix: '', roles: {} }, rosterd);
    await rosterd.init();
  });
  afterAll(async () => {
    await rosterd?.close();
    await samba?.stop();
  });

  const phone = async (number: string): Promise<void> => {
    await samba.modify(someone, [{ operation: 'replace', attribute: 'telephoneNumber', values: number }]);
  };
  /** The code of the error, after it was seen that nobody was touched. */
  const fails = async (connection: Connection): Promise<readonly [code: string, message: string]> => {
    rosterd.configure(connection);
    const { runs, errors } = await rosterd.ask<SyncJson>(['sync', 'ad-hq'], 5);
    const said = [
      ...errors.map(({ error }) => error),
      ...runs.map(({ run }) => ({ code: run.errorCode ?? '', message: run.because ?? '' })),
    ];
    expect(said).toHaveLength(1);
    await witness.seeUsers();
    return [said[0]?.code ?? '', said[0]?.message ?? ''];
  };

  it('by LDAPS, with every member of a group of 1,600', async () => {
    const { run } = await witness.follow();

    expect(run.counts).toMatchObject({ created: 200, unresolvedMembers: 1_400 });
    const { users } = await rosterd.ask<{ users: readonly object[] }>(['user', 'list', '--team', 'All-Staff', '--all']);
    expect(users).toHaveLength(200);
    someone = witness.person('u000003').dn;
    await witness.explain('u000003');
  });

  it('by StartTLS, to the same domain with the same people', async () => {
    rosterd.configure({ servers: [samba.urls.ldap], tls: { mode: 'starttls' } });
    await phone('+49 30 1');

    expect((await witness.follow()).run.counts).toMatchObject({ applied: 1 });

    expect((await witness.explain('u000003')).fields.find(({ field }) => field === 'phone')?.value).toBe('+49 30 1');
  });

  it.each<[string, string, () => Connection]>([
    ['an authority that did not sign', 'source-tls-untrusted', () => ({ ca: createAuthority('Another').cert })],
    ['a name that is not in it', 'source-tls-hostname', () => ({ tls: { serverName: 'dc9.corp.example.test' } })],
    [
      'a name that is not in it, by StartTLS',
      'source-tls-hostname',
      () => ({ servers: [samba.urls.ldap], tls: { mode: 'starttls', serverName: 'dc9.corp.example.test' } }),
    ],
  ])('never behind a certificate with %s', async (_, code, connection) => {
    expect((await fails(connection()))[0]).toBe(code);
  });

  it('never behind a certificate that has expired', async () => {
    const certificates = createTestCertificates(join(rosterd.folder, 'expired'));
    const proxy = await startTlsProxy({
      target: samba.url,
      targetCaFile: samba.caFile,
      targetHostName: samba.hostName,
      certificate: certificates.expired,
    });
    try {
      const ca = readFileSync(certificates.caFile, 'utf8');
      expect((await fails({ servers: [proxy.url], ca }))[0]).toBe('source-tls-expired');
    } finally {
      await proxy.stop();
    }
  });

  it('never without TLS, which the domain refuses', async () => {
    expect((await fails({ servers: [samba.urls.ldap], tls: { mode: 'off' } }))[0]).toBe('source-strong-auth');
  });

  it('with a wrong password once and no second time, so that the account is not locked', async () => {
    const account = await addUser(samba, {
      parentDn: `CN=Users,${samba.baseDn}`,
      cn: 'Second reader',
      login: 'svc-second',
      upnSuffix: 'corp.example.test',
      password: 'Second.Passw0rd.1!',
    });
    const threshold = (tries: string): Promise<void> =>
      samba.modify(samba.baseDn, [{ operation: 'replace', attribute: 'lockoutThreshold', values: tries }]);
    const user = 'svc-second@corp.example.test';
    const servers = [samba.url, `ldaps://${samba.address}:636/`, samba.url];
    await threshold('2');
    try {
      const [code, message] = await fails({ servers, bind: { user, password: 'a wrong one' } });
      expect(code).toBe('source-credentials');
      expect(message).not.toContain('a wrong one');
      expect((await samba.read(account))?.attributes['badPwdCount']).toEqual(['1']);
      rosterd.configure({ servers, bind: { user, password: 'Second.Passw0rd.1!' } });
      expect((await witness.sync()).run.state).toBe('done');
    } finally {
      await threshold('0');
    }
  });

  it('to the second server when the first does not answer, and to nobody when none does', async () => {
    const nowhere = `ldaps://${samba.address}:9`;
    const [code, message] = await fails({ servers: [nowhere, `ldaps://${samba.address}:10`] });
    expect(code).toBe('source-unreachable');
    expect(message).toContain('none of 2 servers answers');
    await phone('+49 30 2');
    rosterd.configure({ servers: [nowhere, samba.url] });

    expect((await witness.follow()).run.counts).toMatchObject({ applied: 1 });

    expect((await witness.explain('u000003')).fields.find(({ field }) => field === 'phone')?.value).toBe('+49 30 2');
  });
});
