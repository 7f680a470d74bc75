// From an agent team's XML to what rosterd takes of it.

import type { RejectedRecord } from '../../src/connector.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { child, childrenOf, type XmlElement } from '../xml-document.ts';
import { placeOf } from './agent.ts';
import { idOf, valueIn } from './reference.ts';
import type { Place } from './scope.ts';

export interface Team extends Place {
  readonly id: ExternalId;
  readonly name: string;
  readonly description: string | undefined;
  /** Agents by id; a supervisor whose refURL has no id is left to the agents' own lists. */
  readonly supervisors: readonly ExternalId[];
  /** What the team says of itself, which counts agents that the login may not see too. */
  readonly agentCount: number | undefined;
  readonly supervisorCount: number | undefined;
}

export type TeamDecoding =
  | { readonly kind: 'team'; readonly team: Team }
  | { readonly kind: 'rejected'; readonly rejected: RejectedRecord };

export function decodeTeam(element: XmlElement): TeamDecoding {
  const id = idOf(element, 'agentteam');
  const name = valueIn(element, 'name');
  if (id === undefined || name === undefined) {
    const because = id === undefined ? 'its refURL has no id of a team' : 'it has no name; give it one';
    const label = name ?? id ?? 'a team without a name';
    return { kind: 'rejected', rejected: { kind: 'group', ...(id === undefined ? {} : { id }), label, because } };
  }
  const primary = child(element, 'primarySupervisor');
  const supervisors = [
    ...childrenOf(child(element, 'supervisors'), 'supervisor'),
    ...(primary === undefined ? [] : [primary]),
  ];
  const team: Team = {
    ...placeOf(element),
    id,
    name,
    description: valueIn(element, 'description'),
    supervisors: [...new Set(supervisors.flatMap((supervisor) => idOf(supervisor, 'agent') ?? []))],
    agentCount: countOf(element, 'agentCount'),
    supervisorCount: countOf(element, 'supervisorCount'),
  };
  return { kind: 'team', team };
}

function countOf(element: XmlElement, name: string): number | undefined {
  const text = valueIn(element, name) ?? '';
  return /^\d{1,9}$/u.test(text) ? Number(text) : undefined;
}
