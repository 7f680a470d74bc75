// A real Active Directory (Samba AD DC) for tests, on a loopback address of its own; several can run side by side.
// The provisioned directory is cached between runs, so that a suite starts in about half a second.
import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createAuthority } from './certificates.ts';
import type { Directory } from './directory.ts';
import { LdapDirectory } from './ldap-directory.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./samba.sh', import.meta.url));
const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

export type SambaOptions = {
  /** Kept after `stop`; a temporary folder, which is removed, unless given. */
  readonly directory?: string;
  /** Any address in 127/8 with ports 389 and 636 free. */
  readonly address?: string;
  /** A folder written by `save`, to start from instead of an empty domain. */
  readonly snapshot?: string;
  readonly dirSync?: 'granted' | 'not-granted';
  readonly recycleBin?: 'enabled' | 'disabled';
};

export interface SambaLab extends Directory {
  readonly urls: { readonly ldaps: string; readonly ldap: string };
  readonly url: string;
  readonly address: string;
  readonly caFile: string;
  readonly hostName: string;
  readonly admin: { readonly user: string; readonly password: string };
  /** An ordinary account, without the right to see deleted objects. */
  readonly reader: { readonly user: string; readonly password: string };
  /** For LDAP tools: LDAPTLS_CACERT and the like. */
  readonly env: Readonly<Record<string, string>>;
  readonly pid: () => number;
  /** Bulk load by the script, with the server stopped meanwhile. */
  readonly populate: (users: number) => Promise<void>;
  readonly restart: () => Promise<void>;
  /** Copies the directory into a folder (the server is stopped meanwhile). */
  readonly save: (folder: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const adminPassword = 'Adm1n.Passw0rd!';
const readerPassword = 'User.Passw0rd.1!';
const domain = 'corp.example.test';
const hostName = `dc1.${domain}`;

export async function startSamba(options: SambaOptions = {}): Promise<SambaLab> {
  const snapshot = options.snapshot ?? (await provisioned());
  const folder = options.directory ?? mkdtempSync(join(tmpdir(), 'lab-samba-'));
  const address = options.address ?? (await freeAddress());
  const tls = join(folder, 'certificate');
  mkdirSync(tls, { recursive: true });
  const authority = createAuthority('Samba lab CA');
  const certificate = authority.issue({ names: [hostName, domain, 'localhost', '127.0.0.1', address] });
  for (const [name, content] of [
    ['ca.pem', authority.cert],
    ['cert.pem', certificate.cert],
    ['key.pem', certificate.key],
  ] as const) {
    writeFileSync(join(tls, name), content, { mode: 0o600 });
  }
  const settings = {
    SAMBA_LAB_DIR: folder,
    SAMBA_LAB_IP: address,
    SAMBA_LAB_TLS: tls,
    SAMBA_LAB_OWNER: String(process.pid),
    ...(options.directory === undefined ? { SAMBA_LAB_TEMPORARY: 'yes' } : {}),
    SAMBA_LAB_ADMIN_PASSWORD: adminPassword,
    SAMBA_LAB_USER_PASSWORD: readerPassword,
  };
  const samba = async (...command: string[]): Promise<void> => {
    await run(script, command, { env: { ...process.env, ...settings, PATH: searchPath } });
  };
  const pidFile = join(folder, 'dc/run/samba.pid');
  const pid = (): number => Number(readFileSync(pidFile, 'utf8'));
  if (!existsSync(join(folder, 'dc/.provisioned'))) await samba('load', snapshot);
  if (options.dirSync === 'granted') await samba('grant-dirsync');
  if (options.recycleBin === 'enabled') await samba('recyclebin');
  await samba('up').catch((reason: unknown) => {
    if (options.directory === undefined) rmSync(folder, { recursive: true, force: true });
    throw reason;
  });

  const caFile = join(folder, 'dc/tls/ca.pem');
  const url = `ldaps://${address}:636`;
  const admin = { user: `Administrator@${domain}`, password: adminPassword };
  const directory = new LdapDirectory({
    url,
    caFile,
    hostName,
    baseDn: `DC=${domain.replaceAll('.', ',DC=')}`,
    ...admin,
  });
  const pausedFor = async (work: () => Promise<void>): Promise<void> => {
    await directory.close();
    await samba('down');
    await work();
    await samba('up');
  };
  const lab = {
    urls: { ldaps: url, ldap: `ldap://${address}:389` },
    url,
    address,
    caFile,
    hostName,
    admin,
    reader: { user: `svc-reader@${domain}`, password: readerPassword },
    env: { LDAPTLS_CACERT: caFile, SAMBA_LAB_DIR: folder, SAMBA_LAB_IP: address },
    pid,
    populate: (users: number) => pausedFor(() => samba('populate', String(users))),
    restart: () => pausedFor(async () => undefined),
    save: (to: string) => pausedFor(() => samba('save', to)),
    stop: async () => {
      await directory.close();
      await samba('down');
      if (options.directory === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
  return Object.assign(directory, lab);
}

/** The provisioned, empty domain of this Samba version, made once for this machine. */
async function provisioned(): Promise<string> {
  const version = execFileSync('samba', ['--version'], { env: { ...process.env, PATH: searchPath } });
  const key = createHash('sha256').update(version).update(readFileSync(script)).digest('hex').slice(0, 12);
  const cache = join(tmpdir(), `rosterd-lab-samba-${key}`);
  const ready = join(cache, 'dc');
  const lock = `${cache}.lock`;
  while (!existsSync(ready)) {
    if (!takeLock(lock)) {
      await sleep(100);
      continue;
    }
    try {
      if (existsSync(ready)) break;
      const folder = mkdtempSync(join(tmpdir(), 'lab-samba-provision-'));
      await run(script, ['provision'], {
        env: {
          ...process.env,
          PATH: searchPath,
          SAMBA_LAB_DIR: folder,
          SAMBA_LAB_ADMIN_PASSWORD: adminPassword,
          SAMBA_LAB_USER_PASSWORD: readerPassword,
        },
      });
      rmSync(cache, { recursive: true, force: true });
      // Only a finished domain gets the name that others look for.
      renameSync(folder, cache);
    } finally {
      rmSync(lock, { force: true });
    }
  }
  return ready;
}

/** True if this process now holds the lock; one whose owner died is taken over. */
function takeLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    try {
      process.kill(Number(readFileSync(file, 'utf8')), 0);
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code === 'ESRCH') rmSync(file, { force: true });
    }
    return false;
  }
}

async function freeAddress(): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const address = `127.${randomInt(64, 128)}.${randomInt(256)}.${randomInt(1, 255)}`;
    if ((await isFree(address, 389)) && (await isFree(address, 636))) return address;
  }
  throw new Error('no loopback address with ports 389 and 636 free; is this process root?');
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
