// `rosterd serve` as a real process: its log as facts, its probes over HTTP, signals, and how it ended.
// Invariant: after `end` the process is gone, whatever it was doing.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class DaemonProcess {
  readonly lines: LogLine[] = [];
  readonly ended: Promise<Ended>;
  /** What was not a JSON line. */
  readonly noise: string[] = [];
  stderr = '';
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #isOver = false;

  constructor(configFile: string, environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [program, 'serve', '--config', configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    createInterface({ input: stdout }).on('line', (line) => this.#take(line));
    stderr.on('data', (data: Buffer) => {
      this.stderr += data.toString();
    });
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#isOver = true;
      this.#wake();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(): Promise<Ended> {
    if (!this.#isOver) this.#child.kill('SIGKILL');
    return this.ended;
  }

  /** The first line from `from` on (default: of all) that fits. */
  async line(fits: (line: LogLine) => boolean, from = 0, withinMs = 60_000): Promise<LogLine> {
    const giveUpAt = performance.now() + withinMs;
    for (;;) {
      const found = this.lines.slice(from).find(fits);
      if (found !== undefined) return found;
      if (this.#isOver || performance.now() > giveUpAt) {
        const said = this.lines.slice(-15).map((line) => JSON.stringify(line));
        throw new Error(`no such line; the last were\n${said.join('\n')}\n${this.noise.join('\n')}\n${this.stderr}`);
      }
      await this.#change(giveUpAt);
    }
  }

  message(text: string, from = 0): Promise<LogLine> {
    return this.line((line) => line.message === text, from);
  }

  /** The end of a run of this state. */
  run(state: string, from = 0): Promise<LogLine> {
    return this.message(`run ended: ${state}`, from);
  }

  async ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { address } = await this.message('health and metrics');
    const response = await fetch(`http://${String(address).replace(/^https?:\/\//u, '')}${path}`);
    return { status: response.status, body: await response.text() };
  }

  #take(line: string): void {
    try {
      this.lines.push(JSON.parse(line) as LogLine);
    } catch {
      this.noise.push(line);
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #change(giveUpAt: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, giveUpAt - performance.now()));
      this.#waiting.add(done);
    });
  }
}
