// The figures for people: one table per size, then the promises.

import Table from 'cli-table3';
import { median, type Promised } from './promises.ts';
import type { Answer } from './protocol.ts';
import { type SizeResult, stepNames } from './scenario.ts';

const borders = {
  ...{
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
  },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};
const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 };

const shown = (value: number | undefined, digits: number): string => (value === undefined ? '' : value.toFixed(digits));
const inSeconds = (value: number | undefined): string => shown(value === undefined ? undefined : value / 1_000, 2);

export function sizeTable(size: SizeResult): string {
  const table = new Table({
    head: ['step', 'wall s', 'CPU s', 'peak MB', 'longest stop ms', 'after read s', 'written MB'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    chars: borders,
    style,
  });
  for (const name of stepNames) {
    const answers = size.steps[name];
    if (answers === undefined) continue;
    table.push([
      name,
      inSeconds(median(answers, (answer) => answer.figures.wallMs)),
      inSeconds(median(answers, (answer) => answer.figures.cpuMs)),
      shown(
        median(answers, (answer) => answer.figures.peakRssMb),
        0,
      ),
      shown(
        median(answers, (answer) => answer.figures.longestStopMs),
        0,
      ),
      inSeconds(median(answers, (answer) => answer.afterRead?.wallMs)),
      shown(
        median(answers, (answer) => answer.figures.writtenMb),
        1,
      ),
    ]);
  }
  const database = size.databaseMb === undefined ? '' : `, database ${size.databaseMb.toFixed(0)} MB at the end`;
  return `${size.users} users, ${size.memberships} memberships${database}\n${table.toString()}`;
}

/** Where the time of the runs goes: wall and CPU seconds per phase, and its longest stop. */
export function phaseTable(size: SizeResult): string {
  const table = new Table({
    head: ['step', 'phase', 'wall s', 'CPU s', 'longest stop ms'],
    colAligns: ['left', 'left', 'right', 'right', 'right'],
    chars: borders,
    style,
  });
  for (const name of stepNames) {
    const answers = (size.steps[name] ?? []).filter((answer) => answer.run !== undefined);
    const of = (phase: string, value: (cost: Answer['phases'][string]) => number): number | undefined =>
      median(answers, (answer) => (answer.phases[phase] === undefined ? undefined : value(answer.phases[phase])));
    for (const phase of Object.keys(answers[0]?.phases ?? {})) {
      table.push([
        name,
        phase === 'read:ended' ? 'between read and plan' : phase,
        inSeconds(of(phase, (cost) => cost.wallMs)),
        inSeconds(of(phase, (cost) => cost.cpuMs)),
        shown(
          of(phase, (cost) => cost.longestStopMs),
          0,
        ),
      ]);
    }
  }
  return `${size.users} users, by phase\n${table.toString()}`;
}

export function promiseTable(promises: readonly Promised[]): string {
  const table = new Table({ head: ['promise', 'limit', 'measured', 'met'], chars: borders, style });
  for (const { promise, limit, measured, isMet } of promises)
    table.push([promise, limit, measured, isMet ? 'yes' : 'NO']);
  return table.toString();
}
