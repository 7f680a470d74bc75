// Who an account without a user is: situations unlinked, unmatched and disputed.

import { describe, expect, it } from 'vitest';
import type { MirrorAccount } from '../../src/model/account.ts';
import type { MatchCandidate, UserInput } from '../../src/model/decision.ts';
import { asAccountKey, asUserId, type UserId } from '../../src/model/ids.ts';
import type { SourcePolicy } from '../../src/model/policy.ts';
import type { User } from '../../src/model/user.ts';
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
  uccePolicy,
  uccx,
  uccxPolicy,
  user,
  world,
} from '../laws/small-world.ts';

const newcomer = account(1, { name: 'Ann', mail: 'a@x' });

const carries = (
  by: MatchCandidate['by'],
  key: string,
  id?: number,
  over: Partial<MatchCandidate> = {},
): MatchCandidate => ({
  by,
  key,
  ...(id !== undefined && { userId: asUserId(id) }),
  ...over,
});

const withAccount = (source: typeof ad, key = 50): Partial<MatchCandidate> => ({
  source,
  accountKey: asAccountKey(key),
});
const ofUcce = account(50, {}, { source: ucce });
const ofAd = account(51);
const synced = (id: number, over: Partial<User> = {}) => user(id, { links: [link(ofUcce)], ...over });

interface Case {
  readonly says: string;
  readonly account?: MirrorAccount;
  readonly candidates?: readonly MatchCandidate[];
  readonly users?: readonly User[];
  /** Instead of the directory's own policy. */
  readonly source?: SourcePolicy;
  /** Of the users. */
  readonly accounts?: readonly MirrorAccount[];
  /** `link:<user>:<rule>`, `wait:<finding>:<quarantine>`, `create`, `ignore`. */
  readonly decides: string;
}

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

const jane = account(1, { name: 'jsmith', mail: 'j@x', first: 'Jane' });
const accountOfJohn = account(50, { name: 'jsmith', first: 'John' }, { source: ucce });
const john = (over: Partial<User> = {}) => synced(1, { values: owned(ucce, { username: 'jsmith' }), ...over });
const byLogin = (login: string, id: number, over: Partial<MatchCandidate> = {}) =>
  carries('usernameWithoutDomain', 'anna', id, { login, ...over });
const anna = account(1, { name: 'anna@a.test' });

/** The rules beyond those that the small world has by default. */
const allRules: SourcePolicy = {
  ...adPolicy,
  correlation: ['principalName', 'username', 'usernameWithoutDomain', 'email', 'employeeId', 'agentId'],
  mapping: {
    fields: { ...adPolicy.mapping.fields, employeeId: { kind: 'first', attributes: ['number'] } },
    attributes: { agentId: { kind: 'first', attributes: ['agent'] } },
    matchKeys: { principalName: { kind: 'first', attributes: ['upn'] } },
  },
};

const moreCases: readonly Case[] = [
  {
    says: 'called differently, by username',
    account: jane,
    candidates: [carries('username', 'jsmith', 1, withAccount(ucce))],
    users: [john()],
    accounts: [accountOfJohn],
    decides: 'wait:other-person:other-person',
  },
  {
    says: 'called differently, by agent ID',
    account: account(1, { name: 'jane', agent: '0042', first: 'Jane' }),
    candidates: [carries('agentId', '0042', 1, withAccount(ucce))],
    users: [john()],
    accounts: [accountOfJohn],
    decides: 'wait:other-person:other-person',
  },
  {
    says: 'called differently, by e-mail: an address is nobody else’s',
    account: jane,
    candidates: [carries('email', 'j@x', 1, withAccount(ucce))],
    users: [john()],
    accounts: [accountOfJohn],
    decides: 'link:1:email',
  },
  {
    says: 'called differently, by employee ID',
    account: account(1, { name: 'jane', number: '7', first: 'Jane' }),
    candidates: [carries('employeeId', '7', 1, withAccount(ucce))],
    users: [john()],
    accounts: [accountOfJohn],
    decides: 'link:1:employeeId',
  },
  {
    says: 'called differently, and differentNames is link',
    account: jane,
    candidates: [carries('username', 'jsmith', 1, withAccount(ucce))],
    users: [john()],
    accounts: [accountOfJohn],
    source: { ...allRules, differentNames: 'link' },
    decides: 'link:1:username',
  },
  {
    says: 'a local user who is called differently',
    account: jane,
    candidates: [carries('username', 'jsmith', 1)],
    users: [user(1, { values: owned('local', { username: 'jsmith', lastName: 'Smith' }) })],
    decides: 'wait:other-person:other-person',
  },
  {
    says: 'what a source wrote without an account of it is nobody’s word',
    account: jane,
    candidates: [carries('username', 'jsmith', 1)],
    users: [user(1, { values: owned(uccx, { username: 'jsmith', lastName: 'Smith' }) })],
    decides: 'link:1:username',
  },
  {
    says: 'the names are mended',
    account: { ...jane, quarantine: 'other-person' },
    candidates: [carries('username', 'jsmith', 1, withAccount(ucce))],
    users: [john()],
    accounts: [account(50, { name: 'jsmith', first: 'Jane' }, { source: ucce })],
    decides: 'link:1:username',
  },
  {
    says: 'a protected user waits as such, whatever the names',
    account: jane,
    candidates: [carries('username', 'jsmith', 1, withAccount(ucce))],
    users: [john({ roles: [{ role: 'ADMIN', owner: 'local' }] })],
    accounts: [accountOfJohn],
    decides: 'wait:protected-match:protected-user',
  },
  {
    says: 'a person took it from its user',
    account: { ...newcomer, quarantine: 'unlinked' },
    candidates: [carries('username', 'ann', 1, withAccount(ucce))],
    users: [synced(1)],
    decides: 'wait:unlinked-account:unlinked',
  },
  {
    says: 'a principal name',
    account: account(1, { name: 'x', upn: 'Anna@A.test' }),
    candidates: [carries('principalName', 'anna@a.test', 1, withAccount(ucce))],
    users: [synced(1)],
    decides: 'link:1:principalName',
  },
  {
    says: 'the principal name of another id',
    account: account(1, { name: 'x', upn: 'anna@a.test' }),
    candidates: [carries('principalName', 'anna@a.test', 1, withAccount(ad))],
    users: [user(1, { links: [link(ofAd)] })],
    decides: 'wait:name-of-another:name-of-another',
  },
  {
    says: 'a bare name in the domain',
    account: anna,
    candidates: [byLogin('anna', 1)],
    users: [user(1)],
    decides: 'link:1:usernameWithoutDomain',
  },
  {
    says: 'another domain',
    account: anna,
    candidates: [byLogin('anna@b.test', 1)],
    users: [user(1)],
    decides: 'create',
  },
  {
    says: 'another domain as the account of the user has it',
    account: anna,
    candidates: [byLogin('anna', 1, withAccount(ucce))],
    users: [synced(1)],
    accounts: [account(50, { name: 'anna@b.test' }, { source: ucce })],
    decides: 'create',
  },
  {
    says: 'a user who has the name bare and with another domain',
    account: anna,
    candidates: [byLogin('anna', 1), byLogin('anna@b.test', 1, withAccount(ucce))],
    users: [synced(1)],
    decides: 'create',
  },
  {
    says: 'a bare name that fits two domains',
    account: account(1, { name: 'anna' }),
    candidates: [byLogin('anna@a.test', 1), byLogin('anna@b.test', 2)],
    users: [user(1), user(2)],
    decides: 'wait:disputed-match:ambiguous-match',
  },
  {
    says: 'a free account of another domain is no rival',
    account: anna,
    candidates: [
      byLogin('anna', 1),
      carries('usernameWithoutDomain', 'anna', undefined, { ...withAccount(ad), login: 'anna@b.test' }),
    ],
    users: [user(1)],
    decides: 'link:1:usernameWithoutDomain',
  },
];

function decide(one: Case): string {
  const accounts = one.accounts ?? [];
  const users = new Map<UserId, UserInput>((one.users ?? []).map((user) => [user.id, { user, accounts }]));
  const sources = one.source === undefined ? undefined : [one.source, uccePolicy, uccxPolicy];
  const decision = correlate(
    world(sources && { policy: policy({ sources }) }),
    one.account ?? newcomer,
    one.candidates ?? [],
    users,
  );
  switch (decision.kind) {
    case 'link':
      return `link:${decision.user}:${decision.rule}`;
    case 'wait':
      return `wait:${decision.finding.code}:${decision.quarantine ?? ''}`;
    default:
      return decision.kind;
  }
}

describe('correlate', () => {
  it.each(cases)('$says -> $decides', (one) => {
    expect(decide(one)).toBe(one.decides);
  });

  it.each(moreCases)('with all rules: $says -> $decides', (one) => {
    expect(decide({ source: allRules, ...one })).toBe(one.decides);
  });

  it('says whom an account matches that waits, and how both are called', () => {
    const carriers = [carries('username', 'jsmith', 1, withAccount(ucce))];
    const input = new Map([[asUserId(1), { user: john(), accounts: [accountOfJohn] }]]);
    expect(correlate(world(), jane, carriers, input)).toMatchObject({
      finding: { detail: { rule: 'username', key: 'jsmith', users: ['jsmith'], names: ['Jane', 'John'] } },
    });
  });

  it('takes keys only from what can be one', () => {
    const given = { name: 'CORP\\Anna', mail: 'A@X', number: 'E7', agent: ' 0042 ', upn: 'anna' };
    const keys = {
      username: 'corp\\anna',
      usernameWithoutDomain: 'anna',
      email: 'a@x',
      employeeId: 'e7',
      agentId: '0042',
    };
    expect(matchKeysOf(account(1, given), allRules)).toEqual(keys);
    const { mapping } = allRules;
    const switchedOff = { ...mapping, matchKeys: { username: null, email: null, agentId: null } };
    expect(matchKeysOf(account(1, given), { mapping: switchedOff })).toEqual({ employeeId: 'e7' });
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
