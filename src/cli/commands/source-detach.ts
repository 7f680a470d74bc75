// rosterd source detach

import type { Command } from 'commander';
import type { DetachReport } from '../../admin/detach-source.ts';
import { RosterdError } from '../../model/errors.ts';
import type { App } from '../app.ts';
import { type Cli, type Globals, withApp } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { DetachJson } from '../json-sources.ts';
import { printAct } from '../run-act.ts';

interface DetachOptions {
  readonly reason?: string;
  readonly yes?: true;
  readonly dryRun?: true;
}

export function addDetach(group: Command, cli: Cli): void {
  const command = group
    .command('detach')
    .argument('<source>', 'name of a source that is not configured any more')
    .option('--reason <text>', 'why; kept in the audit log')
    .option('--dry-run', 'only say what would be done')
    .option('-y, --yes', 'do not ask');
  describe(command, {
    summary: 'Let go of a source that was taken out of the configuration: its users stay, as local ones',
    details:
      'Take the source out of the configuration and restart the daemon first. Nobody is disabled and nothing is taken from anybody: values, teams, can-manage, roles and access stay, as local. Users with an account of another source are looked at by the next run of that one; whoever is disabled, and would be let in by the other accounts alone, is disabled by hand until rosterd user enable. It says how many those are, and what the next runs of the others take away. What was read from the source, its open findings and its stored plans go; runs and the audit log stay. It is one transaction. On a terminal it asks first; elsewhere --yes is needed.',
    examples: [
      ['rosterd source detach uccx-old --dry-run', 'how many users it is about'],
      ['rosterd source detach uccx-old --reason "cluster shut down, ticket 4711"', 'after asking'],
    ],
    json: 'DetachJson',
  });
  command.action((source: string, options: DetachOptions) =>
    withApp(cli, command, async (app, globals): Promise<ExitCode> => {
      const preview = await app.admin.previewDetach({ source });
      if (options.dryRun) {
        print(cli, preview, globals);
        return exitCodes.wouldChange;
      }
      const { reason } = options;
      if (reason === undefined)
        throw new RosterdError('usage', 'Say why, with --reason; or only look, with --dry-run.');
      if (!options.yes && !(await mayProceed(cli, preview, globals))) {
        cli.terminal.errorLine('Nothing was done.');
        return exitCodes.done;
      }
      print(cli, await detach(app, source, reason), globals);
      return exitCodes.done;
    }),
  );
}

const detach = (app: App, source: string, reason: string): Promise<DetachReport> =>
  app.admin.detachSource({ source, reason });

async function mayProceed(cli: Cli, preview: DetachReport, { format }: Globals): Promise<boolean> {
  if (!cli.terminal.isInteractive || format === 'json')
    throw new RosterdError('usage', 'Not on a terminal, so nobody can be asked: add --yes, or look with --dry-run.');
  printAct(cli, preview);
  return cli.terminal.confirm(`Detach ${preview.source}?`);
}

function print(cli: Cli, report: DetachReport, { format }: Globals): void {
  const json: DetachJson = { ...report, audit: report.audit ?? null };
  if (format === 'json') cli.terminal.line(JSON.stringify(json));
  else printAct(cli, report);
}
