// One target of notices in the file: its keys by its type, its secrets, and what of it deserves a warning.

import type { NotifyConfig, SecretRef } from './config.ts';
import type { ConfigPath } from './document.ts';
import { type Complaint, checkWith } from './issues.ts';
import { suggest } from './nearest.ts';
import { type smtpSchema, targetSchemas, type webhookSchema } from './schema-daemon.ts';
import { isSection } from './sections.ts';
import { absoluteIn } from './source-block.ts';

export interface NotifyBlock {
  /** Absent when something is wrong. */
  readonly target?: NotifyConfig;
  readonly complaints: readonly Complaint[];
  readonly warnings: readonly Complaint[];
}

/** A secret of a target: where it belongs in the target's block, and where it is. */
export interface TargetSecret {
  readonly path: readonly string[];
  readonly ref: SecretRef;
}

type Smtp = ReturnType<typeof smtpSchema.parse>;
type Webhook = ReturnType<typeof webhookSchema.parse>;

const defaultPorts = { implicit: 465, starttls: 587, off: 25 } as const;

const absoluteRef = (directory: string, ref: SecretRef): SecretRef =>
  'file' in ref ? { file: absoluteIn(directory, ref.file) } : ref;

const caFileOf = (directory: string, caFile: string | undefined): { readonly caFile?: string } =>
  caFile === undefined ? {} : { caFile: absoluteIn(directory, caFile) };

function compileSmtp({ port, login, caFile, ...rest }: Smtp, directory: string): NotifyConfig {
  return {
    ...rest,
    port: port ?? defaultPorts[rest.tls],
    ...caFileOf(directory, caFile),
    ...(login === undefined ? {} : { login: { user: login.user, password: absoluteRef(directory, login.password) } }),
  };
}

function compileWebhook({ url, secret, caFile, ...rest }: Webhook, directory: string): NotifyConfig {
  return {
    ...rest,
    url: typeof url === 'string' ? url : absoluteRef(directory, url),
    secret: absoluteRef(directory, secret),
    ...caFileOf(directory, caFile),
  };
}

function warningsOf(target: NotifyConfig): readonly Complaint[] {
  const warn = (path: ConfigPath, message: string): readonly Complaint[] => [{ path, at: 'value', message }];
  if (target.type === 'webhook') {
    const isPlain = typeof target.url === 'string' && /^http:/iu.test(target.url);
    return isPlain
      ? warn(['url'], 'is not encrypted (http): everybody on the way can read the notices; use https')
      : [];
  }
  if (target.tls !== 'off') return [];
  return target.login === undefined
    ? warn(['tls'], 'TLS is off: everybody on the way to the mail server can read the notices')
    : warn(
        ['tls'],
        `TLS is off: the password of the user ${target.login.user} crosses the network in clear text with every mail; use starttls or implicit`,
      );
}

/** The secrets that a target refers to. */
export function secretsOf(target: NotifyConfig): readonly TargetSecret[] {
  if (target.type === 'smtp')
    return target.login === undefined ? [] : [{ path: ['login', 'password'], ref: target.login.password }];
  const url = typeof target.url === 'string' ? [] : [{ path: ['url'], ref: target.url }];
  return [...url, { path: ['secret'], ref: target.secret }];
}

/** Checks one entry of `notify`; `directory` is the folder that relative file names start from. Paths are inside the entry. */
export function readNotifyBlock(value: unknown, directory: string): NotifyBlock {
  const fail = (...complaints: readonly Complaint[]): NotifyBlock => ({ complaints, warnings: [] });
  if (!isSection(value))
    return fail({ path: [], at: 'value', message: 'must be a section with keys like name and type' });
  const known = Object.keys(targetSchemas);
  const type = value['type'];
  if (type === undefined) return fail({ path: ['type'], at: 'key', message: `is missing; known: ${known.join(', ')}` });
  if (type !== 'smtp' && type !== 'webhook')
    return fail({
      path: ['type'],
      at: 'value',
      message: `is not a known type of target${suggest(String(type), known)}`,
    });
  let target: NotifyConfig;
  if (type === 'smtp') {
    const checked = checkWith(targetSchemas.smtp, value);
    if (checked.kind === 'invalid') return fail(...checked.complaints);
    target = compileSmtp(checked.output, directory);
  } else {
    const checked = checkWith(targetSchemas.webhook, value);
    if (checked.kind === 'invalid') return fail(...checked.complaints);
    target = compileWebhook(checked.output, directory);
  }
  return { target, complaints: [], warnings: warningsOf(target) };
}
