// A real OpenLDAP server for tests and benchmarks, on free ports of a loopback address: either with Microsoft's user
// schema (throughput and size limits of an Active Directory look-alike), or with the schema of a plain OpenLDAP.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createAuthority } from './certificates.ts';
import type { Directory } from './directory.ts';
import { LdapDirectory } from './ldap-directory.ts';
import { ldifBaseDn } from './ldif.ts';

const run = promisify(execFile);
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

export type SlapdOptions = {
  readonly schema: 'ad' | 'inetorgperson';
  /** A file for slapadd, see ldif.ts; an empty suffix has nothing in it, not even its own entry. */
  readonly ldif?: string;
  /** Entries in one answer, paged or not; 1000 unless given, `unlimited` for none. */
  readonly sizeLimit?: number | 'unlimited';
  /** Whether a simple bind without TLS is refused with code 13; so unless said. */
  readonly plainBind?: 'allow' | 'refuse';
  readonly address?: string;
};

export interface SlapdLab extends Directory {
  readonly url: string;
  readonly urls: { readonly ldaps: string; readonly ldap: string };
  readonly caFile: string;
  readonly hostName: string;
  readonly admin: { readonly user: string; readonly password: string };
  /** Bound by the size limit. */
  readonly reader: { readonly user: string; readonly password: string };
  readonly loadMs: number;
  readonly pid: () => number;
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startSlapd(options: SlapdOptions): Promise<SlapdLab> {
  const folder = mkdtempSync(join(tmpdir(), 'lab-slapd-'));
  const address = options.address ?? '127.0.0.1';
  const isAd = options.schema === 'ad';
  const baseDn = isAd ? ldifBaseDn : ldifBaseDn.toLowerCase();
  const admin = {
    user: isAd ? `CN=Administrator,CN=Users,${baseDn}` : `cn=admin,${baseDn}`,
    password: 'Adm1n.Passw0rd!',
  };
  const reader = {
    user: isAd ? `CN=svc-reader,CN=Users,${baseDn}` : `cn=reader,${baseDn}`,
    password: 'User.Passw0rd.1!',
  };
  mkdirSync(join(folder, 'db'));
  const authority = createAuthority('slapd lab CA');
  const certificate = authority.issue({ names: ['localhost', '127.0.0.1', address] });
  for (const [name, content] of [
    ['ca.pem', authority.cert],
    ['cert.pem', certificate.cert],
    ['key.pem', certificate.key],
  ] as const) {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  }
  const configuration = join(folder, 'slapd.conf');
  writeFileSync(configuration, describeServer(folder, baseDn, admin, options));
  const started = performance.now();
  if (options.ldif !== undefined) {
    await run('slapadd', ['-q', '-f', configuration, '-l', options.ldif], { env }).catch((reason: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw reason;
    });
  }
  const loadMs = performance.now() - started;

  const [ldapPort, ldapsPort] = [await freePort(address), await freePort(address)];
  const urls = { ldap: `ldap://${address}:${ldapPort}`, ldaps: `ldaps://${address}:${ldapsPort}` };
  let guard: ChildProcess | undefined;
  const boot = async (): Promise<ChildProcess> => {
    // With -d it stays in the foreground, a child of this process.
    const flags = ['-d', '0', '-f', configuration, '-h', `${urls.ldap}/ ${urls.ldaps}/`];
    const child = spawn('slapd', flags, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    guard = guardOf(child, folder);
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => {
      complaint = `${complaint}${text.toString()}`.slice(-4_000);
    });
    for (let attempt = 0; attempt < 400; attempt++) {
      if (child.exitCode !== null) throw new Error(`slapd ended with ${child.exitCode}: ${complaint}`);
      if (await answers(address, ldapsPort)) return child;
      await sleep(25);
    }
    child.kill('SIGKILL');
    throw new Error(`slapd does not answer: ${complaint}`);
  };
  let child = await boot();
  const caFile = join(folder, 'ca.pem');
  const directory = new LdapDirectory({ url: urls.ldaps, caFile, hostName: 'localhost', baseDn, ...admin });
  const down = async (): Promise<void> => {
    await directory.close();
    guard?.kill('SIGKILL');
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    // It waits for its clients; a test that leaves one open shall not hang here.
    const forced = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await ended;
    clearTimeout(forced);
  };
  return Object.assign(directory, {
    url: urls.ldaps,
    urls,
    caFile,
    hostName: 'localhost',
    admin,
    reader,
    loadMs,
    pid: () => child.pid ?? 0,
    restart: async () => {
      await down();
      child = await boot();
    },
    stop: async () => {
      await down();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** Ends the server and removes its folder when this process is gone, however that came about: its stdin closes then. */
function guardOf(server: ChildProcess, folder: string): ChildProcess {
  const wait = 'read -r _; kill -9 "$1" 2>/dev/null; rm -rf "$2"';
  const stdio = ['pipe', 'ignore', 'ignore'] as const;
  const guard = spawn('sh', ['-c', wait, 'sh', String(server.pid), folder], { stdio: [...stdio], detached: true });
  guard.unref();
  return guard;
}

function describeServer(
  folder: string,
  baseDn: string,
  admin: { user: string; password: string },
  options: SlapdOptions,
): string {
  const isAd = options.schema === 'ad';
  const schemas = ['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `/etc/ldap/schema/${name}.schema`);
  if (isAd) {
    const patched = join(folder, 'msuser.schema');
    writeFileSync(patched, withMatchingRules(readFileSync('/etc/ldap/schema/msuser.schema', 'utf8')));
    schemas.push(patched);
  }
  const indexes = isAd
    ? 'objectClass,sAMAccountName,userPrincipalName,mail,member,memberOf,objectGUID,uSNChanged'
    : 'objectClass,uid,cn,mail,member,uniqueMember,memberUid,entryUUID';
  const limit = options.sizeLimit ?? 1_000;
  return [
    ...schemas.map((schema) => `include ${schema}`),
    ...(isAd ? ["objectclass ( 1.2.840.113556.1.3.23 NAME 'container' SUP top STRUCTURAL MUST cn )"] : []),
    `pidfile ${folder}/slapd.pid`,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'moduleload sssvlv',
    `TLSCACertificateFile ${folder}/ca.pem`,
    `TLSCertificateFile ${folder}/cert.pem`,
    `TLSCertificateKeyFile ${folder}/key.pem`,
    ...(options.plainBind === 'allow' ? [] : ['security simple_bind=128']),
    `sizelimit size.soft=${limit} size.hard=${limit} size.pr=${limit} size.prtotal=unlimited`,
    'threads 4',
    'database mdb',
    `suffix "${baseDn}"`,
    `rootdn "${admin.user}"`,
    `rootpw ${admin.password}`,
    `directory ${folder}/db`,
    'maxsize 8589934592',
    'dbnosync',
    `index ${indexes} eq`,
    'access to attrs=userPassword by anonymous auth',
    'access to * by users read by anonymous auth',
    'overlay sssvlv',
    '',
  ].join('\n');
}

const text = 'EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch';
const ia5 = 'EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch';
const integer = 'EQUALITY integerMatch ORDERING integerOrderingMatch';
const time = 'EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch';
const rules: readonly (readonly [syntax: RegExp, rule: string])[] = [
  [/121\.1\.26/, ia5],
  [/121\.1\.15|121\.1\.44|MSADcis|MSADtelex/, text],
  [/121\.1\.27|MSADlargeInteger/, integer],
  [/121\.1\.12'?/, 'EQUALITY distinguishedNameMatch'],
  [/121\.1\.40/, 'EQUALITY octetStringMatch'],
  [/121\.1\.7'/, 'EQUALITY booleanMatch'],
  [/121\.1\.24/, time],
  [/121\.1\.38/, 'EQUALITY objectIdentifierMatch'],
];

/**
 * Debian's msuser.schema has 929 attributes without a single matching rule, so that no filter on them ever matches;
 * each gets the rules that fit its syntax. What only Active Directory itself fills in is no
 * longer required, and the attributes of its auxiliary security class are allowed.
 */
function withMatchingRules(schema: string): string {
  let isAttribute = false;
  const lines = schema.split('\n').map((one) => {
    if (one.startsWith('attributetype')) isAttribute = true;
    if (!isAttribute || !one.includes('SYNTAX')) return one;
    isAttribute = false;
    const rule = rules.find(([syntax]) => syntax.test(one))?.[1];
    return rule === undefined ? one : one.replace('SYNTAX', `${rule} SYNTAX`);
  });
  return lines
    .join('\n')
    .replace(
      /MUST \(objectClass \$ instanceType\s+\$ nTSecurityDescriptor \$ objectCategory \) MAY \(/,
      'MUST (objectClass ) MAY (instanceType $ nTSecurityDescriptor $ objectCategory $ objectSid $ sAMAccountName $ department $ company $ division $ employeeID $ ipPhone $ mobile $ manager $ physicalDeliveryOfficeName $ ',
    );
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
