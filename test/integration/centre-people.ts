// Hand-made people of a contact centre for tests that one can read: who they are, and how each system writes them.

import type { Centre } from './centre-fixture.ts';
import { domain, peripheralId } from './centre-systems.ts';

/** UCCX and UCCE give every supervisor a role. */
export const supervisorRoles = `    roleMapping:
      - { attribute: supervisor, equals: "true", roles: [DEFAULT_SUPERVISOR] }
`;

export interface Zoe {
  readonly billing: number;
  readonly claims: number;
  /** The number of her row on UCCE. */
  readonly row: number;
}

/** Zoë Müller leads Billing on UCCX and Claims on UCCE, is a member of both, and works in the office of the directory. */
export async function zoeEverywhere(centre: Centre): Promise<Zoe> {
  await centre.hire('zmueller', 'Zoë', 'Müller');
  await centre.staff.group('Office', ['zmueller']);
  const billing = centre.uccx.state.addTeam({ name: 'Billing' }).id;
  centre.uccx.state.addResource({
    userID: 'ZMueller',
    firstName: 'Zoe',
    lastName: 'Mueller',
    extension: '4711',
    type: 2,
    teamId: billing,
  });
  centre.uccx.state.changeTeam(billing, { primarySupervisor: 'ZMueller' });
  const claims = centre.ucce.state.addTeam({ name: 'Claims', peripheralId }).id;
  const row = centre.addAgent(
    '0042',
    { firstName: 'Zoë', lastName: 'Müller', userName: `zmueller@${domain}`, loginEnabled: true, ssoEnabled: true },
    { supervisor: true, teamId: claims, supervisorTeamIds: [claims] },
  );
  return { billing, claims, row };
}

/** Somebody who does nothing but work on UCCX. */
export function addResource(
  centre: Centre,
  userID: string,
  [firstName, lastName]: readonly [string, string],
  more: { readonly extension?: string; readonly teamId?: number; readonly type?: 1 | 2 } = {},
  cluster: 'uccx' | 'uccxTwo' = 'uccx',
): void {
  const extension = more.extension ?? String(5_000 + centre[cluster].state.resources.size);
  centre[cluster].state.addResource({ userID, firstName, lastName, ...more, extension });
}

/** Somebody who does nothing but work on UCCE; answers the number of the row. */
export function addAgent(
  centre: Centre,
  login: string,
  [firstName, lastName]: readonly [string, string],
  more: { readonly agentId?: string; readonly teamId?: number; readonly loginEnabled?: boolean } = {},
): number {
  const { agentId = String(8_000 + centre.ucce.state.agents.size), loginEnabled = true, teamId } = more;
  const person = { firstName, lastName, userName: `${login}@${domain}`, loginEnabled, ssoEnabled: true };
  return centre.addAgent(agentId, person, teamId === undefined ? {} : { teamId });
}
