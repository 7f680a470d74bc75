// What the configuration must know of a kind of source. The registry of the connectors has it and src/compose.ts hands it in,
// because configuration must not import connectors: so this states the part of their ConnectorType that is used here.

import type { z } from 'zod';
import type { CorrelationKey, SourceMapping, SourcePolicy } from '../model/policy.ts';

export interface ConnectorType {
  /** The `type` of a source, e.g. `active-directory`. */
  readonly type: string;
  readonly idStability: SourcePolicy['idStability'];
  /** Strict. Input: the keys `settingKeys` of the source's block, secrets already resolved to text. No IO. */
  readonly settingsSchema: z.ZodType;
  /** The keys of a source's block that belong to the connector; all others are those of schema-source.ts. */
  readonly settingKeys: readonly string[];
  /** In the file a reference (`{ env }`, `{ file }`), in `settingsSchema` text. */
  readonly secretPaths: readonly (readonly string[])[];
  /** Names of files; made absolute against the folder of the configuration. */
  readonly filePaths: readonly (readonly string[])[];
  /** What a source does when its block does not say; `settings` as `settingsSchema` gives them. */
  defaults(settings: unknown): {
    readonly lifecycle: SourcePolicy['lifecycle'];
    readonly correlation: readonly CorrelationKey[];
    readonly mapping: SourceMapping;
    readonly confirmReads: number;
    readonly createUsers: boolean;
    readonly teamsFrom: SourcePolicy['teams']['from'];
  };
  /** Settings that are allowed but deserve a line at every start, e.g. LDAP without TLS. */
  warnings(settings: unknown): readonly string[];
}
