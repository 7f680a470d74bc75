// rosterd completion bash | zsh | fish, and what the scripts ask back

import type { Command } from 'commander';
import { type Cli, globalsOf } from '../cli.ts';
import { commandTree } from '../command-tree.ts';
import { completionScript, type Shell, shells } from '../completion.ts';
import { describe, describeGroup } from '../describe-command.ts';

const howTo: Readonly<Record<Shell, readonly [string, string]>> = {
  bash: ['source <(rosterd completion bash)', 'in ~/.bashrc'],
  zsh: ['source <(rosterd completion zsh)', 'in ~/.zshrc, after compinit'],
  fish: ['rosterd completion fish > ~/.config/fish/completions/rosterd.fish', 'once'],
};

export function addCompletionCommand(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'completion', 'Completion for the shell');
  for (const shell of shells) {
    const command = group.command(shell);
    describe(command, { summary: `Print the script for ${shell}`, examples: [howTo[shell]] });
    command.action(() => cli.terminal.stream(completionScript(shell, commandTree(program))));
  }
  const sources = group
    .command('sources', { hidden: true })
    .description('Print the names of the sources, one per line.');
  sources.action(async () => {
    const report = await (await cli.rosterd()).checkConfig(globalsOf(sources).location);
    for (const source of report.sources) cli.terminal.line(source.name);
  });
}
