// rosterd init

import type { Command } from 'commander';
import { type Cli, globalsOf } from '../cli.ts';
import { describe } from '../describe-command.ts';

export function addInitCommand(program: Command, cli: Cli): void {
  const command = program.command('init').argument('[folder]', 'where the files go', '.');
  describe(command, {
    summary: 'Write a commented configuration and the audit key',
    details: 'Files that exist are kept as they are.',
    examples: [
      ['rosterd init /etc/rosterd', 'write rosterd.yaml and audit.key there'],
      ['rosterd init && rosterd config check', 'write them here, then see what is still to be filled in'],
    ],
    json: '{ folder: string, files: { path: string, purpose: string, outcome: "written" | "kept" | "left-out" }[] }',
  });
  command.action(async (folder: string) => {
    const report = await (await cli.rosterd()).init({ folder });
    if (globalsOf(command).format === 'json') {
      cli.terminal.line(JSON.stringify({ folder, files: report.files }));
      return;
    }
    for (const { path, purpose, outcome } of report.files)
      cli.terminal.line(`${outcome.padEnd(7)}  ${path}  (${purpose})`);
    const config = report.files.find((file) => file.path.endsWith('.yaml'))?.path ?? 'rosterd.yaml';
    const rosterd = `rosterd --config ${config}`;
    cli.terminal.line(`Next: fill in ${config}, then ${rosterd} config check, then ${rosterd} db migrate`);
  });
}
