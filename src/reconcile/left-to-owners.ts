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
  const isLeft = speakers.length > 0 && !speakers.includes(world.source);
  if (isLeft) pendingFor.push(...speakers);
  if (pendingFor.length === 0) return { verdicts: decided, pendingFor };
  const enabled = isLeft ? { ...decided.enabled, value: user.enabled } : decided.enabled;
  return { verdicts: { ...decided, fields, enabled }, pendingFor };
}

/** The other source whose word makes the field change; undefined where it is the source that runs, or a person. */
function writerOf(world: CompiledWorld, { part, wanted }: FieldDecision): SourceName | undefined {
  if (part === undefined || wanted !== undefined || part.rule === 'pinned') return undefined;
  const { field, before, after } = part;
  const writer = (after ?? before)?.owner;
  if (writer === undefined || writer === 'local' || writer === world.source) return undefined;
  if (field === 'username' || field === 'email') return undefined;
  // The source that runs gives its own value up, and one that it had kept away comes through.
  const order = world.index.precedence[field];
  const isGivenUp = before?.owner === world.source && order.indexOf(world.source) < order.indexOf(writer);
  return isGivenUp ? undefined : writer;
}

function kept(user: User, { explanation }: FieldDecision): FieldDecision {
  const current = user.values[explanation.field];
  const { value: _value, owner: _owner, ...rest } = explanation;
  if (current === undefined) return { explanation: { ...rest, rule: 'kept' } };
  return { explanation: { ...rest, ...current, rule: 'kept' }, after: current };
}
