// From what a server, a socket or TLS says to the catalogue of errors.
// Invariant: every failure of this connector leaves it as a RosterdError, and no message carries a password.

import { type ErrorCode, RosterdError } from '../../src/model/errors.ts';
import { type ConnectionPhase, firstLine, connectionError as networkError } from '../network-failures.ts';
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

/** An error of the network, of TLS or of the decoder. */
export function connectionError(server: string, error: unknown, phase: ConnectionPhase): RosterdError {
  if (!(error instanceof MalformedMessage)) return networkError(server, error, phase);
  return new RosterdError('source-protocol', `${server}: ${firstLine(error.message)}`, {
    subject: server,
    cause: error,
  });
}
