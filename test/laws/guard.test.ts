// Laws of the guard and of the main team, on arbitrary plans.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Danger, dangerKey } from '../../src/model/decision.ts';
import { asTeamId } from '../../src/model/ids.ts';
import { type GuardedChange, judge } from '../../src/reconcile/guard.ts';
import { mainTeam } from '../../src/reconcile/main-team.ts';
import { ad, baseline, guardPolicy, uccx } from './small-world.ts';

const danger: fc.Arbitrary<Danger> = fc.oneof(
  fc
    .constantFrom('access-loss', 'membership-removal', 'grant-removal', 'role-added', 'rename', 'created')
    .map((kind): Danger => ({ kind })),
  fc.constantFrom('protected', 'first-run', 'scope-changed').map((kind): Danger => ({ kind })),
  fc.constantFrom('email', 'phone').map((field): Danger => ({ kind: 'field-changed', field })),
  fc.constantFrom(1, 2).map((id): Danger => ({ kind: 'team-members', team: asTeamId(id), teamName: `team ${id}` })),
);

const change: fc.Arbitrary<Omit<GuardedChange, 'subject'>> = fc.record({
  dangers: fc.array(danger, { maxLength: 3 }),
  atomic: fc.constantFrom('a', 'b', 'c'),
});

const changes = fc
  .array(change, { maxLength: 30, size: 'max' })
  .map((list) => list.map((one, index): GuardedChange => ({ ...one, subject: `user:${index}` })));

/** Small enough for the limits to be met by chance. */
const state = fc
  .record({
    enabled: fc.integer({ min: 0, max: 300 }),
    members: fc.nat(12),
    recent: fc.dictionary(fc.constantFrom('access-loss', 'rename', 'team-members:1'), fc.nat(20)),
  })
  .map(({ enabled, members, recent }) =>
    baseline({
      enabledUsers: enabled,
      linkedUsers: enabled,
      teamMembers: new Map([[asTeamId(1), members]]),
      recent: new Map(Object.entries(recent)),
    }),
  );

const source = fc.constantFrom('apply-safe', 'hold-all').map((onHold) => ({ guard: guardPolicy, onHold }));

describe('guard', () => {
  it('is monotone: more danger, or more of it in the last 24 hours, never un-holds a change', () => {
    fc.assert(
      fc.property(changes, state, source, fc.nat(), danger, fc.nat(30), (list, before, policy, pick, added, more) => {
        const held = judge({ changes: list, baseline: before, policy }).held;
        const worse = list.map((one, index) =>
          index === pick % list.length ? { ...one, dangers: [...one.dangers, added] } : one,
        );
        const recent = new Map(before.recent).set(dangerKey(added), (before.recent.get(dangerKey(added)) ?? 0) + more);
        const heldThen = judge({ changes: worse, baseline: { ...before, recent }, policy }).held;
        for (const index of held.keys()) expect(heldThen.has(index)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('holds an atomic group whole or not at all, and tallies exactly what it lets through', () => {
    fc.assert(
      fc.property(changes, state, source, (list, before, policy) => {
        const { held, tally } = judge({ changes: list, baseline: before, policy });
        for (const [index, one] of list.entries()) {
          for (const [other, two] of list.entries()) {
            if (one.atomic === two.atomic) expect(held.has(index)).toBe(held.has(other));
          }
        }
        const counts = new Map<string, number>();
        for (const [index, one] of list.entries()) {
          if (held.has(index)) continue;
          for (const key of new Set(one.dangers.map(dangerKey))) counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        expect(tally).toEqual(counts);
      }),
      { numRuns: 1000 },
    );
  });

  it('does not depend on the order of the changes', () => {
    fc.assert(
      fc.property(changes, state, source, (list, before, policy) => {
        const subjects = (of: readonly GuardedChange[]) => {
          const { held } = judge({ changes: of, baseline: before, policy });
          return [...held.keys()].map((index) => of[index]?.subject).sort();
        };
        expect(subjects([...list].reverse())).toEqual(subjects(list));
      }),
      { numRuns: 1000 },
    );
  });
});

const teamKey = fc.integer({ min: 1, max: 5 });
const membersAfter = fc.uniqueArray(
  fc.record({
    team: teamKey,
    name: fc.constantFrom('Red', 'red', 'Blue', 'Default'),
    owners: fc.subarray(['local' as const, ad, uccx], { minLength: 1 }),
  }),
  { selector: ({ team }) => team, maxLength: 5 },
);
const optional = fc.option(teamKey, { nil: undefined });
const rules = fc.record({
  rank: fc.dictionary(fc.constantFrom('local', `${ad}`, `${uccx}`), fc.integer({ min: -1, max: 1 })),
  ineligible: fc.boolean().map((isOn) => (name: string) => isOn && name === 'Default'),
});

describe('mainTeam', () => {
  it('is one of the teams when there are any, is stable, and does not depend on their order (R147-R154)', () => {
    fc.assert(
      fc.property(membersAfter, optional, optional, rules, (members, pinned, current, options) => {
        const chosen = mainTeam({ pinned, current, membersAfter: members, ...options });
        if (members.length === 0) expect(chosen).toEqual({ rule: 'no-team' });
        else expect(members.map(({ team }) => team)).toContain(chosen.team);
        const turned = mainTeam({ pinned, current, membersAfter: [...members].reverse(), ...options });
        expect(turned).toEqual(chosen);
        const again = mainTeam({ pinned, current: chosen.team, membersAfter: members, ...options });
        expect(again.team).toBe(chosen.team);
        if (members.some(({ team }) => team === pinned)) expect(chosen.team).toBe(pinned);
        else if (members.some(({ team }) => team === current)) expect(chosen.team).toBe(current);
      }),
      { numRuns: 2000 },
    );
  });
});
