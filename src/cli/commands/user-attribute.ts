// rosterd user attribute set | unset

import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { runAct, userArgument } from '../run-act.ts';

const nameArgument = ['<name>', 'agentId, deviceId, extension, or a name of your own'] as const;

export function addUserAttributeCommands(group: Command, cli: Cli): void {
  const attribute = describeGroup(group, 'attribute', 'Local attributes, which sync never touches');

  const set = attribute
    .command('set')
    .argument(...userArgument)
    .argument(...nameArgument)
    .argument('<value>', 'the value');
  describe(set, {
    summary: 'Set a local attribute; it wins over a synced one of the same name',
    examples: [
      ['rosterd user attribute set mira.novak agentId 1042', 'so that calls are matched'],
      ['rosterd user attribute set mira.novak locker B-17', 'a custom one'],
    ],
    json: 'ActJson',
  });
  set.action((user: string, name: string, value: string) =>
    runAct(cli, set, (admin) => admin.setAttribute({ user, name, value })),
  );

  const unset = attribute
    .command('unset')
    .argument(...userArgument)
    .argument(...nameArgument);
  describe(unset, {
    summary: 'Remove a local attribute; a synced one of the same name shows again',
    examples: [['rosterd user attribute unset mira.novak agentId', 'the source speaks again']],
    json: 'ActJson',
  });
  unset.action((user: string, name: string) => runAct(cli, unset, (admin) => admin.unsetAttribute({ user, name })));
}
