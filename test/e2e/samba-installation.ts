// An installation of rosterd with one source: a real domain, or whatever stands between it and that domain.
// Invariant: what `configure` writes is the whole configuration; nothing of the one before stays.

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SambaLab } from '../lab/samba.ts';
import { InstallationFolder, quoted } from './installation-folder.ts';

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

export class Installation extends InstallationFolder {
  readonly #samba: SambaLab;
  readonly #scopes: Scopes;
  readonly #databaseUrl: string | undefined;

  constructor(samba: SambaLab, scopes: Scopes, databaseUrl?: string) {
    super();
    this.#samba = samba;
    this.#scopes = scopes;
    this.#databaseUrl = databaseUrl;
  }

  /** As `rosterd init` leaves it, filled in; a SQLite file is made. */
  async init(): Promise<void> {
    expect(await this.run('init', this.folder)).toMatchObject({ code: 0 });
    this.configure();
    if (this.#databaseUrl !== undefined) this.secret('database-url', this.#databaseUrl);
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
    this.secret('password', `${bind.password}\n`);
    if (connection.ca === undefined) copyFileSync(this.#samba.caFile, join(this.folder, 'ca.pem'));
    else writeFileSync(join(this.folder, 'ca.pem'), connection.ca);
    const tlsKeys = Object.entries({ caFile: 'ca.pem', ...tls }).map(([key, value]) => `${key}: ${quoted(value)}`);
    const store = this.#databaseUrl === undefined ? 'sqlite: rosterd.db' : 'postgresql: { file: database-url }';
    writeFileSync(
      this.configFile,
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
}
