// Laws of the assignment of unique values, on arbitrary claims over few values.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyClaim, KeyHolder } from '../../src/model/decision.ts';
import { assignKeys } from '../../src/reconcile/unique-keys.ts';

const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Users who hold one letter each, or none, and want another one, or none, or are not in the plan at all. */
const wishes = fc.uniqueArray(
  fc.record({
    holds: fc.option(fc.constantFrom(...letters), { nil: undefined, freq: 8 }),
    wants: fc.option(fc.constantFrom(...letters, ''), { nil: undefined, freq: 8 }),
    whenRefused: fc.constantFrom('keep', 'drop'),
  }),
  { selector: ({ holds }) => holds ?? Symbol('holds nothing'), maxLength: 10, size: 'max' },
);

interface Round {
  readonly claims: readonly KeyClaim[];
  readonly holders: ReadonlyMap<string, KeyHolder>;
}

const round = wishes.map((list): Round => {
  const claims: KeyClaim[] = [];
  const holders = new Map<string, KeyHolder>();
  for (const [index, { holds, wants, whenRefused }] of list.entries()) {
    const claimant = holds === undefined && index % 2 === 1 ? `account:ad-hq/${index}` : `user:${index + 1}`;
    if (holds !== undefined) holders.set(`username:${holds}`, { claimant, label: holds });
    if (wants === undefined || wants === holds || (wants === '' && holds === undefined)) continue;
    claims.push({
      kind: 'username',
      key: wants,
      value: wants,
      claimant,
      whenRefused,
      ...(holds !== undefined && { holds }),
    });
  }
  return { claims, holders };
});

/** Who holds what after the plan. */
function outcome({ claims, holders }: Round): ReadonlyMap<string, readonly string[]> {
  const { refused } = assignKeys(claims, holders);
  const after = new Map([...holders].map(([key, { claimant }]) => [claimant, key.slice('username:'.length)]));
  for (const claim of claims) {
    if (!refused.has(`username:${claim.claimant}`)) after.set(claim.claimant, claim.key);
    else if (claim.whenRefused === 'drop') after.delete(claim.claimant);
  }
  const byKey = new Map<string, string[]>();
  for (const [claimant, key] of after) if (key !== '') byKey.set(key, [...(byKey.get(key) ?? []), claimant]);
  return byKey;
}

describe('assignKeys', () => {
  it('never gives one value to two', () => {
    fc.assert(
      fc.property(round, (one) => {
        for (const claimants of outcome(one).values()) expect(claimants).toHaveLength(1);
      }),
      { numRuns: 3000 },
    );
  });

  it('does not depend on the order of the claims', () => {
    fc.assert(
      fc.property(round, ({ claims, holders }) => {
        const turned = assignKeys([...claims].reverse(), new Map([...holders].reverse()));
        const straight = assignKeys(claims, holders);
        expect(turned.refused).toEqual(straight.refused);
        expect(turned.atomic).toEqual(straight.atomic);
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses nobody whose value is nobody else’s after the plan', () => {
    fc.assert(
      fc.property(round, (one) => {
        const { refused } = assignKeys(one.claims, one.holders);
        const after = outcome(one);
        for (const claim of one.claims) {
          const isKept = after.get(claim.key)?.some((claimant) => claimant !== claim.claimant);
          if (refused.has(`username:${claim.claimant}`)) expect(isKept).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('puts who takes a value and who frees it into one atomic group', () => {
    fc.assert(
      fc.property(round, ({ claims, holders }) => {
        const { refused, atomic } = assignKeys(claims, holders);
        for (const claim of claims) {
          const holder = holders.get(`username:${claim.key}`)?.claimant;
          if (holder === undefined || holder === claim.claimant || refused.has(`username:${claim.claimant}`)) continue;
          expect(atomic.get(claim.claimant)).toBeDefined();
          expect(atomic.get(claim.claimant)).toBe(atomic.get(holder));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('grants rotations of any length whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), (length) => {
        const name = (index: number) => `name ${index % length}`;
        const claims = Array.from({ length }, (_, index): KeyClaim => {
          const claimant = `user:${index + 1}`;
          return { kind: 'username', key: name(index + 1), value: name(index + 1), claimant, holds: name(index) };
        });
        const holders = new Map(
          claims.map(({ claimant }, index) => [`username:${name(index)}`, { claimant, label: name(index) }]),
        );
        const { refused, atomic } = assignKeys(claims, holders);
        expect(refused.size).toBe(0);
        expect(new Set(atomic.values())).toEqual(new Set(['keys:user:1']));
        expect(atomic.size).toBe(length);
      }),
      { numRuns: 20 },
    );
  });

  it('voids the e-mail claim of an account that becomes no user for want of its username', () => {
    const claims: readonly KeyClaim[] = [
      { kind: 'username', key: 'ann', value: 'ann', claimant: 'account:ad-hq/1' },
      { kind: 'email', key: 'a@x', value: 'a@x', claimant: 'account:ad-hq/1' },
      { kind: 'email', key: 'a@x', value: 'a@x', claimant: 'account:ad-hq/2' },
    ];
    const { refused } = assignKeys(claims, new Map([['username:ann', { claimant: 'user:1', label: 'ann' }]]));
    expect([...refused.keys()]).toEqual(['username:account:ad-hq/1']);
  });

  it('prefers users that exist to those that an account is about to become, then the smaller number', () => {
    const claim = (claimant: string): KeyClaim => ({ kind: 'username', key: 'ann', value: 'ann', claimant });
    const { refused } = assignKeys(['account:ad-hq/1', 'user:10', 'user:9'].map(claim), new Map());
    expect([...refused.keys()].sort()).toEqual(['username:account:ad-hq/1', 'username:user:10']);
    expect(refused.get('username:user:10')).toEqual({ label: 'user:9', subject: 'user:9' });
  });
});
