// Names what is dangerous in one change; how much of it is too much, the guard says.
// Invariant: only a real loss or gain counts. A row that goes while another owner's stays takes nothing from anybody.

import type { Change, UserChangePart } from '../model/change.ts';
import { type Danger, dangerKey, type GuardBaseline } from '../model/decision.ts';
import type { TeamId } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import { takesManualGrants } from './memberships.ts';
import { type CompiledWorld, isProtected } from './world.ts';

/** Dangers of one change on `user` as it is before the change. Suspicions of a read are added by the caller. */
export function dangersOf(
  change: Change,
  user: User | undefined,
  world: CompiledWorld,
  baseline: Pick<GuardBaseline, 'isFirstRun' | 'mirrorWasEmpty'>,
): readonly Danger[] {
  if (change.subject.kind === 'account') return dangersOfNew(change, baseline);
  if (change.subject.kind !== 'user' || user === undefined) return [];
  const parts = change.parts as readonly UserChangePart[];
  const dangers = new Map<string, Danger>();
  for (const danger of [...dangersOfParts(parts, user), ...alwaysHeld(parts, user, world, baseline)]) {
    dangers.set(dangerKey(danger), danger);
  }
  return [...dangers.values()];
}

/** A new user that comes with rights gains them like anybody else; only a first import has nothing to compare them with. */
function dangersOfNew({ parts }: Change, baseline: Pick<GuardBaseline, 'mirrorWasEmpty'>): readonly Danger[] {
  const gains = parts.some((part) => (part.part === 'role' || part.part === 'grant') && part.op === 'add');
  return [{ kind: 'created' }, ...(gains && !baseline.mirrorWasEmpty ? [{ kind: 'role-added' } as const] : [])];
}

function dangersOfParts(parts: readonly UserChangePart[], user: User): readonly Danger[] {
  const dangers: Danger[] = [];
  for (const part of parts) {
    switch (part.part) {
      case 'enabled':
        if (!part.after) dangers.push({ kind: 'access-loss' });
        break;
      case 'link-state':
        // Someone whom the source lost is counted even if another source still knows them.
        if (part.after === 'gone' && user.enabled) dangers.push({ kind: 'access-loss' });
        break;
      case 'main-team':
        if (part.before !== undefined) dangers.push({ kind: 'main-team-change' });
        break;
      case 'field':
        if (part.before === undefined || part.before.value === part.after?.value) break;
        dangers.push({ kind: 'field-changed', field: part.field });
        if (part.field === 'username') dangers.push({ kind: 'rename' });
        break;
      default:
    }
  }
  return [...dangers, ...dangersOfTeams(parts, user), ...dangersOfGrants(parts, user), ...dangersOfRoles(parts, user)];
}

function dangersOfTeams(parts: readonly UserChangePart[], user: User): readonly Danger[] {
  const { lost, names } = lostTeams(parts, user.memberships, 'membership');
  if (lost.length === 0) return [];
  const perTeam = lost.map((team): Danger => ({ kind: 'team-members', team, teamName: names.get(team) ?? `${team}` }));
  return [{ kind: 'membership-removal' }, ...perTeam];
}

function dangersOfGrants(parts: readonly UserChangePart[], user: User): readonly Danger[] {
  const { lost } = lostTeams(parts, user.grants, 'grant');
  const held = new Set(user.grants.map(({ team }) => team));
  const gained = parts.some(
    (part) => part.part === 'grant' && part.op === 'add' && (part.team.id === undefined || !held.has(part.team.id)),
  );
  return [
    ...(lost.length > 0 ? [{ kind: 'grant-removal' } as const] : []),
    ...(gained ? [{ kind: 'role-added' } as const] : []),
  ];
}

function dangersOfRoles(parts: readonly UserChangePart[], user: User): readonly Danger[] {
  const held = new Set(user.roles.map(({ role }) => role));
  const gained = parts.some((part) => part.part === 'role' && part.op === 'add' && !held.has(part.role));
  const lost = lostRoles(parts, user);
  return [
    ...(lost.length > 0 ? [{ kind: 'role-removal' } as const] : []),
    ...(gained ? [{ kind: 'role-added' } as const] : []),
  ];
}

/** Teams whose last row goes. */
function lostTeams(parts: readonly UserChangePart[], rows: User['memberships'], kind: 'membership' | 'grant') {
  const owners = new Map<TeamId, number>();
  const names = new Map<TeamId, string>();
  for (const part of parts) {
    if (part.part !== kind || part.team.id === undefined) continue;
    if (owners.size === 0) for (const row of rows) owners.set(row.team, (owners.get(row.team) ?? 0) + 1);
    names.set(part.team.id, part.team.name);
    owners.set(part.team.id, (owners.get(part.team.id) ?? 0) + (part.op === 'add' ? 1 : -1));
  }
  const lost = [...names.keys()].filter(
    (team) => (owners.get(team) ?? 0) <= 0 && rows.some((row) => row.team === team),
  );
  return { lost, names };
}

function lostRoles(parts: readonly UserChangePart[], user: User): readonly string[] {
  const removed = parts.flatMap((part) =>
    part.part === 'role' && part.op === 'remove' ? [`${part.owner}\0${part.role}`] : [],
  );
  if (removed.length === 0) return [];
  const gone = new Set(removed);
  const stays = new Set([
    ...user.roles.filter(({ role, owner }) => !gone.has(`${owner}\0${role}`)).map(({ role }) => role),
    ...parts.flatMap((part) => (part.part === 'role' && part.op === 'add' ? [part.role] : [])),
  ]);
  return user.roles.map(({ role }) => role).filter((role) => !stays.has(role));
}

function alwaysHeld(
  parts: readonly UserChangePart[],
  user: User,
  world: CompiledWorld,
  baseline: Pick<GuardBaseline, 'isFirstRun'>,
): readonly Danger[] {
  const dangers: Danger[] = [];
  const linked = parts.find((part) => part.part === 'linked');
  const isDisabled = parts.some((part) => part.part === 'enabled' && !part.after);
  if ((linked !== undefined || isDisabled || lostRoles(parts, user).length > 0) && isProtected(world, user)) {
    dangers.push({ kind: 'protected' });
  }
  if (linked !== undefined && isFirstGrantLoss(parts, user, world, linked.source)) {
    dangers.push({ kind: 'first-link-grant-loss' });
  }
  const isOverwritten = parts.some(
    (part) =>
      part.part === 'linked' ||
      part.part === 'enabled' ||
      (part.part === 'field' && part.before !== undefined && part.before.value !== part.after?.value),
  );
  // Users that the source itself has created or linked by then are its own, however long its first run waits for a person.
  const isOwn = user.links.some((link) => link.source === world.source);
  if (baseline.isFirstRun && isOverwritten && !isOwn) dangers.push({ kind: 'first-run' });
  return dangers;
}

/** R161 at the moment at which nobody expects it yet: the user had no account of such a source before. */
function isFirstGrantLoss(
  parts: readonly UserChangePart[],
  user: User,
  world: CompiledWorld,
  linkedTo: User['links'][number]['source'],
): boolean {
  const takes = (name: typeof linkedTo): boolean => {
    const source = world.index.sources.get(name);
    return source !== undefined && takesManualGrants(source);
  };
  if (!takes(linkedTo) || user.links.some((link) => takes(link.source))) return false;
  return parts.some((part) => part.part === 'grant' && part.op === 'remove' && part.owner === 'local');
}

/** Subjects of changes that must be applied before this one: the groups whose teams it names do not exist yet. */
export function needsOf(change: Change): readonly string[] {
  const needs = new Set<string>();
  for (const part of change.parts) {
    const teams =
      part.part === 'membership' || part.part === 'grant'
        ? [part.team]
        : part.part === 'main-team' || part.part === 'team-parent'
          ? [part.after]
          : [];
    for (const team of teams) {
      if (team?.id === undefined && team?.group !== undefined) needs.add(`group:${team.group.source}/${team.group.id}`);
    }
  }
  return [...needs];
}
