// The audit log is proven while a run erases old payloads: what is erased meanwhile is no break, and what was taken away is one.

import { expect, it } from 'vitest';
import { asEpochMs } from '../../src/model/ids.ts';
import { type AuditVerdict, verifyAudit } from '../../src/store/audit-verify.ts';
import { connections } from '../../src/store/clients.ts';
import type { Store } from '../../src/store/open-store.ts';
import { Sql } from '../../src/store/sql.ts';
import { describeStores, startOfTime } from './stores.ts';

const day = 86_400_000;
const entries = 2_500;

/** Three pages of entries with payloads. */
async function fill(store: Store): Promise<void> {
  const entry = { at: startOfTime, actor: 'cli:x', action: 'user.changed', subject: 'user:1', label: 'mhorvat' };
  await store.write((tx) =>
    tx.audit(Array.from({ length: entries }, (_, index) => ({ ...entry, payload: { index } }))),
  );
}

/** `before`: what happens before the page is read, by its number from 1. */
async function proof(store: Store, before: Readonly<Record<number, () => Promise<unknown>>>): Promise<AuditVerdict> {
  const { location, auditKey } = store.core;
  const { openReader, dialect, place } = connections(location, 1_000);
  const client = await openReader();
  let page = 0;
  const watched = new Sql(
    {
      async $queryRawUnsafe<T>(sql: string, ...parameters: unknown[]): Promise<T> {
        if (sql.includes('LEFT JOIN changes')) {
          page += 1;
          await before[page]?.();
        }
        return client.$queryRawUnsafe<T>(sql, ...parameters);
      },
      $executeRawUnsafe: (sql, ...parameters) => client.$executeRawUnsafe(sql, ...parameters),
    },
    dialect,
    place,
  );
  try {
    return await verifyAudit(watched, auditKey, {});
  } finally {
    await client.$disconnect();
    expect(page).toBeGreaterThanOrEqual(3);
  }
}

describeStores('a proof of the audit log', (stores) => {
  const erase = (store: Store): Promise<void> => {
    const [before, now] = [asEpochMs(startOfTime + day), asEpochMs(startOfTime + 2 * day)];
    return store.write((tx) => tx.forget({ runs: before, payloads: before }, now));
  };

  it.each([1, 2, 3])('bears that a run erases payloads before its page %i', async (page) => {
    const store = await stores.open();
    await fill(store);

    expect(await proof(store, { [page]: () => erase(store) })).toMatchObject({ ok: true, entries: entries + 1 });

    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: entries + 1 });
  });

  it('bears that two runs erase, each before a page', async () => {
    const store = await stores.open();
    await fill(store);

    const verdict = await proof(store, { 2: () => erase(store), 3: () => erase(store) });

    expect(verdict).toMatchObject({ ok: true, entries: entries + 2 });
  });

  it('believes no entry that says so and is gone again before it is proven', async () => {
    const store = await stores.open();
    await fill(store);
    const run = (sql: string): Promise<unknown> => store.core.write((tx) => tx.run(sql));
    const forged = entries + 1;

    const verdict = await proof(store, {
      2: async () => {
        await run('UPDATE audit_entries SET payload = NULL WHERE seq = 1500');
        await run(
          `INSERT INTO audit_entries (seq, at, actor, action, subject, label, payload, payload_hash, mac)
           SELECT ${forged}, at, actor, 'audit.payloads-erased', subject, label, '{"upTo":1500}', payload_hash, mac
           FROM audit_entries WHERE seq = 1`,
        );
      },
      3: () => run(`DELETE FROM audit_entries WHERE seq = ${forged}`),
    });

    expect(verdict).toMatchObject({ ok: false, seq: 1500, problem: 'payload' });
  });

  it('misses a payload that nobody says was erased', async () => {
    const store = await stores.open();
    await fill(store);

    const verdict = await proof(store, {
      3: () => store.core.write((tx) => tx.run('UPDATE audit_entries SET payload = NULL WHERE seq = 2400')),
    });

    expect(verdict).toMatchObject({ ok: false, seq: 2400, problem: 'payload' });
  });
});
