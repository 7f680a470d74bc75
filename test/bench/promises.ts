// The promises of the design, each with its limit and what was measured. A ratio compares two figures of the same run of the bench.

import type { Answer } from './protocol.ts';
import type { SizeResult, StepName } from './scenario.ts';

export interface Promised {
  readonly promise: string;
  readonly limit: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** Tables in which a run that changes nothing may write: its own record, its lease, the number that it was given. */
const ownTables: ReadonlySet<string> = new Set(['runs', 'leases', 'counters']);

/** Sizes in rising order; the promises are judged on the largest, which should have 100,000 users. */
export function judgePromises(sizes: readonly SizeResult[]): readonly Promised[] {
  const largest = sizes.at(-1);
  const smallest = sizes[0];
  if (largest === undefined || smallest === undefined) return [];
  return [
    ...idlePromises(largest),
    ...memoryPromise(smallest, largest),
    ...importPromise(largest),
    ...changePromises(largest),
    ...planPromises(largest),
    ...applyPromise(largest),
  ];
}

export function median(
  answers: readonly Answer[] | undefined,
  of: (answer: Answer) => number | undefined,
): number | undefined {
  const values = (answers ?? []).flatMap((answer) => of(answer) ?? []).sort((left, right) => left - right);
  if (values.length === 0) return undefined;
  const middle = values.length / 2;
  const [low, high] = [values[Math.ceil(middle) - 1] ?? 0, values[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}

const wallOf = (size: SizeResult, step: StepName): number | undefined =>
  median(size.steps[step], (answer) => answer.figures.wallMs);
const cpuOf = (size: SizeResult, step: StepName): number | undefined =>
  median(size.steps[step], (answer) => answer.figures.cpuMs);
const rssOf = (size: SizeResult, step: StepName): number | undefined =>
  median(size.steps[step], (answer) => answer.figures.peakRssMb);

function atMost(
  promise: string,
  value: number | undefined,
  limit: number,
  format: (value: number) => string,
): Promised[] {
  if (value === undefined) return [];
  return [{ promise, limit: `at most ${format(limit)}`, measured: format(value), isMet: value <= limit }];
}

const times = (value: number): string => `${value.toFixed(2)} x`;
const seconds = (value: number): string => `${(value / 1_000).toFixed(2)} s`;
const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;

function ratio(top: number | undefined, bottom: number | undefined): number | undefined {
  return top === undefined || bottom === undefined || bottom === 0 ? undefined : top / bottom;
}

function idlePromises(size: SizeResult): Promised[] {
  const time = ratio(wallOf(size, 'nothing changed'), wallOf(size, 'bare read (ldapts)'));
  const cpu = ratio(cpuOf(size, 'nothing changed'), cpuOf(size, 'bare read (ldapts)'));
  const memory = ratio(rssOf(size, 'nothing changed'), rssOf(size, 'bare read (ldapts)'));
  return [
    ...writesPromise(size),
    ...atMost('nothing changed: time against the bare read', time, 1.5, times),
    ...atMost('nothing changed: time against the bare read (the aim)', time, 1, times),
    ...atMost('nothing changed: CPU against the bare read', cpu, 1.5, times),
    ...atMost('nothing changed: peak memory against the bare read', memory, 1.5, times),
  ];
}

function writesPromise({ idleWrites }: SizeResult): Promised[] {
  if (idleWrites === undefined) return [];
  const others = Object.keys(idleWrites).filter((table) => !ownTables.has(table));
  const written = Object.entries(idleWrites).map(
    ([table, { inserted, updated, deleted }]) => `${table} +${inserted} ~${updated} -${deleted}`,
  );
  return [
    {
      promise: 'nothing changed: rows written',
      limit: "the run's own (runs, leases, counters)",
      measured: written.join(', ') || 'none',
      isMet: others.length === 0,
    },
  ];
}

/** Flat is taken as: a quarter more at most, with ten times the users. */
function memoryPromise(smallest: SizeResult, largest: SizeResult): Promised[] {
  if (smallest === largest) return [];
  const grown = ratio(rssOf(largest, 'nothing changed'), rssOf(smallest, 'nothing changed'));
  return atMost(`memory flat from ${smallest.users} to ${largest.users} users (nothing changed)`, grown, 1.25, times);
}

const importPromise = (size: SizeResult): Promised[] =>
  (
    [
      ['time', wallOf],
      ['CPU', cpuOf],
    ] as const
  ).flatMap(([what, of]) =>
    atMost(
      `first import, audit included: ${what} against the bare read`,
      ratio(of(size, 'first import'), of(size, 'bare read (ldapts)')),
      5,
      times,
    ),
  );

const changePromises = (size: SizeResult): Promised[] =>
  atMost(
    '100 changed: time after the read',
    median(size.steps['100 changed'], (answer) => answer.afterRead?.wallMs),
    1_000,
    seconds,
  );

function planPromises(size: SizeResult): Promised[] {
  const steps = ['all decided again, same result', 'all decided again, all differ (dry run)'] as const;
  return steps.flatMap((step) => {
    const phases = ({ phases: { planning, judging } }: Answer) =>
      [planning, judging].filter((phase) => phase !== undefined);
    const cpu = median(size.steps[step], (answer) => phases(answer).reduce((sum, phase) => sum + phase.cpuMs, 0));
    const stop = median(size.steps[step], (answer) => Math.max(...phases(answer).map((phase) => phase.longestStopMs)));
    return [
      ...atMost(`${step}: CPU of plan and guard`, cpu, 5_000, seconds),
      ...atMost(`${step}: longest stop of plan and guard`, stop, 50, milliseconds),
    ];
  });
}

/** The design asks for the figure and for batches of at most 100 ms. */
const applyPromise = (size: SizeResult): Promised[] =>
  atMost(
    '10,000 changed: longest stop while applying',
    median(size.steps['10,000 changed'], (answer) => answer.phases['applying']?.longestStopMs),
    100,
    milliseconds,
  );
