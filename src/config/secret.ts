// Secrets: read as late as possible, from where the configuration says they are.
// Invariant: a value is text exactly as it was stored (no number, no trimming but one line end of a file) and is in no message.

import { readFile, stat } from 'node:fs/promises';
import { RosterdError } from '../model/errors.ts';
import { type Config, type SecretRef, type SourceConfig, secretName } from './config.ts';
import type { ConnectorType } from './connector-type.ts';
import { environmentVariable } from './environment.ts';
import { checkWith } from './issues.ts';
import { ConfigInvalidError, type ConfigProblem } from './problem.ts';
import { withValueAt } from './sections.ts';

/** A connection URL or a password is short; more than this is the wrong file. */
const maxSecretBytes = 64 * 1024;

/** A file system that is asleep may take seconds. */
const readWithinMs = 10_000;
const hangText = `could not be read within ${readWithinMs / 1_000} s: its file system does not answer, or it is a pipe that nobody writes to`;

const refText = (ref: SecretRef): string => ('env' in ref ? `the variable ${ref.env}` : `the file ${ref.file}`);

function missing(ref: SecretRef, what: string, because: string, cause?: unknown): RosterdError {
  const detail = 'env' in ref ? { key: what, env: ref.env } : { key: what, file: ref.file };
  return new RosterdError('secret-missing', `${what}: ${refText(ref)} ${because}`, { subject: what, detail, cause });
}

function fileTrouble(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by the user that runs rosterd';
    case 'EISDIR':
      return 'is a folder';
    default:
      return 'cannot be read';
  }
}

/** A read that hangs keeps its thread for good, and Node has four for all files and names: the next one waits for the same read. */
const readsUnderWay = new Map<string, Promise<Uint8Array | 'too large'>>();

function bytesOf(file: string): Promise<Uint8Array | 'too large'> {
  const known = readsUnderWay.get(file);
  if (known !== undefined) return known;
  const read = readSmall(file).finally(() => readsUnderWay.delete(file));
  readsUnderWay.set(file, read);
  return read;
}

async function readSmall(file: string): Promise<Uint8Array | 'too large'> {
  const { size } = await stat(file);
  return size > maxSecretBytes ? 'too large' : readFile(file);
}

async function bytesInTime(file: string): Promise<Uint8Array | 'too large' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, readWithinMs, 'late');
  });
  try {
    return await Promise.race([bytesOf(file), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readSecretFile(ref: { readonly file: string }, what: string): Promise<string> {
  const bytes = await bytesInTime(ref.file).catch((error: unknown) => {
    throw missing(ref, what, fileTrouble(error), error);
  });
  if (bytes === 'too large') throw missing(ref, what, 'is too large to be a secret');
  if (bytes === 'late') throw missing(ref, what, hangText);
  try {
    // Editors and `echo` end a file with one line end that is not part of the secret; more than one was meant.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/u, '');
  } catch (error) {
    throw missing(ref, what, 'is not UTF-8 text', error);
  }
}

/**
 * The secret as text. `what` names the key for people: `connection.bind.password of source ad-hq`.
 * Throws RosterdError `secret-missing` when the variable or file is not there, not readable (in time) or empty.
 */
export async function resolveSecret(ref: SecretRef, what: string): Promise<string> {
  const value = 'env' in ref ? environmentVariable(ref.env) : await readSecretFile(ref, what);
  if (value === undefined) throw missing(ref, what, 'is not set');
  if (value === '') throw missing(ref, what, 'is empty');
  return value;
}

/** What the connector's `create` takes: the settings with their secrets, parsed by its own schema. */
export async function resolveSettings(source: SourceConfig, type: ConnectorType): Promise<unknown> {
  let settings = source.settings;
  for (const { path, ref } of source.secrets) {
    settings = withValueAt(settings, path, await resolveSecret(ref, secretName(source.name, path)));
  }
  const checked = checkWith(type.settingsSchema, settings);
  if (checked.kind === 'valid') return checked.output;
  // The rest was checked when the file was loaded: only a secret can be wrong now (e.g. a URL that is none).
  const problems = checked.complaints.map(
    ({ path, message }): ConfigProblem => ({
      severity: 'error',
      file: source.name,
      line: 1,
      column: 1,
      path: path.join('.'),
      message,
    }),
  );
  throw new ConfigInvalidError(source.name, problems);
}

async function inspect(ref: SecretRef, what: string): Promise<string | undefined> {
  try {
    await resolveSecret(ref, what);
  } catch (error) {
    if (error instanceof RosterdError) return error.message;
    throw error;
  }
  if ('env' in ref) return undefined;
  const { mode } = await stat(ref.file);
  // Windows has no such bits; node shows 0666 there for every file.
  const isOpen = process.platform !== 'win32' && (mode & 0o004) !== 0;
  return isOpen
    ? `${what}: the file ${ref.file} can be read by every user of this machine; take that right away (chmod o-r)`
    : undefined;
}

/**
 * A warning when the audit key is open to anybody but its owner, group included: who reads it can forge the log, and only
 * rosterd has to. A key that is missing is told of where it is needed.
 */
export async function inspectAuditKey({ path: file, audit }: Config): Promise<ConfigProblem | undefined> {
  const { keyFile, line, column } = audit;
  const mode = await stat(keyFile).then(
    (found) => found.mode & 0o777,
    () => 0,
  );
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined;
  const message = `the file ${keyFile} has the mode 0${mode.toString(8).padStart(3, '0')}, so others than its owner can reach the key and forge the audit log; take those rights away (chmod 600)`;
  return { severity: 'warning', file, line, column, path: 'audit.keyFile', message };
}

/** Looks at the audit key and every secret that the configuration refers to; the values are read and forgotten. Warnings only. */
export async function inspectSecrets(config: Config): Promise<readonly ConfigProblem[]> {
  const key = await inspectAuditKey(config);
  const problems: ConfigProblem[] = key === undefined ? [] : [key];
  for (const { ref, what, path, line, column } of config.secrets) {
    const message = await inspect(ref, what);
    if (message !== undefined) problems.push({ severity: 'warning', file: config.path, line, column, path, message });
  }
  return problems;
}
