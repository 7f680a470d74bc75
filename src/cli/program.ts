// The command tree. One file per group under commands/; here they are put together and given the options that all share.

import { Command, Option } from 'commander';
import type { Cli } from './cli.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addConfigCommands } from './commands/config.ts';
import { addDbCommands } from './commands/db.ts';
import { addFindingCommands } from './commands/finding.ts';
import { addInitCommand } from './commands/init.ts';
import { addNotifyCommands } from './commands/notify.ts';
import { addPauseCommands } from './commands/pause.ts';
import { addRunCommands } from './commands/run.ts';
import { addServeCommand } from './commands/serve.ts';
import { addSourceCommands } from './commands/source.ts';
import { addStatusCommand } from './commands/status.ts';
import { addSyncCommands } from './commands/sync.ts';
import { addTeamCommands } from './commands/team.ts';
import { addUserCommands } from './commands/user.ts';
import { exitCodeMeanings } from './exit-codes.ts';

export function buildProgram(cli: Cli, version: string): Command {
  const program = new Command('rosterd');
  program
    .description(
      'Synchronises users and teams of a contact centre from Active Directory and OpenLDAP. It never writes to a source.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addOption(
      new Option('-c, --config <file>', 'configuration file (else ROSTERD_CONFIG, else /etc/rosterd/rosterd.yaml)'),
    )
    .addOption(new Option('--json', 'print one JSON document (errors too) instead of text'))
    .addOption(new Option('-q, --quiet', 'no progress'))
    .addOption(
      new Option('--log', 'instead of progress, the log on stderr as the configuration says (for cron and systemd)'),
    )
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => cli.terminal.line(text.replace(/\n$/u, '')),
      writeErr: (text) => cli.terminal.errorLine(text.replace(/\n$/u, '')),
      // Errors are said by print-error.ts, in one form for all kinds.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(cli.terminal.columns, 120),
      getErrHelpWidth: () => Math.min(cli.terminal.columns, 120),
    })
    .exitOverride();
  addInitCommand(program, cli);
  addConfigCommands(program, cli);
  addSourceCommands(program, cli);
  addSyncCommands(program, cli);
  addServeCommand(program, cli);
  addRunCommands(program, cli);
  addStatusCommand(program, cli);
  addPauseCommands(program, cli);
  addUserCommands(program, cli);
  addTeamCommands(program, cli);
  addFindingCommands(program, cli);
  addAuditCommands(program, cli);
  addNotifyCommands(program, cli);
  addDbCommands(program, cli);
  addCompletionCommand(program, cli);
  program.helpCommand('help [command]', 'print the help of a command');
  program.addHelpText(
    'after',
    `\nExit codes:\n${exitCodeMeanings.map(([code, what]) => `  ${String(code).padStart(2)}  ${what}`).join('\n')}`,
  );
  return program;
}
