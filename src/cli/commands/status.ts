// rosterd status

import type { Command } from 'commander';
import { type Cli, withApp } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { exitCodeOfStatus } from '../exit-codes.ts';
import { statusJson } from '../status-json.ts';
import { printStatus } from '../status-text.ts';

export function addStatusCommand(program: Command, cli: Cli): void {
  const command = program.command('status');
  describe(command, {
    summary: 'Show whether the daemon runs and how every source is',
    details:
      'Asks the database only, so it answers at once and also while everything is at work. For monitoring too: exit code 0 when all is well; 3 when changes are held, or a source is paused or waits for another; 5 when a source is overdue or failing, its last run failed or was left open, or there are schedules and no daemon.',
    examples: [
      ['rosterd status', 'is everything well, and if not, what next?'],
      ['rosterd status --json | jq \'.sources[] | select(.health != "ok")\'', 'what needs somebody, for a script'],
    ],
    json: 'StatusJson',
  });
  command.action(() =>
    withApp(cli, command, async (app, { format }) => {
      const status = await app.status();
      if (format === 'json') cli.terminal.line(JSON.stringify(statusJson(status)));
      else printStatus(cli.terminal, status);
      return exitCodeOfStatus(status);
    }),
  );
}
