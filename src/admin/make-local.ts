// What becomes of a user whose last account is taken away: everything that sources own becomes local, and nothing is lost.
// Invariant: a local row that is there already wins over one of a source with the same name; afterwards no plan changes the user.

import type { ChangePart } from '../model/change.ts';
import type { Owner, SourceName, TeamId } from '../model/ids.ts';
import type { Policy } from '../model/policy.ts';
import { fieldNames, type OwnedAttribute, type OwnedTeam, type OwnedValue, type User } from '../model/user.ts';
import type { StoreTx, UserRow } from '../sync/ports.ts';
import { rowOf } from './act.ts';
import { teamNames } from './find.ts';
import type { AdminContext } from './ports.ts';

export interface MadeLocal {
  /** To be saved: every value local, `activated` as `enabled` is now. */
  readonly row: UserRow;
  readonly parts: readonly ChangePart[];
}

const because = 'the last account was taken away';

/** Writes the rows beside the user's own one, which is returned. */
export async function makeLocal({ policy }: AdminContext, tx: StoreTx, user: User): Promise<MadeLocal> {
  const names = teamNames(await tx.teams());
  const own = { user: user.id } as const;
  const attributes = attributesOf(user, policy);
  await tx.userRows.setAttributes([
    ...attributes.gone.map(({ name, owner }) => ({ ...own, name, owner, value: undefined })),
    ...attributes.come.map(({ name, value }) => ({ ...own, name, owner: 'local' as const, value })),
  ]);
  const memberships = split(user.memberships, ({ team }) => team);
  await tx.userRows.removeMemberships(memberships.gone.map((row) => ({ ...own, ...row })));
  await tx.userRows.addMemberships(memberships.come.map(({ team }) => ({ ...own, team, owner: 'local' })));
  const grants = split(user.grants, ({ team }) => team);
  await tx.userRows.removeGrants(grants.gone.map((row) => ({ ...own, ...row })));
  await tx.userRows.addGrants(grants.come.map(({ team }) => ({ ...own, team, owner: 'local' })));
  const roles = split(user.roles, ({ role }) => role);
  await tx.userRows.removeRoles(roles.gone.map((row) => ({ ...own, ...row })));
  await tx.userRows.addRoles(roles.come.map(({ role }) => ({ ...own, role, owner: 'local' })));
  return {
    row: { ...rowOf(user), values: localValues(user.values), activated: user.enabled },
    parts: [
      ...fieldParts(user),
      ...attributeParts(attributes),
      ...teamParts('membership', memberships, names),
      ...teamParts('grant', grants, names),
      ...ops(roles).map(({ op, row, owner }) => ({ part: 'role' as const, op, role: row.role, owner, because })),
    ],
  };
}

/** Rows of sources, and the local ones that take their place. */
interface Split<Row> {
  readonly gone: readonly Row[];
  readonly come: readonly Row[];
}

function split<Row extends { readonly owner: Owner }>(
  rows: readonly Row[],
  keyOf: (row: Row) => string | number,
): Split<Row> {
  const gone = rows.filter((row) => row.owner !== 'local');
  const known = new Set(rows.filter((row) => row.owner === 'local').map(keyOf));
  const come = gone.filter((row) => !known.has(keyOf(row)) && known.add(keyOf(row)));
  return { gone, come };
}

/** Of several sources the one that counts now: the first in the order of the configuration. */
function attributesOf(user: User, policy: Policy): Split<OwnedAttribute> {
  const order = policy.sources.map(({ name }) => name);
  const rank = ({ owner }: OwnedAttribute): number => {
    const index = order.indexOf(owner as SourceName);
    return index < 0 ? order.length : index;
  };
  return split(
    [...user.attributes].sort((a, b) => rank(a) - rank(b)),
    ({ name }) => name,
  );
}

function localValues(values: User['values']): User['values'] {
  const local: Record<string, OwnedValue> = {};
  for (const [field, owned] of Object.entries(values)) local[field] = { value: owned.value, owner: 'local' };
  return local;
}

function fieldParts(user: User): readonly ChangePart[] {
  return fieldNames.flatMap((field): readonly ChangePart[] => {
    const before = user.values[field];
    if (before === undefined || before.owner === 'local') return [];
    return [{ part: 'field', field, before, after: { value: before.value, owner: 'local' }, rule: 'kept-local' }];
  });
}

function attributeParts({ gone, come }: Split<OwnedAttribute>): readonly ChangePart[] {
  return [
    ...gone.map(({ name, owner, value }) => ({ part: 'attribute' as const, name, owner, before: value })),
    ...come.map(({ name, value }) => ({ part: 'attribute' as const, name, owner: 'local' as const, after: value })),
  ];
}

function teamParts(
  part: 'membership' | 'grant',
  rows: Split<OwnedTeam>,
  names: ReadonlyMap<TeamId, string>,
): readonly ChangePart[] {
  return ops(rows).map(({ op, row, owner }) => {
    const team = { id: row.team, name: names.get(row.team) ?? `team ${row.team}` };
    return { part, op, team, owner, because };
  });
}

const ops = <Row extends { readonly owner: Owner }>({ gone, come }: Split<Row>) => [
  ...gone.map((row) => ({ op: 'remove' as const, row, owner: row.owner })),
  ...come.map((row) => ({ op: 'add' as const, row, owner: 'local' as const })),
];
