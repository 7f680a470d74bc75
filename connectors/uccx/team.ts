// From a team of UCCX to a group and its supervisors, or to a rejected record that says what is wrong with it.

import type { RejectedRecord } from '../../src/connector.ts';
import type { SourceGroup } from '../../src/model/group.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { childrenOf, type XmlElement } from '../xml-document.ts';
import { fieldOf, idOf, type Reference, type ReferenceIndex } from './reference.ts';

export type TeamDecoding =
  | { readonly kind: 'team'; readonly group: SourceGroup; readonly supervisors: readonly (Reference | 'unreadable')[] }
  | { readonly kind: 'rejected'; readonly rejected: RejectedRecord };

export function teamId(item: XmlElement): ExternalId | undefined {
  const id = fieldOf(item, 'teamId');
  return id === undefined || idOf(id) === '' ? undefined : idOf(id);
}

/** `unknown`: attributes that the configuration asks for; UCCX has none for teams. */
export function readTeam(item: XmlElement, people: ReferenceIndex, unknown: readonly string[]): TeamDecoding {
  const id = teamId(item);
  // `teamname` in answers, `teamName` in a table of the documentation: case does not matter here.
  const name = fieldOf(item, 'teamname');
  if (id !== undefined && name !== undefined) {
    return { kind: 'team', group: groupOf(id, name, unknown), supervisors: supervisorsOf(item, people) };
  }
  const fault = id === undefined ? 'it has no teamId' : 'it has no name';
  const rejected: RejectedRecord = {
    kind: 'group',
    ...(id === undefined ? {} : { id }),
    label: name ?? fieldOf(item, 'self') ?? id ?? 'a team without a name',
    because: `${fault}; look at this team in the administration of UCCX`,
  };
  return { kind: 'rejected', rejected };
}

export const groupOf = (id: ExternalId, name: string, unknown: readonly string[]): SourceGroup => ({
  id,
  name,
  attributes: {},
  unread: unknown,
});

/** `secondrySupervisor` is how UCCX writes it. */
function supervisorsOf(item: XmlElement, people: ReferenceIndex): (Reference | 'unreadable')[] {
  const secondary = childrenOf(item, 'secondarySupervisors').flatMap((list) => [
    ...childrenOf(list, 'secondrySupervisor'),
    ...childrenOf(list, 'secondarySupervisor'),
  ]);
  return [...childrenOf(item, 'primarySupervisor'), ...secondary]
    .map((element) => people.resolve(element))
    .filter((reference) => reference !== 'none');
}
