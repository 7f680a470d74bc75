// rosterd user show | explain

import type { Command } from 'commander';
import type { UserExplanation } from '../../admin/explain.ts';
import { formatMoment } from '../../admin/moments.ts';
import { type Cli, withApp } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { explanationJson } from '../explanation-json.ts';
import { explanationLines, offText } from '../explanation-text.ts';
import { userArgument } from '../run-act.ts';
import { printable, printFacts } from '../table.ts';

export function addUserShow(group: Command, cli: Cli): void {
  const command = group.command('show').argument(...userArgument);
  describe(command, {
    summary: 'Show a user',
    examples: [
      ['rosterd user show mira.novak', 'what is stored of her'],
      ['rosterd user show user:12 --json', 'by number, for a script'],
    ],
    json: 'ExplanationJson (the same as `user explain`)',
  });
  command.action((user: string) =>
    withApp(cli, command, async (app, { format }) => {
      const explanation = await app.admin.explainUser(user);
      if (format === 'json') cli.terminal.line(JSON.stringify(explanationJson(explanation)));
      else printFacts(cli.terminal, facts(explanation));
    }),
  );
}

export function addUserExplain(group: Command, cli: Cli): void {
  const command = group.command('explain').argument(...userArgument);
  describe(command, {
    summary: 'Say why a user is as it is',
    details:
      'For each field, attribute, team, can-manage grant, role and the main team: value, owner, source and account, rule, the candidates that lost, pins, the last change and its run.',
    examples: [['rosterd user explain mira.novak', 'why is her main team this one, why is the phone number old?']],
    json: 'ExplanationJson',
  });
  command.action((user: string) =>
    withApp(cli, command, async (app, { format }) => {
      const explanation = await app.admin.explainUser(user);
      if (format === 'json') {
        cli.terminal.line(JSON.stringify(explanationJson(explanation)));
        return;
      }
      for (const { indent, text } of explanationLines(explanation)) {
        const shown = `${'  '.repeat(indent)}${printable(text)}`;
        cli.terminal.line(
          indent === 0 ? cli.terminal.style('bold', shown) : indent === 2 ? cli.terminal.style('dim', shown) : shown,
        );
      }
    }),
  );
}

function facts(explanation: UserExplanation): readonly (readonly [string, string])[] {
  const { user, enabled, mainTeam } = explanation;
  const list = (names: readonly string[]): string => (names.length === 0 ? '(none)' : names.join(', '));
  const sync = user.sources.length === 0 ? 'local' : user.syncOff === undefined ? 'on' : offText(user.syncOff);
  return [
    ['Number', String(user.id)],
    ...explanation.fields.map(
      (field) =>
        [field.field, `${field.value ?? '(empty)'}${field.owner === undefined ? '' : ` (${field.owner})`}`] as const,
    ),
    ...explanation.attributes
      .filter((one) => one.wins)
      .map((one) => [one.name, `${one.value} (${one.owner})`] as const),
    ['Enabled', `${enabled.value ? 'yes' : 'no'} (${enabled.because})`],
    ['Sync', sync],
    [
      'Accounts',
      list(
        explanation.accounts.map(
          (account) => `${account.source}: ${account.name} (${account.status}, ${account.presence})`,
        ),
      ),
    ],
    ['Teams', list(user.teams)],
    ['Main team', mainTeam.name ?? '(none)'],
    ['Can manage', list(explanation.grants.map((grant) => grant.name))],
    ['Roles', list(user.roles)],
    ...explanation.pins.map(
      (pin) =>
        [
          'Pin',
          `${pin.kind} ${pin.subject === '-' ? '' : pin.subject}${pin.value === undefined ? '' : ` ${pin.value}`} ${pin.mode}${pin.until === undefined ? '' : ` until ${formatMoment(pin.until)}`}: ${pin.reason}`,
        ] as const,
    ),
  ];
}
