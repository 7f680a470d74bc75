// Printing findings for others: the to-do list of a source, and the formats that go into a spreadsheet or a ticket.

import { Option } from 'commander';
import { dayOf, type FindingFormat, headingOf } from '../../admin/finding-export.ts';
import { formatMoment } from '../../admin/moments.ts';
import type { OutwardFinding } from '../../admin/outward-findings.ts';
import type { App } from '../app.ts';
import type { Cli } from '../cli.ts';
import type { OutwardFindingJson } from '../json-findings.ts';
import { type Column, printTable } from '../table.ts';

export type ListFormat = 'table' | FindingFormat;

export const formatOption = (): Option =>
  new Option('--format <format>', 'table for here, csv or md (Markdown) for elsewhere; those two list all')
    .choices(['table', 'csv', 'md'])
    .default('table');

export async function printPieces(cli: Cli, pieces: AsyncIterable<string>): Promise<void> {
  for await (const piece of pieces) {
    if (!cli.terminal.isRead) return;
    cli.signal.throwIfAborted();
    await cli.terminal.stream(piece);
  }
}

/** The to-do list of one source, for whoever administers it. */
export async function printOutward(
  cli: Cli,
  { admin }: App,
  source: string,
  format: ListFormat | 'json',
): Promise<void> {
  if (format === 'json') await printJson(cli, source, admin.outwardFindings(source));
  else if (format === 'table') await printTables(cli, admin.outwardFindings(source));
  else await printPieces(cli, admin.exportOutward(source, format));
  const inward = await admin.countInward(source);
  if (inward === 0 || format === 'json') return;
  cli.terminal.errorLine(
    `${cli.terminal.styleError('yellow', 'Note:')} ${inward} more of ${source} ${inward === 1 ? 'is' : 'are'} yours to settle, and not in this list: rosterd finding list --source ${source}`,
  );
}

const columns: readonly Column<OutwardFinding>[] = [
  { title: 'NO', value: ({ number }) => String(number), align: 'right' },
  { title: 'NAME', value: ({ name }) => name, mayShrink: true },
  { title: 'ID', value: ({ id }) => id, mayShrink: true },
  { title: 'SINCE', value: ({ since }) => dayOf(since) },
  { title: 'DETAILS', value: ({ facts }) => facts, mayShrink: true },
];

/** Task by task, so that no more than one is in memory. */
async function printTables(cli: Cli, findings: AsyncIterable<OutwardFinding>): Promise<void> {
  const { terminal } = cli;
  let rows: OutwardFinding[] = [];
  let isFirst = true;
  const flush = (): void => {
    const [first] = rows;
    if (first === undefined) return;
    const { title, rest } = headingOf(first.task);
    terminal.line(`${isFirst ? '' : '\n'}${terminal.style('bold', title)}`);
    if (rest !== '') terminal.line(rest);
    printTable(terminal, columns, rows);
    isFirst = false;
    rows = [];
  };
  for await (const finding of findings) {
    if (!terminal.isRead) return;
    if (rows[0] !== undefined && rows[0].task !== finding.task) flush();
    rows.push(finding);
  }
  flush();
  if (isFirst) terminal.line('Nothing to do.');
}

async function printJson(cli: Cli, source: string, findings: AsyncIterable<OutwardFinding>): Promise<void> {
  await cli.terminal.stream(`{"for":${JSON.stringify(source)},"findings":[`);
  let separator = '';
  for await (const finding of findings) {
    if (!cli.terminal.isRead) return;
    const json: OutwardFindingJson = { ...finding, since: formatMoment(finding.since) };
    await cli.terminal.stream(`${separator}${JSON.stringify(json)}`);
    separator = ',';
  }
  cli.terminal.line(']}');
}
