// From an agent's XML to an account with its team and the teams it supervises, or to a rejected record that says what is wrong with it.
// Invariant: the password element is never read; what the answer does not say is unread, never cleared.

import type { RejectedRecord } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { attributeOf, child, childrenOf, type XmlElement } from '../xml-document.ts';
import { idOf, type Reference, referenceOf, valueIn } from './reference.ts';
import type { Place } from './scope.ts';

export interface Agent extends Place {
  readonly account: SourceAccount;
  readonly agentId: string | undefined;
  readonly team: Reference | undefined;
  readonly supervises: readonly Reference[];
  /** The short form, which leaves out supervised teams, skill groups and attributes (cisco-apis.md 2.8). */
  readonly isSummary: boolean;
  readonly changeStamp: number;
}

export type AgentDecoding =
  | { readonly kind: 'agent'; readonly agent: Agent }
  | { readonly kind: 'rejected'; readonly rejected: RejectedRecord };

const personAttributes = ['username', 'firstname', 'lastname', 'emailaddress', 'loginenabled', 'ssoenabled'] as const;
/** What the short form leaves out. */
const fullAttributes = ['skillgroups', 'defaultskillgroup', 'agentattributes', 'agentdesksettings'] as const;

/** Every attribute that this source can have. */
export const agentAttributes: ReadonlySet<string> = new Set([
  ...personAttributes,
  ...fullAttributes,
  'agentid',
  'supervisor',
  'agentteam',
  'agentteamid',
  'department',
  'description',
  'peripheral',
  'peripheralid',
]);

type Flag = 'true' | 'false' | undefined | 'unreadable';

/** Documented as true and false; Cisco's own client has numbers for some (cisco-apis.md 2.3). */
function flagOf(element: XmlElement | undefined, name: string): Flag {
  const text = valueIn(element, name)?.toLowerCase();
  if (text === undefined) return undefined;
  if (text === 'true' || text === '1') return 'true';
  return text === 'false' || text === '0' ? 'false' : 'unreadable';
}

/** `unknown`: attributes that are wanted and that no UCCE has. */
export function decodeAgent(element: XmlElement, unknown: readonly string[]): AgentDecoding {
  const id = idOf(element, 'agent');
  const agentId = valueIn(element, 'agentId');
  const person = child(element, 'person');
  const userName = userNameOf(element, person);
  const reject = (because: string): AgentDecoding => {
    const label = userName ?? agentId ?? id ?? 'an agent without a name';
    return { kind: 'rejected', rejected: { kind: 'account', ...(id === undefined ? {} : { id }), label, because } };
  };
  if (id === undefined) return reject('its refURL has no id of an agent');
  const name = userName ?? agentId;
  if (name === undefined) return reject('it has neither an agentId nor a user name; correct it in the administration');
  const loginEnabled = flagOf(person, 'loginEnabled');
  if (loginEnabled === 'unreadable') {
    return reject(`loginEnabled is ${valueIn(person, 'loginEnabled')}, so nobody knows whether it may log in`);
  }
  const team = referenceOf(child(element, 'agentTeam'), 'agentteam');
  if (team === 'unreadable') return reject('the refURL of its agentTeam has no id of a team');
  const supervises = supervisedTeams(element);
  if (supervises === undefined) return reject('the refURL of a supervisorTeam has no id of a team');
  const isSummary = /summary$/iu.test(attributeOf(element, 'type') ?? '');
  const place = placeOf(element);
  const reading = new Reading(unknown);
  readPerson(reading, person, userName, loginEnabled);
  readAgent(reading, element, agentId, team === 'none' ? undefined : team, place);
  readLists(reading, element, isSummary);
  const status = loginEnabled === undefined ? 'unknown' : loginEnabled === 'true' ? 'enabled' : 'disabled';
  const account = { id, name, status, attributes: reading.attributes, unread: reading.unread } as const;
  const changeStamp = Number(valueIn(element, 'changeStamp') ?? 0);
  return {
    kind: 'agent',
    agent: { ...place, account, agentId, team: team === 'none' ? undefined : team, supervises, isSummary, changeStamp },
  };
}

/** Collects attributes; a value that is there but not understood is unread. */
class Reading {
  readonly attributes: Record<string, readonly string[]> = {};
  readonly unread: string[];

  constructor(unknown: readonly string[]) {
    this.unread = [...unknown];
  }

  set(name: string, value: string | undefined): void {
    this.attributes[name] = value === undefined ? [] : [value];
  }

  flag(name: string, value: Flag): void {
    if (value === 'unreadable') this.unread.push(name);
    else this.set(name, value);
  }
}

function readPerson(
  reading: Reading,
  person: XmlElement | undefined,
  userName: string | undefined,
  loginEnabled: Exclude<Flag, 'unreadable'>,
): void {
  if (person === undefined) {
    // Every agent has a person: one that is not shown has not been cleared.
    reading.unread.push(...personAttributes.filter((name) => name !== 'username' || userName === undefined));
    if (userName !== undefined) reading.set('username', userName);
    return;
  }
  reading.set('username', userName);
  reading.set('firstname', valueIn(person, 'firstName'));
  reading.set('lastname', valueIn(person, 'lastName'));
  reading.set('emailaddress', valueIn(person, 'emailAddress'));
  reading.set('loginenabled', loginEnabled);
  reading.flag('ssoenabled', flagOf(person, 'ssoEnabled'));
}

function readAgent(
  reading: Reading,
  element: XmlElement,
  agentId: string | undefined,
  team: Reference | undefined,
  place: Place,
): void {
  reading.set('agentid', agentId);
  reading.flag('supervisor', flagOf(element, 'supervisor'));
  reading.set('agentteamid', team?.id);
  if (team !== undefined && team.name === undefined) reading.unread.push('agentteam');
  else reading.set('agentteam', team?.name);
  reading.set('department', place.department);
  reading.set('description', valueIn(element, 'description'));
  reading.set('peripheral', place.peripheral);
  reading.set('peripheralid', place.peripheralId);
}

function readLists(reading: Reading, element: XmlElement, isSummary: boolean): void {
  if (isSummary) {
    reading.unread.push(...fullAttributes);
    return;
  }
  const { attributes } = reading;
  attributes['skillgroups'] = listOf(element, 'skillGroups', 'skillGroup').flatMap(
    (group) => valueIn(group, 'name') ?? [],
  );
  attributes['agentattributes'] = listOf(element, 'agentAttributes', 'agentAttribute').flatMap((given) => {
    const name = valueIn(child(given, 'attribute'), 'name');
    return name === undefined ? [] : `${name}=${valueIn(given, 'attributeValue') ?? ''}`;
  });
  reading.set('defaultskillgroup', valueIn(child(element, 'defaultSkillGroup'), 'name'));
  reading.set('agentdesksettings', valueIn(child(element, 'agentDeskSettings'), 'name'));
}

const listOf = (element: XmlElement, wrapper: string, item: string): readonly XmlElement[] =>
  childrenOf(child(element, wrapper), item);

export function placeOf(element: XmlElement): Place {
  const peripheral = child(element, 'peripheral');
  return {
    department: valueIn(child(element, 'department'), 'name'),
    peripheral: valueIn(peripheral, 'name'),
    peripheralId: valueIn(peripheral, 'id') ?? valueIn(element, 'peripheralId'),
  };
}

/** Undefined where one of them cannot be read. A supervisor may have none, and an agent that is called none may have some. */
function supervisedTeams(element: XmlElement): Reference[] | undefined {
  const teams = new Map<ExternalId, Reference>();
  for (const given of listOf(element, 'supervisorTeams', 'supervisorTeam')) {
    const team = referenceOf(given, 'agentteam');
    if (team === 'unreadable') return undefined;
    if (team !== 'none' && !teams.has(team.id)) teams.set(team.id, team);
  }
  return [...teams.values()];
}

/** `user@domain`: as it stands, or up to 10.x a supervisor's user name and domain apart (cisco-apis.md 2.3). */
function userNameOf(element: XmlElement, person: XmlElement | undefined): string | undefined {
  const own = valueIn(person, 'userName');
  if (own?.includes('@') === true) return own;
  const supervisor = child(element, 'supervisorUserInfo') ?? child(person, 'supervisorUserInfo');
  const name = valueIn(supervisor, 'userName') ?? own;
  const domain = valueIn(supervisor, 'domainName');
  return name === undefined || domain === undefined || name.includes('@') ? name : `${name}@${domain}`;
}
