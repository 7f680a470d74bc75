// What the story plays on: a folder with a configuration, the demo directory, and the real rosterd as child processes.
// Invariant: a command whose exit code is not the expected one ends the story with a message that names the step.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { type DemoDirectory, startDemoDirectory } from './demo-directory-client.ts';
import { configText, type Scope } from './demo-story-config.ts';
import { cutLines, wrap } from './demo-story-text.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Shown {
  /** The expected exit code; 0 unless given. */
  readonly exit?: number;
  /** How many lines of the output are printed, first and last ones; 10 and 2 unless given. */
  readonly lines?: readonly [first: number, last: number];
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class Stage {
  readonly folder: string;
  readonly directory: DemoDirectory;
  readonly #signal: AbortSignal;
  #step = 'the beginning';

  private constructor(folder: string, directory: DemoDirectory, signal: AbortSignal) {
    this.folder = folder;
    this.directory = directory;
    this.#signal = signal;
  }

  static async set(signal: AbortSignal): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'rosterd-demo-'));
    try {
      return new Stage(folder, await startDemoDirectory(), signal);
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

  /** What the story does to the directory or to a file, beside the commands. */
  act(text: string): void {
    console.log(`\n${styleText('dim', wrap(`# ${text}`))}`);
  }

  /** Fills in the configuration that `rosterd init` wrote. */
  configure(scope: Scope): void {
    const { facts } = this.directory;
    mkdirSync(join(this.folder, 'secrets'), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.folder, 'secrets', 'ad-hq-password'), `${facts.reader.password}\n`, { mode: 0o600 });
    copyFileSync(facts.caFile, join(this.folder, 'ad-ca.pem'));
    writeFileSync(this.configFile, configText(facts, scope));
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
  async run(args: readonly string[], { exit = 0, lines = [10, 2] }: Shown = {}): Promise<string> {
    console.log(`\n${styleText('cyan', `$ bin/rosterd ${args.map(quoted).join(' ')}`)}`);
    const ended = await this.#spawn(args, process.stderr.isTTY ? 'inherit' : 'pipe');
    console.log(cutLines(ended.output, lines, process.stdout.isTTY ? process.stdout.columns : undefined));
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

  /** Leaves everything as it is; the directory lives as long as the folder does. */
  leave(): void {
    const pid = this.directory.leaveRunning(this.folder);
    writeFileSync(join(this.folder, 'directory.pid'), `${this.directory.pid}\n`);
    this.say(
      `The folder stays, and the directory keeps running (process ${this.directory.pid}, watched by ${pid}). From ${root} try:`,
    );
    const commands = [
      'source list',
      'user list --search er --limit 10',
      'plan ad-hq',
      'audit list --limit 10',
      '--help',
    ];
    console.log(`\n  export ROSTERD_CONFIG=${this.configFile}`);
    for (const command of commands) console.log(`  bin/rosterd ${command}`);
    this.say('The directory ends by itself within a second when its folder is removed:');
    console.log(`\n  rm -r ${this.folder}`);
  }

  /** Ends the directory and removes the folder. */
  async strike(): Promise<void> {
    await this.directory.stop();
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
      // Thirty commands compile the same code: with Node's cache each takes half the time.
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
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: Buffer.concat(chunks).toString().trimEnd() };
  }
}

const quoted = (text: string): string => (/^[\w@.:/=+-]+$/u.test(text) ? text : `"${text}"`);
