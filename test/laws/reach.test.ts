// What the random histories come to: a law that never meets its case would hold of anything.
// Fixed histories, so that the numbers are the same each time; a generator that no longer gets there fails here.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UserChangePart } from '../../src/model/change.ts';
import { isSyncOff, type User } from '../../src/model/user.ts';
import { sources } from './any-policy.ts';
import { isWaiting, voicesOf } from './expected.ts';
import { history } from './history.ts';
import { applyPlan, changesOf, type Plan, planRun, type State } from './small-sync.ts';

interface Seen {
  readonly state: State;
  readonly plan: Plan;
  readonly after: State;
}

const usersOf = ({ state }: Seen): readonly User[] => [...state.users.values()];
const partsOf = ({ plan }: Seen): readonly UserChangePart[] =>
  changesOf(plan).flatMap(({ parts }) => parts as readonly UserChangePart[]);
const hasPart = (is: (part: UserChangePart) => boolean) => (seen: Seen) => partsOf(seen).some(is);
const hasUser = (is: (user: User, state: State) => boolean) => (seen: Seen) =>
  usersOf(seen).some((user) => is(user, seen.state));
const inSources = (count: number) => hasUser(({ links }) => new Set(links.map(({ source }) => source)).size >= count);

/** Of 400 histories and one run of a source after each: in how many the case is there, at least. */
const cases: Readonly<Record<string, (seen: Seen) => boolean>> = {
  'a person in two sources': inSources(2),
  'a person in three sources': inSources(3),
  'a person in four sources': inSources(4),
  'two accounts of one source': hasUser(({ links }) => new Set(links.map(({ source }) => source)).size < links.length),
  'a team fed by two sources': ({ state }) => {
    const feeders = Map.groupBy(
      [...state.groups.values()].filter(({ teamId }) => teamId !== undefined),
      ({ teamId }) => teamId,
    );
    return [...feeders.values()].some((groups) => new Set(groups.map(({ source }) => source)).size > 1);
  },
  'a team with the name of its source': ({ state }) => [...state.teams.values()].some(({ name }) => name.endsWith(')')),
  'a team with two owners': hasUser(
    ({ memberships }) => new Set(memberships.map(({ team }) => team)).size < memberships.length,
  ),
  'a grant with two owners': hasUser(({ grants }) => new Set(grants.map(({ team }) => team)).size < grants.length),
  'a role with two owners': hasUser(({ roles }) => new Set(roles.map(({ role }) => role)).size < roles.length),
  'one of two owners gives a team up': (seen) =>
    partsOf(seen).some(
      (part) =>
        part.part === 'membership' &&
        part.op === 'remove' &&
        part.owner !== 'local' &&
        usersOf(seen).some(({ memberships }) => memberships.filter(({ team }) => team === part.team.id).length > 1),
    ),
  'grants taken by R161': hasPart((part) => part.part === 'grant' && part.op === 'remove' && part.owner === 'local'),
  'memberships by hand taken': hasPart(
    (part) => part.part === 'membership' && part.op === 'remove' && part.owner === 'local',
  ),
  'a pin that acts': hasPart(
    (part) => 'because' in part && (part.because === 'pinned' || part.because === 'pinned out'),
  ),
  'a pinned field': hasPart((part) => part.part === 'field' && part.rule === 'pinned'),
  'sync off with accounts': hasUser((user, { now }) => user.links.length > 0 && isSyncOff(user, now)),
  'an admin hold with accounts': hasUser(({ links, adminHold }) => links.length > 1 && adminHold !== undefined),
  'left here, lives on there': hasUser(
    (user) =>
      user.enabled &&
      user.links.some(({ state }) => state === 'gone') &&
      user.links.some(({ state }) => state === 'active'),
  ),
  frozen: hasUser((user, state) => voicesOf(state, user).some(({ gone }) => gone === 'frozen')),
  withdrawn: hasUser((user, state) =>
    voicesOf(state, user).some(({ gone, source }) => gone === 'withdrawn' && source.onLeave === 'keep'),
  ),
  'disabled by an authority': hasPart(
    (part) => part.part === 'enabled' && part.because.startsWith('authority-') && !part.after,
  ),
  'enabled by votes': hasPart((part) => part.part === 'enabled' && part.because === 'votes-alive'),
  'disabled by votes': hasPart((part) => part.part === 'enabled' && part.because === 'votes-gone'),
  'a value of another source comes through': hasPart(
    (part) =>
      part.part === 'field' &&
      part.before !== undefined &&
      part.after !== undefined &&
      part.before.owner !== part.after.owner,
  ),
  'a value removed': hasPart((part) => part.part === 'field' && part.rule === 'removed'),
  'a refused name': ({ plan }) => [...plan.refused.keys()].some((key) => key.startsWith('username')),
  'a refused address': ({ plan }) => [...plan.refused.keys()].some((key) => key.startsWith('email')),
  'names that go together': ({ plan }) => plan.atomic.size > 0,
  'waits for another source': ({ plan }) => plan.decisions.some(({ pendingFor }) => pendingFor !== undefined),
  'a link': hasPart((part) => part.part === 'linked' && part.rule !== 'created'),
  'a link by address': hasPart((part) => part.part === 'linked' && part.rule === 'email'),
  'a disputed account of a user': hasUser((user, state) => voicesOf(state, user).some(({ isDisputed }) => isDisputed)),
  'an account that waits for another with its login': hasUser((user, state) =>
    user.links.some((link) => {
      const account = state.accounts.get(link.account);
      return account?.quarantine === undefined && account !== undefined && isWaiting(state, account, link);
    }),
  ),
  'a main team lost': hasPart((part) => part.part === 'main-team' && part.rule === 'first-by-name'),
  'a main team among several': (seen) =>
    partsOf(seen).some((part) => part.part === 'main-team' && part.rule.startsWith('first')) &&
    [...seen.after.users.values()].some((user) => user.mainTeam !== undefined && user.memberships.length > 2),
  'a protected user with accounts': hasUser(
    ({ roles, links }) => links.length > 0 && roles.some(({ role }) => role === 'ADMIN'),
  ),
  'nothing to do': ({ plan }) => changesOf(plan).length === 0,
};

describe('random histories', () => {
  const seen = fc
    .sample(fc.tuple(history(), fc.constantFrom(...sources)), { numRuns: 400, seed: 20_261_122 })
    .map(([state, source]): Seen => {
      const plan = planRun(state, source);
      return { state, plan, after: applyPlan(state, plan) };
    });

  it.each(Object.entries(cases))('come to %s', (name, is) => {
    const count = seen.filter(is).length;
    if (process.env['ROSTERD_REACH'] !== undefined) process.stdout.write(`${count} ${name}\n`);
    expect(count).toBeGreaterThanOrEqual(3);
  });
});
