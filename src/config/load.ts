// From the text of the file to the configuration, or to all its problems at once.

import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { RosterdError } from '../model/errors.ts';
import { asSourceName } from '../model/ids.ts';
import type { RoleCatalogue } from '../model/policy.ts';
import { type CheckCron, checkSchedules } from './check-schedules.ts';
import {
  type Config,
  type NotifyConfig,
  type SecretUse,
  type SourceConfig,
  type StoreConfig,
  secretName,
  targetSecretName,
} from './config.ts';
import type { ConnectorType } from './connector-type.ts';
import { type ConfigDocument, type ConfigPath, maxFileBytes, type Place, parseConfigDocument } from './document.ts';
import { type Complaint, checkWith } from './issues.ts';
import { readNotifyBlock, secretsOf } from './notify-block.ts';
import { ConfigInvalidError, type ConfigProblem, inFileOrder } from './problem.ts';
import { checkReferences } from './references.ts';
import { defaultRoles, type FileSettings, fileSchema } from './schema-file.ts';
import { parseDuration } from './schema-values.ts';
import { isSection, valueAt } from './sections.ts';
import { absoluteIn, readSourceBlock } from './source-block.ts';

/** Nobody mends more at once, and each place costs a walk through the file. */
const maxProblems = 500;

export interface LoadOptions {
  readonly connectorTypes: readonly ConnectorType[];
  readonly checkCron: CheckCron;
}

/** `['sources', 0, 'my key']` -> `sources[0]["my key"]`. */
export function pathText(path: ConfigPath): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(step)
      ? `.${step}`
      : `[${JSON.stringify(step.length > 80 ? `${step.slice(0, 80)}...` : step)}]`;
  });
  return steps.join('').replace(/^\./u, '');
}

function placer(document: ConfigDocument, file: string) {
  return (severity: ConfigProblem['severity']) =>
    ({ path, at, message }: Complaint): ConfigProblem => {
      const place = at === 'key' ? document.keyAt(path) : document.valueAt(path);
      return { severity, file, line: place.line, column: place.column, path: pathText(path), message };
    };
}

function compileRoles(own: FileSettings['roles']): RoleCatalogue {
  const compiled = Object.entries(own).map(
    ([role, effective]) => [role, effective === null ? null : { effective }] as const,
  );
  const all = Object.entries({ ...defaultRoles, ...Object.fromEntries(compiled) });
  return Object.fromEntries(all.flatMap(([role, entry]) => (entry === null ? [] : [[role, entry]])));
}

function compileStore(store: StoreConfig, directory: string): StoreConfig {
  if (store.kind === 'sqlite') return { kind: 'sqlite', path: absoluteIn(directory, store.path) };
  return 'file' in store.url ? { kind: 'postgresql', url: { file: absoluteIn(directory, store.url.file) } } : store;
}

interface Uses {
  readonly store: StoreConfig;
  readonly sources: readonly SourceConfig[];
  readonly notify: readonly NotifyConfig[];
}

/** Every secret that the file refers to, with its place. */
function secretUses({ store, sources, notify }: Uses, placeOf: (path: ConfigPath) => Place): readonly SecretUse[] {
  const ofSources = sources.flatMap(({ name, secrets }, index) =>
    secrets.map(({ path, ref }) => ({ path: ['sources', index, ...path], ref, what: secretName(name, path) })),
  );
  const ofTargets = notify.flatMap((target, index) =>
    secretsOf(target).map(({ path, ref }) => ({
      path: ['notify', index, ...path],
      ref,
      what: targetSecretName(target.name, path),
    })),
  );
  const ofStore =
    store.kind === 'postgresql' ? [{ path: ['store', 'postgresql'], ref: store.url, what: 'store.postgresql' }] : [];
  return [...ofStore, ...ofTargets, ...ofSources].map(({ path, ref, what }) => ({
    path: pathText(path),
    ref,
    what,
    ...placeOf(path),
  }));
}

interface Parts {
  /** Absolute. */
  readonly path: string;
  readonly settings: FileSettings;
  readonly sources: readonly SourceConfig[];
  readonly notify: readonly NotifyConfig[];
  readonly warnings: readonly ConfigProblem[];
  readonly placeOf: (path: ConfigPath) => Place;
}

function assemble({ path, settings, sources, notify, warnings, placeOf }: Parts): Config {
  const directory = dirname(path);
  const store = compileStore(settings.store, directory);
  const { auditPayloads, runs } = settings.retention;
  const { keyFile, verify } = settings.audit;
  const precedence = Object.entries(settings.precedence).flatMap(([field, names]) =>
    names === undefined ? [] : [[field, names.map(asSourceName)]],
  );
  return {
    path,
    store,
    audit: {
      keyFile: absoluteIn(directory, keyFile),
      ...placeOf(['audit', 'keyFile']),
      verify: verify === 'off' ? undefined : { cron: verify.at, timeZone: verify.timeZone },
    },
    serve: { listen: settings.serve.listen, stopWithinMs: settings.serve.stopWithin },
    notify,
    log: settings.log,
    retention: {
      auditPayloadsMs: auditPayloads === 'forever' ? undefined : parseDuration(auditPayloads),
      runsMs: runs,
    },
    sources,
    precedence: Object.fromEntries(precedence),
    mainTeam: settings.mainTeam,
    roles: compileRoles(settings.roles),
    protected: settings.protected,
    validation: settings.validation,
    secrets: secretUses({ store, sources, notify }, placeOf),
    warnings,
  };
}

interface Block {
  readonly complaints: readonly Complaint[];
  readonly warnings: readonly Complaint[];
}

/** Reads each entry of a list whose entries have schemas of their own; complaints get their places in the whole file. */
function readBlocks<Kind extends Block>(
  file: unknown,
  key: 'sources' | 'notify',
  read: (value: unknown) => Kind,
): readonly Kind[] {
  const written = valueAt(file, [key]);
  return (Array.isArray(written) ? written : []).map((value, index) => {
    const block = read(value);
    const inFile = (complaint: Complaint): Complaint => ({ ...complaint, path: [key, index, ...complaint.path] });
    return { ...block, complaints: block.complaints.map(inFile), warnings: block.warnings.map(inFile) };
  });
}

/** Why the value of a whole file is none. */
const notASection = (value: unknown): Complaint => ({
  path: [],
  at: 'value',
  message:
    value === null
      ? 'is empty; `rosterd init` writes one to start from'
      : 'must be a section with keys like version and sources',
});

/** The same as loadConfig for a text that is at hand; `file` names it in problems, and its folder is where relative paths start. */
export function parseConfig(
  text: string,
  { file, connectorTypes, checkCron }: LoadOptions & { readonly file: string },
): Config {
  const document = parseConfigDocument(text);
  const path = resolve(file);
  const broken = document.problems.map(
    (problem): ConfigProblem => ({ ...problem, file, path: pathText(problem.path) }),
  );
  if (document.value === undefined) throw new ConfigInvalidError(file, inFileOrder(broken));
  const place = placer(document, file);
  const value = document.value;
  if (!isSection(value)) throw new ConfigInvalidError(file, [...broken, place('error')(notASection(value))]);
  const directory = dirname(path);
  const checked = checkWith(fileSchema, value);
  const settings = checked.kind === 'valid' ? checked.output : undefined;
  const sources = readBlocks(value, 'sources', (entry) => readSourceBlock(entry, connectorTypes, directory));
  const notify = readBlocks(value, 'notify', (entry) => readNotifyBlock(entry, directory));
  const complaints = [
    ...(checked.kind === 'invalid' ? checked.complaints : []),
    ...[...sources, ...notify].flatMap((block) => block.complaints),
    ...checkSchedules(value, checkCron),
    ...checkReferences(value),
  ];
  const warnings = [...sources, ...notify].flatMap((block) => block.warnings).map(place('warning'));
  const errors = [...broken, ...complaints.slice(0, maxProblems).map(place('error'))];
  if (settings === undefined || errors.length > 0)
    throw new ConfigInvalidError(file, inFileOrder([...errors, ...warnings]));
  return assemble({
    path,
    settings,
    sources: sources.flatMap(({ source }) => source ?? []),
    notify: notify.flatMap(({ target }) => target ?? []),
    warnings: inFileOrder(warnings),
    placeOf: document.keyAt,
  });
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const message = 'is not UTF-8 text; save it as UTF-8 (Windows editors may have written UTF-16)';
    throw new ConfigInvalidError(file, [{ severity: 'error', file, line: 1, column: 1, path: '', message }], { cause });
  }
}

async function readConfigFile(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    // Asked before reading, so that a path to a disk image or a log is refused and not loaded.
    if (size > maxFileBytes) {
      const message = `is larger than ${maxFileBytes / 1024 / 1024} MiB`;
      throw new ConfigInvalidError(path, [{ severity: 'error', file: path, line: 1, column: 1, path: '', message }]);
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof RosterdError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    const because =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : `cannot be read (${code ?? 'unknown'})`;
    throw new RosterdError('config-not-found', `the configuration file ${path} ${because}`, { subject: path, cause });
  }
}

/** Throws RosterdError `config-not-found`, or ConfigInvalidError with all problems. Secrets are not resolved. */
export async function loadConfig(path: string, options: LoadOptions): Promise<Config> {
  return parseConfig(decode(await readConfigFile(path), path), { file: path, ...options });
}
