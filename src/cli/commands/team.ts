// rosterd team list

import type { Command } from 'commander';
import { type Cli, withApp } from '../cli.ts';
import { describe, describeGroup } from '../describe-command.ts';
import { printTable } from '../table.ts';

export function addTeamCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'team', 'Teams');
  const command = group.command('list').option('-s, --search <text>', 'part of the name');
  describe(command, {
    summary: 'List teams by name',
    examples: [['rosterd team list --search sales', 'find a team and its size']],
    json: '{ teams: { id: number, name: string, origin: string, parent: number | null, members: number }[] }',
  });
  command.action(({ search }: { readonly search?: string }) =>
    withApp(cli, command, async (app, { format }) => {
      const teams = await app.admin.listTeams(search === undefined ? {} : { search });
      if (format === 'json') {
        cli.terminal.line(JSON.stringify({ teams: teams.map((team) => ({ ...team, parent: team.parent ?? null })) }));
        return;
      }
      const names = new Map(teams.map((team) => [team.id, team.name]));
      printTable(
        cli.terminal,
        [
          { title: 'ID', value: (team) => String(team.id), align: 'right' },
          { title: 'NAME', value: (team) => team.name, mayShrink: true },
          { title: 'ORIGIN', value: (team) => team.origin },
          {
            title: 'PARENT',
            value: (team) => (team.parent === undefined ? '' : (names.get(team.parent) ?? `team:${team.parent}`)),
          },
          { title: 'MEMBERS', value: (team) => String(team.members), align: 'right' },
        ],
        teams,
      );
    }),
  );
}
