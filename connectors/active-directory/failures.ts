// From what a server, a socket or TLS says to the catalogue of errors.
// Invariant: every failure of this connector leaves it as a RosterdError, and no message carries a password.

import { type ErrorCode, RosterdError } from '../../src/model/errors.ts';
import { MalformedMessage } from './decode.ts';
import type { LdapResult } from './messages.ts';

const resultCodes: Readonly<Record<number, ErrorCode>> = {
  2: 'source-protocol',
  3: 'source-limit',
  4: 'source-limit',
  8: 'source-strong-auth',
  10: 'source-base-not-found',
  11: 'source-limit',
  13: 'source-strong-auth',
  18: 'source-filter-invalid',
  32: 'source-base-not-found',
  34: 'source-base-not-found',
  48: 'source-credentials',
  49: 'source-credentials',
  50: 'source-permission',
  51: 'source-busy',
  52: 'source-busy',
  87: 'source-filter-invalid',
};

/** `data 52e` in the diagnostic of Active Directory (MS-ERREF 2.2, as hexadecimal). */
const bindReasons: Readonly<Record<string, string>> = {
  '525': 'the user does not exist',
  '52e': 'user or password is wrong',
  '530': 'the user may not log on at this time',
  '531': 'the user may not log on from this machine',
  '532': 'the password has expired',
  '533': 'the account is disabled',
  '701': 'the account has expired',
  '773': 'the password must be changed first',
  '775': 'the account is locked',
};

/** The size, time and administrative limits: what came before them is real, but not all. */
export const isLimit = (code: number): boolean => code === 3 || code === 4 || code === 11;

/** A result that is not success, as an error. `doing` is what was asked: `reading OU=People,...`. */
export function resultError(server: string, doing: string, result: LdapResult): RosterdError {
  return codeError(server, doing, result.code, result.diagnostic, result.referrals);
}

export function codeError(
  server: string,
  doing: string,
  resultCode: number,
  diagnostic: string,
  referrals: readonly string[] = [],
): RosterdError {
  const isAnonymousRefusal = resultCode === 1 && /without authentication|successful bind must/iu.test(diagnostic);
  const code = isAnonymousRefusal ? 'source-permission' : (resultCodes[resultCode] ?? 'source-refused');
  const reason =
    bindReasons[/\bdata (?<data>[0-9a-f]{3,8})\b/iu.exec(diagnostic)?.groups?.['data']?.toLowerCase() ?? ''];
  const said = [
    resultCode === 49 ? reason : undefined,
    referrals.length > 0 ? `another server holds it: ${referrals.join(', ')}` : undefined,
    diagnostic === '' ? undefined : `the server says: ${diagnostic}`,
  ].filter((part) => part !== undefined);
  return new RosterdError(
    code,
    `${server}: ${doing} ended with LDAP result ${resultCode}${said.map((part) => `; ${part}`).join('')}`,
    {
      subject: server,
      detail: { resultCode },
    },
  );
}

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

/** An error of the network, of TLS or of the decoder. */
export function connectionError(server: string, error: unknown, phase: ConnectionPhase): RosterdError {
  if (error instanceof RosterdError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const because = (catalogueCode: ErrorCode): RosterdError =>
    new RosterdError(catalogueCode, `${server}: ${firstLine(message)}`, { subject: server, cause: error });
  if (error instanceof MalformedMessage) return because('source-protocol');
  if (untrusted.has(code)) return because('source-tls-untrusted');
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return because('source-tls-expired');
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return because('source-tls-hostname');
  if (unreachable.has(code)) return because(phase === 'open' ? 'source-connection-lost' : 'source-unreachable');
  if (phase === 'securing' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS'))
    return because('source-tls-failed');
  return because(phase === 'open' ? 'source-connection-lost' : 'source-unreachable');
}

const firstLine = (message: string): string => message.replace(/\s+/gu, ' ').trim().slice(0, 500);

export const timeoutError = (server: string, doing: string, ms: number): RosterdError =>
  new RosterdError('source-timeout', `${server}: ${doing} got no answer within ${ms} ms`, {
    subject: server,
    detail: { ms },
  });

export const interruptedError = (signal: AbortSignal): RosterdError =>
  signal.reason instanceof RosterdError
    ? signal.reason
    : new RosterdError('interrupted', 'the read was stopped from outside', { cause: signal.reason });
