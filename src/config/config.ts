// The loaded configuration: everything checked, every default filled in, paths absolute, secrets still references.

import type { SourceName } from '../model/ids.ts';
import type { Policy, RoleCatalogue, SourcePolicy, ValidationPolicy } from '../model/policy.ts';
import type { SourceSchedule } from '../model/schedule.ts';
import type { NoticeTarget } from '../sync/ports/daemon.ts';
import type { ConfigProblem } from './problem.ts';

/** Where a secret is, never the secret itself. */
export type SecretRef = { readonly env: string } | { readonly file: string };

export type StoreConfig =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** The whole connection URL is a secret, because it holds the password. */
  | { readonly kind: 'postgresql'; readonly url: SecretRef };

export interface LogConfig {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly format: 'json' | 'text';
}

export interface RetentionConfig {
  /** Payloads of audit entries older than this may be erased (hash and tombstone stay); undefined keeps them for ever. */
  readonly auditPayloadsMs: number | undefined;
  /** Runs and their plans older than this may be deleted. */
  readonly runsMs: number;
}

/** The daemon (`rosterd serve`). */
export interface ServeConfig {
  /** Where /livez, /readyz and /metrics answer; undefined: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** A stop that takes longer ends the process hard. */
  readonly stopWithinMs: number;
}

/** Where notices go. */
export type NotifyConfig = NoticeTarget &
  (
    | {
        readonly type: 'smtp';
        readonly host: string;
        readonly port: number;
        /** `starttls` is required, never opportunistic. */
        readonly tls: 'implicit' | 'starttls' | 'off';
        /** Absolute. */
        readonly caFile?: string;
        readonly login?: { readonly user: string; readonly password: SecretRef };
        readonly from: string;
        readonly to: readonly string[];
      }
    | {
        readonly type: 'webhook';
        /** Text, or a secret: the addresses of some services are passwords. */
        readonly url: string | SecretRef;
        /** Signs each message (standardwebhooks.com). */
        readonly secret: SecretRef;
        readonly caFile?: string;
      }
  );

/** A secret of a source: where it belongs in the settings, and where it is. */
export interface SettingSecret {
  readonly path: readonly string[];
  readonly ref: SecretRef;
}

/** What people know a secret by: `connection.bind.password of source ad-hq`. */
export const secretName = (source: SourceName, path: readonly string[]): string =>
  `${path.join('.')} of source ${source}`;

/** The same for a target of notices: `secret of notify target on-call`. */
export const targetSecretName = (target: string, path: readonly string[]): string =>
  `${path.join('.')} of notify target ${target}`;

/** A reference to a secret anywhere in the file, with its place. */
export interface SecretUse {
  readonly ref: SecretRef;
  readonly what: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

export interface SourceConfig {
  readonly name: SourceName;
  /** The connector type, e.g. `active-directory`. */
  readonly type: string;
  /** The connector's own keys as written, files absolute, secrets left out: resolveSettings makes what `create` takes. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: readonly SettingSecret[];
  readonly policy: SourcePolicy;
  /** Absent: only on demand. */
  readonly schedule?: SourceSchedule;
}

export interface Config {
  /** Absolute. Relative paths of the file are resolved against its folder. */
  readonly path: string;
  readonly store: StoreConfig;
  /** With the place where the file says so. */
  readonly audit: {
    readonly keyFile: string;
    readonly line: number;
    readonly column: number;
    /** When the daemon proves the whole log; undefined: never by itself. */
    readonly verify: { readonly cron: string; readonly timeZone: string } | undefined;
  };
  readonly serve: ServeConfig;
  readonly notify: readonly NotifyConfig[];
  readonly log: LogConfig;
  readonly retention: RetentionConfig;
  readonly sources: readonly SourceConfig[];
  readonly precedence: Policy['precedence'];
  readonly mainTeam: Policy['mainTeam'];
  readonly roles: RoleCatalogue;
  readonly protected: Policy['protected'];
  readonly validation: ValidationPolicy;
  readonly secrets: readonly SecretUse[];
  /** What does not keep rosterd from starting, e.g. TLS off. */
  readonly warnings: readonly ConfigProblem[];
}
