// From the gathered teams to pages of groups, edges and closures.
// Invariant: no chunk and no page is larger than the contract allows, however many members a team has.

import type { EdgeChunk, GroupClosure, ReadPage, RejectedRecord } from '../../src/connector.ts';
import type { Attributes } from '../../src/model/account.ts';
import type { Relation, SourceGroup } from '../../src/model/group.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import type { Tally } from './tally.ts';
import type { Team } from './team.ts';
import type { BookedTeam } from './team-book.ts';

const maxChunk = 5_000;
const maxEdgesPerPage = 20_000;
const maxGroupsPerPage = 500;

/** Every attribute that a team can have. */
export const teamAttributes: ReadonlySet<string> = new Set(['description', 'peripheral', 'department']);

export interface TeamPagesOptions {
  readonly tally: Tally;
  /** Attributes that are wanted and that no team has. */
  readonly unknown: readonly string[];
  readonly faults: TeamFaults;
}

/** Why nobody knows all of them; undefined where they are known. */
export interface TeamFaults {
  readonly members: string | undefined;
  readonly supervisors: string | undefined;
  /** Of the supervisors of teams that the list of teams did not show: it may name some whom no agent names. */
  readonly supervisorsOfUnlisted: string | undefined;
}

export function* teamPages(
  teams: Iterable<BookedTeam>,
  { tally, unknown, faults }: TeamPagesOptions,
): Generator<ReadPage, void, void> {
  let draft = new Draft();
  for (const team of teams) {
    const name = team.listed?.name ?? team.name;
    if (name === undefined) {
      draft.rejected.push(nameless(team));
      tally.rejected += 1;
      continue;
    }
    draft.groups.push({ id: team.id, name, ...attributesOf(team.listed, unknown) });
    tally.groups += 1;
    for (const [relation, members] of [
      ['member', team.members],
      ['manages', [...team.managers]],
    ] as const) {
      for (let from = 0; from < members.length; from += maxChunk) {
        const chunk = members.slice(from, from + maxChunk);
        if (draft.edgeCount > 0 && draft.edgeCount + chunk.length > maxEdgesPerPage) {
          yield draft.page();
          draft = new Draft();
        }
        draft.add(team.id, relation, chunk);
        tally.edges += chunk.length;
      }
      draft.closures.push(closureOf(team, relation, members.length, faults));
    }
    if (draft.groups.length >= maxGroupsPerPage) {
      yield draft.page();
      draft = new Draft();
    }
  }
  if (!draft.isEmpty) yield draft.page();
}

function closureOf({ id, listed }: BookedTeam, relation: Relation, count: number, faults: TeamFaults): GroupClosure {
  const ofSupervisors = faults.supervisors ?? (listed === undefined ? faults.supervisorsOfUnlisted : undefined);
  const fault = relation === 'manages' ? ofSupervisors : faults.members;
  return fault === undefined
    ? { group: id, relation, kind: 'complete', count }
    : { group: id, relation, kind: 'partial', because: fault };
}

const nameless = ({ id }: BookedTeam): RejectedRecord => ({
  kind: 'group',
  id,
  label: `team ${id}`,
  because: 'agents refer to it without a name, and the list of teams does not have it',
});

/** Known only by reference: what it is like, nobody has said. */
function attributesOf(team: Team | undefined, unknown: readonly string[]): Pick<SourceGroup, 'attributes' | 'unread'> {
  if (team === undefined) return { attributes: {}, unread: [...unknown, ...teamAttributes] };
  const attributes: Attributes = {
    description: team.description === undefined ? [] : [team.description],
    peripheral: team.peripheral === undefined ? [] : [team.peripheral],
    department: team.department === undefined ? [] : [team.department],
  };
  return { attributes, unread: unknown };
}

/** A page while it is filled. */
class Draft {
  readonly groups: SourceGroup[] = [];
  readonly edges: EdgeChunk[] = [];
  readonly closures: GroupClosure[] = [];
  readonly rejected: RejectedRecord[] = [];
  edgeCount = 0;

  get isEmpty(): boolean {
    return this.groups.length + this.edges.length + this.closures.length + this.rejected.length === 0;
  }

  add(group: ExternalId, relation: Relation, ids: readonly ExternalId[]): void {
    this.edges.push({ group, relation, members: ids.map((value) => ({ by: 'id', value })) });
    this.edgeCount += ids.length;
  }

  page(): ReadPage {
    const { groups, edges, closures, rejected } = this;
    return { accounts: [], groups, edges, closures, gone: [], rejected };
  }
}
