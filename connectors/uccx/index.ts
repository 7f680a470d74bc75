// The Cisco UCCX connector as the registry knows it.

import type { MappingRule } from '../../src/model/policy.ts';
import type { ConnectorType, SourceDefaults } from '../connector-type.ts';
import { httpFilePaths, httpSecretPaths, httpWarnings } from '../http-source.ts';
import { UccxConnector } from './connector.ts';
import { clusterWarnings, settingsSchema, type UccxSettings } from './settings.ts';

const first = (...attributes: readonly string[]): MappingRule => ({ kind: 'first', attributes });

const defaults: SourceDefaults = {
  // UCCX does not say who is active.
  lifecycle: 'none',
  correlation: ['username', 'usernameWithoutDomain'],
  mapping: {
    fields: {
      username: first('userid'),
      firstName: first('firstname'),
      lastName: first('lastname'),
      displayName: { kind: 'template', template: '{firstname} {lastname}', attributes: ['firstname', 'lastname'] },
    },
    attributes: { extension: first('extension') },
  },
  confirmReads: 1,
  createUsers: true,
  teamsFrom: 'groups',
};

export const uccx: ConnectorType<UccxSettings> = {
  type: 'uccx',
  title: 'Cisco UCCX',
  idStability: 'reusable',
  capabilities: { groups: true, delta: false, confirmById: true, accountStatus: false, supervisors: true },
  settingsSchema,
  settingKeys: ['connection', 'cluster', 'witnesses', 'expectAtLeast', 'supervisorsOutside'],
  secretPaths: httpSecretPaths,
  filePaths: httpFilePaths,
  defaults: () => defaults,
  warnings: (settings) => [...httpWarnings(settings.connection), ...clusterWarnings(settings)],
  create: (settings, wanted) => new UccxConnector(settings, wanted),
};
