// The connector without the daemon: what connection, paging, decoding and proof of completeness cost.

import { activeDirectory } from '../../connectors/active-directory/index.ts';
import { Stopwatch } from './measure.ts';
import { type Answer, type ServerAccess, userAttributes } from './protocol.ts';

export async function connectorRead(server: ServerAccess): Promise<Answer> {
  const settings = activeDirectory.settingsSchema.parse({
    connection: {
      servers: [server.url],
      tls: { caFile: server.caFile },
      bind: { user: server.user, password: server.password },
    },
    users: { base: server.peopleDn },
    groups: { base: server.groupsDn },
  });
  // What the mapping of bench-config.ts reads; id, status and expiry are asked for by the connector itself.
  const account = userAttributes.slice(5).map((name) => name.toLowerCase());
  const connector = activeDirectory.create(settings, { account: ['samaccountname', ...account] });
  const watch = new Stopwatch();
  let users = 0;
  let groups = 0;
  for await (const event of connector.read({ mode: 'full' }, AbortSignal.timeout(600_000))) {
    if (event.kind === 'page') {
      users += event.page.accounts.length;
      groups += event.page.groups.length;
    } else if (event.kind === 'outcome' && event.outcome.kind !== 'complete') {
      throw new Error(`the read is ${event.outcome.kind}: ${event.outcome.because}`);
    }
  }
  const lap = watch.lap();
  return {
    figures: watch.figures([lap]),
    read: { users, groups },
    phases: { reading: lap },
    afterRead: undefined,
    openMs: undefined,
    run: undefined,
  };
}
