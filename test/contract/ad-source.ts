// Makes Active Directory connectors for tests, with short timeouts.
import { activeDirectory } from '../../connectors/active-directory/index.ts';
import type { AdSettings } from '../../connectors/active-directory/settings.ts';
import type { WantedAttributes } from '../../connectors/registry.ts';
import type { Connector } from '../../src/connector.ts';

export interface TestServer {
  readonly url: string;
  readonly caFile: string;
  readonly reader: { readonly user: string; readonly password: string };
}

export interface SourceChange {
  readonly connection?: object;
  readonly users?: object;
  readonly groups?: object;
  readonly [key: string]: unknown;
}

export function adSettings(server: TestServer, base: string, change: SourceChange = {}): AdSettings {
  const { connection, users, groups, ...more } = change;
  return activeDirectory.settingsSchema.parse({
    connection: {
      servers: [server.url],
      tls: { caFile: server.caFile },
      bind: server.reader,
      timeouts: { connectMs: 1_000, requestMs: 1_000, idleMs: 500 },
      pageSize: 10,
      ...connection,
    },
    users: { base, ...users },
    ...(groups === undefined ? {} : { groups: { base, ...groups } }),
    ...more,
  });
}

export const adConnector = (
  server: TestServer,
  base: string,
  change: SourceChange = {},
  wanted: WantedAttributes = { account: ['mail', 'description'] },
): Connector => activeDirectory.create(adSettings(server, base, change), wanted);
