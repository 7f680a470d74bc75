// rosterd pause, rosterd resume

import type { Command } from 'commander';
import type { Admin } from '../../admin/admin.ts';
import type { SourceActReport } from '../../admin/pause.ts';
import { type Cli, withApp } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { printAct } from '../run-act.ts';
import { sourceActJson } from '../status-json.ts';
import { reasonOption, untilOption } from './reason-option.ts';

export function addPauseCommands(program: Command, cli: Cli): void {
  addPause(program, cli);
  addResume(program, cli);
}

function addPause(program: Command, cli: Cli): void {
  const command = program
    .command('pause')
    .argument('[source]', 'name of a source; all of them without')
    .addOption(reasonOption())
    .addOption(untilOption());
  describe(command, {
    summary: 'Stop applying what a source says, or what any source says',
    details:
      'Reads go on, so that what a source says stays known; nothing of it is applied until it is resumed. A run that applies already stops after the present batch, and is finished after the pause.',
    examples: [
      ['rosterd pause ad-hq --reason "migration of the domain, ticket 4711" --until 12h', 'on again by itself'],
      ['rosterd pause --reason "change freeze"', 'every source, until rosterd resume'],
    ],
    json: 'SourceActJson',
  });
  command.action(
    (source: string | undefined, { reason, until }: { readonly reason: string; readonly until?: string }) =>
      runSourceAct(cli, command, (admin) =>
        admin.pause({ reason, ...(source === undefined ? {} : { source }), ...(until === undefined ? {} : { until }) }),
      ),
  );
}

function addResume(program: Command, cli: Cli): void {
  const command = program
    .command('resume')
    .argument('[source]', 'name of a source; without it the pause of all of them is lifted');
  describe(command, {
    summary: 'Lift a pause: the next run applies what has waited, under the guard',
    details: 'The pause of a single source and the pause of all of them are two things: each is lifted by itself.',
    examples: [
      ['rosterd resume ad-hq && rosterd sync ad-hq', 'and do not wait for the schedule'],
      ['rosterd resume', 'the pause of all; those of single sources stay'],
    ],
    json: 'SourceActJson',
  });
  command.action((source: string | undefined) =>
    runSourceAct(cli, command, (admin) => admin.resume(source === undefined ? {} : { source })),
  );
}

function runSourceAct(cli: Cli, command: Command, act: (admin: Admin) => Promise<SourceActReport>): Promise<void> {
  return withApp(cli, command, async (app, { format }) => {
    const report = await act(app.admin);
    if (format === 'json') cli.terminal.line(JSON.stringify(sourceActJson(report)));
    else printAct(cli, report);
  });
}
