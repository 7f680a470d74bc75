// What every command is given, and how a command runs: options of the program, the opened application, its end.

import type { Command } from 'commander';
import { RosterdError } from '../model/errors.ts';
import type { App, ConfigLocation, Database, Rosterd } from './app.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export interface Cli {
  readonly terminal: Terminal;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Loaded only when a command needs it, so that --help and completion answer at once. */
  rosterd(): Promise<Rosterd>;
  setExit(code: ExitCode): void;
  /** The command is a daemon: all that it writes is its log, and it says itself that it stops. */
  sayStopInLog(): void;
  /** Ends the process at once. */
  endNow(code: number): void;
}

export interface Globals {
  readonly location: ConfigLocation;
  readonly format: 'text' | 'json';
  readonly isQuiet: boolean;
}

export function globalsOf(command: Command): Globals {
  const options = command.optsWithGlobals<{ config?: string; json?: true; quiet?: true; log?: true }>();
  return {
    location: { config: options.config, log: options.log === true ? 'on' : 'off' },
    format: options.json ? 'json' : 'text',
    isQuiet: options.quiet === true || options.log === true,
  };
}

/** Nothing means done. */
type Outcome = ExitCode | undefined;

/** Opens the installation, runs the work, closes whatever happens. */
export async function withApp(
  cli: Cli,
  command: Command,
  work: (app: App, globals: Globals) => Promise<Outcome>,
): Promise<void> {
  const globals = globalsOf(command);
  const app = await (await cli.rosterd()).open(globals.location);
  try {
    cli.signal.throwIfAborted();
    const code = await work(app, globals);
    if (code !== undefined) cli.setExit(code);
  } finally {
    await app.close();
  }
}

export async function withDatabase(
  cli: Cli,
  command: Command,
  work: (database: Database, globals: Globals) => Promise<Outcome>,
): Promise<void> {
  const globals = globalsOf(command);
  const database = await (await cli.rosterd()).openDatabase(globals.location);
  try {
    const code = await work(database, globals);
    if (code !== undefined) cli.setExit(code);
  } finally {
    await database.close();
  }
}

/** A whole number from 1; commander's own parsers know no such thing. */
export function parseCount(text: string, what: string): number {
  const count = /^\d{1,9}$/u.test(text) ? Number(text) : 0;
  if (count < 1) throw new RosterdError('usage', `${what} "${text}" is not a whole number from 1.`);
  return count;
}
