// Runs one command line from arguments to exit code: errors are said once, signals stop the work between two transactions.

import type { EventEmitter } from 'node:events';
import { CommanderError } from 'commander';
import { RosterdError } from '../model/errors.ts';
import type { Rosterd } from './app.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { describeError, printError } from './print-error.ts';
import { buildProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

export interface CliDoors {
  readonly terminal: Terminal;
  /** Where SIGINT and SIGTERM arrive. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>;
  /** Ends the process at once, at the second signal. */
  readonly endNow: (code: number) => void;
  readonly now: () => number;
  readonly version: string;
  readonly rosterd: () => Promise<Rosterd>;
}

/** 128 + number of the signal, as shells count it. */
const endCodes = { SIGINT: 130, SIGTERM: 143 } as const;

export async function runCli(args: readonly string[], doors: CliDoors): Promise<number> {
  const { terminal } = doors;
  if (args.includes('--log')) terminal.carryLog('beside');
  const stop = new AbortController();
  let isStopInLog = false;
  const removeSignals = listenForSignals(doors, stop, () => {
    if (!isStopInLog) terminal.errorLine('Stopping after the present transaction. Once more to stop at once.');
  });
  let exit: ExitCode = exitCodes.done;
  const cli: Cli = {
    terminal,
    signal: stop.signal,
    now: doors.now,
    rosterd: doors.rosterd,
    setExit: (code) => {
      exit = code;
    },
    sayStopInLog: () => {
      isStopInLog = true;
      terminal.carryLog('only');
    },
    endNow: doors.endNow,
  };
  const format = args.includes('--json') ? 'json' : 'text';
  try {
    await buildProgram(cli, doors.version).parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    // A group without a subcommand: its help is on standard error already.
    if (error instanceof CommanderError && error.code === 'commander.help' && format === 'text')
      return exitCodes.config;
    const said = describeError(error, stop.signal);
    printError(terminal, said, format);
    return said.exit;
  } finally {
    removeSignals();
  }
}

function listenForSignals(doors: CliDoors, stop: AbortController, sayStop: () => void): () => void {
  const onSignal = (name: keyof typeof endCodes): void => {
    if (stop.signal.aborted) {
      doors.endNow(endCodes[name]);
      return;
    }
    sayStop();
    stop.abort(new RosterdError('interrupted', 'Stopped by a signal.'));
  };
  const onInt = (): void => onSignal('SIGINT');
  const onTerm = (): void => onSignal('SIGTERM');
  doors.signals.on('SIGINT', onInt).on('SIGTERM', onTerm);
  return () => {
    doors.signals.off('SIGINT', onInt).off('SIGTERM', onTerm);
  };
}
