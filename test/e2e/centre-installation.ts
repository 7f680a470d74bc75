// An installation of rosterd with up to three sources, written by hand: a real Active Directory, a UCCX, a UCCE.
// Invariant: what `configure` writes is the whole configuration; nothing of the one before stays.

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ciscoStaff } from '../lab/cisco-staff.ts';
import { plantStaff } from '../lab/cisco-staff-directory.ts';
import type { ContactCentre } from '../lab/contact-centre.ts';
import { type SimulatorProcess, startSimulatorProcess } from '../lab/http-simulator-process.ts';
import type { SimulatorReady } from '../lab/http-simulator-protocol.ts';
import { type SambaLab, startSamba } from '../lab/samba.ts';
import { InstallationFolder, quoted } from './installation-folder.ts';

export const sources = ['ad-hq', 'ucce-main', 'uccx-main'] as const;
export type CentreSource = (typeof sources)[number];

/** What of the directory a configuration names. */
export interface DirectoryReady {
  readonly url: string;
  readonly caFile: string;
  readonly reader: { readonly user: string; readonly password: string };
  readonly peopleDn: string;
  readonly groupsDn: string;
}

export interface Addresses {
  readonly directory: DirectoryReady;
  readonly uccx?: SimulatorReady;
  readonly ucce?: SimulatorReady;
}

export interface CentreConfig {
  /** In the order of the file; all three unless given. */
  readonly sources?: readonly CentreSource[];
  /** Of every source; without it they are read on demand only. */
  readonly cron?: string;
  /** YAML at the top of the file. */
  readonly head?: string;
  /** YAML of a source beyond what is usual, indented by four. */
  readonly yaml?: Readonly<Partial<Record<CentreSource, string>>>;
}

export class CentreInstallation extends InstallationFolder {
  readonly #addresses: Addresses;

  constructor(addresses: Addresses) {
    super();
    this.#addresses = addresses;
  }

  configure(config: CentreConfig = {}): void {
    const { sources: named = sources, cron, head = 'log: { level: error }\n', yaml = {} } = config;
    const schedule = cron === undefined ? '' : `    schedule: { full: ${quoted(cron)} }\n`;
    const blocks = named.map((name) => `${this.#block(name)}${schedule}${yaml[name] ?? ''}`);
    writeFileSync(
      this.configFile,
      `version: 1
store: { sqlite: rosterd.db }
audit: { keyFile: audit.key }
mainTeam: { ineligible: [Default] }
${head}sources:
${blocks.join('')}`,
    );
  }

  #block(name: CentreSource): string {
    const { directory, uccx, ucce } = this.#addresses;
    switch (name) {
      case 'ad-hq':
        return directoryBlock(directory, this.#trust(name, directory.caFile, directory.reader.password));
      case 'uccx-main':
        return webBlock(name, 'uccx', uccx, this.#trust(name, uccx?.caFile, uccx?.login.password));
      case 'ucce-main':
        return webBlock(name, 'ucce', ucce, this.#trust(name, ucce?.caFile, ucce?.login.password));
      default:
        return name satisfies never;
    }
  }

  /** The files that the block of a source names. */
  #trust(name: CentreSource, caFile: string | undefined, password: string | undefined): string {
    if (caFile === undefined || password === undefined) throw new Error(`${name} was not started`);
    copyFileSync(caFile, join(this.folder, `${name}.pem`));
    this.secret(`${name}.password`, `${password}\n`);
    return name;
  }
}

const directoryBlock = (directory: DirectoryReady, name: string): string => `  - name: ${name}
    type: active-directory
    connection:
      servers: [${quoted(directory.url)}]
      tls: { caFile: ${name}.pem }
      bind: { user: ${quoted(directory.reader.user)}, password: { file: ${name}.password } }
    users: { base: ${quoted(directory.peopleDn)} }
    groups: { base: ${quoted(directory.groupsDn)} }
    teams: { include: ["CC *"], stripPrefix: "CC " }
`;

const webBlock = (name: string, type: 'uccx' | 'ucce', server: SimulatorReady | undefined, files: string): string => {
  if (server === undefined) throw new Error(`${name} was not started`);
  return `  - name: ${name}
    type: ${type}
    connection:
      servers: [${quoted(server.url)}]
      tls: { caFile: ${files}.pem }
      login: { user: ${quoted(server.login.user)}, password: { file: ${files}.password } }
      timeouts: { connectMs: 5000, requestMs: 3000, idleMs: 1500 }
    correlateAfter: [ad-hq]
    roleMapping:
      - { attribute: supervisor, equals: "true", roles: [DEFAULT_SUPERVISOR] }
`;
};

export interface CentreLab extends Addresses {
  readonly samba: SambaLab;
  readonly planted: ContactCentre;
  readonly staff: ReturnType<typeof ciscoStaff>;
  readonly uccx: SimulatorProcess<'uccx'>;
  readonly ucce: SimulatorProcess<'ucce'>;
  stop(): Promise<void>;
}

/** The same invented people in a real Active Directory and in two simulators, each in a process of its own. */
export async function startCentreLab(size: {
  readonly uccxAgents: number;
  readonly ucceAgents: number;
}): Promise<CentreLab> {
  const staff = ciscoStaff(size);
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const samba = await startSamba();
    stops.push(() => samba.stop());
    const uccx = await startSimulatorProcess({ kind: 'uccx', options: { staff: size } });
    stops.push(() => uccx.stop());
    const ucce = await startSimulatorProcess({ kind: 'ucce', options: { staff: size } });
    stops.push(() => ucce.stop());
    const planted = await plantStaff(samba, staff);
    const { url, caFile, reader } = samba;
    const { peopleDn, groupsDn } = planted;
    return { samba, planted, staff, uccx, ucce, directory: { url, caFile, reader, peopleDn, groupsDn }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
