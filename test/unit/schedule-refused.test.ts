// A password that is refused, over days: how often it is tried, and what makes it be tried again.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Run } from '../../src/model/run.ts';
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
  takes,
  type Work,
} from './schedule-fixture.ts';

const every5 = { 'ad-hq': scheduleOf('*/5 * * * *') };
const refused: Work = async ({ source, number }) => ({
  run: aRun('failed', { source, attempt: number, errorCode: 'source-credentials' }),
});

let daemon: Installation;

beforeEach(() => {
  vi.useFakeTimers({ now: at('2026-11-20T07:00Z') });
});
afterEach(async () => {
  await daemon.stop();
  vi.useRealTimers();
});

/** Everything that the store has of an earlier process. */
async function startWith(runs: readonly Run[], schedules: ConstructorParameters<typeof Installation>[0] = every5) {
  daemon = new Installation(schedules);
  daemon.runs.push(...runs);
  const [last] = runs;
  if (last !== undefined) daemon.last.set(ad, last);
  daemon.work = refused;
  await daemon.start();
  return daemon;
}

const refusedAt = (iso: string, facts: Partial<Run> = {}): Run =>
  aRun('failed', { startedAt: at(iso), errorCode: 'source-credentials', ...facts });

describe('a refused password', () => {
  it('is tried at once, after an hour, after four more, and then once a day', async () => {
    await startWith([]);
    await pass(4 * 24 * hour);
    expect(daemon.startTimes()).toEqual([
      '11-20 07:00',
      '11-20 08:00',
      '11-20 12:00',
      '11-21 12:00',
      '11-22 12:00',
      '11-23 12:00',
    ]);
    expect(new Set(daemon.skips.map(({ reason }) => reason))).toEqual(new Set(['credentials-refused']));
    expect(daemon.skips[0]).toEqual({
      source: ad,
      dueAt: at('2026-11-20T07:05Z'),
      at: at('2026-11-20T07:05Z'),
      reason: 'credentials-refused',
      detail:
        'refused once; so that the account is not locked, no scheduled time before 2026-11-20 09:00 (Europe/Prague) tries it unless its secret changes; `rosterd source check ad-hq` tries at once',
    });
    expect(daemon.skips.at(-1)?.detail).toContain('refused 6 times in a row');
  });

  it('is tried at the next scheduled time after its file was changed, and then as ever', async () => {
    await startWith([]);
    await pass(3 * hour + minute);
    expect(daemon.started).toHaveLength(2);
    daemon.credentialsChangedAt = clock.now();
    daemon.work = takes(0);
    await pass(10 * minute);
    expect(daemon.startTimes().slice(2)).toEqual(['11-20 10:05', '11-20 10:10']);
  });

  it('counts again from one after the source took it', async () => {
    await startWith([]);
    await pass(2 * hour);
    daemon.credentialsChangedAt = clock.now();
    daemon.work = async ({ source }) => ({ run: aRun('done', { source, read: 'complete' }) });
    await pass(10 * minute);
    daemon.started.length = 0;
    daemon.work = refused;
    await pass(2 * hour);
    expect(daemon.startTimes()).toEqual(['11-20 09:15', '11-20 10:15']);
  });

  it('is not tried more often because the daemon is started again and again', async () => {
    await startWith([]);
    const starts: string[] = [];
    for (let restart = 0; restart < 361; restart += 1) {
      await pass(10_000);
      starts.push(...daemon.startTimes());
      await daemon.stop();
      await startWith(daemon.runs);
    }
    expect(starts).toEqual(['11-20 07:00', '11-20 07:15', '11-20 07:30', '11-20 07:45', '11-20 08:00']);
  });

  it('is tried once by a restart when a quarter of an hour has passed, also at night', async () => {
    const nightly = { 'ad-hq': scheduleOf('0 3 * * *') };
    const three = ['2026-11-20T02:00Z', '2026-11-19T02:00Z', '2026-11-18T02:00Z'].map((iso) => refusedAt(iso));
    await startWith(three, nightly);
    expect(daemon.startTimes()).toEqual(['11-20 07:00']);
    await pass(18 * hour);
    expect(daemon.startTimes()).toHaveLength(1);
    await daemon.stop();
    await startWith([refusedAt('2026-11-21T00:50Z'), ...three], nightly);
    expect(daemon.started).toEqual([]);
  });

  it('does not wait for what a person tried by hand, and goes on once he got through', async () => {
    await startWith([refusedAt('2026-11-20T06:58Z', { trigger: 'cli' })]);
    await pass(6 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:00']);
    daemon.runs.unshift(aRun('done', { trigger: 'cli', read: 'complete' }));
    daemon.work = takes(0);
    await pass(5 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:00', '11-20 07:10']);
  });

  it('is tried when nobody can say whether it was refused', async () => {
    daemon = new Installation(every5, {
      recentRuns: async () => {
        throw new Error('gone');
      },
      credentialsChangedAt: async () => {
        throw new Error('gone');
      },
    });
    await daemon.start();
    expect(daemon.started).toHaveLength(1);
  });
});
