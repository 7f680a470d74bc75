// What admins of a random history do: users, pins, teams, grants, roles, holds, the sync switch, links by hand.
// Invariant: an event leaves a user as the API would: exactly one main team, unique names.

import fc from 'fast-check';
import { asAccountKey, asEpochMs, asUserId, type TeamId, type UserId } from '../../src/model/ids.ts';
import { foldKey } from '../../src/model/keys.ts';
import type { FieldName, Pin, User } from '../../src/model/user.ts';
import { mainTeam } from '../../src/reconcile/main-team.ts';
import { compilePatterns } from '../../src/reconcile/patterns.ts';
import { sources } from './any-policy.ts';
import type { State } from './small-sync.ts';
import { dayMs, hourMs, now, owned, pin, row, user } from './small-world.ts';
import { type Event, keyOf, numberOfAccount, putAccount } from './source-events.ts';

type Edit = (user: User, state: State) => User;

const onUser = (edit: Edit): fc.Arbitrary<Event> =>
  fc.nat(30).map(
    (number): Event =>
      (state) => {
        const before = [...state.users.values()][number % Math.max(1, state.users.size)];
        return before === undefined ? state : putUser(state, edit(before, state));
      },
  );

const putUser = (state: State, after: User): State => ({ ...state, users: new Map(state.users).set(after.id, after) });

const isTaken = (state: State, field: FieldName, value: string, but: UserId): boolean =>
  [...state.users.values()].some(
    (other) => other.id !== but && foldKey(other.values[field]?.value ?? '') === foldKey(value),
  );

/** As the API does it: the same function for the main team, the same uniqueness. */
function addTeam(before: User, state: State, id: TeamId): User {
  const memberships = [
    ...before.memberships.filter((one) => one.team !== id || one.owner !== 'local'),
    row(id, 'local'),
  ];
  const membersAfter = [...new Set(memberships.map((one) => one.team))].map((one) => ({
    team: one,
    name: state.teams.get(one)?.name ?? '',
    owners: memberships.filter((other) => other.team === one).map(({ owner }) => owner),
  }));
  const { rank, ineligible } = state.policy.mainTeam;
  const rules = { rank, ineligible: compilePatterns(ineligible) };
  const { team: main } = mainTeam({ current: before.mainTeam, membersAfter, ...rules });
  return { ...before, memberships, ...(main !== undefined && { mainTeam: main }) };
}

const anyTeam = (state: State, pick: number): TeamId => [...state.teams.keys()][pick % state.teams.size] as TeamId;

const addUser = fc.constantFrom('ann', 'bob', 'dora').map(
  (name): Event =>
    (state) => {
      const id = asUserId(Math.max(0, ...state.users.keys()) + 1);
      if (isTaken(state, 'username', name, id)) return state;
      return putUser(state, user(id, { values: owned('local', { username: name }), activated: false, enabled: false }));
    },
);

const setPin = (before: User, added: Pin): User => ({
  ...before,
  pins: [...before.pins.filter((one) => one.kind !== added.kind || one.subject !== added.subject), added],
});

const pinEvent = fc
  .tuple(
    fc.constantFrom('membership', 'grant', 'role', 'field', 'enabled', 'main-team'),
    fc.constantFrom('keep', 'keep-out'),
    fc.nat(5),
    fc.option(fc.constantFrom(hourMs, dayMs), { nil: undefined }),
  )
  .chain(([kind, mode, pick, forMs]) =>
    onUser((before, state) => {
      const until = forMs === undefined ? {} : { until: asEpochMs(state.now + forMs) };
      const team = anyTeam(state, pick);
      const subject = {
        membership: `${team}`,
        grant: `${team}`,
        role: 'AGENT',
        field: 'firstName',
        enabled: '-',
        'main-team': '-',
      }[kind];
      const value = { field: 'Pinned', enabled: `${pick % 2 === 0}`, 'main-team': `${team}` }[kind as string];
      return setPin(before, pin(kind, subject, { ...(value ? { value } : { mode }), ...until }));
    }),
  );

/** As `user link` does it: by hand any free account goes to any user. */
const linkByHand = fc.tuple(fc.constantFrom(...sources), numberOfAccount, fc.nat(30)).map(
  ([source, number, pick]): Event =>
    (state) => {
      const { quarantine: _, ...account } = state.accounts.get(asAccountKey(keyOf(source, number))) ?? {};
      const before = [...state.users.values()][pick % Math.max(1, state.users.size)];
      if (!('key' in account) || account.userId !== undefined || before === undefined) return state;
      const link = { source, account: account.key, state: 'active', rule: 'manual', since: state.now } as const;
      const linked = putAccount(state, { ...account, userId: before.id });
      return putUser(linked, { ...before, links: [...before.links, link] });
    },
);

export const adminEvent: fc.Arbitrary<Event> = fc.oneof(
  addUser,
  { weight: 3, arbitrary: pinEvent },
  linkByHand,
  fc.nat(5).chain((pick) => onUser((before, state) => addTeam(before, state, anyTeam(state, pick)))),
  fc.nat(5).chain((pick) =>
    onUser((before, state) => {
      const team = anyTeam(state, pick);
      return {
        ...before,
        grants: [...before.grants.filter((one) => one.team !== team || one.owner !== 'local'), row(team, 'local')],
      };
    }),
  ),
  onUser((before) => ({
    ...before,
    roles: [
      ...before.roles.filter(({ role, owner }) => role !== 'SUPERVISOR' || owner !== 'local'),
      { role: 'SUPERVISOR', owner: 'local' },
    ],
  })),
  // Protected by it: no rule links such a user.
  onUser((before) => ({
    ...before,
    roles: before.roles.some(({ role }) => role === 'ADMIN')
      ? before.roles
      : [...before.roles, { role: 'ADMIN', owner: 'local' }],
  })),
  onUser((before) => ({
    ...before,
    attributes: [
      ...before.attributes.filter(({ name, owner }) => name !== 'extension' || owner !== 'local'),
      { name: 'extension', value: '99', owner: 'local' },
    ],
  })),
  onUser((before) =>
    before.values.phone === undefined
      ? { ...before, values: { ...before.values, phone: { value: '5', owner: 'local' } } }
      : before,
  ),
  onUser((before) => ({ ...before, adminHold: { by: 'admin', reason: 'left', since: now } })),
  onUser(({ adminHold: _, ...before }) => before),
  onUser((before) => ({ ...before, syncOff: { by: 'admin', reason: 'trial', since: now } })),
  onUser(({ syncOff: _, ...before }) => before),
);
