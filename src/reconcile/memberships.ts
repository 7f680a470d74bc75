// Desired memberships, grants (can-manage) and roles of a user, from the groups of its accounts.
// Invariant: a supervisor manages the team of the group itself, never the teams of its subgroups (R160).

import { type MirrorAccount, readingOf } from '../model/account.ts';
import type { TeamRef } from '../model/change.ts';
import type { Finding } from '../model/finding.ts';
import type { GroupKey, TeamId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { OwnedTeam, User } from '../model/user.ts';
import { activePins, type DesiredRow, decideRows, type Row, type RowDecision } from './owned-rows.ts';
import type { LinkedAccount } from './situation.ts';
import { type CompiledSource, type CompiledWorld, teamKey } from './world.ts';

/** Connector types whose plan takes away grants that were set by hand (R161). */
const typesThatOwnGrants: ReadonlySet<string> = new Set(['uccx', 'ucce']);

export const takesManualGrants = (source: Pick<CompiledSource, 'policy'>): boolean =>
  typesThatOwnGrants.has(source.policy.type);

export function decideMemberships(
  world: CompiledWorld,
  user: Pick<User, 'memberships' | 'pins'>,
  linked: readonly LinkedAccount[],
): RowDecision<TeamRef> {
  return decideRows(world, linked, {
    ...teamRows(world, user.memberships),
    pins: activePins(world, user, 'membership', (subject) => `team:${subject}`),
    desired: (_, { accounts }) => ({ rows: wantedTeams(world, accounts) }),
    removesLocal: (source) => (source.policy.manualMemberships === 'remove' ? 'manualMemberships: remove' : undefined),
  });
}

export function decideGrants(
  world: CompiledWorld,
  user: Pick<User, 'grants' | 'pins'>,
  linked: readonly LinkedAccount[],
): RowDecision<TeamRef> {
  return decideRows(world, linked, {
    ...teamRows(world, user.grants),
    pins: activePins(world, user, 'grant', (subject) => `team:${subject}`),
    desired: (_, { accounts }) => ({ rows: wantedGrants(world, accounts) }),
    removesLocal: (source) => (takesManualGrants(source) ? 'set by hand on a user of this source (R161)' : undefined),
  });
}

export function decideRoles(
  world: CompiledWorld,
  user: Pick<User, 'roles' | 'pins'>,
  linked: readonly LinkedAccount[],
): RowDecision<string> {
  return decideRows(world, linked, {
    current: user.roles.map(({ role, owner }) => ({ key: role, owner, item: role })),
    pins: activePins(world, user, 'role', (subject) => subject),
    itemOf: (role) => (Object.hasOwn(world.policy.roles, role) ? role : undefined),
    desired: (source, { accounts }) => wantedRoles(world, source, accounts),
    removesLocal: () => undefined,
  });
}

function teamRows(world: CompiledWorld, rows: readonly OwnedTeam[]) {
  return {
    current: rows.map(({ team, owner }): Row<TeamRef> => ({ key: `team:${team}`, owner, item: teamRef(world, team) })),
    itemOf: (key: string): TeamRef | undefined => {
      const team = world.teams.get(Number(key.slice('team:'.length)) as TeamId);
      return team && { id: team.id, name: team.name };
    },
  };
}

/** A team that is not in the world any more is named by its number, so that its rows can still be taken back. */
export function teamRef(world: Pick<CompiledWorld, 'teams'>, id: TeamId): TeamRef {
  return { id, name: world.teams.get(id)?.name ?? `team ${id}` };
}

function wantedTeams(
  world: CompiledWorld,
  accounts: readonly MirrorAccount[],
): ReadonlyMap<string, DesiredRow<TeamRef>> {
  const rows = new Map<string, DesiredRow<TeamRef>>();
  for (const key of groupsById(world, accounts, 'memberOf')) {
    for (const [team, fed] of world.index.teamsOfMember(key)) {
      if (!rows.has(team)) rows.set(team, { item: fed.team, because: `member of ${fed.group}` });
    }
  }
  return rows;
}

function wantedGrants(
  world: CompiledWorld,
  accounts: readonly MirrorAccount[],
): ReadonlyMap<string, DesiredRow<TeamRef>> {
  const rows = new Map<string, DesiredRow<TeamRef>>();
  for (const key of groupsById(world, accounts, 'manages')) {
    const team = world.index.teamOf(key);
    if (team === undefined || rows.has(teamKey(team))) continue;
    rows.set(teamKey(team), { item: team, because: `supervisor of ${world.groups.get(key)?.name ?? key}` });
  }
  return rows;
}

/** By id: the group that is named as the reason does not depend on the order of edges or of keys. */
function groupsById(
  world: CompiledWorld,
  accounts: readonly MirrorAccount[],
  relation: 'memberOf' | 'manages',
): readonly GroupKey[] {
  const [first] = accounts;
  const keys =
    accounts.length === 1 && first !== undefined
      ? [...first[relation]]
      : [...new Set(accounts.flatMap((one) => one[relation]))];
  if (keys.length < 2) return keys;
  const idOf = (key: GroupKey): string => world.groups.get(key)?.id ?? '';
  return keys.sort((a, b) => (idOf(a) < idOf(b) ? -1 : idOf(a) > idOf(b) ? 1 : a - b));
}

function wantedRoles(world: CompiledWorld, source: CompiledSource, accounts: readonly MirrorAccount[]) {
  const rows = new Map<string, DesiredRow<string>>();
  const keeps = new Set<string>();
  const want = (role: string, because: string): void => {
    if (!rows.has(role) && Object.hasOwn(world.policy.roles, role)) rows.set(role, { item: role, because });
  };
  if (source.policy.roleMapping.length === 0) return { rows, keeps };
  for (const key of groupsById(world, accounts, 'memberOf')) {
    for (const [role, group] of world.index.rolesOfMember(key)) want(role, `member of ${group}`);
  }
  for (const rule of source.policy.roleMapping) {
    if (rule.kind !== 'attribute') continue;
    for (const account of accounts) {
      const reading = readingOf(account, rule.attribute);
      if (reading.kind === 'unread') for (const role of rule.roles) keeps.add(role);
      if (reading.kind !== 'present') continue;
      const isEqual = reading.values.some((value) => foldKey(value) === foldKey(rule.equals));
      if (isEqual) for (const role of rule.roles) want(role, `${rule.attribute} is ${rule.equals}`);
    }
  }
  return { rows, keeps };
}

/** Role mappings of the planning source that name roles which the catalogue does not have; subject `source:<name>`. */
export function roleFindings(world: CompiledWorld): readonly Finding[] {
  const source = world.index.sources.get(world.source);
  const named = source?.policy.roleMapping.flatMap((rule) => rule.roles) ?? [];
  const unknown = [...new Set(named)].filter((role) => !Object.hasOwn(world.policy.roles, role)).sort();
  if (unknown.length === 0) return [];
  const subject = `source:${world.source}`;
  return [{ code: 'role-unknown', source: world.source, subject, label: world.source, detail: { roles: unknown } }];
}
