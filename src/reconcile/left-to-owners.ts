// Enabled and the fields are one value per user, and several sources may have a say in it. What follows from the word of another
// source is left to the run of that source: it is judged by that source's guard, and waits while that source is held or paused.
// Invariant: no source changes, by way of another one's run, what its own guard would hold.
//
// Username and e-mail are not left: who holds a unique value is settled among all who claim it, in every run.

import type { SourceName } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import { type EnabledDecision, speakersFor } from './enabled.ts';
import type { FieldDecision } from './fields.ts';
import type { LinkedAccount } from './situation.ts';
import type { CompiledWorld } from './world.ts';

interface OneValue {
  readonly linked: readonly LinkedAccount[];
  readonly fields: readonly FieldDecision[];
  readonly enabled: EnabledDecision;
}

/** The same decisions, with the present value where another source has to act, and the names of those sources. */
export function leftToOwners<Decided extends OneValue>(
  world: CompiledWorld,
  user: User,
  decided: Decided,
): { readonly verdicts: Decided; readonly pendingFor: readonly SourceName[] } {
  const pendingFor: SourceName[] = [];
  const fields = decided.fields.map((decision) => {
    const writer = writerOf(world, decision);
    if (writer === undefined || !decided.linked.some(({ account }) => account.source === writer)) return decision;
    pendingFor.push(writer);
    return kept(user, decision);
  });
  const speakers =
    decided.enabled.value === user.enabled ? [] : speakersFor(decided.enabled.because, decided.linked, world.now);
  // What another one's guard holds, or a person has refused there, does not come true by way of this one's.
  const holding = holdersAmong(world, user, speakers);
  const isLeft = (speakers.length > 0 && !speakers.includes(world.source)) || holding.length > 0;
  if (isLeft) pendingFor.push(...(holding.length > 0 ? holding : speakers));
  if (pendingFor.length === 0) return { verdicts: decided, pendingFor };
  const enabled = isLeft ? { ...decided.enabled, value: user.enabled } : decided.enabled;
  return { verdicts: { ...decided, fields, enabled }, pendingFor };
}

function holdersAmong(world: CompiledWorld, user: User, speakers: readonly SourceName[]): readonly SourceName[] {
  const holding = world.heldElsewhere?.get(user.id);
  return holding === undefined ? [] : speakers.filter((one) => one !== world.source && holding.has(one));
}

/** The other source whose word makes the field change; undefined where it is the source that runs, or a person. */
function writerOf(world: CompiledWorld, { part, wanted }: FieldDecision): SourceName | undefined {
  if (part === undefined || wanted !== undefined || part.rule === 'pinned') return undefined;
  const { field, before, after } = part;
  if (field === 'username' || field === 'email') return undefined;
  const order = world.index.precedence[field];
  const [had, has] = [before?.owner, after?.owner];
  // One that stands before the other gives its value up, and what it had kept away comes through: that is its word.
  const isGivenUp =
    had !== undefined &&
    had !== 'local' &&
    (has === undefined || has === 'local' || order.indexOf(had) < order.indexOf(has));
  const writer = isGivenUp ? had : has;
  return writer === undefined || writer === 'local' || writer === world.source ? undefined : writer;
}

function kept(user: User, { explanation }: FieldDecision): FieldDecision {
  const current = user.values[explanation.field];
  const { value: _value, owner: _owner, ...rest } = explanation;
  if (current === undefined) return { explanation: { ...rest, rule: 'kept' } };
  return { explanation: { ...rest, ...current, rule: 'kept' }, after: current };
}
