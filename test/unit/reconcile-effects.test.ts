// Validation, the effect of changes, their recheck after a crash, and the text that an approval binds to.

import { describe, expect, it } from 'vitest';
import type { Change, UserChangePart } from '../../src/model/change.ts';
import { asAccountKey, asExternalId, asTeamId, asUserId } from '../../src/model/ids.ts';
import { foldKey } from '../../src/model/keys.ts';
import type { User } from '../../src/model/user.ts';
import { applyChange, recheck } from '../../src/reconcile/apply-change.ts';
import { checksumText } from '../../src/reconcile/checksum.ts';
import { compilePatterns } from '../../src/reconcile/patterns.ts';
import { checkEmail, checkPhone, checkUsername, validateValues } from '../../src/reconcile/validate.ts';
import { ad, later, now, owned, policy, row, uccx, user } from '../laws/small-world.ts';

const { validation } = policy();

describe('validation', () => {
  it.each([
    ['ann', []],
    ['ann.lee@a-long-domain-that-does-not-count.example', []],
    ['ann*lee', ['R8']],
    ['...', ['R9', 'R10', 'R11']],
    ['12345', ['R10']],
    ['ann.', ['R11']],
    ['a'.repeat(20), []],
    ['a'.repeat(21), ['R36']],
    ['jürgen', []],
  ])('username %s breaks %j', (username, rules) => {
    expect(checkUsername(username, validation).map(({ rule }) => rule)).toEqual(rules);
  });

  it('limits names to printable ASCII where that is asked for (R8)', () => {
    expect(checkUsername('jürgen', { ...validation, asciiOnly: true }).map(({ rule }) => rule)).toEqual(['R8']);
  });

  it.each([
    ['+420 (2) 123-456.789', true],
    ['123456789012345', true],
    ['1234567890123456', false],
    ['123 ext 4', false],
    ['+', false],
  ])('phone %s is fine: %s (R40)', (phone, isFine) => {
    expect(checkPhone(phone, validation).length === 0).toBe(isFine);
  });

  it.each([
    ['a@x', true],
    ['a.b+c@x.example', true],
    ['a', false],
    ['a@', false],
    ['a@b@c', false],
    ['a b@x', false],
    ['a@x..y', false],
  ])('e-mail %s is fine: %s (R43)', (email, isFine) => {
    expect(checkEmail(email).length === 0).toBe(isFine);
  });

  it('makes one finding per kind, and none of what a person set', () => {
    const of = { subject: 'user:1', label: 'ann' };
    const found = validateValues(owned(ad, { username: '1.', phone: 'x', mobile: 'y' }), validation, of);
    expect(
      found.map(({ code, source, detail }) => [code, source, (detail['problems'] as readonly string[]).length]),
    ).toEqual([
      ['username-invalid', ad, 2],
      ['phone-invalid', ad, 2],
    ]);
    expect(validateValues(owned('local', { username: '1.' }), validation, of)).toEqual([]);
  });
});

describe('patterns', () => {
  it.each([
    ['cc-*', 'CC-Sales', true],
    ['cc-*', 'xcc-Sales', false],
    ['a.b', 'axb', false],
    ['*', '', true],
    ['**a**b**', 'xxaxxbxx', true],
    ['(x', '(X', true],
    ['ab*ba', 'aba', false],
    ['*a*', 'xyz', false],
  ])('%s takes %s: %s', (pattern, name, expected) => {
    expect(compilePatterns([pattern])(name)).toBe(expected);
  });
});

describe('foldKey', () => {
  it.each(['John', 'JOHN  Smith ', ' x', 'ÄÖ', 'ｆｕｌｌ', 'a\u00a0b', '', 'ı'])(
    'gives one key for %j in any case',
    (text) => {
      const slow = text.normalize('NFKC').toLowerCase().normalize('NFKC').trim().replace(/\s+/gu, ' ');
      expect(foldKey(text)).toBe(slow);
      expect(foldKey(foldKey(text))).toBe(foldKey(text));
    },
  );
});

const accountX = asExternalId('x');
const context = {
  id: asUserId(1),
  now: later(5),
  team: (ref: { readonly id?: number }) => asTeamId(ref.id ?? 77),
  account: () => asAccountKey(9),
};
const of = (...parts: readonly UserChangePart[]): Change => ({
  subject: { kind: 'user', id: asUserId(1) },
  label: 'ann',
  parts,
});
const newTeam = { name: 'New', group: { source: ad, id: asExternalId('g') } };
const red = { id: asTeamId(1), name: 'Red' };

/** One part of each kind, the user on which it was planned, and what it makes of it. */
const parts: readonly [UserChangePart, Partial<User>, Partial<User>][] = [
  [
    { part: 'linked', source: ad, account: accountX, name: 'x', rule: 'email' },
    {},
    { links: [{ source: ad, account: asAccountKey(9), state: 'active', rule: 'email', since: later(5) }] },
  ],
  [
    {
      part: 'link-state',
      source: ad,
      account: accountX,
      name: 'x',
      before: 'active',
      after: 'gone',
      because: 'absent',
    },
    { links: [{ source: ad, account: asAccountKey(9), state: 'active', rule: 'email', since: now }] },
    { links: [{ source: ad, account: asAccountKey(9), state: 'gone', rule: 'email', since: now }] },
  ],
  [
    { part: 'field', field: 'email', after: { value: 'a@x', owner: ad }, rule: 'precedence' },
    {},
    { values: owned(ad, { email: 'a@x' }) },
  ],
  [
    { part: 'field', field: 'email', before: { value: 'a@x', owner: ad }, rule: 'removed' },
    { values: owned(ad, { email: 'a@x' }) },
    { values: {} },
  ],
  [
    { part: 'attribute', name: 'extension', owner: ad, before: '1', after: '2' },
    { attributes: [{ name: 'extension', owner: ad, value: '1' }] },
    { attributes: [{ name: 'extension', owner: ad, value: '2' }] },
  ],
  [{ part: 'enabled', before: true, after: false, because: 'votes-gone' }, {}, { enabled: false }],
  [
    { part: 'membership', op: 'add', team: red, owner: ad, because: '' },
    { memberships: [row(1, 'local')] },
    { memberships: [row(1, ad), row(1, 'local')] },
  ],
  [
    { part: 'membership', op: 'remove', team: red, owner: ad, because: '' },
    { memberships: [row(1, ad), row(1, uccx)] },
    { memberships: [row(1, uccx)] },
  ],
  [{ part: 'membership', op: 'add', team: newTeam, owner: ad, because: '' }, {}, { memberships: [row(77, ad)] }],
  [
    { part: 'grant', op: 'remove', team: red, owner: 'local', because: '' },
    { grants: [row(1, 'local')] },
    { grants: [] },
  ],
  [{ part: 'role', op: 'add', role: 'AGENT', owner: ad, because: '' }, {}, { roles: [{ role: 'AGENT', owner: ad }] }],
  [
    { part: 'main-team', before: red, after: { id: asTeamId(2), name: 'Blue' }, rule: 'first-by-name' },
    { mainTeam: asTeamId(1) },
    { mainTeam: asTeamId(2) },
  ],
];

describe('applyChange', () => {
  it.each(parts)('%j', (part, before, after) => {
    const start = user(1, before);
    const frozen = structuredClone(start);
    expect(applyChange(start, of(part), context)).toEqual(user(1, { ...before, ...after }));
    expect(start).toEqual(frozen);
  });

  it('makes a user of a created part', () => {
    const created: Change = {
      ...of({ part: 'created', origin: ad }),
      subject: { kind: 'account', source: ad, id: accountX },
    };
    expect(applyChange(undefined, created, context)).toMatchObject({
      id: 1,
      origin: ad,
      enabled: false,
      activated: false,
    });
  });
});

describe('recheck', () => {
  it.each(parts)('%j', (part, before, after) => {
    const change = of(part);
    const isOfNewTeam = part.part === 'membership' && part.team.id === undefined;
    expect(recheck(change, user(1, before), context.account)).toBe('apply');
    if (!isOfNewTeam) expect(recheck(change, user(1, { ...before, ...after }), context.account)).toBe('obsolete');
  });

  it('finds a conflict when a value is another one by now, or half is done', () => {
    const change = of(
      {
        part: 'field',
        field: 'email',
        before: { value: 'a@x', owner: ad },
        after: { value: 'b@x', owner: ad },
        rule: 'precedence',
      },
      { part: 'enabled', before: true, after: false, because: 'votes-gone' },
    );
    expect(recheck(change, user(1, { values: owned(ad, { email: 'c@x' }) }))).toBe('conflict');
    expect(recheck(change, user(1, { values: owned('local', { email: 'a@x' }) }))).toBe('conflict');
    expect(recheck(change, user(1, { values: owned(ad, { email: 'b@x' }) }))).toBe('conflict');
    expect(recheck(change, undefined)).toBe('conflict');
  });

  it('creates only who does not exist', () => {
    const created: Change = {
      ...of({ part: 'created', origin: ad }),
      subject: { kind: 'account', source: ad, id: accountX },
    };
    expect([recheck(created, undefined), recheck(created, user(1))]).toEqual(['apply', 'obsolete']);
  });
});

describe('checksumText', () => {
  const grant = (because: string, name: string, owner = ad): UserChangePart => ({
    part: 'grant',
    op: 'add',
    team: { id: asTeamId(1), name },
    owner,
    because,
  });
  it('is the same whatever the order, the reasons and the names for people', () => {
    const a = of(grant('member of x', 'Red'), { part: 'enabled', before: true, after: false, because: 'votes-gone' });
    const b: Change = {
      ...of({ part: 'enabled', before: true, after: false, because: 'authority-gone' }, grant('y', 'Renamed')),
      label: 'other',
      atomic: 'keys:1',
    };
    const other: Change = { ...of(grant('', 'Red')), subject: { kind: 'user', id: asUserId(2) } };
    expect(checksumText([a, other])).toBe(checksumText([other, b]));
  });

  it.each([
    ['another owner', of(grant('', 'Red', uccx))],
    ['another user', { ...of(grant('', 'Red')), subject: { kind: 'user', id: asUserId(2) } } as Change],
    ['one part more', of(grant('', 'Red'), { part: 'role', op: 'add', role: 'ADMIN', owner: ad, because: '' })],
    ['another before', of({ part: 'field', field: 'email', before: { value: 'b', owner: ad }, rule: 'removed' })],
  ])('differs for %s', (_, change) => {
    const texts = [
      of(grant('', 'Red')),
      of({ part: 'field', field: 'email', before: { value: 'a', owner: ad }, rule: 'removed' }),
    ].map((one) => checksumText(one));
    expect(texts).not.toContain(checksumText(change));
  });
});
