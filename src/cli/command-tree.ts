// The command tree as data: what completion and the reference are made from.

import type { Command } from 'commander';
import { type CommandText, textOf } from './describe-command.ts';

export interface OptionNode {
  /** `-c, --config <file>` */
  readonly flags: string;
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly isMandatory: boolean;
  readonly defaultValue: string | undefined;
}

export interface ArgumentNode {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly choices: readonly string[];
}

export interface CommandNode {
  /** `user sync off`; empty for the program itself. */
  readonly path: string;
  readonly usage: string;
  readonly text: CommandText;
  readonly options: readonly OptionNode[];
  readonly arguments: readonly ArgumentNode[];
  readonly children: readonly CommandNode[];
}

export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  return {
    path: path.join(' '),
    usage: command.usage(),
    text: textOf(command) ?? { summary: command.description(), examples: [] },
    options: command.options.filter((option) => !option.hidden).map(optionNode),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      description: argument.description,
      isRequired: argument.required,
      choices: argument.argChoices ?? [],
    })),
    children: visible(command).map((child) => commandTree(child, [...path, child.name()])),
  };
}

const visible = (command: Command): readonly Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');

function optionNode(option: Command['options'][number]): OptionNode {
  return {
    flags: option.flags,
    names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    isMandatory: option.mandatory,
    defaultValue: typeof option.defaultValue === 'string' ? option.defaultValue : undefined,
  };
}

/** Every command, parents before children, in the order of --help. */
export const allNodes = (node: CommandNode): readonly CommandNode[] => [node, ...node.children.flatMap(allNodes)];
