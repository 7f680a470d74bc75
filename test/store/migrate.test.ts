// What a migration writes into rows that are there already, on both stores.

import { afterEach, expect, it } from 'vitest';
import { localNameOf } from '../../src/model/keys.ts';
import { connections } from '../../src/store/clients.ts';
import { applyMigrations, readMigrations } from '../../src/store/migrate.ts';
import { WriteQueue } from '../../src/store/write-queue.ts';
import { describeStores } from './stores.ts';

const logins = [
  'ann',
  'ann@corp.example',
  'corp\\ann',
  'a\\b\\ann@x',
  '@ann',
  'corp\\@ann',
  'ann@a@b',
  "o'hara\\",
  'žofie@x',
];

describeStores('an upgrade', (stores) => {
  const queues: WriteQueue[] = [];
  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close();
  });

  /** A database as version 1 left it, with an account and a user of each login, and one of none. */
  async function asBefore(): Promise<WriteQueue> {
    const { dialect, place, makeWriter } = connections(await stores.fresh(), 5_000);
    const queue = new WriteQueue({ open: makeWriter, dialect, place, busyTimeoutMs: 5_000 });
    queues.push(queue);
    const before = readMigrations(stores.kind).filter(({ name }) => name < '0003');
    await applyMigrations(queue, before, stores.clock);
    await queue.run(async (sql) => {
      for (const [key, login] of [...logins, null].entries()) {
        await sql.run(
          `INSERT INTO mirror_accounts (key, source, external_id, name, name_key, status, attributes, unread, digest, presence, username_key)
           VALUES ($1, 'hq', $2, 'x', 'x', 'enabled', '{}', '[]', 'd', 'present', $3)`,
          key,
          String(key),
          login,
        );
        await sql.run(
          `INSERT INTO users (id, origin, username, username_key, fields, enabled, activated, created_at)
           VALUES ($1, 'hq', 'x', $2, '{}', 1 = 1, 1 = 1, '2026-11-01T08:00:00.000Z')`,
          key,
          login,
        );
      }
    });
    return queue;
  }

  it('finds whoever was read before by the login without its domain, as the next complete read will', async () => {
    const queue = await asBefore();
    await applyMigrations(queue, readMigrations(stores.kind), stores.clock);
    const expected = [...logins.map(localNameOf), null];
    for (const [table, id] of [
      ['mirror_accounts', 'key'],
      ['users', 'id'],
    ] as const) {
      const rows = await queue.run((sql) =>
        sql.all<{ local: string | null }>(`SELECT local_name_key AS local FROM ${table} ORDER BY ${id}`),
      );
      expect(rows.map(({ local }) => local ?? '')).toEqual(expected.map((local) => local ?? ''));
    }
  });
});
