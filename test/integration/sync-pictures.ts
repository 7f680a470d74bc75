// What is in the store, as values that tests compare: users with everything that is theirs, and a digest of every table.

import { createHash } from 'node:crypto';
import { asUserId } from '../../src/model/ids.ts';
import type { User } from '../../src/model/user.ts';
import type { Store } from '../../src/store/open-store.ts';

export interface UserPicture {
  readonly id: number;
  readonly enabled: boolean;
  readonly origin: string;
  readonly values: Readonly<Record<string, string>>;
  /** `name=value` with the owner in brackets where it is local. */
  readonly attributes: readonly string[];
  readonly links: readonly string[];
  /** Names; `(local)` behind those that a person set. */
  readonly teams: readonly string[];
  readonly main: string | undefined;
  readonly roles: readonly string[];
}

const owned = (text: string, owner: string): string => (owner === 'local' ? `${text} (local)` : text);

export async function usersOf(store: Store): Promise<Readonly<Record<string, UserPicture>>> {
  const rows = await store.core.read.all<{ id: number }>('SELECT id FROM users ORDER BY id');
  const users = await store.read.users(rows.map((row) => asUserId(Number(row.id))));
  const names = new Map((await store.read.teams()).map((team) => [team.id, team.name]));
  const pictureOf = (user: User): UserPicture => ({
    id: user.id,
    enabled: user.enabled,
    origin: user.origin,
    values: Object.fromEntries(
      Object.entries(user.values).map(([field, value]) => [field, owned(value.value, value.owner)]),
    ),
    attributes: user.attributes.map((row) => owned(`${row.name}=${row.value}`, row.owner)).sort(),
    links: user.links.map((link) => `${link.source} ${link.rule} ${link.state}`),
    teams: user.memberships.map((row) => owned(names.get(row.team) ?? `${row.team}`, row.owner)).sort(),
    main: user.mainTeam === undefined ? undefined : names.get(user.mainTeam),
    roles: user.roles.map((row) => owned(row.role, row.owner)).sort(),
  });
  return Object.fromEntries(
    users.map((user) => [user.values.username?.value.replace(/ \(local\)$/u, '') ?? `#${user.id}`, pictureOf(user)]),
  );
}

/** Table -> digest of all of its rows, in any order. */
export async function tableDigests(store: Store): Promise<Readonly<Record<string, string>>> {
  const tables = await store.core.read.all<{ name: string }>(
    store.kind === 'sqlite'
      ? `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
      : `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY table_name`,
  );
  const digests: Record<string, string> = {};
  for (const { name } of tables) {
    const rows = await store.core.read.all<object>(`SELECT * FROM ${name}`);
    const texts = rows.map((row) => JSON.stringify(row)).sort();
    digests[name] = `${texts.length} ${createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 16)}`;
  }
  return digests;
}

/** Names of the tables that differ. */
export function differingTables(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.keys({ ...before, ...after })
    .filter((table) => before[table] !== after[table])
    .sort();
}
