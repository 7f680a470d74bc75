// What the sources of one user show side by side, and that no order of runs makes it come and go.

import { describe, expect, it } from 'vitest';
import type { MirrorAccount } from '../../src/model/account.ts';
import type { TeamRef } from '../../src/model/change.ts';
import type { UserDecision } from '../../src/model/decision.ts';
import { asAccountKey, asEpochMs, asGroupKey, asTeamId } from '../../src/model/ids.ts';
import type { SourcePolicy } from '../../src/model/policy.ts';
import type { User } from '../../src/model/user.ts';
import { applyChange } from '../../src/reconcile/apply-change.ts';
import { foldName } from '../../src/reconcile/fold-name.ts';
import { decideNewUser, decideUser, noRefusals } from '../../src/reconcile/plan.ts';
import type { CompiledWorld } from '../../src/reconcile/world.ts';
import {
  account,
  ad,
  adPolicy,
  type Given,
  gone,
  group,
  later,
  link,
  now,
  pin,
  policy,
  row,
  team,
  ucce,
  uccePolicy,
  uccx,
  uccxPolicy,
  uccxTwo,
  user,
  world,
} from '../laws/small-world.ts';

const named = (own: SourcePolicy, attributes: SourcePolicy['mapping']['attributes'] = {}): SourcePolicy => ({
  ...own,
  roleMapping: [],
  mapping: {
    fields: { ...own.mapping.fields, lastName: { kind: 'first', attributes: ['last'] } },
    attributes,
  },
});
const extension = { extension: { kind: 'first', attributes: ['ext'] } } as const;
const agentId = { agentId: { kind: 'first', attributes: ['agentid'] } } as const;
const sources: readonly SourcePolicy[] = [
  named(adPolicy),
  named(uccePolicy, agentId),
  named(uccxPolicy, extension),
  { ...named(uccxPolicy, extension), name: uccxTwo },
];
const roles = {
  SUPERVISOR: { effective: ['EVAL_AGENTS', 'INTERACTIONS_GROUP_VIEW'] },
  REVIEWER: { effective: ['CREATE_EVALS'] },
  AGENT: { effective: [] },
};

type Parts = Parameters<typeof world>[0];
const made = (over: Parts = {}): CompiledWorld => ({
  ...world({ policy: policy({ sources, roles }), ...over }),
  hasReadAuthorities: true,
});

const person: Given = { name: 'ann', first: 'Ann', last: 'Lee' };
const inAd = (over: Partial<MirrorAccount> = {}, given: Given = {}) => account(1, { ...person, ...given }, over);
const inUccx = (over: Partial<MirrorAccount> = {}, given: Given = {}) =>
  account(2, { ...person, ext: '1001', ...given }, { source: uccx, status: 'unknown', ...over });
const inUcce = (over: Partial<MirrorAccount> = {}, given: Given = {}) =>
  account(3, { ...person, agentid: '007', ...given }, { source: ucce, ...over });

type Accounts = readonly MirrorAccount[];

const decide = (accounts: Accounts, own: User, in_: CompiledWorld = made()): UserDecision =>
  decideUser(in_, { user: own, accounts }, noRefusals);

/** The user after every source has run until nothing changes any more. */
function settle(accounts: Accounts, over: Partial<User> = {}, parts: Parts = {}): User {
  let own = user(1, { links: accounts.map((one) => link(one)), ...over });
  const context = {
    id: own.id,
    now,
    team: ({ id }: TeamRef) => id ?? asTeamId(0),
    account: (source: string) => accounts.find((one) => one.source === source)?.key ?? asAccountKey(0),
  };
  for (let round = 0; round < 3; round += 1) {
    for (const { name } of sources) {
      const { change } = decide(accounts, own, made({ ...parts, source: name }));
      if (change !== undefined) own = applyChange(own, change, context);
    }
  }
  return own;
}

/** Of a user at rest, in the run of each source: all of them must say the same. */
function found(accounts: Accounts, over: Partial<User> = {}, parts: Parts = {}) {
  const own = settle(accounts, over, parts);
  const said = sources.map(({ name }) => decide(accounts, own, made({ ...parts, source: name })).crossFindings);
  expect(said[0]).toBeDefined();
  for (const other of said) expect(other).toEqual(said[0]);
  return said[0] ?? [];
}
const short = (findings: NonNullable<UserDecision['crossFindings']>) =>
  findings.map(({ code, subject }) => `${code} ${subject}`);

describe('an agent of the contact centre', () => {
  it('gives no finding when the directory has the same person', () => {
    expect(found([inAd(), inUccx(), inUcce()])).toEqual([]);
  });

  it('whom no directory has is told to the administrators of both systems', () => {
    expect(found([inUccx(), inUcce()])).toMatchObject([
      {
        code: 'not-in-directory',
        source: ucce,
        subject: 'user:1/ucce-main',
        detail: { account: 'ann', directory: [ad] },
      },
      { code: 'not-in-directory', source: uccx, subject: 'user:1/uccx-main' },
    ]);
  });

  it('is nobody to report before every authority has been read completely', () => {
    const unknown = { ...made({ source: uccx }), hasReadAuthorities: false };
    expect(decide([inUccx()], settle([inUccx()]), unknown).crossFindings).toEqual([]);
  });

  it('is nobody to report where no source has authority', () => {
    const votes = policy({ sources: sources.filter(({ lifecycle }) => lifecycle !== 'authority'), roles });
    expect(found([inUccx()], {}, { policy: votes })).toEqual([]);
  });

  it.each([
    ['disabled', inAd({ status: 'disabled' })],
    ['expired', inAd({ expiresAt: now })],
    ['gone', inAd({ presence: gone() })],
  ])('who is %s in the directory can still log in', (says, directory) => {
    expect(found([directory, inUccx(), inUcce()])).toMatchObject([
      { code: 'disabled-in-directory', source: ucce, detail: { says, directory: [ad] } },
      { code: 'disabled-in-directory', source: uccx },
    ]);
  });

  it('whose login is taken away is only left over where the directory has nobody any more', () => {
    const disabled = inUcce({ status: 'disabled' });
    expect(short(found([inAd({ status: 'disabled' }), disabled]))).toEqual([]);
    expect(short(found([inAd({ presence: gone() }), disabled]))).toEqual(['not-in-directory user:1/ucce-main']);
  });

  it('whom only a filter leaves out is a finding once that was applied, not while the guard may hold it', () => {
    const presence = gone({ state: 'out-of-scope', since: asEpochMs(0) });
    const accounts = [inAd({ presence }), inUccx(), inUcce()];
    const held = settle([inAd(), inUccx(), inUcce()]);
    // The runs of the others leave it to that of the directory.
    for (const { name } of sources)
      expect(decide(accounts, held, made({ source: name })).crossFindings ?? [], name).toEqual([]);
    expect(short(found(accounts))).toEqual([
      'disabled-in-directory user:1/ucce-main',
      'disabled-in-directory user:1/uccx-main',
    ]);
  });

  it('who has left is no finding, and one that nobody knows of stays one', () => {
    const missing = { state: 'missing', since: now, suspect: undefined } as const;
    expect(found([inUccx({ presence: gone() })])).toEqual([]);
    expect(short(found([inUccx({ presence: missing })]))).toEqual(['not-in-directory user:1/uccx-main']);
  });

  it('that is disputed says nothing until it is clear whose it is', () => {
    expect(found([inAd(), inUccx({ quarantine: 'second-account' }, { first: 'Bob' })])).toEqual([]);
  });
});

describe('a missing id', () => {
  it('is told where the source has such an attribute and it is empty', () => {
    const accounts = [inAd(), inUccx({}, { ext: null }), inUcce({}, { agentid: null })];
    expect(short(found(accounts))).toEqual(['agent-id-missing user:1/ucce-main', 'extension-missing user:1/uccx-main']);
  });

  const other = account(4, { ...person, ext: '9' }, { source: uccxTwo, status: 'unknown' });
  const noExtension = inUccx({}, { ext: null });
  it.each([
    [
      'a local value counts',
      [inAd(), noExtension],
      { attributes: [{ name: 'extension', owner: 'local', value: '9' }] },
    ],
    ['the value of another source counts', [inAd(), noExtension, other], {}],
    [
      'a disabled user takes no calls',
      [inAd(), noExtension],
      { enabled: false, adminHold: { by: 'a', reason: 'b', since: now } },
    ],
    ['a value that this plan takes over counts', [inAd(), inUccx()], {}],
  ] as const)('%s', (_, accounts, over) => {
    expect(short(found(accounts, over))).toEqual([]);
  });

  it('is told when the plan takes the last value away, not before', () => {
    const own = settle([inAd(), inUccx()]);
    const accounts = [inAd(), inUccx({}, { ext: null })];
    expect(own.attributes).toEqual([{ name: 'extension', owner: uccx, value: '1001' }]);
    expect(short(decide(accounts, own, made({ source: uccx })).crossFindings ?? [])).toEqual([
      'extension-missing user:1/uccx-main',
    ]);
    // The run of another source leaves the row to its owner: it has not seen the end of it.
    expect(decide(accounts, own, made({ source: ad })).crossFindings).toBeUndefined();
  });

  it('is not claimed of what could not be read', () => {
    const unread = account(2, person, { source: uccx, status: 'unknown' });
    expect(found([inAd(), unread])).toEqual([]);
  });
});

describe('names', () => {
  it.each([
    ['case', 'ANN', 'lee'],
    ['accents', 'Änn', 'Lée'],
    ['blanks', ' An n', 'Le e'],
    ['a name that one source has not', null, 'Lee'],
  ])('are the same but for %s', (_, first, last) => {
    expect(found([inAd(), inUccx({}, { first, last })])).toEqual([]);
  });

  it('that differ are told to each system of lower precedence, with both spellings', () => {
    const accounts = [inAd(), inUcce({}, { first: 'Anne' }), inUccx({}, { first: 'Hanna', last: 'Leigh' })];
    expect(found(accounts)).toMatchObject([
      { code: 'names-differ', source: ucce, detail: { firstName: ['Anne in ucce-main', 'Ann in ad-hq'] } },
      {
        source: uccx,
        detail: {
          firstName: ['Hanna in uccx-main', 'Ann in ad-hq'],
          lastName: ['Leigh in uccx-main', 'Lee in ad-hq'],
        },
      },
    ]);
  });

  it('are compared by the precedence of the field', () => {
    const own = policy({ sources, roles, precedence: { firstName: [uccx, ad] } });
    const [one] = found([inAd(), inUccx({}, { first: 'Anne' })], {}, { policy: own });
    expect(one).toMatchObject({ source: ad, detail: { firstName: ['Ann in ad-hq', 'Anne in uccx-main'] } });
  });

  it.each([
    ['Łukasz Groß', 'lukaszgross'],
    ['Søren Ærø', 'sorenaero'],
    ['İlkay', 'ilkay'],
  ])('%s folds to %s', (name, folded) => expect(foldName(name)).toBe(folded));
});

describe('a supervisor', () => {
  const teams = [team(1, 'Billing'), team(2, 'Claims')];
  const local = { grants: [row(2, 'local')], pins: [pin('grant', '2')] };

  it('without the rights is told of both, under the source that gave the team', () => {
    const groups = [group(5, 'Billing', { source: uccx, teamId: asTeamId(1) })];
    const supervisor = inUccx({ manages: [asGroupKey(5)] });
    expect(found([inAd(), supervisor], local, { teams, groups })).toMatchObject([
      {
        code: 'supervisor-cannot-evaluate',
        source: uccx,
        subject: 'user:1/uccx-main',
        detail: { lacks: ['EVAL_AGENTS', 'CREATE_EVALS'], teams: ['Billing', 'Claims'] },
      },
      { code: 'supervisor-cannot-view', detail: { lacks: ['INTERACTIONS_GROUP_VIEW'] } },
    ]);
  });

  it('of a local team alone is a matter of the local administrator', () => {
    const [one] = found([inAd()], local, { teams });
    expect(one).toMatchObject({ code: 'supervisor-cannot-evaluate', subject: 'user:1/local' });
    expect(one).not.toHaveProperty('source');
  });

  it.each([
    ['one role has half of the rights', ['SUPERVISOR'], ['supervisor-cannot-evaluate user:1/local']],
    ['two roles have them together', ['SUPERVISOR', 'REVIEWER'], []],
    ['a role that the catalogue lost gives none', ['LOST', 'REVIEWER', 'SUPERVISOR'], []],
    ['no role at all', [], ['supervisor-cannot-evaluate user:1/local', 'supervisor-cannot-view user:1/local']],
  ])('%s', (_, names, expected) => {
    const own = names.map((role) => ({ role, owner: 'local' as const }));
    expect(short(found([inAd()], { ...local, roles: own }, { teams }))).toEqual(expected);
  });

  it('who is disabled manages nobody', () => {
    expect(found([inAd({ status: 'disabled' })], { ...local, enabled: false }, { teams })).toEqual([]);
  });

  it('needs no account: a grant by hand on a local user is as powerless', () => {
    expect(short(found([], local, { teams }))).toHaveLength(2);
  });
});

describe('when the sources are compared', () => {
  it('goes on while sync is off, and says the same in every run', () => {
    const syncOff = { by: 'a', reason: 'b', since: now };
    const back = inAd();
    const links = [link(back, 'gone'), link(inUccx())];
    expect(short(found([inUccx()], { syncOff }))).toEqual(['not-in-directory user:1/uccx-main']);
    expect(found([back, inUccx()], { syncOff, links })).toEqual([]);
  });

  it('says nothing of a user that is only about to be created', () => {
    const { crossFindings, findings } = decideNewUser(made({ source: uccx }), inUccx({}, { name: null }), noRefusals);
    expect(crossFindings).toBeUndefined();
    expect(findings.map(({ code }) => code)).toEqual(['username-missing']);
  });

  it('knows that time passes: an account that expires is open from then on', () => {
    const directory = inAd({ expiresAt: later(1) });
    expect(found([directory, inUccx()])).toEqual([]);
    expect(short(found([directory, inUccx()], {}, { now: later(1) }))).toEqual([
      'disabled-in-directory user:1/uccx-main',
    ]);
  });
});
