// What must be true after every step of a history. Each function says what is wrong, in words; an empty list is what it should be.

import type { AuditRecord } from '../../../src/admin/ports.ts';
import type { UserChangePart } from '../../../src/model/change.ts';
import type { SourceName } from '../../../src/model/ids.ts';
import type { User } from '../../../src/model/user.ts';
import { sourceOf } from './directory.ts';
import { dayMs } from './installation.ts';
import type { CompleteRead, Knowledge } from './knowledge.ts';
import { accessLossLimit, cce, ccx, hasSupervisors, hq, officeSources } from './office.ts';
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

/** What was known when a step began and ended, of the source that an id is of. */
export interface Sight {
  known(id: string): Knowledge;
  knownAfter(id: string): Knowledge;
  /** Complete reads that this step may act on. */
  decided(id: string): readonly CompleteRead[];
}

export interface SyncStep {
  readonly before: Picture;
  readonly after: Picture;
  /** The source that runs, or whose held changes are released. */
  readonly source: SourceName;
  readonly sight: Sight;
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
  const { model, now, sight, source } = step;
  if (model.isPaused(source, now)) return 'the source is paused';
  if (model.isOff(user.id, now)) return 'its sync is off';
  const [, what = '', subject = '', owner = ''] = key.split(' ');
  switch (what) {
    case 'pin':
    case 'hold':
    case 'sync-off':
      return 'only people change it';
    case 'enabled':
      if (after === 'true') return isSurelyGone(step, user) ? 'it has left, and no read has shown it since' : undefined;
      return isLossDecided(step, user) ? undefined : 'nobody has disabled or lost this person';
    case 'link':
      if (sourceOf(subject) !== source) return `only a run of ${sourceOf(subject)} may say so`;
      return after !== 'gone' || sight.known(subject).isGone(subject, now, sight.decided(subject), dayMs)
        ? undefined
        : 'no complete read has shown that it is gone';
    case 'attribute':
      if (owner === 'local') return 'a local attribute is never touched';
      return wrongOwner(step, user, owner);
    case 'membership':
    case 'grant':
    case 'role':
      if (owner === 'local') return wrongLocalRow(step, user, what, subject, after);
      return (
        wrongOwner(step, user, owner) ??
        (after === undefined && before !== undefined ? wrongLoss(step, user, what, subject) : undefined)
      );
    default:
      return undefined;
  }
}

/** A run touches only what its own source owns, or one to which the user has no account. */
const wrongOwner = ({ source, after }: SyncStep, { id }: User, owner: string): string | undefined => {
  const links = after.users.find((user) => user.id === id)?.links ?? [];
  return owner === source || !links.some((link) => link.source === owner)
    ? undefined
    : `only a run of ${owner} may change it`;
};

/** By a pin; grants by hand also go from whoever has an account of a contact centre (R161). */
function wrongLocalRow(
  { model, now, source, after: picture }: SyncStep,
  { id }: User,
  what: 'membership' | 'grant' | 'role',
  subject: string,
  after: string | undefined,
): string | undefined {
  const pin = model.pin(id, `${what} ${subject}`, now);
  if (pin?.mode === (after === undefined ? 'keep-out' : 'keep')) return undefined;
  const isLinked = picture.users.find((user) => user.id === id)?.links.some((link) => link.source === source) === true;
  if (what === 'grant' && after === undefined && pin === undefined && isLinked && hasSupervisors(source))
    return undefined;
  return `a local ${what} without a pin that says so`;
}

function wrongLoss(
  step: SyncStep,
  user: User,
  what: 'membership' | 'grant' | 'role',
  subject: string,
): string | undefined {
  const { model, now, source } = step;
  if (model.pin(user.id, `${what} ${subject}`, now)?.mode === 'keep-out') return undefined;
  const own = user.links.filter((link) => link.source === source);
  // A second account of the source that lives takes the place of one that left.
  if (own.length !== 1) return own.some(({ state }) => state === 'gone') ? undefined : 'it has two accounts';
  const [id] = own.flatMap(({ account }) => step.before.ids.get(account) ?? []);
  if (id === undefined || isWithdrawn(step, user, id)) return undefined;
  if (what === 'role')
    return isRoleOver(step, id) ? undefined : 'no complete read has taken it out of the group of the role';
  const groups = [...(step.everFed.get(Number(subject)) ?? [])].filter((group) => sourceOf(group) === source);
  const list = what === 'membership' ? 'members' : 'supervisors';
  const isOver = groups.some(
    (group) =>
      step.sight.known(id).isOut(id, group, step.sight.decided(id), list) ||
      step.sight.known(id).isGone(group, now, step.sight.decided(id), 0),
  );
  return isOver ? undefined : `no complete read has taken it out of the ${list} of the group`;
}

/** The account has left, and the user lives on through another source that has more to say. */
function isWithdrawn({ sight, now, after }: SyncStep, { id }: User, account: string): boolean {
  const source = sourceOf(account);
  const others = (after.users.find((user) => user.id === id)?.links ?? []).filter((link) => link.source !== source);
  const livesOn = source === cce ? others.some((link) => link.source === hq) : source === ccx && others.length > 0;
  return livesOn && sight.known(account).isGone(account, now, sight.decided(account), dayMs);
}

/** Of the user before the step and after it: a link may have come in it. */
function accountsOf({ before, after }: SyncStep, { id }: User): string[] {
  const of = ({ users, ids }: Picture): string[] =>
    users.filter((user) => user.id === id).flatMap(({ links }) => links.flatMap((link) => ids.get(link.account) ?? []));
  return [...new Set([...of(before), ...of(after)])];
}

function isLossDecided(step: SyncStep, user: User): boolean {
  const { sight, now, model } = step;
  if (model.of(user.id).createdAs !== undefined && user.links.length === 0) return true;
  return accountsOf(step, user).some(
    (id) =>
      sight.known(id).isDisabled(id, now) ||
      sight.knownAfter(id).isDisabled(id, now) ||
      sight.known(id).isGone(id, now, sight.decided(id), dayMs),
  );
}

/** The last complete reads, whichever of them count, say that every account of the user is deleted; a person may still pin or unlink. */
function isSurelyGone(step: SyncStep, user: User): boolean {
  const { sight, model, now } = step;
  const accounts = accountsOf(step, user);
  if (accounts.length === 0 || model.pin(user.id, 'enabled -', now) !== undefined) return false;
  return accounts.every((id) => {
    const reads = [...sight.known(id).complete, ...sight.knownAfter(id).complete];
    return sight.known(id).complete.length > 0 && reads.every(({ gone }) => gone.get(id)?.kind === 'absent');
  });
}

function isRoleOver({ sight, now, leads, everFed }: SyncStep, id: string): boolean {
  const groups = new Set([...everFed.values()].flatMap((ids) => [...ids]));
  const known = sight.known(id);
  const isGoneGroup = (group: string): boolean =>
    groups.has(group) && known.isGone(group, now, sight.decided(id), dayMs);
  return known.isOutOfLeads(id, leads, sight.decided(id), isGoneGroup);
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
      // Each source has its own limit.
      const limit = officeSources.length * Math.max(accessLossLimit, Math.floor(users / 10));
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
