// What is dangerous in a change, and when the guard holds it.

import { describe, expect, it } from 'vitest';
import type { Change, UserChangePart } from '../../src/model/change.ts';
import type { Danger, GuardBaseline } from '../../src/model/decision.ts';
import { asExternalId, asTeamId, asUserId } from '../../src/model/ids.ts';
import type { User } from '../../src/model/user.ts';
import { dangersOf, type GuardedChange, judge, needsOf } from '../../src/reconcile/guard.ts';
import { account, ad, baseline, guardPolicy, link, owned, row, ucce, uccx, user, world } from '../laws/small-world.ts';

const red = { id: asTeamId(1), name: 'Red' };
const plain = user(1, {
  values: owned(ad, { username: 'ann' }),
  memberships: [row(1, ad)],
  grants: [row(1, ad)],
  roles: [{ role: 'AGENT', owner: ad }],
});
const root = { ...plain, values: owned(ad, { username: 'Root' }) };
const linked: UserChangePart = {
  part: 'linked',
  source: uccx,
  account: asExternalId('x'),
  name: 'x',
  rule: 'username',
};
const disabled: UserChangePart = { part: 'enabled', before: true, after: false, because: 'authority-gone' };
const lostGrant: UserChangePart = { part: 'grant', op: 'remove', team: red, owner: 'local', because: '' };
const gone: UserChangePart = {
  part: 'link-state',
  source: ad,
  account: asExternalId('x'),
  name: 'x',
  before: 'active',
  after: 'gone',
  because: 'absent',
};
const roleGone: UserChangePart = { part: 'role', op: 'remove', role: 'AGENT', owner: ad, because: '' };

const change = (...parts: readonly UserChangePart[]): Change => ({
  subject: { kind: 'user', id: asUserId(1) },
  label: 'ann',
  parts,
});
const kinds = (of: User, parts: readonly UserChangePart[], over: Partial<GuardBaseline> = {}) =>
  dangersOf(change(...parts), of, world(), baseline(over)).map(({ kind }) => kind);

describe('dangersOf', () => {
  const field = (
    name: 'username' | 'email',
    before: string | undefined,
    after: string | undefined,
  ): UserChangePart => ({
    part: 'field',
    field: name,
    rule: 'precedence',
    ...(before !== undefined && { before: { value: before, owner: ad } }),
    ...(after !== undefined && { after: { value: after, owner: ad } }),
  });
  const two = {
    ...plain,
    memberships: [row(1, ad), row(1, 'local')],
    roles: [...plain.roles, { role: 'AGENT', owner: ucce }],
  };
  const cases: readonly [string, User, readonly UserChangePart[], readonly Danger['kind'][]][] = [
    ['disabled', plain, [disabled], ['access-loss']],
    ['gone from the source', plain, [gone], ['access-loss']],
    ['disabled already, and now gone', { ...plain, enabled: false }, [gone], []],
    [
      'out of a team',
      plain,
      [{ part: 'membership', op: 'remove', team: red, owner: ad, because: '' }],
      ['membership-removal', 'team-members'],
    ],
    [
      'a row that goes while another owner keeps the user in',
      two,
      [{ part: 'membership', op: 'remove', team: red, owner: ad, because: '' }],
      [],
    ],
    ['a grant less', plain, [{ part: 'grant', op: 'remove', team: red, owner: ad, because: '' }], ['grant-removal']],
    [
      'a grant more',
      { ...plain, grants: [] },
      [{ part: 'grant', op: 'add', team: red, owner: ad, because: '' }],
      ['role-added'],
    ],
    ['a role less', plain, [roleGone], ['role-removal']],
    ['a role that another owner keeps', two, [roleGone], []],
    ['a role more', plain, [{ part: 'role', op: 'add', role: 'ADMIN', owner: ad, because: '' }], ['role-added']],
    ['a rename', plain, [field('username', 'ann', 'eve')], ['field-changed', 'rename']],
    ['a value cleared', plain, [field('email', 'a@x', undefined)], ['field-changed']],
    ['a value filled', plain, [field('email', undefined, 'a@x')], []],
    ['another owner of the same value', plain, [field('email', 'a@x', 'a@x')], []],
    ['a main team for the first time', plain, [{ part: 'main-team', after: red, rule: 'first-assigned' }], []],
    ['another main team', plain, [{ part: 'main-team', before: red, rule: 'no-team' }], ['main-team-change']],
    ['protected: linked', root, [linked], ['protected']],
    ['protected: disabled', root, [disabled], ['access-loss', 'protected']],
    ['protected: a role less', root, [roleGone], ['role-removal', 'protected']],
    ['protected: an attribute', root, [{ part: 'attribute', name: 'extension', owner: ad, after: '1' }], []],
    [
      'first link to a contact centre takes grants (R161)',
      { ...plain, grants: [row(1, 'local')] },
      [linked, lostGrant],
      ['grant-removal', 'first-link-grant-loss'],
    ],
    [
      'a later link takes grants',
      { ...plain, grants: [row(1, 'local')], links: [link(account(9, {}, { source: ucce }))] },
      [linked, lostGrant],
      ['grant-removal'],
    ],
  ];
  it.each(cases)('%s', (_, of, parts, expected) => {
    expect([...kinds(of, parts)].sort()).toEqual([...expected].sort());
  });

  it('holds what the first run of a source would link or overwrite, not what it would add', () => {
    expect(kinds(plain, [linked], { isFirstRun: true })).toContain('first-run');
    expect(kinds(plain, [field('email', 'a@x', 'b@x')], { isFirstRun: true })).toContain('first-run');
    expect(kinds(plain, [field('email', undefined, 'b@x')], { isFirstRun: true })).not.toContain('first-run');
    const created: Change = { ...change(linked), subject: { kind: 'account', source: ad, id: asExternalId('x') } };
    expect(dangersOf(created, undefined, world(), baseline({ isFirstRun: true }))).toEqual([{ kind: 'created' }]);
  });

  it('counts the roles and grants of new users as gained, but not at a first import', () => {
    const role: UserChangePart = { part: 'role', op: 'add', role: 'AGENT', owner: ad, because: '' };
    const grant: UserChangePart = { ...lostGrant, op: 'add', owner: ad };
    const kindsOfNew = (parts: readonly UserChangePart[], over: Partial<GuardBaseline> = {}) => {
      const created: Change = { ...change(...parts), subject: { kind: 'account', source: ad, id: asExternalId('x') } };
      return dangersOf(created, undefined, world(), baseline(over)).map(({ kind }) => kind);
    };
    expect(kindsOfNew([linked, role])).toEqual(['created', 'role-added']);
    expect(kindsOfNew([linked, grant])).toEqual(['created', 'role-added']);
    expect(kindsOfNew([linked, role, grant], { mirrorWasEmpty: true })).toEqual(['created']);
    expect(kindsOfNew([linked])).toEqual(['created']);
  });
});

const many = (count: number, danger: Danger, over: Partial<GuardedChange> = {}): readonly GuardedChange[] =>
  Array.from({ length: count }, (_, index) => ({
    subject: `user:${danger.kind}-${index}`,
    dangers: [danger],
    ...over,
  }));

const verdict = (
  changes: readonly GuardedChange[],
  over: Partial<GuardBaseline> = {},
  onHold: 'apply-safe' | 'hold-all' = 'apply-safe',
) => judge({ changes, baseline: baseline(over), policy: { guard: guardPolicy, onHold } });

describe('judge', () => {
  const loss: Danger = { kind: 'access-loss' };
  const team: Danger = { kind: 'team-members', team: asTeamId(1), teamName: 'Red' };
  const sized = (size: number) => ({ teamMembers: new Map([[asTeamId(1), size]]) });
  const cases: readonly [string, readonly GuardedChange[], Partial<GuardBaseline>, number][] = [
    ['lets through what is within both numbers', many(5, loss), {}, 0],
    ['holds more than 5 % and more than 5', many(6, loss), {}, 6],
    ['lets 6 of 1,000 through', many(6, loss), { enabledUsers: 1000 }, 0],
    ['counts the last 24 hours in', many(1, loss), { recent: new Map([['access-loss', 5]]) }, 1],
    ['holds more than 500 whatever the share', many(501, loss), { enabledUsers: 100_000 }, 501],
    [
      'lets 20 of 20 removals of memberships through',
      many(20, { kind: 'membership-removal' }),
      { enabledUsers: 20 },
      0,
    ],
    ['holds 21 of 100', many(21, { kind: 'membership-removal' }), {}, 21],
    ['holds when a team would lose all of its members', many(3, team), sized(3), 3],
    ['lets the only member of a team go', many(1, team), sized(1), 0],
    ['lets 2 of 3 members of a team go', many(2, team), sized(3), 0],
    ['holds 6 of 11 members of a team', many(6, team), sized(11), 6],
    [
      'holds a field changed on more than 30 % and more than 20',
      many(31, { kind: 'field-changed', field: 'email' }),
      {},
      31,
    ],
    ['holds many created users', many(51, { kind: 'created' }), {}, 51],
    [
      'never holds the first import into an empty mirror',
      many(500, { kind: 'created' }),
      { mirrorWasEmpty: true, linkedUsers: 0, enabledUsers: 0 },
      0,
    ],
    ['always holds a protected user', many(1, { kind: 'protected' }), {}, 1],
    ['always holds what a changed scope would remove', many(1, { kind: 'scope-changed' }), {}, 1],
    ['always holds what an empty read would remove', many(1, { kind: 'empty-read' }), {}, 1],
  ];
  it.each(cases)('%s', (_, changes, over, held) => {
    const { held: found, kind } = verdict(changes, over);
    expect([found.size, kind]).toEqual([held, held === 0 ? 'safe' : 'held']);
  });

  it('applies the others, or holds all, as configured', () => {
    const changes = [...many(6, loss), ...many(3, { kind: 'rename' })];
    expect(verdict(changes).held.size).toBe(6);
    expect(verdict(changes).tally).toEqual(new Map([['rename', 3]]));
    const all = verdict(changes, {}, 'hold-all');
    expect([all.held.size, all.held.get(8)]).toEqual([9, ['hold-all']]);
  });

  it('holds what depends on a held change: the same atomic group, and teams that are not created', () => {
    const changes: readonly GuardedChange[] = [
      { subject: 'group:ad-hq/g', dangers: [{ kind: 'protected' }] },
      { subject: 'user:1', dangers: [], needs: ['group:ad-hq/g'], atomic: 'keys:1' },
      { subject: 'user:2', dangers: [], atomic: 'keys:1' },
      { subject: 'user:3', dangers: [] },
    ];
    expect([...verdict(changes).held]).toEqual([
      [0, ['protected']],
      [1, ['depends']],
      [2, ['depends']],
    ]);
  });

  it('says what tripped, with the numbers that a person needs', () => {
    expect(verdict(many(6, team), { ...sized(11), recent: new Map([['team-members:1', 1]]) }).holds).toEqual([
      { kind: 'team-members', of: 'Red', count: 6, recent: 1, baseline: 11, limit: guardPolicy.teamMembers },
    ]);
  });

  it('finds the teams that a change needs created', () => {
    const fresh = { name: 'New', group: { source: ad, id: asExternalId('g') } };
    const needy = change(
      { part: 'membership', op: 'add', team: fresh, owner: ad, because: '' },
      { part: 'main-team', after: fresh, rule: 'first-assigned' },
    );
    expect(needsOf(needy)).toEqual(['group:ad-hq/g']);
  });
});
