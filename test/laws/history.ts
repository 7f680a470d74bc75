// Random histories of a small world: what sources say, what admins do, time that passes, runs.
// The alphabets are tiny on purpose, so that names collide, accounts come back and people share an address all the time.

import fc from 'fast-check';
import type { MirrorAccount, Presence } from '../../src/model/account.ts';
import type { MirrorGroup } from '../../src/model/group.ts';
import {
  type AccountKey,
  asAccountKey,
  asEpochMs,
  asExternalId,
  asGroupKey,
  asUserId,
  type SourceName,
  type TeamId,
  type UserId,
} from '../../src/model/ids.ts';
import { foldKey } from '../../src/model/keys.ts';
import type { FieldName, Pin, User } from '../../src/model/user.ts';
import { suspicionOf } from '../../src/reconcile/absence.ts';
import { mainTeam } from '../../src/reconcile/main-team.ts';
import { compilePatterns } from '../../src/reconcile/patterns.ts';
import { runSource, type State } from './small-sync.ts';
import { ad, dayMs, hourMs, now, owned, pin, policy, row, team, ucce, uccx, user } from './small-world.ts';

export const sources: readonly SourceName[] = [ad, ucce, uccx];

export const emptyState = (over: Partial<State> = {}): State => ({
  policy: policy(),
  now,
  users: new Map(),
  accounts: new Map(),
  groups: new Map(),
  // One team that no source feeds.
  teams: new Map(
    [team(900, 'Local', { origin: 'local' }), team(901, 'Red', { origin: 'local' })].map((one) => [one.id, one]),
  ),
  ...over,
});

export type Event = (state: State) => State;

// --- what sources say -----------------------------------------------------------

const perSource = 4;
const keyOf = (source: SourceName, number: number): number => sources.indexOf(source) * 100 + number;

const reading = (...values: string[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...values) },
    { weight: 1, arbitrary: fc.constantFrom(null, undefined) },
  );

const accountGiven = fc.record({
  source: fc.constantFrom(...sources),
  number: fc.integer({ min: 1, max: perSource }),
  name: reading('ann', 'Ann', 'bob', 'eve'),
  mail: reading('x@m', 'y@m', 'X@M'),
  first: reading('Ann', 'Bob'),
  ext: reading('1', '2'),
  type: reading('1', '2'),
  status: fc.constantFrom('enabled', 'disabled', 'enabled'),
  memberOf: fc.subarray([1, 2, 3]),
  manages: fc.subarray([1, 2, 3], { maxLength: 1 }),
  expiresInMs: fc.option(fc.constantFrom(hourMs, 3 * dayMs), { freq: 6, nil: undefined }),
});

type Given = typeof accountGiven extends fc.Arbitrary<infer Value> ? Value : never;

/** The mirror after a reading: what is unread keeps what was read before. */
function sayAccount(state: State, given: Given): State {
  const key = asAccountKey(keyOf(given.source, given.number));
  const before = state.accounts.get(key);
  const read = (['name', 'mail', 'first', 'ext', 'type'] as const).flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [[name, value === null ? [] : [value]] as const];
  });
  const groups = (numbers: readonly number[]) => numbers.map((number) => asGroupKey(keyOf(given.source, number)));
  const said = {
    attributes: { ...before?.attributes, ...Object.fromEntries(read) },
    unread: [],
    name: given.name ?? before?.name ?? `account ${key}`,
    status: given.source === uccx ? 'unknown' : given.status,
  } as const;
  const { expiresAt: _, ...kept } = before ?? { ...bareAccount(key, given.source), expiresAt: undefined };
  const expiresAt = given.expiresInMs === undefined ? {} : { expiresAt: asEpochMs(state.now + given.expiresInMs) };
  const manages = given.source === ad ? [] : groups(given.manages);
  return putAccount(
    state,
    present(state, { ...kept, ...said, ...expiresAt, memberOf: groups(given.memberOf), manages }, before),
  );
}

const bareAccount = (key: AccountKey, source: SourceName): MirrorAccount => ({
  key,
  source,
  id: asExternalId(`id-${String(key).padStart(3, '0')}`),
  name: '',
  status: 'enabled',
  attributes: {},
  unread: [],
  presence: { state: 'present' },
  memberOf: [],
  manages: [],
});

/** A record that a read shows is present, and doubtful if the rules say so. */
function present(state: State, account: MirrorAccount, before: MirrorAccount | undefined): MirrorAccount {
  const source = state.policy.sources.find(({ name }) => name === account.source);
  if (source === undefined || before === undefined) return { ...account, presence: { state: 'present' } };
  const { presence } = before;
  const known = {
    presence: presence.state,
    isLinked: before.userId !== undefined,
    account: before,
    ...('since' in presence && { presenceSince: presence.since }),
  };
  const quarantine = suspicionOf(source, known, account, state.now) ?? before.quarantine;
  return { ...account, presence: { state: 'present' }, ...(quarantine && { quarantine }) };
}

function putAccount(state: State, account: MirrorAccount): State {
  return { ...state, accounts: new Map(state.accounts).set(account.key, account) };
}

const accountPlace = fc.record({
  source: fc.constantFrom(...sources),
  number: fc.integer({ min: 1, max: perSource }),
  presence: fc.constantFrom('present', 'missing', 'absent', 'out-of-scope'),
});

export function moveAccount(state: State, key: AccountKey, presence: Presence['state']): State {
  const before = state.accounts.get(key);
  if (before === undefined || before.presence.state === presence) return state;
  if (presence === 'present') return putAccount(state, present(state, before, before));
  return putAccount(state, { ...before, presence: goneTo(state, presence) });
}

function goneTo(state: State, presence: Exclude<Presence['state'], 'present'>): Presence {
  if (presence === 'missing') return { state: 'missing', since: state.now, suspect: undefined };
  return { state: presence, since: state.now, confirmedReads: 1, evidence: 'said so', suspect: undefined };
}

const groupGiven = fc.record({
  source: fc.constantFrom(...sources),
  number: fc.integer({ min: 1, max: 3 }),
  name: fc.constantFrom('Red', 'red', 'Blue', 'Agents'),
  parents: fc.subarray([1, 2, 3], { maxLength: 2 }),
});

function sayGroup(state: State, given: typeof groupGiven extends fc.Arbitrary<infer Value> ? Value : never): State {
  const key = asGroupKey(keyOf(given.source, given.number));
  const before = state.groups.get(key);
  const group: MirrorGroup = {
    key,
    source: given.source,
    id: asExternalId(`group-${key}`),
    attributes: {},
    ...(before?.teamId !== undefined && { teamId: before.teamId }),
    name: given.name,
    presence: { state: 'present' },
    parents: given.parents.map((number) => asGroupKey(keyOf(given.source, number))),
  };
  return { ...state, groups: new Map(state.groups).set(key, group) };
}

function moveGroup(state: State, source: SourceName, number: number, presence: Presence['state']): State {
  const key = asGroupKey(keyOf(source, number));
  const before = state.groups.get(key);
  if (before === undefined) return state;
  const moved = { ...before, presence: presence === 'present' ? { state: presence } : goneTo(state, presence) };
  return { ...state, groups: new Map(state.groups).set(key, moved) };
}

export const sourceEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: accountGiven.map(
      (given): Event =>
        (state) =>
          sayAccount(state, given),
    ),
  },
  {
    weight: 3,
    arbitrary: accountPlace.map(
      ({ source, number, presence }): Event =>
        (state) =>
          moveAccount(state, asAccountKey(keyOf(source, number)), presence),
    ),
  },
  {
    weight: 3,
    arbitrary: groupGiven.map(
      (given): Event =>
        (state) =>
          sayGroup(state, given),
    ),
  },
  {
    weight: 1,
    arbitrary: accountPlace.map(
      ({ source, number, presence }): Event =>
        (state) =>
          moveGroup(state, source, number, presence),
    ),
  },
);

// --- what admins do ---------------------------------------------------------------

type Edit = (user: User, state: State) => User;

const onUser = (edit: Edit): fc.Arbitrary<Event> =>
  fc.integer({ min: 1, max: 6 }).map(
    (number): Event =>
      (state) => {
        const before = state.users.get(asUserId(number));
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

const addUser = fc.constantFrom('ann', 'bob', 'carl').map(
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

export const adminEvent: fc.Arbitrary<Event> = fc.oneof(
  addUser,
  pinEvent,
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

export const runEvent: fc.Arbitrary<Event> = fc.constantFrom(...sources).map(
  (source): Event =>
    (state) =>
      runSource(state, source),
);

export const timeEvent: fc.Arbitrary<Event> = fc.constantFrom(hourMs, dayMs, 40 * dayMs).map(
  (ms): Event =>
    (state) => ({ ...state, now: asEpochMs(state.now + ms) }),
);

export const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: sourceEvent },
  { weight: 3, arbitrary: adminEvent },
  { weight: 5, arbitrary: runEvent },
  { weight: 1, arbitrary: timeEvent },
);

export const happen = (state: State, events: readonly Event[]): State =>
  events.reduce((before, event) => event(before), state);

/**
 * A state after a random history. `size: max`, because the arrays that fast-check prefers are too short for anything to happen:
 * people must be there before they can collide, go and come back.
 */
export const history = (event: fc.Arbitrary<Event> = anyEvent, maxLength = 60): fc.Arbitrary<State> =>
  fc
    .tuple(
      fc.array(sourceEvent, { maxLength: 12, size: 'max' }),
      fc.array(adminEvent, { maxLength: 4, size: 'max' }),
      fc.array(event, { maxLength, size: 'max' }),
    )
    .map((phases) => happen(emptyState(), phases.flat()));

/** Runs every source until none of them has anything left to do; at most as often as anybody would accept. */
export function settle(state: State): State {
  let settled = state;
  for (let round = 0; round < 4; round += 1) for (const source of sources) settled = runSource(settled, source);
  return settled;
}
