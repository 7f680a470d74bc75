// How a command ends, for scripts. The codes of expected errors come from the catalogue (src/model/errors.ts).

import { lacksDaemon, type SourceHealth, sourceHealth } from '../admin/source-health.ts';
import type { Status } from '../admin/status.ts';
import { errorCatalogue } from '../model/errors.ts';
import type { Run } from '../model/run.ts';

export const exitCodes = {
  done: 0,
  /** A dry run that would change something. */
  wouldChange: 2,
  /** Something is held, or would be. */
  held: 3,
  config: 4,
  source: 5,
  store: 6,
  bug: 70,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [0, 'done'],
  [2, 'dry run: something would change'],
  [
    3,
    'the guard holds something, or would hold it; the source is paused; or not everything that was approved could be applied',
  ],
  [4, 'the command, a name or the configuration is wrong'],
  [5, 'a source failed, or its read was not complete'],
  [6, 'the store failed, is busy, or the run was interrupted'],
  [70, 'a fault of rosterd'],
];

/** Of a run that ended. Held outranks changed: it is what somebody has to act on. */
export function exitCodeOf(run: Run): ExitCode {
  switch (run.state) {
    case 'failed':
      return run.errorCode === undefined ? exitCodes.source : errorCatalogue[run.errorCode].exit;
    case 'partial':
      // A read that is not complete is the graver fact, whatever else is held.
      return exitCodes.source;
    case 'interrupted':
      return exitCodes.store;
    case 'held':
    // It waits for a person too, the one who paused the source, or for another source.
    case 'paused':
      return exitCodes.held;
    // With holds it ended as done because a person has approved or rejected them.
    case 'done':
      return run.dryRun && run.counts.planned > 0 ? exitCodes.wouldChange : exitCodes.done;
    case 'reading':
    case 'planning':
    case 'applying':
    case 'verifying':
      // Stopped half-way: the next run goes on.
      return run.errorCode === undefined ? exitCodes.done : errorCatalogue[run.errorCode].exit;
    default:
      return run.state satisfies never;
  }
}

/** What was approved and could not be applied needs somebody as much as what is held. */
export const exitCodeOfApproved = (run: Run): ExitCode =>
  run.counts.conflict > 0 ? worstOf([exitCodes.held, exitCodeOf(run)]) : exitCodeOf(run);

/** Of several runs, the one that most needs somebody. */
export const worstOf = (codes: readonly ExitCode[]): ExitCode =>
  codes.reduce<ExitCode>((worst, code) => (code > worst ? code : worst), exitCodes.done);

const codeOfHealth: Readonly<Record<SourceHealth, ExitCode>> = {
  failing: exitCodes.source,
  overdue: exitCodes.source,
  unfinished: exitCodes.source,
  held: exitCodes.held,
  paused: exitCodes.held,
  waiting: exitCodes.held,
  running: exitCodes.done,
  'never read': exitCodes.done,
  ok: exitCodes.done,
};

/** Schedules without a daemon are as bad as a source that fails: soon it will be overdue. */
export const exitCodeOfStatus = (status: Status): ExitCode =>
  worstOf([
    ...status.sources.map((source) => codeOfHealth[sourceHealth(status, source)]),
    lacksDaemon(status) ? exitCodes.source : exitCodes.done,
  ]);
