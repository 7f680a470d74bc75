// Situations of accounts with a user: absence, return, frozen and withdrawn claims, enabled.

import { describe, expect, it } from 'vitest';
import type { MirrorAccount, Presence } from '../../src/model/account.ts';
import type { EnabledReason } from '../../src/model/change.ts';
import { asGroupKey, asTeamId } from '../../src/model/ids.ts';
import type { Link, User } from '../../src/model/user.ts';
import { absenceOf, suspicionOf } from '../../src/reconcile/absence.ts';
import { decideEnabled } from '../../src/reconcile/enabled.ts';
import { decideUser, noRefusals } from '../../src/reconcile/plan.ts';
import { linkedAccounts } from '../../src/reconcile/situation.ts';
import {
  account,
  ad,
  adPolicy,
  dayMs,
  gone,
  group,
  hourMs,
  later,
  link,
  now,
  owned,
  pin,
  policy,
  row,
  settledUser,
  sourcePolicy,
  team,
  ucce,
  uccePolicy,
  uccx,
  uccxPolicy,
  user,
  world,
} from '../laws/small-world.ts';

describe('absence', () => {
  const patient = sourcePolicy({
    absence: { graceMs: hourMs, confirmReads: 2, outOfScopeGraceMs: dayMs, returnWithinMs: 30 * dayMs },
  });
  const cases: readonly [string, Presence, number, object][] = [
    ['present never acts', { state: 'present' }, 0, { kind: 'present' }],
    [
      'missing never acts, however long',
      { state: 'missing', since: now, suspect: undefined },
      1000 * dayMs,
      { kind: 'waits' },
    ],
    ['absent waits for its grace', gone({ confirmedReads: 2 }), hourMs - 1, { kind: 'waits', until: later(hourMs) }],
    ['absent acts at the end of its grace', gone({ confirmedReads: 2 }), hourMs, { kind: 'acts', because: 'absent' }],
    ['absent waits for a second read', gone(), 1000 * dayMs, { kind: 'waits' }],
    [
      'out-of-scope has a grace of its own',
      gone({ state: 'out-of-scope' }),
      hourMs,
      { kind: 'waits', until: later(dayMs) },
    ],
    ['out-of-scope acts after it', gone({ state: 'out-of-scope' }), dayMs, { kind: 'acts', because: 'out-of-scope' }],
  ];
  it.each(cases)('%s', (_, presence, afterMs, expected) => {
    expect(absenceOf(patient, presence, later(afterMs))).toEqual(expected);
  });
});

describe('suspicion of a record that is there', () => {
  const named = (first: string, last: string) => ({ attributes: { first: [first], lastname: [last] }, unread: [] });
  const ofSource = (idStability: 'immutable' | 'reusable') => sourcePolicy({ idStability });
  const before = { presence: 'absent', presenceSince: now, isLinked: true, account: named('Ann', 'Lee') } as const;
  it.each([
    ['an immutable id that is back in time is trusted', 'immutable', before, dayMs, undefined],
    ['one that is back late is not', 'immutable', before, 31 * dayMs, 'returned-late'],
    ['a reusable id that was absent is not', 'reusable', before, 1, 'reused-id'],
    ['a reusable id that was only out of scope is', 'reusable', { ...before, presence: 'out-of-scope' }, 1, undefined],
    ['an account without a user is nobody yet', 'reusable', { ...before, isLinked: false }, 31 * dayMs, undefined],
  ] as const)('%s', (_, idStability, known, afterMs, expected) => {
    expect(suspicionOf(ofSource(idStability), known, named('Ann', 'Lee'), later(afterMs))).toBe(expected);
  });

  it('is raised when both names change under a reusable id, not when one does', () => {
    const known = { ...before, presence: 'present' } as const;
    const policyOf = ofSource('reusable');
    expect(suspicionOf(policyOf, known, named('Bob', 'Ray'), now)).toBe('reused-id');
    expect(suspicionOf(policyOf, known, named('Ann', 'Ray'), now)).toBeUndefined();
    expect(suspicionOf(ofSource('immutable'), known, named('Bob', 'Ray'), now)).toBeUndefined();
  });
});

type Over = Partial<MirrorAccount> & { readonly linked?: Link['state'] };

function enabledOf(accounts: readonly (readonly [typeof ad, Over])[], over: Partial<User> = {}) {
  const own = accounts.map(([source, { linked: _, ...rest }], index) => account(index + 1, {}, { source, ...rest }));
  const links = own.map((one, index) => link(one, accounts[index]?.[1].linked));
  const somebody = user(1, { links, ...over });
  return decideEnabled(world(), somebody, linkedAccounts(world(), somebody, own));
}

describe('enabled', () => {
  const off: Over = { status: 'disabled' };
  const away: Over = { linked: 'gone', presence: gone() };
  const cases: readonly [string, readonly (readonly [typeof ad, Over])[], Partial<User>, boolean, EnabledReason][] = [
    ['authority says yes', [[ad, {}]], {}, true, 'authority-enabled'],
    [
      'authority says no, others are not asked',
      [
        [ad, off],
        [ucce, {}],
      ],
      {},
      false,
      'authority-disabled',
    ],
    ['authority has expired', [[ad, { expiresAt: later(-1) }]], {}, false, 'authority-expired'],
    [
      'authority is gone',
      [
        [ad, away],
        [ucce, {}],
      ],
      {},
      false,
      'authority-gone',
    ],
    [
      'one vote is enough',
      [
        [ucce, {}],
        [uccx, away],
      ],
      {},
      true,
      'votes-alive',
    ],
    [
      'no vote is left',
      [
        [ucce, off],
        [uccx, {}],
      ],
      {},
      false,
      'votes-gone',
    ],
    [
      'a source without a status never disables while it has the person',
      [[uccx, { status: 'disabled' }]],
      {},
      true,
      'no-lifecycle',
    ],
    ['nobody has the person any more', [[uccx, away]], {}, false, 'votes-gone'],
    [
      'an admin hold stands above the authority',
      [[ad, {}]],
      { adminHold: { by: 'a', reason: 'b', since: now } },
      false,
      'admin-hold',
    ],
    [
      'a pin stands above the authority',
      [[ad, off]],
      { pins: [pin('enabled', '-', { value: 'true' })] },
      true,
      'pinned',
    ],
    [
      'an admin hold stands above a pin',
      [[ad, {}]],
      { adminHold: { by: 'a', reason: 'b', since: now }, pins: [pin('enabled', '-', { value: 'true' })] },
      false,
      'admin-hold',
    ],
    ['a local user is what it was activated to (R121)', [], { activated: false }, false, 'not-activated'],
    ['a local user, activated', [], {}, true, 'activated'],
    [
      'a disputed authority leaves things as they are',
      [[ad, { ...off, quarantine: 'reused-id' }]],
      {},
      true,
      'quarantined',
    ],
    [
      'missing is not gone',
      [[ad, { presence: { state: 'missing', since: now, suspect: undefined } }]],
      {},
      true,
      'authority-enabled',
    ],
  ];
  it.each(cases)('%s', (_, accounts, over, value, because) => {
    expect(enabledOf(accounts, over)).toMatchObject({ value, because });
  });

  it('is looked at again when the account expires', () => {
    expect(enabledOf([[ad, { expiresAt: later(hourMs) }]]).recheckAt).toBe(later(hourMs));
  });
});

describe('an account whose absence acts', () => {
  const red = team(1, 'Red');
  const ofTeam = (source: typeof ad) => group(1, 'Red', { source, teamId: red.id });
  const leaver = (source: typeof ad, over: Over = {}) =>
    account(1, { name: 'ann' }, { source, memberOf: [ofTeam(source).key], presence: gone(), ...over });
  const member = (accounts: readonly MirrorAccount[], source: typeof ad, over: Partial<User> = {}): User =>
    user(1, {
      values: owned(ad, { username: 'ann' }),
      links: accounts.map((one) => link(one)),
      memberships: [row(1, source)],
      mainTeam: red.id,
      ...over,
    });
  const partsOf = (source: typeof ad, accounts: readonly MirrorAccount[], somebody: User, over = policy()) =>
    decideUser(
      world({ source, policy: over, teams: [red], groups: [ofTeam(source)] }),
      { user: somebody, accounts },
      noRefusals,
    ).change?.parts.map((part) => part.part) ?? [];

  it('disables the user and freezes what it gave, when it decides alone', () => {
    const accounts = [leaver(ad)];
    expect(partsOf(ad, accounts, member(accounts, ad))).toEqual(['link-state', 'enabled']);
  });

  it('withdraws all the same when the source is told to', () => {
    const accounts = [leaver(ad)];
    const strict = policy({ sources: [{ ...adPolicy, onLeave: 'withdraw' }, uccePolicy, uccxPolicy] });
    expect(partsOf(ad, accounts, member(accounts, ad), strict)).toEqual([
      'link-state',
      'enabled',
      'membership',
      'main-team',
    ]);
  });

  it('withdraws what it gave when the user lives on through another source', () => {
    const accounts = [leaver(uccx), account(2, { name: 'ann' })];
    expect(partsOf(uccx, accounts, member(accounts, uccx))).toEqual(['link-state', 'membership', 'main-team']);
  });

  it('waits for the run of its own source, which is told', () => {
    const accounts = [leaver(uccx), account(2, { name: 'ann' })];
    const decision = decideUser(
      world({ teams: [red], groups: [ofTeam(uccx)] }),
      { user: member(accounts, uccx), accounts },
      noRefusals,
    );
    expect(decision.change).toBeUndefined();
    expect(decision.pendingFor).toEqual([uccx]);
  });

  it('lifts by itself when the account is back', () => {
    const accounts = [leaver(ad, { presence: { state: 'present' } })];
    const somebody = member(accounts, ad, { enabled: false, links: [link(accounts[0] as MirrorAccount, 'gone')] });
    expect(partsOf(ad, accounts, somebody)).toEqual(['link-state', 'enabled']);
  });

  it('carries the doubt of the read that showed it', () => {
    const accounts = [leaver(ad, { presence: gone({ suspect: 'scope-changed' }) })];
    const decision = decideUser(
      world({ teams: [red], groups: [ofTeam(ad)] }),
      { user: member(accounts, ad), accounts },
      noRefusals,
    );
    expect(decision.suspicions).toEqual(['scope-changed']);
  });

  it('gives the end of the grace as the time to look again', () => {
    const accounts = [leaver(ad, { presence: gone({ state: 'out-of-scope' }) })];
    const decision = decideUser(
      world({ teams: [red], groups: [ofTeam(ad)] }),
      { user: member(accounts, ad), accounts },
      noRefusals,
    );
    expect([decision.change, decision.recheckAt]).toEqual([undefined, later(dayMs)]);
  });
});

describe('a disputed account', () => {
  const teams = [team(1, 'Red'), team(2, 'Blue')];
  const groups = [group(1, 'Red', { teamId: asTeamId(1) }), group(2, 'Blue', { teamId: asTeamId(2) })];

  it('leaves every row, value and state of its user as it is, whatever it says now', () => {
    const stranger = account(
      1,
      { name: 'eve', ext: '2' },
      { memberOf: [asGroupKey(2)], quarantine: 'reused-id', status: 'disabled' },
    );
    const one = settledUser(1, stranger, {
      values: owned(ad, { username: 'ann' }),
      attributes: [{ name: 'extension', value: '1', owner: ad }],
      memberships: [row(1, ad)],
      mainTeam: asTeamId(1),
    });
    const decision = decideUser(world({ teams, groups }), { user: one, accounts: [stranger] }, noRefusals);
    expect(decision.change).toBeUndefined();
    expect(decision.findings.map(({ code, subject }) => [code, subject])).toEqual([['name-of-another', 'user:1']]);
  });

  it('does not stand against a person who pins a team out', () => {
    const frozen = account(1, { name: 'ann' }, { quarantine: 'returned-late', memberOf: [asGroupKey(1)] });
    const pins = [pin('membership', '1', { mode: 'keep-out' })];
    const one = settledUser(1, frozen, { memberships: [row(1, ad)], mainTeam: asTeamId(1), pins });
    const decision = decideUser(world({ teams, groups }), { user: one, accounts: [frozen] }, noRefusals);
    expect(decision.change?.parts.map((part) => part.part)).toEqual(['membership', 'main-team']);
  });
});

describe('rows of another source', () => {
  const teams = [team(1, 'Red')];
  const groups = [group(1, 'Red', { source: ucce, teamId: asTeamId(1) })];
  const accounts = [
    account(1, { name: 'ann' }),
    account(2, { name: 'ann', ext: '1' }, { source: ucce, memberOf: [asGroupKey(1)], manages: [asGroupKey(1)] }),
  ];
  const one = user(1, {
    values: owned(ad, { username: 'ann' }),
    links: accounts.map((each) => link(each)),
    roles: [{ role: 'AGENT', owner: ucce }],
  });

  it('wait for the run of that source, under its own guard', () => {
    const { change, pendingFor } = decideUser(world({ teams, groups }), { user: one, accounts }, noRefusals);
    expect([change, pendingFor]).toEqual([undefined, [ucce]]);
    const own = decideUser(world({ source: ucce, teams, groups }), { user: one, accounts }, noRefusals);
    expect(own.change?.parts.map((part) => part.part)).toEqual([
      'attribute',
      'membership',
      'grant',
      'role',
      'main-team',
    ]);
    expect(own.pendingFor).toBeUndefined();
  });
});

describe('sync switch off (R123)', () => {
  it('freezes the user, and says so when the source disabled the person', () => {
    const one = account(1, { name: 'new' }, { status: 'disabled' });
    const off = { by: 'a', reason: 'trial', since: now, until: later(dayMs) };
    const decision = decideUser(world(), { user: settledUser(1, one, { syncOff: off }), accounts: [one] }, noRefusals);
    expect(decision.change).toBeUndefined();
    expect(decision.claims).toEqual([]);
    expect(decision.findings.map(({ code }) => code)).toEqual(['sync-off-but-disabled']);
    expect(decision.recheckAt).toBe(later(dayMs));
  });

  it('counts as on once it has expired', () => {
    const one = account(1, { name: 'ann' }, { status: 'disabled' });
    const off = { by: 'a', reason: 'trial', since: now, until: now };
    const decision = decideUser(world(), { user: settledUser(1, one, { syncOff: off }), accounts: [one] }, noRefusals);
    expect(decision.change?.parts.map((part) => part.part)).toEqual(['enabled']);
  });
});
