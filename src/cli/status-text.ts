// The whole state for a person at 3 a.m.: is anybody at work, then each source with what is the matter and what to do about it.
// Invariant: what is well takes one line at most, what needs somebody names the command that leads on.

import { type SourceHealth, sourceHealth } from '../admin/source-health.ts';
import type { LeaseHolder, SourceStatus, Status } from '../admin/status.ts';
import { errorCatalogue } from '../model/errors.ts';
import type { EpochMs } from '../model/ids.ts';
import type { Pause } from '../model/pause.ts';
import type { Run } from '../model/run.ts';
import type { SkipReason } from '../model/schedule.ts';
import { holdText, plural } from '../sync/hold-text.ts';
import { roughDuration } from './duration-text.ts';
import { minuteText, zonedText } from './moment-text.ts';
import { codeText } from './run-text.ts';
import { printable } from './table.ts';
import type { Style, Terminal } from './terminal.ts';

const styles: Readonly<Record<SourceHealth, Style>> = {
  failing: 'red',
  overdue: 'red',
  unfinished: 'red',
  held: 'yellow',
  paused: 'yellow',
  waiting: 'yellow',
  running: 'cyan',
  'never read': 'yellow',
  ok: 'green',
};

export function printStatus(terminal: Terminal, status: Status): void {
  for (const { text, style } of headLines(status)) {
    for (const line of wrapped(terminal, text, 0))
      terminal.line(style === undefined ? line : terminal.style(style, line));
  }
  for (const source of status.sources) {
    terminal.line();
    const health = sourceHealth(status, source);
    const name = terminal.style('bold', source.source);
    terminal.line(`${name}  ${terminal.style(styles[health], health)}  ${terminal.style('dim', source.type)}`);
    for (const [label, text] of sourceLines(status, source)) printFact(terminal, label, text);
  }
  const notices = noticeLines(status);
  if (notices.length > 0) terminal.line();
  for (const { text, style } of notices)
    for (const line of wrapped(terminal, text, 0))
      terminal.line(style === undefined ? line : terminal.style(style, line));
}

// --- everything -----------------------------------------------------------------

interface HeadLine {
  readonly text: string;
  readonly style?: Style;
}

function headLines(status: Status): readonly HeadLine[] {
  const { daemons, sources, pauseOfAll, reconciling } = status;
  const isWanted = sources.some((source) => source.schedule !== undefined);
  return [
    ...daemons.map((daemon): HeadLine => ({ text: `A daemon is running: ${placeText(daemon)}.` })),
    ...(daemons.length > 0
      ? []
      : [
          {
            text: 'No daemon is running; nothing happens by itself.',
            ...(isWanted ? { style: 'red' as const } : {}),
          },
        ]),
    ...(reconciling === undefined ? [] : [{ text: `Planning or applying now: ${placeText(reconciling)}.` }]),
    ...(pauseOfAll === undefined
      ? []
      : [{ text: `Every source is paused ${pauseText(pauseOfAll, status.at)}`, style: 'yellow' as const }]),
  ];
}

const placeText = ({ host, pid }: LeaseHolder): string => (pid === undefined ? host : `${host}, pid ${pid}`);

function noticeLines({ notices: { waiting, givenUp }, noticeTargets }: Status): readonly HeadLine[] {
  return [
    ...(noticeTargets.length > 0 ? [] : [{ text: nobodyIsTold, style: 'yellow' as const }]),
    ...(waiting + givenUp === 0
      ? []
      : [{ text: noticesText(waiting, givenUp), ...(givenUp > 0 ? { style: 'red' as const } : {}) }]),
  ];
}

/** Also what `rosterd notify list` says of it. */
export const nobodyIsTold = 'Nobody is told: there is no target under notify in the configuration.';

function noticesText(waiting: number, givenUp: number): string {
  const wait = waiting === 0 ? [] : [`${plural(waiting, 'notice waits', 'notices wait')} to be sent`];
  const gone = givenUp === 0 ? [] : [`${plural(givenUp, 'notice', 'notices')} could not be delivered`];
  return `${[...gone, ...wait].join('; ')}. Look: ${command('notify list --undelivered')}`;
}

// --- one source -----------------------------------------------------------------

type Fact = readonly [label: string, text: string];

function sourceLines(status: Status, source: SourceStatus): readonly Fact[] {
  const { at } = status;
  const { lastRun, failingTicks, overdueSince, running, leftOpen, held, findings, pause, skipped } = source;
  const facts: (Fact | undefined)[] = [
    ['read', readText(source, at)],
    lastRun && ['last run', lastRunText(lastRun, at)],
    adviceOf(lastRun),
    failingTicks < 2 ? undefined : ['failing', `${failingTicks} times in a row`],
    overdueSince && ['overdue', `since ${when(overdueSince, at)}`],
    running && ['running', runningText(running, at)],
    leftOpen && ['unfinished', leftOpenText(leftOpen, at)],
    ['next run', nextText(status, source)],
    ...(held === undefined ? [] : heldFacts(held, at)),
    findings === 0
      ? undefined
      : ['findings', `${findings} open; look: ${command(`finding list --source ${source.source}`)}`],
    pause && ['paused', pauseText(pause, at)],
    skipped && [
      'skipped',
      `${when(skipped.dueAt, at)}: ${skipWords[skipped.reason]}${skipped.detail === '' ? '' : `; ${skipped.detail}`}`,
    ],
  ];
  return facts.filter((fact) => fact !== undefined);
}

/** `2026-11-22T02:00Z, 12 min ago` */
const when = (moment: EpochMs, at: EpochMs): string => `${minuteText(moment)}, ${roughDuration(at - moment)} ago`;

const readText = ({ lastComplete }: SourceStatus, at: EpochMs): string =>
  lastComplete === undefined ? 'never completely' : `complete ${when(lastComplete.at, at)} (run ${lastComplete.run})`;

/** What is held has a line of its own. */
function lastRunText(run: Run, at: EpochMs): string {
  const { id, state, counts, startedAt, endedAt, because } = run;
  const applied = counts.applied === 0 ? '' : `; applied ${counts.applied}`;
  const held = counts.held === 0 ? '' : `; held ${counts.held}`;
  const nothing = state === 'done' && applied + held === '' ? '; nothing to change' : '';
  const reason = because === undefined ? '' : `: ${because}${codeText(run)}`;
  return `run ${id} ${state}, ${when(endedAt ?? startedAt, at)}${applied}${held}${nothing}${reason}`;
}

/** What to do about a run that failed, or that waits for another source; all else has a line of its own. */
function adviceOf(run: Run | undefined): Fact | undefined {
  if (run?.errorCode === undefined) return undefined;
  const isTold = run.state === 'failed' || run.state === 'partial' || run.errorCode === 'waits-for-source';
  return isTold ? ['', errorCatalogue[run.errorCode].advice] : undefined;
}

function runningText({ run, ...holder }: NonNullable<SourceStatus['running']>, at: EpochMs): string {
  if (run === undefined) return `somebody begins, or carries out a decision; ${placeText(holder)}`;
  const waits = run.state === 'reading' && run.read !== undefined;
  const what = waits ? 'has been read, and waits until another source has planned and applied' : run.state;
  return `run ${run.id}, ${what}, since ${when(run.startedAt, at)}, by ${run.actor}; ${placeText(holder)}`;
}

const leftOpenText = ({ id, state, source, startedAt, because }: Run, at: EpochMs): string =>
  `run ${id} began ${when(startedAt, at)}, and ended while ${state}${because === undefined ? '' : `: ${because}`}; the next run goes on: ${command(`sync ${source}`)}`;

function nextText({ at, daemons }: Status, { schedule }: SourceStatus): string {
  if (schedule === undefined) return 'on demand only';
  const [next] = schedule.next;
  if (next === undefined) return `never: ${schedule.full} ${schedule.timeZone}`;
  const time = `${zonedText(next, schedule.timeZone)} ${schedule.timeZone}, in ${roughDuration(next - at)}`;
  return daemons.length === 0 ? `${time}, if a daemon runs` : time;
}

function heldFacts({ run, changes, since, holds }: NonNullable<SourceStatus['held']>, at: EpochMs): readonly Fact[] {
  return [
    [
      'held',
      `${plural(changes, 'change', 'changes')} since ${when(since, at)}; look: ${command(`run show ${run} --held`)}`,
    ],
    ...holds.map((hold): Fact => ['', holdText(hold)]),
  ];
}

function pauseText({ by, since, until, reason, scope }: Pause, at: EpochMs): string {
  const end = until === undefined ? '' : `, until ${minuteText(until)} (in ${roughDuration(until - at)})`;
  const lift = command(scope.kind === 'all' ? 'resume' : `resume ${scope.source}`);
  return `by ${by} since ${when(since, at)}${end}: ${reason}; to lift it: ${lift}`;
}

const skipWords: Readonly<Record<SkipReason, string>> = {
  'still-running': 'the run of an earlier time had not ended',
  'running-elsewhere': 'another process was at it',
  missed: 'no daemon was awake',
  'credentials-refused': 'the source had refused the password',
};

// --- lines ----------------------------------------------------------------------

const labelWidth = 12;
const unbroken = '\u00A0';

/** Stays on one line, so that it can be copied. */
const command = (text: string): string => `rosterd ${text}`.replaceAll(' ', unbroken);

function printFact(terminal: Terminal, label: string, text: string): void {
  const indent = 2 + labelWidth;
  for (const [index, line] of wrapped(terminal, text, indent).entries())
    terminal.line(`${index === 0 ? `  ${label}`.padEnd(indent) : ' '.repeat(indent)}${line}`);
}

/** Breaks between words where a terminal is too narrow; elsewhere every fact stays one line, for grep. */
function wrapped(terminal: Terminal, whole: string, indent: number): readonly string[] {
  const width = Math.max(20, terminal.columns - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of printable(whole).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((text) => text.replaceAll(unbroken, ' '));
}
