// A run that waits until another source has planned and applied: it keeps what it has, says so, and goes on.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readStatus } from '../../src/admin/status.ts';
import { printStatus } from '../../src/cli/status-text.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { createAdminReader } from '../../src/store/admin-reader.ts';
import type { Lease } from '../../src/sync/ports.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { hq, type Office, openOffice } from './sync-fixture.ts';

const ttlMs = 180_000;
let office: Office;
let others: Lease;

beforeEach(async () => {
  office = await openOffice();
  await office.staff.hireMany(5);
  const lease = await office.store.write((tx) => tx.leases.acquire('reconcile', 'far:boot:7:1', ttlMs, office.now()));
  if ('heldBy' in lease) throw new Error('not free');
  others = lease;
});
afterEach(() => office.close());

const start = (signal: AbortSignal) =>
  runSource(
    { ...office.deps, leaseTimes: { ttlMs, renewEveryMs: 20 } },
    { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'daemon@lab' },
    signal,
  );

const isWaiting = (): Promise<void> =>
  vi.waitFor(
    async () =>
      expect(await office.store.read.runs({ limit: 1 })).toMatchObject([{ state: 'reading', read: 'complete' }]),
    { timeout: 10_000 },
  );

/** The clock moves by most of a term, and the other one is still at it. */
async function otherWorksOn(): Promise<void> {
  office.forward(ttlMs - 20_000);
  await office.store.write((tx) => tx.leases.renew(others, ttlMs, office.now()));
}

const sourceHolders = async (inMs: number): Promise<readonly string[]> => {
  const holders = await office.store.read.leaseHolders('source:', (office.now() + inMs) as ReturnType<Office['now']>);
  return holders.map(({ name }) => name);
};

async function statusText(): Promise<string> {
  const { store } = office;
  const sources = [{ name: hq, type: 'active-directory' }];
  const status = await readStatus({
    store,
    reads: createAdminReader(store.core.read),
    now: office.now,
    sources,
    noticeTargets: [],
    nextTicks: () => [],
    overdueAfterMs: () => 0,
  });
  const lines: string[] = [];
  const terminal = { line: (text = '') => void lines.push(text), style: (_: string, text: string) => text };
  printStatus({ ...terminal, columns: 1_000 } as unknown as Terminal, status);
  return lines.join('\n');
}

describe('a run that waits for another one to reconcile', () => {
  it('keeps its source for as long as that takes, and goes on', async () => {
    const running = start(new AbortController().signal);
    await isWaiting();

    for (let term = 0; term < 12; term += 1) {
      await otherWorksOn();
      await vi.waitFor(async () => expect(await sourceHolders(60_000)).toEqual(['source:hq']));
    }
    await office.store.write((tx) => tx.leases.release(others));

    expect(await running).toMatchObject({ state: 'done', counts: { created: 5 } });
    expect(office.events.filter((event) => event.kind === 'phase:started' && event.phase === 'waiting')).toHaveLength(
      1,
    );
  });

  it('is said to wait, and not to read', async () => {
    const stop = new AbortController();
    const running = start(stop.signal);
    await isWaiting();

    expect(await statusText()).toContain(
      'has been read, and waits until another source has planned and applied, since',
    );

    stop.abort();
    expect(await running).toMatchObject({ state: 'interrupted', read: 'complete' });
  });

  it('stops writing when somebody took its source over meanwhile', async () => {
    const running = start(new AbortController().signal);
    await isWaiting();
    const taken = expect(running).rejects.toMatchObject({ code: 'lease-lost' });

    await office.store.write(async (tx) => {
      // As a process does whose clock is ahead.
      const later = (office.now() + 2 * ttlMs) as ReturnType<Office['now']>;
      await tx.leases.acquire('source:hq', 'far:boot:8:1', ttlMs, later);
    });

    await taken;
    await office.store.write((tx) => tx.leases.release(others));
  });
});
