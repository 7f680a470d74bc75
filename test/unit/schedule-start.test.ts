// What runs at once when the daemon starts, and how it stops.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import type { Run, RunState } from '../../src/model/run.ts';
import {
  ad,
  aRun,
  at,
  clock,
  hour,
  Installation,
  minute,
  pass,
  scheduleOf,
  setClock,
  takes,
  uccx,
} from './schedule-fixture.ts';

// 08:00 in Prague.
beforeEach(() => {
  vi.useFakeTimers({ now: at('2026-11-20T07:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const every15 = scheduleOf('*/15 * * * *');

describe('start', () => {
  it('runs a source that was never read, and misses nothing', async () => {
    const daemon = new Installation({ 'ad-hq': scheduleOf('0 3 * * *') });
    await daemon.start();
    expect(daemon.startTimes()).toEqual(['11-20 07:00']);
    expect(daemon.skips).toEqual([]);
    await daemon.stop();
  });

  it('runs an overdue source once for all the times that were missed', async () => {
    const daemon = new Installation({ 'ad-hq': every15 });
    daemon.last.set(ad, aRun('done', { startedAt: at('2026-11-20T06:45Z'), endedAt: at('2026-11-20T06:46Z') }));
    setClock('2026-11-20T07:33Z');
    await daemon.start();
    expect(daemon.started).toEqual([{ source: ad, number: 1, dueAt: at('2026-11-20T07:30Z'), startedAt: clock.now() }]);
    const detail =
      '3 times from 2026-11-20 08:00 to 2026-11-20 08:30 (Europe/Prague), while nothing ran; one run made up for them';
    const skip = { source: ad, dueAt: at('2026-11-20T07:30Z'), reason: 'missed', detail };
    expect(daemon.skips).toEqual([{ ...skip, at: clock.now() }]);
    expect(daemon.events).toEqual([{ kind: 'tick:skipped', ...skip }]);
    await daemon.stop();
  });

  it('says of one missed time when it was, and of very many only that', async () => {
    const daemon = new Installation({ 'ad-hq': scheduleOf('0 6 * * *'), 'uccx-brno': scheduleOf('* * * * *') });
    daemon.last.set(ad, aRun('done', { startedAt: at('2026-11-19T05:00Z') }));
    daemon.last.set(uccx, aRun('done', { source: uccx, startedAt: at('2026-11-10T05:00Z') }));
    await daemon.start();
    expect(daemon.skips.map(({ detail }) => detail)).toEqual([
      'once at 2026-11-20 06:00 (Europe/Prague), while nothing ran; one run made up for it',
      'more than 1000 times from 2026-11-10 06:01 to 2026-11-20 08:00 (Europe/Prague), while nothing ran; one run made up for them',
    ]);
    await daemon.stop();
  });

  it('does not call missed what came while the last run went on', async () => {
    const daemon = new Installation({ 'ad-hq': every15 });
    daemon.last.set(ad, aRun('done', { startedAt: at('2026-11-20T06:00Z'), endedAt: at('2026-11-20T06:40Z') }));
    await daemon.start();
    expect(daemon.skips.map(({ detail }) => detail.slice(0, 7))).toEqual(['2 times']);
    await daemon.stop();
    const restarted = new Installation({ 'ad-hq': every15 });
    restarted.last.set(ad, aRun('done', { startedAt: at('2026-11-20T06:44Z'), endedAt: at('2026-11-20T07:00Z') }));
    await restarted.start();
    expect(restarted.startTimes()).toEqual(['11-20 07:00']);
    expect(restarted.skips).toEqual([]);
    await restarted.stop();
  });

  it('leaves a source alone whose last run began at or after its last time', async () => {
    const daemon = new Installation({ 'ad-hq': scheduleOf('0 6 * * *') });
    daemon.last.set(ad, aRun('failed', { startedAt: at('2026-11-20T05:00Z'), trigger: 'cli' }));
    await daemon.start();
    expect(daemon.started).toEqual([]);
    await daemon.stop();
  });

  it.each<RunState>(['reading', 'planning', 'applying', 'verifying'])(
    'runs a source whose newest run is %s: its process has died',
    async (state) => {
      const daemon = new Installation({ 'ad-hq': scheduleOf('0 3 * * *') });
      daemon.last.set(ad, aRun(state, { startedAt: at('2026-11-20T06:50Z') }));
      await daemon.start();
      expect(daemon.startTimes()).toEqual(['11-20 07:00']);
      expect(daemon.skips).toEqual([]);
      await daemon.stop();
    },
  );

  it.each<readonly [RunState, Partial<Run>, number]>([
    ['interrupted', { errorCode: 'interrupted' }, 1],
    ['interrupted', { errorCode: 'interrupted', attempt: 3 }, 3],
    ['failed', { errorCode: 'source-unreachable', attempt: 2 }, 3],
    ['partial', { errorCode: 'source-connection-lost', attempt: 1 }, 2],
    ['failed', { errorCode: 'source-busy', attempt: 4, trigger: 'cli' }, 1],
  ])('runs a source at once whose run of this time was stopped when it was %s (%o)', async (state, facts, attempt) => {
    const daemon = new Installation({ 'ad-hq': scheduleOf('0 3 * * *') });
    daemon.last.set(ad, aRun(state, { startedAt: at('2026-11-20T02:00:01Z'), ...facts }));
    await daemon.start();
    expect(daemon.started.map(({ number, startedAt }) => [number, startedAt])).toEqual([[attempt, clock.now()]]);
    expect(daemon.events).toEqual([]);
    await daemon.stop();
  });

  it.each<readonly [RunState, Partial<Run>]>([
    ['done', {}],
    ['held', {}],
    ['paused', { errorCode: 'sync-paused' }],
    ['failed', { errorCode: 'source-permission' }],
    ['failed', { errorCode: 'bug' }],
  ])('leaves a source alone whose run of this time has ended %s (%o)', async (state, facts) => {
    const daemon = new Installation({ 'ad-hq': scheduleOf('0 3 * * *') });
    daemon.last.set(ad, aRun(state, { startedAt: at('2026-11-20T02:00:01Z'), ...facts }));
    await daemon.start();
    expect(daemon.started).toEqual([]);
    await daemon.stop();
  });

  it('that comes again and again makes no more attempts than there are starts, after the first few', async () => {
    let last: Run | undefined;
    const starts: number[] = [];
    for (let start = 0; start < 12; start += 1) {
      const daemon = new Installation({ 'ad-hq': scheduleOf('0 3 * * *') });
      if (last !== undefined) daemon.last.set(ad, last);
      daemon.work = async ({ number }) => ({
        run: aRun('failed', { errorCode: 'source-unreachable', attempt: number }),
      });
      await daemon.start();
      await pass(10_000);
      starts.push(daemon.started.length);
      last = daemon.last.get(ad);
      await daemon.stop();
    }
    expect(starts.slice(2)).toEqual(Array(10).fill(1));
  });

  it('runs a source whose last run lies in the future of the clock', async () => {
    const daemon = new Installation({ 'ad-hq': every15 });
    daemon.last.set(ad, aRun('done', { startedAt: at('2027-01-01T00:00Z') }));
    await daemon.start();
    expect(daemon.startTimes()).toEqual(['11-20 07:00']);
    await daemon.stop();
  });

  it('runs a source when the store cannot say when it last ran', async () => {
    const lastRun = async (): Promise<never> => {
      throw new RosterdError('store-unreachable', 'The database does not answer.');
    };
    const daemon = new Installation({ 'ad-hq': every15 }, { lastRun });
    await daemon.start();
    expect(daemon.startTimes()).toEqual(['11-20 07:00']);
    await daemon.stop();
  });

  it('takes over the run of a dead process as soon as its lease has run out, and tells nothing meanwhile', async () => {
    const daemon = new Installation({ 'ad-hq': scheduleOf('0 3 * * *') });
    daemon.last.set(ad, aRun('applying', { startedAt: at('2026-11-20T06:59Z') }));
    const leaseEnds = at('2026-11-20T07:02Z');
    daemon.work = async () => {
      if (clock.now() < leaseEnds) throw new RosterdError('run-in-progress', 'Source ad-hq is being synced by old:7.');
      return { run: aRun('done') };
    };
    await daemon.start();
    await pass(10 * minute);
    expect(daemon.startTimes().at(-1)).toBe('11-20 07:02');
    expect(daemon.last.get(ad)?.state).toBe('done');
    expect(daemon.events).toEqual([]);
    await daemon.stop();
  });
});

describe('stop', () => {
  it('resolves while idle and leaves no timer', async () => {
    const daemon = new Installation({ 'ad-hq': every15, 'uccx-brno': scheduleOf('0 3 1 * *') });
    await daemon.start();
    await daemon.stop();
    expect(vi.getTimerCount()).toBe(0);
    await pass(hour);
    expect(daemon.startTimes()).toEqual(['11-20 07:00']);
    expect(daemon.scheduler.state().map(({ next }) => next)).toEqual([undefined, undefined]);
    await daemon.scheduler.beat();
    await daemon.scheduler.stop('twice');
    await daemon.scheduler.start();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('aborts the runs with its reason and waits until they have ended', async () => {
    const daemon = new Installation({ 'ad-hq': every15, 'uccx-brno': every15 });
    const reasons: unknown[] = [];
    let batches = 0;
    daemon.work = ({ source }, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          setTimeout(() => {
            batches += 1;
            resolve({ run: aRun('interrupted', { source, errorCode: 'interrupted' }) });
          }, 300);
        });
      });
    await daemon.start();
    const reason = new RosterdError('interrupted', 'SIGTERM');
    let isStopped = false;
    const stopped = daemon.stop(reason).then(() => {
      isStopped = true;
    });
    await pass(299);
    expect(isStopped).toBe(false);
    await pass(1);
    await stopped;
    expect(reasons).toEqual([reason, reason]);
    expect(batches).toBe(2);
    expect(daemon.events).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends the wait for a retry at once', async () => {
    const daemon = new Installation({ 'ad-hq': every15 });
    daemon.work = async () => ({ run: aRun('failed', { errorCode: 'source-unreachable' }), retryAfterMs: 10 * minute });
    await daemon.start();
    await pass(1_000);
    expect(daemon.kinds()).toEqual(['run:retrying']);
    expect(daemon.scheduler.state()[0]?.running).toEqual({ since: at('2026-11-20T07:00Z'), attempt: 1 });
    await daemon.stop();
    expect(vi.getTimerCount()).toBe(0);
    await pass(hour);
    expect(daemon.started).toHaveLength(1);
  });

  it('tells of an error of a run that it has not caused', async () => {
    const daemon = new Installation({ 'ad-hq': every15, 'uccx-brno': every15 });
    daemon.work = ({ source }, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(source === ad ? new Error('no row') : signal.reason));
      });
    await daemon.start();
    await daemon.stop();
    expect(daemon.events).toEqual([
      { kind: 'run:not-started', source: ad, errorCode: 'bug', because: expect.stringContaining('Error: no row') },
    ]);
  });

  it('starts nothing that was still being decided', async () => {
    const answer = Promise.withResolvers<Run>();
    const daemon = new Installation({ 'ad-hq': every15 }, { lastRun: () => answer.promise });
    const starting = daemon.start({ beats: 'none' });
    const stopping = daemon.stop();
    answer.resolve(aRun('done', { startedAt: at('2026-11-20T06:00Z') }));
    await Promise.all([starting, stopping]);
    expect(daemon.started).toEqual([]);
    expect(daemon.skips).toEqual([]);
  });

  it('waits for skipped times to be written', async () => {
    const written = Promise.withResolvers<void>();
    const daemon = new Installation({ 'ad-hq': every15 }, { saveSkip: () => written.promise });
    daemon.last.set(ad, aRun('done', { startedAt: at('2026-11-20T06:30Z') }));
    daemon.work = takes(0);
    await daemon.start();
    await pass(10);
    let isStopped = false;
    const stopped = daemon.stop().then(() => {
      isStopped = true;
    });
    await pass(10);
    expect(isStopped).toBe(false);
    written.resolve();
    await stopped;
  });
});
