// Errors for people and machines: one line what, one line what to do, the code in brackets; no stack for what is expected.

import { CommanderError } from 'commander';
import { type ErrorCode, errorCatalogue, RosterdError } from '../model/errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { ErrorJson } from './json.ts';
import { printable } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface SaidError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string;
  readonly exit: ExitCode;
  readonly subject?: string;
  readonly detail?: RosterdError['detail'];
  /** Only for faults of rosterd. */
  readonly stack?: string;
}

function usageText(error: CommanderError): string {
  if (error.code === 'commander.help') return 'A command is missing.';
  const [first = '', ...rest] = error.message.replace(/^error: /u, '').split('\n');
  const line = [first, ...rest.filter((text) => text !== '')].join(' ');
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}${/[.)?]$/u.test(line) ? '' : '.'}`;
}

/** What an aborted signal made of the work is said as `interrupted`, whatever library threw it. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

export function describeError(thrownValue: unknown, signal?: AbortSignal): SaidError {
  const error =
    signal?.aborted && isAbort(thrownValue) ? new RosterdError('interrupted', 'Stopped by a signal.') : thrownValue;
  if (error instanceof RosterdError) {
    const { advice, exit } = error.entry;
    const subject = error.subject === undefined ? {} : { subject: error.subject };
    const stack = error.code === 'bug' && error.stack !== undefined ? { stack: error.stack } : {};
    return { code: error.code, message: error.message, advice, exit, detail: error.detail, ...subject, ...stack };
  }
  if (error instanceof CommanderError) {
    const { advice, exit } = errorCatalogue.usage;
    return { code: 'usage', message: usageText(error), advice, exit };
  }
  const thrown = error instanceof Error ? error : new Error(String(error));
  return {
    code: 'bug',
    message: thrown.message,
    advice: errorCatalogue.bug.advice,
    exit: exitCodes.bug,
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
  };
}

export function printError(terminal: Terminal, said: SaidError, format: 'text' | 'json'): void {
  if (format === 'json') {
    terminal.line(JSON.stringify(errorJson(said)));
    return;
  }
  const lines = said.message.split('\n').map(printable);
  const [first = '', ...rest] = lines;
  terminal.errorLine(`${terminal.styleError('red', 'rosterd:')} ${first} [${said.code}]`);
  for (const line of rest) terminal.errorLine(`  ${line}`);
  for (const line of whatToDo(said)) terminal.errorLine(`  ${line}`);
  if (said.stack !== undefined) terminal.errorLine(said.stack);
}

/** Where the error knows the choices, they say more than the catalogue. */
function whatToDo(said: SaidError): readonly string[] {
  const choices = said.detail?.['choices'];
  return Array.isArray(choices)
    ? ['Choose one of:', ...choices.map((choice) => `  ${printable(String(choice))}`)]
    : [said.advice];
}

export function errorJson(said: SaidError): ErrorJson {
  const { code, message, advice, exit, subject, detail, stack } = said;
  return {
    error: {
      code,
      message,
      advice,
      exit,
      subject: subject ?? null,
      detail: detail ?? {},
      ...(stack === undefined ? {} : { stack }),
    },
  };
}
