// Team changes of one batch: teams are created, renamed, re-parented, fed. They come before the users that need them.

import type { Change, TeamChangePart, TeamRef } from '../model/change.ts';
import { asGroupKey, asTeamId, type ExternalId, type GroupKey, type SourceName, type TeamId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { Team } from '../model/team.ts';
import type { BatchResult } from './apply-plan.ts';
import type { StoredChange, StoreTx, SyncStore } from './ports.ts';

/** Which team a reference of a change means now. Loaded once per apply, kept up as teams are created. */
export class TeamDirectory {
  readonly #byGroup = new Map<string, TeamId>();
  readonly #byId = new Map<TeamId, Team>();
  /** By folded name. */
  readonly #byName = new Map<string, Set<TeamId>>();
  readonly #groupKeys = new Map<string, GroupKey>();

  private constructor(teams: readonly Team[]) {
    for (const team of teams) this.put(team);
  }

  static async load(store: SyncStore): Promise<TeamDirectory> {
    const directory = new TeamDirectory(await store.read.teams());
    for (const group of await store.read.groups()) {
      directory.#groupKeys.set(`${group.source}/${group.id}`, group.key);
      if (group.teamId !== undefined) directory.#byGroup.set(`${group.source}/${group.id}`, group.teamId);
    }
    return directory;
  }

  resolve(ref: TeamRef): TeamId | undefined {
    if (ref.id !== undefined) return this.#byId.has(ref.id) ? ref.id : undefined;
    return ref.group === undefined ? undefined : this.#byGroup.get(`${ref.group.source}/${ref.group.id}`);
  }

  team(id: TeamId): Team | undefined {
    return this.#byId.get(id);
  }

  groupKey(source: SourceName, id: ExternalId): GroupKey | undefined {
    return this.#groupKeys.get(`${source}/${id}`);
  }

  put(team: Team): void {
    this.#unfile(this.#byId.get(team.id));
    this.#byId.set(team.id, team);
    this.#file(team);
  }

  feed(source: SourceName, group: ExternalId, team: TeamId | undefined): void {
    if (team === undefined) this.#byGroup.delete(`${source}/${group}`);
    else this.#byGroup.set(`${source}/${group}`, team);
  }

  hasName(name: string, except: TeamId): boolean {
    const ids = this.#byName.get(foldKey(name));
    return ids !== undefined && (ids.size > 1 || !ids.has(except));
  }

  #file(team: Team): void {
    const key = foldKey(team.name);
    this.#byName.set(key, (this.#byName.get(key) ?? new Set()).add(team.id));
  }

  #unfile(team: Team | undefined): void {
    const key = team === undefined ? undefined : foldKey(team.name);
    const ids = key === undefined ? undefined : this.#byName.get(key);
    if (team === undefined || key === undefined || ids === undefined) return;
    ids.delete(team.id);
    if (ids.size === 0) this.#byName.delete(key);
  }
}

type Feeding = Extract<TeamChangePart, { part: 'team-fed' }>;

export async function applyTeamChanges(
  tx: StoreTx,
  source: SourceName,
  teams: TeamDirectory,
  batch: readonly StoredChange[],
): Promise<BatchResult[]> {
  if (batch.length === 0) return [];
  const created = batch.filter((stored) => stored.change.subject.kind === 'group');
  let nextId = created.length === 0 ? 0 : await tx.allocate('team', created.length);
  const saved = new Map<TeamId, Team>();
  const fed: { group: GroupKey; team: TeamId | undefined }[] = [];
  const results: BatchResult[] = [];
  // First every team by itself, then parents: a child may come before its parent in the same batch.
  for (const stored of batch) {
    const { subject } = stored.change;
    const id = subject.kind === 'team' ? subject.id : asTeamId(nextId++);
    const before = teams.team(id);
    const conflict = conflictOf(stored.change, before, teams, id);
    if (conflict !== undefined) {
      results.push({ state: conflict === 'obsolete' ? 'obsolete' : 'conflict', stored, because: conflict });
      continue;
    }
    const team = renamed(stored.change, id, before);
    saved.set(id, team);
    teams.put(team);
    for (const part of feedings(stored.change)) {
      const key = teams.groupKey(part.source, part.group);
      const target = part.op === 'add' ? id : undefined;
      teams.feed(part.source, part.group, target);
      if (key !== undefined) fed.push({ group: asGroupKey(key), team: target });
    }
    results.push({ state: 'applied', stored });
  }
  for (const { state, stored } of results) if (state === 'applied') setParent(stored.change, teams, saved);
  await tx.userRows.saveTeams([...saved.values()]);
  await tx.mirror.setTeam(fed);
  // What is in conflict is planned again by the next run, from what is there then.
  const settled = results.filter(({ state }) => state !== 'conflict');
  const groups = settled.flatMap(({ stored }) =>
    groupsOf(stored.change).flatMap((id) => teams.groupKey(source, id) ?? []),
  );
  await tx.dirty.clearGroups(groups);
  return results;
}

const feedings = (change: Change): Feeding[] =>
  change.parts.filter((part): part is Feeding => part.part === 'team-fed');

function groupsOf(change: Change): ExternalId[] {
  const own = change.subject.kind === 'group' ? [change.subject.id] : [];
  return [...own, ...feedings(change).map((part) => part.group)];
}

function conflictOf(change: Change, before: Team | undefined, teams: TeamDirectory, id: TeamId): string | undefined {
  for (const part of change.parts) {
    if (part.part === 'team-created' && teams.hasName(part.name, id)) return `a team ${part.name} exists now`;
    if (part.part !== 'team-renamed') continue;
    if (before === undefined) return 'the team is gone';
    if (before.name !== part.before)
      return before.name === part.after ? 'obsolete' : `the team is called ${before.name} now`;
    if (teams.hasName(part.after, id)) return `a team ${part.after} exists now`;
  }
  if (change.subject.kind === 'team' && before === undefined) return 'the team is gone';
  return undefined;
}

function renamed(change: Change, id: TeamId, before: Team | undefined): Team {
  let team: Team = before ?? { id, name: change.label, origin: 'local' };
  for (const part of change.parts) {
    if (part.part === 'team-created') team = { ...team, name: part.name, origin: part.origin };
    else if (part.part === 'team-renamed') team = { ...team, name: part.after };
  }
  return team;
}

function setParent(change: Change, teams: TeamDirectory, saved: Map<TeamId, Team>): void {
  const part = change.parts.find((candidate) => candidate.part === 'team-parent');
  if (part?.part !== 'team-parent') return;
  const own = change.subject.kind === 'team' ? change.subject.id : ownTeam(change, teams);
  const team = own === undefined ? undefined : teams.team(own);
  if (team === undefined) return;
  const parent = part.after === undefined ? undefined : teams.resolve(part.after);
  const { parent: _former, ...rest } = team;
  const moved: Team = parent === undefined ? rest : { ...rest, parent };
  teams.put(moved);
  saved.set(moved.id, moved);
}

function ownTeam(change: Change, teams: TeamDirectory): TeamId | undefined {
  const { subject } = change;
  if (subject.kind === 'team') return subject.id;
  return subject.kind === 'group' ? teams.resolve({ name: change.label, group: subject }) : undefined;
}
