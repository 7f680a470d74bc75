// Unique values that go from one user to another within one plan, through the whole of plan and apply.

import { describe, expect, it } from 'vitest';
import type { MirrorAccount } from '../../src/model/account.ts';
import { emptyState } from './history.ts';
import { applyPlan, changesOf, planRun, runSource, type State } from './small-sync.ts';
import { account, ad } from './small-world.ts';

type Said = Readonly<Record<string, string | null>>;

const withAccounts = (state: State, said: readonly Said[]): State => {
  const accounts = new Map(state.accounts);
  for (const [index, given] of said.entries()) {
    const fresh: MirrorAccount = account(index + 1, given);
    accounts.set(fresh.key, { ...accounts.get(fresh.key), ...fresh });
  }
  return { ...state, accounts };
};

const valuesOf = (state: State) =>
  [...state.users.values()].map(({ values }) => `${values.username?.value} ${values.email?.value ?? '-'}`);

function pass(first: readonly Said[], then: readonly Said[]) {
  const before = runSource(withAccounts(emptyState(), first), ad);
  const said = withAccounts(before, then);
  const plan = planRun(said, ad);
  const after = applyPlan(said, plan);
  expect(changesOf(planRun(after, ad))).toEqual([]);
  return { values: valuesOf(after), refused: [...plan.refused.keys()], groups: new Set(plan.atomic.values()).size };
}

describe('a unique value', () => {
  it('is swapped between two users as one atomic group', () => {
    const first = [{ name: 'ann' }, { name: 'bob' }];
    expect(pass(first, [{ name: 'bob' }, { name: 'ann' }])).toEqual({
      values: ['bob -', 'ann -'],
      refused: [],
      groups: 1,
    });
  });

  it('goes down a chain to a newcomer', () => {
    const first = [{ name: 'ann' }, { name: 'bob' }];
    const then = [{ name: 'carl' }, { name: 'ann' }, { name: 'bob' }];
    expect(pass(first, then)).toEqual({ values: ['carl -', 'ann -', 'bob -'], refused: [], groups: 1 });
  });

  it('is taken by another user in the plan in which its holder loses it', () => {
    const first = [
      { name: 'ann', mail: 'team@x' },
      { name: 'bob', mail: null },
    ];
    const then = [
      { name: 'ann', mail: null },
      { name: 'bob', mail: 'team@x' },
    ];
    expect(pass(first, then)).toEqual({ values: ['ann -', 'bob team@x'], refused: [], groups: 1 });
  });

  it('stays with its holder, and the whole chain behind it stays', () => {
    const first = [{ name: 'ann' }, { name: 'bob' }, { name: 'carl' }];
    const then = [{ name: 'bob' }, { name: 'carl' }, { name: 'carl' }];
    const { values, refused } = pass(first, then);
    expect(values).toEqual(['ann -', 'bob -', 'carl -']);
    expect([...refused].sort()).toEqual(['username:user:1', 'username:user:2']);
  });

  it('leaves the loser of an e-mail address without one, and frees the old one for the next', () => {
    const first = [
      { name: 'ann', mail: 'a@x' },
      { name: 'bob', mail: 'b@x' },
      { name: 'carl', mail: null },
    ];
    const then = [
      { name: 'ann', mail: 'b@x' },
      { name: 'bob', mail: 'B@x' },
      { name: 'carl', mail: 'a@x' },
    ];
    expect(pass(first, then).values).toEqual(['ann -', 'bob B@x', 'carl a@x']);
  });
});
