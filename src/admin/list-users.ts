// Users as lists and pages show them: the stored facts with names instead of numbers.

import type { EpochMs, Owner, SourceName, TeamId, UserId } from '../model/ids.ts';
import type { Policy } from '../model/policy.ts';
import { type AdminHold, isSyncOff, type SyncOff, type User } from '../model/user.ts';
import { findRole, findTeam, teamNames, usernameOf } from './find.ts';
import type { AdminContext, UserFilter } from './ports.ts';
import { requireSource } from './require-source.ts';

export interface UserListRequest {
  readonly search?: string;
  readonly team?: string;
  readonly role?: string;
  /** Name of a source, or `local` for users without any account. */
  readonly source?: string;
  readonly enabled?: boolean;
  readonly sync?: 'on' | 'off';
  readonly after?: string;
  readonly limit: number;
}

export interface UserSummary {
  readonly id: UserId;
  readonly username: string;
  readonly displayName?: string;
  readonly email?: string;
  readonly origin: Owner;
  readonly enabled: boolean;
  readonly adminHold?: AdminHold;
  /** Only while the switch is off. */
  readonly syncOff?: SyncOff;
  readonly sources: readonly SourceName[];
  readonly mainTeam?: string;
  readonly teams: readonly string[];
  readonly roles: readonly string[];
}

export interface UserList {
  readonly users: readonly UserSummary[];
  /** All that the filter takes, on every page. */
  readonly total: number;
  readonly next?: string;
}

export async function listUsers(context: AdminContext, request: UserListRequest): Promise<UserList> {
  const now = context.now();
  const teams = await context.store.read.teams();
  const filter: UserFilter = {
    ...(request.search === undefined ? {} : { search: request.search }),
    ...(request.team === undefined ? {} : { team: findTeam(teams, request.team).id }),
    ...(request.role === undefined ? {} : { role: findRole(context.policy.roles, request.role) }),
    ...(request.source === undefined ? {} : { source: sourceOf(context.policy, request.source) }),
    ...(request.enabled === undefined ? {} : { enabled: request.enabled }),
    ...(request.sync === undefined ? {} : { sync: { is: request.sync, now } }),
  };
  const page = await context.reads.userIds(filter, {
    limit: request.limit,
    ...(request.after === undefined ? {} : { after: request.after }),
  });
  const total = await context.reads.countUsers(filter);
  const byId = new Map((await context.store.read.users(page.ids)).map((user) => [user.id, user]));
  const names = teamNames(teams);
  return {
    users: page.ids.flatMap((id) => byId.get(id) ?? []).map((user) => summarise(user, names, now)),
    total,
    ...(page.next === undefined ? {} : { next: page.next }),
  };
}

const sourceOf = (policy: Policy, name: string): SourceName | 'local' =>
  name === 'local'
    ? 'local'
    : requireSource(
        policy.sources.map((source) => source.name),
        name,
      );

export function summarise(user: User, names: ReadonlyMap<TeamId, string>, now: EpochMs): UserSummary {
  const teamName = (id: TeamId): string => names.get(id) ?? `team:${id}`;
  const { displayName, email } = user.values;
  return {
    id: user.id,
    username: usernameOf(user),
    ...(displayName === undefined ? {} : { displayName: displayName.value }),
    ...(email === undefined ? {} : { email: email.value }),
    origin: user.origin,
    enabled: user.enabled,
    ...(user.adminHold === undefined ? {} : { adminHold: user.adminHold }),
    ...(user.syncOff !== undefined && isSyncOff(user, now) ? { syncOff: user.syncOff } : {}),
    sources: [...new Set(user.links.map((link) => link.source))].sort(),
    ...(user.mainTeam === undefined ? {} : { mainTeam: teamName(user.mainTeam) }),
    teams: [...new Set(user.memberships.map((row) => teamName(row.team)))].sort(),
    roles: [...new Set(user.roles.map((row) => row.role))].sort(),
  };
}
