// What becomes of groups: teams created, named, joined, nested, unfed.

import { describe, expect, it } from 'vitest';
import type { MirrorGroup } from '../../src/model/group.ts';
import { asExternalId, asGroupKey, asTeamId, type GroupKey } from '../../src/model/ids.ts';
import type { TeamPolicy } from '../../src/model/policy.ts';
import type { Team } from '../../src/model/team.ts';
import { planTeams } from '../../src/reconcile/teams.ts';
import {
  ad,
  adPolicy,
  gone,
  group,
  now,
  policy,
  team,
  uccePolicy,
  uccx,
  uccxPolicy,
  world,
} from '../laws/small-world.ts';

function plan(groups: readonly MirrorGroup[], teams: readonly Team[] = [], over: Partial<TeamPolicy> = {}) {
  const own = { ...adPolicy, teams: { ...adPolicy.teams, ...over } };
  return planTeams(world({ groups, teams, policy: policy({ sources: [own, uccePolicy, uccxPolicy] }) }), groups);
}

const said = (planned: ReturnType<typeof plan>): readonly string[] =>
  planned.changes.map(({ change }) => {
    const parts = change.parts.map((part) => {
      if (part.part === 'team-created') return `create ${part.name}`;
      if (part.part === 'team-renamed') return `rename ${part.before} to ${part.after}`;
      if (part.part === 'team-parent') return `below ${part.after?.name ?? 'none'}`;
      return part.part === 'team-fed' ? `${part.op} ${part.name}` : part.part;
    });
    return parts.join(', ');
  });
const codes = (planned: ReturnType<typeof plan>) => planned.findings.map(({ code, subject }) => `${code} ${subject}`);

const fed = (key: number, name: string, teamId: number, over: Partial<MirrorGroup> = {}) =>
  group(key, name, { teamId: asTeamId(teamId), ...over });
const below = (...keys: readonly number[]): { readonly parents: readonly GroupKey[] } => ({
  parents: keys.map(asGroupKey),
});

describe('planTeams', () => {
  it('creates a team for each group in scope, without prefix and suffix', () => {
    const groups = [group(1, 'CC-Sales-Team'), group(2, 'Admins'), group(3, 'CC-Old')];
    const planned = plan(groups, [], {
      include: ['cc-*'],
      exclude: ['*old'],
      stripPrefix: 'cc-',
      stripSuffix: '-TEAM',
    });
    expect(said(planned)).toEqual(['create Sales, add CC-Sales-Team']);
    expect([...planned.newTeams.keys()]).toEqual([1]);
  });

  it('has nothing to do for a group whose team is in order', () => {
    expect(said(plan([fed(1, 'Sales', 1)], [team(1, 'Sales')]))).toEqual([]);
  });

  it('follows a rename of the group, but never renames a local team', () => {
    expect(said(plan([fed(1, 'New', 1)], [team(1, 'Old')]))).toEqual(['rename Old to New']);
    expect(said(plan([fed(1, 'New', 1)], [team(1, 'Old', { origin: 'local' })]))).toEqual([]);
  });

  it('gives a taken name the source as suffix, with a finding, or joins by name', () => {
    const taken = [team(1, 'sales', { origin: 'local' })];
    const separate = plan([group(1, 'Sales')], taken);
    expect(said(separate)).toEqual([`create Sales (${ad}), add Sales`]);
    expect(codes(separate)).toEqual([`team-name-conflict group:${ad}/group-1`]);
    const joined = plan([group(1, 'Sales')], taken, { match: 'name' });
    expect([said(joined), codes(joined)]).toEqual([['add Sales'], []]);
  });

  it('names two groups of one name apart, the same way in any order', () => {
    const groups = [group(1, 'Sales'), group(2, 'SALES'), group(3, 'Sales')];
    const names = [`create Sales, add Sales`, `create SALES (${ad}), add SALES`, `create Sales (${ad} 2), add Sales`];
    expect(said(plan(groups))).toEqual(names);
    expect([...said(plan([...groups].reverse()))].sort()).toEqual([...names].sort());
    expect(said(plan(groups, [], { match: 'name' }))).toEqual(['create Sales, add Sales, add SALES, add Sales']);
  });

  it('stops feeding when the group is gone or out of the policy; the team stays, with a finding', () => {
    const planned = plan([fed(1, 'Sales', 1, { presence: gone() })], [team(1, 'Sales')]);
    expect([said(planned), codes(planned)]).toEqual([['remove Sales'], ['team-unfed team:1']]);
    expect(said(plan([fed(1, 'Sales', 1)], [team(1, 'Sales')], { from: 'none' }))).toEqual(['remove Sales']);
    expect(
      said(
        plan(
          [fed(1, 'Sales', 1, { presence: { state: 'missing', since: now, suspect: undefined } })],
          [team(1, 'Sales')],
        ),
      ),
    ).toEqual([]);
  });

  it('says nothing of a team that another group still feeds', () => {
    const planned = plan(
      [fed(1, 'Sales', 1, { presence: gone() }), fed(2, 'Sales', 1, { source: uccx })],
      [team(1, 'Sales')],
    );
    expect([said(planned), codes(planned)]).toEqual([['remove Sales'], []]);
  });

  it('feeds its own unfed team again when the group returns, also under another id', () => {
    expect(said(plan([group(1, 'Sales')], [team(1, 'Sales')]))).toEqual(['add Sales']);
    const replaced = plan([fed(1, 'Sales', 1, { presence: gone() }), group(2, 'Sales')], [team(1, 'Sales')]);
    expect([said(replaced), codes(replaced)]).toEqual([['remove Sales, add Sales'], []]);
  });

  it('passes a name on along a chain within one plan, freeing it first', () => {
    const teams = [team(1, 'A'), team(2, 'B')];
    expect(said(plan([fed(1, 'B', 1), fed(2, 'C', 2)], teams))).toEqual(['rename B to C', 'rename A to B']);
  });

  it('breaks a ring of names with a suffix', () => {
    const planned = plan([fed(1, 'B', 1), fed(2, 'A', 2)], [team(1, 'A'), team(2, 'B')]);
    expect(
      new Set(
        planned.changes.flatMap(({ change }) =>
          change.parts.map((part) => (part.part === 'team-renamed' ? part.after : '')),
        ),
      ).size,
    ).toBe(2);
  });

  it('puts a nested group below the outer one (R160), through groups that are no teams', () => {
    const groups = [fed(1, 'In', 1, below(3)), fed(2, 'Out', 2), group(3, 'Between', below(2))];
    expect(said(plan(groups, [team(1, 'In'), team(2, 'Out')], { exclude: ['between'] }))).toEqual(['below Out']);
  });

  it('takes the first of several outer groups by id, and breaks cycles the same way in any order', () => {
    const groups = [fed(1, 'A', 1, below(2)), fed(2, 'B', 2, below(3)), fed(3, 'C', 3, below(1, 2))];
    const teams = [team(1, 'A'), team(2, 'B'), team(3, 'C')];
    expect(said(plan(groups, teams))).toEqual(['below B', 'below C']);
    expect(said(plan([...groups].reverse(), teams))).toEqual(['below B', 'below C']);
  });

  it('takes a parent back when the nesting ends, but not one that a person set', () => {
    const nested = [team(1, 'In', { parent: asTeamId(2) }), team(2, 'Out')];
    expect(said(plan([fed(1, 'In', 1), fed(2, 'Out', 2)], nested))).toEqual(['below none']);
    const byHand = [team(1, 'In', { parent: asTeamId(2) }), team(2, 'Region', { origin: 'local' })];
    expect(said(plan([fed(1, 'In', 1)], byHand))).toEqual([]);
  });

  it('puts a new team below another new one', () => {
    const planned = plan([group(1, 'In', below(2)), group(2, 'Out')]);
    expect(said(planned)).toEqual(['create In, add In, below Out', 'create Out, add Out']);
    expect(planned.newTeams.get(asGroupKey(2))).toEqual({
      name: 'Out',
      group: { source: ad, id: asExternalId('group-2') },
    });
  });

  it('leaves groups of other sources alone', () => {
    expect(plan([group(1, 'Sales', { source: uccx })])).toEqual({
      changes: [],
      findings: [],
      newTeams: new Map(),
      evaluated: [],
    });
  });
});
