// Users as values that tests compare, every single thing with its owner: `Billing [uccx-main]`.

import { asUserId } from '../../src/model/ids.ts';
import type { User } from '../../src/model/user.ts';
import type { Store } from '../../src/store/open-store.ts';

export interface CentrePicture {
  readonly id: number;
  readonly enabled: boolean;
  readonly origin: string;
  readonly values: Readonly<Record<string, string>>;
  /** `extension=4711 [uccx-main]`, sorted; so are the others. */
  readonly attributes: readonly string[];
  /** `uccx-main username active`. */
  readonly links: readonly string[];
  readonly teams: readonly string[];
  readonly grants: readonly string[];
  readonly roles: readonly string[];
  readonly main: string | undefined;
}

export async function pictures(store: Store): Promise<Readonly<Record<string, CentrePicture>>> {
  const rows = await store.core.read.all<{ id: number }>('SELECT id FROM users ORDER BY id');
  const users = await store.read.users(rows.map((row) => asUserId(Number(row.id))));
  const names = new Map((await store.read.teams()).map((team) => [team.id, team.name]));
  const owned = (text: string, owner: string): string => `${text} [${owner}]`;
  const teamsOf = (teams: User['memberships']): readonly string[] =>
    teams.map(({ team, owner }) => owned(names.get(team) ?? `team ${team}`, owner)).sort();
  const pictureOf = (user: User): CentrePicture => ({
    id: user.id,
    enabled: user.enabled,
    origin: user.origin,
    values: Object.fromEntries(
      Object.entries(user.values).map(([field, { value, owner }]) => [field, owned(value, owner)]),
    ),
    attributes: user.attributes.map(({ name, value, owner }) => owned(`${name}=${value}`, owner)).sort(),
    links: user.links.map(({ source, rule, state }) => `${source} ${rule} ${state}`).sort(),
    teams: teamsOf(user.memberships),
    grants: teamsOf(user.grants),
    roles: user.roles.map(({ role, owner }) => owned(role, owner)).sort(),
    main: user.mainTeam === undefined ? undefined : names.get(user.mainTeam),
  });
  return Object.fromEntries(users.map((user) => [user.values.username?.value ?? `#${user.id}`, pictureOf(user)]));
}

/** What does not depend on the order in which sources ran: without ids, origin, links and the current main team. */
export const timeless = (
  users: Readonly<Record<string, CentrePicture>>,
): Readonly<Record<string, Omit<CentrePicture, 'id' | 'origin' | 'links' | 'main'>>> =>
  Object.fromEntries(
    Object.entries(users)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, { enabled, values, attributes, teams, grants, roles }]) => [
        name,
        { enabled, values, attributes, teams, grants, roles },
      ]),
  );
