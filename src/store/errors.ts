// Turns what Prisma, SQLite and PostgreSQL throw into the errors of the one catalogue.
// Messages name the file or the host, never a password; what nobody expects stays as it is, with its stack.

import { type ErrorCode, RosterdError } from '../model/errors.ts';

interface DriverFacts {
  /** SQLITE_FULL, 28P01, ECONNREFUSED, P1001, ... whatever the layers named. */
  readonly codes: readonly string[];
  readonly message: string;
}

/** A RosterdError for an expected failure of the store at `place`; any other error unchanged. */
export function toStoreError(error: unknown, place: string): unknown {
  if (error instanceof RosterdError || !(error instanceof Error)) return error;
  const facts = driverFacts(error);
  for (const code of facts.codes) {
    const known = knownCode(code);
    if (known !== undefined) return describe(known, facts, place, error);
  }
  if (/readonly database|read-only/i.test(facts.message)) return describe('store-read-only', facts, place, error);
  if (/file is not a database|malformed/i.test(facts.message)) return describe('store-corrupt', facts, place, error);
  if (/unable to open database file/i.test(facts.message) || brokenConnection.test(facts.message))
    return describe('store-unreachable', facts, place, error);
  return isFromDriver(error, facts) ? describe('store-failed', facts, place, error) : error;
}

/** What the PostgreSQL driver says, without any code, when a connection is not made in time, or breaks. */
const brokenConnection =
  /^(?:Connection terminated|Client (?:has encountered a connection error|was closed)|timeout exceeded when trying to connect|timeout expired|The server does not support SSL|Transaction API error: Unable to start a transaction in the given time)/i;

export function hasCode(error: unknown, code: ErrorCode): error is RosterdError {
  return error instanceof RosterdError && error.code === code;
}

function driverFacts(error: Error): DriverFacts {
  const codes: string[] = [];
  let message = error.message;
  let current: unknown = error;
  for (let depth = 0; depth < 6 && typeof current === 'object' && current !== null; depth++) {
    const layer = current as Record<string, unknown>;
    for (const name of ['originalCode', 'code', 'kind']) if (typeof layer[name] === 'string') codes.push(layer[name]);
    if (typeof layer['originalMessage'] === 'string') message = layer['originalMessage'];
    const meta = layer['meta'] as Record<string, unknown> | undefined;
    current = meta?.['driverAdapterError'] ?? layer['cause'];
  }
  // Prisma prints the whole call; its last line is the reason.
  return { codes, message: message.trim().split('\n').at(-1)?.trim() ?? message };
}

function knownCode(code: string): ErrorCode | undefined {
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'store-busy';
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM') return 'store-read-only';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return 'store-corrupt';
  if (code.startsWith('SQLITE_CANTOPEN')) return 'store-unreachable';
  // Class 08: connection exceptions. 57P0x: the server is going down or starting.
  if (/^08\w{3}$|^57P0\d$/.test(code)) return 'store-unreachable';
  return codes[code];
}

const codes: Readonly<Record<string, ErrorCode>> = {
  SQLITE_FULL: 'store-full',
  SQLITE_IOERR_WRITE: 'store-full',
  SQLITE_IOERR_SHMSIZE: 'store-full',
  '53100': 'store-full',
  '55P03': 'store-busy',
  '40001': 'store-busy',
  '40P01': 'store-busy',
  '53300': 'store-busy',
  // A statement took too long; the transaction did nothing for too long.
  '57014': 'store-unreachable',
  '25P03': 'store-unreachable',
  '28P01': 'store-unreachable',
  '28000': 'store-unreachable',
  '3D000': 'store-unreachable',
  '42501': 'store-read-only',
  '25006': 'store-read-only',
  ECONNREFUSED: 'store-unreachable',
  ECONNRESET: 'store-unreachable',
  ENOTFOUND: 'store-unreachable',
  ETIMEDOUT: 'store-unreachable',
  EAI_AGAIN: 'store-unreachable',
  P1000: 'store-unreachable',
  P1001: 'store-unreachable',
  P1002: 'store-unreachable',
  P1003: 'store-unreachable',
  P1017: 'store-unreachable',
  SocketTimeout: 'store-unreachable',
  TlsConnectionError: 'store-unreachable',
  ConnectionClosed: 'store-unreachable',
  DatabaseNotReachable: 'store-unreachable',
  AuthenticationFailed: 'store-unreachable',
  UniqueConstraintViolation: 'edit-conflict',
};

const headlines: Readonly<Partial<Record<ErrorCode, string>>> = {
  'store-busy': 'is locked by another process',
  'store-read-only': 'cannot be written',
  'store-full': 'has no space left',
  'store-corrupt': 'is damaged or not a rosterd database',
  'store-unreachable': 'cannot be reached',
  'store-failed': 'refused the request',
  'edit-conflict': 'already has such a row',
};

function describe(code: ErrorCode, facts: DriverFacts, place: string, cause: Error): RosterdError {
  // A username or e-mail address that somebody else took meanwhile is the one conflict that a person can cause.
  const isTaken = code === 'edit-conflict' && /username_key|email_key|teams.*name_key|name_key/.test(uniqueHint(cause));
  if (isTaken) {
    return new RosterdError('value-taken', `The database ${place} already has this name or address: ${facts.message}`, {
      subject: place,
      cause,
    });
  }
  return new RosterdError(code, `The database ${place} ${headlines[code] ?? 'failed'}: ${facts.message}`, {
    subject: place,
    detail: { driver: facts.codes.join(' ') },
    cause,
  });
}

function uniqueHint(error: unknown): string {
  const meta = (error as { meta?: unknown }).meta;
  const layer = (meta as { driverAdapterError?: { cause?: unknown } } | undefined)?.driverAdapterError?.cause;
  return `${(error as Error).message} ${JSON.stringify(layer ?? '')}`;
}

function isFromDriver(error: Error, facts: DriverFacts): boolean {
  if (error.name.startsWith('PrismaClient') || error.name === 'DriverAdapterError') return true;
  return facts.codes.some((code) => code.startsWith('SQLITE_'));
}
