// rosterd source list | check | detach

import type { Command } from 'commander';
import { formatMoment } from '../../admin/moments.ts';
import type { CheckFact, SourceCheck } from '../../admin/ports.ts';
import type { Run } from '../../model/run.ts';
import type { App, SourceSummary } from '../app.ts';
import { type Cli, globalsOf, withApp } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFacts, printTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { runJson } from '../to-json.ts';
import { addDetach } from './source-detach.ts';

export function addSourceCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'source', 'The sources: look at them, try them, let go of one');
  addList(group, cli);
  addCheck(group, cli);
  addDetach(group, cli);
}

interface SourceRow extends SourceSummary {
  readonly isConfigured: boolean;
  readonly lastRun: Run | undefined;
  readonly lastComplete: Run | undefined;
}

/** How far back the last complete run is looked for. */
const lookBack = 50;

async function sourceRow(app: App, source: SourceSummary, as: 'configured' | 'left'): Promise<SourceRow> {
  const runs = (await app.runs({ source: source.name, limit: lookBack })).filter((run) => !run.dryRun);
  return {
    ...source,
    isConfigured: as === 'configured',
    lastRun: runs[0],
    lastComplete: runs.find((run) => run.state === 'done' || run.state === 'held'),
  };
}

function addList(group: Command, cli: Cli): void {
  const command = group.command('list');
  describe(command, {
    summary: 'List the sources with their last run and their last complete read',
    details: 'Also those that were read once and are not configured any more.',
    examples: [['rosterd source list', 'is every source fresh?']],
    json: '{ sources: { name: string, type: string, isConfigured: boolean, lastRun: RunJson | null, lastCompleteAt: string | null }[] }',
  });
  command.action(() =>
    withApp(cli, command, async (app, { format }) => {
      const rows: SourceRow[] = [];
      for (const source of app.sources) rows.push(await sourceRow(app, source, 'configured'));
      for (const source of await app.admin.leftSources()) rows.push(await sourceRow(app, source, 'left'));
      if (format === 'json') {
        const sources = rows.map(({ name, type, isConfigured, lastRun, lastComplete }) => ({
          name,
          type,
          isConfigured,
          lastRun: lastRun === undefined ? null : runJson(lastRun),
          lastCompleteAt: lastComplete?.endedAt === undefined ? null : formatMoment(lastComplete.endedAt),
        }));
        cli.terminal.line(JSON.stringify({ sources }));
        return;
      }
      printTable<SourceRow>(
        cli.terminal,
        [
          { title: 'SOURCE', value: (row) => row.name },
          { title: 'TYPE', value: (row) => row.type },
          {
            title: 'LAST RUN',
            value: (row) => (row.lastRun === undefined ? 'never' : `${row.lastRun.id} ${row.lastRun.state}`),
          },
          {
            title: 'LAST COMPLETE',
            value: (row) =>
              row.lastComplete?.endedAt === undefined ? 'never' : formatMoment(row.lastComplete.endedAt),
          },
          { title: 'HELD', value: (row) => String(row.lastRun?.counts.held ?? 0), align: 'right' },
        ],
        rows,
      );
      for (const { name } of rows.filter((row) => !row.isConfigured))
        cli.terminal.line(
          `${name} is not configured; its users still have accounts of it. To let go of it: rosterd source detach ${name}`,
        );
    }),
  );
}

function addCheck(group: Command, cli: Cli): void {
  const command = group.command('check').argument('<source>', 'name of a source');
  describe(command, {
    summary: 'Connect to a source and say what is there',
    details:
      'Server identity, TLS, rights, page size, clock skew, counts, and one user as it would be mapped. Reads only; stores nothing and needs no database.',
    examples: [['rosterd source check ad-hq', 'before the first sync, and whenever a source behaves oddly']],
    json: '{ source: string, facts: { name: string, value: string, severity: "ok" | "warning" | "error", advice: string | null }[], mapped: { account: string, status: string, fields: { field: string, reading: string, value: string | null }[] } | null }',
  });
  command.action(async (name: string) => {
    const { location, format } = globalsOf(command);
    const check = await (await cli.rosterd()).checkSource(location, name, cli.signal);
    if (format === 'json') cli.terminal.line(JSON.stringify(checkJson(check)));
    else printCheck(cli.terminal, check);
    cli.setExit(checkExit(check));
  });
}

const checkExit = (check: SourceCheck): ExitCode =>
  check.report.facts.some((fact) => fact.severity === 'error') ? exitCodes.source : exitCodes.done;

function checkJson(check: SourceCheck): unknown {
  const { mapped, report, source } = check;
  return {
    source,
    facts: report.facts.map((fact) => ({
      name: fact.name,
      value: fact.value,
      severity: fact.severity,
      advice: fact.advice ?? null,
    })),
    mapped:
      mapped === undefined
        ? null
        : { ...mapped, fields: mapped.fields.map((field) => ({ ...field, value: field.value ?? null })) },
  };
}

const severityStyle = { ok: 'green', warning: 'yellow', error: 'red' } as const;
const severityWord = { ok: 'ok', warning: 'warn', error: 'FAIL' } as const;

function printCheck(terminal: Terminal, check: SourceCheck): void {
  const width = Math.max(0, ...check.report.facts.map((fact) => fact.name.length));
  for (const fact of check.report.facts) printFact(terminal, fact, width);
  if (check.mapped === undefined) {
    terminal.line('\nNo account to show: the source has none in scope.');
    return;
  }
  terminal.line(`\nAccount ${check.mapped.account} (${check.mapped.status}) would become:`);
  printFacts(
    terminal,
    check.mapped.fields.map(
      (field) =>
        [`  ${field.field}`, field.value ?? (field.reading === 'unread' ? '(never read)' : '(empty)')] as const,
    ),
  );
}

function printFact(terminal: Terminal, fact: CheckFact, width: number): void {
  const word = severityWord[fact.severity];
  terminal.line(
    `${terminal.style(severityStyle[fact.severity], word.padEnd(4))}  ${fact.name.padEnd(width)}  ${fact.value}`,
  );
  if (fact.advice !== undefined) terminal.line(`      ${''.padEnd(width)}  ${fact.advice}`);
}
