// Who an account without a user is: situations unlinked, unmatched and disputed.

import { describe, expect, it } from 'vitest';
import { asUserId } from '../../src/model/ids.ts';
import { correlate, matchKeysOf, settleLinks } from '../../src/reconcile/correlate.ts';
import {
  account,
  ad,
  adPolicy,
  gone,
  later,
  link,
  owned,
  policy,
  ucce,
  uccx,
  user,
  world,
} from '../laws/small-world.ts';

import { type Case, carries, decide, newcomer, ofAd, synced, withAccount } from './correlate-cases.ts';

const cases: readonly Case[] = [
  { says: 'nobody: a user is created', decides: 'create' },
  {
    says: 'nobody, and the source may not create',
    account: account(1, { name: 'ann' }, { source: uccx }),
    decides: 'wait:unmatched-account:',
  },
  {
    says: 'nobody, and no username',
    account: account(1, { name: null, mail: 'a@x' }),
    decides: 'wait:username-missing:',
  },
  { says: 'not present: nothing', account: { ...newcomer, presence: gone() }, decides: 'ignore' },
  { says: 'has a user: nothing', account: { ...newcomer, userId: asUserId(1) }, decides: 'ignore' },
  {
    says: 'an account of another source has the username',
    candidates: [carries('username', 'ann', 1, withAccount(ucce))],
    users: [synced(1)],
    decides: 'link:1:username',
  },
  {
    says: 'a local value matches a user without any role',
    candidates: [carries('email', 'a@x', 1)],
    users: [user(1)],
    decides: 'link:1:email',
  },
  {
    says: 'the first rule that finds anybody decides',
    candidates: [carries('email', 'a@x', 1), carries('username', 'ann', 2)],
    users: [user(1), user(2)],
    decides: 'link:2:username',
  },
  {
    says: 'several users',
    candidates: [carries('username', 'ann', 1), carries('username', 'ann', 2)],
    users: [user(1), user(2)],
    decides: 'wait:disputed-match:ambiguous-match',
  },
  {
    says: 'another free account of the source has the key',
    candidates: [carries('email', 'a@x', 1), carries('email', 'a@x', undefined, withAccount(ad))],
    users: [user(1)],
    decides: 'wait:disputed-match:shared-key',
  },
  {
    says: 'the name is carried by another id',
    candidates: [carries('username', 'ann', 1, withAccount(ad))],
    users: [user(1, { links: [link(ofAd)] })],
    decides: 'wait:name-of-another:name-of-another',
  },
  {
    says: 'a second account of the source',
    candidates: [carries('email', 'a@x', 1, withAccount(ad))],
    users: [user(1, { links: [link(ofAd)] })],
    decides: 'wait:second-account:second-account',
  },
  {
    says: 'protected by name',
    candidates: [carries('username', 'ann', 1, withAccount(ucce))],
    users: [synced(1, { values: owned('local', { username: 'ROOT' }) })],
    decides: 'wait:protected-match:protected-user',
  },
  {
    says: 'protected by role',
    candidates: [carries('username', 'ann', 1, withAccount(ucce))],
    users: [synced(1, { roles: [{ role: 'ADMIN', owner: 'local' }] })],
    decides: 'wait:protected-match:protected-user',
  },
  {
    says: 'sync is off',
    candidates: [carries('username', 'ann', 1, withAccount(ucce))],
    users: [synced(1, { syncOff: { by: 'a', reason: 'b', since: later(0) } })],
    decides: 'wait:sync-off-new-match:',
  },
  {
    says: 'not synced and holds a role',
    candidates: [carries('username', 'ann', 1)],
    users: [user(1, { roles: [{ role: 'AGENT', owner: 'local' }] })],
    decides: 'wait:role-holder-match:role-holder',
  },
  {
    says: 'synced and holds a role',
    candidates: [carries('username', 'ann', 1, withAccount(ucce))],
    users: [synced(1, { roles: [{ role: 'AGENT', owner: 'local' }] })],
    decides: 'link:1:username',
  },
  {
    says: 'came back late',
    account: { ...newcomer, quarantine: 'returned-late' },
    decides: 'wait:returned-late:returned-late',
  },
  { says: 'its dispute is over', account: { ...newcomer, quarantine: 'ambiguous-match' }, decides: 'create' },
  {
    says: 'its own key does not count',
    candidates: [carries('username', 'ann', undefined, withAccount(ad, 1))],
    decides: 'create',
  },
  {
    says: 'its own key is no rival either',
    candidates: [
      carries('username', 'ann', undefined, withAccount(ad, 1)),
      carries('username', 'ann', 1, withAccount(ucce)),
    ],
    users: [synced(1)],
    decides: 'link:1:username',
  },
];

describe('correlate', () => {
  it.each(cases)('$says -> $decides', (one) => {
    expect(decide(one)).toBe(one.decides);
  });

  it('folds the keys and leaves out what is empty, unread or not mapped', () => {
    expect(matchKeysOf(account(1, { name: ' ÄNN  Lee ', mail: null }), adPolicy)).toEqual({
      username: 'änn lee',
      usernameWithoutDomain: 'änn lee',
    });
  });

  it('lets two accounts of one source wait that the same plan would link to one user', () => {
    const decisions = [newcomer, account(2, { name: 'other' })].map((one) => ({
      account: one,
      decision: { kind: 'link', user: asUserId(1), rule: 'email', label: 'ann' } as const,
    }));
    const of = account(3, {}, { source: ucce });
    const other = { account: of, decision: { kind: 'link', user: asUserId(1), rule: 'email' } as const };
    const settled = settleLinks([...decisions, other]);
    expect(settled.map(({ decision }) => decision.kind)).toEqual(['wait', 'wait', 'link']);
    expect(settled[0]?.decision).toMatchObject({ finding: { detail: { rule: 'email', users: ['ann'] } } });
  });

  it('ignores an account of a source that is not configured', () => {
    expect(correlate(world({ policy: policy({ sources: [] }) }), newcomer, [], new Map()).kind).toBe('ignore');
  });
});
