// Decides one field of one user: which source gives it, or why it stays.
// Invariant: a value goes only when a source owned it, this source says that it is empty, and no other one gives it.

import type { FieldRule, UserChangePart } from '../model/change.ts';
import type { FieldExplanation } from '../model/decision.ts';
import type { EpochMs, Owner } from '../model/ids.ts';
import { type FieldName, isPinActive, type OwnedValue, type Pin, type User } from '../model/user.ts';
import { type MappedReading, mapField } from './map.ts';
import type { LinkedAccount } from './situation.ts';
import type { CompiledWorld } from './world.ts';

export interface FieldDecision {
  readonly explanation: FieldExplanation;
  /** Absent when the field stays as it is. */
  readonly part?: Extract<UserChangePart, { readonly part: 'field' }>;
  /** Username and e-mail: the value that the field would have if nobody else held it. */
  readonly wanted?: OwnedValue;
  readonly whenRefused?: 'keep' | 'drop';
  readonly after?: OwnedValue;
}

type Candidate = FieldExplanation['candidates'][number];

/** Outcome of asking the sources in order. `stays`: nobody can say, so the present value is kept. */
interface Search {
  readonly found?: OwnedValue & { readonly linked: LinkedAccount };
  readonly stays?: FieldRule;
  readonly candidates: Candidate[];
}

/**
 *   asked in this order                                   | outcome                        | rule
 *   an active pin                                         | its value                      | pinned
 *   a source of the precedence: present                   | that value                     | precedence
 *     username, rename: keep, and there is one            | present value                  | kept-rename
 *     another user holds it and keeps it                  | present value; e-mail: none    | kept-conflict
 *   a source: cleared                                     | the next source is asked       |
 *   a source: never read, and it owns the present value   | present value                  | kept-unread
 *   a source: never read                                  | the next source is asked       |
 *   a source: its account is disputed                     | present value                  | kept
 *   nobody left, present value is local                   | present value                  | kept-local
 *   nobody left, present value is of a configured source  | none                           | removed
 *   nobody left, none, or a source without configuration  | present value                  | kept
 *
 * A source that was never read keeps its own value only. Else a value behind it would be kept or left out by who had run first,
 * and one that its source has emptied would stay for ever.
 * `refused`: label of the holder of the wanted value, when the claim on it was refused.
 */
export function decideField(
  world: CompiledWorld,
  user: Pick<User, 'values' | 'pins' | 'links'>,
  linked: readonly LinkedAccount[],
  field: FieldName,
  refused?: string,
): FieldDecision {
  const current = user.values[field];
  const pin = activePin(user.pins, field, world.now);
  if (pin !== undefined) return pinned(field, current, pin, refused);
  // Without a link nothing of a source is left to follow: unlinking made every value local.
  if (user.links.length === 0) {
    return settled(field, current, current, current?.owner === 'local' ? 'kept-local' : 'kept', []);
  }
  const search = askSources(world, linked, field, current?.owner);
  if (search.stays !== undefined) return settled(field, current, current, search.stays, search.candidates);
  if (search.found === undefined) return nobodyGives(world, field, current, search.candidates);
  return given(field, current, search.found, search.candidates, refused);
}

function activePin(pins: readonly Pin[], field: FieldName, now: EpochMs): Pin | undefined {
  return pins.find((pin) => pin.kind === 'field' && pin.subject === field && isPinActive(pin, now));
}

function pinned(
  field: FieldName,
  current: OwnedValue | undefined,
  pin: Pin,
  refused: string | undefined,
): FieldDecision {
  const value = pin.mode === 'keep-out' ? undefined : (pin.value ?? current?.value);
  // The same text keeps its owner, so that setting a pin alone changes nothing.
  const wanted: OwnedValue | undefined =
    value === undefined ? undefined : value === current?.value ? current : { value, owner: 'local' };
  if (refused !== undefined && wanted !== undefined) {
    return { ...settled(field, current, current, 'kept-conflict', []), wanted, whenRefused: 'keep' };
  }
  const decision = settled(field, current, wanted, 'pinned', []);
  return wanted === undefined ? decision : { ...decision, wanted, whenRefused: 'keep' };
}

function askSources(
  world: CompiledWorld,
  linked: readonly LinkedAccount[],
  field: FieldName,
  owner: Owner | undefined,
): Search {
  const candidates: Candidate[] = [];
  let found: Search['found'];
  let stays: FieldRule | undefined;
  for (const source of world.index.precedence[field]) {
    for (const one of linked) {
      if (one.account.source !== source) continue;
      const reading = mapField(one.account, one.source.policy.mapping, field);
      if (reading === undefined) continue;
      const isOver = found !== undefined || stays !== undefined;
      const verdict = verdictOf(one, reading, isOver);
      candidates.push(candidateOf(one, reading, verdict));
      if (verdict === 'wins' && reading.kind === 'present') {
        found = { value: reading.value, owner: source, linked: one };
      } else if (verdict === 'never read' && owner === source) stays = 'kept-unread';
      else if (verdict === 'disputed account') stays = 'kept';
    }
  }
  return { candidates, ...(found && { found }), ...(stays && { stays }) };
}

function verdictOf(one: LinkedAccount, reading: MappedReading, isOver: boolean): string {
  if (one.standing === 'withdrawn') return 'account gone';
  if (isOver) return reading.kind === 'present' ? 'lower precedence' : reading.kind;
  if (one.standing === 'quarantined') return 'disputed account';
  switch (reading.kind) {
    case 'present':
      return 'wins';
    case 'cleared':
      return 'cleared';
    case 'unread':
      return 'never read';
    default:
      return reading satisfies never;
  }
}

function candidateOf(one: LinkedAccount, reading: MappedReading, verdict: string): Candidate {
  const { source, name } = one.account;
  if (reading.kind !== 'present') return { owner: source, account: name, reading: reading.kind, verdict };
  return { owner: source, account: name, reading: reading.kind, value: reading.value, verdict };
}

function given(
  field: FieldName,
  current: OwnedValue | undefined,
  found: NonNullable<Search['found']>,
  candidates: readonly Candidate[],
  refused: string | undefined,
): FieldDecision {
  const wanted: OwnedValue = { value: found.value, owner: found.owner };
  if (
    field === 'username' &&
    found.linked.source.policy.rename === 'keep' &&
    current !== undefined &&
    current.value !== wanted.value
  ) {
    return settled(field, current, current, 'kept-rename', reworded(candidates, 'rename: keep'));
  }
  if (field !== 'username' && field !== 'email') return settled(field, current, wanted, 'precedence', candidates);
  // The old username stays; an old e-mail address of a source goes, because the source does not give it any more.
  const whenRefused = field === 'email' && current !== undefined && current.owner !== 'local' ? 'drop' : 'keep';
  if (refused === undefined) {
    return { ...settled(field, current, wanted, 'precedence', candidates), wanted, whenRefused };
  }
  const after = whenRefused === 'keep' ? current : undefined;
  return {
    ...settled(field, current, after, 'kept-conflict', reworded(candidates, `held by ${refused}`)),
    wanted,
    whenRefused,
  };
}

function reworded(candidates: readonly Candidate[], verdict: string): readonly Candidate[] {
  return candidates.map((candidate) => (candidate.verdict === 'wins' ? { ...candidate, verdict } : candidate));
}

function nobodyGives(
  world: CompiledWorld,
  field: FieldName,
  current: OwnedValue | undefined,
  candidates: readonly Candidate[],
): FieldDecision {
  if (current === undefined) return settled(field, current, undefined, 'kept', candidates);
  if (current.owner === 'local') return settled(field, current, current, 'kept-local', candidates);
  // A user without a username could not be named any more, and a source that was taken out of the configuration says nothing.
  if (field === 'username' || !world.index.sources.has(current.owner)) {
    return settled(field, current, current, 'kept', candidates);
  }
  return settled(field, current, undefined, 'removed', candidates);
}

/** Written out without spreading: it runs for every field of every user. */
function settled(
  field: FieldName,
  before: OwnedValue | undefined,
  after: OwnedValue | undefined,
  rule: FieldRule,
  asked: readonly Candidate[],
): FieldDecision {
  const candidates = before?.owner === 'local' ? [...asked, localCandidate(before, after)] : asked;
  const explanation: FieldExplanation =
    after === undefined
      ? { field, rule, candidates }
      : { field, value: after.value, owner: after.owner, rule, candidates };
  if (isSameValue(before, after)) return after === undefined ? { explanation } : { explanation, after };
  if (after === undefined) return { explanation, part: { part: 'field', field, ...(before && { before }), rule } };
  return { explanation, part: { part: 'field', field, ...(before && { before }), after, rule }, after };
}

function localCandidate(before: OwnedValue, after: OwnedValue | undefined): Candidate {
  const isKept = after?.owner === 'local' && after.value === before.value;
  return { owner: 'local', reading: 'present', value: before.value, verdict: isKept ? 'wins' : 'a source gives it' };
}

export function isSameValue(left: OwnedValue | undefined, right: OwnedValue | undefined): boolean {
  return left?.value === right?.value && left?.owner === right?.owner;
}
