// The operational log: one line per fact, JSON by default, to stderr so that the output of commands stays clean.
// Invariant: every line passes the redaction, and no line can hold a line break that a value smuggled in.

import type { Writable } from 'node:stream';
import winston from 'winston';
import { redact } from './redact.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export type LogFields = Readonly<
  Record<string, string | number | boolean | readonly unknown[] | Readonly<Record<string, unknown>> | undefined>
>;

/** What the program logs with; `child` adds its fields (run, source) to every line. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
  /** Resolves when everything logged so far is handed to the operating system, or nobody takes it. What is logged after it is lost. */
  close(): Promise<void>;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** Default: stderr. */
  readonly output?: NodeJS.WritableStream;
}

const redacted = winston.format((info) => Object.assign(info, redact({ ...info })));

// JSON escapes them; in text a line break would let a value forge a line of its own (CWE-117), and an escape code the terminal.
const withoutControls = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);

const plainText = (value: unknown): string =>
  withoutControls(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

const textLine = winston.format.printf(({ timestamp, level, message, ...fields }) => {
  const facts = Object.entries(fields).filter(([, value]) => value !== undefined);
  const said = facts.map(([name, value]) => ` ${name}=${plainText(value)}`).join('');
  return `${String(timestamp)} ${level.padEnd(5)} ${plainText(message)}${said}`;
});

/** Streams whose loss was already provided for, so that many loggers on stderr add one listener. */
const tended = new WeakSet<NodeJS.WritableStream>();

function tend(output: NodeJS.WritableStream): NodeJS.WritableStream {
  // Whoever read the log may go away (EPIPE). There is nobody left to tell, and a sync must not end for want of a reader.
  if (!tended.has(output)) output.on('error', () => undefined);
  tended.add(output);
  return output;
}

/** A reader that stopped reading must not hold up the end of the process. */
const closeWithinMs = 1_000;

/** What nobody takes fills the memory: some ten thousand lines are kept, and what comes after them is counted. */
const maxWaitingBytes = 4 * 1024 * 1024;

interface Sink {
  readonly log: winston.Logger;
  readonly output: NodeJS.WritableStream & Partial<Pick<Writable, 'writableLength'>>;
  readonly close: () => Promise<void>;
  isClosed: boolean;
  dropped: number;
}

/** False when the line has to be dropped; the first one that is not tells of those before it. */
function hasRoom(sink: Sink): boolean {
  if (sink.isClosed) return false;
  if ((sink.output.writableLength ?? 0) > maxWaitingBytes) {
    sink.dropped += 1;
    return false;
  }
  const { dropped } = sink;
  sink.dropped = 0;
  if (dropped > 0)
    sink.log.log({ level: 'warn', message: 'nobody took the log; lines of it are lost', lines: dropped });
  return true;
}

function wrap(sink: Sink, fields: LogFields): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, more: LogFields = {}): void => {
      if (!hasRoom(sink)) return;
      // Fields of that name would overwrite the line's own.
      const { level: _level, message: _message, timestamp: _timestamp, ...facts } = { ...fields, ...more };
      sink.log.log({ ...facts, level, message });
    };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (more) => wrap(sink, { ...fields, ...more }),
    close: sink.close,
  };
}

function endOf(log: winston.Logger, output: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, closeWithinMs);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    log.once('finish', () => output.write('', end));
    log.end();
  });
}

/** A logger of its own; nothing global is touched. */
export function createLogger({ level, format, output = process.stderr }: LoggerOptions): Logger {
  const { combine, timestamp, json } = winston.format;
  const log = winston.createLogger({
    level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: combine(redacted(), timestamp(), format === 'json' ? json({ deterministic: false }) : textLine),
    transports: [new winston.transports.Stream({ stream: tend(output), eol: '\n' })],
    exitOnError: false,
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    sink.isClosed = true;
    closing ??= endOf(log, output);
    return closing;
  };
  const sink: Sink = { log, output, close, isClosed: false, dropped: 0 };
  return wrap(sink, {});
}
