// A folder with an installation of rosterd, whose commands are real processes.
// Invariant: after `close` the folder is gone, and no command is left running.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const program = fileURLToPath(new URL('../../bin/rosterd', import.meta.url));

/** A JSON string is a YAML string too, whatever it holds. */
export const quoted = (text: string): string => JSON.stringify(text);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class InstallationFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'rosterd-e2e-'));
  readonly #running = new Set<Promise<Ended>>();

  constructor() {
    mkdirSync(join(this.folder, 'temporary'));
  }

  get configFile(): string {
    return join(this.folder, 'rosterd.yaml');
  }

  run(...args: readonly string[]): Promise<Ended> {
    const { NO_COLOR: _n, FORCE_COLOR: _f, ...inherited } = process.env;
    const env = {
      ...inherited,
      ROSTERD_CONFIG: this.configFile,
      // What a command forgets in the temporary folder is seen.
      TMPDIR: join(this.folder, 'temporary'),
      // A hundred processes need not compile the same files a hundred times.
      NODE_COMPILE_CACHE: join(this.folder, 'compiled'),
    };
    const options = { cwd: this.folder, env, timeout: 100_000, maxBuffer: 64 * 1_024 * 1_024 };
    const work = new Promise<Ended>((resolve) => {
      execFile(program, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr });
      });
    });
    this.#running.add(work);
    return work.finally(() => this.#running.delete(work));
  }

  /** What the command prints for people, after it ended as expected. */
  async tell(args: readonly string[], exit = 0): Promise<string> {
    const ended = await this.run(...args);
    expect(ended.code, `rosterd ${args.join(' ')}: ${ended.stdout}${ended.stderr}`).toBe(exit);
    return ended.stdout;
  }

  /** The document that the command prints, after it ended as expected. */
  async ask<Answer>(args: readonly string[], exit = 0): Promise<Answer> {
    return JSON.parse(await this.tell([...args, '--json'], exit)) as Answer;
  }

  get leftBehind(): readonly string[] {
    return readdirSync(join(this.folder, 'temporary'));
  }

  async close(): Promise<void> {
    await Promise.all(this.#running);
    rmSync(this.folder, { recursive: true, force: true });
  }

  secret(name: string, content: string): void {
    writeFileSync(join(this.folder, name), content, { mode: 0o600 });
  }
}
