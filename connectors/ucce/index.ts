// The connector for Cisco UCCE and PCCE as the registry knows it.

import type { ConnectorType } from '../connector-type.ts';
import { httpFilePaths, httpSecretPaths } from '../http-source.ts';
import { UcceConnector } from './connector.ts';
import { defaults } from './defaults.ts';
import { settingsSchema, type UcceSettings, warningsOf } from './settings.ts';

export const ucce: ConnectorType<UcceSettings> = {
  type: 'ucce',
  title: 'Cisco UCCE, PCCE',
  idStability: 'immutable',
  capabilities: { groups: true, delta: false, confirmById: true, accountStatus: true, supervisors: true },
  settingsSchema,
  settingKeys: ['connection', 'instance', 'agents', 'teamsFrom', 'ignoreRole', 'witnesses', 'expectAtLeast'],
  secretPaths: httpSecretPaths,
  filePaths: httpFilePaths,
  defaults: () => defaults,
  warnings: warningsOf,
  create: (settings, wanted) => new UcceConnector(settings, wanted),
};
