// How every command that edits runs its act and says what it did.

import type { Command } from 'commander';
import type { ActReport } from '../admin/act.ts';
import type { Admin } from '../admin/admin.ts';
import { type Cli, withApp } from './cli.ts';
import { actJson } from './to-json.ts';

/** Runs one admin act and says what it did; warnings go beside it. */
export function runAct(cli: Cli, command: Command, act: (admin: Admin) => Promise<ActReport>): Promise<void> {
  return withApp(cli, command, async (app, { format }) => {
    const report = await act(app.admin);
    if (format === 'json') cli.terminal.line(JSON.stringify(actJson(report)));
    else printAct(cli, report);
  });
}

export function printAct(cli: Cli, report: Pick<ActReport, 'summary' | 'warnings'>): void {
  cli.terminal.line(report.summary);
  for (const warning of report.warnings)
    cli.terminal.errorLine(`${cli.terminal.styleError('yellow', 'Note:')} ${warning.message}`);
}

/** Every command that names a user says so in the same words. */
export const userArgument = [
  '<user>',
  'username in any case, or number (user:12 where a username is a number)',
] as const;
