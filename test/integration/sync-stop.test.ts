// A run that is told to stop says by whom and why, and a run tells how its read ended, also when it is finished by another one.

import { afterEach, describe, expect, it } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import type { Run } from '../../src/model/run.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { hq, minute, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

/** A run that is aborted with this reason when the named phase begins. */
async function runStoppedIn(phase: string, reason: unknown, change: Partial<SyncDeps> = {}): Promise<Run> {
  const stop = new AbortController();
  const emit = (event: SyncEvent): void => {
    if (event.kind === 'phase:started' && event.phase === phase) stop.abort(reason);
  };
  office.forward(minute);
  const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'daemon' } as const;
  return runSource({ ...office.deps, emit, ...change }, request, stop.signal);
}

const tooLong = new RosterdError(
  'source-timeout',
  'The run took longer than 10 minutes, the deadline of its schedule.',
);
const ending = new RosterdError('interrupted', 'The daemon stops.');

const readEnds = (): readonly SyncEvent[] => office.events.filter((event) => event.kind === 'read:ended');

describe('a run that is stopped', () => {
  it.each(['reading', 'confirming', 'planning'])(
    'by its deadline in %s fails with that code and message',
    async (phase) => {
      office = await openOffice();
      await office.staff.hireMany(12);

      const run = await runStoppedIn(phase, tooLong);

      expect(run).toMatchObject({ state: 'failed', errorCode: 'source-timeout', because: tooLong.message });
      // Nobody is missing here, so nothing is left to ask for when it is stopped.
      expect(run.read).toBe(phase === 'reading' ? undefined : 'complete');
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { created: 12 } });
    },
  );

  it.each(['reading', 'confirming', 'planning'])(
    'because the daemon ends in %s is interrupted, and says so',
    async (phase) => {
      office = await openOffice();
      await office.staff.hireMany(12);

      const run = await runStoppedIn(phase, ending);

      expect(run).toMatchObject({ state: 'interrupted', errorCode: 'interrupted', because: ending.message });
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { created: 12 } });
    },
  );

  it('without a reason is stopped by a signal', async () => {
    office = await openOffice();
    await office.staff.hireMany(12);

    expect(await runStoppedIn('reading', undefined)).toMatchObject({
      state: 'interrupted',
      because: 'stopped by a signal',
    });
  });

  it.each([tooLong, ending])(
    'while it applies stays open with the reason, whichever it is, and is finished later',
    async (reason) => {
      office = await openOffice();
      await office.staff.hireMany(12);

      const run = await runStoppedIn('applying', reason);

      expect(run).toMatchObject({
        state: 'applying',
        errorCode: reason.code,
        because: reason.message,
        read: 'complete',
      });
      expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
      const finished = await office.store.read.run(run.id);
      expect(finished).toMatchObject({ state: 'done', read: 'complete', counts: { applied: 12 } });
      expect(finished?.errorCode).toBeUndefined();
    },
  );
});

describe('what a run tells of its read', () => {
  it('is complete, or partial, or nothing where there was none', async () => {
    office = await openOffice();
    await office.staff.hireMany(35);
    expect((await office.sync()).read).toBe('complete');
    office.server.faults.add({ kind: 'close', page: 2, where: ({ base }) => base.startsWith('OU=People') });
    expect((await office.sync()).read).toBe('partial');
    office.server.faults.clear();
    await office.server.stop();
    const failed = await office.sync();
    expect([failed.state, failed.read]).toEqual(['failed', undefined]);
    expect((await office.store.read.run(failed.id))?.read).toBeUndefined();
    expect((await office.dryRun()).read).toBeUndefined();
  });

  it('stays partial when another run finishes what it has planned', async () => {
    office = await openOffice();
    await office.staff.hireMany(35);
    office.server.faults.add({ kind: 'close', page: 2, where: ({ base }) => base.startsWith('OU=People') });
    const stopped = await runStoppedIn('applying', ending);
    expect(stopped).toMatchObject({ state: 'applying', read: 'partial', counts: { applied: 0 } });
    office.server.faults.clear();

    expect(await office.sync()).toMatchObject({ state: 'done', read: 'complete', counts: { created: 25 } });

    const finished = await office.store.read.run(stopped.id);
    expect(finished).toMatchObject({
      state: 'partial',
      read: 'partial',
      errorCode: 'source-partial',
      counts: { applied: 10 },
    });
  });

  it('passes on how long the source wants to be left alone', async () => {
    office = await openOffice();
    await office.staff.hireMany(3);
    await office.sync();
    const connector = await office.deps.connector(hq);
    const busy = new RosterdError('source-busy', 'The server is busy.', { detail: { retryAfterMs: 30_000 } });
    const emit = (event: SyncEvent): void => void office.events.push(event);
    // biome-ignore lint/correctness/useYield: it fails before its first page
    const read: typeof connector.read = async function* () {
      throw busy;
    };
    const scoped = { scopeFingerprint: connector.scopeFingerprint, read, confirm: connector.confirm.bind(connector) };

    const run = await runStoppedIn('never', undefined, { emit, connector: async () => ({ ...connector, ...scoped }) });

    expect(run).toMatchObject({ state: 'failed', errorCode: 'source-busy' });
    expect(readEnds().map((event) => 'retryAfterMs' in event && event.retryAfterMs)).toEqual([false, 30_000]);
  });
});
