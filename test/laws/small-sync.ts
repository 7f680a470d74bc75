// A store and a run in a few lines, for the laws: the same order of steps as src/sync, on plain maps, and without a guard.
// Invariant: users change only through applyChange, so that the laws prove what the store does.

import type { MirrorAccount } from '../../src/model/account.ts';
import { type Change, subjectKey, type TeamRef } from '../../src/model/change.ts';
import type {
  KeyClaim,
  KeyHolder,
  MatchCandidate,
  RefusedClaims,
  UserDecision,
  UserInput,
} from '../../src/model/decision.ts';
import type { MirrorGroup } from '../../src/model/group.ts';
import {
  type AccountKey,
  asTeamId,
  asUserId,
  type EpochMs,
  type GroupKey,
  type SourceName,
  type TeamId,
  type UserId,
} from '../../src/model/ids.ts';
import { foldKey, localNameOf } from '../../src/model/keys.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { Team } from '../../src/model/team.ts';
import type { User } from '../../src/model/user.ts';
import { applyChange } from '../../src/reconcile/apply-change.ts';
import { correlate, matchKeysOf, nameAndId, namesakesOf, settleLinks } from '../../src/reconcile/correlate.ts';
import { decideLink, decideNewUser, decideUser, noRefusals } from '../../src/reconcile/plan.ts';
import { planTeams } from '../../src/reconcile/teams.ts';
import { assignKeys } from '../../src/reconcile/unique-keys.ts';
import { type CompiledWorld, makeWorld } from '../../src/reconcile/world.ts';

export interface State {
  readonly policy: Policy;
  readonly now: EpochMs;
  readonly users: ReadonlyMap<UserId, User>;
  readonly accounts: ReadonlyMap<AccountKey, MirrorAccount>;
  readonly groups: ReadonlyMap<GroupKey, MirrorGroup>;
  readonly teams: ReadonlyMap<TeamId, Team>;
}

export interface Plan {
  readonly world: CompiledWorld;
  readonly teamChanges: readonly { readonly group: GroupKey; readonly change: Change }[];
  readonly decisions: readonly UserDecision[];
  readonly claims: readonly KeyClaim[];
  readonly refused: RefusedClaims;
  readonly atomic: ReadonlyMap<string, string>;
}

/** `order` permutes what the store hands out; no law may depend on it. */
export type Order = <Item>(items: readonly Item[]) => readonly Item[];
export const asStored: Order = (items) => items;

export const changesOf = (plan: Plan): readonly Change[] => plan.decisions.flatMap(({ change }) => change ?? []);

export function planRun(state: State, source: SourceName, order: Order = asStored): Plan {
  const facts = { policy: state.policy, now: state.now, source };
  const stored = { teams: order([...state.teams.values()]), groups: order([...state.groups.values()]) };
  const bare = makeWorld({ ...facts, ...stored, newTeams: new Map() });
  const teams = planTeams(bare, order([...state.groups.values()]));
  const world = makeWorld({ ...facts, ...stored, newTeams: teams.newTeams });
  const free = order([...state.accounts.values()].filter((one) => one.source === source && one.userId === undefined));
  const candidates = candidatesOf(state);
  const inputs = inputsOf(state);
  const rivals = rivalsIn(state, world);
  const correlated = settleLinks(
    free.map((account) => ({ account, decision: correlate(world, account, candidates, inputs) })),
  );
  const decideAll = (refused: RefusedClaims): UserDecision[] => [
    ...decideUsers({ ...state, accounts: rivals }, world, correlated, refused, order),
    ...correlated.flatMap(({ account, decision }) =>
      decision.kind === 'create' ? [decideNewUser(world, account, refused)] : [],
    ),
  ];
  const claims = order(decideAll(noRefusals).flatMap((decision) => decision.claims));
  const { refused, atomic } = assignKeys(claims, holdersOf(state));
  return { world, teamChanges: teams.changes, decisions: decideAll(refused), claims, refused, atomic };
}

function decideUsers(
  state: State,
  world: CompiledWorld,
  correlated: ReturnType<typeof settleLinks>,
  refused: RefusedClaims,
  order: Order,
): readonly UserDecision[] {
  const links = new Map(
    correlated.flatMap(({ account, decision }) =>
      decision.kind === 'link' ? [[decision.user, { account, decision }] as const] : [],
    ),
  );
  return order([...state.users.values()]).flatMap((user) => {
    const accounts = order([...state.accounts.values()].filter((one) => one.userId === user.id));
    const found = links.get(user.id);
    if (found !== undefined) return [decideLink(world, user, accounts, found.account, found.decision.rule, refused)];
    if (!user.links.some((link) => link.source === world.source)) return [];
    return [decideUser(world, { user, accounts }, refused)];
  });
}

/** The accounts as a plan reads them: with the rivals of those that are believed gone by nobody yet. */
function rivalsIn(state: State, world: CompiledWorld): State['accounts'] {
  const accounts = new Map(state.accounts);
  const candidates = candidatesOf(state);
  const inputs = inputsOf(state);
  const active = new Set(
    [...state.users.values()].flatMap(({ links }) =>
      links.filter((one) => one.state === 'active').map((one) => one.account),
    ),
  );
  for (const one of state.accounts.values()) {
    for (const key of namesakesOf(world, one, candidates, inputs)) {
      const left = accounts.get(key);
      if (left !== undefined && left.presence.state !== 'present' && active.has(key))
        accounts.set(key, { ...left, rival: nameAndId(one) });
    }
  }
  return accounts;
}

function inputsOf(state: State): ReadonlyMap<UserId, UserInput> {
  const accounts = Map.groupBy(state.accounts.values(), (account) => account.userId);
  return new Map([...state.users].map(([id, user]) => [id, { user, accounts: accounts.get(id) ?? [] }]));
}

export function candidatesOf(state: State): readonly MatchCandidate[] {
  const found: MatchCandidate[] = [];
  for (const account of state.accounts.values()) {
    const source = state.policy.sources.find(({ name }) => name === account.source);
    if (source === undefined) continue;
    for (const [by, key] of Object.entries(matchKeysOf(account, source)) as [MatchCandidate['by'], string][]) {
      const { key: accountKey, userId } = account;
      const login = matchKeysOf(account, source).username;
      found.push({
        by,
        key,
        accountKey,
        source: account.source,
        ...(userId !== undefined && { userId }),
        ...(by === 'usernameWithoutDomain' && login !== undefined && { login }),
      });
    }
  }
  for (const user of state.users.values()) {
    for (const by of ['username', 'email', 'employeeId'] as const) {
      const value = user.values[by];
      if (value?.owner === 'local') found.push({ by, key: foldKey(value.value), userId: user.id });
    }
    const name = user.values.username;
    if (name?.owner === 'local') {
      const login = foldKey(name.value);
      found.push({ by: 'usernameWithoutDomain', key: localNameOf(login), userId: user.id, login });
      if (login.includes('@')) found.push({ by: 'principalName', key: login, userId: user.id });
    }
    for (const row of user.attributes) {
      if (row.name === 'agentId' && row.owner === 'local')
        found.push({ by: 'agentId', key: row.value, userId: user.id });
    }
  }
  return found;
}

function holdersOf(state: State): ReadonlyMap<string, KeyHolder> {
  const holders = new Map<string, KeyHolder>();
  for (const user of state.users.values()) {
    for (const kind of ['username', 'email'] as const) {
      const value = user.values[kind]?.value;
      if (value !== undefined) holders.set(`${kind}:${foldKey(value)}`, { claimant: `user:${user.id}`, label: value });
    }
  }
  return holders;
}

/** Applies a plan whole: teams, then users. */
export function applyPlan(state: State, plan: Plan): State {
  const withTeams = applyTeams(state, plan);
  const users = new Map(withTeams.users);
  const accounts = new Map(withTeams.accounts);
  const byName = new Map([...accounts.values()].map((one) => [`${one.source}/${one.id}`, one]));
  const resolve = (ref: TeamRef): TeamId => teamIdOf(withTeams, ref);
  let nextId = Math.max(0, ...users.keys()) + 1;
  // Identifiers in order of the subjects, as the laws compare states of plans that came in another order.
  const changes = [...changesOf(plan)].sort((a, b) => (subjectKey(a.subject) < subjectKey(b.subject) ? -1 : 1));
  for (const change of changes) {
    const before = change.subject.kind === 'user' ? users.get(change.subject.id) : undefined;
    const id = before?.id ?? asUserId(nextId++);
    const after = applyChange(before, change, {
      id,
      now: state.now,
      team: resolve,
      account: (source, external) => byName.get(`${source}/${external}`)?.key ?? never(`account ${external}`),
    });
    users.set(id, after);
    for (const link of after.links) {
      const account = accounts.get(link.account);
      if (account !== undefined) accounts.set(link.account, { ...account, userId: id });
    }
  }
  return { ...withTeams, users, accounts };
}

function applyTeams(state: State, plan: Plan): State {
  const teams = new Map(state.teams);
  const groups = new Map(state.groups);
  let nextId = Math.max(0, ...teams.keys()) + 1;
  const own = new Map<Change, TeamId>();
  const changes = plan.teamChanges.map(({ change }) => change);
  for (const change of changes) {
    const id = change.subject.kind === 'team' ? change.subject.id : asTeamId(nextId++);
    own.set(change, id);
    let team = teams.get(id) ?? { id, name: change.label, origin: plan.world.source };
    for (const part of change.parts) {
      if (part.part === 'team-created') team = { ...team, name: part.name };
      if (part.part === 'team-renamed') team = { ...team, name: part.after };
      if (part.part !== 'team-fed') continue;
      const fed = [...groups.values()].find((one) => one.source === part.source && one.id === part.group);
      if (fed === undefined) continue;
      const { teamId: _, ...rest } = fed;
      groups.set(fed.key, part.op === 'add' ? { ...rest, teamId: id } : rest);
    }
    if ([...teams.values()].some((other) => other.id !== id && foldKey(other.name) === foldKey(team.name))) {
      never(`team name ${team.name} is taken`);
    }
    teams.set(id, team);
  }
  const after = { ...state, teams, groups };
  for (const change of changes) {
    const id = own.get(change);
    const part = change.parts.find((one) => one.part === 'team-parent');
    const team = id === undefined ? undefined : teams.get(id);
    if (part?.part !== 'team-parent' || team === undefined) continue;
    const { parent: _, ...rest } = team;
    teams.set(team.id, part.after === undefined ? rest : { ...rest, parent: teamIdOf(after, part.after) });
  }
  return after;
}

function teamIdOf(state: Pick<State, 'groups'>, ref: TeamRef): TeamId {
  if (ref.id !== undefined) return ref.id;
  const feeding = [...state.groups.values()].find((one) => one.source === ref.group?.source && one.id === ref.group.id);
  return feeding?.teamId ?? never(`team ${ref.name}`);
}

function never(what: string): never {
  throw new Error(`the plan does not hold together: ${what}`);
}

export function runSource(state: State, source: SourceName, order: Order = asStored): State {
  return applyPlan(state, planRun(state, source, order));
}
