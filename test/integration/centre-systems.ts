// The systems of a contact centre and how the configuration names them, so that a test can say what happens where.
// Invariant: all of them have the clock of the test.

import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CiscoStaff } from '../lab/cisco-staff.ts';
import { plantStaff } from '../lab/cisco-staff-directory.ts';
import { addUnit, type Directory } from '../lab/directory.ts';
import type { HttpSimulator } from '../lab/http-simulator.ts';
import { type LdapServer, startLdapServer } from '../lab/ldap-server.ts';
import { MemoryDirectory } from '../lab/memory-directory.ts';
import type { UcceAgent, UcceData, UccePerson } from '../lab/ucce-data.ts';
import { startUcceSimulator, type UcceSimulator } from '../lab/ucce-simulator.ts';
import type { UcceLogin } from '../lab/ucce-state.ts';
import { defaultTeamId, type UccxData } from '../lab/uccx-data.ts';
import { startUccxSimulator, type UccxSimulator, uccxLogin } from '../lab/uccx-simulator.ts';
import { Staff } from './sync-staff.ts';

export type CentreSource = 'ad-hq' | 'uccx-main' | 'uccx-two' | 'ucce-main';

export interface SystemsOptions {
  /** The same invented people in all three; else there is nobody anywhere. */
  readonly everybody?: CiscoStaff;
  /** Without anybody unless given. */
  readonly uccx?: UccxData;
  readonly ucce?: UcceData;
  /** Passwords of supervisors who may ask the first UCCX; the first one is the login of its source. */
  readonly uccxSupervisors?: Readonly<Record<string, string>>;
  readonly ucceLogins?: readonly UcceLogin[];
}

export interface CentreSystems {
  readonly directory: LdapServer;
  readonly staff: Staff;
  readonly uccx: UccxSimulator;
  readonly uccxTwo: UccxSimulator;
  readonly ucce: UcceSimulator;
  /** In AD: login, first and last name. */
  hire(login: string, firstName: string, lastName: string): Promise<void>;
  /** On UCCE; answers the row's number. */
  addAgent(agentId: string, person: UccePerson, agent?: Partial<Omit<UcceAgent, 'agentId' | 'person'>>): number;
}

export const emptyUccx: UccxData = {
  resources: [],
  teams: [{ id: defaultTeamId, name: 'Default', secondarySupervisors: [], csqIds: [] }],
  skills: [],
  resourceGroups: [],
  csqs: [],
};
export const peripheralId = 5000;
export const emptyUcce: UcceData = {
  agents: [],
  teams: [],
  skillGroups: [],
  attributes: [],
  departments: [],
  peripherals: [
    { id: peripheralId, name: 'CUCM_PG_1' },
    { id: 5001, name: 'CUCM_PG_2' },
  ],
};
/** Of the directory's principal names, and of the logins on UCCE. */
export const domain = 'corp.example.test';

/** Long enough for a busy machine, short enough to wait for. */
const httpTimeouts = '{ connectMs: 5000, requestMs: 3000, idleMs: 1500 }';
const maxBodyBytes = 8 * 1_048_576;

export async function startSystems(folder: string, now: () => number, options: SystemsOptions) {
  const directory = await startLdapServer({ directory: new MemoryDirectory({ clock: () => new Date(now()) }) });
  const { people, groups } = await plantDirectory(directory.directory, options.everybody);
  const staff = new Staff(directory.directory, people, groups);
  const supervisors = options.uccxSupervisors ?? {};
  const uccx = await startUccxSimulator({ data: options.uccx ?? options.everybody?.uccx ?? emptyUccx, supervisors });
  const uccxTwo = await startUccxSimulator({ data: emptyUccx });
  const ucce = await startUcceSimulator({
    data: options.ucce ?? options.everybody?.ucce ?? emptyUcce,
    ...(options.ucceLogins === undefined ? {} : { logins: options.ucceLogins }),
  });
  const web = { 'uccx-main': uccx, 'uccx-two': uccxTwo, 'ucce-main': ucce } as const;
  await copyFile(directory.caFile, join(folder, 'ad-hq.pem'));
  await writeFile(join(folder, 'ad-hq.password'), directory.reader.password, { mode: 0o600 });
  const [supervisor, password] = Object.entries(supervisors)[0] ?? [uccxLogin.user, uccxLogin.password];
  const logins: Readonly<Record<keyof typeof web, { readonly user: string; readonly password: string }>> = {
    'uccx-main': { user: supervisor, password },
    'uccx-two': uccxTwo.login,
    'ucce-main': ucce.login,
  };
  for (const name of Object.keys(web) as (keyof typeof web)[]) {
    await copyFile(web[name].caFile, join(folder, `${name}.pem`));
    await writeFile(join(folder, `${name}.password`), logins[name].password, { mode: 0o600 });
  }
  const systems: CentreSystems = {
    directory,
    staff,
    uccx,
    uccxTwo,
    ucce,
    hire: (login, givenName, sn) =>
      staff.hire(login, { givenName, sn, userPrincipalName: `${login}@${domain}`, displayName: `${givenName} ${sn}` }),
    addAgent: (agentId, person, agent = {}) => ucce.state.addAgent({ agentId, peripheralId, person, ...agent }).id,
  };
  return {
    ...systems,
    block: (name: CentreSource, text: string): string =>
      name === 'ad-hq'
        ? directoryBlock(directory, people, groups, text)
        : webBlock(name, web[name], logins[name].user, text),
    /** Every web server answers with the time of the test from now on. */
    setClocks: watchClocks(Object.values(web), now),
    async stop() {
      await directory.stop();
      for (const server of Object.values(web)) await server.stop();
    },
  };
}

async function plantDirectory(directory: Directory, everybody: CiscoStaff | undefined) {
  if (everybody !== undefined) {
    const { peopleDn, groupsDn } = await plantStaff(directory, everybody);
    return { people: peopleDn, groups: groupsDn };
  }
  const people = await addUnit(directory, directory.baseDn, 'People');
  return { people, groups: await addUnit(directory, directory.baseDn, 'Groups') };
}

function watchClocks(servers: readonly HttpSimulator[], now: () => number): () => void {
  let before: (() => void)[] = [];
  return () => {
    for (const takeAway of before) takeAway();
    before = servers.map(({ faults }) => faults.add({ kind: 'date', offsetMs: now() - Date.now() }));
  };
}

const directoryBlock = (server: LdapServer, people: string, groups: string, text: string): string => `  - name: ad-hq
    type: active-directory
    connection:
      servers: ["${server.url}"]
      tls: { caFile: ad-hq.pem }
      bind: { user: "${server.reader.user}", password: { file: ad-hq.password } }
    users: { base: "${people}" }
    groups: { base: "${groups}" }
${text}`;

const webBlock = (name: CentreSource, server: HttpSimulator, user: string, text: string): string => `  - name: ${name}
    type: ${name === 'ucce-main' ? 'ucce' : 'uccx'}
    connection:
      servers: ["${server.url}"]
      tls: { caFile: ${name}.pem }
      login: { user: "${user}", password: { file: ${name}.password } }
      timeouts: ${httpTimeouts}
      maxBodyBytes: ${maxBodyBytes}
${name.startsWith('uccx') ? `    cluster: ${name}\n` : ''}${text}`;
