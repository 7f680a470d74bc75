// rosterd config check

import type { Command } from 'commander';
import { formatProblem } from '../../config/problem.ts';
import { type Cli, globalsOf } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { exitCodes } from '../exit-codes.ts';

export function addConfigCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'config', 'The configuration file');
  const command = group.command('check');
  describe(command, {
    summary: 'Check the configuration file without connecting to anything',
    details: 'Says all problems at once, each with its line and, for an unknown key, the nearest known one.',
    examples: [
      ['rosterd config check', 'check the file in use'],
      ['rosterd --config new.yaml config check', 'check another one before it is put in place'],
    ],
    json: '{ file: string, problems: { severity: "error" | "warning", file: string, line: number, column: number, path: string, message: string }[], sources: { name: string, type: string }[] }',
  });
  command.action(async () => {
    const { location, format } = globalsOf(command);
    const report = await (await cli.rosterd()).checkConfig(location);
    const errors = report.problems.filter((problem) => problem.severity === 'error').length;
    const warnings = report.problems.length - errors;
    if (errors > 0) cli.setExit(exitCodes.config);
    if (format === 'json') {
      cli.terminal.line(JSON.stringify(report));
      return;
    }
    for (const problem of report.problems) cli.terminal.line(formatProblem(problem));
    const noted = warnings === 0 ? '' : ` ${count(warnings, 'warning')}.`;
    const names = report.sources.map((source) => `${source.name} (${source.type})`).join(', ');
    if (errors > 0) cli.terminal.line(`${report.file}: ${count(errors, 'problem')}.${noted}`);
    else cli.terminal.line(`${report.file} is right.${noted} Sources: ${names === '' ? 'none' : names}.`);
  });
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
