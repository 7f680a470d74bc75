// rosterd user link

import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { runAct, userArgument } from '../run-act.ts';
import { reasonOption } from './reason-option.ts';

export function addUserLink(group: Command, cli: Cli): void {
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
