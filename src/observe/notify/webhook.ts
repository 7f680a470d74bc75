// Notices as signed HTTP requests (standardwebhooks.com): the receiver can prove who sent them, and tell a repetition by the id.
// Invariant: one POST to the address of the configuration and to nothing else: redirects are not followed, no answer is believed
// but its status, and neither the address nor the secret is in any error.

import { createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { RosterdError } from '../../model/errors.ts';
import type { Message, Messenger } from '../../sync/ports/daemon.ts';
import { type DeliveryFailure, deliveryError, messageOf, oneLine, readAuthority } from './delivery-error.ts';

export interface WebhookTarget {
  readonly name: string;
  /** Asked for with every message, as the secret is; the addresses of some services are passwords. */
  readonly url: () => Promise<string>;
  readonly secret: () => Promise<string>;
  readonly caFile?: string;
}

/** The body of an answer is read only to leave the connection in order, no further and no longer than this. */
const longestAnswerBytes = 64 * 1024;
const longestAnswerMs = 2_000;

export function webhookMessenger(target: WebhookTarget): Messenger {
  return {
    async send(message, id, signal) {
      const [address, secret] = [await target.url(), await target.secret()];
      const ca = await readAuthority(target.name, target.caFile);
      const url = parseAddress(target.name, address);
      const body = JSON.stringify(bodyOf(message));
      const headers = signedHeaders(id, body, secret, Math.floor(Date.now() / 1_000));
      let status: number;
      try {
        status = await post(url, headers, body, ca, signal);
      } catch (error) {
        const secrets = [secret, address, `${url.pathname}${url.search}`.replace(/^\/$/u, '')];
        throw deliveryError({
          fate: 'unsent',
          target: target.name,
          because: `${url.host}: ${messageOf(error)}`,
          secrets,
        });
      }
      const refused = refusal(target.name, url.host, status);
      if (refused !== undefined) throw refused;
    },
  };
}

function parseAddress(target: string, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  // It may be a secret, so it is not shown.
  throw deliveryError({ fate: 'refused', target, because: 'the address is not an http or https URL' });
}

const bodyOf = ({ kind, at, title, text, source, run, key, facts }: Message): unknown => ({
  type: kind,
  timestamp: new Date(at).toISOString(),
  data: { title: oneLine(title), text: text.map(oneLine), source: source ?? null, run: run ?? null, key, facts },
});

/** HMAC-SHA256 over `id.timestamp.body`. A secret with the prefix is the base64 of its bytes, any other is its bytes. */
export function signedHeaders(
  id: string,
  body: string,
  secret: string,
  timestamp: number,
): Readonly<Record<string, string>> {
  const prefix = 'whsec_';
  const key = secret.startsWith(prefix) ? Buffer.from(secret.slice(prefix.length), 'base64') : Buffer.from(secret);
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'rosterd',
  };
}

function post(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const tls = { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) } as const;
  return new Promise((resolve, reject) => {
    // `agent: false`: a connection of its own, which ends with it.
    const request = start(url, { method: 'POST', headers, agent: false, signal, ...tls }, (response) => {
      readAway(response, () => resolve(response.statusCode ?? 0));
    });
    request.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    request.end(body);
  });
}

/** The status has been said by then: however the body ends, it changes nothing. */
function readAway(response: IncomingMessage, onEnd: () => void): void {
  let bytes = 0;
  const timer = setTimeout(() => response.destroy(), longestAnswerMs);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > longestAnswerBytes) response.destroy();
  });
  response.on('error', () => undefined);
  response.on('close', () => {
    clearTimeout(timer);
    onEnd();
  });
}

/** "Later" in the words of HTTP, among the statuses that otherwise blame the sender. */
const laterStatuses: readonly number[] = [408, 425, 429];
/** Gone for good, and too large: the same message never becomes smaller. Any other 4xx may be a receiver that is being replaced. */
const neverStatuses: readonly number[] = [410, 413];

function refusal(target: string, host: string, status: number): RosterdError | undefined {
  if (status >= 200 && status < 300) return undefined;
  const hint = status >= 300 && status < 400 ? '; redirects are not followed, write the final address' : '';
  return deliveryError({ fate: fateOf(status), target, because: `${host} answered with status ${status}${hint}` });
}

function fateOf(status: number): DeliveryFailure['fate'] {
  if (neverStatuses.includes(status)) return 'undeliverable';
  return status >= 400 && status < 500 && !laterStatuses.includes(status) ? 'refused' : 'unsent';
}
