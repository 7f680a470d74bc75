// The yardstick: ldapts reads the same entries and attributes in the same pages, and nothing is done with them.

import { readFileSync } from 'node:fs';
import { Client } from 'ldapts';
import { Stopwatch } from './measure.ts';
import {
  type Answer,
  groupAttributes,
  groupFilter,
  type ServerAccess,
  userAttributes,
  userFilter,
} from './protocol.ts';

const pageSize = 1_000;

export async function bareRead(server: ServerAccess): Promise<Answer> {
  const ca = [readFileSync(server.caFile)];
  const watch = new Stopwatch();
  const client = new Client({ url: server.url, timeout: 120_000, tlsOptions: { ca } });
  await client.bind(server.user, server.password);
  const users = await count(client, server.peopleDn, userFilter, [...userAttributes]);
  const groups = await count(client, server.groupsDn, groupFilter, [...groupAttributes]);
  await client.unbind();
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

async function count(client: Client, base: string, filter: string, attributes: string[]): Promise<number> {
  let entries = 0;
  // A time limit of 0 is the server's own; ldapts's default of 10 s ends a large read.
  for await (const page of client.searchPaginated(base, {
    scope: 'sub',
    filter,
    attributes,
    explicitBufferAttributes: ['objectGUID', 'objectSid'],
    timeLimit: 0,
    paged: { pageSize },
  })) {
    entries += page.searchEntries.length;
  }
  return entries;
}
