// What sources of a random history say: accounts and groups that come, change, swap names, go missing and return.
// Invariant: an event is a pure function of the state, and the mirror after it is what a read would have left.

import fc from 'fast-check';
import type { MirrorAccount, Presence } from '../../src/model/account.ts';
import type { MirrorGroup } from '../../src/model/group.ts';
import {
  type AccountKey,
  asAccountKey,
  asEpochMs,
  asExternalId,
  asGroupKey,
  type SourceName,
} from '../../src/model/ids.ts';
import { suspicionOf } from '../../src/reconcile/absence.ts';
import { sources } from './any-policy.ts';
import type { State } from './small-sync.ts';
import { ad, dayMs, hourMs } from './small-world.ts';

export type Event = (state: State) => State;

const perSource = 4;
export const keyOf = (source: SourceName, number: number): number => sources.indexOf(source) * 100 + number;

const reading = (...values: string[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...values) },
    { weight: 1, arbitrary: fc.constantFrom(null, undefined) },
  );

/** The account of this number is mostly this person's, in every source: so the same people are in several of them. */
const people = ['ann', 'bob', 'eve', 'carl'] as const;

const accountOf = (number: fc.Arbitrary<number>) =>
  number.chain((who) =>
    fc.record({
      source: fc.constantFrom(...sources),
      number: fc.constant(who),
      name: fc.oneof(
        { weight: 5, arbitrary: fc.constant(people[who - 1] ?? 'ann') },
        reading('ann', 'Ann', 'bob', 'eve'),
      ),
      mail: fc.oneof({ weight: 2, arbitrary: fc.constant(`${people[who - 1]}@m`) }, reading('ann@m', 'bob@m', 'ANN@M')),
      first: reading('Ann', 'Bob'),
      phone: reading('5', '6'),
      ext: reading('1', '2'),
      type: reading('1', '2'),
      status: fc.constantFrom('enabled', 'disabled', 'enabled'),
      memberOf: fc.subarray([1, 2, 3]),
      manages: fc.subarray([1, 2, 3]),
      expiresInMs: fc.option(fc.constantFrom(hourMs, 3 * dayMs), { freq: 6, nil: undefined }),
    }),
  );

export const accountGiven = accountOf(fc.integer({ min: 1, max: perSource }));

type Given = typeof accountGiven extends fc.Arbitrary<infer Value> ? Value : never;

/** The mirror after a reading: what is unread keeps what was read before. */
export function sayAccount(state: State, given: Given): State {
  const key = asAccountKey(keyOf(given.source, given.number));
  const before = state.accounts.get(key);
  const read = (['name', 'mail', 'first', 'phone', 'ext', 'type'] as const).flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [[name, value === null ? [] : [value]] as const];
  });
  const groups = (numbers: readonly number[]) => numbers.map((number) => asGroupKey(keyOf(given.source, number)));
  const said = {
    attributes: { ...before?.attributes, ...Object.fromEntries(read) },
    unread: [],
    name: given.name ?? before?.name ?? `account ${key}`,
    status: typeOf(state, given.source) === 'uccx' ? 'unknown' : given.status,
  } as const;
  const { expiresAt: _, ...kept } = before ?? { ...bareAccount(key, given.source), expiresAt: undefined };
  const expiresAt = given.expiresInMs === undefined ? {} : { expiresAt: asEpochMs(state.now + given.expiresInMs) };
  const manages = given.source === ad ? [] : groups(given.manages);
  return putAccount(
    state,
    present(state, { ...kept, ...said, ...expiresAt, memberOf: groups(given.memberOf), manages }, before),
  );
}

const typeOf = (state: State, source: SourceName) => state.policy.sources.find(({ name }) => name === source)?.type;

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

export function putAccount(state: State, account: MirrorAccount): State {
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

export const groupGiven = fc.record({
  source: fc.constantFrom(...sources),
  number: fc.integer({ min: 1, max: 3 }),
  name: fc.constantFrom('Red', 'red', 'Blue', 'Agents'),
  parents: fc.subarray([1, 2, 3], { maxLength: 2 }),
});

export function sayGroup(
  state: State,
  given: typeof groupGiven extends fc.Arbitrary<infer Value> ? Value : never,
): State {
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

/** Two accounts of one source take each other's name and address. */
function swapNames(state: State, source: SourceName, one: number, other: number): State {
  const [left, right] = [one, other].map((number) => state.accounts.get(asAccountKey(keyOf(source, number))));
  if (left === undefined || right === undefined || left === right) return state;
  const withNameOf = (account: MirrorAccount, { name, attributes }: MirrorAccount): MirrorAccount => {
    const { name: first, mail } = attributes;
    return {
      ...account,
      name,
      attributes: { ...account.attributes, ...(first && { name: first }), ...(mail && { mail }) },
    };
  };
  return putAccount(putAccount(state, withNameOf(left, right)), withNameOf(right, left));
}

export const numberOfAccount = fc.integer({ min: 1, max: perSource });

export const sourceEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...sources), numberOfAccount, numberOfAccount).map(
      ([source, one, other]): Event =>
        (state) =>
          swapNames(state, source, one, other),
    ),
  },
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
