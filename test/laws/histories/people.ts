// What people set by hand: the acts themselves, and the plain model of what stands since then.
// Invariant: an act that is refused changes neither the store nor the model.

import { RosterdError } from '../../../src/model/errors.ts';
import type { SourceName } from '../../../src/model/ids.ts';
import type { Pin, User } from '../../../src/model/user.ts';
import { type DirectoryContent, sourceOf } from './directory.ts';
import { hourMs, type Installation } from './installation.ts';
import { officeSources } from './office.ts';
import type { Picture } from './picture.ts';
import type { PeopleStep } from './steps.ts';

export interface LocalPin {
  readonly mode: Pin['mode'];
  readonly value: string | undefined;
  readonly until: number | undefined;
}

/** What stands of one user because a person said so. */
export interface LocalState {
  readonly attributes: Map<string, string>;
  /** By `kind subject`. */
  readonly pins: Map<string, LocalPin>;
  /** Titles that were ever pinned: one may stay as a local value when the pin has gone (R106). */
  readonly titles: Set<string>;
  syncOff: { readonly until: number | undefined } | undefined;
  isHeld: boolean;
  /** Made by hand under this name. */
  readonly createdAs: string | undefined;
}

export const emptyLocal = (createdAs?: string): LocalState => ({
  attributes: new Map(),
  pins: new Map(),
  titles: new Set(),
  syncOff: undefined,
  isHeld: false,
  createdAs,
});

export const isActive = ({ until }: { readonly until: number | undefined }, now: number): boolean =>
  until === undefined || until > now;

export class LocalModel {
  readonly #byUser = new Map<number, LocalState>();
  readonly paused = new Map<SourceName, { readonly until: number | undefined }>();

  isPaused(source: SourceName, now: number): boolean {
    const pause = this.paused.get(source);
    return pause !== undefined && isActive(pause, now);
  }

  of(user: number): LocalState {
    const known = this.#byUser.get(user) ?? emptyLocal();
    this.#byUser.set(user, known);
    return known;
  }

  created(user: number, name: string): void {
    this.#byUser.set(user, emptyLocal(name));
  }

  isOff(user: number, now: number): boolean {
    const { syncOff } = this.of(user);
    return syncOff !== undefined && isActive(syncOff, now);
  }

  pin(user: number, key: string, now: number): LocalPin | undefined {
    const pin = this.of(user).pins.get(key);
    return pin !== undefined && isActive(pin, now) ? pin : undefined;
  }
}

const pickOf = <Item>(items: readonly Item[], pick: number): Item | undefined =>
  items[pick % Math.max(1, items.length)];

export interface Hands {
  readonly at: Installation;
  readonly contents: readonly DirectoryContent[];
  readonly model: LocalModel;
  readonly picture: Picture;
}

type Act = Exclude<PeopleStep, { readonly do: 'approve' | 'reject' }>;

/** What became of it: `done`, `nothing to do`, or the code of the refusal. */
export async function takePeopleStep(hands: Hands, step: Act): Promise<string> {
  try {
    if (step.do === 'create-user') return await create(hands, step);
    if (step.do === 'pause' || step.do === 'unpause') return await pause(hands, step);
    const user = pickOf(hands.picture.users, step.user);
    if (user === undefined) return 'nothing to do';
    return await actOn(hands, step, user);
  } catch (error) {
    if (!(error instanceof RosterdError) || error.code === 'bug' || error.code.startsWith('store-')) throw error;
    return error.code;
  }
}

const peopleOf = (contents: readonly DirectoryContent[]) => contents.flatMap(({ people }) => [...people.values()]);

async function create({ at, contents, model }: Hands, step: Extract<Act, { do: 'create-user' }>): Promise<string> {
  const namesake = step.as === undefined ? undefined : pickOf(peopleOf(contents), step.as);
  const [content] = contents;
  if (content === undefined) return 'nothing to do';
  const username = namesake?.login ?? content.freshName();
  const { user } = await at.admin.createUser({ username, fields: {} });
  model.created(user.id, username);
  content.everHeld.set(
    username.toLowerCase(),
    (content.everHeld.get(username.toLowerCase()) ?? new Set()).add(`user:${user.id}`),
  );
  return 'done';
}

async function pause({ at, model }: Hands, step: Extract<Act, { do: 'pause' | 'unpause' }>): Promise<string> {
  const source = officeSources[step.in % officeSources.length] ?? officeSources[0];
  if (source === undefined) return 'nothing to do';
  if (step.do === 'unpause') {
    const { changed } = await at.admin.resume({ source });
    model.paused.delete(source);
    return changed ? 'done' : 'nothing to do';
  }
  const end = until(step.hours, at.now);
  await at.admin.pause({ source, reason: 'asked for', ...optional(end.text) });
  model.paused.set(source, { until: end.at });
  return 'done';
}

const until = (hours: number | undefined, now: number): { readonly text?: string; readonly at: number | undefined } =>
  hours === undefined ? { at: undefined } : { text: `${hours}h`, at: now + hours * hourMs };

const optional = (text: string | undefined): { readonly until?: string } => (text === undefined ? {} : { until: text });

async function actOn(
  hands: Hands,
  step: Exclude<Act, { do: 'create-user' | 'pause' | 'unpause' }>,
  user: User,
): Promise<string> {
  const { at, model } = hands;
  const ref = `user:${user.id}`;
  const local = model.of(user.id);
  const reason = 'asked for';
  switch (step.do) {
    case 'sync-off': {
      const end = until(step.hours, at.now);
      await at.admin.switchSyncOff({ user: ref, reason, ...optional(end.text) });
      local.syncOff = { until: end.at };
      return 'done';
    }
    case 'sync-on':
      await at.admin.switchSyncOn({ user: ref });
      local.syncOff = undefined;
      return 'done';
    case 'hand-disable':
      await at.admin.disableUser({ user: ref, reason });
      local.isHeld = true;
      return 'done';
    case 'hand-enable':
      await at.admin.enableUser({ user: ref });
      local.isHeld = false;
      return 'done';
    case 'set-attribute': {
      const { name, value } = step;
      if (value === null) await at.admin.unsetAttribute({ user: ref, name });
      else await at.admin.setAttribute({ user: ref, name, value });
      if (value === null) local.attributes.delete(name);
      else local.attributes.set(name, value);
      return 'done';
    }
    case 'link': {
      const person = pickOf(peopleOf(hands.contents), step.who);
      if (person === undefined) return 'nothing to do';
      await at.admin.linkUser({ user: ref, account: person.id, source: sourceOf(person.id), reason });
      return 'done';
    }
    case 'unpin':
      return unpin(hands, local, user, step.pin);
    default:
      return pin(hands, local, user, step);
  }
}

async function unpin({ at, picture }: Hands, local: LocalState, user: User, pick: number): Promise<string> {
  const key = pickOf([...local.pins.keys()].sort(), pick);
  if (key === undefined) return 'nothing to do';
  const [kind = '', subject = ''] = key.split(' ');
  const team = picture.teams.find(({ id }) => `${id}` === subject);
  const what =
    kind === 'membership' || kind === 'grant' ? `team:${team?.id ?? subject}` : kind === 'field' ? subject : undefined;
  await at.admin.unpin({ user: `user:${user.id}`, kind: kind as Pin['kind'], ...(what === undefined ? {} : { what }) });
  local.pins.delete(key);
  return 'done';
}

type PinStep = Extract<Act, { do: 'pin-title' | 'pin-enabled' | 'pin-team' | 'pin-grant' | 'pin-main' }>;

async function pin({ at, picture }: Hands, local: LocalState, user: User, step: PinStep): Promise<string> {
  const end = until(step.hours, at.now);
  const request = { user: `user:${user.id}`, reason: 'asked for', ...optional(end.text) };
  if (step.do === 'pin-title') {
    const mode = step.value === null ? 'keep-out' : 'keep';
    await at.admin.pin({
      ...request,
      kind: 'field',
      what: 'title',
      mode,
      ...(step.value === null ? {} : { value: step.value }),
    });
    local.pins.set('field title', { mode, value: step.value ?? undefined, until: end.at });
    if (step.value !== null) local.titles.add(step.value);
    return 'done';
  }
  if (step.do === 'pin-enabled') {
    await at.admin.pin({ ...request, kind: 'enabled', what: step.value ? 'yes' : 'no', mode: 'keep' });
    local.pins.set('enabled -', { mode: 'keep', value: `${step.value}`, until: end.at });
    return 'done';
  }
  const team = pickOf(picture.teams, step.team);
  if (team === undefined) return 'nothing to do';
  const kind = ({ 'pin-team': 'membership', 'pin-grant': 'grant', 'pin-main': 'main-team' } as const)[step.do];
  await at.admin.pin({ ...request, kind, what: `team:${team.id}`, mode: step.mode });
  const isMain = kind === 'main-team';
  local.pins.set(isMain ? 'main-team -' : `${kind} ${team.id}`, {
    mode: step.mode,
    value: isMain ? `${team.id}` : undefined,
    until: end.at,
  });
  return 'done';
}
