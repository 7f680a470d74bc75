// What must be true after every step of a history. Each function says what is wrong, in words; an empty list is what it should be.

import type { AuditRecord } from '../../../src/admin/ports.ts';
import type { UserChangePart } from '../../../src/model/change.ts';
import type { User } from '../../../src/model/user.ts';
import { accessLossLimit, dayMs } from './installation.ts';
import type { CompleteRead, Knowledge } from './knowledge.ts';
import type { LocalModel } from './people.ts';
import { type Difference, differences, type Picture } from './picture.ts';

const nameOf = (user: User): string => `u${user.id} (${user.values.username?.value})`;

/** Exactly one main team for a user with teams, and it is one of them; none without. */
export function wrongMainTeams({ users }: Picture): string[] {
  return users.flatMap((user) => {
    const teams = user.memberships.map(({ team }) => team);
    if (user.mainTeam === undefined) return teams.length === 0 ? [] : [`${nameOf(user)} has teams and no main team`];
    return teams.includes(user.mainTeam) ? [] : [`${nameOf(user)} is not in its main team ${user.mainTeam}`];
  });
}

/** What people set is there exactly as they set it, and speaks while it is in force. */
export function wrongLocals({ users }: Picture, model: LocalModel, now: number): string[] {
  return users.flatMap((user) => {
    const local = model.of(user.id);
    const sorted = (entries: Iterable<readonly [string, unknown]>): string =>
      JSON.stringify([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
    const attributes = user.attributes
      .filter(({ owner }) => owner === 'local')
      .map(({ name, value }) => [name, value] as const);
    const pins = user.pins.map(
      ({ kind, subject, mode, value, until }) => [`${kind} ${subject}`, { mode, value, until }] as const,
    );
    const checks: readonly (readonly [string, unknown, unknown])[] = [
      ['local attributes', sorted(attributes), sorted(local.attributes)],
      ['pins', sorted(pins), sorted(local.pins)],
      [
        'sync off',
        user.syncOff === undefined ? 'on' : `off ${user.syncOff.until}`,
        local.syncOff === undefined ? 'on' : `off ${local.syncOff.until}`,
      ],
      ['admin hold', user.adminHold !== undefined, local.isHeld],
      ...inForce(user, model, now),
    ];
    return checks.flatMap(([what, is, should]) =>
      is === should ? [] : [`${what} of ${nameOf(user)}: ${is}, and people set ${should}`],
    );
  });
}

function inForce(user: User, model: LocalModel, now: number): (readonly [string, unknown, unknown])[] {
  const local = model.of(user.id);
  const title = model.pin(user.id, 'field title', now);
  const enabled = model.pin(user.id, 'enabled -', now);
  const main = model.pin(user.id, 'main-team -', now);
  const isMember = user.memberships.some(({ team }) => `${team}` === main?.value);
  const isLocal = local.createdAs !== undefined && user.links.length === 0;
  return [
    ...(title === undefined ? [] : [['pinned title', user.values.title?.value, title.value] as const]),
    ...(local.isHeld ? [['enabled under a hold', user.enabled, false] as const] : []),
    ...(enabled === undefined || local.isHeld ? [] : [['pinned enabled', `${user.enabled}`, enabled.value] as const]),
    ...(main !== undefined && isMember ? [['pinned main team', `${user.mainTeam}`, main.value] as const] : []),
    ...(isLocal ? [['username of a local user', user.values.username?.value, local.createdAs] as const] : []),
  ];
}

export interface SyncStep {
  readonly before: Picture;
  readonly after: Picture;
  readonly known: Knowledge;
  readonly knownAfter: Knowledge;
  /** Complete reads that this step may act on. */
  readonly decided: readonly CompleteRead[];
  readonly model: LocalModel;
  readonly now: number;
  /** Id of the group that gives the role. */
  readonly leads: string;
  /** A user whom somebody edited while the run was at work. */
  readonly edited: number | undefined;
  /** Team number -> ids of the groups that ever fed it. */
  readonly everFed: ReadonlyMap<number, ReadonlySet<string>>;
}

/** What a run or an approval may not have done: touch what is switched off or local, take what no complete read has decided. */
export function wrongChanges(step: SyncStep): string[] {
  const byId = new Map(step.before.users.map((user) => [`u${user.id}`, user]));
  return differences(step.before.facts, step.after.facts).flatMap((one) => {
    const user = byId.get(one.key.slice(0, one.key.indexOf(' ')));
    if (user === undefined || user.id === step.edited) return [];
    const because = wrongChange(step, user, one);
    return because === undefined ? [] : [`${nameOf(user)}: ${one.key}: ${one.before} -> ${one.after}: ${because}`];
  });
}

function wrongChange(step: SyncStep, user: User, { key, before, after }: Difference): string | undefined {
  const { model, now } = step;
  if (model.isPaused(now)) return 'the source is paused';
  if (model.isOff(user.id, now)) return 'its sync is off';
  const [, what = '', subject = '', owner = ''] = key.split(' ');
  if (what === 'pin' || what === 'hold' || what === 'sync-off') return 'only people change it';
  if (what === 'attribute' && owner === 'local') return 'a local attribute is never touched';
  if (what === 'membership' && owner === 'local') {
    const pin = model.pin(user.id, `membership ${subject}`, now);
    return pin?.mode === (after === undefined ? 'keep-out' : 'keep')
      ? undefined
      : 'a local membership without a pin that says so';
  }
  if (what === 'enabled' && after === 'false')
    return isLossDecided(step, user) ? undefined : 'nobody has disabled or lost this person';
  if (what === 'enabled' && after === 'true')
    return isSurelyGone(step, user) ? 'it has left, and no read has shown it since' : undefined;
  if (what === 'link' && after === 'gone')
    return step.known.isGone(subject, now, step.decided, dayMs)
      ? undefined
      : 'no complete read has shown that it is gone';
  if (after !== undefined || before === undefined) return undefined;
  if (what === 'membership')
    return isMembershipOver(step, user, Number(subject)) ? undefined : 'no complete read has taken it out of the group';
  if (what === 'role')
    return isRoleOver(step, user) ? undefined : 'no complete read has taken it out of the group of the role';
  return undefined;
}

const accountsOf = (user: User, { ids }: Picture): string[] =>
  user.links.flatMap((link) => ids.get(link.account) ?? []);

function isLossDecided(step: SyncStep, user: User): boolean {
  const { known, knownAfter, now, decided, after, model } = step;
  if (model.of(user.id).createdAs !== undefined && user.links.length === 0) return true;
  return accountsOf(user, after).some(
    (id) => known.isDisabled(id, now) || knownAfter.isDisabled(id, now) || known.isGone(id, now, decided, dayMs),
  );
}

/** The last complete reads, whichever of them count, say that every account of the user is deleted; a person may still pin or unlink. */
function isSurelyGone({ known, knownAfter, model, now, after }: SyncStep, user: User): boolean {
  const accounts = accountsOf(user, after);
  const reads = [...known.complete, ...knownAfter.complete];
  if (accounts.length === 0 || known.complete.length === 0 || model.pin(user.id, 'enabled -', now) !== undefined)
    return false;
  return accounts.every((id) => reads.every(({ gone }) => gone.get(id)?.kind === 'absent'));
}

function isMembershipOver(step: SyncStep, user: User, team: number): boolean {
  const { known, now, decided, after, model, everFed } = step;
  if (model.pin(user.id, `membership ${team}`, now)?.mode === 'keep-out') return true;
  const groups = everFed.get(team) ?? new Set();
  // A second account of the source that lives takes the place of one that left.
  if (user.links.length > 1 && user.links.some(({ state }) => state === 'gone')) return true;
  return accountsOf(user, after).some((id) =>
    [...groups].some((group) => known.isOut(id, group, decided) || known.isGone(group, now, decided, 0)),
  );
}

function isRoleOver(step: SyncStep, user: User): boolean {
  if (user.links.length > 1 && user.links.some(({ state }) => state === 'gone')) return true;
  const { known, decided, now, leads, everFed } = step;
  const groups = new Set([...everFed.values()].flatMap((ids) => [...ids]));
  const isGoneGroup = (id: string): boolean => groups.has(id) && known.isGone(id, now, decided, dayMs);
  return accountsOf(user, step.after).some((id) => known.isOutOfLeads(id, leads, decided, isGoneGroup));
}

/** Who lost access by sync without an approval, with the moment; the guard lets no more through in a day than its limit. */
export class AccessLosses {
  readonly #approved = new Set<string>();
  readonly #at: { readonly at: number; readonly label: string }[] = [];

  take(entries: readonly AuditRecord[], users: number): string[] {
    const wrong: string[] = [];
    for (const entry of entries) {
      if (entry.action === 'plan.approved') this.#approved.add(`${entry.runId}`);
      if (entry.action !== 'user.changed' || this.#approved.has(`${entry.runId}`) || !isLoss(entry)) continue;
      this.#at.push({ at: entry.at, label: entry.label });
      const window = this.#at.filter(({ at }) => at > entry.at - dayMs);
      const limit = Math.max(accessLossLimit, Math.floor(users / 10));
      if (window.length > limit)
        wrong.push(
          `${window.length} lost access within a day without an approval (${window.map(({ label }) => label).join(', ')}); the limit is ${limit}`,
        );
    }
    return wrong;
  }
}

function isLoss({ payload }: AuditRecord): boolean {
  const parts = ((payload as { parts?: readonly UserChangePart[] }).parts ?? []) as readonly UserChangePart[];
  return parts.some((part) => part.part === 'enabled' && !part.after);
}
