// The first files of an installation: a commented configuration to start from, and the key of the audit chain.
// Invariant: a file that exists is never overwritten, and a new audit key is never put beside an old configuration,
// because it would make every entry of the existing log unverifiable.

import { randomBytes } from 'node:crypto';
import { access, constants, copyFile, link, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface InitOptions {
  /** Path of the SQLite file; relative ones start from the folder of the configuration. */
  readonly storePath?: string;
  readonly sourceName?: string;
  /** `ldaps://dc1.corp.example` */
  readonly servers?: readonly string[];
  /** Certificate of the CA that signed the servers' certificates, when the system does not know it. */
  readonly caFile?: string;
  readonly bindUser?: string;
  readonly usersBase?: string;
  readonly groupsBase?: string;
}

// A JSON string is a YAML string too, whatever it holds.
const quoted = (text: string): string => JSON.stringify(text);

const roleMappingHint = `
    # Members of these groups get these roles.
    # roleMapping:
    #   - group: CC Supervisors
    #     roles: [DEFAULT_SUPERVISOR]
`;

/** A list item at the end of the file, so that taking the number signs away is all that is needed. */
const ciscoHint = (directory: string): string => `
  # Cisco UCCX (type: uccx) and UCCE or PCCE (type: ucce). docs/connectors.md says which rights the login needs.
  # - name: uccx-main
  #   type: uccx
  #   connection:
  #     servers: [https://uccx1.corp.example, https://uccx2.corp.example]
  #     tls: { caFile: uccx-ca.pem }
  #     login: { user: svc-rosterd, password: { file: secrets/uccx-main-password } }
  #   cluster: uccx1.corp.example
  #   schedule: { full: "*/30 * * * *", timeZone: UTC }
  #   # So that its agents find their users in the directory instead of becoming new ones.
  #   correlateAfter: [${quoted(directory)}]
  #   roleMapping:
  #     - attribute: supervisor
  #       equals: "true"
  #       roles: [DEFAULT_SUPERVISOR]
`;

/** The text of a configuration for one Active Directory; what `options` leave out stands there as an example to replace. */
export function initConfig(options: InitOptions = {}): string {
  const name = options.sourceName ?? 'ad-hq';
  const servers = options.servers ?? ['ldaps://dc1.corp.example', 'ldaps://dc2.corp.example'];
  const ca =
    options.caFile === undefined
      ? '      # tls:\n      #   caFile: ad-ca.pem'
      : `      tls:\n        caFile: ${quoted(options.caFile)}`;
  return `# rosterd: what is read from where. All keys with their meaning: config/rosterd.example.yaml.
# Check this file with \`rosterd config check\`, then the connection with \`rosterd source check ${name}\`.
# File names are relative to the folder of this file.
version: 1

store:
  sqlite: ${quoted(options.storePath ?? '/var/lib/rosterd/rosterd.db')}

audit:
  # Written by \`rosterd init\`. Keep a copy apart from the database: without it the audit log cannot be verified.
  keyFile: audit.key

# Who is told when something needs a person, by mail or webhook; nobody unless this is filled in.
# notify:
#   - name: it-mail
#     type: smtp
#     host: mail.corp.example
#     from: rosterd@corp.example
#     to: [it-night@corp.example]

sources:
  - name: ${quoted(name)}
    type: active-directory
    connection:
      # Tried in this order. The name must be one that the server's certificate carries.
      servers:
${servers.map((server) => `        - ${quoted(server)}`).join('\n')}
      # Needed unless this machine already trusts the CA that signed the certificates.
${ca}
      bind:
        # A plain domain user that may read is enough.
        user: ${quoted(options.bindUser ?? 'svc-rosterd@corp.example')}
        # Where the password is, not the password: a file that only the user who runs rosterd may read.
        password: { file: ${quoted(`secrets/${name}-password`)} }
    users:
      base: ${quoted(options.usersBase ?? 'OU=People,DC=corp,DC=example')}
      # Only these users, nested groups included:
      # memberOf: ["CN=Contact Centre,OU=Groups,DC=corp,DC=example"]
    groups:
      base: ${quoted(options.groupsBase ?? 'OU=Contact Centre Groups,DC=corp,DC=example')}

    # When \`rosterd serve\` reads this source: minute, hour, day of month, month, day of week.
    schedule:
      full: "*/30 * * * *"
      timeZone: UTC

    # Create a user for an account that matches none. The first run of a source never touches an existing user unasked.
    createUsers: true

    # Groups become teams: all under groups.base unless narrowed here.
    teams:
      include: ["*"]
${roleMappingHint}${ciscoHint(name)}`;
}

export interface InitialFile {
  readonly path: string;
  /** `kept`: it was there. `left-out`: not made, because the installation is not new. */
  readonly outcome: 'written' | 'kept' | 'left-out';
}

const exists = async (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  );

const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Puts a finished file in its place unless there is one: another process or a power cut never sees half a file. */
async function place(temporary: string, path: string): Promise<InitialFile['outcome']> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return 'kept';
    // No hard links here (FAT, some mounts of containers).
    try {
      await copyFile(temporary, path, constants.COPYFILE_EXCL);
    } catch (copyError) {
      if (errorCode(copyError) === 'EEXIST') return 'kept';
      throw copyError;
    }
  }
  return 'written';
}

async function writeNew(path: string, text: string, mode: number): Promise<InitialFile> {
  if (await exists(path)) return { path, outcome: 'kept' };
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    try {
      await file.writeFile(text);
      // Not left to the umask: the mode is a promise.
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    return { path, outcome: await place(temporary, path) };
  } finally {
    await unlink(temporary);
  }
}

/**
 * Writes `rosterd.yaml` (0640) and `audit.key` (0600: 32 random bytes in hex) into `directory`, which is made when missing.
 * The key comes first, so that a configuration never stands there without it. Fails with the system's error (EACCES, ENOSPC).
 */
export async function writeInitialFiles(directory: string, options: InitOptions = {}): Promise<readonly InitialFile[]> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const config = join(directory, 'rosterd.yaml');
  const key = join(directory, 'audit.key');
  const isOld = (await exists(config)) && !(await exists(key));
  const keyFile: InitialFile = isOld
    ? { path: key, outcome: 'left-out' }
    : await writeNew(key, `${randomBytes(32).toString('hex')}\n`, 0o600);
  return [keyFile, await writeNew(config, initConfig(options), 0o640)];
}
