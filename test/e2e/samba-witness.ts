// Holds what rosterd's commands say against what the domain says, after each change.
// Invariant: the numbers of users and teams stay with the object of the domain, whatever it is called.

import { expect } from 'vitest';
import type { ExplanationJson, RunReportJson, UserJson } from '../../src/cli/json.ts';
import type { FindingJson } from '../../src/cli/json-findings.ts';
import type { SambaLab } from '../lab/samba.ts';
import { type Domain, type Group, type Person, readDomain, type Scope } from './samba-domain.ts';
import type { Installation } from './samba-installation.ts';

export interface SyncJson {
  readonly runs: readonly RunReportJson[];
  readonly errors: readonly { readonly source: string; readonly error: { readonly code: string; message: string } }[];
}

interface TeamJson {
  readonly id: number;
  readonly name: string;
  readonly origin: string;
  readonly parent: number | null;
  readonly members: number;
}

export class Witness {
  readonly #samba: SambaLab;
  readonly #scope: Scope;
  readonly #rosterd: Installation;
  readonly #userIds = new Map<string, number>();
  readonly #teamIds = new Map<string, number>();
  /** Names of teams whose group is gone. */
  readonly #unfed = new Set<string>();
  #domain: Domain | undefined;

  constructor(samba: SambaLab, scope: Scope, rosterd: Installation) {
    this.#samba = samba;
    this.#scope = scope;
    this.#rosterd = rosterd;
  }

  async sync(exit = 0): Promise<RunReportJson> {
    const { runs, errors } = await this.#rosterd.ask<SyncJson>(['sync', 'ad-hq'], exit);
    expect(errors).toEqual([]);
    const [report] = runs;
    if (report === undefined) throw new Error('a sync without a run');
    return report;
  }

  /** Syncs, and sees that everything is as the domain has it and that nothing is left to do. */
  async follow(): Promise<RunReportJson> {
    const report = await this.sync();
    expect(report.run).toMatchObject({ state: 'done', holds: [] });
    await this.see();
    return report;
  }

  async see(): Promise<void> {
    const before = this.#domain;
    this.#domain = await readDomain(this.#samba, this.#scope, before);
    for (const [guid, { team }] of before?.groups ?? []) if (!this.#domain.groups.has(guid)) this.#unfed.add(team);
    const [listed, { teams }, verdict, plan] = await Promise.all([
      this.seeUsers(),
      this.#rosterd.ask<{ teams: TeamJson[] }>(['team', 'list']),
      this.#rosterd.ask<object>(['audit', 'verify']),
      this.#rosterd.ask<RunReportJson>(['plan', 'ad-hq']),
    ]);
    this.#seeUserIds(this.#domain, listed);
    this.#seeTeams(this.#domain, teams);
    expect(verdict).toMatchObject({ ok: true });
    expect(plan).toMatchObject({ changeCounts: {}, changes: [], run: { dryRun: true, holds: [] } });
    expect(this.#rosterd.leftBehind).toEqual([]);
  }

  /** The users, after they were found to be those that the domain had when it was looked at last. */
  async seeUsers(): Promise<readonly UserJson[]> {
    const people = [...(this.#domain?.people.values() ?? [])];
    const listed = await this.users();
    expect(listed.map(({ id: _, ...user }) => user)).toEqual(people.map(rowOf).sort(byUsername));
    return listed;
  }

  async users(): Promise<readonly UserJson[]> {
    const { users, total } = await this.#rosterd.ask<{ users: UserJson[]; total: number }>(['user', 'list', '--all']);
    expect(users).toHaveLength(total);
    return users.map((user) => ({ ...user, teams: [...user.teams].sort() })).sort(byUsername);
  }

  /** As the domain had it when it was looked at last. */
  person(username: string): Person {
    const found = [...(this.#domain?.people.values() ?? [])].find((person) => person.username === username);
    if (found === undefined) throw new Error(`nobody in the domain is called ${username}`);
    return found;
  }

  /** The explanation of a user, after every value in it was found as the domain has it. */
  async explain(username: string): Promise<ExplanationJson> {
    const person = this.person(username);
    const said = await this.#rosterd.ask<ExplanationJson>(['user', 'explain', username]);
    expect(said.user.id).toBe(this.#userIds.get(person.guid));
    const [account, ...others] = said.accounts;
    expect(others).toEqual([]);
    expect(account).toMatchObject({ source: 'ad-hq', id: person.guid, name: username });
    const values = said.fields.filter(({ value }) => value !== null);
    expect(Object.fromEntries(values.map(({ field, value }) => [field, value]))).toEqual(person.fields);
    expect([...new Set(values.map(({ owner }) => owner))]).toEqual(['ad-hq']);
    expect(said.fields.filter(({ next }) => next !== null)).toEqual([]);
    expect(said.enabled).toMatchObject({ value: person.enabled, next: null });
    expect(said.teams.map(({ name }) => name).sort()).toEqual(person.teams);
    expect(said.mainTeam).toMatchObject({ name: person.mainTeam, next: null });
    expect(said.roles.map(({ name }) => name).sort()).toEqual(person.roles);
    const owners = [...said.teams, ...said.roles].flatMap((item) => item.owners);
    expect(owners.filter(({ owner, state }) => owner !== 'ad-hq' || state !== 'there')).toEqual([]);
    return said;
  }

  async findings(): Promise<readonly string[]> {
    const { findings } = await this.#rosterd.ask<{ findings: FindingJson[] }>(['finding', 'list']);
    return findings.map(({ code, label }) => `${code} ${label}`).sort();
  }

  #seeUserIds(domain: Domain, listed: readonly UserJson[]): void {
    const ids = new Map(listed.map((user) => [user.username, user.id]));
    for (const { guid, username } of domain.people.values()) keep(this.#userIds, guid, ids.get(username));
  }

  #seeTeams(domain: Domain, teams: readonly TeamJson[]): void {
    const sizes = new Map<string, number>();
    for (const person of domain.people.values())
      for (const team of person.teams) sizes.set(team, (sizes.get(team) ?? 0) + 1);
    const names = [...[...domain.groups.values()].map(({ team }) => team), ...this.#unfed];
    expect(teams.map(({ name, origin, members }) => `${name} ${origin} ${members}`).sort()).toEqual(
      names.map((name) => `${name} ad-hq ${sizes.get(name) ?? 0}`).sort(),
    );
    const byName = new Map(teams.map((team) => [team.name, team]));
    for (const { guid, team } of domain.groups.values()) keep(this.#teamIds, guid, byName.get(team)?.id);
    expectTree(domain, teams);
  }
}

/** Each team is below one of the groups that its group is in, unless that closed a ring. */
function expectTree(domain: Domain, teams: readonly TeamJson[]): void {
  const names = new Map(teams.map(({ id, name }) => [id, name]));
  const parents = new Map(teams.map(({ name, parent }) => [name, parent === null ? undefined : names.get(parent)]));
  const groups = new Map([...domain.groups.values()].map((group) => [group.team, group]));
  for (const [team, parent] of parents) {
    expect(above(parents, team), `${team} is not below itself`).not.toContain(team);
    const outer = groups.get(team)?.outer;
    // A team whose group is gone stays where it was.
    if (outer === undefined) continue;
    if (parent !== undefined) expect(outer, `${team} is below ${parent}`).toContain(parent);
    else
      expect(
        outer.filter((name) => !isInRing(groups, name)),
        `${team} is at the top`,
      ).toEqual([]);
  }
}

const isInRing = (groups: ReadonlyMap<string, Group>, start: string): boolean => {
  const seen = new Set<string>();
  const waiting = [...(groups.get(start)?.outer ?? [])];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === start) return true;
    if (!seen.has(name)) waiting.push(...(groups.get(name)?.outer ?? []));
    seen.add(name);
  }
  return false;
};

function above(parents: ReadonlyMap<string, string | undefined>, team: string): readonly string[] {
  const path: string[] = [];
  for (let at = parents.get(team); at !== undefined && !path.includes(at); at = parents.get(at)) path.push(at);
  return path;
}

function keep(ids: Map<string, number>, guid: string, id: number | undefined): void {
  expect(id, guid).toBeDefined();
  if (!ids.has(guid)) ids.set(guid, id ?? 0);
  expect(ids.get(guid), guid).toBe(id);
}

const byUsername = (a: { readonly username: string }, b: { readonly username: string }): number =>
  a.username < b.username ? -1 : 1;

const rowOf = ({ username, displayName, email, enabled, teams, mainTeam, roles }: Person): Omit<UserJson, 'id'> => ({
  username,
  displayName,
  email,
  origin: 'ad-hq',
  enabled,
  adminHold: null,
  syncOff: null,
  sources: ['ad-hq'],
  mainTeam,
  teams,
  roles,
});
