// What is turned away before anything is looked up or read: all that is not a plain question to one of the three addresses.

import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Where the server listens. */
export interface Door {
  /** As configured. */
  readonly host: string;
  readonly address: string;
}

const paths: readonly string[] = ['/livez', '/readyz', '/metrics'];

export const plain = (reply: FastifyReply, text: string): FastifyReply =>
  reply.type('text/plain; charset=utf-8').send(`${text}\n`);

export const sendNotFound = (reply: FastifyReply): FastifyReply =>
  plain(reply.code(404), `There is nothing here; try ${paths.join(', ')}.`);

/** Undefined for a question that may be answered. What is refused loses its connection, so that nobody reads the rest of it. */
export function refuse(request: FastifyRequest, reply: FastifyReply, door: Door): FastifyReply | undefined {
  reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  const { method, headers, url } = request;
  const isForeign = !isOurName(headers.host, door);
  const isQuestion = method === 'GET' || method === 'HEAD';
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
  if (!isForeign && isQuestion && !hasBody) return undefined;
  reply.header('connection', 'close');
  if (isForeign)
    return plain(reply.code(421), 'Ask by the IP address, as localhost, or by the name that serve.listen gives.');
  if (isQuestion) return plain(reply.code(413), 'A question has no body.');
  if (!paths.includes(url.replace(/\?.*$/su, ''))) return sendNotFound(reply);
  return plain(reply.code(405).header('allow', 'GET, HEAD'), 'Only GET and HEAD are answered.');
}

/**
 * On loopback a web page must not get at the answers by giving its own name the address 127.0.0.1 (DNS rebinding): such a
 * request carries that name. Elsewhere the network calls this machine as it likes, and whoever reaches it may ask. An IP
 * address, which the probes of Kubernetes use, cannot be rebound; a client that sends no Host at all is not a browser.
 */
function isOurName(header: string | undefined, { host, address }: Door): boolean {
  if (header === undefined || !/^127\.|^::1$/u.test(address)) return true;
  const name = header.replace(/:\d*$/u, '').toLowerCase();
  return name === 'localhost' || name === host.toLowerCase() || isIP(name.replace(/^\[|\]$/gu, '')) !== 0;
}
