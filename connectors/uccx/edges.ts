// From what resources and teams say of each other to groups, edges and closures.
// Invariant: edges of a team are closed as complete only when nothing that could name another one was unreadable.

import type { EdgeChunk, GroupClosure, ReadPage, RejectedRecord } from '../../src/connector.ts';
import type { EdgeMember, Relation, SourceGroup } from '../../src/model/group.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import type { ResourceReading } from './account.ts';
import type { Decoded } from './lists.ts';
import type { Reference } from './reference.ts';
import type { Tally } from './tally.ts';
import { groupOf, type TeamDecoding } from './team.ts';

interface Side {
  readonly members: Set<ExternalId>;
  /** Why there may be more. */
  doubt: string | undefined;
}

/** A team with its two sorts of edges. */
interface Team {
  readonly group: SourceGroup;
  readonly member: Side;
  readonly manages: Side;
}

const groupsOnPage = 100;
const longestChunk = 5_000;
const edgesOnPage = 10_000;

/** All groups, then their edges. Tells the tally of everything that makes the read doubtful. */
export function* groupPages(decoded: Decoded, tally: Tally, unknown: readonly string[]): Generator<ReadPage> {
  const join = new Join(tally, unknown);
  for (const decoding of decoded.teams) join.addTeam(decoding);
  for (const reading of decoded.readings) join.addResource(reading);
  const { rejected } = join;
  const teams = [...join.teams.values()];
  tally.groups += teams.length;
  tally.rejected += rejected.length;
  if (rejected.length > 0) yield { ...emptyPage, rejected };
  for (let from = 0; from < teams.length; from += groupsOnPage) {
    yield { ...emptyPage, groups: teams.slice(from, from + groupsOnPage).map(({ group }) => group) };
  }
  yield* edgePages(teams, join.doubts, tally);
}

const emptyPage: ReadPage = { accounts: [], groups: [], edges: [], closures: [], gone: [], rejected: [] };

/** Teams with their people, put together from both lists. */
class Join {
  readonly teams = new Map<ExternalId, Team>();
  readonly rejected: RejectedRecord[] = [];
  readonly #rejectedIds = new Set<ExternalId>();
  /** Why any team may have more than was found, per relation. */
  readonly doubts: Partial<Record<Relation, string>> = {};
  readonly #tally: Tally;
  readonly #unknown: readonly string[];

  constructor(tally: Tally, unknown: readonly string[]) {
    this.#tally = tally;
    this.#unknown = unknown;
  }

  addTeam(decoding: TeamDecoding): void {
    const id = decoding.kind === 'team' ? decoding.group.id : decoding.rejected.id;
    if (id !== undefined && (this.teams.has(id) || this.#rejectedIds.has(id))) {
      this.#tally.duplicate(`the team ${id}`);
      return;
    }
    if (decoding.kind === 'rejected') {
      if (id === undefined) this.#tally.doubt(`a team without a readable id: ${decoding.rejected.label}`);
      this.#reject(decoding.rejected);
      return;
    }
    const team = newTeam(decoding.group, undefined);
    this.teams.set(decoding.group.id, team);
    for (const supervisor of decoding.supervisors) this.#addSupervisor(team, supervisor);
  }

  addResource({ id, team, supervises }: ResourceReading): void {
    if (id === undefined) return;
    if (team === 'unreadable') this.doubts.member ??= `the team of ${id} cannot be told`;
    // Documented as always there: it may be any of the teams.
    else if (team === 'none') this.doubts.member ??= `${id} came without a team`;
    else this.#teamOf(team)?.member.members.add(id);
    if (supervises.length > 0) this.#tally.supervisor(id);
    for (const supervised of supervises) {
      if (supervised === 'unreadable') this.doubts.manages ??= `a team that ${id} supervises cannot be told`;
      else this.#teamOf(supervised)?.manages.members.add(id);
    }
  }

  #addSupervisor({ group, manages }: Team, supervisor: Reference | 'unreadable'): void {
    if (supervisor === 'unreadable') {
      manages.doubt = 'one of its supervisors cannot be told';
      return;
    }
    manages.members.add(supervisor.id);
    this.#tally.supervisor(supervisor.id);
    if (!supervisor.isKnown) this.#tally.outsider(supervisor.id, group.name);
  }

  /** Undefined for a team that could not be decoded: its edges stay as they are. */
  #teamOf({ id, name }: Reference): Team | undefined {
    const known = this.teams.get(id);
    if (known !== undefined || this.#rejectedIds.has(id)) return known;
    if (name === undefined || name === '') {
      this.#reject({
        kind: 'group',
        id,
        label: id,
        because: 'resources refer to it without its name, and the list of teams does not have it',
      });
      return undefined;
    }
    const team = newTeam(groupOf(id, name, this.#unknown), 'the list of teams does not have it');
    this.teams.set(id, team);
    return team;
  }

  #reject(record: RejectedRecord): void {
    if (record.id !== undefined) this.#rejectedIds.add(record.id);
    this.rejected.push(record);
  }
}

const newTeam = (group: SourceGroup, doubt: string | undefined): Team => ({
  group,
  member: { members: new Set(), doubt: undefined },
  manages: { members: new Set(), doubt },
});

function* edgePages(
  teams: readonly Team[],
  doubts: Partial<Record<Relation, string>>,
  tally: Tally,
): Generator<ReadPage> {
  let edges: EdgeChunk[] = [];
  let closures: GroupClosure[] = [];
  let count = 0;
  for (const team of teams) {
    for (const relation of relations) {
      const group = team.group.id;
      const members = [...team[relation].members].map((value): EdgeMember => ({ by: 'id', value }));
      for (let from = 0; from < members.length; from += longestChunk) {
        const chunk = members.slice(from, from + longestChunk);
        edges.push({ group, relation, members: chunk });
        count += chunk.length;
        if (count < edgesOnPage) continue;
        yield { ...emptyPage, edges, closures };
        [edges, closures, count] = [[], [], 0];
      }
      tally.edges += members.length;
      closures.push(closureOf(group, relation, team[relation].doubt ?? doubts[relation], members.length));
    }
  }
  if (closures.length > 0) yield { ...emptyPage, edges, closures };
}

const relations = ['member', 'manages'] as const satisfies readonly Relation[];

const closureOf = (group: ExternalId, relation: Relation, doubt: string | undefined, count: number): GroupClosure =>
  doubt === undefined
    ? { group, relation, kind: 'complete', count }
    : { group, relation, kind: 'partial', because: doubt };
