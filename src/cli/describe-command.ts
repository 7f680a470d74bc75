// What a command says of itself, once: for --help, for docs/cli.md and for completion.

import type { Command } from 'commander';

export interface CommandText {
  readonly summary: string;
  /** More than the summary, for --help and the reference. */
  readonly details?: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** What --json prints, in the names of src/cli/json.ts. Absent where the command prints nothing for machines. */
  readonly json?: string;
}

const texts = new WeakMap<Command, CommandText>();

export const textOf = (command: Command): CommandText | undefined => texts.get(command);

export function describe(command: Command, text: CommandText): Command {
  texts.set(command, text);
  command
    .summary(text.summary)
    .description(text.details === undefined ? `${text.summary}.` : `${text.summary}.\n\n${text.details}`);
  const width = Math.max(0, ...text.examples.map(([example]) => example.length));
  const lines = text.examples.map(([example, what]) => `  ${example.padEnd(width)}  # ${what}`);
  if (lines.length > 0) command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
  return command;
}

/** A command that only groups others: without one of them it shows its help. */
export function describeGroup(program: Command, name: string, summary: string): Command {
  const group = program.command(name);
  texts.set(group, { summary, examples: [] });
  return group.summary(summary).description(`${summary}.`);
}
