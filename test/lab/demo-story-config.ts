// The configuration of the demo, as somebody would fill in what `rosterd init` wrote.

import type { DemoReady } from './demo-protocol.ts';

export interface Scope {
  /** Narrows who is taken from the directory. */
  readonly filter?: string;
  /** For the daemon; without it the directory is only read on demand. */
  readonly cron?: string;
}

// A JSON string is a YAML string too, whatever it holds.
const quoted = (text: string): string => JSON.stringify(text);

export const configText = (facts: DemoReady, { filter, cron }: Scope): string => `version: 1

store:
  sqlite: rosterd.db

audit:
  keyFile: audit.key

log:
  level: info

serve:
  # 127.0.0.1:9464 unless given; here any free port.
  listen: 127.0.0.1:0

sources:
  - name: ad-hq
    type: active-directory
    connection:
      servers: [${quoted(facts.url)}]
      tls: { caFile: ad-ca.pem }
      bind:
        user: ${quoted(facts.reader.user)}
        password: { file: secrets/ad-hq-password }
    users:
      base: ${quoted(facts.peopleDn)}
${filter === undefined ? '' : `      filter: ${filter}\n`}    groups:
      base: ${quoted(facts.groupsDn)}

    createUsers: true
    teams:
      include: ["CC *"]
      stripPrefix: "CC "

${cron === undefined ? '' : `    schedule:\n      full: ${quoted(cron)}\n\n`}    # 24 hours unless given; without waiting here, so that the demo need not take a day.
    absence: { outOfScopeGrace: 0s }
`;
