// A run for people: the diff grouped by kind (at most so many lines each), the totals, how it ended, the guard's verdict, the
// head of the audit log.
// The changes are streamed; memory holds the lines that will be shown and one number per group.

import { formatMoment } from '../admin/moments.ts';
import { errorCatalogue } from '../model/errors.ts';
import type { Run } from '../model/run.ts';
import type { StoredChange } from '../sync/ports.ts';
import type { RunReport } from './app.ts';
import { type ChangeGroup, type ChangeLine, changeGroups, changeLines, countParts } from './change-text.ts';
import { durationText } from './duration-text.ts';
import { type ImpactOptions, MainTeamImpact, printMainTeams } from './main-team-impact.ts';
import { printable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { heldRunOf, isWaiting, verdictLines } from './verdict-text.ts';

export interface ShowOptions {
  /** Most lines per group; undefined for all of them. */
  readonly perGroup: number | undefined;
  readonly states?: readonly StoredChange['state'][];
  /** Whose main team changes, user by user, instead of every kind of change. */
  readonly only?: 'main-teams';
}

/** Users under each move of main teams, until --all is asked for. */
const usersPerMove = 10;

/** Of a run that failed, or whose changes are stored with an earlier one, no changes are no news. */
const endedClean = (run: Run): boolean => (run.state === 'done' || run.state === 'held') && run.holds.length === 0;

interface Digest {
  readonly lines: Map<ChangeGroup, { readonly shown: (ChangeLine & { readonly state: string })[]; total: number }>;
  readonly counts: Map<ChangeGroup, number>;
  readonly impact: MainTeamImpact;
  changes: number;
}

export async function printRunReport(terminal: Terminal, report: RunReport, options: ShowOptions): Promise<void> {
  const digest = await digestChanges(report, options);
  const isWhole = options.only === undefined;
  if (isWhole) for (const { kind, title } of changeGroups) printGroup(terminal, title, digest.lines.get(kind));
  printMainTeams(terminal, digest.impact, impactOptions(report.run, options));
  const elsewhere = elsewhereLine(report.run, digest.impact);
  if (elsewhere !== undefined) terminal.line(elsewhere);
  if (digest.changes > 0 || endedClean(report.run)) terminal.line(totalsLine(digest));
  terminal.line(outcomeLine(report.run));
  if (report.run.errorCode !== undefined) terminal.line(`  ${errorCatalogue[report.run.errorCode].advice}`);
  if (report.run.state === 'paused') terminal.line(terminal.style('yellow', pausedLine(report.run)));
  const color = isWaiting(report) ? 'red' : 'green';
  for (const [index, line] of verdictLines(report).entries())
    terminal.line(index === 0 ? terminal.style(color, line) : line);
  const head = headLine(report.run);
  if (head !== undefined) terminal.line(head);
}

/** What waits is stored with the run that found it first. */
const elsewhereLine = (run: Run, { moves }: MainTeamImpact): string | undefined =>
  heldRunOf(run) !== run.id && moves.length === 0 && run.holds.some(({ kind }) => kind === 'main-team-change')
    ? `Main team impact of what waits: rosterd run show ${heldRunOf(run)} --main-teams\n`
    : undefined;

function impactOptions(run: Run, { only, perGroup }: ShowOptions): ImpactOptions {
  const more = `rosterd run show ${run.id} --main-teams`;
  if (only === undefined) return { users: 0, more };
  return { users: perGroup === undefined ? undefined : usersPerMove, more: '--all' };
}

const pausedLine = ({ source, errorCode }: Run): string =>
  errorCode === 'waits-for-source'
    ? `WAITING: ${source} was read and nothing of it was planned; what was found waits for the first run after the other source.`
    : `PAUSED: ${source} was read and nothing of it was applied; what was found waits for the first run after the pause.`;

/** Whole and alone on its line, to be kept where nobody who can write the database can: `audit verify --head` takes it. */
const headLine = ({ dryRun, counts, auditHead }: Run): string | undefined =>
  dryRun || counts.applied === 0 || auditHead === undefined ? undefined : `audit head ${auditHead}`;

async function digestChanges(report: RunReport, options: ShowOptions): Promise<Digest> {
  const digest: Digest = { lines: new Map(), counts: new Map(), impact: new MainTeamImpact(), changes: 0 };
  const most = options.perGroup ?? Number.POSITIVE_INFINITY;
  for await (const stored of report.changes(options.states === undefined ? {} : { states: options.states })) {
    digest.changes += 1;
    countParts(stored.change, digest.counts);
    digest.impact.add(stored);
    for (const line of changeLines(stored.change)) {
      const group = digest.lines.get(line.group) ?? { shown: [], total: 0 };
      if (group.shown.length < most) group.shown.push({ ...line, state: stateText(stored) });
      group.total += 1;
      digest.lines.set(line.group, group);
    }
  }
  return digest;
}

/** Only what is out of the ordinary is said beside a line. */
function stateText(stored: StoredChange): string {
  switch (stored.state) {
    case 'planned':
    case 'applied':
      return '';
    default:
      return ` [${stored.state}${stored.because === undefined ? '' : `: ${stored.because}`}]`;
  }
}

const signStyle = { '+': 'green', '-': 'red', '~': 'yellow' } as const;

function printGroup(
  terminal: Terminal,
  title: string,
  group: { readonly shown: readonly (ChangeLine & { readonly state: string })[]; readonly total: number } | undefined,
): void {
  if (group === undefined) return;
  terminal.line(`${terminal.style('bold', title)} (${group.total})`);
  const width = Math.min(32, Math.max(...group.shown.map((line) => line.label.length)));
  for (const line of group.shown) {
    const text = printable(`${line.label.padEnd(width)}  ${line.text}${line.state}`);
    terminal.line(`  ${terminal.style(signStyle[line.sign], `${line.sign} ${text}`)}`);
  }
  const more = group.total - group.shown.length;
  if (more > 0) terminal.line(`  and ${more} more (--all)`);
  terminal.line();
}

function totalsLine(digest: Digest): string {
  if (digest.changes === 0) return 'Nothing to change.';
  const parts = changeGroups.flatMap(({ kind, noun }) => {
    const count = digest.counts.get(kind) ?? 0;
    return count === 0 ? [] : [`${count} ${count === 1 ? noun[0] : noun[1]}`];
  });
  return `Totals: ${digest.changes} ${digest.changes === 1 ? 'change' : 'changes'}: ${parts.join(', ')}.`;
}

/** `Run 7 of ad-hq (full): done in 2 s; read 250 accounts, 12 groups; applied 3, held 0.` */
export function outcomeLine(run: Run): string {
  const { counts } = run;
  const kind = run.dryRun ? `${run.mode}, dry run` : run.mode;
  const took =
    run.endedAt === undefined
      ? `since ${formatMoment(run.startedAt)}`
      : `in ${durationText(run.endedAt - run.startedAt)}`;
  const because = run.because === undefined ? '' : ` (${run.because}${codeText(run)})`;
  const read = `read ${counts.accountsRead} accounts, ${counts.groupsRead} groups${counts.rejected === 0 ? '' : `, ${counts.rejected} unreadable`}`;
  const left =
    counts.conflict === 0 ? '' : `, ${counts.conflict} left to the next run because something changed meanwhile`;
  const done = run.dryRun ? `${counts.planned} planned` : `applied ${counts.applied}, held ${counts.held}${left}`;
  const rest = [
    counts.findingsOpened === 0 || run.dryRun
      ? ''
      : `${counts.findingsOpened} new ${counts.findingsOpened === 1 ? 'finding' : 'findings'} (rosterd finding list)`,
  ].filter((text) => text !== '');
  return `Run ${run.id} of ${run.source} (${kind}): ${run.state} ${took}${because}; ${[read, done, ...rest].join('; ')}.`;
}

/** A read that broke off begins its reason with the code. */
export const codeText = ({ because, errorCode }: Pick<Run, 'because' | 'errorCode'>): string =>
  errorCode === undefined || because?.includes(`${errorCode}: `) === true ? '' : ` [${errorCode}]`;
