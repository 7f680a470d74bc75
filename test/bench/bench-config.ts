// The installation that is measured: a configuration for the generated directory, an audit key, a fresh database.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRosterd } from '../../src/compose.ts';
import { writeInitialFiles } from '../../src/config/init.ts';
import type { ServerAccess } from './protocol.ts';

export interface Installation {
  readonly config: string;
  readonly sqliteFile: string;
  /** Writes the configuration again; what is asked for here makes every user dirty. */
  configure(policy: Policy): void;
}

export interface Policy {
  /** Another maximum is another policy that decides the same: everyone is decided again, nothing changes. */
  readonly phoneMaxDigits: number;
  /** The same text on every user: everyone changes when it does. */
  readonly site?: string;
  /** As a daemon: when it reads, and how long it keeps its runs. */
  readonly serve?: { readonly cron: string; readonly keepRuns: string };
}

/** Undefined `databaseUrl`: SQLite in the folder. */
export async function installAt(folder: string, server: ServerAccess, databaseUrl?: string): Promise<Installation> {
  mkdirSync(join(folder, 'secrets'), { recursive: true });
  writeFileSync(join(folder, 'secrets', 'reader'), server.password, { mode: 0o600 });
  if (databaseUrl !== undefined) writeFileSync(join(folder, 'secrets', 'database'), databaseUrl, { mode: 0o600 });
  await writeInitialFiles(folder, { storePath: 'rosterd.db' });
  const config = join(folder, 'rosterd.yaml');
  chmodSync(config, 0o600);
  const configure = (policy: Policy): void =>
    writeFileSync(config, configText(server, databaseUrl !== undefined, policy));
  configure({ phoneMaxDigits: 15 });
  await migrate(config);
  return { config, sqliteFile: join(folder, 'rosterd.db'), configure };
}

async function migrate(config: string): Promise<void> {
  const database = await createRosterd('bench').openDatabase({ config });
  try {
    await database.migrate();
  } finally {
    await database.close();
  }
}

const serveText = ({ keepRuns }: NonNullable<Policy['serve']>): string =>
  `retention: { runs: ${keepRuns}, auditPayloads: ${keepRuns} }\nserve: { listen: "127.0.0.1:0" }`;

// Every limit of the guard is as a real installation has it, but for the one on a field that changes on everybody.
const configText = (server: ServerAccess, hasDatabase: boolean, policy: Policy): string => `version: 1
store: ${hasDatabase ? '{ postgresql: { file: secrets/database } }' : '{ sqlite: rosterd.db }'}
audit: { keyFile: audit.key }
${policy.serve === undefined ? 'log: { level: error }' : serveText(policy.serve)}
validation: { phoneMaxDigits: ${policy.phoneMaxDigits} }
sources:
  - name: ad-hq
    type: active-directory
    connection:
      servers: ["${server.url}"]
      tls: { caFile: "${server.caFile}" }
      bind: { user: "${server.user}", password: { file: secrets/reader } }
    users: { base: "${server.peopleDn}" }
    groups: { base: "${server.groupsDn}" }
${policy.serve === undefined ? '' : `    schedule: { full: "${policy.serve.cron}" }\n`}    mapping:
      username: sAMAccountName
      email: mail
      firstName: givenName
      lastName: sn
      displayName: displayName
      phone: telephoneNumber
      mobile: null
      department: department
      title: title
      site: ${policy.site === undefined ? 'null' : `{ constant: ${policy.site} }`}
      company: null
      employeeId: null
      description: null
    attributes: { extension: null, Principal: userPrincipalName }
    guard:
      fieldChanged: { ratio: 100 %, count: 1000000 }
`;
