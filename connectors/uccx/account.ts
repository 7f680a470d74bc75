// From a resource of UCCX to an account, or to a rejected record that says what is wrong with it.

import type { RejectedRecord } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { childrenOf, type XmlElement } from '../xml-document.ts';
import { fieldOf, idOf, type Reference, type ReferenceIndex } from './reference.ts';

/** Every attribute that an account of UCCX has. */
export const attributeNames = [
  'userid',
  'firstname',
  'lastname',
  'extension',
  'alias',
  'type',
  'supervisor',
  'team',
  'teamid',
  'resourcegroup',
  'autoavailable',
  'skills',
  'skilllevels',
] as const;
type AttributeName = (typeof attributeNames)[number];

/** A resource with what it says about teams; `undefined` where nobody can tell. */
export interface ResourceReading {
  readonly id: ExternalId | undefined;
  readonly account: SourceAccount | undefined;
  readonly rejected: RejectedRecord | undefined;
  readonly team: Reference | 'none' | 'unreadable';
  readonly supervises: readonly (Reference | 'unreadable')[];
}

const singleFields = ['userID', 'firstName', 'lastName', 'extension', 'alias', 'type', 'team', 'autoAvailable'];

/** The id of a resource; undefined where it has none. */
export function resourceId(item: XmlElement): ExternalId | undefined {
  const userId = fieldOf(item, 'userID');
  return userId === undefined || idOf(userId) === '' ? undefined : idOf(userId);
}

/** `unknown`: attributes that the mapping asks for and UCCX does not have. */
export function readResource(item: XmlElement, teams: ReferenceIndex, unknown: readonly string[]): ResourceReading {
  const id = resourceId(item);
  const team = teams.resolve(childrenOf(item, 'team')[0]);
  const reading = { id, team, supervises: supervisedBy(item, teams) };
  const fault = id === undefined ? 'it has no userID' : faultOf(item, team);
  if (id === undefined || fault !== undefined) {
    const label = fieldOf(item, 'userID') ?? fieldOf(item, 'self') ?? nameIn(item) ?? 'a resource without a name';
    const because = `${fault}; look at this resource in the administration of UCCX`;
    const rejected: RejectedRecord = { kind: 'account', ...(id === undefined ? {} : { id }), label, because };
    return { ...reading, account: undefined, rejected };
  }
  return { ...reading, account: accountOf(id, item, team, unknown), rejected: undefined };
}

function supervisedBy(item: XmlElement, teams: ReferenceIndex): (Reference | 'unreadable')[] {
  return ['primarySupervisorOf', 'secondarySupervisorOf']
    .flatMap((container) => childrenOf(item, container))
    .flatMap((container) => childrenOf(container, 'supervisorOfTeamName'))
    .map((element) => teams.resolve(element))
    .filter((reference) => reference !== 'none');
}

function nameIn(item: XmlElement): string | undefined {
  const name = [fieldOf(item, 'firstName'), fieldOf(item, 'lastName')].filter((part) => part !== undefined).join(' ');
  return name === '' ? undefined : name;
}

function faultOf(item: XmlElement, team: ResourceReading['team']): string | undefined {
  const twice = singleFields.find((name) => childrenOf(item, name).length > 1);
  if (twice !== undefined) return `it has ${twice} more than once`;
  const nested = singleFields.find(
    (name) => name !== 'team' && childrenOf(item, name).some(({ children }) => children.length > 0),
  );
  if (nested !== undefined) return `its ${nested} is no text`;
  const type = fieldOf(item, 'type');
  if (type !== undefined && type !== '1' && type !== '2')
    return `its type is ${type.slice(0, 50)}, neither 1 (agent) nor 2 (supervisor)`;
  return team === 'unreadable' ? 'its team cannot be told' : undefined;
}

type Values = readonly string[];

function accountOf(
  id: ExternalId,
  item: XmlElement,
  team: Reference | 'none' | 'unreadable',
  unknown: readonly string[],
): SourceAccount {
  const one = (name: string): Values => listOf(fieldOf(item, name));
  const type = fieldOf(item, 'type');
  const skills = skillsOf(item);
  const read: Readonly<Record<AttributeName, Values | undefined>> = {
    userid: one('userID'),
    firstname: one('firstName'),
    lastname: one('lastName'),
    extension: one('extension'),
    alias: one('alias'),
    // Type and team are documented as always there: missing, they are not "no supervisor" and "in no team".
    type: type === undefined ? undefined : [type],
    supervisor: type === undefined ? undefined : [String(type === '2')],
    team: typeof team === 'string' ? undefined : listOf(team.name),
    teamid: typeof team === 'string' ? undefined : [team.id],
    resourcegroup: listOf(nameOfReference(childrenOf(item, 'resourceGroup')[0])),
    autoavailable: one('autoAvailable').map((value) => value.toLowerCase()),
    skills: skills?.map(({ name }) => name),
    skilllevels: skills?.filter(({ level }) => level !== undefined).map(({ name, level }) => `${name}=${level}`),
  };
  const attributes: Record<string, Values> = {};
  for (const name of attributeNames) if (read[name] !== undefined) attributes[name] = read[name];
  const unread = [...unknown, ...attributeNames.filter((name) => read[name] === undefined)];
  return { id, name: fieldOf(item, 'userID') ?? id, status: 'unknown', attributes, unread };
}

const listOf = (text: string | undefined): Values => (text === undefined || text === '' ? [] : [text]);

const nameOfReference = (element: XmlElement | undefined): string | undefined =>
  element?.attributes['name']?.normalize('NFC') ?? fieldOf(element, 'name');

interface Skill {
  readonly name: string;
  readonly level: string | undefined;
}

/** Undefined when one of them has no name. */
function skillsOf(item: XmlElement): Skill[] | undefined {
  const skills: Skill[] = [];
  for (const competency of childrenOf(item, 'skillMap').flatMap((map) => childrenOf(map, 'skillCompetency'))) {
    const name = nameOfReference(childrenOf(competency, 'skillNameUriPair')[0]);
    if (name === undefined || name === '') return undefined;
    skills.push({ name, level: fieldOf(competency, 'competencelevel') });
  }
  return skills;
}
