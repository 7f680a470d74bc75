// The teams with their members and supervisors, gathered from the agents and, where it may be read, from the list of teams.
// Invariant: the agents alone say who is a member; who supervises is what either side says, so no grant is lost by their disagreeing.
//
//   said by              member              manages             team itself
//   agent.agentTeam      yes                 -                   id and name
//   agent.supervisorTeams -                  yes                 id and name
//   the list of teams    counted only        yes                 id, name, attributes; also of a team with nobody

import type { ExternalId } from '../../src/model/ids.ts';
import type { Agent } from './agent.ts';
import type { Reference } from './reference.ts';
import type { Scope } from './scope.ts';
import type { Team } from './team.ts';

export interface BookedTeam {
  readonly id: ExternalId;
  /** What an agent calls it; undefined where no agent does. */
  name: string | undefined;
  readonly members: ExternalId[];
  readonly managers: Set<ExternalId>;
  listed: Team | undefined;
  /** It is in the list of teams, but could not be decoded. */
  isRejected: boolean;
}

/** How far the two sides agree; for the proof only, because a login may see less of one than of the other. */
export interface Agreement {
  readonly differentCounts: number;
  readonly supervisorsOfTeamOnly: number;
  readonly supervisorsOfAgentOnly: number;
  readonly unlisted: number;
}

export class TeamBook {
  readonly #teams = new Map<ExternalId, BookedTeam>();

  addAgent({ account, team, supervises }: Agent): void {
    if (team !== undefined) this.#named(team).members.push(account.id);
    for (const supervised of supervises) this.#named(supervised).managers.add(account.id);
  }

  addTeam(team: Team): void {
    this.#team(team.id).listed = team;
  }

  /** A team that the list has, and that nobody could decode. */
  reject(id: ExternalId): void {
    this.#team(id).isRejected = true;
  }

  /** The list of teams begins again. */
  forgetList(): void {
    for (const team of this.#teams.values()) {
      team.listed = undefined;
      team.isRejected = false;
    }
  }

  forgetAll(): void {
    this.#teams.clear();
  }

  /** Adds what the list of teams says; `seen`: the agents that were read and are in scope. */
  crossCheck(seen: ReadonlySet<ExternalId>): Agreement {
    let differentCounts = 0;
    let supervisorsOfTeamOnly = 0;
    let supervisorsOfAgentOnly = 0;
    let unlisted = 0;
    for (const { members, managers, listed } of this.#teams.values()) {
      if (listed === undefined) {
        if (members.length + managers.size > 0) unlisted += 1;
        continue;
      }
      if (listed.agentCount !== undefined && listed.agentCount !== members.length) differentCounts += 1;
      else if (listed.supervisorCount !== undefined && listed.supervisorCount !== managers.size) differentCounts += 1;
      const theirs = new Set(listed.supervisors);
      for (const id of managers) if (!theirs.has(id)) supervisorsOfAgentOnly += 1;
      for (const id of theirs) {
        if (managers.has(id) || !seen.has(id)) continue;
        supervisorsOfTeamOnly += 1;
        managers.add(id);
      }
    }
    return { differentCounts, supervisorsOfTeamOnly, supervisorsOfAgentOnly, unlisted };
  }

  /** Teams in scope, and those of agents in scope wherever they are. */
  *teams(scope: Scope): Generator<BookedTeam, void, void> {
    for (const team of this.#teams.values()) {
      const isUsed = team.members.length + team.managers.size > 0;
      if (team.isRejected || (!isUsed && (team.listed === undefined || !scope.takesTeam(team.listed)))) continue;
      yield team;
    }
  }

  #named({ id, name }: Reference): BookedTeam {
    const team = this.#team(id);
    team.name ??= name;
    return team;
  }

  #team(id: ExternalId): BookedTeam {
    const known = this.#teams.get(id);
    if (known !== undefined) return known;
    const team: BookedTeam = {
      id,
      name: undefined,
      members: [],
      managers: new Set(),
      listed: undefined,
      isRejected: false,
    };
    this.#teams.set(id, team);
    return team;
  }
}
