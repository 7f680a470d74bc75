// How each field is decided, row by row of the table above decideField.

import { describe, expect, it } from 'vitest';
import type { MirrorAccount } from '../../src/model/account.ts';
import type { FieldRule } from '../../src/model/change.ts';
import type { User } from '../../src/model/user.ts';
import { decideField } from '../../src/reconcile/fields.ts';
import { mapAccount } from '../../src/reconcile/map.ts';
import { linkedAccounts } from '../../src/reconcile/situation.ts';
import {
  account,
  ad,
  adPolicy,
  gone,
  later,
  link,
  owned,
  pin,
  policy,
  ucce,
  uccePolicy,
  uccx,
  uccxPolicy,
  user,
  world,
} from '../laws/small-world.ts';

interface Case {
  readonly says: string;
  /** In order of precedence: directory, UCCE. */
  readonly ad?: string | null;
  readonly ucce?: string | null;
  readonly present?: User['values'];
  readonly over?: Partial<User>;
  readonly value: string | undefined;
  readonly rule: FieldRule;
}

const both = (given: Pick<Case, 'ad' | 'ucce'>): readonly MirrorAccount[] => [
  account(1, given.ad === undefined ? {} : { mail: given.ad }),
  account(2, given.ucce === undefined ? {} : { mail: given.ucce }, { source: ucce }),
];

function decideEmail(one: Case) {
  const accounts = both(one);
  const somebody = user(1, { values: one.present ?? {}, links: accounts.map((each) => link(each)), ...one.over });
  return decideField(world(), somebody, linkedAccounts(world(), somebody, accounts), 'email');
}

const local = owned('local', { email: 'own@x' });
const cases: readonly Case[] = [
  { says: 'the first source that is present wins', ad: 'a@x', ucce: 'b@x', value: 'a@x', rule: 'precedence' },
  { says: 'cleared falls through to the next', ad: null, ucce: 'b@x', value: 'b@x', rule: 'precedence' },
  {
    says: 'a local value gives way to a present one',
    ad: 'a@x',
    ucce: null,
    present: local,
    value: 'a@x',
    rule: 'precedence',
  },
  {
    says: 'a local value stays when all are cleared (R106)',
    ad: null,
    ucce: null,
    present: local,
    value: 'own@x',
    rule: 'kept-local',
  },
  {
    says: 'a value of a source goes when all are cleared',
    ad: null,
    ucce: null,
    present: owned(ad, { email: 'a@x' }),
    value: undefined,
    rule: 'removed',
  },
  {
    says: 'a value of a source without configuration stays',
    ad: null,
    ucce: null,
    present: owned('old' as typeof ad, { email: 'a@x' }),
    value: 'a@x',
    rule: 'kept',
  },
  {
    says: 'never read keeps what the same source gave',
    ucce: 'b@x',
    present: owned(ad, { email: 'a@x' }),
    value: 'a@x',
    rule: 'kept-unread',
  },
  { says: 'never read does not keep away what the next one gives', ucce: 'b@x', value: 'b@x', rule: 'precedence' },
  {
    says: 'never read does not keep what another source has emptied',
    ucce: null,
    present: owned(ucce, { email: 'b@x' }),
    value: undefined,
    rule: 'removed',
  },
  {
    says: 'never read keeps a local value that nobody gives',
    ucce: null,
    present: local,
    value: 'own@x',
    rule: 'kept-local',
  },
  {
    says: 'a pin stands above all',
    ad: 'a@x',
    ucce: null,
    over: { pins: [pin('field', 'email', { value: 'p@x' })] },
    value: 'p@x',
    rule: 'pinned',
  },
  {
    says: 'a pin may keep a field empty',
    ad: 'a@x',
    ucce: null,
    over: { pins: [pin('field', 'email', { mode: 'keep-out' })] },
    value: undefined,
    rule: 'pinned',
  },
  {
    says: 'an expired pin sleeps',
    ad: 'a@x',
    ucce: null,
    over: { pins: [pin('field', 'email', { value: 'p@x', until: later(-1) })] },
    value: 'a@x',
    rule: 'precedence',
  },
  {
    says: 'nothing of a source reaches a user without a link',
    ad: 'a@x',
    ucce: null,
    present: local,
    over: { links: [] },
    value: 'own@x',
    rule: 'kept-local',
  },
];

describe('field', () => {
  it.each(cases)('$says', (one) => {
    const { explanation, part } = decideEmail(one);
    expect({ value: explanation.value, rule: explanation.rule }).toEqual({ value: one.value, rule: one.rule });
    expect(part?.after?.value ?? (part === undefined ? one.present?.email?.value : undefined)).toBe(one.value);
  });

  it('names every candidate and why it lost', () => {
    const { explanation } = decideEmail({ says: '', ad: null, ucce: 'b@x', present: local, value: '', rule: 'kept' });
    expect(explanation.candidates.map(({ owner, verdict }) => [owner, verdict])).toEqual([
      [ad, 'cleared'],
      [ucce, 'wins'],
      ['local', 'a source gives it'],
    ]);
  });

  it('asks in the precedence of the field where it differs from the order of the sources', () => {
    const accounts = both({ ad: 'a@x', ucce: 'b@x' });
    const turned = world({ policy: policy({ precedence: { email: [ucce] } }) });
    const somebody = user(1, { links: accounts.map((each) => link(each)) });
    expect(decideField(turned, somebody, linkedAccounts(turned, somebody, accounts), 'email').after?.value).toBe('b@x');
  });

  it('does not listen to a disputed account, and does not go past it either', () => {
    const [first, second] = both({ ad: 'stranger@x', ucce: 'b@x' }) as [MirrorAccount, MirrorAccount];
    const accounts: readonly MirrorAccount[] = [{ ...first, quarantine: 'reused-id' }, second];
    const somebody = user(1, { values: owned(ad, { email: 'a@x' }), links: accounts.map((each) => link(each)) });
    const { explanation, part } = decideField(world(), somebody, linkedAccounts(world(), somebody, accounts), 'email');
    expect([explanation.value, explanation.rule, part]).toEqual(['a@x', 'kept', undefined]);
  });

  it('goes on hearing an account whose absence froze it, and not one that has withdrawn', () => {
    const [first, second] = both({ ad: 'a@x', ucce: 'b@x' }) as [MirrorAccount, MirrorAccount];
    const frozen = [{ ...first, presence: gone() }, second];
    const somebody = user(1, { links: frozen.map((each) => link(each)) });
    expect(decideField(world(), somebody, linkedAccounts(world(), somebody, frozen), 'email').after?.value).toBe('a@x');
    const withdrawn = [
      { ...first, attributes: { mail: [] } },
      { ...second, presence: gone() },
    ];
    const w = world({ source: ucce });
    expect(decideField(w, somebody, linkedAccounts(w, somebody, withdrawn), 'email').after).toBeUndefined();
  });
});

describe('username', () => {
  const rename = (mode: 'follow' | 'keep', present?: User['values']) => {
    const w = world({ policy: policy({ sources: [{ ...adPolicy, rename: mode }, uccePolicy, uccxPolicy] }) });
    const one = account(1, { name: 'new' });
    const somebody = user(1, { values: present ?? {}, links: [link(one)] });
    return (refused?: string) => decideField(w, somebody, linkedAccounts(w, somebody, [one]), 'username', refused);
  };

  it('follows a rename in the source, or keeps the old name, as configured', () => {
    expect(rename('follow', owned(ad, { username: 'old' }))().after?.value).toBe('new');
    expect(rename('keep', owned(ad, { username: 'old' }))().explanation.rule).toBe('kept-rename');
    expect(rename('keep')().after?.value).toBe('new');
  });

  it('keeps the old name when the claim is refused, and says who holds it', () => {
    const { explanation, after } = rename('follow', owned(ad, { username: 'old' }))('eve');
    expect([after?.value, explanation.rule]).toEqual(['old', 'kept-conflict']);
    expect(explanation.candidates.map(({ verdict }) => verdict)).toEqual(['held by eve']);
  });

  it('is never removed, because a user without a name could not be named', () => {
    const one = account(1, { name: null });
    const somebody = user(1, { values: owned(ad, { username: 'old' }), links: [link(one)] });
    expect(decideField(world(), somebody, linkedAccounts(world(), somebody, [one]), 'username').after?.value).toBe(
      'old',
    );
  });
});

describe('e-mail that another user keeps (R44, R92)', () => {
  it('leaves the loser without, but never takes a local address away', () => {
    const one = account(1, { mail: 'taken@x' });
    const of = (values: User['values']) => {
      const somebody = user(1, { values, links: [link(one)] });
      return decideField(world(), somebody, linkedAccounts(world(), somebody, [one]), 'email', 'eve');
    };
    expect(of(owned(ad, { email: 'old@x' })).after).toBeUndefined();
    expect(of(owned('local', { email: 'own@x' })).after?.value).toBe('own@x');
    expect(of({}).part).toBeUndefined();
  });
});

describe('mapping', () => {
  const of = (given: Record<string, readonly string[]>) => ({ attributes: given, unread: [] });
  const first = { kind: 'first', attributes: ['mail', 'otherMail'] } as const;
  const template = { kind: 'template', template: '{sn}, {givenName}', attributes: ['sn', 'givenname'] } as const;

  it.each([
    ['the first present attribute', first, { mail: [], othermail: ['o@x'] }, 'o@x'],
    ['the first of several values that is not blank', first, { mail: [' ', 'b@x', 'c@x'] }, 'b@x'],
    ['cleared when all are cleared', first, { mail: [], othermail: [] }, 'cleared'],
    ['unread when one that could win is unread', first, { othermail: ['o@x'] }, 'unread'],
    ['a template with its holes filled', template, { sn: ['Lee'], givenname: ['Ann'] }, 'Lee, Ann'],
    ['a template with one hole cleared', template, { sn: ['Lee'], givenname: [] }, 'Lee,'],
    ['cleared when every hole is cleared', template, { sn: [], givenname: [] }, 'cleared'],
    ['unread when any hole is unread', template, { sn: ['Lee'] }, 'unread'],
    ['a constant', { kind: 'constant', value: 'ACME' } as const, {}, 'ACME'],
    ['lower', { ...first, transform: 'lower' } as const, { mail: ['A@X'] }, 'a@x'],
    ['upper', { ...first, transform: 'upper' } as const, { mail: ['a'] }, 'A'],
    ['local-part', { ...first, transform: 'local-part' } as const, { mail: ['ann@x'] }, 'ann'],
    ['digits', { ...first, transform: 'digits' } as const, { mail: ['+1 (2)'] }, '12'],
    [
      'a transform that leaves nothing: the next one',
      { ...first, transform: 'digits' } as const,
      { mail: ['x'], othermail: ['7'] },
      '7',
    ],
  ])('%s', (_, rule, given, expected) => {
    const reading = mapAccount(of(given), rule);
    expect(reading.kind === 'present' ? reading.value : reading.kind).toBe(expected);
  });
});

describe('source without a say', () => {
  it('still gives values', () => {
    const one = account(1, { mail: 'a@x' }, { source: uccx });
    const somebody = user(1, { links: [link(one)] });
    expect(decideField(world(), somebody, linkedAccounts(world(), somebody, [one]), 'email').after).toEqual({
      value: 'a@x',
      owner: uccx,
    });
  });
});
