// Completion scripts for bash, zsh and fish, made from the command tree: static, so that Tab costs no start of Node,
// but for names of sources, which are asked for only where a command wants one.

import { type ArgumentNode, allNodes, type CommandNode } from './command-tree.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What may stand in a place: words, names of sources, or a file. */
type Candidates =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'sources' }
  | { readonly kind: 'files' };

export function completionScript(shell: Shell, root: CommandNode): string {
  switch (shell) {
    case 'bash':
      return bashScript(root);
    case 'zsh':
      // zsh runs bash completions through its own compatibility layer; one script is one truth.
      return `#compdef rosterd\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(root)}`;
    case 'fish':
      return fishScript(root);
    default:
      return shell satisfies never;
  }
}

function candidatesFor(name: string, choices: readonly string[]): Candidates {
  if (choices.length > 0) return { kind: 'words', words: choices };
  if (name === 'source') return { kind: 'sources' };
  return name === 'file' || name === 'folder' ? { kind: 'files' } : { kind: 'words', words: [] };
}

const argumentCandidates = (argument: ArgumentNode): Candidates => candidatesFor(argument.name, argument.choices);

const valueName = (flags: string): string => /<([^>]+)>/u.exec(flags)?.[1] ?? '';

const quoted = (words: readonly string[]): string => `'${words.join(' ')}'`;

function bashReply(candidates: Candidates): string {
  switch (candidates.kind) {
    case 'words':
      return `COMPREPLY=($(compgen -W ${quoted(candidates.words)} -- "$cur"))`;
    case 'sources':
      return 'COMPREPLY=($(compgen -W "$(_rosterd_sources)" -- "$cur"))';
    case 'files':
      return 'compopt -o default 2>/dev/null; COMPREPLY=()';
    default:
      return candidates satisfies never;
  }
}

function bashScript(root: CommandNode): string {
  const nodes = allNodes(root);
  const optionNames = (node: CommandNode): readonly string[] =>
    [...root.options, ...node.options].flatMap((option) => option.names.filter((name) => name.startsWith('--')));
  const valued = nodes.flatMap((node) =>
    node.options.filter((option) => option.takesValue).map((option) => ({ node, option })),
  );
  const values = valued.map(
    ({ node, option }) =>
      `    ${option.names.map((name) => `'${node.path}|${name}'`).join('|')}) ${bashReply(candidatesFor(valueName(option.flags), option.choices))}; return ;;`,
  );
  const globals = valued.filter(({ node }) => node.path === '').flatMap(({ option }) => option.names);
  const takesValue = [...new Set(valued.flatMap(({ option }) => option.names))];
  const groups = nodes.filter((node) => node.children.length > 0);
  const positions = nodes.flatMap((node) =>
    node.arguments.map(
      (argument, index) => `    '${node.path}|${index}') ${bashReply(argumentCandidates(argument))} ;;`,
    ),
  );
  return `# rosterd completion for bash; made by: rosterd completion bash
_rosterd_sources() {
  "\${_rosterd_words[0]}" "\${_rosterd_config[@]}" completion sources 2>/dev/null
}

_rosterd() {
  local cur prev word path='' position=0 skip='' index
  local -a _rosterd_words=("\${COMP_WORDS[@]}") _rosterd_config=()
  COMPREPLY=()
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -n $skip ]]; then
      [[ $skip == -c || $skip == --config ]] && _rosterd_config=(--config "$word")
      skip=''
      continue
    fi
    case $word in
      ${takesValue.join('|')}) skip=$word; continue ;;
      -*) continue ;;
    esac
    case "$path|$word" in
${groups.map((node) => `      ${node.children.map((child) => `'${node.path}|${child.path.split(' ').at(-1)}'`).join('|')}) path="\${path:+$path }$word"; continue ;;`).join('\n')}
    esac
    position=$((position + 1))
  done
  if [[ -n $skip ]]; then
    case $prev in
      ${globals.join('|')}) path='' ;;
    esac
    case "$path|$prev" in
${values.join('\n')}
    esac
    return
  fi
  if [[ $cur == -* ]]; then
    case $path in
${nodes.map((node) => `      '${node.path}') COMPREPLY=($(compgen -W ${quoted([...new Set([...optionNames(node), '--help'])])} -- "$cur")) ;;`).join('\n')}
    esac
    return
  fi
  case "$path|$position" in
${groups.map((node) => `    '${node.path}|0') COMPREPLY=($(compgen -W ${quoted(node.children.map((child) => child.path.split(' ').at(-1) ?? ''))} -- "$cur")) ;;`).join('\n')}
${positions.join('\n')}
  esac
}
complete -F _rosterd rosterd
`;
}

/** fish has one rule per candidate, each with the condition under which it applies. */
function fishScript(root: CommandNode): string {
  const single = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines: string[] = ['# rosterd completion for fish; made by: rosterd completion fish', 'complete -c rosterd -f'];
  const condition = (node: CommandNode): string => {
    const seen = node.path === '' ? [] : node.path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
    const names = node.children.map((child) => child.path.split(' ').at(-1) ?? '');
    const notYet = names.length === 0 ? [] : [`not __fish_seen_subcommand_from ${names.join(' ')}`];
    return single([...seen, ...notYet].join('; and '));
  };
  for (const node of allNodes(root)) {
    for (const child of node.children)
      lines.push(
        `complete -c rosterd -n ${condition(node)} -a ${child.path.split(' ').at(-1)} -d ${single(child.text.summary)}`,
      );
    for (const option of node.options) {
      const names = option.names
        .map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
        .join(' ');
      const when = node.path === '' ? '' : ` -n ${condition(node)}`;
      const value = !option.takesValue
        ? ''
        : option.choices.length > 0
          ? ` -x -a ${single(option.choices.join(' '))}`
          : ' -r';
      lines.push(`complete -c rosterd${when} ${names}${value} -d ${single(option.description)}`);
    }
    for (const argument of node.arguments) {
      const candidates = argumentCandidates(argument);
      if (candidates.kind === 'sources')
        lines.push(`complete -c rosterd -n ${condition(node)} -a '(rosterd completion sources 2>/dev/null)'`);
      else if (candidates.kind === 'files') lines.push(`complete -c rosterd -n ${condition(node)} -F`);
      else if (candidates.words.length > 0)
        lines.push(`complete -c rosterd -n ${condition(node)} -a ${single(candidates.words.join(' '))}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
