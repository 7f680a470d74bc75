// What metrics and log say of changes adds up to the audit log, whatever stops a run and whoever goes on with it.

import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logEvents } from '../../src/observe/log-events.ts';
import { createLogger } from '../../src/observe/logger.ts';
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts';
import { approveHeld } from '../../src/sync/decide-held.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import type { SyncStore } from '../../src/sync/ports.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { parseExposition } from '../unit/parse-exposition.ts';
import { hq, minute, type Office, openOffice } from './sync-fixture.ts';

let office: Office;
let metrics: Metrics;
let lines: { readonly message: string; readonly by?: string; readonly applied?: number; readonly created?: number }[];
let tell: (event: SyncEvent) => void;

beforeEach(async () => {
  office = await openOffice({ pageSize: 100 });
  lines = [];
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      for (const line of String(chunk).trim().split('\n')) lines.push(JSON.parse(line));
      done();
    },
  });
  metrics = createMetrics({
    version: '1',
    sources: [hq],
    facts: () => Promise.reject(new Error('not asked for')),
  });
  const log = logEvents(createLogger({ level: 'info', format: 'json', output }));
  tell = (event) => {
    metrics.onEvent(event);
    log(event);
  };
});

afterEach(() => office.close());

const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'daemon@lab' } as const;
const isBatch = (event: SyncEvent): boolean => event.kind === 'phase:progressed' && event.phase === 'applying';

/** Calls `act` once, after the first batch. */
function deps(act: () => unknown = () => undefined): SyncDeps {
  let isDone = false;
  return {
    ...office.deps,
    emit: (event) => {
      tell(event);
      if (!isBatch(event) || isDone) return;
      isDone = true;
      act();
    },
  };
}

const run = (given = deps(), signal = new AbortController().signal) => {
  office.forward(minute);
  return runSource(given, request, signal);
};

const sums = (key: 'applied' | 'created'): number =>
  lines.filter(({ message }) => message === 'changes applied').reduce((sum, line) => sum + (line[key] ?? 0), 0);

async function counted(outcome: string): Promise<number> {
  const family = parseExposition(await metrics.render()).get('rosterd_changes_total');
  return family?.series.get(`{outcome="${outcome}",source="hq"}`) ?? -1;
}

/** Both against what stands in the audit log. */
async function expectAllCounted(): Promise<void> {
  const entries = (await office.audit({ limit: 100_000 })).filter((line) =>
    /^(?:user|team)\.(?:created|changed) /u.test(line),
  );
  const created = entries.filter((line) => line.startsWith('user.created'));
  expect([await counted('applied'), await counted('created')]).toEqual([entries.length, created.length]);
  expect([sums('applied'), sums('created')]).toEqual([entries.length, created.length]);
}

describe('the counts of changes', () => {
  it('add up over an import, a pause in the middle, a resumption that is stopped too, and an approval in two parts', async () => {
    await office.staff.hireMany(1_300);
    let pausing: Promise<unknown> = Promise.resolve();
    const paused = await run(
      deps(() => {
        pausing = office.pause();
      }),
    );
    await pausing;
    expect(paused).toMatchObject({ state: 'applying', counts: { applied: 500, created: 500 } });
    await expectAllCounted();
    expect(await counted('applied')).toBe(500);

    await office.endPause();
    // Stopped again as soon as a batch of the resumption is through.
    const stop = new AbortController();
    const store: SyncStore = {
      ...office.store,
      write: (work) =>
        office.store.write((tx) =>
          work({
            ...tx,
            audit: (entries) => {
              stop.abort(new Error('SIGTERM'));
              return tx.audit(entries);
            },
          }),
        ),
    };
    await run({ ...deps(), store }, stop.signal).catch(() => undefined);
    expect(await counted('applied')).toBe(1_000);
    await expectAllCounted();

    const finished = await run();
    expect(finished.state).toBe('done');
    expect(await office.store.read.run(paused.id)).toMatchObject({ counts: { applied: 1_300, created: 1_300 } });
    expect(await counted('created')).toBe(1_300);
    await expectAllCounted();

    await office.staff.disable(...Array.from({ length: 600 }, (_, index) => `p${String(index).padStart(3, '0')}`));
    const held = await run();
    expect(held).toMatchObject({ state: 'held', counts: { held: 600, applied: 0 } });
    expect(await counted('held')).toBe(600);
    const decision = { actor: 'cli:boss@lab', reason: 'looked at it' };
    const cut = new AbortController();
    const approving = approveHeld(
      deps(() => cut.abort(new Error('SIGTERM'))),
      held.id,
      decision,
      cut.signal,
    );
    await expect(approving).rejects.toThrow();
    expect(await counted('applied')).toBe(1_800);
    await expectAllCounted();

    await run();

    expect(await counted('applied')).toBe(1_900);
    await expectAllCounted();
    const applied = lines.filter(({ message }) => message === 'changes applied');
    expect(applied.map(({ by }) => by)).toEqual(['run', 'resumption', 'resumption', 'approval', 'resumption']);
  });

  it('add up when an approval is applied in one go, and count no dry run', async () => {
    await office.staff.hireMany(40);
    await run();
    await office.staff.disable(...Array.from({ length: 20 }, (_, index) => `p${String(index).padStart(3, '0')}`));
    await runSource(deps(), { ...request, intent: 'plan' }, new AbortController().signal);
    const held = await run();
    const decision = { actor: 'cli:boss@lab', reason: 'looked at it' };
    await approveHeld(deps(), held.id, decision, new AbortController().signal);
    expect(await counted('applied')).toBe(60);
    await expectAllCounted();
  });
});
