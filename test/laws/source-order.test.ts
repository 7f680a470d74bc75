// The order in which sources run is nobody's decision: whatever they and people said, the end is the same.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adminEvent } from './admin-events.ts';
import { anyOrder } from './any-policy.ts';
import { checkLaw } from './check-law.ts';
import { happen, history, settle, timeEvent } from './history.ts';
import { sourceEvent } from './source-events.ts';
import { endOf, isComparable, withoutHistory } from './source-order.ts';

const runs = { numRuns: 300 };

const news = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: sourceEvent },
    { weight: 2, arbitrary: adminEvent },
    { weight: 1, arbitrary: timeEvent },
  ),
  { maxLength: 20, size: 'max' },
);

describe('the order of sources', () => {
  it('does not matter for what users are in the end', () => {
    checkLaw(
      fc.property(history(), news, anyOrder, anyOrder, (state, events, order, other) => {
        const before = happen(settle(state), events);
        const [one, two] = [endOf(settle(before, order)), endOf(settle(before, other))];
        fc.pre(isComparable(one, two));
        for (const [who, user] of one.users) {
          const same = two.users.get(who);
          expect(same).toBeDefined();
          if (same !== undefined) expect(withoutHistory(two, same)).toEqual(withoutHistory(one, user));
        }
      }),
      { ...runs, say: (...[state, events]) => happen(settle(state), events) },
    );
  });
});
