// How a person names a user, team, role or source, and what it is found as. Unknown names say which known one is nearest.

import { RosterdError } from '../model/errors.ts';
import { asUserId, type TeamId, type UserId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { RoleCatalogue } from '../model/policy.ts';
import type { Team } from '../model/team.ts';
import type { User } from '../model/user.ts';
import type { PlanReader } from '../sync/ports.ts';

/** What is needed to find a user: the store's reader, or an open transaction. */
export type UserFinder = Pick<PlanReader, 'users' | 'holders'>;

/** Largest number that a user can have (32-bit column). */
const largestId = 2_147_483_647;

function numberIn(ref: string): UserId | undefined {
  const found = /^(?:user:)?(\d{1,10})$/u.exec(ref.trim());
  const id = found === null ? undefined : Number(found[1]);
  return id === undefined || id < 1 || id > largestId ? undefined : asUserId(id);
}

/**
 * By username in any case, or by number. A username of digits only may be the number of somebody else:
 * then both are meant, and only `user:12` is taken as the number.
 */
export async function findUser(reader: UserFinder, ref: string): Promise<User> {
  const isNumberOnly = ref.trim().startsWith('user:');
  const number = numberIn(ref);
  const key = foldKey(ref);
  const byName = isNumberOnly ? undefined : (await reader.holders('username', [key])).get(key);
  const ids = [...new Set([number, byName].filter((id) => id !== undefined))];
  const found = ids.length === 0 ? [] : await reader.users(ids);
  const [first, second] = found;
  if (first === undefined) throw new RosterdError('user-unknown', `No user "${ref}".`, { subject: ref });
  if (second !== undefined) {
    const choices = found.map((user) => `user:${user.id} (${usernameOf(user)})`);
    throw new RosterdError('user-ambiguous', `"${ref}" is the number of one user and the username of another.`, {
      subject: ref,
      detail: { choices },
    });
  }
  return first;
}

export const usernameOf = (user: Pick<User, 'id' | 'values'>): string =>
  user.values.username?.value ?? `user:${user.id}`;

/** By name in any case, or `team:12`. */
export function findTeam(teams: readonly Team[], ref: string): Team {
  const key = foldKey(ref);
  const number = /^team:(\d{1,10})$/u.exec(ref.trim())?.[1];
  const found = teams.find((team) => (number === undefined ? foldKey(team.name) === key : team.id === Number(number)));
  if (found !== undefined) return found;
  const nearest = nearestName(
    ref,
    teams.map((team) => team.name),
  );
  throw new RosterdError(
    'team-unknown',
    `No team "${ref}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    {
      subject: ref,
      ...(nearest === undefined ? {} : { detail: { nearest } }),
    },
  );
}

export function findRole(roles: RoleCatalogue, ref: string): string {
  const key = foldKey(ref);
  const names = Object.keys(roles);
  const found = names.find((name) => foldKey(name) === key);
  if (found !== undefined) return found;
  const nearest = nearestName(ref, names);
  throw new RosterdError(
    'role-unknown',
    `No role "${ref}" in the catalogue.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    {
      subject: ref,
      ...(nearest === undefined ? {} : { detail: { nearest } }),
    },
  );
}

export const teamNames = (teams: readonly Team[]): ReadonlyMap<TeamId, string> =>
  new Map(teams.map((team) => [team.id, team.name]));

/** The known name with the fewest edits, when few enough to be a slip of the fingers; a known beginning counts as near. */
export function nearestName(wanted: string, known: readonly string[]): string | undefined {
  const key = foldKey(wanted);
  if (key === '') return undefined;
  const limit = Math.max(1, Math.floor(key.length / 3));
  let best: { readonly name: string; readonly edits: number } | undefined;
  for (const name of known) {
    const folded = foldKey(name);
    const edits = folded.startsWith(key) ? 1 : editDistance(key, folded, limit);
    if (edits <= limit && edits < (best?.edits ?? Number.POSITIVE_INFINITY)) best = { name, edits };
  }
  return best?.name;
}

/** Levenshtein distance; anything beyond `limit` is only known to be beyond it. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
