// Bad input and bad servers: each ends in an error of the catalogue that says what to do, soon, and with no connection left open.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import { adConnector, type SourceChange } from '../contract/ad-source.ts';
import { accountsOf, collect } from '../contract/connector-contract.ts';
import { createTestCertificates, type TestCertificates } from '../lab/certificates.ts';
import { addUnit, addUser } from '../lab/directory.ts';
import { type LdapServer, startLdapServer } from '../lab/ldap-server.ts';

const never = new AbortController().signal;
let server: LdapServer;
let unit: string;
let folder: string;
let certificates: TestCertificates;
const silent = new Set<Server>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ad-bad-input-'));
  certificates = createTestCertificates(folder);
  server = await startLdapServer();
  unit = await addUnit(server.directory, server.directory.baseDn, 'People');
  for (const login of ['a', 'b'])
    await addUser(server.directory, { parentDn: unit, cn: login, login, upnSuffix: 'corp.example.test' });
});
afterEach(() => server.faults.clear());
afterAll(async () => {
  await server?.stop();
  for (const open of silent) open.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The error of a read; fails when there is none. */
async function errorOf(change: SourceChange, base = unit): Promise<RosterdError> {
  const before = performance.now();
  try {
    await collect(adConnector(server, base, change));
  } catch (error) {
    if (!(error instanceof RosterdError)) throw error;
    expect(error.entry.advice).not.toBe('');
    expect(error.message).not.toContain(server.reader.password);
    expect(performance.now() - before).toBeLessThan(4_000);
    return error;
  }
  throw new Error('the read did not fail');
}

const servers = (...urls: string[]): SourceChange => ({ connection: { servers: urls } });

/** Accepts connections and says nothing. */
async function silentServer(): Promise<number> {
  const open = createServer((socket) => socket.on('error', () => undefined).unref());
  await new Promise<void>((resolve) => open.listen(0, '127.0.0.1', resolve));
  silent.add(open);
  open.unref();
  const address = open.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const closedPort = 'ldaps://127.0.0.1:1';

describe('binding', () => {
  it('says why a password is refused, and binds once only', async () => {
    const from = server.binds.length;
    const error = await errorOf({
      connection: { bind: { user: server.reader.user, password: 'wrong' }, servers: [server.url, server.url] },
    });
    expect(error).toMatchObject({
      code: 'source-credentials',
      message: expect.stringContaining('user or password is wrong'),
    });
    expect(server.binds.slice(from)).toHaveLength(1);
  });

  it.each([
    ['DN', () => `CN=svc-reader,CN=Users,${server.directory.baseDn}`],
    ['user principal name', () => 'svc-reader@corp.example.test'],
    ['DOMAIN\\user', () => 'CORP\\svc-reader'],
  ])('takes a %s', async (_form, user) => {
    const change = { connection: { bind: { user: user(), password: server.reader.password } } };
    expect(accountsOf(await collect(adConnector(server, unit, change)))).toHaveLength(2);
  });

  it('is refused without TLS by a server that insists on it', async () => {
    expect(await errorOf({ connection: { servers: [server.urls.ldap], tls: { mode: 'off' } } })).toMatchObject({
      code: 'source-strong-auth',
    });
  });

  it('ends when the server hangs in the bind', async () => {
    server.faults.add({ kind: 'hang', at: 'bind' });
    expect(await errorOf({})).toMatchObject({ code: 'source-timeout' });
  });
});

describe('TLS', () => {
  it('secures a plain connection by StartTLS, with the address checked against the certificate', async () => {
    const change = { connection: { servers: [server.urls.ldap], tls: { mode: 'starttls', caFile: server.caFile } } };
    expect(accountsOf(await collect(adConnector(server, unit, change)))).toHaveLength(2);
    expect(server.binds.at(-1)).toMatchObject({ transport: 'tls' });
  });

  it.each([
    ['unknownAuthority', 'source-tls-untrusted'],
    ['expired', 'source-tls-expired'],
    ['notYetValid', 'source-tls-expired'],
    ['wrongHost', 'source-tls-hostname'],
  ] as const)(
    'refuses a certificate with the fault %s, over LDAPS and StartTLS, and tries no other server',
    async (kind, code) => {
      const other = await startLdapServer({ directory: server.directory, certificate: certificates[kind] });
      const from = server.binds.length;
      try {
        const ldaps = { connection: { servers: [other.url, server.url], tls: { caFile: certificates.caFile } } };
        expect(await errorOf(ldaps)).toMatchObject({ code, subject: other.url });
        const starttls = {
          connection: { servers: [other.urls.ldap], tls: { mode: 'starttls', caFile: certificates.caFile } },
        };
        expect(await errorOf(starttls)).toMatchObject({ code });
        expect(server.binds.slice(from)).toEqual([]);
        expect(other.binds).toEqual([]);
      } finally {
        await other.stop();
      }
    },
  );

  it('checks the address of a StartTLS server, where ldapts would check localhost', async () => {
    const readBehind = async (name: string) => {
      const certificate = createTestCertificates(join(folder, name), [name]);
      const other = await startLdapServer({ directory: server.directory, certificate: certificate.good });
      const tls = { mode: 'starttls', caFile: certificate.caFile };
      try {
        return await collect(adConnector(server, unit, { connection: { servers: [other.urls.ldap], tls } }));
      } finally {
        await other.stop();
      }
    };
    expect((await readBehind('127.0.0.1')).outcome.kind).toBe('complete');
    await expect(readBehind('localhost')).rejects.toMatchObject({ code: 'source-tls-hostname' });
  });

  it('does not trust a private authority without its CA file', async () => {
    expect(await errorOf({ connection: { tls: {} } })).toMatchObject({ code: 'source-tls-untrusted' });
  });

  it('checks the configured server name instead of the address', async () => {
    const good = { connection: { tls: { caFile: server.caFile, serverName: 'corp.example.test' } } };
    expect(accountsOf(await collect(adConnector(server, unit, good)))).toHaveLength(2);
    const bad = { connection: { tls: { caFile: server.caFile, serverName: 'evil.example.test' } } };
    expect(await errorOf(bad)).toMatchObject({ code: 'source-tls-hostname' });
  });

  it('names the port as the likely fault when TLS meets a plain port', async () => {
    const error = await errorOf(servers(server.urls.ldap.replace('ldap:', 'ldaps:')));
    expect(['source-tls-failed', 'source-timeout']).toContain(error.code);
  });

  it('says that a CA file is missing or is none', async () => {
    expect(await errorOf({ connection: { tls: { caFile: join(folder, 'nothing.pem') } } })).toMatchObject({
      code: 'config-invalid',
    });
    const none = join(folder, 'none.pem');
    writeFileSync(none, 'not a certificate');
    expect(await errorOf({ connection: { tls: { caFile: none } } })).toMatchObject({
      code: 'config-invalid',
      subject: none,
    });
  });
});

describe('servers', () => {
  it('goes on to the next when one is down, hangs, or breaks off', async () => {
    const hanging = `ldaps://127.0.0.1:${await silentServer()}`;
    const breaking = await startLdapServer({ directory: server.directory });
    breaking.faults.add({ kind: 'close', at: 'connect' });
    try {
      const result = await collect(adConnector(server, unit, servers(closedPort, hanging, breaking.url, server.url)));
      expect(result.outcome).toMatchObject({ kind: 'complete', proof: { server: server.url } });
    } finally {
      await breaking.stop();
    }
  });

  it('names each server and its reason when none answers', async () => {
    const hanging = `ldaps://127.0.0.1:${await silentServer()}`;
    const error = await errorOf(servers(closedPort, hanging));
    expect(error.code).toBe('source-unreachable');
    expect(error.message).toContain(closedPort);
    expect(error.message).toContain(hanging);
  });

  it('keeps the code when there is one server only', async () => {
    expect(await errorOf(servers(closedPort))).toMatchObject({ code: 'source-unreachable' });
    expect(await errorOf(servers(`ldaps://127.0.0.1:${await silentServer()}`))).toMatchObject({
      code: 'source-timeout',
    });
    expect(await errorOf(servers('ldaps://no-such-host.invalid'))).toMatchObject({ code: 'source-unreachable' });
  });

  it('ends a StartTLS handshake that never comes', async () => {
    const url = `ldap://127.0.0.1:${await silentServer()}`;
    expect(await errorOf({ connection: { servers: [url], tls: { mode: 'starttls' } } })).toMatchObject({
      code: 'source-timeout',
    });
  });

  it('ends at once when stopped while it connects', async () => {
    const controller = new AbortController();
    const connector = adConnector(server, unit, {
      connection: { servers: [`ldaps://127.0.0.1:${await silentServer()}`], timeouts: {} },
    });
    setTimeout(() => controller.abort(), 50);
    const before = performance.now();
    await expect(collect(connector, controller.signal)).rejects.toMatchObject({ code: 'interrupted' });
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});

describe('base and filter', () => {
  it('refuses a base that does not exist before anything is read', async () => {
    const from = server.searches.length;
    expect(await errorOf({}, `OU=Nobody,${server.directory.baseDn}`)).toMatchObject({
      code: 'source-base-not-found',
      message: expect.stringContaining('users.base'),
    });
    expect(await errorOf({ groups: { base: `OU=Nobody,${server.directory.baseDn}` } })).toMatchObject({
      code: 'source-base-not-found',
      message: expect.stringContaining('groups.base'),
    });
    expect(server.searches.slice(from).some((search) => search.pageSize !== undefined)).toBe(false);
  });

  it('refuses a base that is no distinguished name', async () => {
    expect(await errorOf({}, 'OU=People,,DC=')).toMatchObject({ code: 'source-base-not-found' });
  });

  it('refuses a group of users.memberOf that does not exist', async () => {
    expect(await errorOf({ users: { memberOf: [`CN=Nobody,${unit}`] } })).toMatchObject({
      code: 'source-base-not-found',
    });
  });

  it('reads nothing with a filter that matches nothing, and the check says so', async () => {
    const connector = adConnector(server, unit, { users: { filter: '(sAMAccountName=nobody)' } });
    expect((await collect(connector)).outcome).toMatchObject({ kind: 'complete', counts: { accounts: 0 } });
    const { facts } = await connector.check(never);
    expect(facts.find((fact) => fact.name === 'accounts')).toMatchObject({
      value: '0',
      severity: 'warning',
      advice: expect.stringContaining('users.filter'),
    });
  });

  it('takes names in every script', async () => {
    const names = ['名前', 'Ωμέγα', 'أحمد', '👩‍👩‍👧', 'ǅ', '\u202eevil', 'a\u0301'];
    for (const [index, cn] of names.entries())
      await addUser(server.directory, {
        parentDn: unit,
        cn,
        login: `script${index}`,
        upnSuffix: 'corp.example.test',
        attributes: { description: cn },
      });
    for (const [index, cn] of names.entries()) {
      const found = accountsOf(
        await collect(adConnector(server, unit, { users: { filter: `(sAMAccountName=script${index})` } })),
      );
      expect(found.map((account) => account.attributes['description'])).toEqual([[cn.normalize('NFC')]]);
    }
  });
});

describe('source check', () => {
  it('warns about plain LDAP, unknown attributes and a clock that is off', async () => {
    const plain = await startLdapServer({ plainBind: 'allow' });
    try {
      const change = {
        connection: { servers: [plain.urls.ldap], tls: { mode: 'off' } },
        users: { attributes: ['noSuchThing'] },
      };
      const { facts } = await adConnector(plain, plain.directory.baseDn, change).check(never);
      const severityOf = (name: string) => facts.find((fact) => fact.name === name)?.severity;
      expect(severityOf('TLS')).toBe('warning');
      expect(severityOf('unknown attributes')).toBe('warning');
      expect(severityOf('clock')).toBe('ok');
    } finally {
      await plain.stop();
    }
  });

  it('tells who is bound, TLS, page size and counts', async () => {
    const { facts, sample } = await adConnector(server, unit, { groups: {} }).check(never);
    const names = facts.map((fact) => fact.name);
    for (const name of [
      'server',
      'directory',
      'TLS',
      'certificate',
      'certificate expires',
      'bound as',
      'page size',
      'accounts',
      'groups',
      'deleted objects',
    ]) {
      expect(names).toContain(name);
    }
    expect(sample.length).toBeLessThanOrEqual(3);
  });
});
