// rosterd run list | show | approve | reject

import type { Command } from 'commander';
import { formatMoment, parseUntil } from '../../admin/moments.ts';
import { requireSource } from '../../admin/require-source.ts';
import { RosterdError } from '../../model/errors.ts';
import { asEpochMs, asRunId, type RunId } from '../../model/ids.ts';
import type { Run } from '../../model/run.ts';
import { holdText } from '../../sync/hold-text.ts';
import type { Approval } from '../../sync/ports.ts';
import { type Cli, parseCount, withApp } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { exitCodeOfApproved } from '../exit-codes.ts';
import { createProgress } from '../progress.ts';
import { printRunReport } from '../run-text.ts';
import { printTable } from '../table.ts';
import { tellPeople } from '../tell-people.ts';
import { runJson, streamRunReport } from '../to-json.ts';
import { type WaitOption, waitingOf, waitOption } from '../waiting.ts';
import { reasonOption } from './reason-option.ts';
import { allOption, linesPerGroup } from './sync.ts';

export function addRunCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'run', 'Runs: what was done, what is held, and deciding on it');
  addList(group, cli);
  addShow(group, cli);
  addApprove(group, cli);
  addReject(group, cli);
}

function parseRunId(text: string): RunId {
  if (!/^\d{1,9}$/u.test(text)) throw new RosterdError('usage', `"${text}" is not the number of a run.`);
  return asRunId(Number(text));
}

interface ListOptions {
  readonly source?: string;
  readonly held?: true;
  readonly limit: string;
}

function addList(group: Command, cli: Cli): void {
  const command = group
    .command('list')
    .option('--source <source>', 'of this source only')
    .option('--held', 'only runs that ended with something held')
    .option('--limit <n>', 'so many at most', '20');
  describe(command, {
    summary: 'List runs, newest first',
    examples: [
      ['rosterd run list', 'the last 20'],
      ['rosterd run list --source ad-hq --held', 'what waits, or waited, for a decision'],
    ],
    json: '{ runs: RunJson[] }',
  });
  command.action((options: ListOptions) =>
    withApp(cli, command, async (app, { format }) => {
      const source =
        options.source === undefined
          ? {}
          : {
              source: requireSource(
                app.sources.map((one) => one.name),
                options.source,
              ),
            };
      const states = options.held ? { states: ['held'] as const } : {};
      const runs = await app.runs({ ...source, ...states, limit: parseCount(options.limit, '--limit') });
      if (format === 'json') cli.terminal.line(JSON.stringify({ runs: runs.map(runJson) }));
      else if (runs.length === 0) cli.terminal.line('No runs.');
      else printRuns(cli, runs);
    }),
  );
}

function printRuns(cli: Cli, runs: readonly Run[]): void {
  printTable<Run>(
    cli.terminal,
    [
      { title: 'RUN', value: (run) => String(run.id), align: 'right' },
      { title: 'SOURCE', value: (run) => run.source },
      { title: 'MODE', value: (run) => (run.dryRun ? `${run.mode} (dry)` : run.mode) },
      { title: 'STARTED', value: (run) => formatMoment(run.startedAt) },
      { title: 'STATE', value: (run) => run.state },
      { title: 'APPLIED', value: (run) => String(run.counts.applied), align: 'right' },
      { title: 'HELD', value: (run) => String(run.counts.held), align: 'right' },
      { title: 'BY', value: (run) => run.actor, mayShrink: true },
      { title: 'BECAUSE', value: (run) => run.because ?? run.holds.map(holdText).join('; '), mayShrink: true },
    ],
    runs,
  );
}

interface ShowFlags {
  readonly held?: true;
  readonly mainTeams?: true;
  readonly all?: true;
}

function addShow(group: Command, cli: Cli): void {
  const command = group
    .command('show')
    .argument('<run>', 'number of a run')
    .option('--held', 'only what is held')
    .option('--main-teams', 'only whose main team changes, with the users behind each move')
    .addOption(allOption());
  describe(command, {
    summary: 'Show a run: its changes by kind, its totals, the verdict of the guard',
    examples: [
      ['rosterd run show 7', 'the whole run'],
      ['rosterd run show 7 --held --all', 'every change that waits for a decision'],
      ['rosterd run show 7 --main-teams', 'who moves from which main team to which, and by which rule'],
    ],
    json: 'RunReportJson',
  });
  command.action((id: string, options: ShowFlags) =>
    withApp(cli, command, async (app, { format }) => {
      const report = await app.run(parseRunId(id));
      const filter = options.held ? { states: ['held'] as const } : {};
      if (format === 'json') {
        await streamRunReport(cli.terminal, report, filter);
        cli.terminal.line();
      } else {
        const perGroup = options.all ? undefined : linesPerGroup;
        const only = options.mainTeams ? ({ only: 'main-teams' } as const) : {};
        await printRunReport(cli.terminal, report, { perGroup, ...filter, ...only });
      }
    }),
  );
}

function addApprove(group: Command, cli: Cli): void {
  const command = group
    .command('approve')
    .argument('<run>', 'number of the held run')
    .addOption(reasonOption())
    .addOption(waitOption());
  describe(command, {
    summary: 'Release what a run holds, and apply it',
    details:
      'Releases exactly the changes that the run shows. If other changes would come out now, nothing is applied: sync again and look at the new run. Exit code 3 when something of it is left to the next run.',
    examples: [
      ['rosterd run approve 7 --reason "site Brno closed, ticket 4711"', 'after looking at it with run show 7 --held'],
    ],
    json: '{ approval: { decision, source, checksum, actor, reason, at, expiresAt }, run: RunJson | null }',
  });
  command.action((id: string, options: { readonly reason: string } & WaitOption) =>
    withApp(cli, command, async (app, globals) => {
      const isJson = globals.format === 'json';
      const progress = createProgress(cli.terminal, {
        style: globals.isQuiet || isJson ? 'silent' : 'shown',
        now: cli.now,
      });
      const { approval, report } = await app
        .approve(
          parseRunId(id),
          { reason: options.reason, waiting: waitingOf(cli, options, globals) },
          cli.signal,
          progress.onEvent,
        )
        .finally(() => progress.stop());
      if (isJson)
        cli.terminal.line(
          JSON.stringify({ approval: approvalJson(approval), run: report === undefined ? null : runJson(report.run) }),
        );
      else if (report === undefined) cli.terminal.line(`Approved. The next run of ${approval.source} applies it.`);
      else await printRunReport(cli.terminal, report, { perGroup: linesPerGroup });
      await tellPeople(cli, app);
      return report === undefined ? undefined : exitCodeOfApproved(report.run);
    }),
  );
}

function addReject(group: Command, cli: Cli): void {
  const command = group
    .command('reject')
    .argument('<run>', 'number of the held run')
    .addOption(reasonOption())
    .option('--until <moment>', 'for how long: 30d, 12h, 2026-12-24', '30d')
    .addOption(waitOption());
  describe(command, {
    summary: 'Keep what a run holds from being done, and be silent about exactly that for a time',
    details: 'The users concerned stay as they are. A run that derives other changes is held and announced again.',
    examples: [['rosterd run reject 7 --reason "the filter was wrong, mended" --until 7d', 'say no for a week']],
    json: '{ approval: { decision, source, checksum, actor, reason, at, expiresAt }, run: null }',
  });
  command.action((id: string, options: { readonly reason: string; readonly until: string } & WaitOption) =>
    withApp(cli, command, async (app, globals) => {
      const until = parseUntil(options.until, asEpochMs(cli.now()));
      const { approval } = await app.reject(
        parseRunId(id),
        { reason: options.reason, until, waiting: waitingOf(cli, options, globals) },
        cli.signal,
      );
      if (globals.format === 'json') cli.terminal.line(JSON.stringify({ approval: approvalJson(approval), run: null }));
      else
        cli.terminal.line(
          `Rejected until ${formatMoment(until)}. Nothing was applied; exactly these changes are not announced again.`,
        );
    }),
  );
}

const approvalJson = ({ decision, source, checksum, actor, reason, at, expiresAt }: Approval): unknown => ({
  decision,
  source,
  checksum,
  actor,
  reason,
  at: formatMoment(at),
  expiresAt: expiresAt === undefined ? null : formatMoment(expiresAt),
});
