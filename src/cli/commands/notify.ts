// rosterd notify test | list | retry

import { type Command, Option } from 'commander';
import { formatMoment } from '../../admin/moments.ts';
import { RosterdError } from '../../model/errors.ts';
import type { Delivery } from '../../model/notice.ts';
import { plural } from '../../sync/hold-text.ts';
import type { TestOutcome } from '../app.ts';
import { type Cli, parseCount, withApp } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { describeError, errorJson } from '../print-error.ts';
import { nobodyIsTold } from '../status-text.ts';
import { type Column, printable, printTable } from '../table.ts';
import { tellPeople } from '../tell-people.ts';
import { deliveryJson, deliveryStateOf } from '../to-json.ts';

export function addNotifyCommands(program: Command, cli: Cli): void {
  const group = describeGroup(
    program,
    'notify',
    'Notices: whom rosterd tells what needs a person, and whether it arrived',
  );
  addTest(group, cli);
  addList(group, cli);
  addRetry(group, cli);
}

function addTest(group: Command, cli: Cli): void {
  const command = group
    .command('test')
    .argument('[target]', 'name under notify in the configuration; all of them without');
  describe(command, {
    summary: 'Send a test message to one target or to all of them, and say what became of it',
    details: 'It is sent at once and once, past the outbox. Exit code 5 when a target did not take it.',
    examples: [
      ['rosterd notify test', 'after setting it up, and after every change'],
      ['rosterd notify test ops-mail --json', 'one target, for a script'],
    ],
    json: '{ targets: { target: string, sent: boolean, error: ErrorJson["error"] | null }[] }',
  });
  command.action((target: string | undefined) =>
    withApp(cli, command, async (app, { format }): Promise<ExitCode> => {
      const outcomes = await app.notify.test(target, cli.signal);
      if (format === 'json') cli.terminal.line(JSON.stringify({ targets: outcomes.map(outcomeJson) }));
      else for (const outcome of outcomes) printOutcome(cli, outcome);
      return outcomes.some(({ error }) => error !== undefined) ? exitCodes.source : exitCodes.done;
    }),
  );
}

const outcomeJson = ({ target, error }: TestOutcome): unknown => ({
  target,
  sent: error === undefined,
  error: error === undefined ? null : errorJson(describeError(error)).error,
});

function printOutcome({ terminal }: Cli, { target, error }: TestOutcome): void {
  if (error === undefined) {
    terminal.line(`${target}: ${terminal.style('green', 'sent')}`);
    return;
  }
  terminal.line(`${target}: ${terminal.style('red', 'not sent')}: ${printable(error.message)} [${error.code}]`);
  terminal.line(`  ${error.entry.advice}`);
}

function addList(group: Command, cli: Cli): void {
  const command = group
    .command('list')
    .option('--undelivered', 'only what is not there: waiting, or given up')
    .option('--limit <n>', 'so many at most', '50');
  describe(command, {
    summary: 'List notices and how far each got, newest first',
    details:
      'What does not arrive is tried again for three days, after 1 minute, 2, 4 and so on up to an hour, and then given up; a login or an address that is refused after 1 minute, then every hour. What a target will never take (gone, address unknown, too large) is given up at once; rosterd notify retry puts it back. A notice arrives at least once: after a crash it may arrive twice, with the same webhook-id or Message-ID.',
    examples: [
      ['rosterd notify list', 'who was told what, and when'],
      ['rosterd notify list --undelivered', 'what did not arrive, and why'],
    ],
    json: '{ deliveries: DeliveryJson[] }',
  });
  command.action((options: { readonly undelivered?: true; readonly limit: string }) =>
    withApp(cli, command, async (app, { format }) => {
      const state = options.undelivered ? 'undelivered' : 'any';
      const deliveries = await app.notify.list({ state, limit: parseCount(options.limit, '--limit') });
      if (format === 'json') {
        cli.terminal.line(JSON.stringify({ deliveries: deliveries.map(deliveryJson) }));
        return;
      }
      if (deliveries.length === 0) cli.terminal.line(options.undelivered ? 'Nothing is undelivered.' : 'No notices.');
      else printTable(cli.terminal, columns, deliveries);
      if (app.notify.targets.length === 0) cli.terminal.line(cli.terminal.style('yellow', nobodyIsTold));
    }),
  );
}

function addRetry(group: Command, cli: Cli): void {
  const command = group
    .command('retry')
    .addOption(new Option('--id <n>', 'the notice with this number in the list').conflicts('all'))
    .addOption(new Option('--all', 'everything that was given up').conflicts('id'));
  describe(command, {
    summary: 'Try again what was given up, after the target was mended',
    details:
      'It is sent at once where that works; otherwise it waits in the outbox like any other, and is given up again after three more tries when it is older than three days. Under the same webhook-id or Message-ID as before.',
    examples: [
      ['rosterd notify retry --all', 'the mail server knows our password again'],
      ['rosterd notify retry --id 12', 'one of rosterd notify list --undelivered'],
    ],
    json: '{ retried: DeliveryJson[] }',
  });
  command.action(({ id, all }: { readonly id?: string; readonly all?: true }) =>
    withApp(cli, command, async (app, { format }) => {
      if (id === undefined && all === undefined)
        throw new RosterdError('usage', 'Say which: --id and a number, or --all.');
      const { retried, left } = await app.notify.retry(id === undefined ? 'all' : parseCount(id, '--id'));
      if (format === 'json') cli.terminal.line(JSON.stringify({ retried: retried.map(deliveryJson) }));
      else printRetried(cli, retried, left);
      if (retried.length > 0) await tellPeople(cli, app);
    }),
  );
}

function printRetried({ terminal }: Cli, retried: readonly Delivery[], left: readonly Delivery[]): void {
  terminal.line(
    retried.length === 0 ? 'Nothing to try again.' : `Tried again: ${plural(retried.length, 'notice', 'notices')}.`,
  );
  for (const { id, target } of left)
    terminal.line(`Notice ${id} stays given up: there is no target ${printable(target)} in notify any more.`);
}

const columns: readonly Column<Delivery>[] = [
  { title: 'ID', value: ({ id }) => String(id), align: 'right' },
  { title: 'WHEN', value: ({ notice }) => formatMoment(notice.at) },
  { title: 'KIND', value: ({ notice }) => notice.kind },
  { title: 'TARGET', value: ({ target }) => target },
  { title: 'STATE', value: (delivery) => stateText(delivery) },
  { title: 'TRIES', value: ({ attempts }) => String(attempts), align: 'right' },
  { title: 'ABOUT', value: ({ notice }) => notice.title.replace(/^rosterd: /u, ''), mayShrink: true },
  { title: 'LAST ERROR', value: ({ lastError = '' }) => lastError, mayShrink: true },
];

function stateText(delivery: Delivery): string {
  const state = deliveryStateOf(delivery);
  return state === 'given-up' ? 'given up' : state;
}
