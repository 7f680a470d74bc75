// rosterd db migrate | backup | restore | copy

import type { Command } from 'commander';
import { RosterdError } from '../../model/errors.ts';
import type { StoreCopy } from '../app.ts';
import { type Cli, globalsOf, withDatabase } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printTable } from '../table.ts';

export function addDbCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'db', 'The database');
  addMigrate(group, cli);
  addBackup(group, cli);
  addRestore(group, cli);
  addCopy(group, cli);
}

function addMigrate(group: Command, cli: Cli): void {
  const command = group.command('migrate');
  describe(command, {
    summary: 'Bring the database to the form that this rosterd needs; makes it when there is none',
    examples: [['rosterd db backup before.db && rosterd db migrate', 'after an upgrade, with no daemon running']],
    json: '{ location: string, applied: string[] }',
  });
  command.action(() =>
    withDatabase(cli, command, async (database, { format }) => {
      const { applied } = await database.migrate();
      if (format === 'json') cli.terminal.line(JSON.stringify({ location: database.location, applied }));
      else if (applied.length === 0) cli.terminal.line(`${database.location} is up to date.`);
      else cli.terminal.line(`${database.location}: applied ${applied.join(', ')}.`);
    }),
  );
}

function addBackup(group: Command, cli: Cli): void {
  const command = group.command('backup').argument('<file>', 'a file that does not exist yet');
  describe(command, {
    summary: 'Write a consistent copy of the database, also beside a running daemon',
    details: 'The audit key is not in it: keep a copy of that file too, apart from the backup.',
    examples: [['rosterd db backup /backup/rosterd-$(date +%F).db', 'every night']],
    json: '{ path: string, bytes: number }',
  });
  command.action((file: string) =>
    withDatabase(cli, command, async (database, { format }) => {
      const backup = await database.backup(file);
      if (format === 'json') cli.terminal.line(JSON.stringify(backup));
      else cli.terminal.line(`Wrote ${backup.path} (${backup.bytes} bytes).`);
    }),
  );
}

function addRestore(group: Command, cli: Cli): void {
  const command = group.command('restore').argument('<file>', 'a backup').option('-y, --yes', 'do not ask');
  describe(command, {
    summary: 'Put a backup in the place of the database',
    details:
      'Stop the daemon first. The present database is kept beside it. The next run of each source brings the users up to date. The restored audit log tells of it in an entry `store.restored`, so the audit key must be there.',
    examples: [['rosterd db restore /backup/rosterd-2026-11-20.db', 'after asking']],
    json: '{ restored: boolean, location: string, kept: string | null }',
  });
  command.action((file: string, { yes }: { readonly yes?: true }) =>
    withDatabase(cli, command, async (database, { format }): Promise<ExitCode> => {
      const mayProceed = yes ?? (await askToReplace(cli, database.location));
      const kept = mayProceed ? ((await database.restore(file)).kept ?? null) : null;
      if (format === 'json')
        cli.terminal.line(JSON.stringify({ restored: mayProceed, location: database.location, kept }));
      else if (!mayProceed) cli.terminal.errorLine('Nothing was done.');
      else
        cli.terminal.line(
          `Restored ${database.location} from ${file}.${kept === null ? '' : ` The one before is ${kept}.`}`,
        );
      return exitCodes.done;
    }),
  );
}

async function askToReplace(cli: Cli, location: string): Promise<boolean> {
  if (cli.terminal.isInteractive) return cli.terminal.confirm(`Replace ${location}?`);
  throw new RosterdError('usage', 'Not on a terminal, so nobody can be asked: add --yes.');
}

function addCopy(group: Command, cli: Cli): void {
  const command = group
    .command('copy')
    .requiredOption(
      '--to <config-file>',
      'the configuration whose store is to be filled; everything else of it may be the same',
    );
  describe(command, {
    summary: 'Move everything to the database of another configuration, such as from SQLite to PostgreSQL',
    details:
      'Stop the daemon first. The other database must be made by `rosterd db migrate` and hold nothing, and both configurations must name the same audit key. Nobody can write meanwhile. The copy is one transaction, which ends only when every table has as many rows as before and the audit log is proven in its new place; an entry `store.copied` tells of it there. If anything fails, the other database stays empty and the present one is as it was.',
    examples: [
      ['rosterd db migrate --config /etc/rosterd/new.yaml', 'first make the new database'],
      ['rosterd db copy --to /etc/rosterd/new.yaml', 'then copy, with no daemon running'],
    ],
    json: '{ from: string, to: string, tables: { table: string, rows: number }[], audit: { entries: number, head: string } }',
  });
  command.action(({ to }: { readonly to: string }) =>
    withDatabase(cli, command, async (database, { format }) => {
      const copy = await database.copyTo(to, cli.signal);
      if (format === 'json') cli.terminal.line(JSON.stringify(copy));
      else printCopy(cli, copy, to, globalsOf(command).location.config);
    }),
  );
}

function printCopy(cli: Cli, copy: StoreCopy, to: string, from: string | undefined): void {
  const filled = copy.tables.filter(({ rows }) => rows > 0);
  const total = copy.tables.reduce((sum, { rows }) => sum + rows, 0);
  printTable(
    cli.terminal,
    [
      { title: 'TABLE', value: ({ table }) => table },
      { title: 'ROWS', value: ({ rows }) => String(rows), align: 'right' },
    ],
    filled,
  );
  const present = from === undefined ? 'the present configuration' : from;
  for (const line of [
    `Copied ${total} rows from ${copy.from} to ${copy.to}: every table has as many as before.`,
    `The audit log is whole there: ${copy.audit.entries} entries, head ${copy.audit.head}.`,
    'Now:',
    `  1. Start rosterd with ${to}. Its first run of each source should plan nothing new.`,
    `  2. Start nothing with ${present} any more: what is written to ${copy.from} from now on does not come to ${copy.to}.`,
    `  3. Keep ${copy.from} until you have a backup of ${copy.to}.`,
  ])
    cli.terminal.line(line);
}
