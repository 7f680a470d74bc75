// docs/cli.md, made from the command tree and from the source of json.ts, so that it cannot say anything else than the code.

import { errorCatalogue } from '../model/errors.ts';
import { allNodes, type CommandNode, type OptionNode } from './command-tree.ts';
import { exitCodeMeanings } from './exit-codes.ts';

export function renderReference(root: CommandNode, jsonSource: string): string {
  const commands = allNodes(root).filter((node) => node.path !== '' && node.children.length === 0);
  return `${[
    '# Command line',
    'Made from the code by `npm run fix`; do not edit.',
    root.text.summary,
    '## Options of every command',
    optionTable(root.options),
    '## Exit codes',
    table(
      ['Code', 'Meaning'],
      exitCodeMeanings.map(([code, meaning]) => [String(code), meaning]),
    ),
    'An error is one line that says what happened, its code in brackets, and one line that says what to do. With `--json` it is an `ErrorJson` on standard output.',
    '## Commands',
    commands
      .map((node) => `- [\`rosterd ${node.path}\`](#rosterd-${node.path.replaceAll(' ', '-')}): ${node.text.summary}`)
      .join('\n'),
    ...commands.map(commandSection),
    '## Shapes of `--json`',
    'Standard output carries exactly one document (`audit export`: one per line); progress and notes go to standard error. Shapes only ever grow.',
    `\`\`\`ts\n${jsonShapes(jsonSource)}\n\`\`\``,
    `\`AuditJson\` is \`{ seq, at, actor, action, subject, label, userId, runId, payload, payloadHash, mac }\`. Error codes: ${Object.keys(
      errorCatalogue,
    )
      .map((code) => `\`${code}\``)
      .join(', ')}.`,
  ].join('\n\n')}\n`;
}

function commandSection(node: CommandNode): string {
  const { text } = node;
  const usage = ['rosterd', node.path, node.usage].filter((part) => part !== '').join(' ');
  const parts = [
    `### rosterd ${node.path}`,
    `${text.summary}.${text.details === undefined ? '' : ` ${text.details}`}`,
    `\`\`\`\n${usage}\n\`\`\``,
    node.arguments.length === 0
      ? ''
      : table(
          ['Argument', ''],
          node.arguments.map((argument) => [
            `\`${argument.name}\``,
            withChoices(argument.description, argument.choices),
          ]),
        ),
    node.options.length === 0 ? '' : optionTable(node.options),
    text.examples.length === 0
      ? ''
      : `\`\`\`sh\n${text.examples.map(([example, what]) => `${example}  # ${what}`).join('\n')}\n\`\`\``,
    text.json === undefined ? '' : `\`--json\`: \`${text.json}\``,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const optionTable = (options: readonly OptionNode[]): string =>
  table(
    ['Option', ''],
    options.map((option) => [
      `\`${option.flags}\``,
      `${withChoices(option.description, option.choices)}${option.isMandatory ? ' (required)' : ''}${option.defaultValue === undefined ? '' : ` (default: ${option.defaultValue})`}`,
    ]),
  );

const withChoices = (description: string, choices: readonly string[]): string =>
  choices.length === 0 ? description : `${description}: ${choices.join(', ')}`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The interfaces of json.ts, without its imports. */
const jsonShapes = (source: string): string =>
  source.slice(source.indexOf('export interface')).trim().replaceAll('export interface', 'interface');
