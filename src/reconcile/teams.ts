// What becomes of the groups of a source: which feed a team, under what name, below which parent.
// Invariant: a team is never removed by sync; a group that is gone leaves it unfed, and finds it again when it returns.

import type { Change } from '../model/change.ts';
import { type ChangeSubject, subjectKey, type TeamChangePart, type TeamRef } from '../model/change.ts';
import type { Finding } from '../model/finding.ts';
import type { MirrorGroup } from '../model/group.ts';
import type { GroupKey, TeamId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { Team } from '../model/team.ts';
import { type NamedGroup, nameGroups } from './team-names.ts';
import { type ParentLink, planParents } from './team-parents.ts';
import { type CompiledSource, type CompiledWorld, isFeeding, teamKey } from './world.ts';

export interface TeamPlan {
  /** One per team, in order of the groups' ids; `group` is the one that stands for it. */
  readonly changes: readonly { readonly group: GroupKey; readonly change: Change }[];
  /** Each has one of `evaluated` as its subject. */
  readonly findings: readonly Finding[];
  /** Groups that are about to feed a team: what the world of the users' plan needs. */
  readonly newTeams: ReadonlyMap<GroupKey, TeamRef>;
  /** Subjects whose team findings were derived anew. */
  readonly evaluated: readonly string[];
}

/** Everything that is collected for one team. */
interface Draft {
  readonly group: MirrorGroup;
  readonly subject: ChangeSubject;
  readonly label: string;
  readonly parts: TeamChangePart[];
}

interface Planning {
  readonly world: CompiledWorld;
  readonly source: CompiledSource;
  readonly drafts: Map<string, Draft>;
  readonly findings: Finding[];
  readonly evaluated: Set<string>;
}

/**
 *   group                                | team                          | outcome
 *   in scope, no team                    | an unfed one of its own name  | feeds it again
 *   in scope, no team, match: name       | any of its name               | joins it
 *   in scope, no team                    |                               | a team is created; a taken name gets ` (source)`
 *   in scope, with a team that it made   |                               | the team's name and parent follow the group
 *   out of the policy, or gone           |                               | stops feeding; the team stays
 *
 * `groups`: the dirty ones; those of other sources are left out. Parents are looked at for all groups of the source,
 * because one changed nesting may close or open a cycle elsewhere.
 */
export function planTeams(world: CompiledWorld, groups: readonly MirrorGroup[]): TeamPlan {
  const source = world.index.sources.get(world.source);
  const own = byId(groups.filter((group) => group.source === world.source));
  if (source === undefined || own.length === 0)
    return { changes: [], findings: [], newTeams: new Map(), evaluated: [] };
  const planning: Planning = { world, source, drafts: new Map(), findings: [], evaluated: new Set() };
  const feeders = feedersOf(world, source);
  for (const group of own) {
    planning.evaluated.add(groupSubject(group));
    if (!isFeeding(world, source, group)) stopFeeding(planning, group, feeders);
  }
  const feeding = own.filter((group) => isFeeding(world, source, group));
  const named = nameGroups(world, source, feeding, feeders);
  const newTeams = new Map<GroupKey, TeamRef>();
  for (const one of named) takeName(planning, one, newTeams);
  const everyFeeder = byId([...world.groups.values()].filter((group) => isOwnFeeder(world, source, group)));
  for (const link of planParents({ ...world, newTeams }, source, everyFeeder)) takeParent(planning, link);
  const drafts = [...planning.drafts.values()].filter((draft) => draft.parts.length > 0);
  return {
    changes: drafts.map(({ group, subject, label, parts }) => ({
      group: group.key,
      change: { subject, label, parts },
    })),
    findings: planning.findings,
    newTeams,
    evaluated: [...planning.evaluated],
  };
}

export const groupSubject = (group: Pick<MirrorGroup, 'source' | 'id'>): string =>
  subjectKey({ kind: 'group', source: group.source, id: group.id });

function byId(groups: readonly MirrorGroup[]): readonly MirrorGroup[] {
  return [...groups].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function isOwnFeeder(world: CompiledWorld, source: CompiledSource, group: MirrorGroup): boolean {
  return group.source === source.policy.name && isFeeding(world, source, group);
}

/** Team -> the groups that feed it after this plan, of all sources, by id. Another source's own run says when its group stops. */
function feedersOf(world: CompiledWorld, source: CompiledSource): ReadonlyMap<TeamId, readonly MirrorGroup[]> {
  const feeders = new Map<TeamId, MirrorGroup[]>();
  for (const group of byId([...world.groups.values()])) {
    if (group.teamId === undefined) continue;
    if (group.source === source.policy.name && !isFeeding(world, source, group)) continue;
    const list = feeders.get(group.teamId);
    if (list === undefined) feeders.set(group.teamId, [group]);
    else list.push(group);
  }
  return feeders;
}

function draftOf(planning: Planning, group: MirrorGroup, team: Team): Draft {
  const key = teamKey({ id: team.id, name: team.name });
  const known = planning.drafts.get(key);
  if (known !== undefined) return known;
  const draft: Draft = { group, subject: { kind: 'team', id: team.id }, label: team.name, parts: [] };
  planning.drafts.set(key, draft);
  return draft;
}

function fedPart(group: MirrorGroup, op: 'add' | 'remove'): TeamChangePart {
  return { part: 'team-fed', op, source: group.source, group: group.id, name: group.name };
}

function stopFeeding(
  planning: Planning,
  group: MirrorGroup,
  feeders: ReadonlyMap<TeamId, readonly MirrorGroup[]>,
): void {
  const team = group.teamId === undefined ? undefined : planning.world.teams.get(group.teamId);
  if (team === undefined) return;
  draftOf(planning, group, team).parts.push(fedPart(group, 'remove'));
  const subject = subjectKey({ kind: 'team', id: team.id });
  planning.evaluated.add(subject);
  if ((feeders.get(team.id) ?? []).length > 0) return;
  const { source } = group;
  planning.findings.push({ code: 'team-unfed', source, subject, label: team.name, detail: { group: group.name } });
}

function takeName(planning: Planning, named: NamedGroup, newTeams: Map<GroupKey, TeamRef>): void {
  const { group } = named;
  switch (named.kind) {
    case 'creates': {
      const ref: TeamRef = { name: named.name, group: { source: group.source, id: group.id } };
      planning.drafts.set(teamKey(ref), {
        group,
        subject: { kind: 'group', source: group.source, id: group.id },
        label: named.name,
        parts: [{ part: 'team-created', name: named.name, origin: group.source }, fedPart(group, 'add')],
      });
      newTeams.set(group.key, ref);
      break;
    }
    case 'joins-new':
      planning.drafts.get(teamKey(named.team))?.parts.push(fedPart(group, 'add'));
      newTeams.set(group.key, named.team);
      break;
    case 'joins':
      draftOf(planning, group, named.team).parts.push(fedPart(group, 'add'));
      newTeams.set(group.key, { id: named.team.id, name: named.team.name });
      settleUnfed(planning, named.team.id);
      break;
    case 'keeps':
      if (named.name !== named.team.name) {
        const part: TeamChangePart = { part: 'team-renamed', before: named.team.name, after: named.name };
        draftOf(planning, group, named.team).parts.push(part);
      }
      settleUnfed(planning, named.team.id);
      break;
    default:
      named satisfies never;
  }
  if (foldKey(named.wanted) === foldKey(named.name)) return;
  planning.findings.push({
    code: 'team-name-conflict',
    source: group.source,
    subject: groupSubject(group),
    label: group.name,
    detail: { name: named.wanted, given: named.name },
  });
}

/** The team is fed: an open finding that it is not closes, and one that this plan opened before is taken back. */
function settleUnfed(planning: Planning, team: TeamId): void {
  const subject = subjectKey({ kind: 'team', id: team });
  planning.evaluated.add(subject);
  const index = planning.findings.findIndex((finding) => finding.code === 'team-unfed' && finding.subject === subject);
  if (index >= 0) planning.findings.splice(index, 1);
}

function takeParent(planning: Planning, link: ParentLink): void {
  const draft =
    link.team === undefined ? planning.drafts.get(teamKey(link.ref)) : draftOf(planning, link.group, link.team);
  draft?.parts.push({
    part: 'team-parent',
    ...(link.before && { before: link.before }),
    ...(link.after && { after: link.after }),
  });
}
