// The configuration of the demo, as somebody would fill in what `rosterd init` wrote.

import type { DemoReady } from './demo-protocol.ts';
import type { SimulatorReady } from './http-simulator-protocol.ts';

export interface Scope {
  /** Narrows who is taken from the directory. */
  readonly filter?: string;
  /** For the daemon; without it the sources are only read on demand. */
  readonly cron?: string;
}

export interface Addresses {
  readonly directory: DemoReady;
  readonly uccx: SimulatorReady;
  readonly ucce: SimulatorReady;
}

// A JSON string is a YAML string too, whatever it holds.
const quoted = (text: string): string => JSON.stringify(text);

export function configText({ directory, uccx, ucce }: Addresses, { filter, cron }: Scope): string {
  const schedule = cron === undefined ? '' : `    schedule: { full: ${quoted(cron)} }\n`;
  return `version: 1

store:
  sqlite: rosterd.db

audit:
  keyFile: audit.key

log:
  level: info

serve:
  # 127.0.0.1:9464 unless given; here any free port.
  listen: 127.0.0.1:0

# Where several have a value, the first source in this list wins.
sources:
  - name: ad-hq
    type: active-directory
    connection:
      servers: [${quoted(directory.url)}]
      tls: { caFile: ad-ca.pem }
      bind:
        user: ${quoted(directory.reader.user)}
        password: { file: secrets/ad-hq-password }
    users:
      base: ${quoted(directory.peopleDn)}
${filter === undefined ? '' : `      filter: ${filter}\n`}    groups:
      base: ${quoted(directory.groupsDn)}
    # Who works here is the directory's word; extensions and most teams come from the contact-centre systems.
    attributes: { extension: null }
    teams:
      include: ["CC Project *", "CC Temporary Staff"]
      stripPrefix: "CC "
    # 24 hours unless given; without waiting here, so that the demo need not take a day.
    absence: { outOfScopeGrace: 0s }
${schedule}
  - name: ucce-main
    type: ucce
    connection:
      servers: [${quoted(ucce.url)}]
      tls: { caFile: ucce-ca.pem }
      login: { user: ${quoted(ucce.login.user)}, password: { file: secrets/ucce-main-password } }
    correlateAfter: [ad-hq]
    roleMapping:
      - attribute: supervisor
        equals: "true"
        roles: [DEFAULT_SUPERVISOR]
${schedule}
  - name: uccx-main
    type: uccx
    connection:
      servers: [${quoted(uccx.url)}]
      tls: { caFile: uccx-ca.pem }
      login: { user: ${quoted(uccx.login.user)}, password: { file: secrets/uccx-main-password } }
    correlateAfter: [ad-hq]
    roleMapping:
      - attribute: supervisor
        equals: "true"
        roles: [DEFAULT_SUPERVISOR]
${schedule}`;
}
