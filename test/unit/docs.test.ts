// The pages that people read name files, npm scripts and commands. Each of these must exist, or the page has drifted.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type CommandNode, commandTree, type OptionNode } from '../../src/cli/command-tree.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { Terminal } from '../../src/cli/terminal.ts';

const root = join(import.meta.dirname, '../..');
const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => `docs/${path}`)
  .sort();
const pages = ['README.md', 'CHANGELOG.md', ...inDocs];
// A decision record speaks of its day; the commands that it names may have changed since.
const pagesOfToday = pages.filter((page) => page !== 'CHANGELOG.md' && !page.startsWith('docs/adr/'));

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

interface Page {
  /** The text without its code blocks and comments. */
  readonly prose: string;
  readonly spans: readonly string[];
  readonly blocks: readonly Block[];
}

function parsePage(text: string): Page {
  const blocks: Block[] = [];
  const prose = text
    .replace(/^```(\S*)\n([\s\S]*?)^```$/gmu, (_, language: string, body: string) => {
      blocks.push({ language, lines: body.split('\n') });
      return '';
    })
    .replace(/<!--[\s\S]*?-->/gu, '');
  // In a table a bar inside of a span is escaped.
  const spans = [...prose.matchAll(/`([^`]+)`/gu)].map((match) => (match[1] ?? '').replaceAll('\\|', '|'));
  return { prose, spans, blocks };
}

const readPage = (page: string): Page => parsePage(readFileSync(join(root, page), 'utf8'));

// --- links -------------------------------------------------------------------

/** As GitHub names the anchors of headings. */
const anchorsOf = (page: string): readonly string[] =>
  [...readPage(page).prose.matchAll(/^#+ (.+)$/gmu)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

function brokenLinks(page: string): readonly string[] {
  const targets = [...readPage(page).prose.matchAll(/\]\(([^)\s]+)\)/gu)].map((match) => match[1] ?? '');
  return targets.filter((target) => {
    if (/^[a-z]+:/u.test(target)) return false;
    const [path = '', anchor] = target.split('#', 2);
    const file = path === '' ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor);
  });
}

// --- npm scripts and paths -----------------------------------------------------

function unknownScripts(page: string): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const named = [...readFileSync(join(root, page), 'utf8').matchAll(/npm run (?:-\S+ )*([\w:-]+)/gu)];
  return named.map((match) => match[1] ?? '').filter((name) => !Object.hasOwn(scripts, name));
}

const missingPaths = (page: string): readonly string[] =>
  readPage(page)
    .spans.filter((span) => /^(?:bin|config|connectors|docs|prisma|src|test)\/[\w./-]*$/u.test(span))
    .filter((path) => !existsSync(join(root, path)));

// --- commands --------------------------------------------------------------------

function readCommandTree(): CommandNode {
  const terminal = new Terminal({ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() });
  const program = buildProgram(
    {
      terminal,
      signal: new AbortController().signal,
      now: () => 0,
      rosterd: () => Promise.reject(new Error('no command runs here')),
      setExit: () => undefined,
      sayStopInLog: () => undefined,
      endNow: () => undefined,
    },
    '0.0.0',
  );
  return commandTree(program);
}

const tree = readCommandTree();

/** `named`: text about a command, which may leave out what the command needs. `whole`: something to type. */
interface CommandLine {
  readonly text: string;
  readonly kind: 'named' | 'whole';
}

const startsCommand = /^(?:\.\/bin\/)?rosterd (?=\S)/u;
const isShell = (language: string): boolean => ['sh', 'bash', 'console'].includes(language);

function commandLines({ spans, blocks }: Page): readonly CommandLine[] {
  const inSpans = spans.filter((span) => startsCommand.test(span)).flatMap(alternatives);
  const inBlocks = blocks.flatMap(({ language, lines }) => {
    if (isShell(language)) return lines.flatMap(typed);
    // Drawings and usage lines: up to the next gap or stroke of the drawing.
    const found = lines.flatMap((line) => line.match(/(?<![\w.-])rosterd [a-z](?:(?! {2})[\x20-\x7e])*/gu) ?? []);
    return language === '' ? found.flatMap(alternatives) : [];
  });
  return [...inSpans, ...inBlocks];
}

/** The commands of a shell line, without comment and redirection. */
const typed = (line: string): readonly CommandLine[] =>
  line
    .replace(/(?:^|\s)#.*$/u, '')
    .split(/\s+(?:&&|\|\|?|;)\s+/u)
    .map((part) => part.replace(/\s+>.*$/u, '').trim())
    .filter((part) => startsCommand.test(part))
    .map((text) => ({ text, kind: 'whole' }));

/** `rosterd run show | approve`: the last word has several forms. */
function alternatives(text: string): readonly CommandLine[] {
  const [first = '', ...others] = text.trim().split(/\s*\|\s*/u);
  const stem = first.split(' ').slice(0, -1).join(' ');
  return [first, ...others.map((other) => `${stem} ${other}`)].map((one) => ({ text: one, kind: 'named' }));
}

/** Words as a shell sees them, still in their quotes. */
const wordsOf = (text: string): readonly string[] => text.match(/(?:"[^"]*"|'[^']*'|\$\([^)]*\)|\S)+/gu) ?? [];

/** What is wrong with a line; undefined when the real tree takes it. */
function faultOf({ text, kind }: CommandLine): string | undefined {
  const words = wordsOf(text.replace(startsCommand, '')).filter((word) => word !== '[options]' && word !== '[command]');
  const { node, rest } = findCommand(words[0] === 'help' ? words.slice(1) : words);
  const isOpen = rest.includes('...') || (kind === 'named' && rest.length === 0);
  const given = readOptions(
    node,
    rest.filter((word) => word !== '...'),
  );
  if (typeof given === 'string') return given;
  const [unknown] = given.positional;
  if (node.children.length > 0) return unknown === undefined ? undefined : `no command "${unknown}"`;
  return argumentFault(node, given.positional) ?? (isOpen ? undefined : missing(node, given));
}

/** Goes down the tree as far as the words lead; options of the program may stand before the command. */
function findCommand(words: readonly string[]): { readonly node: CommandNode; readonly rest: readonly string[] } {
  let node = tree;
  const rest = [...words];
  for (let at = 0; at < rest.length; ) {
    const word = rest[at] ?? '';
    const child = node.children.find(({ path }) => path.split(' ').at(-1) === word);
    if (child !== undefined) {
      node = child;
      rest.splice(at, 1);
    } else if (word.startsWith('-')) at += optionNamed(tree, word)?.takesValue === true ? 2 : 1;
    else break;
  }
  return { node, rest };
}

const optionNamed = (node: CommandNode, name: string): OptionNode | undefined =>
  [...node.options, ...tree.options].find(({ names }) => names.includes(name));

interface Given {
  readonly positional: readonly string[];
  readonly options: ReadonlySet<string>;
}

/** The arguments and the names of the options, or what is wrong with an option. */
function readOptions(node: CommandNode, words: readonly string[]): Given | string {
  const positional: string[] = [];
  const options = new Set<string>();
  const queue = words.map((word) => (word.startsWith('[-') ? word.slice(1) : word));
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const [name = '', inline] = word.split('=', 2);
    const option = optionNamed(node, name);
    if (!word.startsWith('-')) positional.push(word);
    else if (option === undefined && name !== '--help' && name !== '-h') return `no option ${name}`;
    for (const one of option?.names ?? []) options.add(one);
    const fault = option?.takesValue === true ? valueFault(option, inline ?? valueFrom(queue, option)) : undefined;
    if (fault !== undefined) return fault;
  }
  return { positional, options };
}

const mayStandAlone = ({ flags }: OptionNode): boolean => flags.includes('[');

/** The next word, unless the option may stand alone and another option follows. */
function valueFrom(queue: string[], option: OptionNode): string | undefined {
  return mayStandAlone(option) && queue[0]?.startsWith('-') === true ? undefined : queue.shift();
}

function valueFault(option: OptionNode, value: string | undefined): string | undefined {
  const { flags, choices } = option;
  if (value === undefined) return mayStandAlone(option) ? undefined : `${flags} without a value`;
  return choices.length === 0 || isPlaceholder(value) || choices.includes(value)
    ? undefined
    : `${flags} does not take ${value}`;
}

const isPlaceholder = (word: string): boolean => /^[<[]|^[A-Z]+\]?$/u.test(word);

function argumentFault(node: CommandNode, positional: readonly string[]): string | undefined {
  if (positional.length > node.arguments.length) return `${node.path} takes fewer arguments`;
  for (const [index, word] of positional.entries()) {
    const choices = node.arguments[index]?.choices ?? [];
    if (choices.length > 0 && !isPlaceholder(word) && !choices.includes(word)) return `${node.path} knows no ${word}`;
  }
  return undefined;
}

function missing(node: CommandNode, { positional, options }: Given): string | undefined {
  const needed = node.arguments.filter((argument) => argument.isRequired)[positional.length];
  if (needed !== undefined) return `${node.path} needs ${needed.name}`;
  const option = node.options.find(({ isMandatory, names }) => isMandatory && !names.some((name) => options.has(name)));
  return option && !positional.some(isPlaceholder) ? `${node.path} needs ${option.flags}` : undefined;
}

// --- requirement rows ---------------------------------------------------------------

interface RequirementRow {
  readonly rows: readonly number[];
  readonly state: string;
  readonly proof: string;
  readonly text: string;
}

function readRequirements(): readonly RequirementRow[] {
  const lines = readFileSync(join(root, 'docs/requirements.md'), 'utf8').split('\n');
  return lines
    .filter((line) => /^\| R\d/u.test(line))
    .map((text) => {
      const cells = text.split(/(?<!\\)\|/u).map((cell) => cell.trim());
      return { rows: numbersOf(cells[1] ?? ''), state: cells[2] ?? '', proof: cells[5] ?? '', text };
    });
}

/** `R8-R10, R36` is 8, 9, 10 and 36. */
function numbersOf(cell: string): readonly number[] {
  return cell.split(', ').flatMap((item) => {
    const range = /^R(\d+)(?:-R(\d+))?$/u.exec(item);
    if (range === null) throw new Error(`"${item}" is neither a row nor a range of rows`);
    const from = Number(range[1]);
    const to = Number(range[2] ?? range[1]);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

// --- the tests -------------------------------------------------------------------------

describe.each(pages)('%s', (page) => {
  it('links to files and headings that exist', () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it('names npm scripts and files that exist', () => {
    expect(unknownScripts(page)).toEqual([]);
    expect(missingPaths(page)).toEqual([]);
  });
});

describe.each(pagesOfToday)('commands of %s', (page) => {
  it('are those of the real command tree', () => {
    const faults = commandLines(readPage(page)).map((line) => ({ line: line.text, fault: faultOf(line) }));
    expect(faults.filter(({ fault }) => fault !== undefined)).toEqual([]);
  });
});

describe('the reading of commands', () => {
  it('finds them in spans, shell lines, drawings and usage lines, and nowhere else', () => {
    const text = `
Say \`rosterd user sync off|on\`, not rosterd in prose, nor \`rosterd\`.

\`\`\`sh
./bin/rosterd init && ./bin/rosterd plan ad-hq --json | jq .   # rosterd never writes
\`\`\`

\`\`\`
  rosterd        people       HELD ──▶ rosterd run show | approve     judge
rosterd user show [options] <user>
\`\`\`
`;
    expect(commandLines(parsePage(text)).map((line) => line.text)).toEqual([
      'rosterd user sync off',
      'rosterd user sync on',
      './bin/rosterd init',
      './bin/rosterd plan ad-hq --json',
      'rosterd run show',
      'rosterd run approve',
      'rosterd user show [options] <user>',
    ]);
  });

  it('finds a good many in the reference and in the readme', () => {
    expect(commandLines(readPage('docs/cli.md')).length).toBeGreaterThan(60);
    expect(commandLines(readPage('README.md')).length).toBeGreaterThan(10);
  });

  it.each([
    ['rosterd user sing mira', 'no command "sing"'],
    ['rosterd user list --teem Sales', 'no option --teem'],
    ['rosterd user list --sync maybe', '--sync <state> does not take maybe'],
    ['rosterd user pin mira colour blue --reason x', 'user pin knows no colour'],
    ['rosterd user show mira novak', 'user show takes fewer arguments'],
    ['rosterd user attribute set mira', 'user attribute set needs name'],
    ['rosterd user disable mira', 'user disable needs --reason <text>'],
    ['rosterd user disable mira --reason', '--reason <text> without a value'],
    ['rosterd user disable', undefined],
    ['rosterd --config new.yaml config check', undefined],
    ['rosterd user pin ...', undefined],
    ['rosterd audit verify [--head H]', undefined],
    ['rosterd help', undefined],
  ])('says of %s: %s', (text, fault) => {
    expect(faultOf({ text, kind: 'named' })).toBe(fault);
  });
});

describe('docs/requirements.md', () => {
  const requirements = readRequirements();

  it('has each of R1-R177 in exactly one row', () => {
    const numbers = requirements.flatMap(({ rows }) => rows).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 177 }, (_, index) => index + 1));
  });

  it('names a test for everything that is done, and has no other states', () => {
    const unproven = requirements.filter(
      ({ state, proof }) => state === 'done' && !/`test\/[\w/-]+\.test\.ts`/u.test(proof),
    );
    expect(unproven.map(({ text }) => text)).toEqual([]);
    const states = new Set(requirements.map(({ state }) => state));
    expect([...states].sort()).toEqual(['done', 'later', 'no', 'part']);
  });
});
