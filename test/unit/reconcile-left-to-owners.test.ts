// Which run changes what is one value per user: that of the source from whose word the change follows.

import { describe, expect, it } from 'vitest';
import type { MirrorAccount } from '../../src/model/account.ts';
import type { User } from '../../src/model/user.ts';
import { decideUser, noRefusals } from '../../src/reconcile/plan.ts';
import {
  account,
  ad,
  link,
  owned,
  pin,
  policy,
  sourcePolicy,
  ucce,
  uccePolicy,
  uccx,
  uccxPolicy,
  user,
  world,
} from '../laws/small-world.ts';

type Source = typeof ad;

/** What the run of each source changes, and for whom it leaves something. */
function runs(
  accounts: readonly MirrorAccount[],
  over: Partial<User>,
  of = policy(),
): Readonly<Record<string, string>> {
  const present = user(1, { links: accounts.map((one) => link(one)), ...over });
  const tell = (source: Source): string => {
    const { change, pendingFor = [] } = decideUser(
      world({ policy: of, source }),
      { user: present, accounts },
      noRefusals,
    );
    const parts = (change?.parts ?? []).map((part) => (part.part === 'field' ? part.field : part.part));
    return [...parts, ...pendingFor.map((name) => `(${name})`)].join(' ');
  };
  return Object.fromEntries([ad, ucce, uccx].map((source) => [source, tell(source)]));
}

const inAd = (over: Partial<MirrorAccount> = {}, given = {}): MirrorAccount =>
  account(1, { name: 'ann', ...given }, over);
const inUcce = (over: Partial<MirrorAccount> = {}, given = {}): MirrorAccount =>
  account(2, { name: 'ann', ...given }, { source: ucce, ...over });
const inUccx = (over: Partial<MirrorAccount> = {}, given = {}): MirrorAccount =>
  account(3, { name: 'ann', ...given }, { source: uccx, ...over });
const ann = owned(ad, { username: 'ann' });
const twoVotes = policy({ sources: [uccePolicy, sourcePolicy({ ...uccxPolicy, lifecycle: 'vote' })] });

describe('enabled', () => {
  it('is taken by the authority that says no, and left to it by all others', () => {
    expect(runs([inAd({ status: 'disabled' }), inUcce(), inUccx()], { values: ann })).toEqual({
      [ad]: 'enabled',
      [ucce]: `(${ad})`,
      [uccx]: `(${ad})`,
    });
  });

  it('is given back by the authority', () => {
    expect(runs([inAd(), inUcce()], { values: ann, enabled: false })).toEqual({
      [ad]: 'enabled',
      [ucce]: `(${ad})`,
      [uccx]: `(${ad})`,
    });
  });

  it('is taken by those who vote, not by one without a say', () => {
    expect(
      runs([inUcce({ status: 'disabled' }), inUccx()], { values: owned(ucce, { username: 'ann' }) }),
    ).toMatchObject({
      [ucce]: 'enabled',
      [uccx]: `(${ucce})`,
    });
  });

  it('is given back by the vote that is alive', () => {
    const votes = [inUcce({ status: 'disabled' }), inUccx()];
    expect(runs(votes, { values: owned(ucce, { username: 'ann' }), enabled: false }, twoVotes)).toMatchObject({
      [ucce]: `(${uccx})`,
      [uccx]: 'enabled',
    });
  });

  it('that a person pinned is changed by whatever run comes', () => {
    const pinned = { values: ann, pins: [pin('enabled', '-', { value: 'false' })] };
    expect(runs([inAd(), inUcce()], pinned)).toMatchObject({ [ad]: 'enabled', [ucce]: 'enabled' });
  });
});

describe('a field', () => {
  it('is changed by the source that gives it, and left to it by all others', () => {
    const accounts = [inAd({}, { phone: '1' }), inUcce({}, { phone: '2' })];
    expect(runs(accounts, { values: ann })).toMatchObject({ [ad]: 'phone', [ucce]: `(${ad})` });
  });

  it('that its source does not give any more is taken away by that source', () => {
    const accounts = [inAd({}, { phone: null }), inUcce({}, { phone: null })];
    const values = { ...ann, ...owned(ad, { phone: '1' }) };
    expect(runs(accounts, { values })).toMatchObject({ [ad]: 'phone', [ucce]: `(${ad})` });
  });

  it('that its source gives up goes on to the next by its own run, which may hold it; one that a better source takes over is for that source', () => {
    const next = [inAd({}, { phone: null }), inUcce({}, { phone: '2' })];
    expect(runs(next, { values: { ...ann, ...owned(ad, { phone: '1' }) } })).toMatchObject({
      [ad]: 'phone',
      [ucce]: `(${ad})`,
    });
    const better = [inAd({}, { phone: '1' }), inUcce({}, { phone: '2' })];
    expect(runs(better, { values: { ...ann, ...owned(ucce, { phone: '2' }) } })).toMatchObject({
      [ad]: 'phone',
      [ucce]: `(${ad})`,
    });
  });

  it('that a person pinned is changed by whatever run comes, and so is a unique one', () => {
    const accounts = [inAd({}, { phone: '1', name: 'anna' }), inUcce()];
    const pinned = { values: { ...ann, ...owned(ad, { phone: '1' }) }, pins: [pin('field', 'phone', { value: '9' })] };
    expect(runs(accounts, pinned)).toMatchObject({ [ad]: 'username phone', [ucce]: 'username phone' });
  });
});
