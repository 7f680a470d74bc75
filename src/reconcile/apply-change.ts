// The one meaning of a change's parts: what a user is after them, and whether they still fit the present state.
// Invariant: applying a change never touches anything that no part names, so nobody's access changes without a part.

import type { Change, TeamRef, UserChangePart } from '../model/change.ts';
import type { AccountKey, EpochMs, ExternalId, Owner, SourceName, TeamId, UserId } from '../model/ids.ts';
import type { OwnedRole, OwnedTeam, User } from '../model/user.ts';
import { isSameValue } from './fields.ts';

/** How names in a change become numbers. */
export interface ApplyContext {
  /** Of the user, also of one that the change creates. */
  readonly id: UserId;
  readonly now: EpochMs;
  readonly team: (ref: TeamRef) => TeamId;
  readonly account: (source: SourceName, id: ExternalId) => AccountKey;
}

/** The user after the change; undefined for a user that the change creates. Rows come out in a fixed order. */
export function applyChange(user: User | undefined, change: Change, context: ApplyContext): User {
  let after = user ?? emptyUser(context.id);
  for (const part of change.parts) {
    if (isUserPart(part)) after = applyPart(after, part, context);
  }
  return {
    ...after,
    attributes: [...after.attributes].sort((a, b) => compare(a.name, b.name) || compare(a.owner, b.owner)),
    memberships: [...after.memberships].sort(compareTeams),
    grants: [...after.grants].sort(compareTeams),
    roles: [...after.roles].sort((a, b) => compare(a.role, b.role) || compare(a.owner, b.owner)),
  };
}

function isUserPart(part: Change['parts'][number]): part is UserChangePart {
  return !part.part.startsWith('team-');
}

function emptyUser(id: UserId): User {
  return {
    id,
    origin: 'local',
    values: {},
    attributes: [],
    enabled: false,
    activated: false,
    links: [],
    memberships: [],
    grants: [],
    roles: [],
    pins: [],
  };
}

function applyPart(user: User, part: UserChangePart, context: ApplyContext): User {
  switch (part.part) {
    case 'created':
      return { ...user, origin: part.origin };
    case 'linked':
    case 'link-state':
      return { ...user, links: linksAfter(user, part, context) };
    case 'field': {
      const { [part.field]: _, ...others } = user.values;
      return { ...user, values: part.after === undefined ? others : { ...others, [part.field]: part.after } };
    }
    case 'attribute': {
      const others = user.attributes.filter((row) => row.name !== part.name || row.owner !== part.owner);
      const row = part.after === undefined ? [] : [{ name: part.name, owner: part.owner, value: part.after }];
      return { ...user, attributes: [...others, ...row] };
    }
    case 'enabled':
      return { ...user, enabled: part.after };
    case 'membership':
      return { ...user, memberships: teamsAfter(user.memberships, part, context) };
    case 'grant':
      return { ...user, grants: teamsAfter(user.grants, part, context) };
    case 'role':
      return { ...user, roles: rolesAfter(user.roles, part) };
    case 'main-team': {
      const { mainTeam: _, ...others } = user;
      return part.after === undefined ? others : { ...others, mainTeam: context.team(part.after) };
    }
    default:
      return part satisfies never;
  }
}

function linksAfter(
  user: User,
  part: Extract<UserChangePart, { readonly part: 'linked' | 'link-state' }>,
  context: ApplyContext,
): User['links'] {
  const account = context.account(part.source, part.account);
  if (part.part === 'link-state') {
    return user.links.map((link) => (link.account === account ? { ...link, state: part.after } : link));
  }
  const link = { source: part.source, account, state: 'active', rule: part.rule, since: context.now } as const;
  return [...user.links.filter((other) => other.account !== account), link];
}

function teamsAfter(
  rows: readonly OwnedTeam[],
  part: Extract<UserChangePart, { readonly part: 'membership' | 'grant' }>,
  context: ApplyContext,
): readonly OwnedTeam[] {
  const team = context.team(part.team);
  const others = rows.filter((row) => row.team !== team || row.owner !== part.owner);
  return part.op === 'add' ? [...others, { team, owner: part.owner }] : others;
}

function rolesAfter(
  rows: readonly OwnedRole[],
  part: Extract<UserChangePart, { readonly part: 'role' }>,
): readonly OwnedRole[] {
  const others = rows.filter((row) => row.role !== part.role || row.owner !== part.owner);
  return part.op === 'add' ? [...others, { role: part.role, owner: part.owner }] : others;
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
const compareTeams = (a: OwnedTeam, b: OwnedTeam): number => a.team - b.team || compare(a.owner, b.owner);

/** Where a part finds the user: still as it was planned on, already as it wants it, or neither. */
type Fit = 'before' | 'after' | 'other';

/**
 *   every part finds                              | verdict
 *   what it wants already                         | obsolete
 *   what it was planned on                        | apply
 *   anything else, or a mixture                   | conflict: the plan is made again
 *
 * `account` finds the key of an account that a part names; without it a link is looked for by its source.
 */
export function recheck(
  change: Change,
  user: User | undefined,
  account?: ApplyContext['account'],
): 'apply' | 'obsolete' | 'conflict' {
  const isCreation = change.subject.kind === 'account';
  if (user === undefined) return isCreation ? 'apply' : 'conflict';
  const fits = change.parts.filter(isUserPart).map((part) => fitOf(part, user, account));
  if (fits.every((fit) => fit === 'after')) return 'obsolete';
  return !isCreation && fits.every((fit) => fit === 'before') ? 'apply' : 'conflict';
}

function fitOf(part: UserChangePart, user: User, account: ApplyContext['account'] | undefined): Fit {
  switch (part.part) {
    case 'created':
      return 'after';
    case 'linked':
      return linkOf(part, user, account) === undefined ? 'before' : 'after';
    case 'link-state':
      return fitValue(linkOf(part, user, account)?.state, part.before, part.after);
    case 'field': {
      const present = user.values[part.field];
      if (isSameValue(present, part.before)) return 'before';
      return isSameValue(present, part.after) ? 'after' : 'other';
    }
    case 'attribute': {
      const row = user.attributes.find((one) => one.name === part.name && one.owner === part.owner);
      return fitValue(row?.value, part.before, part.after);
    }
    case 'enabled':
      return fitValue(user.enabled, part.before, part.after);
    case 'membership':
      return fitRow(part.op, hasTeam(user.memberships, part.team, part.owner));
    case 'grant':
      return fitRow(part.op, hasTeam(user.grants, part.team, part.owner));
    case 'role': {
      const found = user.roles.some((row) => row.role === part.role && row.owner === part.owner);
      return fitRow(part.op, found ? 'there' : 'not there');
    }
    case 'main-team':
      return fitMainTeam(part, user);
    default:
      return part satisfies never;
  }
}

function fitValue<Value>(present: Value, before: Value, after: Value): Fit {
  if (present === before) return 'before';
  return present === after ? 'after' : 'other';
}

function fitRow(op: 'add' | 'remove', row: 'there' | 'not there'): Fit {
  return (op === 'remove') === (row === 'there') ? 'before' : 'after';
}

/** A team that had no number when the plan was made is judged by its rows, which could not be there then. */
function hasTeam(rows: readonly OwnedTeam[], team: TeamRef, owner: Owner): 'there' | 'not there' {
  const found = rows.some((row) => row.team === team.id && row.owner === owner);
  return team.id !== undefined && found ? 'there' : 'not there';
}

function fitMainTeam(part: Extract<UserChangePart, { readonly part: 'main-team' }>, user: User): Fit {
  if (user.mainTeam === part.before?.id) return 'before';
  const isNewTeam = part.after !== undefined && part.after.id === undefined;
  return !isNewTeam && user.mainTeam === part.after?.id ? 'after' : 'other';
}

function linkOf(
  part: Extract<UserChangePart, { readonly part: 'linked' | 'link-state' }>,
  user: User,
  account: ApplyContext['account'] | undefined,
): User['links'][number] | undefined {
  const key = account?.(part.source, part.account);
  return user.links.find((link) => (key === undefined ? link.source === part.source : link.account === key));
}
