// Findings for other tools and other people: CSV for spreadsheets, Markdown for mails and tickets, page by page.
// Invariant: what a source or a person wrote breaks neither a cell nor a table, and is run by nobody.

import { type FindingCode, findingCodes } from '../model/finding.ts';
import type { SourceName } from '../model/ids.ts';
import { isIgnored } from '../sync/ports/findings.ts';
import { csvLine } from './csv.ts';
import { factsOf } from './finding-facts.ts';
import { formatMoment } from './moments.ts';
import { type OutwardFinding, outwardFindings, outwardSource } from './outward-findings.ts';
import type { AdminContext, FindingFilter, StoredFinding } from './ports.ts';

export type FindingFormat = 'csv' | 'md';

const pageSize = 1_000;

/** All of them, oldest first. */
export async function* exportFindings(
  context: AdminContext,
  filter: FindingFilter,
  format: FindingFormat,
): AsyncIterable<string> {
  const titles = ['number', 'code', 'source', 'about', 'state', 'since', 'facts', 'advice'];
  yield format === 'csv' ? csvLine(titles) : tableHead(titles.slice(0, -1));
  const seen = new Set<FindingCode>();
  for (let after: number | undefined; ; ) {
    const page = await context.reads.findings(filter, { limit: pageSize, ...(after === undefined ? {} : { after }) });
    for (const finding of page) {
      seen.add(finding.code);
      const cells = cellsOf(finding, stateOf(finding, filter));
      yield format === 'csv' ? csvLine([...cells, findingCodes[finding.code]]) : tableRow(cells);
    }
    after = page.at(-1)?.id;
    if (page.length < pageSize) break;
  }
  if (format === 'md')
    yield `\n${[...seen]
      .sort()
      .map((code) => `- **${code}**: ${findingCodes[code]}\n`)
      .join('')}`;
}

const stateOf = (finding: StoredFinding, { now }: FindingFilter): string =>
  finding.closedAt !== undefined ? 'closed' : isIgnored(finding, now) ? 'ignored' : 'open';

const cellsOf = (finding: StoredFinding, state: string): readonly string[] => [
  String(finding.id),
  finding.code,
  finding.source ?? '',
  finding.label,
  state,
  formatMoment(finding.openedAt),
  factsOf(finding),
];

/** A to-do list for the administrator of the source. */
export async function* exportOutward(
  context: AdminContext,
  source: string,
  format: FindingFormat,
): AsyncIterable<string> {
  const policy = outwardSource(context, source);
  const findings = outwardFindings(context, policy);
  yield* format === 'csv' ? outwardCsv(findings) : outwardMarkdown(findings, policy.name, context.now());
}

async function* outwardCsv(findings: AsyncIterable<OutwardFinding>): AsyncIterable<string> {
  yield csvLine(['task', 'name', 'id', 'since', 'details', 'number']);
  for await (const { task, name, id, since, facts, number } of findings)
    yield csvLine([task, name, id, dayOf(since), facts, String(number)]);
}

async function* outwardMarkdown(
  findings: AsyncIterable<OutwardFinding>,
  source: SourceName,
  now: OutwardFinding['since'],
): AsyncIterable<string> {
  yield `# To do in ${escaped(source)}, ${dayOf(now)}\n`;
  let task: string | undefined;
  for await (const finding of findings) {
    if (finding.task !== task) {
      task = finding.task;
      const { title, rest } = headingOf(task);
      yield `\n## ${escaped(title)}\n\n${rest === '' ? '' : `${escaped(rest)}\n\n`}`;
      yield tableHead(['name', 'id', 'since', 'details', 'number']);
    }
    const { name, id, since, facts, number } = finding;
    yield tableRow([name, id, dayOf(since), facts, String(number)]);
  }
  if (task === undefined) yield '\nNothing to do.\n';
}

/** The first sentence says what is wrong, the others what to do. */
export function headingOf(task: string): { readonly title: string; readonly rest: string } {
  const end = task.indexOf('. ');
  return end < 0
    ? { title: task.replace(/\.$/u, ''), rest: '' }
    : { title: task.slice(0, end), rest: task.slice(end + 2) };
}

export const dayOf = (moment: OutwardFinding['since']): string => formatMoment(moment).slice(0, 10);

const tableHead = (titles: readonly string[]): string => `${tableRow(titles)}${tableRow(titles.map(() => '---'))}`;

const tableRow = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |\n`;

/** A pipe ends a cell, a line break the table; `<` would begin HTML (GitHub Flavored Markdown 4.10, CommonMark 2.4). */
const escaped = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/[\\|<`*[\]]/gu, '\\$&')
    .trim();
