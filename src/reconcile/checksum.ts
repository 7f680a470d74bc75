// The canonical text of held changes: what a person's approval binds to.
// Invariant: the same set of effects gives the same text, whatever run derived it, whenever, and in which order.

import { type Change, type ChangePart, canonicalJson, subjectKey, type TeamRef } from '../model/change.ts';
import type { TeamId } from '../model/ids.ts';

/** The team that a group feeds by now, if it does: what was planned before the team was there means that team. */
export type TeamOfGroup = (group: NonNullable<TeamRef['group']>) => TeamId | undefined;

/** One line per change, in order of their text. Kind, subject, before and after; no run, no time, no reason, no label. */
export function checksumText(changes: Change | readonly Change[], teamOf: TeamOfGroup = () => undefined): string {
  const list = Array.isArray(changes) ? (changes as readonly Change[]) : [changes as Change];
  return list
    .map((change) => lineOf(change, teamOf))
    .sort()
    .join('\n');
}

function lineOf(change: Change, teamOf: TeamOfGroup): string {
  const parts = change.parts.map((part) => canonicalJson(effectOf(part, teamOf))).sort();
  return `${subjectKey(change.subject)} [${parts.join(',')}]`;
}

/** What a part does, without the words that explain it to people. */
function effectOf(part: ChangePart, teamOf: TeamOfGroup): object {
  switch (part.part) {
    case 'membership':
    case 'grant': {
      const { because: _, team, ...effect } = part;
      return { ...effect, team: teamText(team, teamOf) };
    }
    case 'main-team':
    case 'team-parent': {
      const { part: kind, before, after } = part;
      return { part: kind, before: teamText(before, teamOf), after: teamText(after, teamOf) };
    }
    case 'role':
    case 'enabled': {
      const { because: _, ...effect } = part;
      return effect;
    }
    case 'link-state': {
      const { because: _, name: __, ...effect } = part;
      return effect;
    }
    case 'linked':
    case 'team-fed': {
      const { name: _, ...effect } = part;
      return effect;
    }
    case 'field': {
      const { rule: _, ...effect } = part;
      return effect;
    }
    case 'created':
    case 'attribute':
    case 'team-created':
    case 'team-renamed':
      return part;
    default:
      return part satisfies never;
  }
}

/** By number, else by the group that will feed it: a team that is renamed meanwhile is the same team. */
function teamText(team: TeamRef | undefined, teamOf: TeamOfGroup): string | undefined {
  if (team === undefined) return undefined;
  const id = team.id ?? (team.group === undefined ? undefined : teamOf(team.group));
  if (id !== undefined) return `team:${id}`;
  return team.group === undefined ? `name:${team.name}` : `group:${team.group.source}/${team.group.id}`;
}
