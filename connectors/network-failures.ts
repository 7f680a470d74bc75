// From what a socket or TLS says to the catalogue of errors, the same for all connectors.
// Invariant: a certificate that is not trusted never looks like a server that is down, and no message carries a password.

import { type ErrorCode, RosterdError } from '../src/model/errors.ts';

const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  // What Node has no name for: a certificate in the chain that must not sign others, for one.
  'UNSPECIFIED',
]);
const unreachable = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
  'EACCES',
]);

/** How far a connection had come when it failed. */
export type ConnectionPhase = 'connecting' | 'securing' | 'open';

/** An error of the network or of TLS. */
export function connectionError(server: string, error: unknown, phase: ConnectionPhase): RosterdError {
  if (error instanceof RosterdError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new RosterdError(connectionCode(code, phase), `${server}: ${firstLine(messageOf(error) || code)}`, {
    subject: server,
    cause: error,
  });
}

/** A host with several addresses fails with one error for each, and nothing is said of them together. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function connectionCode(code: string, phase: ConnectionPhase): ErrorCode {
  if (untrusted.has(code)) return 'source-tls-untrusted';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'source-tls-expired';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'source-tls-hostname';
  if (unreachable.has(code)) return phase === 'open' ? 'source-connection-lost' : 'source-unreachable';
  if (phase === 'securing' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return 'source-tls-failed';
  return phase === 'open' ? 'source-connection-lost' : 'source-unreachable';
}

/** The message of a server or a library on one line, cut to a length that a log can bear. */
export const firstLine = (message: string): string => message.replace(/\s+/gu, ' ').trim().slice(0, 500);

export const timeoutError = (server: string, doing: string, ms: number): RosterdError =>
  new RosterdError('source-timeout', `${server}: ${doing} got no answer within ${ms} ms`, {
    subject: server,
    detail: { ms },
  });

export const interruptedError = (signal: AbortSignal): RosterdError =>
  signal.reason instanceof RosterdError
    ? signal.reason
    : new RosterdError('interrupted', 'the read was stopped from outside', { cause: signal.reason });
