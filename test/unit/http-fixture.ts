// Servers and sessions for the tests of the HTTP door, and what ends them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type HttpAnswer, httpConnectionSchema, openHttpSession } from '../../connectors/http-source.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { type CertificateAuthority, createAuthority } from '../lab/certificates.ts';
import { type ScriptedServer, scriptedBytes, scriptedHttp } from './scripted-http.ts';

export const password = 'pa:ss wörd';
export const authorization = `Basic ${Buffer.from(`svc:${password}`).toString('base64')}`;
export const never = new AbortController().signal;
export const xml = '<teams/>';

export interface HttpServers {
  serve(listener: RequestListener, secured?: 'secured'): Promise<ScriptedServer>;
  serveBytes(...pieces: readonly (string | Buffer)[]): Promise<ScriptedServer>;
  /** Ends this one too after the test. */
  keep(server: ScriptedServer): ScriptedServer;
  readonly authority: () => CertificateAuthority;
  readonly caFile: () => string;
}

/** To be called once per file: every server ends with its test. */
export function httpServers(): HttpServers {
  const authority = createAuthority();
  const servers: ScriptedServer[] = [];
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rosterd-http-'));
    await writeFile(join(folder, 'ca.pem'), authority.cert);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });
  const keep = (server: ScriptedServer): ScriptedServer => {
    servers.push(server);
    return server;
  };
  return {
    keep,
    authority: () => authority,
    caFile: () => join(folder, 'ca.pem'),
    async serve(listener, secured) {
      const certificate = secured === undefined ? undefined : authority.issue({ names: ['127.0.0.1', 'uccx.test'] });
      return keep(await scriptedHttp(listener, certificate));
    },
    async serveBytes(...pieces) {
      const talking = scriptedBytes((socket) => {
        for (const piece of pieces) socket.write(piece);
        socket.end();
      });
      return keep(await talking);
    },
  };
}

/** A port that nobody listens on. */
export async function deadUrl(): Promise<string> {
  const server = await scriptedHttp(() => undefined);
  await server.stop();
  return server.url;
}

export const connectionTo = (urls: readonly string[], change: object = {}) =>
  httpConnectionSchema.parse({
    servers: urls,
    tls: { mode: urls.some((url) => url.startsWith('http:')) ? 'off' : 'on' },
    login: { user: 'svc', password },
    timeouts: { connectMs: 2_000, requestMs: 2_000, idleMs: 2_000 },
    ...change,
  });

export interface GetChange {
  readonly connection?: object;
  readonly allow?: readonly number[];
  readonly query?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly path?: string;
}

export async function get(urls: string | readonly string[], change: GetChange = {}): Promise<HttpAnswer> {
  const { connection, signal, path, ...options } = change;
  const session = await openHttpSession(connectionTo([urls].flat(), connection), signal ?? never);
  try {
    return await session.get(path ?? '/adminapi/team', { accept: 'application/xml', ...options });
  } finally {
    await session.close();
  }
}

export async function failure(doing: Promise<unknown>): Promise<RosterdError> {
  const error = await doing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RosterdError)) throw new Error(`no RosterdError, but ${inspect(error)}`);
  return error;
}

export const codeOf = async (doing: Promise<unknown>): Promise<string> => (await failure(doing)).code;
