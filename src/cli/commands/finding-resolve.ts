// rosterd finding resolve

import type { Command } from 'commander';
import type { ActReport } from '../../admin/act.ts';
import type { Admin } from '../../admin/admin.ts';
import type { FindingActReport } from '../../admin/ignore-finding.ts';
import { RosterdError } from '../../model/errors.ts';
import { type Cli, parseCount, withApp } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { printAct } from '../run-act.ts';
import { actJson, findingActJson } from '../to-json.ts';
import { reasonOption } from './reason-option.ts';

interface ResolveOptions {
  readonly link?: string | true;
  readonly new?: true;
  readonly username?: string;
  readonly ignore?: true;
  readonly until?: string;
  readonly watch?: true;
  readonly reason: string;
}

export function addFindingResolve(group: Command, cli: Cli): void {
  const command = group
    .command('resolve')
    .argument('<id>', 'number of the finding')
    .option('--link [user]', 'the account is of this user; without a name of the only one that the finding names')
    .option('--new', 'the account is of somebody else: make a user of it')
    .option('--username <name>', 'with --new: this username instead of the one that the source gives')
    .option('--ignore', 'hear no more of it, until its facts change')
    .option('--until <moment>', 'with --ignore: until then at most, 30d, 12h, 2026-12-24')
    .option('--watch', 'take --ignore back')
    .addOption(reasonOption());
  describe(command, {
    summary: 'Say what a finding needs a person for: whose an account is, or that it may be ignored',
    details:
      'One of --link, --new, --ignore and --watch. --link does what `rosterd user link` does. --new creates a user and links it at once; a userID that was given to somebody else is taken from its user, who keeps everything. Values, teams, roles and access of a new user follow with the next run, under the guard. An ignored finding stays open, is in no list and no count, and shows again when its facts change.',
    examples: [
      ['rosterd finding resolve 17 --link --reason "the same person, asked her"', 'the user that the finding names'],
      ['rosterd finding resolve 17 --link mira.novak --reason "ticket 4711"', 'where it names several, or none'],
      [
        'rosterd finding resolve 18 --new --username jan.capek2 --reason "a namesake"',
        'somebody else, whose name is taken',
      ],
      ['rosterd finding resolve 19 --ignore --until 90d --reason "test agent"', 'known, and no news for a while'],
    ],
    json: 'ActJson (--link, --new) | FindingActJson (--ignore, --watch)',
  });
  command.action((id: string, options: ResolveOptions) =>
    withApp(cli, command, async (app, { format }) => {
      const report = await resolve(app.admin, parseCount(id, 'The number of the finding'), options);
      if (format === 'text') printAct(cli, report);
      else cli.terminal.line(JSON.stringify('finding' in report ? findingActJson(report) : actJson(report)));
    }),
  );
}

async function resolve(admin: Admin, finding: number, options: ResolveOptions): Promise<ActReport | FindingActReport> {
  const { link, new: isNew, ignore, watch, username, until, reason } = options;
  const chosen = [link !== undefined, isNew, ignore, watch].filter(Boolean).length;
  if (chosen !== 1) throw new RosterdError('usage', 'Say one of --link, --new, --ignore and --watch.');
  if (username !== undefined && !isNew) throw new RosterdError('usage', '--username goes with --new.');
  if (until !== undefined && !ignore) throw new RosterdError('usage', '--until goes with --ignore.');
  if (ignore) return admin.ignoreFinding({ finding, reason, ...(until === undefined ? {} : { until }) });
  if (watch) return admin.watchFinding({ finding, reason });
  if (isNew)
    return admin.resolveFinding({
      finding,
      reason,
      as: { kind: 'new', ...(username === undefined ? {} : { username }) },
    });
  return admin.resolveFinding({
    finding,
    reason,
    as: { kind: 'link', ...(typeof link === 'string' ? { user: link } : {}) },
  });
}
