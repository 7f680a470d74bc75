// rosterd user link | unlink

import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { runAct, userArgument } from '../run-act.ts';
import { reasonOption } from './reason-option.ts';

export function addUserLinkCommands(group: Command, cli: Cli): void {
  addLink(group, cli);
  addUnlink(group, cli);
}

function addLink(group: Command, cli: Cli): void {
  const link = group
    .command('link')
    .argument(...userArgument)
    .argument('<account>', 'name or id of the account in the source')
    .option('--source <source>', 'the source that has the account; may be left out where there is only one')
    .addOption(reasonOption());
  describe(link, {
    summary: 'Say that an account belongs to a user: the way out of a dispute',
    details:
      'Links an account that no run may link by itself, also to a protected user and as a second account. An account that is linked to the user but disputed (back late, id used again) speaks for the user again. Values, teams and roles follow with the next run, under the guard.',
    examples: [
      [
        'rosterd user link mira.novak mnovak2 --reason "hired again, ticket 4711"',
        'the new account of the same person',
      ],
      [
        'rosterd user link mira.novak mira.novak --source ad-hq --reason "back from parental leave"',
        'back late, and it is her: releases what waits',
      ],
      [
        'rosterd user link user:12 5f1c2b9e-0d3a-4c57-9a51-7be2f0a4c6d8 --reason "checked with HR"',
        'by id, where several accounts have the name',
      ],
    ],
    json: 'ActJson',
  });
  link.action((user: string, account: string, options: { readonly source?: string; readonly reason: string }) =>
    runAct(cli, link, (admin) => admin.linkUser({ user, account, ...options })),
  );
}

function addUnlink(group: Command, cli: Cli): void {
  const unlink = group
    .command('unlink')
    .argument(...userArgument)
    .argument('<account>', 'name or id of an account of the user')
    .option('--source <source>', 'the source that has the account; only where several are called the same')
    .addOption(reasonOption());
  describe(unlink, {
    summary: 'Say that an account does not belong to its user',
    details:
      'No rule links the account again: it waits in a finding until a person says whose it is, with `rosterd user link` or `rosterd finding resolve`. A user without any other account keeps everything as it is, as local. With other accounts it keeps what those give; what only this account gave goes with their next runs, and the answer says what that is.',
    examples: [
      [
        'rosterd user unlink mira.novak mnovak2 --source uccx-brno --reason "another person, ticket 4711"',
        'the agent is not hers',
      ],
    ],
    json: 'ActJson',
  });
  unlink.action((user: string, account: string, options: { readonly source?: string; readonly reason: string }) =>
    runAct(cli, unlink, (admin) => admin.unlinkUser({ user, account, ...options })),
  );
}
