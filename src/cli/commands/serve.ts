// rosterd serve

import type { Command } from 'commander';
import { type Cli, globalsOf } from '../cli.ts';
import { describe } from '../describe-command.ts';

export function addServeCommand(program: Command, cli: Cli): void {
  const command = program.command('serve');
  describe(command, {
    summary: 'Run as a daemon: synchronise the sources on their schedules until stopped',
    details:
      'Logs to standard output as the configuration says. SIGTERM or SIGINT finish the present transaction and end with 0; a second signal ends at once. What was missed while it did not run is made up for by one run at start.',
    examples: [
      ['rosterd serve --config /etc/rosterd/rosterd.yaml', 'as systemd and containers do; see docs/operations.md'],
      ['rosterd status', 'what it does, from another terminal'],
    ],
    json: 'no document; the log is JSON lines unless log.format says otherwise',
  });
  command.action(async () => {
    cli.sayStopInLog();
    await (await cli.rosterd()).serve(globalsOf(command).location, cli.signal, cli.endNow);
  });
}
