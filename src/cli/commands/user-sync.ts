// rosterd user sync off | on | diff

import type { Command } from 'commander';
import type { ShadowDiff } from '../../admin/shadow-diff.ts';
import { RosterdError } from '../../model/errors.ts';
import { partLine } from '../change-text.ts';
import { type Cli, withApp } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printAct, runAct, userArgument } from '../run-act.ts';
import { printable } from '../table.ts';
import { actJson } from '../to-json.ts';
import { reasonOption, untilOption } from './reason-option.ts';

export function addUserSyncCommands(group: Command, cli: Cli): void {
  const sync = describeGroup(group, 'sync', 'The sync switch of a user');
  addOff(sync, cli);
  addOn(sync, cli);
  addDiff(sync, cli);
}

function addOff(group: Command, cli: Cli): void {
  const command = group
    .command('off')
    .argument(...userArgument)
    .addOption(reasonOption())
    .addOption(untilOption());
  describe(command, {
    summary: 'Keep sync from changing a user',
    details:
      'Fields, enabled, teams, grants, roles and the main team stay as they are. If a source disables the person meanwhile, a finding says so.',
    examples: [
      ['rosterd user sync off mira.novak --reason "on loan to Brno" --until 30d', 'on again by itself after 30 days'],
    ],
    json: 'ActJson',
  });
  command.action((user: string, { reason, until }: { readonly reason: string; readonly until?: string }) =>
    runAct(cli, command, (admin) => admin.switchSyncOff({ user, reason, ...(until === undefined ? {} : { until }) })),
  );
}

function addOn(group: Command, cli: Cli): void {
  const command = group
    .command('on')
    .argument(...userArgument)
    .option('-y, --yes', 'do not ask');
  describe(command, {
    summary: 'Let sync change a user again, after showing what it would change',
    details:
      'On a terminal it asks first; elsewhere --yes is needed. The changes are made by the next run, under the guard.',
    examples: [['rosterd user sync on mira.novak', 'show the difference, ask, switch on']],
    json: '{ diff: ShadowDiffJson, act: ActJson }',
  });
  command.action((user: string, { yes }: { readonly yes?: true }) =>
    withApp(cli, command, async (app, { format }) => {
      const diff = await app.admin.shadowDiff(user);
      if (format === 'text') printDiff(cli, diff);
      if (!yes && !(await mayProceed(cli, diff, format))) {
        cli.terminal.errorLine('Nothing was done.');
        return exitCodes.done;
      }
      const act = await app.admin.switchSyncOn({ user });
      if (format === 'json') cli.terminal.line(JSON.stringify({ diff: diffJson(diff), act: actJson(act) }));
      else printAct(cli, act);
      return exitCodes.done;
    }),
  );
}

async function mayProceed(cli: Cli, diff: ShadowDiff, format: 'text' | 'json'): Promise<boolean> {
  if (diff.sync === 'on') return true;
  if (cli.terminal.isInteractive && format === 'text')
    return cli.terminal.confirm(`Switch sync of ${diff.user.username} on?`);
  throw new RosterdError(
    'usage',
    'Not on a terminal, so nobody can be asked: add --yes, or look with `rosterd user sync diff`.',
  );
}

function addDiff(group: Command, cli: Cli): void {
  const command = group.command('diff').argument(...userArgument);
  describe(command, {
    summary: 'Show what sync would change on a user if it were on; exit code 2 when something would',
    examples: [['rosterd user sync diff mira.novak', 'how far has she drifted?']],
    json: 'ShadowDiffJson = { user: { id, username }, sync: "on" | "off", sources: { source: string, parts: ChangePart[] }[] }',
  });
  command.action((user: string) =>
    withApp(cli, command, async (app, { format }): Promise<ExitCode> => {
      const diff = await app.admin.shadowDiff(user);
      if (format === 'json') cli.terminal.line(JSON.stringify(diffJson(diff)));
      else printDiff(cli, diff);
      return diff.sources.length === 0 ? exitCodes.done : exitCodes.wouldChange;
    }),
  );
}

const diffJson = (diff: ShadowDiff): unknown => diff;

function printDiff(cli: Cli, diff: ShadowDiff): void {
  const { terminal } = cli;
  const { username } = diff.user;
  if (diff.sources.length === 0) terminal.line(`Sync would change nothing on ${username}.`);
  for (const { source, parts } of diff.sources) {
    terminal.line(`A run of ${source} would change on ${username}:`);
    for (const part of parts) {
      const { sign, group, text } = partLine('', part);
      terminal.line(printable(`  ${sign} ${group}: ${text}`));
    }
  }
}
