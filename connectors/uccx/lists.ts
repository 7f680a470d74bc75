// Both lists of UCCX, taken one right after the other, and decoded against each other.
// Invariant: two requests and no more; a list that did not come is an error that is kept, never an empty list.

import { RosterdError } from '../../src/model/errors.ts';
import type { EpochMs } from '../../src/model/ids.ts';
import type { WantedAttributes } from '../connector-type.ts';
import type { HttpSession } from '../http-source.ts';
import { attributeNames, type ResourceReading, readResource, resourceId } from './account.ts';
import { accept, type Collection, collectionOf, type Listing, resources, teams } from './document.ts';
import { ReferenceIndex } from './reference.ts';
import { readTeam, type TeamDecoding, teamId } from './team.ts';

interface Answer {
  readonly collection: Collection;
  readonly date: EpochMs | undefined;
  readonly dateCameAt: EpochMs | undefined;
}

export interface Lists {
  readonly server: string;
  readonly resources: Answer;
  /** Or why they did not come. */
  readonly teams: Answer | RosterdError;
}

/** Throws RosterdError when the resources did not come, or when it was stopped. */
export async function fetchLists(session: HttpSession): Promise<Lists> {
  const people = await fetchList(session, resources);
  const groups = await fetchList(session, teams).catch((error: unknown) => {
    if (error instanceof RosterdError && error.code !== 'interrupted') return error;
    throw error;
  });
  return { server: session.server ?? '', resources: people, teams: groups };
}

export async function fetchList(session: HttpSession, listing: Listing): Promise<Answer> {
  const answer = await session.get(listing.path, { accept });
  try {
    return { collection: collectionOf(answer, listing), date: answer.date, dateCameAt: answer.dateCameAt };
  } catch (error) {
    if (!(error instanceof RosterdError)) throw error;
    const subject = session.server ?? '';
    throw new RosterdError(error.code, `${subject}: GET ${listing.path}: ${error.message}`, { subject, cause: error });
  }
}

export interface Decoded {
  readonly readings: readonly ResourceReading[];
  readonly teams: readonly TeamDecoding[];
}

export function decodeLists(people: Collection, groups: Collection | undefined, wanted: WantedAttributes): Decoded {
  const peopleIndex = new ReferenceIndex(resources);
  const teamIndex = new ReferenceIndex(teams);
  for (const item of people.items) {
    const id = resourceId(item);
    if (id !== undefined) peopleIndex.add(id, item);
  }
  for (const item of groups?.items ?? []) {
    const id = teamId(item);
    if (id !== undefined) teamIndex.add(id, item);
  }
  const unknown = unknownAttributes(wanted);
  const unknownOfTeams = (wanted.group ?? []).map((name) => name.toLowerCase());
  return {
    readings: people.items.map((item) => readResource(item, teamIndex, unknown)),
    teams: (groups?.items ?? []).map((item) => readTeam(item, peopleIndex, unknownOfTeams)),
  };
}

/** Attributes that the configuration names and UCCX does not have. */
export const unknownAttributes = ({ account }: WantedAttributes): string[] => {
  const own: ReadonlySet<string> = new Set(attributeNames);
  return [...new Set(account.map((name) => name.toLowerCase()))].filter((name) => !own.has(name));
};
