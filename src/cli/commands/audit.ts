// rosterd audit list | verify | export

import { open } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { auditJson } from '../../admin/audit-export.ts';
import type { AuditRequest } from '../../admin/audit-filter.ts';
import { formatMoment } from '../../admin/moments.ts';
import type { AuditRecord, AuditVerdict } from '../../admin/ports.ts';
import { formatHead } from '../../model/audit.ts';
import { RosterdError } from '../../model/errors.ts';
import { asRunId } from '../../model/ids.ts';
import { type Cli, parseCount, withApp } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type Column, printTable } from '../table.ts';
import { tellPeople } from '../tell-people.ts';

export function addAuditCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'audit', 'The audit log: append-only, keyed, chained');
  addList(group, cli);
  addVerify(group, cli);
  addExport(group, cli);
}

interface FilterOptions {
  readonly user?: string;
  readonly run?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly from?: string;
  readonly to?: string;
}

const addFilter = (command: Command): Command =>
  command
    .option('--user <user>', 'about this user')
    .option('--run <run>', 'of this run')
    .option('--actor <actor>', 'by this actor, e.g. cli:root@host')
    .option('--action <action>', 'this action (user.sync-off), or all of a kind (user.)')
    .option('--from <moment>', 'since: 30d back, 2026-12-24, 2026-12-24T18:00Z')
    .option('--to <moment>', 'up to, the day included');

function requestOf({ run, ...rest }: FilterOptions): AuditRequest {
  const { user, actor, action, from, to } = rest;
  return {
    ...(user === undefined ? {} : { user }),
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(run === undefined ? {} : { run: asRunId(parseCount(run, '--run')) }),
  };
}

const columns: readonly Column<AuditRecord>[] = [
  { title: 'SEQ', value: (record) => String(record.seq), align: 'right' },
  { title: 'AT', value: (record) => formatMoment(record.at) },
  { title: 'ACTOR', value: (record) => record.actor, mayShrink: true },
  { title: 'ACTION', value: (record) => record.action },
  { title: 'ABOUT', value: (record) => record.label, mayShrink: true },
  { title: 'RUN', value: (record) => (record.runId === undefined ? '' : String(record.runId)), align: 'right' },
];

function addList(group: Command, cli: Cli): void {
  const command = addFilter(group.command('list')).option('--limit <n>', 'so many at most', '50');
  describe(command, {
    summary: 'List audit entries, newest first',
    examples: [
      ['rosterd audit list --user mira.novak', 'everything that happened to her'],
      ['rosterd audit list --action user.sync-off --from 30d', 'whose sync was switched off this month'],
    ],
    json: '{ entries: AuditJson[] }',
  });
  command.action(({ limit, ...filter }: FilterOptions & { readonly limit: string }) =>
    withApp(cli, command, async (app, { format }) => {
      const records: AuditRecord[] = [];
      for await (const record of await app.admin.audit({ ...requestOf(filter), limit: parseCount(limit, '--limit') }))
        records.push(record);
      if (format === 'json') cli.terminal.line(JSON.stringify({ entries: records.map(auditJson) }));
      else if (records.length === 0) cli.terminal.line('No entries.');
      else printTable(cli.terminal, columns, records);
    }),
  );
}

function addVerify(group: Command, cli: Cli): void {
  const command = group
    .command('verify')
    .option('--head <head>', 'a head that was kept elsewhere, which the log must contain');
  describe(command, {
    summary: 'Prove that the log is whole',
    details:
      'Names the first entry that was changed, cut, inserted or reordered. The log must contain the heads that runs noted in the database, and every applied change must have its entry. Whoever can write the whole database can still cut the end of the log with all that tells of it; that shows only against a head kept elsewhere. A run that applied something prints its head as its last line, `--json` has it as `auditHead`, and with --log it is in the operational log.',
    examples: [
      ['rosterd audit verify', 'the chain, from the first entry to the last'],
      ['rosterd audit verify --head 1042:9f2c...', 'and that nothing was cut off since then'],
    ],
    json: '{ ok: true, entries: number, head: string } | { ok: false, seq: number, problem: string, message: string }',
  });
  command.action(({ head }: { readonly head?: string }) =>
    withApp(cli, command, async (app, { format }): Promise<ExitCode> => {
      const verdict = await app.verifyAudit(head === undefined ? {} : { head }, cli.signal, () => undefined);
      if (!verdict.ok) await tellPeople(cli, app);
      if (format === 'json') cli.terminal.line(JSON.stringify(verdictJson(verdict)));
      if (!verdict.ok && format === 'text')
        throw new RosterdError('audit-broken', verdict.message, { detail: { seq: verdict.seq } });
      if (verdict.ok && format === 'text')
        cli.terminal.line(`The log is whole: ${verdict.entries} entries, head ${formatHead(verdict.head)}`);
      return verdict.ok ? exitCodes.done : exitCodes.store;
    }),
  );
}

const verdictJson = (verdict: AuditVerdict): unknown =>
  verdict.ok ? { ...verdict, head: formatHead(verdict.head) } : verdict;

function addExport(group: Command, cli: Cli): void {
  const command = addFilter(group.command('export'))
    .addOption(
      new Option('--format <format>', 'csv, or one JSON object per line').choices(['csv', 'jsonl']).default('csv'),
    )
    .option('-o, --output <file>', 'into a new file instead of standard output');
  describe(command, {
    summary: 'Export the log, oldest first, as CSV or JSON lines',
    details:
      'CSV cells that a spreadsheet would run as a formula are defused with an apostrophe; JSON lines carry every value as it is. With --json the format is jsonl.',
    examples: [
      ['rosterd audit export --from 2026-01-01 --to 2026-03-31 -o q1.csv', 'a quarter for the auditor'],
      ['rosterd audit export --format jsonl | gzip > audit.jsonl.gz', 'all of it'],
    ],
    json: 'AuditJson per line',
  });
  command.action(
    ({
      format: wanted,
      output,
      ...filter
    }: FilterOptions & { readonly format: 'csv' | 'jsonl'; readonly output?: string }) =>
      withApp(cli, command, async (app, { format }) => {
        const pieces = await app.admin.exportAudit(requestOf(filter), format === 'json' ? 'jsonl' : wanted);
        if (output !== undefined) {
          const written = await writeNew(output, pieces, cli.signal);
          if (format === 'text') cli.terminal.line(`Wrote ${output} (${written} bytes).`);
          return;
        }
        for await (const piece of pieces) {
          if (!cli.terminal.isRead) return;
          cli.signal.throwIfAborted();
          await cli.terminal.stream(piece);
        }
      }),
  );
}

/** Never over an existing file, and readable by the owner alone: the log names people. */
async function writeNew(path: string, pieces: AsyncIterable<string>, signal: AbortSignal): Promise<number> {
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new RosterdError('backup-exists', `${path} exists already.`, { subject: path });
    throw new RosterdError('usage', `${path} cannot be written: ${error.message}`, { subject: path });
  });
  try {
    let bytes = 0;
    for await (const piece of pieces) {
      signal.throwIfAborted();
      bytes += (await file.write(piece)).bytesWritten;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
