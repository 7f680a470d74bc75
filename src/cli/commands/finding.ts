// rosterd finding list | resolve

import { type Command, Option } from 'commander';
import { formatMoment } from '../../admin/moments.ts';
import type { StoredFinding } from '../../admin/ports.ts';
import { type FindingCode, findingCodes } from '../../model/finding.ts';
import type { App } from '../app.ts';
import { type Cli, parseCount, withApp } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { type Column, printTable } from '../table.ts';
import { findingJson } from '../to-json.ts';
import { formatOption, type ListFormat, printOutward, printPieces } from './finding-for.ts';
import { addFindingResolve } from './finding-resolve.ts';

interface ListOptions {
  readonly code?: FindingCode;
  readonly source?: string;
  readonly for?: string;
  readonly state: 'open' | 'ignored' | 'closed' | 'any';
  readonly format: ListFormat;
  readonly after?: string;
  readonly limit: string;
}

export function addFindingCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'finding', 'What a person should look at; it opens and closes by itself');
  addList(group, cli);
  addFindingResolve(group, cli);
}

function addList(group: Command, cli: Cli): void {
  const command = group
    .command('list')
    .addOption(new Option('--code <code>', 'of this kind only').choices(Object.keys(findingCodes)))
    .option('--source <source>', 'of this source only')
    .addOption(
      new Option(
        '--for <source>',
        'a to-do list for whoever administers this source, in words that need no rosterd',
      ).conflicts(['code', 'source', 'state', 'after', 'limit']),
    )
    .addOption(
      new Option('--state <state>', 'open ones that nobody ignores, ignored, closed, or all')
        .choices(['open', 'ignored', 'closed', 'any'])
        .default('open'),
    )
    .addOption(formatOption())
    .option('--after <id>', 'the page after this finding')
    .option('--limit <n>', 'so many at most', '100');
  describe(command, {
    summary: 'List findings, oldest first, each kind with what to do about it',
    details:
      'With --for the open findings of one source are grouped by what to do, each with the name of the person and what the system calls it; those that only you can settle are left out and counted. CSV cells that a spreadsheet would run as a formula are defused.',
    examples: [
      ['rosterd finding list', 'what is open'],
      ['rosterd finding list --source ad-hq --code email-conflict', 'one kind'],
      ['rosterd finding list --for uccx-brno --format md', 'a to-do list to send to its administrator'],
    ],
    json: '{ findings: FindingJson[], open: { code: string, open: number }[], next: number | null } | { for: string, findings: OutwardFindingJson[] }',
  });
  command.action((options: ListOptions) =>
    withApp(cli, command, async (app, { format }) => {
      const { code, source, state } = options;
      if (options.for !== undefined) {
        await printOutward(cli, app, options.for, format === 'json' ? 'json' : options.format);
        return;
      }
      const request = { state, ...(code === undefined ? {} : { code }), ...(source === undefined ? {} : { source }) };
      if (options.format !== 'table' && format === 'text')
        await printPieces(cli, app.admin.exportFindings(request, options.format));
      else await printPage(cli, app, request, options, format);
    }),
  );
}

async function printPage(
  cli: Cli,
  app: App,
  request: Parameters<App['admin']['exportFindings']>[0],
  options: ListOptions,
  format: 'text' | 'json',
): Promise<void> {
  const limit = parseCount(options.limit, '--limit');
  const after = options.after === undefined ? {} : { after: parseCount(options.after, '--after') };
  const findings = await app.admin.listFindings({ ...request, ...after, limit });
  const next = findings.length === limit ? (findings.at(-1)?.id ?? null) : null;
  if (format === 'json') {
    const open = await app.admin.countFindings();
    cli.terminal.line(JSON.stringify({ findings: findings.map(findingJson), open, next }));
    return;
  }
  printFindings(cli, findings);
  if (next !== null) cli.terminal.line(`There are more: --after ${next}`);
}

const columns: readonly Column<StoredFinding>[] = [
  { title: 'ID', value: (finding) => String(finding.id), align: 'right' },
  { title: 'CODE', value: (finding) => finding.code },
  { title: 'SOURCE', value: (finding) => finding.source ?? '-' },
  { title: 'ABOUT', value: (finding) => finding.label, mayShrink: true },
  { title: 'SINCE', value: (finding) => formatMoment(finding.openedAt) },
  { title: 'DETAIL', value: detailText, mayShrink: true },
];

const ignoredColumn: Column<StoredFinding> = {
  title: 'IGNORED',
  value: ({ ignored }) => {
    if (ignored === undefined) return '';
    const until = ignored.until === undefined ? '' : ` until ${formatMoment(ignored.until)}`;
    return `by ${ignored.by}${until}: ${ignored.reason}`;
  },
  mayShrink: true,
};

function detailText(finding: StoredFinding): string {
  return Object.entries(finding.detail)
    .filter(([key]) => key !== 'userIds')
    .map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ');
}

function printFindings(cli: Cli, findings: readonly StoredFinding[]): void {
  if (findings.length === 0) {
    cli.terminal.line('No findings.');
    return;
  }
  const isAnyIgnored = findings.some(({ ignored }) => ignored !== undefined);
  printTable(cli.terminal, isAnyIgnored ? [...columns, ignoredColumn] : columns, findings);
  cli.terminal.line();
  for (const code of [...new Set(findings.map((finding) => finding.code))].sort()) {
    cli.terminal.line(`${cli.terminal.style('bold', code)}: ${findingCodes[code]}`);
  }
}
