// A real HTTPS (or HTTP) receiver of webhooks for the tests of notices. It proves the signature of everything that it gets, with
// its own reading of standardwebhooks.com, and answers what a test wants.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificates.ts';

export interface ReceivedHook {
  readonly id: string;
  readonly path: string;
  readonly isSigned: boolean;
  readonly contentType: string | undefined;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: { readonly title: string; readonly text: readonly string[] } & Readonly<Record<string, unknown>>;
  };
}

/** `hang`: takes the request and never answers. `endless`: says 200 and then never stops talking. `drip`: says 200 and never ends. */
export type HookAnswer = number | 'hang' | 'endless' | 'drip' | { readonly redirectTo: string };

export interface HookServer {
  readonly url: string;
  readonly hooks: readonly ReceivedHook[];
  /** The answers to come, in this order; 204 when there is none left. */
  readonly answers: HookAnswer[];
  stop(): Promise<void>;
}

function isSigned({ headers }: IncomingMessage, body: string, key: Buffer): boolean {
  const [id, timestamp, signatures] = [
    headers['webhook-id'],
    headers['webhook-timestamp'],
    headers['webhook-signature'],
  ];
  const isFresh = Math.abs(Date.now() / 1_000 - Number(timestamp)) < 300;
  const expected = createHmac('sha256', key)
    .update(`${String(id)}.${String(timestamp)}.${body}`)
    .digest();
  return (
    isFresh &&
    String(signatures)
      .split(' ')
      .some((signature) => {
        const [version, value = ''] = signature.split(',');
        const given = Buffer.from(value, 'base64');
        return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
      })
  );
}

function answerWith(answer: HookAnswer, response: ServerResponse): void {
  if (answer === 'hang') return;
  if (typeof answer === 'object') {
    response.writeHead(302, { location: answer.redirectTo }).end();
    return;
  }
  if (typeof answer === 'number') {
    response
      .writeHead(answer, { 'content-type': 'text/plain' })
      .end(answer === 204 ? undefined : 'secret-in-an-answer');
    return;
  }
  response.writeHead(200);
  response.write('.');
  if (answer === 'drip') return;
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  };
  response.on('drain', more);
  more();
}

/** `key`: the bytes that messages are signed with. */
export async function startHookServer(key: Buffer, certificate?: Certificate): Promise<HookServer> {
  const hooks: ReceivedHook[] = [];
  const answers: HookAnswer[] = [];
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      hooks.push({
        id: String(request.headers['webhook-id']),
        path: request.url ?? '',
        isSigned: isSigned(request, text, key),
        contentType: request.headers['content-type'],
        body: JSON.parse(text) as ReceivedHook['body'],
      });
      answerWith(answers.shift() ?? 204, response);
    });
  };
  const server = certificate === undefined ? createHttpServer(onRequest) : createHttpsServer(certificate, onRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hooks/s3cr3t-path`,
    hooks,
    answers,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
