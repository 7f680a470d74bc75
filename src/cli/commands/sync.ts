// rosterd plan, rosterd sync

import { type Command, Option } from 'commander';
import { requireSource } from '../../admin/require-source.ts';
import { inSyncOrder } from '../../admin/sync-order.ts';
import type { SourceName } from '../../model/ids.ts';
import type { App, RunReport, SyncRequest } from '../app.ts';
import { type Cli, type Globals, withApp } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { type ExitCode, exitCodeOf, worstOf } from '../exit-codes.ts';
import { describeError, errorJson, printError } from '../print-error.ts';
import { createProgress } from '../progress.ts';
import { printRunReport } from '../run-text.ts';
import { tellPeople } from '../tell-people.ts';
import { streamRunReport } from '../to-json.ts';
import { type WaitOption, waitingOf, waitOption } from '../waiting.ts';

/** Lines per group that a person reads before the totals; --all shows the rest. */
export const linesPerGroup = 20;

export const allOption = (): Option =>
  new Option('--all', `show every change, not the first ${linesPerGroup} of each kind`);

const fullOption = (): Option =>
  new Option('--full', 'read everything; every read does so at present, so this says only what is meant');

export function addSyncCommands(program: Command, cli: Cli): void {
  addPlan(program, cli);
  addSync(program, cli);
}

interface SyncOptions {
  readonly full?: true;
  readonly all?: true;
}

type ApplyOptions = SyncOptions & WaitOption;

const requestOf = (options: SyncOptions, intent: SyncRequest['intent']): SyncRequest => ({
  mode: options.full ? 'full' : 'auto',
  intent,
});

function addPlan(program: Command, cli: Cli): void {
  const command = program
    .command('plan')
    .argument('<source>', 'name of a source')
    .addOption(fullOption())
    .addOption(allOption());
  describe(command, {
    summary: 'Dry run: show what a sync would change, and what the guard would hold',
    details:
      'Reads the source, decides and judges with every check of a real run, and changes nothing. Exit code 2 when something would change, 3 when something would be held.',
    examples: [
      ['rosterd plan ad-hq', 'the diff, grouped by kind'],
      ['rosterd plan ad-hq --all | less', 'all of it'],
      ['rosterd plan ad-hq --json | jq .run.holds', 'what would be held, for a script'],
    ],
    json: 'RunReportJson',
  });
  command.action((name: string, options: SyncOptions) =>
    withApp(cli, command, async (app, globals) => {
      const source = requireSource(
        app.sources.map((one) => one.name),
        name,
      );
      const report = await runOne(cli, app, source, requestOf(options, 'plan'), globals);
      if (globals.format === 'json') {
        await streamRunReport(cli.terminal, report);
        cli.terminal.line();
      } else {
        await printRunReport(cli.terminal, report, { perGroup: options.all ? undefined : linesPerGroup });
      }
      return exitCodeOf(report.run);
    }),
  );
}

function addSync(program: Command, cli: Cli): void {
  const command = program
    .command('sync')
    .argument('[source]', 'name of a source; all of them without')
    .addOption(fullOption())
    .addOption(allOption())
    .addOption(waitOption());
  describe(command, {
    summary: 'Synchronise one source, or all of them one after the other',
    details: 'A source that fails does not keep the others from running; the exit code is the worst of all.',
    examples: [
      ['rosterd sync', 'every source, in the order of the configuration, those of correlateAfter first'],
      ['rosterd sync ad-hq', 'one source'],
      ['rosterd sync ad-hq --json | jq .runs[0].run.counts', 'how much was applied and held, for a script'],
    ],
    json: '{ runs: RunReportJson[], errors: ({ source: string } & ErrorJson)[] }; `changes` holds what was not simply applied',
  });
  command.action((name: string | undefined, options: ApplyOptions) =>
    withApp(cli, command, async (app, globals) => {
      const known = app.sources.map((one) => one.name);
      const sources = name === undefined ? inSyncOrder(app.sources) : [requireSource(known, name)];
      const code = await syncAll(cli, app, sources, options, globals);
      await tellPeople(cli, app);
      return code;
    }),
  );
}

async function syncAll(
  cli: Cli,
  app: App,
  sources: readonly SourceName[],
  options: ApplyOptions,
  globals: Globals,
): Promise<ExitCode> {
  const request = { ...requestOf(options, 'apply'), waiting: waitingOf(cli, options, globals) };
  const codes: ExitCode[] = [];
  const isJson = globals.format === 'json';
  const errors: string[] = [];
  let separator = '';
  if (isJson) await cli.terminal.stream('{"runs":[');
  for (const source of sources) {
    if (cli.signal.aborted) break;
    try {
      const report = await runOne(cli, app, source, request, globals);
      codes.push(exitCodeOf(report.run));
      if (isJson) {
        await cli.terminal.stream(separator);
        await streamRunReport(cli.terminal, report, { states: ['held', 'conflict', 'obsolete'] });
        separator = ',';
      } else {
        await printRunReport(cli.terminal, report, { perGroup: options.all ? undefined : linesPerGroup });
      }
    } catch (error) {
      // One source must not keep the others from running; with a single one there is nothing to go on with.
      if (sources.length === 1 && !isJson) throw error;
      const said = describeError(error, cli.signal);
      codes.push(said.exit);
      if (isJson) errors.push(JSON.stringify({ source, ...errorJson(said) }));
      else printError(cli.terminal, said, 'text');
    }
  }
  if (isJson) cli.terminal.line(`],"errors":[${errors.join(',')}]}`);
  return worstOf(codes);
}

async function runOne(
  cli: Cli,
  app: App,
  source: SourceName,
  request: SyncRequest,
  globals: Globals,
): Promise<RunReport> {
  const progress = createProgress(cli.terminal, {
    style: globals.isQuiet || globals.format === 'json' ? 'silent' : 'shown',
    now: cli.now,
  });
  try {
    return await app.sync(source, request, cli.signal, progress.onEvent);
  } finally {
    progress.stop();
  }
}
