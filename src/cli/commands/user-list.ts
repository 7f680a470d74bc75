// rosterd user list

import { type Command, Option } from 'commander';
import type { UserListRequest, UserSummary } from '../../admin/list-users.ts';
import { formatMoment } from '../../admin/moments.ts';
import type { App } from '../app.ts';
import { type Cli, parseCount, withApp } from '../cli.ts';
import { describe } from '../describe-command.ts';
import { type Column, printTable } from '../table.ts';
import { userJson } from '../to-json.ts';

interface ListOptions {
  readonly search?: string;
  readonly team?: string;
  readonly role?: string;
  readonly source?: string;
  readonly enabled?: true;
  readonly disabled?: true;
  readonly sync?: 'on' | 'off';
  readonly after?: string;
  readonly limit: string;
  readonly all?: true;
}

export function addUserList(group: Command, cli: Cli): void {
  const command = group
    .command('list')
    .option('-s, --search <text>', 'part of the username, e-mail or name')
    .option('--team <team>', 'members of this team')
    .option('--role <role>', 'holders of this role')
    .option('--source <source>', 'with an account in this source; local: without any account')
    .addOption(new Option('--enabled', 'enabled ones only').conflicts('disabled'))
    .addOption(new Option('--disabled', 'disabled ones only').conflicts('enabled'))
    .addOption(new Option('--sync <state>', 'by the sync switch').choices(['on', 'off']))
    .option('--limit <n>', 'so many at most', '50')
    .option('--after <key>', 'the page after this one (the `next` of --json)')
    .addOption(new Option('--all', 'all of them').conflicts('after'));
  describe(command, {
    summary: 'List users by name',
    examples: [
      ['rosterd user list --search novak', 'find somebody'],
      ['rosterd user list --sync off', 'who is kept from sync, why and until when'],
      ['rosterd user list --source ad-hq --disabled --all --json', 'for a script'],
    ],
    json: '{ users: UserJson[], total: number, next: string | null }',
  });
  command.action((options: ListOptions) =>
    withApp(cli, command, async (app, { format }) => {
      if (format === 'json') await streamJson(cli, app, options);
      else await printPages(cli, app, options);
    }),
  );
}

/** Rows per page with --all: one page is in memory at a time. */
const pageSize = 500;

function requestOf(options: ListOptions): UserListRequest {
  const { search, team, role, source, sync, after } = options;
  return {
    ...(search === undefined ? {} : { search }),
    ...(team === undefined ? {} : { team }),
    ...(role === undefined ? {} : { role }),
    ...(source === undefined ? {} : { source }),
    ...(options.enabled ? { enabled: true } : options.disabled ? { enabled: false } : {}),
    ...(sync === undefined ? {} : { sync }),
    ...(after === undefined ? {} : { after }),
    limit: options.all ? pageSize : parseCount(options.limit, '--limit'),
  };
}

async function* pages(app: App, options: ListOptions): AsyncIterable<Awaited<ReturnType<App['admin']['listUsers']>>> {
  let request = requestOf(options);
  for (;;) {
    const page = await app.admin.listUsers(request);
    yield page;
    if (!options.all || page.next === undefined) return;
    request = { ...request, after: page.next };
  }
}

async function streamJson(cli: Cli, app: App, options: ListOptions): Promise<void> {
  let separator = '';
  let end = { total: 0, next: null as string | null };
  await cli.terminal.stream('{"users":[');
  for await (const page of pages(app, options)) {
    end = { total: page.total, next: page.next ?? null };
    if (page.users.length > 0)
      await cli.terminal.stream(separator + page.users.map((user) => JSON.stringify(userJson(user))).join(','));
    if (page.users.length > 0) separator = ',';
    if (!cli.terminal.isRead) return;
  }
  cli.terminal.line(`],"total":${end.total},"next":${JSON.stringify(options.all ? null : end.next)}}`);
}

async function printPages(cli: Cli, app: App, options: ListOptions): Promise<void> {
  let shown = 0;
  for await (const page of pages(app, options)) {
    if (!cli.terminal.isRead) return;
    if (page.users.length > 0) printTable(cli.terminal, columns, page.users);
    shown += page.users.length;
    const isLast = !options.all || page.next === undefined;
    if (isLast && page.total === 0) cli.terminal.line('No user fits.');
    else if (isLast && shown < page.total)
      cli.terminal.line(`${shown} of ${page.total} users (--all, or narrow it down)`);
  }
}

const columns: readonly Column<UserSummary>[] = [
  { title: 'ID', value: (user) => String(user.id), align: 'right' },
  { title: 'USERNAME', value: (user) => user.username },
  { title: 'NAME', value: (user) => user.displayName ?? '', mayShrink: true },
  { title: 'ENABLED', value: (user) => (user.enabled ? 'yes' : user.adminHold === undefined ? 'no' : 'no (by hand)') },
  { title: 'SYNC', value: syncText },
  {
    title: 'SOURCES',
    value: (user) => (user.sources.length === 0 ? 'local' : user.sources.join(', ')),
    mayShrink: true,
  },
  { title: 'MAIN TEAM', value: (user) => user.mainTeam ?? '', mayShrink: true },
  { title: 'ROLES', value: (user) => user.roles.join(', '), mayShrink: true },
];

function syncText(user: UserSummary): string {
  if (user.sources.length === 0) return '-';
  if (user.syncOff === undefined) return 'on';
  const { until, reason } = user.syncOff;
  return `off${until === undefined ? '' : ` until ${formatMoment(until).slice(0, 10)}`}: ${reason.length > 40 ? `${reason.slice(0, 39)}...` : reason}`;
}
