// Agents in teams and teams with supervisors, as XML, and what a read made of them.
import type { Collected } from '../contract/connector-contract.ts';
import { agentXml, pageXml, teamReference } from './ucce-source.ts';

export const inTeam = (id: number): string => `<agentTeam>${teamReference(id)}</agentTeam>`;
export const supervises = (...ids: readonly number[]): string =>
  `<supervisorTeams>${ids.map((id) => `<supervisorTeam>${teamReference(id)}</supervisorTeam>`).join('')}</supervisorTeams>`;

/** 1 and 2 in team 71, 2 supervises it; 3 in 72 and supervises 71 and 72; 4 nowhere. */
export const staff = [
  agentXml(1, inTeam(71)),
  agentXml(2, inTeam(71) + supervises(71)),
  agentXml(3, inTeam(72) + supervises(71, 72)),
  agentXml(4),
];

export interface TeamXml {
  readonly supervisors?: readonly number[];
  readonly more?: string;
}

export const teamXml = (id: number, { supervisors = [], more = '' }: TeamXml = {}): string =>
  `<agentTeam>${teamReference(id, `Team ${id}`)}${more}<supervisors>${supervisors.map((agent) => `<supervisor><refURL>/unifiedconfig/config/agent/${agent}</refURL></supervisor>`).join('')}</supervisors></agentTeam>`;

export const teamsPage = (...teams: readonly string[]): string =>
  pageXml('agentTeams', teams, { total: teams.length, start: 0 });

export const edgesOf = ({ pages }: Collected, relation: string): Record<string, string[]> => {
  const edges = pages.flatMap((page) => page.edges).filter((chunk) => chunk.relation === relation);
  return Object.fromEntries(edges.map((chunk) => [chunk.group, chunk.members.map(({ value }) => value).sort()]));
};
export const closuresOf = ({ pages }: Collected) => pages.flatMap(({ closures }) => closures);
