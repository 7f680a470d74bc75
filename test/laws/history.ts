// Random histories of a small world: what sources say, what admins do, time that passes, runs.
// The alphabets are tiny on purpose, so that names collide, accounts come back and people share an address all the time.

import fc from 'fast-check';
import { asEpochMs, type SourceName } from '../../src/model/ids.ts';
import { adminEvent } from './admin-events.ts';
import { anyPolicy, sources } from './any-policy.ts';
import { runSource, type State } from './small-sync.ts';
import { dayMs, hourMs, now, policy, team } from './small-world.ts';
import { accountGiven, type Event, groupGiven, sayAccount, sayGroup, sourceEvent } from './source-events.ts';

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

/** Most of the people are in most of the sources, in groups of which some share a name. */
const office: fc.Arbitrary<readonly Event[]> = fc
  .tuple(
    fc.array(groupGiven, { minLength: 4, maxLength: 12, size: 'max' }),
    fc.array(accountGiven, { minLength: 4, maxLength: 16, size: 'max' }),
  )
  .map(([groups, accounts]) => [
    ...groups.map(
      (given): Event =>
        (state) =>
          sayGroup(state, given),
    ),
    ...accounts.map(
      (given): Event =>
        (state) =>
          sayAccount(state, given),
    ),
  ]);

const anyRuns = fc.array(runEvent, { maxLength: 8, size: 'max' });

/**
 * A state after a random history: an office, runs, what happens then, and news that no run has taken yet. `size: max`, because the
 * arrays that fast-check prefers are too short for anything to happen. What it comes to is counted in reach.test.ts.
 */
export const history = (policies = anyPolicy, event: fc.Arbitrary<Event> = anyEvent): fc.Arbitrary<State> =>
  fc
    .tuple(
      policies,
      fc.array(adminEvent, { maxLength: 4, size: 'max' }),
      office,
      anyRuns,
      fc.array(event, { maxLength: 40, size: 'max' }),
      fc.array(fc.oneof({ weight: 3, arbitrary: sourceEvent }, { weight: 2, arbitrary: adminEvent }), {
        maxLength: 10,
        size: 'max',
      }),
    )
    .map(([policy, ...phases]) => happen(emptyState({ policy }), phases.flat()));

/** Runs every source until none of them has anything left to do; at most as often as anybody would accept. */
export function settle(state: State, order: readonly SourceName[] = sources): State {
  let settled = state;
  for (let round = 0; round < 4; round += 1) for (const source of order) settled = runSource(settled, source);
  return settled;
}
