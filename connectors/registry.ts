// The kinds of sources that rosterd knows. The only door to the connectors: configuration and composition root import this.

import { activeDirectory } from './active-directory/index.ts';
import type { ConnectorType } from './connector-type.ts';
import { ucce } from './ucce/index.ts';
import { uccx } from './uccx/index.ts';

export type {
  ConnectorCapabilities,
  ConnectorType,
  SettingPath,
  SourceDefaults,
  WantedAttributes,
} from './connector-type.ts';

export const connectorTypes: readonly ConnectorType[] = [activeDirectory, uccx, ucce];

/** The kind with this `type`, or undefined: the caller names the nearest known one. */
export const connectorType = (type: string): ConnectorType | undefined =>
  connectorTypes.find((candidate) => candidate.type === type);
