// rosterd user pin | unpin

import { Argument, type Command } from 'commander';
import { pinKinds } from '../../admin/pin-target.ts';
import type { PinKind } from '../../model/user.ts';
import type { Cli } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { runAct, userArgument } from '../run-act.ts';
import { reasonOption, untilOption } from './reason-option.ts';

const kindArgument = (): Argument => new Argument('<kind>', 'what is pinned').choices(pinKinds);

interface PinOptions {
  readonly keepOut?: true;
  readonly value?: string;
  readonly reason: string;
  readonly until?: string;
}

export function addUserPinCommands(group: Command, cli: Cli): void {
  addPin(group, cli);
  addUnpin(group, cli);
}

function addPin(group: Command, cli: Cli): void {
  const pin = group
    .command('pin')
    .argument(...userArgument)
    .addArgument(kindArgument())
    .argument('<what>', 'name of the field, team or role; yes or no for enabled')
    .option('--keep-out', 'keep the team, grant or role away, or the field empty')
    .option('--value <text>', 'the value of a field; without it the present one')
    .addOption(reasonOption())
    .addOption(untilOption());
  describe(pin, {
    summary: 'Fix one thing of a user against every source',
    details: 'A smaller tool than the sync switch: everything else goes on being synchronised.',
    examples: [
      ['rosterd user pin mira.novak main-team Sales --reason "reviews are done there"', 'main, while she is a member'],
      [
        'rosterd user pin mira.novak grant Support --reason "deputy" --until 14d',
        'a review right that the source does not know',
      ],
      ['rosterd user pin mira.novak field phone --value "+420 555 0100" --reason "typo in AD"', 'until AD is mended'],
      [
        'rosterd user pin mira.novak role Supervisor --keep-out --reason "audit 2026-7"',
        'never, whatever a group says',
      ],
    ],
    json: 'ActJson',
  });
  pin.action((user: string, kind: PinKind, what: string, { keepOut, value, reason, until }: PinOptions) =>
    runAct(cli, pin, (admin) =>
      admin.pin({
        user,
        kind,
        what,
        reason,
        mode: keepOut ? 'keep-out' : 'keep',
        ...(value === undefined ? {} : { value }),
        ...(until === undefined ? {} : { until }),
      }),
    ),
  );
}

function addUnpin(group: Command, cli: Cli): void {
  const unpin = group
    .command('unpin')
    .argument(...userArgument)
    .addArgument(kindArgument())
    .argument('[what]', 'name of the field, team or role');
  describe(unpin, {
    summary: 'Take a pin away; the next run decides again',
    examples: [['rosterd user unpin mira.novak field phone', 'AD is mended']],
    json: 'ActJson',
  });
  unpin.action((user: string, kind: PinKind, what: string | undefined) =>
    runAct(cli, unpin, (admin) => admin.unpin({ user, kind, ...(what === undefined ? {} : { what }) })),
  );
}
