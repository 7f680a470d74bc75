// rosterd finding list

import { type Command, Option } from 'commander';
import { formatMoment } from '../../admin/moments.ts';
import type { StoredFinding } from '../../admin/ports.ts';
import { type FindingCode, findingCodes } from '../../model/finding.ts';
import { type Cli, parseCount, withApp } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { type Column, printTable } from '../table.ts';
import { findingJson } from '../to-json.ts';

interface ListOptions {
  readonly code?: FindingCode;
  readonly source?: string;
  readonly state: 'open' | 'closed' | 'any';
  readonly after?: string;
  readonly limit: string;
}

export function addFindingCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'finding', 'What a person should look at; it opens and closes by itself');
  const command = group
    .command('list')
    .addOption(new Option('--code <code>', 'of this kind only').choices(Object.keys(findingCodes)))
    .option('--source <source>', 'of this source only')
    .addOption(new Option('--state <state>', 'open or closed ones').choices(['open', 'closed', 'any']).default('open'))
    .option('--after <id>', 'the page after this finding')
    .option('--limit <n>', 'so many at most', '100');
  describe(command, {
    summary: 'List findings, oldest first, each kind with what to do about it',
    examples: [
      ['rosterd finding list', 'what is open'],
      ['rosterd finding list --source ad-hq --code email-conflict', 'one kind, for the owner of the source'],
    ],
    json: '{ findings: FindingJson[], open: { code: string, open: number }[], next: number | null }',
  });
  command.action((options: ListOptions) =>
    withApp(cli, command, async (app, { format }) => {
      const limit = parseCount(options.limit, '--limit');
      const { code, source, state, after } = options;
      const findings = await app.admin.listFindings({
        state,
        limit,
        ...(code === undefined ? {} : { code }),
        ...(source === undefined ? {} : { source }),
        ...(after === undefined ? {} : { after: parseCount(after, '--after') }),
      });
      const next = findings.length === limit ? (findings.at(-1)?.id ?? null) : null;
      if (format === 'json') {
        const open = await app.admin.countFindings();
        cli.terminal.line(JSON.stringify({ findings: findings.map(findingJson), open, next }));
        return;
      }
      printFindings(cli, findings);
      if (next !== null) cli.terminal.line(`There are more: --after ${next}`);
    }),
  );
}

const columns: readonly Column<StoredFinding>[] = [
  { title: 'ID', value: (finding) => String(finding.id), align: 'right' },
  { title: 'CODE', value: (finding) => finding.code },
  { title: 'SOURCE', value: (finding) => finding.source ?? '-' },
  { title: 'ABOUT', value: (finding) => finding.label, mayShrink: true },
  { title: 'SINCE', value: (finding) => formatMoment(finding.openedAt) },
  { title: 'DETAIL', value: detailText, mayShrink: true },
];

function detailText(finding: StoredFinding): string {
  return Object.entries(finding.detail)
    .map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ');
}

function printFindings(cli: Cli, findings: readonly StoredFinding[]): void {
  if (findings.length === 0) {
    cli.terminal.line('No findings.');
    return;
  }
  printTable(cli.terminal, columns, findings);
  cli.terminal.line();
  for (const code of [...new Set(findings.map((finding) => finding.code))].sort()) {
    cli.terminal.line(`${cli.terminal.style('bold', code)}: ${findingCodes[code]}`);
  }
}
