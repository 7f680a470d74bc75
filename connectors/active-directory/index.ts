// The Active Directory connector (and, by preset, OpenLDAP) as the registry knows it.

import type { ConnectorType } from '../connector-type.ts';
import { AdConnector } from './connector.ts';
import { defaultsOf } from './preset.ts';
import { type AdSettings, settingsSchema, tlsModeOf } from './settings.ts';

export const activeDirectory: ConnectorType<AdSettings> = {
  type: 'active-directory',
  title: 'Active Directory, OpenLDAP',
  idStability: 'immutable',
  capabilities: { groups: true, delta: false, confirmById: true, accountStatus: true, supervisors: false },
  settingsSchema,
  settingKeys: ['preset', 'connection', 'users', 'groups', 'witnesses', 'expectAtLeast'],
  secretPaths: [['connection', 'bind', 'password']],
  filePaths: [['connection', 'tls', 'caFile']],
  defaults: defaultsOf,
  warnings: (settings) =>
    settings.connection.servers
      .filter((server) => tlsModeOf(settings.connection, server) === 'off')
      .map(
        (server) =>
          `${server} is used without TLS: the password and all data cross the network in clear text. Use ldaps:// or tls.mode: starttls.`,
      ),
  create: (settings, wanted) => new AdConnector(settings, wanted),
};
