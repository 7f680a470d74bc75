// The difference between a user as stored and as it shall be, as rows. Set-based: a batch is a handful of statements.

import type { AccountKey, UserId } from '../model/ids.ts';
import type { Link, User } from '../model/user.ts';
import type { StoreTx, TeamRow, UserRow } from './ports.ts';

export interface UserPair {
  /** Absent for a new user. */
  readonly before: User | undefined;
  readonly after: User;
}

function rowOf(user: User): UserRow {
  const { id, origin, values, enabled, activated, adminHold, syncOff, mainTeam } = user;
  return {
    id,
    origin,
    values,
    enabled,
    activated,
    ...(adminHold === undefined ? {} : { adminHold }),
    ...(syncOff === undefined ? {} : { syncOff }),
    ...(mainTeam === undefined ? {} : { mainTeam }),
  };
}

/** What `after` has and `before` lacks, by key. */
function gained<T>(before: readonly T[], after: readonly T[], keyOf: (item: T) => string): T[] {
  if (after.length === 0) return [];
  const had = new Set(before.map(keyOf));
  return after.filter((item) => !had.has(keyOf(item)));
}

function teamRows(
  pairs: readonly UserPair[],
  which: 'memberships' | 'grants',
  direction: 'added' | 'removed',
): TeamRow[] {
  const keyOf = (row: { team: number; owner: string }): string => `${row.team}/${row.owner}`;
  return pairs.flatMap(({ before, after }) => {
    const [from, to] =
      direction === 'added' ? [before?.[which] ?? [], after[which]] : [after[which], before?.[which] ?? []];
    return gained(from, to, keyOf).map((row) => ({ user: after.id, team: row.team, owner: row.owner }));
  });
}

function roleRows(
  pairs: readonly UserPair[],
  direction: 'added' | 'removed',
): { user: UserId; role: string; owner: User['roles'][number]['owner'] }[] {
  const keyOf = (row: { role: string; owner: string }): string => `${row.owner}/${row.role}`;
  return pairs.flatMap(({ before, after }) => {
    const [from, to] = direction === 'added' ? [before?.roles ?? [], after.roles] : [after.roles, before?.roles ?? []];
    return gained(from, to, keyOf).map((row) => ({ user: after.id, role: row.role, owner: row.owner }));
  });
}

function attributeRows(pairs: readonly UserPair[]): Parameters<StoreTx['userRows']['setAttributes']>[0] {
  const keyOf = (row: { name: string; owner: string }): string => `${row.owner}/${row.name}`;
  return pairs.flatMap(({ before, after }) => {
    const set = gained(before?.attributes ?? [], after.attributes, (row) => `${keyOf(row)}=${row.value}`);
    const unset = gained(after.attributes, before?.attributes ?? [], keyOf);
    return [
      ...set.map((row) => ({ user: after.id, name: row.name, owner: row.owner, value: row.value })),
      ...unset.map((row) => ({ user: after.id, name: row.name, owner: row.owner, value: undefined })),
    ];
  });
}

export async function writeUsers(tx: StoreTx, pairs: readonly UserPair[]): Promise<void> {
  const { userRows } = tx;
  await userRows.save(
    pairs
      .filter((pair) => pair.before !== undefined && isRowChanged(pair.before, pair.after))
      .map((pair) => rowOf(pair.after)),
  );
  // After the others: a new user may take a name that one of them gives up, never the other way round.
  await userRows.create(pairs.filter((pair) => pair.before === undefined).map((pair) => rowOf(pair.after)));
  const links: (Link & { user: UserId })[] = [];
  const states: { account: AccountKey; state: Link['state'] }[] = [];
  for (const { before, after } of pairs) {
    const known = new Map((before?.links ?? []).map((link) => [link.account, link.state]));
    for (const link of after.links) {
      const state = known.get(link.account);
      if (state === undefined) links.push({ ...link, user: after.id });
      else if (state !== link.state) states.push({ account: link.account, state: link.state });
    }
  }
  await userRows.addLinks(links);
  await userRows.setLinkState(states);
  await userRows.removeMemberships(teamRows(pairs, 'memberships', 'removed'));
  await userRows.addMemberships(teamRows(pairs, 'memberships', 'added'));
  await userRows.removeGrants(teamRows(pairs, 'grants', 'removed'));
  await userRows.addGrants(teamRows(pairs, 'grants', 'added'));
  await userRows.removeRoles(roleRows(pairs, 'removed'));
  await userRows.addRoles(roleRows(pairs, 'added'));
  await userRows.setAttributes(attributeRows(pairs));
}

function isRowChanged(before: User, after: User): boolean {
  return (
    before.values !== after.values ||
    before.enabled !== after.enabled ||
    before.mainTeam !== after.mainTeam ||
    before.activated !== after.activated
  );
}
