// The people of the lab as a UCCE holds them: two peripherals, teams of at most 45, supervisors of one to ten teams.
// Agent numbers are unique on their peripheral; one number is on both.
import { spell, spellingOn } from './cisco-spelling.ts';
import { type Person, teamNames } from './people.ts';
import type { UcceAgent, UcceData, UccePerson, UcceTeam } from './ucce-data.ts';

const peripherals = [
  { id: 5000, name: 'CUCM_PG_1' },
  { id: 5001, name: 'CUCM_PG_2' },
] as const;
const departmentNames = [
  'Customer Care',
  'Claims Handling',
  'Sales',
  'Technical Service',
  'Quality',
  'Workforce Planning',
] as const;
const departments = departmentNames.map((name, index) => ({ id: 5002 + index, changeStamp: 1, name }));
const attributes = [
  { id: 5100, changeStamp: 1, name: 'French', description: 'language', kind: 'proficiency' },
  { id: 5101, changeStamp: 1, name: 'VIP', kind: 'boolean' },
  { id: 5102, changeStamp: 2, name: 'Süd & West', description: 'region', kind: 'proficiency' },
] as const;
const skillNames = ['Billing_L1', 'Billing_L2', 'Claims', 'Sales', 'Fraud', 'Überlauf'] as const;
const skillGroups = peripherals.flatMap(({ id: peripheralId }, side) =>
  skillNames.map((name, index) => ({
    id: 5001 + side * 100 + index,
    changeStamp: 1,
    name: side === 0 ? name : `${name}_2`,
    peripheralId,
    peripheralNumber: 100 + index,
  })),
);
const teamSize = 45;
/** Over ten supervisors in turn: most have one team, some have two, one has ten. */
const supervisedCounts = [1, 1, 2, 1, 1, 10, 1, 1, 2, 1] as const;

export interface UcceStaff {
  readonly data: UcceData;
  readonly people: readonly { readonly id: number; readonly userName: string; readonly person: Person }[];
  readonly sameAgentId: { readonly agentId: string; readonly agentIds: readonly [number, number] };
  readonly supervisorWithoutTeams: UcceAgent;
}

type Side = { readonly peripheralId: number; readonly staff: readonly Person[]; readonly teams: readonly UcceTeam[] };

export function ucceStaff(staff: readonly Person[], domain: string): UcceStaff {
  const onFirst = Math.ceil(staff.length * 0.6);
  const halves = [staff.slice(0, onFirst), staff.slice(onFirst)];
  let teamId = 5003;
  const sides = peripherals.map(({ id: peripheralId }, side): Side => {
    const half = halves[side] ?? [];
    const count = Math.ceil(half.length / teamSize);
    const teams = Array.from({ length: count }, (_none, at) => teamOf(teamId++, at, side, peripheralId));
    return { peripheralId, staff: half, teams };
  });
  let id = 5017;
  const rows = sides.flatMap((side) => agentsOf(side, domain, () => id++));
  const first = rows[1];
  const last = rows.at(-1);
  const idle = rows.find(({ agent }) => agent.supervisor && agent.supervisorTeamIds.length === 0);
  if (first === undefined || last === undefined || idle === undefined) throw new Error('too few people for a UCCE');
  const { agentId } = first.agent;
  return {
    data: {
      agents: rows.map(({ agent }) => (agent === last.agent ? { ...agent, agentId } : agent)),
      teams: sides.flatMap(({ teams }) => teams),
      skillGroups,
      attributes,
      departments,
      peripherals,
    },
    people: rows.map(({ agent, person }) => ({ id: agent.id, userName: agent.person.userName ?? '', person })),
    sameAgentId: { agentId, agentIds: [first.agent.id, last.agent.id] },
    supervisorWithoutTeams: idle.agent,
  };
}

/** The first teams have the bare names, which a UCCX has too; later ones are numbered. */
function teamOf(id: number, at: number, side: number, peripheralId: number): UcceTeam {
  const name = teamNames[(at + 3 * side) % teamNames.length] ?? '';
  const round = 1 + Math.floor(at / teamNames.length);
  const numbered = round === 1 && side === 0 ? name : `${name} ${round}${side === 0 ? '' : ' B'}`;
  return { id, changeStamp: 1, name: numbered, description: `Lab team ${numbered}`, peripheralId };
}

function agentsOf(
  { peripheralId, staff, teams }: Side,
  domain: string,
  nextId: () => number,
): { readonly agent: UcceAgent; readonly person: Person }[] {
  let cursor = 0;
  let supervisors = 0;
  // The first supervisor of the first peripheral stays without a team.
  const superviseNext = (): number[] => {
    const at = supervisors++;
    if (at === 0 && peripheralId === peripherals[0].id) return [];
    const count = Math.min(supervisedCounts[at % supervisedCounts.length] ?? 1, teams.length);
    return Array.from({ length: count }, () => teams[cursor++ % teams.length]?.id ?? 0);
  };
  return staff.map((person, at) => {
    const { index } = person;
    const isSupervisor = person.rank !== 'agent';
    const team = index % 97 === 5 ? undefined : teams[at % teams.length];
    const department = index % 50 === 9 ? undefined : departments.find(({ name }) => name === person.department);
    const groups = skillGroups.filter((group) => group.peripheralId === peripheralId);
    const [group, second] = [groups[index % groups.length], groups[(index + 1) % groups.length]];
    const agent: UcceAgent = {
      id: nextId(),
      changeStamp: 1 + (index % 9),
      // A name with leading zeros for some.
      agentId: index % 8 === 2 ? `00${800_000 + index}` : String(800_000 + index),
      peripheralId,
      person: personOf(person, domain),
      supervisor: isSupervisor,
      ...(team === undefined ? {} : { teamId: team.id }),
      supervisorTeamIds: isSupervisor ? superviseNext() : [],
      ...(department === undefined ? {} : { departmentId: department.id }),
      ...(isSupervisor ? { description: person.title } : {}),
      attributes: attributeValues(index),
      skillGroupIds: [group, index % 3 === 0 ? second : undefined].flatMap((each) => (each ? [each.id] : [])),
      ...(index % 3 === 0 && group ? { defaultSkillGroupId: group.id } : {}),
      deskSettings: { id: 5434, name: 'Default_Agent_Desk_Settings' },
    };
    return { agent, person };
  });
}

/** Supervisors without single sign-on must have a domain, and some write it in capitals; agents mostly have none. */
function personOf(person: Person, domain: string): UccePerson {
  const { index, login, mail } = person;
  const { firstName, lastName } = spell(person, spellingOn('ucce', person));
  const ssoEnabled = index % 4 === 0;
  const hasDomain = person.rank === 'agent' ? index % 9 === 1 : !ssoEnabled || index % 3 === 0;
  const stem = index % 5 === 2 ? login.slice(0, 1).toUpperCase() + login.slice(1) : login;
  return {
    ...(firstName === '' ? {} : { firstName }),
    lastName,
    userName: hasDomain ? `${stem}@${index % 7 === 4 ? domain.toUpperCase() : domain}` : stem,
    loginEnabled: index % 40 !== 39,
    ssoEnabled,
    ...(index % 2 === 0 ? { emailAddress: mail } : {}),
  };
}

function attributeValues(index: number): UcceAgent['attributes'] {
  return attributes.flatMap(({ id, kind }, at) => {
    if ((index + at) % 6 !== 0) return [];
    return [{ id, value: kind === 'boolean' ? String(index % 4 === 1) : String(1 + (index % 10)) }];
  });
}
