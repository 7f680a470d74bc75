// The three sources of a history and how they differ: a directory that decides who has access, a contact centre that has a vote in
// it, and one that has no say and gives its ids away again.

import { connectorTypes } from '../../../connectors/registry.ts';
import { compilePolicy } from '../../../src/config/compile.ts';
import { parseConfig } from '../../../src/config/load.ts';
import type { Connector } from '../../../src/connector.ts';
import { asSourceName, type SourceName } from '../../../src/model/ids.ts';
import type { Policy, SourcePolicy } from '../../../src/model/policy.ts';
import { leadsName } from './directory.ts';

export const hq = asSourceName('hq');
export const cce = asSourceName('cce');
export const ccx = asSourceName('ccx');
/** In order of precedence. */
export const officeSources: readonly SourceName[] = [hq, cce, ccx];

export const hasStatus = (source: SourceName): boolean => source !== ccx;
export const hasSupervisors = (source: SourceName): boolean => source !== hq;
export const idStabilityOf = (source: SourceName): Connector['idStability'] =>
  source === ccx ? 'reusable' : 'immutable';

/** Small limits, so that a small office meets them. `accessLoss` is what truth 7 counts by, for each source. */
export const accessLossLimit = 2;

const sourceText = (name: SourceName, own: string): string => `
  - name: ${name}
    type: active-directory
    connection:
      servers: ["ldaps://${name}.office.test"]
      bind: { user: reader, password: { env: NOT_READ } }
    users: { base: "DC=office,DC=test" }
    groups: { base: "DC=office,DC=test" }${own}
    guard:
      accessLoss: { ratio: 10 %, count: ${accessLossLimit} }
      membershipRemovals: { ratio: 20 %, count: 3 }
      rolesAdded: { ratio: 20 %, count: 3 }
      roleRemovals: { ratio: 20 %, count: 3 }
      renames: { ratio: 20 %, count: 3 }
      teamMembers: { ratio: 50 %, count: 3 }`;

const roleMapping = `
    roleMapping:
      - { group: ${leadsName}, by: name, roles: [DEFAULT_AGENT] }`;

const configText = `version: 1
store: { sqlite: rosterd.db }
audit: { keyFile: audit.key }
sources:${sourceText(hq, roleMapping)}${sourceText(cce, '')}${sourceText(ccx, '')}
`;

const config = parseConfig(configText, { file: '/rosterd.yaml', connectorTypes, checkCron: () => undefined });
const compiled = compilePolicy(config);

/** Configured like directories, because all of them are the same double; as contact centres they decide and match otherwise. */
const kinds: Readonly<Record<string, Partial<SourcePolicy>>> = {
  [cce]: { type: 'ucce', lifecycle: 'vote', correlation: ['username', 'email'] },
  [ccx]: { type: 'uccx', lifecycle: 'none', idStability: 'reusable', correlation: ['username'] },
};

export const officePolicy: Policy = {
  ...compiled,
  sources: compiled.sources.map((source) => ({
    ...source,
    ...kinds[source.name],
    ...(source.name === cce && { teams: { ...source.teams, match: 'name' } }),
  })),
};
