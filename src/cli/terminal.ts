// The one place that writes to standard output and standard error.
// Invariant: a reader that goes away (`| head`) ends the printing, never the work behind it; a log that cannot be written ends nothing.

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'writableLength'>>;

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Widest line where the output is no terminal: wide enough never to cut. */
const unlimited = Number.POSITIVE_INFINITY;

export class Terminal {
  readonly #streams: Streams;
  readonly #closed = new Set<Output>();
  #log: 'none' | 'beside' | 'only' = 'none';
  #isLossTold = false;

  constructor(streams: Streams) {
    this.#streams = streams;
    for (const output of [streams.stdout, streams.stderr]) output.on('error', (error) => this.#onError(output, error));
  }

  get isInteractive(): boolean {
    return this.#streams.stdin.isTTY === true && this.#streams.stderr.isTTY === true;
  }

  get isTable(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  get hasBars(): boolean {
    return this.#streams.stderr.isTTY === true;
  }

  get errorStream(): NodeJS.WritableStream {
    return this.#streams.stderr;
  }

  get columns(): number {
    return this.isTable ? (this.#streams.stdout.columns ?? 80) : unlimited;
  }

  /** False once the reader of standard output has gone away: a loop that only prints may stop. */
  get isRead(): boolean {
    return !this.#closed.has(this.#streams.stdout);
  }

  /** What is written from here on has a log in it: `beside` the command's output, on standard error, or nothing but a log. */
  carryLog(log: 'beside' | 'only'): void {
    this.#log = log;
  }

  /** Nothing waits for its reader any more. For the reader of a log nobody waits. */
  get isTaken(): boolean {
    const { stdout, stderr } = this.#streams;
    return this.#log === 'only' || [stdout, stderr].every((output) => (output.writableLength ?? 0) === 0);
  }

  /** Colours only for a terminal, and never with NO_COLOR (no-color.org). */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#streams.stdout });
  }

  styleError(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#streams.stderr });
  }

  line(text = ''): void {
    this.#write(this.#streams.stdout, `${text}\n`);
  }

  errorLine(text: string): void {
    this.#write(this.#streams.stderr, `${text}\n`);
  }

  /** For long output: waits while the reader is slower than we are. */
  async stream(text: string): Promise<void> {
    const output = this.#streams.stdout;
    if (this.#write(output, text) || !this.isRead) return;
    const settled = new AbortController();
    const gone = once(output, 'close', settled).catch(() => undefined);
    const failed = once(output, 'error', settled).catch(() => undefined);
    await Promise.race([once(output, 'drain', settled).catch(() => undefined), gone, failed]);
    settled.abort();
  }

  /** Asks on standard error, so that standard output stays what was asked for. Only `y` and `yes` are yes. */
  async confirm(question: string): Promise<boolean> {
    const reader = createInterface({ input: this.#streams.stdin, output: this.#streams.stderr });
    const gone = new AbortController();
    reader.once('close', () => gone.abort());
    try {
      const answer = await reader.question(`${question} [y/N] `, { signal: gone.signal });
      return /^y(es)?$/iu.test(answer.trim());
    } catch {
      // Ctrl-D or Ctrl-C at the question: nobody said yes.
      return false;
    } finally {
      reader.close();
    }
  }

  #write(output: Output, text: string): boolean {
    return this.#closed.has(output) ? true : output.write(text);
  }

  #onError(output: Output, error: Error): void {
    const isGone = 'code' in error && (error.code === 'EPIPE' || error.code === 'EIO');
    if (!isGone && !this.#isLog(output)) throw error;
    this.#closed.add(output);
    // Standard output of a daemon is its log; nothing else is lost without the work noticing.
    if (this.#log !== 'only' || output !== this.#streams.stdout || this.#isLossTold) return;
    this.#isLossTold = true;
    this.errorLine(`rosterd: the log on standard output is lost: ${error.message}. The daemon goes on without it.`);
  }

  #isLog(output: Output): boolean {
    return this.#log === 'only' || (this.#log === 'beside' && output === this.#streams.stderr);
  }
}
