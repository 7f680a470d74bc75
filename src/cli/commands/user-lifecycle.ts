// rosterd user create | enable | disable

import type { Command } from 'commander';
import { type FieldName, fieldNames } from '../../model/user.ts';
import type { Cli } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { runAct, userArgument } from '../run-act.ts';
import { reasonOption } from './reason-option.ts';

export function addUserLifecycleCommands(group: Command, cli: Cli): void {
  addCreate(group, cli);
  const enable = group.command('enable').argument(...userArgument);
  describe(enable, {
    summary: 'Enable a user, lifting an admin hold',
    details: 'What a source disabled is not enabled against it; the answer names the choices.',
    examples: [['rosterd user enable mira.novak', 'after create, or after disable']],
    json: 'ActJson',
  });
  enable.action((user: string) => runAct(cli, enable, (admin) => admin.enableUser({ user })));

  const disable = group
    .command('disable')
    .argument(...userArgument)
    .addOption(reasonOption());
  describe(disable, {
    summary: 'Disable a user, whatever a source says',
    examples: [['rosterd user disable mira.novak --reason "leaves today, ticket 4711"', 'at once']],
    json: 'ActJson',
  });
  disable.action((user: string, { reason }: { readonly reason: string }) =>
    runAct(cli, disable, (admin) => admin.disableUser({ user, reason })),
  );
}

type EditableField = Exclude<FieldName, 'username'>;

const editable = fieldNames.filter((field): field is EditableField => field !== 'username');

const flagOf = (field: string): string =>
  `--${field.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)} <text>`;

function addCreate(group: Command, cli: Cli): void {
  const command = group.command('create').argument('<username>', 'at most 20 characters before an @, with a letter');
  for (const field of editable) command.option(flagOf(field), `sets ${field}`);
  describe(command, {
    summary: 'Create a local user',
    details:
      'It is not enabled, has no roles and no teams. A later match with an account of a source follows the rules of correlation.',
    examples: [
      [
        'rosterd user create j.doe --first-name Jo --last-name Doe --email j.doe@example.org',
        'then: rosterd user enable j.doe',
      ],
    ],
    json: 'ActJson',
  });
  command.action((username: string, fields: Partial<Record<EditableField, string>>) =>
    runAct(cli, command, (admin) => admin.createUser({ username, fields })),
  );
}
