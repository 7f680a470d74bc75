// An installation of rosterd in a folder of its own, whose commands are real processes.
// Invariant: after `close` the folder is gone, and no command is left running.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { SambaLab } from '../lab/samba.ts';

const program = fileURLToPath(new URL('../../bin/rosterd', import.meta.url));
const quoted = (text: string): string => JSON.stringify(text);

export interface Connection {
  readonly servers?: readonly string[];
  /** What the installation trusts; the domain's own authority unless given. */
  readonly ca?: string;
  readonly tls?: Readonly<Record<string, string>>;
  readonly bind?: { readonly user: string; readonly password: string };
  /** Milliseconds; long enough for a busy machine unless given. */
  readonly timeouts?: { readonly connectMs: number; readonly requestMs: number; readonly idleMs: number };
  readonly pageSize?: number;
}

export interface Scopes {
  readonly people: string;
  readonly groups: string;
  /** YAML of the source, indented by four. */
  readonly rest: string;
  /** YAML at the top of the file; a log of errors only unless given. */
  readonly head?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'rosterd-e2e-'));
  readonly #samba: SambaLab;
  readonly #scopes: Scopes;
  readonly #databaseUrl: string | undefined;
  readonly #running = new Set<Promise<Ended>>();

  constructor(samba: SambaLab, scopes: Scopes, databaseUrl?: string) {
    this.#samba = samba;
    this.#scopes = scopes;
    this.#databaseUrl = databaseUrl;
    mkdirSync(join(this.folder, 'temporary'));
  }

  /** As `rosterd init` leaves it, filled in; a SQLite file is made. */
  async init(): Promise<void> {
    expect(await this.run('init', this.folder)).toMatchObject({ code: 0 });
    this.configure();
    if (this.#databaseUrl !== undefined) this.#secret('database-url', this.#databaseUrl);
    else expect(await this.run('db', 'migrate')).toMatchObject({ code: 0 });
  }

  configure(connection: Connection = {}): void {
    const { servers = [this.#samba.url], tls = {}, bind = this.#samba.reader, pageSize = 25 } = connection;
    const { connectMs, requestMs, idleMs } = connection.timeouts ?? {
      connectMs: 5_000,
      requestMs: 30_000,
      idleMs: 30_000,
    };
    const { people, groups, rest, head = 'log: { level: error }\n' } = this.#scopes;
    this.#secret('password', `${bind.password}\n`);
    if (connection.ca === undefined) copyFileSync(this.#samba.caFile, join(this.folder, 'ca.pem'));
    else writeFileSync(join(this.folder, 'ca.pem'), connection.ca);
    const tlsKeys = Object.entries({ caFile: 'ca.pem', ...tls }).map(([key, value]) => `${key}: ${quoted(value)}`);
    const store = this.#databaseUrl === undefined ? 'sqlite: rosterd.db' : 'postgresql: { file: database-url }';
    writeFileSync(
      join(this.folder, 'rosterd.yaml'),
      `version: 1
store: { ${store} }
audit: { keyFile: audit.key }
${head}sources:
  - name: ad-hq
    type: active-directory
    connection:
      servers: [${servers.map(quoted).join(', ')}]
      tls: { ${tlsKeys.join(', ')} }
      bind: { user: ${quoted(bind.user)}, password: { file: password } }
      timeouts: { connectMs: ${connectMs}, requestMs: ${requestMs}, idleMs: ${idleMs} }
      pageSize: ${pageSize}
    users: { base: ${quoted(people)} }
    groups: { base: ${quoted(groups)} }
${rest}`,
    );
  }

  run(...args: readonly string[]): Promise<Ended> {
    const { NO_COLOR: _n, FORCE_COLOR: _f, ...inherited } = process.env;
    const env = {
      ...inherited,
      ROSTERD_CONFIG: join(this.folder, 'rosterd.yaml'),
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

  /** The document that the command prints, after it ended as expected. */
  async ask<Answer>(args: readonly string[], exit = 0): Promise<Answer> {
    const ended = await this.run(...args, '--json');
    expect(ended.code, `rosterd ${args.join(' ')}: ${ended.stdout}${ended.stderr}`).toBe(exit);
    return JSON.parse(ended.stdout) as Answer;
  }

  get leftBehind(): readonly string[] {
    return readdirSync(join(this.folder, 'temporary'));
  }

  async close(): Promise<void> {
    await Promise.all(this.#running);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #secret(name: string, content: string): void {
    writeFileSync(join(this.folder, name), content, { mode: 0o600 });
  }
}
