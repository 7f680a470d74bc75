// What the story plays on: a folder with a configuration, the three systems, and the real rosterd as child processes.
// Invariant: a command whose exit code is not the expected one ends the story with a message that names the step.

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { configText, type Scope } from './demo-story-config.ts';
import { type Cast, castOf } from './demo-story-people.ts';
import { leaveSystems, type Systems, startSystems, stopSystems } from './demo-story-systems.ts';
import { cutLines, wrap } from './demo-story-text.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Shown {
  /** The expected exit code; 0 unless given. */
  readonly exit?: number;
  /** How many lines of the output are printed, first and last ones; 10 and 2 unless given. */
  readonly lines?: readonly [first: number, last: number];
  /** `whole`: no line is cut at the edge of the terminal. */
  readonly width?: 'terminal' | 'whole';
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class Stage {
  readonly folder: string;
  readonly systems: Systems;
  readonly cast: Cast;
  readonly #signal: AbortSignal;
  #step = 'the beginning';

  private constructor(folder: string, systems: Systems, signal: AbortSignal) {
    this.folder = folder;
    this.systems = systems;
    this.cast = castOf(systems);
    this.#signal = signal;
  }

  static async set(signal: AbortSignal): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'rosterd-demo-'));
    try {
      return new Stage(folder, await startSystems(), signal);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get configFile(): string {
    return join(this.folder, 'rosterd.yaml');
  }

  chapter(title: string): void {
    this.#step = title;
    console.log(`\n${styleText('bold', title)}\n${styleText('dim', '-'.repeat(title.length))}`);
  }

  say(text: string): void {
    console.log(`\n${wrap(text)}`);
  }

  /** What the story does to a system or to a file, beside the commands. */
  act(text: string): void {
    console.log(`\n${styleText('dim', wrap(`# ${text}`))}`);
  }

  /** Fills in the configuration that `rosterd init` wrote. */
  configure(scope: Scope): void {
    const { directory, uccx, ucce } = this.systems;
    const passwords = {
      'ad-hq': directory.facts.reader.password,
      'ucce-main': ucce.login.password,
      'uccx-main': uccx.login.password,
    };
    mkdirSync(join(this.folder, 'secrets'), { recursive: true, mode: 0o700 });
    for (const [source, password] of Object.entries(passwords))
      writeFileSync(join(this.folder, 'secrets', `${source}-password`), `${password}\n`, { mode: 0o600 });
    copyFileSync(directory.facts.caFile, join(this.folder, 'ad-ca.pem'));
    copyFileSync(ucce.caFile, join(this.folder, 'ucce-ca.pem'));
    copyFileSync(uccx.caFile, join(this.folder, 'uccx-ca.pem'));
    writeFileSync(this.configFile, configText({ directory: directory.facts, uccx, ucce }, scope));
  }

  /** Shows a command that is not waited for. */
  begin(args: readonly string[]): void {
    console.log(`\n${styleText('cyan', `$ bin/rosterd ${args.map(quoted).join(' ')} &`)}`);
  }

  /** Output of what was begun. */
  show(lines: readonly string[]): void {
    console.log(cutLines(lines.join('\n'), [20, 0], process.stdout.isTTY ? process.stdout.columns : undefined));
  }

  /** Runs a command for everybody to see. */
  async run(args: readonly string[], { exit = 0, lines = [10, 2], width = 'terminal' }: Shown = {}): Promise<string> {
    console.log(`\n${styleText('cyan', `$ bin/rosterd ${args.map(quoted).join(' ')}`)}`);
    const ended = await this.#spawn(args, process.stderr.isTTY ? 'inherit' : 'pipe');
    const columns = process.stdout.isTTY && width === 'terminal' ? process.stdout.columns : undefined;
    console.log(cutLines(ended.output, lines, columns));
    if (exit !== 0) console.log(styleText('dim', `(exit code ${ended.code})`));
    this.#expectExit(args, ended, exit);
    return ended.output;
  }

  /** Asks the same question for a machine, and shows nothing. */
  async ask<Answer>(args: readonly string[], exit = 0): Promise<Answer> {
    const ended = await this.#spawn([...args, '--json'], 'pipe');
    this.#expectExit(args, ended, exit);
    return JSON.parse(ended.output) as Answer;
  }

  /** Ends the story unless it is so. */
  expect(isSo: boolean, what: string): void {
    if (!isSo) throw new Error(`step "${this.#step}" did not end as expected: ${what}`);
  }

  /** Leaves everything as it is; the three systems live as long as the folder does. */
  async leave(): Promise<void> {
    const pids = await leaveSystems(this.systems, this.folder);
    this.say(`The folder stays, and the three systems keep running (processes ${pids.join(', ')}). From ${root} try:`);
    const commands = [
      'source list',
      'user list --search er --limit 10',
      'plan ucce-main',
      'finding list --for ucce-main',
      'audit list --limit 10',
      '--help',
    ];
    console.log(`\n  export ROSTERD_CONFIG=${this.configFile}`);
    for (const command of commands) console.log(`  bin/rosterd ${command}`);
    this.say('The systems end by themselves within seconds when their folder is removed:');
    console.log(`\n  rm -r ${this.folder}`);
  }

  /** Ends the systems and removes the folder. */
  async strike(): Promise<void> {
    await stopSystems(this.systems);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #expectExit(args: readonly string[], ended: Ended, exit: number): void {
    this.expect(
      ended.code === exit,
      `"rosterd ${args.join(' ')}" ended with ${ended.code} instead of ${exit}:\n${ended.output}`,
    );
  }

  async #spawn(args: readonly string[], stderr: 'inherit' | 'pipe'): Promise<Ended> {
    const { FORCE_COLOR: _colored, ...inherited } = process.env;
    const env = {
      // Dozens of commands compile the same code: with Node's cache each takes half the time.
      NODE_COMPILE_CACHE: join(this.folder, 'compile-cache'),
      ...inherited,
      // Colours would be counted as letters where lines are cut.
      NO_COLOR: '1',
      ROSTERD_CONFIG: this.configFile,
    };
    const child = spawn(join(root, 'bin', 'rosterd'), args, {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', stderr],
      signal: this.#signal,
    });
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    // A command that is stopped may still be writing into the folder, which goes when the story ends.
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    if (failure !== undefined) throw failure;
    return { code, output: Buffer.concat(chunks).toString().trimEnd() };
  }
}

const quoted = (text: string): string => (/^[\w@.:/=+-]+$/u.test(text) ? text : `"${text}"`);
