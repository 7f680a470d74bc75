// The steps of a history as plain data, so that fast-check can shrink them, and as sentences, so that a person can read them.
// Numbers choose among what is there when the step comes (the third of five people); a step that finds nothing does nothing.

import fc from 'fast-check';
import { type Death, dayMs, hourMs, minuteMs } from './installation.ts';
import type { ReadFault } from './memory-source.ts';
import { officeSources } from './office.ts';

/** Who or what is meant: counted through whatever is there. */
type Pick = number;

/** Which source: counted through those of the office. */
interface InSource {
  readonly in: Pick;
}

export type SourceStep = SourceAct & InSource;

export type SourceAct =
  | { readonly do: 'hire'; readonly as?: Pick; readonly mailOf?: Pick; readonly group?: Pick }
  | { readonly do: 'leave' | 'hide' | 'return'; readonly who: Pick }
  | { readonly do: 'rename'; readonly who: Pick; readonly to?: Pick }
  | { readonly do: 'swap-names'; readonly who: Pick; readonly with: Pick }
  | { readonly do: 'mail'; readonly who: Pick; readonly to: 'own' | 'none' | Pick }
  | { readonly do: 'title' | 'extension'; readonly who: Pick; readonly to: string | null }
  | { readonly do: 'enable' | 'disable'; readonly who: Pick }
  | { readonly do: 'expire'; readonly who: Pick; readonly inMs: number | null }
  | { readonly do: 'join' | 'quit' | 'supervise' | 'retire'; readonly who: Pick; readonly group: Pick }
  | { readonly do: 'add-group' | 'widen' | 'narrow' }
  | { readonly do: 'delete-group'; readonly group: Pick }
  | { readonly do: 'rename-group'; readonly group: Pick }
  | { readonly do: 'nest'; readonly group: Pick; readonly below: Pick }
  | { readonly do: 'unnest'; readonly group: Pick; readonly below: Pick }
  | { readonly do: 'many-leave' | 'many-disabled'; readonly from: Pick; readonly count: number };

export type RunStep =
  | {
      readonly do: 'run';
      readonly in: Pick;
      readonly fault: ReadFault;
      readonly death?: Death;
      /** What a person does just before a transaction of the run. */
      readonly meanwhile?: { readonly at: number; readonly step: ActStep };
    }
  | { readonly do: 'dry-run'; readonly in: Pick }
  | { readonly do: 'restart' };

export type PeopleStep =
  | { readonly do: 'sync-off'; readonly user: Pick; readonly hours?: number }
  | { readonly do: 'sync-on' | 'hand-disable' | 'hand-enable'; readonly user: Pick }
  | { readonly do: 'pin-title'; readonly user: Pick; readonly value: string | null; readonly hours?: number }
  | { readonly do: 'pin-enabled'; readonly user: Pick; readonly value: boolean; readonly hours?: number }
  | {
      readonly do: 'pin-team' | 'pin-grant' | 'pin-main';
      readonly user: Pick;
      readonly team: Pick;
      readonly mode: 'keep' | 'keep-out';
      readonly hours?: number;
    }
  | { readonly do: 'unpin'; readonly user: Pick; readonly pin: Pick }
  | { readonly do: 'set-attribute'; readonly user: Pick; readonly name: string; readonly value: string | null }
  | { readonly do: 'create-user'; readonly as?: Pick }
  | { readonly do: 'link'; readonly user: Pick; readonly who: Pick }
  | { readonly do: 'pause'; readonly in: Pick; readonly hours: number }
  | { readonly do: 'unpause'; readonly in: Pick }
  | { readonly do: 'approve'; readonly death?: Death }
  | { readonly do: 'reject'; readonly hours?: number };

/** What a person does to one user, in one transaction. */
export type ActStep = Exclude<PeopleStep, { readonly do: 'approve' | 'reject' | 'pause' | 'unpause' }>;

export type ClockStep = { readonly do: 'clock'; readonly byMs: number };

export type Step = SourceStep | RunStep | PeopleStep | ClockStep;

const pick = fc.nat(30);
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
const hours = optional(fc.constantFrom(1, 30, 100));
const text = fc.constantFrom('Clerk', 'Agent', 'Coach', null);

/** `undefined` is left out, so that a step prints as what it says. */
function bare<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Value;
}

const record = <Name extends Step['do'], Fields>(
  name: Name,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
): fc.Arbitrary<Step> =>
  fc
    .record(fields as Record<string, fc.Arbitrary<unknown>>)
    .map((rest) => bare({ do: name, ...rest }) as unknown as Step);

const sourceAct: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: record('hire', {
      as: optional(pick),
      mailOf: fc.option(pick, { nil: undefined, freq: 3 }),
      group: optional(pick),
    }),
  },
  { weight: 2, arbitrary: record('hire', { group: optional(pick) }) },
  { weight: 4, arbitrary: record('leave', { who: pick }) },
  { weight: 3, arbitrary: record('hide', { who: pick }) },
  { weight: 3, arbitrary: record('return', { who: pick }) },
  { weight: 3, arbitrary: record('rename', { who: pick, to: optional(pick) }) },
  { weight: 3, arbitrary: record('swap-names', { who: pick, with: pick }) },
  {
    weight: 3,
    arbitrary: record('mail', { who: pick, to: fc.oneof(fc.constantFrom('own' as const, 'none' as const), pick) }),
  },
  { weight: 3, arbitrary: record('title', { who: pick, to: text }) },
  { weight: 2, arbitrary: record('extension', { who: pick, to: fc.constantFrom('100', '200', null) }) },
  { weight: 3, arbitrary: record('disable', { who: pick }) },
  { weight: 2, arbitrary: record('enable', { who: pick }) },
  {
    weight: 2,
    arbitrary: record('expire', { who: pick, inMs: fc.constantFrom(null, 30 * minuteMs, 30 * hourMs, -hourMs) }),
  },
  { weight: 6, arbitrary: record('join', { who: pick, group: pick }) },
  { weight: 4, arbitrary: record('quit', { who: pick, group: pick }) },
  { weight: 2, arbitrary: record('add-group', {}) },
  { weight: 2, arbitrary: record('delete-group', { group: pick }) },
  { weight: 2, arbitrary: record('rename-group', { group: pick }) },
  { weight: 3, arbitrary: record('nest', { group: pick, below: pick }) },
  { weight: 1, arbitrary: record('unnest', { group: pick, below: pick }) },
  { weight: 1, arbitrary: record('narrow', {}) },
  { weight: 1, arbitrary: record('widen', {}) },
  { weight: 3, arbitrary: record('supervise', { who: pick, group: pick }) },
  { weight: 2, arbitrary: record('retire', { who: pick, group: pick }) },
  { weight: 2, arbitrary: record('many-leave', { from: pick, count: fc.integer({ min: 2, max: 6 }) }) },
  { weight: 1, arbitrary: record('many-disabled', { from: pick, count: fc.integer({ min: 2, max: 6 }) }) },
);

/** The directory has the most people, and the most happens in it. */
const sourcePick = fc.constantFrom(0, 0, 1, 1, 2);
const inSource = (step: fc.Arbitrary<Step>): fc.Arbitrary<Step> =>
  fc.tuple(step, sourcePick).map(([one, source]) => ({ ...one, in: source }) as Step);

const sourceStep = inSource(sourceAct);

const fault: fc.Arbitrary<ReadFault> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<ReadFault>({ kind: 'none' }) },
  fc.record({ kind: fc.constantFrom('cut' as const, 'throws' as const, 'no-outcome' as const), page: fc.nat(8) }),
  fc.record({ kind: fc.constant('short' as const), first: fc.nat(3) }),
  fc.record({ kind: fc.constant('rejects' as const), which: pick, isNamed: fc.boolean() }),
  fc.constant<ReadFault>({ kind: 'unread-title' }),
  fc.record({ kind: fc.constant('part-of-group' as const), which: pick }),
  fc.record({ kind: fc.constant('unanswered' as const), how: fc.constantFrom('unknown' as const, 'throws' as const) }),
  fc.constant<ReadFault>({ kind: 'empty' }),
);

const actStep: fc.Arbitrary<Step> = fc.oneof(
  record('sync-off', { user: pick, hours }),
  record('sync-on', { user: pick }),
  record('hand-disable', { user: pick }),
  record('hand-enable', { user: pick }),
  record('pin-title', { user: pick, value: text, hours }),
  record('pin-enabled', { user: pick, value: fc.boolean(), hours }),
  record('pin-team', { user: pick, team: pick, mode: fc.constantFrom('keep', 'keep-out'), hours }),
  record('pin-grant', { user: pick, team: pick, mode: fc.constantFrom('keep', 'keep-out'), hours }),
  record('pin-main', { user: pick, team: pick, mode: fc.constant('keep'), hours }),
  record('unpin', { user: pick, pin: pick }),
  record('set-attribute', {
    user: pick,
    name: fc.constantFrom('extension', 'agentId'),
    value: fc.constantFrom('700', '701', null),
  }),
  record('create-user', { as: optional(pick) }),
  record('link', { user: pick, who: pick }),
);

const peopleStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 11, arbitrary: actStep },
  inSource(record('pause', { hours: fc.constantFrom(1, 30) })),
  inSource(record('unpause', {})),
  {
    weight: 4,
    arbitrary: record('approve', {
      death: fc.option(fc.record({ at: fc.integer({ min: 1, max: 7 }), isCommitted: fc.boolean() }), {
        nil: undefined,
        freq: 3,
      }),
    }),
  },
  { weight: 2, arbitrary: record('reject', { hours }) },
);

const deathAt = fc.record({
  at: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 22 }) }, fc.constant('applying' as const)),
  isCommitted: fc.boolean(),
});
const runStep: fc.Arbitrary<Step> = inSource(
  fc.oneof(
    { weight: 8, arbitrary: record('run', { fault, death: fc.constant(undefined) }) },
    {
      weight: 5,
      arbitrary: record('run', {
        fault: fc.oneof({ weight: 4, arbitrary: fc.constant<ReadFault>({ kind: 'none' }) }, fault),
        death: deathAt,
      }),
    },
    {
      weight: 3,
      arbitrary: record('run', {
        fault: fc.constant<ReadFault>({ kind: 'none' }),
        meanwhile: fc.record({ at: fc.integer({ min: 2, max: 20 }), step: actStep }),
      }),
    },
    { weight: 1, arbitrary: record('dry-run', {}) },
  ),
);

const clockStep: fc.Arbitrary<Step> = fc
  .constantFrom(10 * minuteMs, hourMs, 5 * hourMs, 25 * hourMs, 4 * dayMs, -hourMs, -2 * dayMs)
  .map((byMs) => ({ do: 'clock', byMs }));

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 18, arbitrary: sourceStep },
  { weight: 14, arbitrary: runStep },
  { weight: 8, arbitrary: peopleStep },
  { weight: 3, arbitrary: clockStep },
  fc.constant<Step>({ do: 'restart' }),
);

/** One line of a history. */
export function sayStep(one: Step): string {
  const { do: name, ...rest } = one;
  const facts = Object.entries(rest).map(([key, value]) => `${key} ${sayValue(key, value)}`);
  return [name.replaceAll('-', ' '), ...facts].join(', ');
}

function sayValue(key: string, value: unknown): string {
  if (key === 'in') return officeSources[Number(value)] ?? String(value);
  if (key === 'byMs' || key === 'inMs') return value === null ? 'never' : `${Number(value) / hourMs} h`;
  if (key === 'death') {
    const { at, isCommitted } = value as Death;
    const which = at === 'applying' ? 'the first transaction that applies' : `transaction ${at}`;
    return `${isCommitted ? 'after' : 'before'} ${which} is committed`;
  }
  if (key === 'meanwhile') {
    const { at, step: act } = value as { readonly at: number; readonly step: Step };
    return `before transaction ${at}: ${sayStep(act)}`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).join(' ');
}
