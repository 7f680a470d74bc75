// Sends a simulator's answer over the wire, in good order or spoilt by a fault.
// Large bodies are made while they are sent: no fault keeps more than one piece of them in memory.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import { type DeliveryFault, deliveryKinds, firstOf, type HttpFault, type ReplacingFault } from './http-faults.ts';
import type { SimAnswer } from './http-simulator.ts';

export const containerPage = (status: number, title: string): string =>
  `<!doctype html><html lang="en"><head><title>HTTP Status ${status} – ${title}</title></head><body><h1>HTTP Status ${status} – ${title}</h1><hr class="line" /></body></html>`;
export const htmlAnswer = (status: number, title: string, headers: Record<string, string> = {}): SimAnswer => ({
  status,
  headers: { 'content-type': 'text/html;charset=utf-8', ...headers },
  body: containerPage(status, title),
});
export const unauthorizedAnswer = (): SimAnswer =>
  htmlAnswer(401, 'Unauthorized', { 'www-authenticate': 'Basic realm="Simulator"' });

export function replacement(fault: ReplacingFault): SimAnswer {
  switch (fault.kind) {
    case 'html':
      return htmlAnswer(fault.status ?? 200, 'Service starting');
    case 'unauthorized':
      return unauthorizedAnswer();
    case 'forbidden':
      return htmlAnswer(403, 'Forbidden');
    case 'redirect':
      return { status: fault.status ?? 302, headers: { location: fault.to }, body: '' };
    case 'status': {
      const retryAfter = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      const type = fault.body === undefined ? {} : { 'content-type': fault.contentType ?? 'text/plain;charset=utf-8' };
      return { status: fault.status, headers: { ...type, ...retryAfter }, body: fault.body ?? '' };
    }
    default:
      return fault satisfies never;
  }
}

/** What the faults make of the headers that belong to an answer. */
function headersOf(answer: SimAnswer, faults: readonly HttpFault[]): Record<string, string> {
  const contentType = firstOf(faults, ['content-type']);
  const date = firstOf(faults, ['date']);
  return {
    ...answer.headers,
    ...(contentType ? { 'content-type': contentType.contentType } : {}),
    ...(date ? { date: new Date(Date.now() + date.offsetMs).toUTCString() } : {}),
  };
}

export function deliver(response: ServerResponse, answer: SimAnswer, faults: readonly HttpFault[]): void {
  const headers = headersOf(answer, faults);
  const body = Buffer.from(answer.body, 'utf8');
  const fault = firstOf(faults, deliveryKinds);
  const length = { 'content-length': String(body.length) };
  switch (fault?.kind) {
    case 'slow-first-byte':
      later(response, fault.ms, () => response.writeHead(answer.status, { ...headers, ...length }).end(body));
      break;
    case 'gzip-bomb':
      response.writeHead(answer.status, { ...headers, 'content-encoding': 'gzip' });
      pieces(fault.bytes ?? 1_000_000_000, 0)
        .pipe(createGzip({ level: 9 }))
        .pipe(response);
      break;
    case 'endless':
      response.writeHead(answer.status, headers);
      pieces(fault.bytes ?? Number.POSITIVE_INFINITY, 0x20).pipe(response);
      break;
    case 'dribble':
      response.writeHead(answer.status, { ...headers, ...length });
      dribble(response, body, fault);
      break;
    case 'hang':
    case 'reset':
    case 'truncated':
      breakOff(response, answer.status, headers, body, fault);
      break;
    default: {
      const bytes = fault === undefined ? body : changedBody(body, fault);
      const encoding = fault?.kind === 'gzip' ? { 'content-encoding': 'gzip' } : {};
      const all = { ...headers, ...encoding, 'content-length': String(bytes.length) };
      response.writeHead(answer.status, all).end(bytes);
    }
  }
}

type Change = Extract<DeliveryFault, { readonly kind: 'cut-document' | 'gzip' | 'invalid-utf8' }>;

function changedBody(body: Buffer, fault: Change): Buffer {
  if (fault.kind === 'gzip') return gzipSync(body);
  if (fault.kind === 'cut-document') return body.subarray(0, fault.keepBytes);
  // In the last third, beyond a declaration and the first elements.
  const at = Math.floor((body.length * 2) / 3);
  return Buffer.concat([body.subarray(0, at), Buffer.from([0xff, 0xfe]), body.subarray(at)]);
}

type Break = Extract<DeliveryFault, { readonly kind: 'hang' | 'reset' | 'truncated' }>;

function breakOff(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: Buffer,
  fault: Break,
): void {
  const { socket } = response;
  if (fault.kind === 'hang' && (fault.at ?? 'request') === 'request') return;
  if (fault.kind === 'reset' && fault.at === 'before-headers') {
    resetConnection(socket);
    return;
  }
  const isChunked = fault.kind === 'truncated' && fault.how === 'chunked';
  response.writeHead(status, isChunked ? headers : { ...headers, 'content-length': String(body.length || 1) });
  const isHeadersOnly = fault.kind !== 'truncated' && (fault.at === 'headers' || fault.at === 'after-headers');
  // A reset throws away what was not read yet, so it waits for the client to have got the rest.
  const done = (): void => {
    if (fault.kind === 'reset') setTimeout(() => resetConnection(socket), 20).unref();
    if (fault.kind === 'truncated') socket?.end();
  };
  if (isHeadersOnly) {
    response.flushHeaders();
    done();
    return;
  }
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => done());
}

/** The sockets below TLS, so that a reset is one on the wire; kept by the server as connections come. */
export const rawSockets = new WeakMap<Socket, Socket>();

function resetConnection(socket: Socket | null): void {
  if (socket === null) return;
  (rawSockets.get(socket) ?? socket).resetAndDestroy();
}

function later(response: ServerResponse, ms: number, act: () => void): void {
  const timer = setTimeout(act, ms);
  response.once('close', () => clearTimeout(timer));
}

function dribble(
  response: ServerResponse,
  body: Buffer,
  fault: { readonly bytes: number; readonly everyMs: number },
): void {
  let sent = 0;
  const more = (): void => {
    response.write(body.subarray(sent, sent + fault.bytes));
    sent += fault.bytes;
    if (sent < body.length) later(response, fault.everyMs, more);
    else response.end();
  };
  more();
}

function pieces(bytes: number, fill: number): Readable {
  const piece = Buffer.alloc(65_536, fill);
  let left = bytes;
  const source = new Readable({
    read() {
      const size = Math.min(left, piece.length);
      left -= size;
      source.push(size > 0 ? piece.subarray(0, size) : null);
    },
  });
  return source;
}
