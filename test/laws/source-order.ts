// Two ends of one story that differ in the order in which sources ran, and what of them may not differ.
// History, and left out: numbers and origins, the current main team, who holds a contested name, which accounts found each other
// first, and what stays because nobody can say what it should be.

import type { MirrorAccount } from '../../src/model/account.ts';
import { canonicalJson } from '../../src/model/change.ts';
import type { SourceName, TeamId } from '../../src/model/ids.ts';
import { isPinActive, type OwnedTeam, type User } from '../../src/model/user.ts';
import { sources } from './any-policy.ts';
import { planRun, type State } from './small-sync.ts';

export interface End {
  /** By who they are: their accounts, or their name where they have none. */
  readonly users: ReadonlyMap<string, User>;
  readonly teams: ReadonlyMap<TeamId, string>;
  /** `username:user:3`: the value that it should have is somebody else's. */
  readonly contested: ReadonlySet<string>;
  readonly state: State;
}

export function endOf(state: State): End {
  const teams = new Map([...state.teams.keys()].map((id) => [id, teamOf(state, id)]));
  const contested = new Set(sources.flatMap((source) => [...planRun(state, source).refused.keys()]));
  return { users: new Map([...state.users.values()].map((user) => [whoIs(user), user])), teams, contested, state };
}

const whoIs = (user: User): string =>
  user.links.length === 0
    ? `named ${user.values.username?.value}`
    : user.links
        .map(({ account }) => account)
        .sort((a, b) => a - b)
        .join(' ');

/** A team is what feeds it; one that nothing feeds is its number, because it was there before. */
function teamOf(state: State, id: TeamId): string {
  const groups = [...state.groups.values()].filter(({ teamId }) => teamId === id).map(({ key }) => key);
  return groups.length === 0 ? `unfed ${id}` : `fed by ${groups.sort((a, b) => a - b).join(' ')}`;
}

/** The same accounts found each other, and the same groups share teams: only then are there the same users to compare. */
export function isComparable(one: End, other: End): boolean {
  const keys = (end: End): string => [...end.users.keys()].sort().join('|');
  const teams = (end: End): string => [...end.teams.values()].sort().join('|');
  return keys(one) === keys(other) && teams(one) === teams(other);
}

/** Everything of a user that the order of runs may not change. */
export function withoutHistory(end: End, user: User): Readonly<Record<string, unknown>> {
  const { state, teams } = end;
  const { username, email, ...fields } = user.values;
  const rows = (kind: 'membership' | 'grant', of: readonly OwnedTeam[]) =>
    of.filter((row) => !standsForPin(end, user, kind, row)).map(({ team, owner }) => `${teams.get(team)} by ${owner}`);
  return {
    fields,
    username: isNameHistory(end, user) ? 'history' : username,
    email: anyContested(end, 'email') ? 'history' : email,
    attributes: user.attributes.map(canonicalJson).sort(),
    enabled: user.enabled,
    memberships: rows('membership', user.memberships).sort(),
    grants: rows('grant', user.grants).sort(),
    effective: {
      memberships: [...new Set(user.memberships.map(({ team }) => teams.get(team)))].sort(),
      grants: [...new Set(user.grants.map(({ team }) => teams.get(team)))].sort(),
    },
    roles: user.roles
      .filter(({ role, owner }) => owner !== 'local' || !isPinnedIn(user, 'role', role, state))
      .map(canonicalJson)
      .sort(),
    links: user.links.map(({ account, state: link }) => `${account} ${link}`).sort(),
  };
}

/** Where one value is contested, whoever lost it may hold another one in its place, which somebody else wanted too. */
const anyContested = (end: End, kind: string): boolean => [...end.contested].some((one) => one.startsWith(`${kind}:`));

/** `rename: keep` is a promise to keep what was first. */
const isNameHistory = (end: End, user: User): boolean =>
  anyContested(end, 'username') ||
  end.state.policy.sources.some(
    ({ name, rename }) => rename === 'keep' && user.links.some(({ source }) => source === name),
  );

const isPinnedIn = (user: User, kind: string, subject: string, { now }: State): boolean =>
  user.pins.some((pin) => pin.kind === kind && pin.subject === subject && pin.mode === 'keep' && isPinActive(pin, now));

/** A `keep` pin puts a local row where there is none, which a source may have made before or makes after it. */
const standsForPin = ({ state }: End, user: User, kind: 'membership' | 'grant', { team, owner }: OwnedTeam): boolean =>
  owner === 'local' && isPinnedIn(user, kind, `${team}`, state);

export const accountsOf = (state: State, user: User): readonly MirrorAccount[] =>
  user.links.flatMap(({ account }) => state.accounts.get(account) ?? []);

export const linkedSources = (user: User): ReadonlySet<SourceName> => new Set(user.links.map(({ source }) => source));
