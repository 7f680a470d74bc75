// Memberships, can-manage, roles, attributes and the main team of one user (R124-R161).

import { describe, expect, it } from 'vitest';
import { asGroupKey, asTeamId } from '../../src/model/ids.ts';
import type { SourcePolicy } from '../../src/model/policy.ts';
import type { User } from '../../src/model/user.ts';
import { effectiveAttributes } from '../../src/reconcile/attributes.ts';
import { explainUser } from '../../src/reconcile/explain.ts';
import { mainTeam } from '../../src/reconcile/main-team.ts';
import { roleFindings } from '../../src/reconcile/memberships.ts';
import { decideLink, decideNewUser, decideUser, noRefusals } from '../../src/reconcile/plan.ts';
import {
  account,
  ad,
  adPolicy,
  gone,
  group,
  later,
  link,
  now,
  pin,
  policy,
  row,
  settledUser,
  team,
  ucce,
  uccePolicy,
  uccx,
  uccxPolicy,
  user,
  world,
} from '../laws/small-world.ts';

const teams = [team(1, 'Red'), team(2, 'Blue'), team(3, 'Outer')];
const red = group(1, 'Red', { teamId: asTeamId(1), parents: [asGroupKey(3)] });
const blue = group(2, 'Blue', { teamId: asTeamId(2) });
const outer = group(3, 'Outer', { teamId: asTeamId(3), parents: [asGroupKey(1)] });

const sourcesWith = (over: Partial<SourcePolicy>) =>
  policy({ sources: [{ ...adPolicy, ...over }, uccePolicy, uccxPolicy] });

function said(
  over: Partial<User>,
  options: {
    policy?: ReturnType<typeof policy>;
    groups?: typeof teams extends never ? never : readonly ReturnType<typeof group>[];
    memberOf?: readonly number[];
  } = {},
) {
  const one = account(1, { name: 'ann' }, { memberOf: (options.memberOf ?? [1]).map(asGroupKey) });
  const w = world({
    teams,
    groups: options.groups ?? [red, blue, outer],
    ...(options.policy && { policy: options.policy }),
  });
  const decision = decideUser(w, { user: settledUser(1, one, over), accounts: [one] }, noRefusals);
  return (decision.change?.parts ?? []).map((part) => {
    if (part.part === 'membership' || part.part === 'grant')
      return `${part.part} ${part.op} ${part.team.name} ${part.owner}`;
    if (part.part === 'role') return `role ${part.op} ${part.role} ${part.owner}`;
    if (part.part === 'main-team') return `main ${part.after?.name ?? 'none'} ${part.rule}`;
    return part.part;
  });
}

const inRed = { memberships: [row(1, ad)], mainTeam: asTeamId(1) };

describe('memberships', () => {
  it('follow the groups, and only those of the planning source', () => {
    expect(said({})).toEqual([`membership add Red ${ad}`, 'main Red first-assigned']);
    expect(said({ memberships: [row(1, ad), row(2, 'local'), row(2, ad)], mainTeam: asTeamId(2) })).toEqual([
      `membership remove Blue ${ad}`,
    ]);
    expect(said(inRed)).toEqual([]);
  });

  it('stay in their own team where groups are nested (R160), and reach the outer ones with flatten, cycles or not', () => {
    expect(said(inRed)).toEqual([]);
    expect(said(inRed, { policy: sourcesWith({ teams: { ...adPolicy.teams, flatten: true } }) })).toEqual([
      `membership add Outer ${ad}`,
    ]);
  });

  it('end with a group whose absence acts, and are frozen while it is missing', () => {
    expect(
      said(inRed, { groups: [{ ...red, presence: { state: 'missing', since: now, suspect: undefined } }] }),
    ).toEqual([]);
    expect(said(inRed, { groups: [{ ...red, presence: gone() }] })).toEqual([
      `membership remove Red ${ad}`,
      'main none no-team',
    ]);
  });

  it('end when the policy stops taking the group as a team', () => {
    const narrow = sourcesWith({ teams: { ...adPolicy.teams, exclude: ['RE*'] } });
    expect(said(inRed, { policy: narrow })).toEqual([`membership remove Red ${ad}`, 'main none no-team']);
  });

  it('obey pins', () => {
    expect(said({ ...inRed, pins: [pin('membership', '1')] }, { memberOf: [] })).toEqual([]);
    expect(said({ ...inRed, pins: [pin('membership', '1', { mode: 'keep-out' })] })).toEqual([
      `membership remove Red ${ad}`,
      'main none no-team',
    ]);
    expect(said({ pins: [pin('membership', '1', { mode: 'keep-out' })] })).toEqual([]);
    expect(said({ ...inRed, pins: [pin('membership', '2')] })).toEqual(['membership add Blue local']);
    expect(said({ ...inRed, pins: [pin('membership', '1', { until: now })] }, { memberOf: [] })).toEqual([
      `membership remove Red ${ad}`,
      'main none no-team',
    ]);
  });

  it('set by hand stay, or go where the source is told so', () => {
    const over = { memberships: [row(1, ad), row(2, 'local')], mainTeam: asTeamId(1) };
    expect(said(over)).toEqual([]);
    const strict = sourcesWith({ manualMemberships: 'remove' });
    expect(said(over, { policy: strict })).toEqual(['membership remove Blue local']);
    expect(said({ ...over, pins: [pin('membership', '2')] }, { policy: strict })).toEqual([]);
  });
});

describe('can-manage', () => {
  const redX = group(11, 'Red', { source: uccx, teamId: asTeamId(1), parents: [asGroupKey(12)] });
  const outerX = group(12, 'Outer', { source: uccx, teamId: asTeamId(3) });
  const supervisor = account(1, { name: 'ann' }, { source: uccx, manages: [asGroupKey(12)] });
  const w = world({ source: uccx, teams, groups: [redX, outerX] });
  const grantsOf = (over: Partial<User>) =>
    (
      decideUser(w, { user: settledUser(1, supervisor, over), accounts: [supervisor] }, noRefusals).change?.parts ?? []
    ).flatMap((part) => (part.part === 'grant' ? [`${part.op} ${part.team.name} ${part.owner}`] : []));

  it('is the team of the supervised group, not those of its subgroups (R160)', () => {
    expect(grantsOf({})).toEqual([`add Outer ${uccx}`]);
  });

  it('set by hand is taken from a user of UCCX or UCCE unless pinned (R161)', () => {
    const grants = [row(3, uccx), row(2, 'local')];
    expect(grantsOf({ grants })).toEqual(['remove Blue local']);
    expect(grantsOf({ grants, pins: [pin('grant', '2')] })).toEqual([]);
  });

  it('set by hand stays with a user of a directory alone', () => {
    expect(said({ ...inRed, grants: [row(2, 'local')] })).toEqual([]);
  });

  it('is lost at the first link as well, and says so as a part', () => {
    const before = user(7, { grants: [row(2, 'local')], values: { username: { value: 'ann', owner: 'local' } } });
    const decision = decideLink(w, before, [], supervisor, 'username', noRefusals);
    expect(decision.change?.parts.map((part) => part.part)).toEqual(['linked', 'field', 'grant', 'grant']);
  });
});

describe('roles', () => {
  const agents = group(5, 'Agents', { dn: 'CN=Agents,DC=x' });
  const inner = group(6, 'Inner', { parents: [asGroupKey(5)] });
  const none = { teams: { ...adPolicy.teams, from: 'none' as const } };

  it.each([
    ['name', 'AGENTS'],
    ['dn', 'cn=agents, dc=X'],
    ['id', 'GROUP-5'],
  ] as const)('come from a group by %s, through nested groups too', (by, of) => {
    const mapped = sourcesWith({ ...none, roleMapping: [{ kind: 'group', group: of, by, roles: ['AGENT'] }] });
    expect(said({}, { policy: mapped, groups: [agents, inner], memberOf: [6] })).toEqual([`role add AGENT ${ad}`]);
  });

  it('come from an attribute, and stay when it cannot be read', () => {
    const mapped = sourcesWith({
      ...none,
      roleMapping: [{ kind: 'attribute', attribute: 'Name', equals: 'ANN', roles: ['AGENT'] }],
    });
    expect(said({}, { policy: mapped })).toEqual([`role add AGENT ${ad}`]);
    const unread = sourcesWith({
      ...none,
      roleMapping: [{ kind: 'attribute', attribute: 'type', equals: '2', roles: ['AGENT'] }],
    });
    expect(said({ roles: [{ role: 'AGENT', owner: ad }] }, { policy: unread })).toEqual([]);
    expect(said({}, { policy: unread })).toEqual([]);
  });

  it('go when nothing maps them any more, but only those of the source', () => {
    const roles = [
      { role: 'AGENT', owner: ad },
      { role: 'SUPERVISOR', owner: 'local' },
    ] as const;
    expect(said({ roles }, { memberOf: [], policy: sourcesWith(none) })).toEqual([`role remove AGENT ${ad}`]);
  });

  it('must exist in the catalogue', () => {
    const w = world({
      policy: sourcesWith({ roleMapping: [{ kind: 'group', group: 'Agents', by: 'name', roles: ['NOPE', 'AGENT'] }] }),
    });
    expect(roleFindings(w)).toMatchObject([
      { code: 'role-unknown', subject: `source:${ad}`, detail: { roles: ['NOPE'] } },
    ]);
  });
});

describe('a new user (R121, R141)', () => {
  it('has the status of the source, the mapped roles and nothing else', () => {
    const one = account(1, { name: 'ann', mail: 'a@x' }, { status: 'disabled' });
    const parts = decideNewUser(world(), one, noRefusals).change?.parts ?? [];
    expect(parts.map((part) => part.part)).toEqual(['created', 'linked', 'field', 'field']);
    expect(decideNewUser(world(), { ...one, status: 'enabled' }, noRefusals).change?.parts.at(-1)).toMatchObject({
      part: 'enabled',
      after: true,
    });
  });

  it('is not created without a username, or with one that somebody keeps', () => {
    const nameless = decideNewUser(world(), account(1, { mail: 'a@x' }), noRefusals);
    expect([nameless.change, nameless.findings.map(({ code }) => code)]).toEqual([undefined, ['username-missing']]);
    const refused = new Map([[`username:account:${ad}/guid-1`, { label: 'ann', subject: 'user:9' }]]);
    const taken = decideNewUser(world(), account(1, { name: 'ann' }), refused);
    expect([taken.change, taken.findings.map(({ code }) => code)]).toEqual([undefined, ['username-conflict']]);
  });

  it('goes without an e-mail address that somebody keeps, with a finding on both (R44)', () => {
    const refused = new Map([[`email:account:${ad}/guid-1`, { label: 'eve', subject: 'user:9' }]]);
    const { change, findings } = decideNewUser(world(), account(1, { name: 'ann', mail: 'e@x' }), refused);
    expect(change?.parts.flatMap((part) => (part.part === 'field' ? [part.field] : []))).toEqual(['username']);
    expect(findings.map(({ code, subject }) => [code, subject])).toEqual([
      ['email-conflict', `account:${ad}/guid-1`],
      ['email-conflict', 'user:9'],
    ]);
  });
});

describe('attributes (R124-R131)', () => {
  const one = account(1, { name: 'ann', ext: '12' });
  const partsOf = (over: Partial<User>, of = one) =>
    (decideUser(world(), { user: settledUser(1, of, over), accounts: [of] }, noRefusals).change?.parts ?? []).filter(
      ({ part }) => part === 'attribute',
    );

  it('live beside the local ones, which are never touched and win', () => {
    const local = { name: 'extension', value: '99', owner: 'local' } as const;
    expect(partsOf({ attributes: [local] })).toEqual([
      { part: 'attribute', name: 'extension', owner: ad, after: '12' },
    ]);
    expect(effectiveAttributes(world(), [{ ...local, owner: ad, value: '12' }, local]).get('extension')).toEqual(local);
  });

  it('go when cleared, and stay when they cannot be read', () => {
    const attributes = [{ name: 'extension', value: '12', owner: ad }];
    expect(partsOf({ attributes }, account(1, { name: 'ann', ext: null }))).toEqual([
      { part: 'attribute', name: 'extension', owner: ad, before: '12' },
    ]);
    expect(partsOf({ attributes }, account(1, { name: 'ann' }))).toEqual([]);
  });
});

describe('main team', () => {
  const members = (...names: readonly string[]) =>
    names.map((name, index) => ({ team: index + 1, name, owners: [ad] }));
  const options = { rank: {}, ineligible: () => false };
  it.each([
    ['the only one (R149)', { membersAfter: members('Red') }, 1, 'first-assigned'],
    [
      'the first by folded name when the main one was lost (R151, R154)',
      { current: 9, membersAfter: members('red', 'Blue') },
      2,
      'first-by-name',
    ],
    ['the current one while it is there', { current: 1, membersAfter: members('Red', 'Blue') }, 1, 'kept'],
    ['the pinned one', { pinned: 1, current: 2, membersAfter: members('Red', 'Blue') }, 1, 'pinned'],
    ['a pin on a lost team sleeps', { pinned: 9, current: 2, membersAfter: members('Red', 'Blue') }, 2, 'kept'],
    ['the smaller number among equal names', { membersAfter: members('Red', 'Red') }, 1, 'first-assigned'],
    [
      'an eligible one first',
      { membersAfter: members('Blue', 'Red'), ineligible: (name: string) => name === 'Blue' },
      2,
      'first-assigned',
      ['ineligible'],
    ],
    [
      'an ineligible one if there is no other',
      { membersAfter: members('Blue'), ineligible: () => true },
      1,
      'first-assigned',
    ],
    [
      'the better rank before the name',
      { membersAfter: [...members('Blue'), { team: 2, name: 'Red', owners: [uccx] }], rank: { [uccx]: -1 } },
      2,
      'first-assigned',
      ['rank'],
    ],
    [
      'the better rank among the eligible ones',
      {
        membersAfter: [...members('Blue', 'Green'), { team: 3, name: 'Red', owners: [uccx] }],
        rank: { [uccx]: 1 },
        ineligible: (name: string) => name === 'Blue',
        current: 9,
      },
      2,
      'first-by-name',
      ['ineligible'],
    ],
    [
      'the one that rank and eligibility would each have chosen alone',
      {
        membersAfter: [...members('Red'), { team: 2, name: 'Blue', owners: [uccx] }],
        rank: { [uccx]: 1 },
        ineligible: (name: string) => name === 'Blue',
      },
      1,
      'first-assigned',
      ['rank', 'ineligible'],
    ],
    [
      'the first by name where rank and eligibility would have chosen the same',
      {
        membersAfter: [...members('Blue'), { team: 2, name: 'Red', owners: [uccx] }],
        rank: { [uccx]: 1 },
        ineligible: (name: string) => name === 'Red',
      },
      1,
      'first-assigned',
    ],
    ['none without teams', { current: 9, membersAfter: [] }, undefined, 'no-team'],
  ] as const)('is %s', (_, input, chosen, rule, ...[decidedBy]: readonly (readonly string[])[]) => {
    const expected = { ...(chosen !== undefined && { team: chosen }), rule, ...(decidedBy && { decidedBy }) };
    expect(mainTeam({ ...options, ...input })).toEqual(expected);
  });
});

describe('explainUser', () => {
  it('names value, owner, source, rule and the losing candidates, and what the next plan changes', () => {
    const first = account(1, { name: 'ann', mail: 'a@x', ext: '1' }, { memberOf: [asGroupKey(1)] });
    const second = account(2, { mail: 'b@x' }, { source: ucce });
    const one = settledUser(1, first, {
      links: [link(first), link(second)],
      pins: [pin('membership', '1', { until: later(1) })],
    });
    const told = explainUser(world({ teams, groups: [red] }), { user: one, accounts: [first, second] });
    expect(told.fields.find(({ field }) => field === 'email')).toMatchObject({
      value: 'a@x',
      owner: ad,
      rule: 'precedence',
      candidates: [{ verdict: 'wins' }, { owner: ucce, value: 'b@x', verdict: 'lower precedence' }],
    });
    expect(told.teams).toEqual([{ name: 'Red', owner: ad, state: 'comes', because: 'member of Red', pin: 'keep' }]);
    expect(told.attributes).toEqual([{ name: 'extension', value: '1', owner: ad, state: 'comes', isEffective: true }]);
    expect(told.mainTeam).toEqual({ after: 'Red', rule: 'first-assigned' });
    expect(told.enabled).toMatchObject({ value: true, after: true, because: 'authority-enabled' });
    expect(told.links.map(({ standing }) => standing)).toEqual(['live', 'live']);
    expect(told.sync).toBe('on');
  });
});
