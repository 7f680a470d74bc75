// Finds what goes to and fro: a thing of a user that one writer changes from A to B and another, or the same one later, from B
// back to A. Says who the two are; which of them is right only a person knows.
// Invariant: only real changes count. What a user is created with, or what came before another account spoke for it, was not
// changed to and fro.

import type { AuditedChange } from '../model/audit.ts';
import { type ChangePart, canonicalJson } from '../model/change.ts';
import { changeKey } from '../model/change-key.ts';
import type { Owner, SourceName } from '../model/ids.ts';

export interface FlapWriter extends Pick<AuditedChange, 'seq' | 'at' | 'actor' | 'run'> {
  /** Who owns what it wrote. */
  readonly owner?: Owner;
}

export interface Flap {
  /** Name of the thing (see changeKey). */
  readonly key: string;
  /** In words: `department`, `team Sales`, `enabled`. */
  readonly what: string;
  /** How often it went back. */
  readonly turns: number;
  /** Of the last turn: who changed it, who changed it back. */
  readonly writers: readonly [FlapWriter, FlapWriter];
}

interface Step {
  readonly key: string;
  readonly what: string;
  /** As text, so that values are compared whole. */
  readonly before: string;
  readonly after: string;
  readonly owner?: Owner;
}

/**
 * `entries`: of one user, the oldest first. A turn counts for the source that wrote one of its two sides: what two people, or
 * another source alone, do to the user is not its business.
 */
export function flapsOf(entries: readonly AuditedChange[], source: SourceName): readonly Flap[] {
  const flaps = new Map<string, Flap>();
  /** Last entry that took a thing from one value to another. */
  const steps = new Map<string, { readonly entry: AuditedChange; readonly step: Step }>();
  for (const entry of entries) {
    if (isBeginning(entry)) {
      steps.clear();
      continue;
    }
    for (const part of entry.parts) {
      const step = stepOf(part);
      if (step === undefined) continue;
      const opposite = steps.get(`${step.key}\0${step.after}\0${step.before}`);
      if (opposite !== undefined && (opposite.entry.source === source || entry.source === source)) {
        flaps.set(step.key, {
          key: step.key,
          what: step.what,
          turns: (flaps.get(step.key)?.turns ?? 0) + 1,
          writers: [writerOf(opposite.entry, opposite.step), writerOf(entry, step)],
        });
      }
      steps.set(`${step.key}\0${step.before}\0${step.after}`, { entry, step });
    }
  }
  return [...flaps.values()];
}

/** Another account speaks for the user from then on; or a person said that the one that came back is the same person's. */
const isBeginning = ({ action, parts }: AuditedChange): boolean =>
  action === 'user.linked' || parts.some(({ part }) => part === 'created' || part === 'linked');

function writerOf({ seq, at, actor, run }: AuditedChange, { owner }: Step): FlapWriter {
  return { seq, at, actor, ...(run !== undefined && { run }), ...(owner !== undefined && { owner }) };
}

function stepOf(part: ChangePart): Step | undefined {
  const key = changeKey(part);
  if (key === undefined) return undefined;
  switch (part.part) {
    case 'field': {
      const owner = (part.after ?? part.before)?.owner;
      return { key, what: part.field, ...between(part), ...(owner !== undefined && { owner }) };
    }
    case 'attribute':
      return { key, what: `attribute ${part.name}`, ...between(part), owner: part.owner };
    case 'enabled':
      return { key, what: 'enabled', ...between(part) };
    case 'main-team':
      // By name: a team that the plan has yet to create has no number.
      return { key, what: 'main team', ...between({ before: part.before?.name, after: part.after?.name }) };
    case 'membership':
      return { key, what: `team ${part.team.name}`, ...addedOrRemoved(part.op), owner: part.owner };
    case 'grant':
      return { key, what: `can-manage grant on ${part.team.name}`, ...addedOrRemoved(part.op), owner: part.owner };
    case 'role':
      return { key, what: `role ${part.role}`, ...addedOrRemoved(part.op), owner: part.owner };
    default:
      return undefined;
  }
}

const between = ({ before, after }: { readonly before?: unknown; readonly after?: unknown }) => ({
  before: canonicalJson(before),
  after: canonicalJson(after),
});

const addedOrRemoved = (op: 'add' | 'remove') =>
  op === 'add' ? { before: 'out', after: 'in' } : { before: 'in', after: 'out' };
