// What every kind of connector tells the configuration and the composition root about itself.
// Invariant: everything here works offline; only a created Connector opens a connection.

import { z } from 'zod';
import type { Connector } from '../src/connector.ts';
import type { CorrelationKey, SourceMapping, SourcePolicy } from '../src/model/policy.ts';

/** What a source of this kind does unless its configuration says otherwise. */
export interface SourceDefaults {
  readonly lifecycle: SourcePolicy['lifecycle'];
  readonly correlation: readonly CorrelationKey[];
  readonly mapping: SourceMapping;
  /** Reads that must agree before an absence is believed: 2 where the source cannot be asked by id. */
  readonly confirmReads: number;
  readonly createUsers: boolean;
  readonly teamsFrom: 'none' | 'groups';
}

export interface ConnectorCapabilities {
  readonly groups: boolean;
  readonly delta: boolean;
  /** A missing record can be asked for by its id, and "absent" told from "out of scope". */
  readonly confirmById: boolean;
  readonly accountStatus: boolean;
  readonly supervisors: boolean;
}

/** What the daemon wants to see of each record beyond id, name and status: the attributes that the mapping and the role rules read. */
export interface WantedAttributes {
  readonly account: readonly string[];
  readonly group?: readonly string[];
}

/** Where a setting stands inside the source's block: `['connection', 'bind', 'password']`. */
export type SettingPath = readonly string[];

export interface ConnectorType<Settings = unknown> {
  /** The `type` of a source in the configuration. */
  readonly type: string;
  readonly title: string;
  readonly idStability: Connector['idStability'];
  readonly capabilities: ConnectorCapabilities;
  /** Strict. Input: the keys `settingKeys` of the source's block, secrets already resolved to strings. No IO. */
  readonly settingsSchema: z.ZodType<Settings>;
  /** The keys of the source's block that belong to `settingsSchema`; all other keys are the daemon's. */
  readonly settingKeys: readonly string[];
  /** In the file a reference (`{ env }`, `{ file }`), in `settingsSchema` a string. */
  readonly secretPaths: readonly SettingPath[];
  /** Names of files; the loader makes them absolute against the folder of the configuration. */
  readonly filePaths: readonly SettingPath[];
  defaults(settings: Settings): SourceDefaults;
  /** Settings that are allowed but deserve a line at every start, e.g. LDAP without TLS. */
  warnings(settings: Settings): readonly string[];
  /** Opens nothing yet. */
  create(settings: Settings, wanted: WantedAttributes): Connector;
}

/** A secret in a settings schema. The mark lets the JSON schema of the file ask for a reference instead of a value. */
export const secret = () => z.string().min(1).meta({ secret: true });

/** The name of a file in a settings schema. */
export const filePath = () => z.string().min(1).meta({ file: true });
