// Names of the things that parts of changes are about, so that what happened to one of them can be followed through the audit log.
// Teams go by name, because a plan may name a team before it has a number.

import type { ChangePart, TeamRef } from './change.ts';

/** undefined for what belongs to a team and not to a user. */
export function changeKey(part: ChangePart): string | undefined {
  switch (part.part) {
    case 'field':
      return `field:${part.field}`;
    case 'attribute':
      return `attribute:${part.name}:${part.owner}`;
    case 'enabled':
    case 'main-team':
    case 'created':
      return part.part;
    case 'linked':
    case 'link-state':
      return `link:${part.source}:${part.account}`;
    case 'membership':
    case 'grant':
      return teamChangeKey(part.part, part.team, part.owner);
    case 'role':
      return `role:${part.role}:${part.owner}`;
    default:
      return undefined;
  }
}

export const teamChangeKey = (part: 'membership' | 'grant', team: Pick<TeamRef, 'name'>, owner: string): string =>
  `${part}:${team.name}:${owner}`;

/** The parts in the payload of an audit entry: of a stored change as of an admin act. An erased payload has none. */
export function partsIn(payload: unknown): readonly ChangePart[] {
  const { parts } = (payload ?? {}) as { readonly parts?: unknown };
  return Array.isArray(parts) ? (parts as readonly ChangePart[]) : [];
}
