// Asks a simulator of the lab with node:http alone and says what came over the wire: for the tests of the simulators themselves.
import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}
export interface AskOptions {
  readonly login?: { readonly user: string; readonly password: string };
  readonly accept?: string;
  readonly method?: string;
  /** Ends the question when so many bytes of the body have come. */
  readonly enough?: number;
  readonly signal?: AbortSignal;
}
export interface Asker {
  ask(path: string, options?: AskOptions): Promise<WireAnswer>;
  close(): void;
}

/** One connection, kept alive. Rejects when the answer is not whole, with what node:http says of it. */
export function createAsker(
  server: { readonly url: string; readonly caFile: string },
  login: { readonly user: string; readonly password: string },
): Asker {
  const isSecure = server.caFile !== '';
  const agent = isSecure ? new Agent({ ca: readFileSync(server.caFile), keepAlive: true, maxSockets: 1 }) : undefined;
  return {
    ask: (path, options = {}) =>
      new Promise((resolve, reject) => {
        const { user, password } = options.login ?? login;
        const request = (isSecure ? requestHttps : requestHttp)(`${server.url}${path}`, {
          ...(agent === undefined ? {} : { agent }),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
          method: options.method ?? 'GET',
          auth: `${user}:${password}`,
          headers: options.accept === undefined ? {} : { accept: options.accept },
        });
        request.once('response', (response) => {
          const pieces: Buffer[] = [];
          let got = 0;
          const done = (): void => {
            const body = Buffer.concat(pieces);
            const { statusCode: status = 0, headers } = response;
            resolve({ status, headers, body, text: body.toString('utf8') });
          };
          response.on('data', (piece: Buffer) => {
            pieces.push(piece);
            got += piece.length;
            if (options.enough === undefined || got < options.enough) return;
            done();
            request.destroy();
          });
          response.once('end', done);
          response.once('error', reject);
        });
        request.on('error', reject);
        request.end();
      }),
    close: () => agent?.destroy(),
  };
}
