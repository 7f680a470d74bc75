// A small invented UCCE, made by hand for tests: 60 agents on two peripherals, four teams and what the documentation says can
// occur, each oddity on an agent of its own; and one agent more who is marked for deletion. Nothing depends on a seed.
import type { UcceAgent, UcceData, UccePerson } from './ucce-data.ts';
import { patched } from './ucce-state.ts';

const firstNames = ['Mira', 'Jonas', 'Ana', 'Tunde', 'Zoë', 'Łukasz', 'Sinéad', 'Omar', 'Bo', 'Ida'];
const lastNames = ['Horvat', 'Weil', 'Lindqvist', 'Okafor', 'Müller', 'Ní Bhriain', 'Gone'];
const teamsOfFirst = [5003, 5004, 5005];

/** Forty on the first peripheral, in turn in its three teams; the others on the second, with the same numbers. */
function usualAgent(index: number): UcceAgent {
  const isOnFirst = index < 40;
  return {
    id: 5017 + index,
    changeStamp: 1 + (index % 7),
    agentId: isOnFirst ? String(8006 + index) : `00${8006 + index - 40}`,
    peripheralId: isOnFirst ? 5000 : 5001,
    person: {
      firstName: firstNames[index % 10] ?? '',
      lastName: lastNames[Math.floor(index / 10)] ?? '',
      userName: `agent${String(index).padStart(2, '0')}@corp.example.test`,
      loginEnabled: index % 20 !== 19,
      ssoEnabled: index % 2 === 1,
    },
    supervisor: false,
    teamId: isOnFirst ? (teamsOfFirst[index % 3] ?? 5003) : 5006,
    supervisorTeamIds: [],
    departmentId: isOnFirst ? 5002 : 5003,
    attributes: index % 5 === 0 ? [{ id: 5100, value: String(1 + (index % 10)) }] : [],
    skillGroupIds: [isOnFirst ? 5001 : 5002],
    deskSettings: { id: 5434, name: 'Default_Agent_Desk_Settings' },
  };
}

type Oddity = { readonly [Key in keyof Omit<UcceAgent, 'id' | 'person'>]?: UcceAgent[Key] | undefined } & {
  readonly person?: { readonly [Key in keyof UccePerson]?: UccePerson[Key] | undefined };
};

/** Ids of the agents with something special about them. */
export const smallUcceIds = {
  lead: 5017,
  supervisorOfNothing: 5018,
  /** Supervises a team and is not marked as a supervisor. */
  supervisorWithoutMark: 5019,
  withMarkup: 5020,
  withoutDepartment: 5021,
  withoutTeam: 5022,
  withoutPerson: 5023,
  /** Has the number of the lead, on the other peripheral. */
  sameNumber: 5058,
  leadOfSecond: 5057,
  deleted: 5077,
} as const;

const noPerson = Object.fromEntries(
  ['firstName', 'lastName', 'userName', 'loginEnabled', 'ssoEnabled'].map((key) => [key, undefined]),
);
const oddities: Readonly<Record<number, Oddity>> = {
  [smallUcceIds.lead]: {
    changeStamp: 2877,
    supervisor: true,
    supervisorTeamIds: [5003, 5004],
    description: 'team lead',
    attributes: [
      { id: 5100, value: '7', description: 'self-assessed' },
      { id: 5101, value: 'true' },
    ],
    defaultSkillGroupId: 5001,
    person: { userName: 'mhorvat@corp.example.test', emailAddress: 'mira.horvat@corp.example.test' },
  },
  [smallUcceIds.supervisorOfNothing]: { supervisor: true },
  [smallUcceIds.supervisorWithoutMark]: { supervisorTeamIds: [5005] },
  [smallUcceIds.withMarkup]: { description: '<b>night & "day"</b> 100%_' },
  [smallUcceIds.withoutDepartment]: { departmentId: undefined },
  [smallUcceIds.withoutTeam]: { teamId: undefined },
  [smallUcceIds.withoutPerson]: { person: noPerson },
  [smallUcceIds.sameNumber]: { agentId: '8006' },
  [smallUcceIds.leadOfSecond]: {
    supervisor: true,
    supervisorTeamIds: [5006],
    person: { userName: 'Ilead@Corp.example.test' },
  },
  [smallUcceIds.deleted]: { deleted: true, teamId: undefined },
};

function agent(_: unknown, index: number): UcceAgent {
  const usual = usualAgent(index);
  const { person, ...rest } = oddities[usual.id] ?? {};
  return patched(usual, { ...rest, person: patched(usual.person, person ?? {}) });
}

export function smallUcce(): UcceData {
  return {
    agents: Array.from({ length: 61 }, agent),
    teams: [
      { id: 5003, changeStamp: 1, name: 'Billing', peripheralId: 5000, departmentId: 5002, primarySupervisorId: 5017 },
      { id: 5004, changeStamp: 3, name: 'Night_Shift', description: '22 to 6', peripheralId: 5000, departmentId: 5002 },
      { id: 5005, changeStamp: 1, name: 'Claims & Returns', peripheralId: 5000 },
      { id: 5006, changeStamp: 1, name: 'Antwerpen', peripheralId: 5001, departmentId: 5003 },
    ],
    skillGroups: [
      { id: 5001, changeStamp: 2, name: 'Billing_L1', peripheralId: 5000, peripheralNumber: 201, departmentId: 5002 },
      { id: 5002, changeStamp: 1, name: 'Antwerpen_L1', peripheralId: 5001, peripheralNumber: 202 },
      { id: 5007, changeStamp: 1, name: 'Old_L1', peripheralId: 5000, peripheralNumber: 203, deleted: true },
    ],
    attributes: [
      { id: 5100, changeStamp: 1, name: 'French', description: 'language', kind: 'proficiency' },
      { id: 5101, changeStamp: 1, name: 'VIP', kind: 'boolean' },
    ],
    departments: [
      { id: 5002, changeStamp: 1, name: 'Finance' },
      { id: 5003, changeStamp: 1, name: 'Support', description: 'second site' },
    ],
    peripherals: [
      { id: 5000, name: 'CUCM_PG_1' },
      { id: 5001, name: 'CUCM_PG_2' },
    ],
  };
}
