import { expect, it } from 'vitest';
import { formatHead } from '../../src/model/audit.ts';
import type { Change } from '../../src/model/change.ts';
import { asChangeId, asEpochMs, asRunId, asSourceName, asUserId } from '../../src/model/ids.ts';
import { noCounts, type Run } from '../../src/model/run.ts';
import { auditRecords } from '../../src/store/admin-audit.ts';
import type { Store } from '../../src/store/open-store.ts';
import type { NewAuditEntry } from '../../src/sync/ports.ts';
import { describeStores, startOfTime } from './stores.ts';

const change = (id: number): Change => ({
  subject: { kind: 'user', id: asUserId(id) },
  label: `user ${id}`,
  parts: [{ part: 'enabled', before: true, after: false, because: 'authority-gone' }],
});

function entry(id: number, more: Partial<NewAuditEntry> = {}): NewAuditEntry {
  const facts = { at: startOfTime, actor: 'system', action: 'user.changed', label: `user ${id}` };
  return { ...facts, subject: `user:${id}`, userId: asUserId(id), runId: asRunId(1), payload: { id }, ...more };
}

/** Entries 1 to 5; 2 and 4 are about stored changes. */
async function seed(store: Store): Promise<void> {
  await store.write(async (tx) => {
    const rows = [2, 4].map((id) => ({
      id: asChangeId(id),
      run: asRunId(1),
      change: change(id),
      state: 'applied' as const,
    }));
    await tx.runRows.addChanges(rows);
    await tx.audit([entry(1), entry(2, { changeId: asChangeId(2), payload: undefined })]);
  });
  await store.write((tx) => tx.audit([entry(3), entry(4, { changeId: asChangeId(4) }), entry(5)]));
}

const tamper = (store: Store, ...statements: readonly string[]): Promise<void> =>
  store.core.write(async (sql) => {
    for (const statement of statements) await sql.run(statement);
  });

const shift = (by: number, from: number): readonly string[] => [
  `UPDATE audit_entries SET seq = -(seq + ${by}) WHERE seq >= ${from}`,
  'UPDATE audit_entries SET seq = -seq WHERE seq < 0',
];
const copy = (seq: number): string =>
  `INSERT INTO audit_entries (seq, at, actor, action, subject, label, user_id, run_id, payload, payload_hash, mac)
   SELECT ${seq}, at, actor, action, subject, 'forged', user_id, run_id, payload, payload_hash, mac FROM audit_entries WHERE seq = 1`;
const swap = (a: number, b: number): readonly string[] => [
  `UPDATE audit_entries SET seq = -seq WHERE seq IN (${a}, ${b})`,
  `UPDATE audit_entries SET seq = ${b} WHERE seq = -${a}`,
  `UPDATE audit_entries SET seq = ${a} WHERE seq = -${b}`,
];

const cutAfter = (seq: number): readonly string[] => [
  `DELETE FROM audit_entries WHERE seq > ${seq}`,
  `UPDATE audit_head SET seq = ${seq}, mac = (SELECT mac FROM audit_entries WHERE seq = ${seq})`,
];

const run: Run = {
  id: asRunId(1),
  source: asSourceName('ad-hq'),
  trigger: 'cli',
  actor: 'cli:tester@lab',
  mode: 'full',
  dryRun: false,
  attempt: 1,
  state: 'done',
  startedAt: startOfTime,
  endedAt: startOfTime,
  counts: noCounts,
  holds: [],
  applied: {},
};

const tricks: readonly (readonly [string, readonly string[], number, string])[] = [
  ...['at', 'actor', 'action', 'subject', 'label', 'payload_hash', 'mac'].map(
    (column) =>
      [
        `${column} of an entry is altered`,
        [`UPDATE audit_entries SET ${column} = 'x' WHERE seq = 3`],
        3,
        'altered',
      ] as const,
  ),
  ...['user_id', 'run_id', 'change_id'].map(
    (column) =>
      [
        `${column} of an entry is altered`,
        [`UPDATE audit_entries SET ${column} = 99 WHERE seq = 3`],
        3,
        'altered',
      ] as const,
  ),
  ['the last entry is altered', [`UPDATE audit_entries SET label = 'x' WHERE seq = 5`], 5, 'altered'],
  ['the payload of an entry is altered', [`UPDATE audit_entries SET payload = '{}' WHERE seq = 3`], 3, 'payload'],
  ['the payload of a change is altered', [`UPDATE changes SET payload = '{}' WHERE id = 4`], 4, 'payload'],
  [
    'payload and hash of a change are altered',
    [`UPDATE changes SET payload = '{}', payload_hash = 'x' WHERE id = 2`],
    2,
    'payload',
  ],
  [
    'an entry about a change is given a payload of its own',
    [`UPDATE audit_entries SET payload = '{"label":"forged"}' WHERE seq = 2`],
    2,
    'payload',
  ],
  ['a change is deleted', ['DELETE FROM changes WHERE id = 2'], 2, 'payload'],
  ['an entry in the middle is deleted', ['DELETE FROM audit_entries WHERE seq = 3'], 3, 'cut'],
  [
    'an entry is deleted and the rest numbered anew',
    ['DELETE FROM audit_entries WHERE seq = 2', ...shift(-1, 3)],
    2,
    'cut',
  ],
  ['the first entries are deleted', ['DELETE FROM audit_entries WHERE seq < 3'], 1, 'cut'],
  ['the tail is deleted', ['DELETE FROM audit_entries WHERE seq > 3'], 4, 'cut'],
  ['everything is deleted', ['DELETE FROM audit_entries'], 1, 'cut'],
  ['an entry is inserted', [...shift(1, 3), copy(3)], 3, 'inserted'],
  ['an entry is appended', [copy(6)], 6, 'inserted'],
  ['two neighbours are swapped', swap(2, 3), 2, 'reordered'],
  ['two distant entries are swapped', swap(2, 5), 2, 'reordered'],
  ['the head names an earlier entry', ['UPDATE audit_head SET seq = 4'], 4, 'head'],
  ['the head has another MAC', [`UPDATE audit_head SET mac = 'x'`], 5, 'head'],
  ['the head is deleted', ['DELETE FROM audit_head'], 0, 'head'],
];

describeStores('audit', (stores) => {
  it('is whole when nobody touched it', async () => {
    const store = await stores.open();
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 0 });
    await seed(store);
    const head = await store.read.auditHead();
    expect(await store.verifyAudit({ head: formatHead(head) })).toEqual({ ok: true, entries: 5, head });
  });

  it.each(tricks)('finds that %s', async (_trick, statements, seq, problem) => {
    const store = await stores.open();
    await seed(store);
    await tamper(store, ...statements);
    expect(await store.verifyAudit()).toMatchObject({ ok: false, seq, problem });
  });

  it('shows of an entry about a change what the change says, whatever stands in the entry', async () => {
    const store = await stores.open();
    await seed(store);
    await tamper(store, `UPDATE audit_entries SET payload = '{"label":"forged"}' WHERE seq = 2`);
    const [shown] = await auditRecords(store.core.read, {}, { order: 'oldest', after: 1, limit: 1 });
    expect(shown).toMatchObject({ seq: 2, payload: { label: 'user 2' } });
  });

  it('finds a tail that was cut together with the head, by a head noted elsewhere', async () => {
    const store = await stores.open();
    await seed(store);
    const noted = formatHead(await store.read.auditHead());
    await tamper(store, ...cutAfter(4));
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 4 });
    expect(await store.verifyAudit({ head: noted })).toMatchObject({ ok: false, seq: 5, problem: 'cut' });
  });

  it('finds a tail that was cut together with the head, by the greatest head that a run noted', async () => {
    const store = await stores.open();
    await store.write((tx) => tx.audit(Array.from({ length: 9 }, (_, index) => entry(index + 1))));
    const heads = [9];
    await store.write((tx) => tx.audit([entry(10), entry(11)]));
    heads.push(11, 10);
    const macs = await store.core.read.all<{ seq: number; mac: string }>('SELECT seq, mac FROM audit_entries');
    await store.write(async (tx) => {
      for (const [index, seq] of heads.entries()) {
        const mac = macs.find((row) => row.seq === seq)?.mac ?? '';
        await tx.runRows.saveRun({ ...run, id: asRunId(index + 1), auditHead: formatHead({ seq, mac }) });
      }
      await tx.runRows.saveRun({ ...run, id: asRunId(4) });
    });
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 11 });
    await tamper(store, ...cutAfter(10));
    const verdict = await store.verifyAudit();
    expect(verdict).toMatchObject({ ok: false, seq: 11, problem: 'cut' });
    expect(verdict).toHaveProperty('message', expect.stringContaining('run 2'));
  });

  it.each([
    ['of another entry', formatHead({ seq: 3, mac: 'f'.repeat(64) }), 3, 'altered'],
    ['that is none', '5:x', 0, 'head'],
  ] as const)('finds that a run notes a head %s', async (_what, auditHead, seq, problem) => {
    const store = await stores.open();
    await seed(store);
    await store.write((tx) => tx.runRows.saveRun({ ...run, auditHead }));
    expect(await store.verifyAudit()).toMatchObject({ ok: false, seq, problem });
  });

  it('finds a tail that was cut together with every note of it, by an applied change that no entry is about', async () => {
    const store = await stores.open();
    await seed(store);
    await tamper(store, ...cutAfter(3));
    const verdict = await store.verifyAudit();
    expect(verdict).toMatchObject({ ok: false, seq: 4, problem: 'cut' });
    expect(verdict).toHaveProperty('message', expect.stringContaining('Change 4 of run 1'));
  });

  it('finds a log that was written with another key', async () => {
    const store = await stores.open(undefined, { auditKey: Buffer.alloc(32, 9) });
    await seed(store);
    const again = await stores.open(store.core.location);
    expect(await again.verifyAudit()).toMatchObject({ ok: false, seq: 1 });
  });

  it('erases payloads by retention, leaving hash and place in the chain, and says so in an entry', async () => {
    const store = await stores.open();
    await seed(store);
    const later = asEpochMs(startOfTime + 1);
    const before = { runs: startOfTime, payloads: later };
    await store.write((tx) => tx.forget(before, later));
    const left = await store.core.read.first<{ entries: number; changes: number }>(
      `SELECT (SELECT count(*) FROM audit_entries WHERE payload IS NOT NULL) AS entries,
              (SELECT count(*) FROM changes WHERE payload IS NOT NULL) AS changes`,
    );
    expect([Number(left?.entries), Number(left?.changes)]).toEqual([1, 0]);
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 6 });
    await store.write((tx) => tx.forget(before, later));
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 6 });
  });

  it.each([
    ['of an entry', 'UPDATE audit_entries SET payload = NULL WHERE seq = 3', 3],
    ['of a change', 'UPDATE changes SET payload = NULL WHERE id = 4', 4],
  ] as const)('finds that a payload %s was taken away by hand', async (_what, statement, seq) => {
    const store = await stores.open();
    await seed(store);
    await tamper(store, statement);
    expect(await store.verifyAudit()).toMatchObject({ ok: false, seq, problem: 'payload' });
  });

  it.each([
    ['no JSON', 'rubbish'],
    ['nothing', 'null'],
    ['another number', '{"upTo":99}'],
    ['no number', '{"upTo":"x"}'],
  ])('finds that an erasing entry says %s', async (_what, payload) => {
    const store = await stores.open();
    await seed(store);
    const later = asEpochMs(startOfTime + 1);
    await store.write((tx) => tx.forget({ runs: startOfTime, payloads: later }, later));
    await tamper(store, `UPDATE audit_entries SET payload = '${payload}' WHERE seq = 6`);
    expect(await store.verifyAudit()).toMatchObject({ ok: false, seq: 6, problem: 'payload' });
  });

  it('finds that the payload of an erasing entry was taken away, also when there is a later one', async () => {
    const store = await stores.open();
    await seed(store);
    const later = asEpochMs(startOfTime + 10);
    await store.write((tx) => tx.forget({ runs: startOfTime, payloads: asEpochMs(startOfTime + 1) }, later));
    await store.write((tx) => tx.audit([entry(7, { at: asEpochMs(startOfTime + 11) })]));
    await store.write((tx) => tx.forget({ runs: startOfTime, payloads: asEpochMs(startOfTime + 12) }, later));
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 8 });
    await tamper(store, 'UPDATE audit_entries SET payload = NULL WHERE seq = 6');
    expect(await store.verifyAudit()).toMatchObject({ ok: false, seq: 6, problem: 'payload' });
  });

  it('leaves nothing of a transaction that failed', async () => {
    const store = await stores.open();
    await seed(store);
    const failing = store.write(async (tx) => {
      await tx.audit([entry(6)]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 5 });
  });

  it('goes through more entries than one chunk, tells its progress, and can be stopped', async () => {
    const store = await stores.open();
    const entries = Array.from({ length: 2_500 }, (_, index) => entry(index + 1));
    await store.write((tx) => tx.audit(entries));
    const progress: number[] = [];
    expect(await store.verifyAudit({}, (checked) => progress.push(checked))).toMatchObject({
      ok: true,
      entries: 2_500,
    });
    expect(progress).toEqual([1_000, 2_000, 2_500]);
    await expect(store.verifyAudit({}, undefined, AbortSignal.abort())).rejects.toThrow();
  });
});
