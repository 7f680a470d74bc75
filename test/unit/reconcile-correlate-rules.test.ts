// By what an account finds its user, and what different names and domains make of it.

import { describe, expect, it } from 'vitest';
import type { MatchCandidate } from '../../src/model/decision.ts';
import { asUserId } from '../../src/model/ids.ts';
import type { SourcePolicy } from '../../src/model/policy.ts';
import type { User } from '../../src/model/user.ts';
import { correlate, matchKeysOf } from '../../src/reconcile/correlate.ts';
import { account, ad, adPolicy, link, owned, ucce, uccx, user, world } from '../laws/small-world.ts';

import { type Case, carries, decide, newcomer, ofAd, synced, withAccount } from './correlate-cases.ts';

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
    says: 'called differently, by e-mail: a mailbox may be of several',
    account: jane,
    candidates: [carries('email', 'j@x', 1, withAccount(ucce))],
    users: [john()],
    accounts: [accountOfJohn],
    decides: 'wait:other-person:other-person',
  },
  {
    says: 'called differently, by employee ID',
    account: account(1, { name: 'jane', number: '7', first: 'Jane' }),
    candidates: [carries('employeeId', '7', 1, withAccount(ucce))],
    users: [john()],
    accounts: [accountOfJohn],
    decides: 'wait:other-person:other-person',
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
    says: 'a user of a source that is not configured any more',
    account: jane,
    candidates: [carries('username', 'jsmith', 1)],
    users: [user(1, { values: owned(uccx, { username: 'jsmith', lastName: 'Smith' }) })],
    decides: 'wait:other-person:other-person',
  },
  {
    says: 'another first name beside the last name that the login holds',
    account: account(1, { name: 'jcooper', first: 'Jane Cooper' }),
    candidates: [carries('username', 'jcooper', 1, withAccount(ucce))],
    users: [john()],
    accounts: [account(50, { name: 'jcooper', first: 'John Cooper' }, { source: ucce })],
    decides: 'wait:other-person:other-person',
  },
  {
    says: 'another first name beside the last name, by agent ID',
    account: account(1, { name: 'jane', agent: '0042', first: 'Jane Cooper' }),
    candidates: [carries('agentId', '0042', 1, withAccount(ucce))],
    users: [john()],
    accounts: [account(50, { name: 'jcooper', first: 'John Cooper' }, { source: ucce })],
    decides: 'link:1:agentId',
  },
  {
    says: 'an account of which nobody knows whose it is carries the key',
    account: jane,
    candidates: [carries('username', 'jsmith', 1, withAccount(ucce))],
    users: [john()],
    accounts: [account(50, { name: 'jsmith', first: 'Jane' }, { source: ucce, quarantine: 'reused-id' })],
    decides: 'wait:disputed-match:ambiguous-match',
  },
  {
    says: 'such an account does not name the user beside another one',
    account: jane,
    candidates: [
      carries('username', 'jsmith', 1, withAccount(ucce)),
      carries('username', 'jsmith', 1, withAccount(uccx, 60)),
    ],
    users: [john()],
    accounts: [
      accountOfJohn,
      account(60, { name: 'jsmith', first: 'Jane' }, { source: uccx, quarantine: 'reused-id' }),
    ],
    decides: 'wait:other-person:other-person',
  },
  {
    says: 'such an account does not keep the user’s own value from being found',
    account: jane,
    candidates: [carries('username', 'jsmith', 1, withAccount(ucce)), carries('username', 'jsmith', 1)],
    users: [john({ values: owned('local', { username: 'jsmith', firstName: 'Jane' }) })],
    accounts: [account(50, { name: 'jsmith', first: 'Eva' }, { source: ucce, quarantine: 'reused-id' })],
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

describe('correlate by every rule', () => {
  it.each(moreCases)('with all rules: $says -> $decides', (one) => {
    expect(decide({ source: allRules, ...one })).toBe(one.decides);
  });

  it('says whom an account matches that waits, and how both are called', () => {
    const carriers = [carries('username', 'jsmith', 1, withAccount(ucce))];
    const input = new Map([[asUserId(1), { user: john(), accounts: [accountOfJohn] }]]);
    expect(correlate(world(), jane, carriers, input)).toMatchObject({
      finding: {
        detail: { rule: 'username', key: 'jsmith', users: ['jsmith'], userIds: ['1'], names: ['Jane', 'John'] },
      },
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
});
