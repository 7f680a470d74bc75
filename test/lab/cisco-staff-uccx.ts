// The people of the lab as a UCCX holds them: 16 teams with Default, skills, resource groups, queues.
// Supervisors are those who are more than agents; each but one supervises at least one team.

import { mixedCase, spell, spellingOn } from './cisco-spelling.ts';
import { type Person, teamNames } from './people.ts';
import { defaultTeamId, type UccxCompetence, type UccxData, type UccxResource, type UccxTeam } from './uccx-data.ts';

const specialTeams = teamNames.slice(0, 15);
const skills = [
  'Billing',
  'Claims',
  'Sales',
  'Retention',
  'Fraud',
  'VIP',
  'Chat & E-mail',
  'Français',
  'Deutsch',
  'Polski',
].map((name, index) => ({ id: 31 + index, name: `SK_${name}` }));
const resourceGroups = ['Front Office', 'Back Office', 'Überlauf', 'R&D <pilot>'].map((name, index) => ({
  id: 4 + index,
  name,
}));

export interface UccxStaff {
  readonly data: UccxData;
  readonly people: readonly { readonly userID: string; readonly person: Person }[];
  readonly supervisorWithoutTeams: string;
}
export interface UccxOddities {
  /** By the person's place. */
  readonly userIDs: ReadonlyMap<number, string>;
  readonly extensions: ReadonlyMap<number, string>;
}

export function uccxStaff(staff: readonly Person[], oddities: UccxOddities): UccxStaff {
  const people = staff.map((person) => ({ person, userID: oddities.userIDs.get(person.index) ?? usualUserID(person) }));
  const resources = people.map(({ person, userID }) => {
    const extension = oddities.extensions.get(person.index) ?? person.extension;
    return resourceOf(person, userID, extension);
  });
  const supervisors = resources.filter(({ type }) => type === 2).map(({ userID }) => userID);
  const supervisorWithoutTeams = supervisors.at(-1) ?? '';
  const csqs = [
    ...skills.slice(0, 6).map(({ id, name }, index) => ({
      id: 12 + index,
      name: name.replace('SK_', 'CSQ_'),
      pool: { kind: 'skills', skills: [{ skillId: id, level: 5 }] } as const,
    })),
    ...resourceGroups.slice(0, 2).map(({ id, name }, index) => ({
      id: 30 + index,
      name: `CSQ_${name}`,
      pool: { kind: 'group', resourceGroupId: id } as const,
    })),
  ];
  return {
    data: { resources, teams: teamsWith(supervisors.slice(0, -1)), skills, resourceGroups, csqs },
    people,
    supervisorWithoutTeams,
  };
}

function usualUserID({ login, index }: Person): string {
  if (index % 7 === 3) return login.toUpperCase();
  return index % 4 === 1 ? mixedCase(login) : login;
}

function resourceOf(person: Person, userID: string, extension: string): UccxResource {
  const { index } = person;
  const team = (specialTeams as readonly string[]).indexOf(person.team);
  const group = resourceGroups[index % 12];
  return {
    userID,
    ...spell(person, spellingOn('uccx', person)),
    extension,
    // Missing altogether now and then.
    ...(index % 6 === 5 ? {} : { alias: index % 10 === 4 ? `Desk ${index}` : '' }),
    ...(group === undefined ? {} : { resourceGroupId: group.id }),
    skills: competences(index),
    autoAvailable: index % 3 !== 2,
    type: person.rank === 'agent' ? 1 : 2,
    teamId: team < 0 ? defaultTeamId : team + 2,
  };
}

/** None, one, or up to four skills. */
function competences(index: number): UccxCompetence[] {
  const count = index % 9 === 8 ? 0 : 1 + (index % 4);
  return skills
    .filter((_skill, at) => (at + index) % skills.length < count)
    .map(({ id }, at) => ({ skillId: id, level: 1 + ((index + 3 * at) % 10) }));
}

/** Default has nobody above it. All supervisors are spread over the others, so that some have one team and some have several. */
function teamsWith(supervisors: readonly string[]): UccxTeam[] {
  const special = specialTeams.map((name, index): UccxTeam => {
    const own = (shift: number): string[] => supervisors.slice((index + shift) % supervisors.length).slice(0, 1);
    const rest = supervisors.filter((_userID, at) => at % specialTeams.length === index);
    const [primarySupervisor] = own(0);
    const secondary = [...new Set([...rest, ...own(1)])].filter((userID) => userID !== primarySupervisor);
    return {
      id: index + 2,
      name,
      ...(primarySupervisor === undefined ? {} : { primarySupervisor }),
      secondarySupervisors: index % 5 === 4 ? rest.filter((userID) => userID !== primarySupervisor) : secondary,
      csqIds: [12 + (index % 6)],
    };
  });
  return [{ id: defaultTeamId, name: 'Default', secondarySupervisors: [], csqIds: [] }, ...special];
}
