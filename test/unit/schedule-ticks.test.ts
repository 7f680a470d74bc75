// The daemon's days: ticks, overlap, replicas, deadlines, errors, and a clock that jumps.

import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import { asRunId } from '../../src/model/ids.ts';
import { attemptWithDeadline } from '../../src/sync/schedule/attempt.ts';
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
  unreachable,
} from './schedule-fixture.ts';

let daemon: Installation;

// 08:00 in Prague.
beforeEach(() => {
  vi.useFakeTimers({ now: at('2026-11-20T07:00Z') });
});
afterEach(async () => {
  await daemon.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const every15 = scheduleOf('*/15 * * * *');
const upToDate = (): ReturnType<typeof aRun> => aRun('done', { startedAt: clock.now() });

/** Idle and up to date at 08:00. */
async function running(
  schedules: ConstructorParameters<typeof Installation>[0],
  deps: ConstructorParameters<typeof Installation>[1] = {},
) {
  daemon = new Installation(schedules, deps);
  for (const name of [ad, uccx]) daemon.last.set(name, { ...upToDate(), source: name });
  await daemon.start();
  return daemon;
}

describe('tick', () => {
  it('comes by the cron and the zone of each source', async () => {
    await running({ 'ad-hq': every15, 'uccx-brno': scheduleOf('0 10 * * *', { timeZone: 'Europe/London' }) });
    await pass(4 * hour + 1);
    expect(daemon.startTimes(ad)).toHaveLength(16);
    expect(daemon.startTimes(ad).slice(0, 2)).toEqual(['11-20 07:15', '11-20 07:30']);
    expect(daemon.startTimes(uccx)).toEqual(['11-20 10:00']);
    expect(daemon.events).toEqual([]);
  });

  it('starts on the second, by node-cron alone', async () => {
    daemon = new Installation({ 'ad-hq': every15 });
    daemon.last.set(ad, upToDate());
    await daemon.start({ beats: 'none' });
    await pass(30 * minute);
    expect(daemon.started.map(({ startedAt, dueAt }) => [startedAt, dueAt])).toEqual([
      [at('2026-11-20T07:15Z'), at('2026-11-20T07:15Z')],
      [at('2026-11-20T07:30Z'), at('2026-11-20T07:30Z')],
    ]);
  });

  it('runs once although node-cron and the beat both see it', async () => {
    await running({ 'ad-hq': every15 });
    await pass(15 * minute);
    await daemon.scheduler.beat();
    await Promise.all([daemon.scheduler.beat(), daemon.scheduler.beat()]);
    expect(daemon.startTimes()).toEqual(['11-20 07:15']);
  });

  it('reads different sources at the same time', async () => {
    await running({ 'ad-hq': every15, 'uccx-brno': every15 });
    daemon.work = takes(5 * minute);
    await pass(16 * minute);
    expect(daemon.scheduler.state()).toEqual(
      [ad, uccx].map((source) => ({
        source,
        next: at('2026-11-20T07:30Z'),
        running: { since: at('2026-11-20T07:15Z'), attempt: 1 },
      })),
    );
    await pass(5 * minute);
    expect(daemon.scheduler.state().map((state) => state.running)).toEqual([undefined, undefined]);
  });

  it('is skipped while the run of an earlier one goes on', async () => {
    await running({ 'ad-hq': every15, 'uccx-brno': every15 });
    daemon.work = (attempt, signal) => takes(attempt.source === ad ? 40 * minute : minute)(attempt, signal);
    await pass(hour + minute);
    expect(daemon.startTimes(ad)).toEqual(['11-20 07:15', '11-20 08:00']);
    expect(daemon.startTimes(uccx)).toHaveLength(4);
    const detail = 'the run that began at 2026-11-20 08:15 (Europe/Prague) had not ended';
    expect(daemon.skips).toEqual(
      ['07:30', '07:45'].map((time) => {
        const dueAt = at(`2026-11-20T${time}Z`);
        return { source: ad, dueAt, at: dueAt, reason: 'still-running', detail };
      }),
    );
    expect(daemon.kinds()).toEqual(['tick:skipped', 'tick:skipped']);
    expect(daemon.mostAtOnce).toBe(1);
  });

  it('is skipped while a retry of an earlier one goes on', async () => {
    await running({ 'ad-hq': every15 });
    daemon.work = async (attempt, signal) => {
      if (attempt.number === 1) throw unreachable();
      return takes(20 * minute)(attempt, signal);
    };
    await pass(31 * minute);
    expect(daemon.started.map(({ number }) => number)).toEqual([1, 2]);
    expect(daemon.skips.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['still-running', 'the run that began at 2026-11-20 08:15 (Europe/Prague), now at attempt 2, had not ended'],
    ]);
  });

  it('ends the retries of the one before it', async () => {
    await running({ 'ad-hq': scheduleOf('* * * * *') });
    daemon.work = async () => ({ run: aRun('failed', { errorCode: 'source-unreachable' }) });
    await pass(10 * minute + 1);
    expect(daemon.started.filter(({ number }) => number === 1)).toHaveLength(10);
    expect(daemon.started.length).toBeGreaterThan(20);
    expect(daemon.skips).toEqual([]);
  });

  it('that comes while the last run is still being looked up is neither lost nor run twice', async () => {
    const answer = Promise.withResolvers<void>();
    daemon = new Installation({ 'ad-hq': every15 }, { lastRun: () => answer.promise.then(() => daemon.last.get(ad)) });
    daemon.last.set(ad, upToDate());
    const starting = daemon.start();
    await pass(16 * minute);
    expect(daemon.started).toEqual([]);
    answer.resolve();
    await starting;
    await pass(minute);
    expect(daemon.started.map(({ dueAt }) => dueAt)).toEqual([at('2026-11-20T07:15Z')]);
    expect(daemon.skips.map(({ reason }) => reason)).toEqual(['missed']);
  });
});

describe('retry', () => {
  it('follows a failed run and is told', async () => {
    await running({ 'ad-hq': every15 });
    daemon.work = async ({ number }) => ({
      run: number === 3 ? aRun('done') : aRun('failed', { errorCode: 'source-busy' }),
      retryAfterMs: 3 * minute,
    });
    await pass(22 * minute);
    expect(daemon.started.map(({ number, startedAt }) => [number, startedAt])).toEqual([
      [1, at('2026-11-20T07:15Z')],
      [2, at('2026-11-20T07:18Z')],
      [3, at('2026-11-20T07:21Z')],
    ]);
    expect(daemon.events).toEqual(
      [2, 3].map((attempt) => ({
        kind: 'run:retrying',
        source: ad,
        attempt,
        waitMs: 3 * minute,
        errorCode: 'source-busy',
      })),
    );
  });

  it('forgets what the source asked for when the next attempt throws', async () => {
    await running({ 'ad-hq': every15 });
    daemon.work = async ({ number }) => {
      if (number === 2) throw unreachable();
      return { run: aRun('failed', { errorCode: 'source-busy' }), retryAfterMs: 4 * minute };
    };
    await pass(29 * minute);
    const waits = daemon.events.flatMap((event) => (event.kind === 'run:retrying' ? [event.waitMs] : []));
    expect(waits[0]).toBe(4 * minute);
    expect(waits[1]).toBeLessThan(minute);
  });
});

describe('a person who waits for the source', () => {
  it('is let in between two runs, and the scheduled run comes when he is through', async () => {
    await running({ 'ad-hq': scheduleOf('* * * * *') });
    daemon.work = takes(59_000);
    await pass(3 * minute + 30_000);
    expect(daemon.started).toHaveLength(3);
    daemon.isWanted = true;
    await pass(70_000);
    expect(daemon.started).toHaveLength(3);
    daemon.isWanted = false;
    await pass(20_000);
    expect(daemon.startTimes().at(-1)).toBe('11-20 07:05');
    expect(daemon.skips.map(({ dueAt, reason, detail }) => [dueAt, reason, detail])).toEqual([
      [at('2026-11-20T07:04Z'), 'running-elsewhere', 'a person waited for the source and went first'],
    ]);
  });

  it('does not lose a nightly source its day', async () => {
    await running({ 'ad-hq': scheduleOf('15 8 * * *') });
    daemon.isWanted = true;
    await pass(15 * minute + 30_000);
    daemon.isWanted = false;
    await pass(20_000);
    expect(daemon.started.map(({ dueAt }) => dueAt)).toEqual([at('2026-11-20T07:15Z')]);
    expect(daemon.events).toEqual([]);
  });

  it('does the run of that time himself', async () => {
    await running({ 'ad-hq': scheduleOf('15 8 * * *') });
    daemon.isWanted = true;
    await pass(15 * minute + 30_000);
    daemon.last.set(ad, aRun('done', { trigger: 'cli' }));
    daemon.isWanted = false;
    await pass(hour);
    expect(daemon.started).toEqual([]);
  });

  it('does not keep the schedule off for ever', async () => {
    await running({ 'ad-hq': every15 });
    daemon.isWanted = true;
    await pass(20 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:18']);
  });
});

describe('retry of a nightly source', () => {
  it('goes on until the source is there again, and ends when a person was faster', async () => {
    await running({ 'ad-hq': scheduleOf('15 8 * * *') });
    const isThere = at('2026-11-20T07:40Z');
    daemon.work = async (attempt, signal) => {
      if (clock.now() < isThere) return { run: aRun('failed', { errorCode: 'source-unreachable' }) };
      return takes(minute)(attempt, signal);
    };
    await pass(3 * hour);
    expect(daemon.last.get(ad)?.state).toBe('done');
    expect(daemon.startTimes().at(-1)).toMatch(/^11-20 0(7:5|8:0)/u);
    daemon.started.length = 0;
    daemon.work = async () => ({ run: aRun('failed', { errorCode: 'source-unreachable' }) });
    setClock('2026-11-21T07:14Z');
    await pass(20 * minute);
    const before = daemon.started.length;
    daemon.last.set(ad, aRun('done', { trigger: 'cli' }));
    await pass(5 * hour);
    expect(daemon.started).toHaveLength(before);
  });
});

describe('replicas', () => {
  const byReplica = (iso: string): void =>
    void daemon.last.set(ad, aRun('failed', { startedAt: at(iso), actor: 'daemon@b' }));

  it('leave a tick to whoever has run it', async () => {
    await running({ 'ad-hq': every15 });
    await pass(14 * minute);
    byReplica('2026-11-20T07:15Z');
    await pass(5 * minute);
    byReplica('2026-11-20T07:30:20Z');
    setClock('2026-11-20T07:30:10Z');
    await pass(minute);
    expect(daemon.started).toEqual([]);
    expect(daemon.events).toEqual([]);
    await pass(15 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:45']);
  });

  it('do not count a run that lies in the future of the clock', async () => {
    await running({ 'ad-hq': every15 });
    byReplica('2026-11-20T09:00Z');
    await pass(16 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:15']);
  });

  it('skip a tick while another has the lease, and say who', async () => {
    await running({ 'ad-hq': every15 });
    const message = 'Source ad-hq is being synced by pc7:4711.';
    daemon.work = async () => {
      throw new RosterdError('run-in-progress', message);
    };
    await pass(20 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:15']);
    const skip = { source: ad, dueAt: at('2026-11-20T07:15Z'), reason: 'running-elsewhere', detail: message };
    expect(daemon.skips).toEqual([{ ...skip, at: skip.dueAt }]);
    expect(daemon.events).toEqual([{ kind: 'tick:skipped', ...skip }]);
  });

  it('say nothing when the run of the other is the run of this tick', async () => {
    await running({ 'ad-hq': every15 });
    daemon.work = async () => {
      byReplica('2026-11-20T07:15Z');
      throw new RosterdError('run-in-progress', 'Source ad-hq is being synced by b:12.');
    };
    await pass(20 * minute);
    expect(daemon.events).toEqual([]);
    expect(daemon.skips).toEqual([]);
  });

  it('take over when the other dies in his run', async () => {
    await running({ 'ad-hq': scheduleOf('15 8 * * *') });
    daemon.last.set(ad, aRun('reading', { startedAt: at('2026-11-20T07:14Z') }));
    daemon.work = async () => {
      if (clock.now() < at('2026-11-20T07:17Z'))
        throw new RosterdError('run-in-progress', 'Source ad-hq is being synced by b:12.');
      return { run: aRun('done') };
    };
    await pass(hour);
    expect(daemon.last.get(ad)).toMatchObject({ state: 'done', startedAt: at('2026-11-20T07:17Z') });
    expect(daemon.skips.map(({ reason }) => reason)).toEqual(['running-elsewhere']);
    const startedThen = daemon.started.length;
    await pass(hour);
    expect(daemon.started).toHaveLength(startedThen);
  });

  it.each<'reading' | 'interrupted'>(['reading', 'interrupted'])(
    'take over the run of a nightly time that another was seen at, when it is left %s',
    async (state) => {
      await running({ 'ad-hq': scheduleOf('15 8 * * *') });
      const leaseEnds = at('2026-11-20T07:18:30Z');
      daemon.work = async (attempt, signal) => {
        if (clock.now() < leaseEnds) throw new RosterdError('run-in-progress', 'Source ad-hq is being synced by b:12.');
        return takes(minute)(attempt, signal);
      };
      await pass(14 * minute);
      // The other one was faster; then its machine dies.
      daemon.last.set(ad, aRun('reading', { startedAt: at('2026-11-20T07:15:00.050Z') }));
      await pass(3 * minute);
      daemon.last.set(ad, aRun(state, { startedAt: at('2026-11-20T07:15:00.050Z') }));
      await pass(hour);
      expect(daemon.last.get(ad)).toMatchObject({ state: 'done', startedAt: at('2026-11-20T07:18:40Z') });
      expect(daemon.events).toEqual([]);
      const startedThen = daemon.started.length;
      await pass(hour);
      expect(daemon.started).toHaveLength(startedThen);
    },
  );

  it('take over also when the database was gone while they looked', async () => {
    let isGone = false;
    const lastRun = async (): Promise<ReturnType<typeof aRun> | undefined> => {
      if (isGone) throw new RosterdError('store-unreachable', 'gone');
      return daemon.last.get(ad);
    };
    await running({ 'ad-hq': scheduleOf('15 8 * * *') }, { lastRun });
    daemon.work = async () => {
      if (clock.now() < at('2026-11-20T07:18:30Z'))
        throw new RosterdError('run-in-progress', 'Source ad-hq is being synced by b:12.');
      return { run: aRun('done') };
    };
    await pass(14 * minute);
    daemon.last.set(ad, aRun('reading', { startedAt: at('2026-11-20T07:15:00.050Z') }));
    await pass(90_000);
    isGone = true;
    await pass(90_000);
    isGone = false;
    await pass(2 * minute);
    expect(daemon.last.get(ad)?.state).toBe('done');
  });

  it('leave it to the other that lives and ends his run', async () => {
    await running({ 'ad-hq': scheduleOf('15 8 * * *') });
    daemon.work = async () => {
      throw new RosterdError('run-in-progress', 'Source ad-hq is being synced by b:12.');
    };
    await pass(14 * minute);
    daemon.last.set(ad, aRun('reading', { startedAt: at('2026-11-20T07:15:00.050Z') }));
    await pass(10 * minute);
    daemon.last.set(ad, aRun('done', { startedAt: at('2026-11-20T07:15:00.050Z') }));
    daemon.work = takes(0);
    await pass(hour);
    expect(daemon.last.get(ad)?.startedAt).toBe(at('2026-11-20T07:15:00.050Z'));
    expect(daemon.events).toEqual([]);
  });
});

describe('clock', () => {
  it('that slept over three ticks brings one run and tells what was missed', async () => {
    await running({ 'ad-hq': every15 });
    setClock('2026-11-20T07:50Z');
    await pass(5 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:50']);
    expect(daemon.skips.map(({ reason, dueAt, detail }) => [reason, dueAt, detail])).toEqual([
      [
        'missed',
        at('2026-11-20T07:45Z'),
        '3 times from 2026-11-20 08:15 to 2026-11-20 08:45 (Europe/Prague), while nothing ran; one run made up for them',
      ],
    ]);
    await pass(30 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:50', '11-20 08:00', '11-20 08:15']);
    expect(daemon.skips).toHaveLength(1);
  });

  it('that wakes right after a tick counts only those before it as missed', async () => {
    await running({ 'ad-hq': every15 });
    setClock('2026-11-20T07:45:05Z');
    await pass(minute);
    expect(daemon.started.map(({ dueAt }) => dueAt)).toEqual([at('2026-11-20T07:45Z')]);
    expect(daemon.skips.map(({ detail }) => detail.slice(0, 7))).toEqual(['2 times']);
  });

  it('that slept while a replica ran counts only what nobody ran', async () => {
    await running({ 'ad-hq': every15 });
    daemon.last.set(ad, aRun('done', { startedAt: at('2026-11-20T07:30Z'), endedAt: at('2026-11-20T07:31Z') }));
    setClock('2026-11-20T07:50Z');
    await pass(minute);
    expect(daemon.skips.map(({ detail }) => detail)).toEqual([
      'once at 2026-11-20 08:45 (Europe/Prague), while nothing ran; one run made up for it',
    ]);
  });

  it('that is set back an hour brings the next times as they come, without a burst', async () => {
    await running({ 'ad-hq': every15 });
    await pass(16 * minute);
    setClock('2026-11-20T06:16Z');
    await pass(80 * minute);
    expect(daemon.startTimes()).toEqual([
      '11-20 07:15',
      ...['06:30', '06:45', '07:00', '07:15', '07:30'].map((time) => `11-20 ${time}`),
    ]);
    expect(daemon.events).toEqual([]);
  });

  it('that is set back by a second over a tick does not run it again', async () => {
    await running({ 'ad-hq': every15 });
    await pass(15 * minute + 500);
    setClock('2026-11-20T07:14:59.500Z');
    await daemon.scheduler.beat();
    await pass(minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:15']);
  });

  it('that is set forward a day and back again goes on as if nothing had been', async () => {
    await running({ 'ad-hq': every15 });
    setClock('2026-11-21T07:01Z');
    await pass(minute);
    expect(daemon.startTimes()).toEqual(['11-21 07:01']);
    setClock('2026-11-20T07:03Z');
    await pass(30 * minute);
    expect(daemon.startTimes()).toEqual(['11-21 07:01', '11-20 07:15', '11-20 07:30']);
    expect(daemon.skips.map(({ reason }) => reason)).toEqual(['missed']);
  });

  it('that changes to or from summer time runs once what does not exist, and once what exists twice', async () => {
    const daily = { 'ad-hq': scheduleOf('30 2 * * *') };
    vi.setSystemTime(at('2026-03-28T23:50Z'));
    await running(daily);
    await pass(3 * hour);
    expect(daemon.startTimes()).toEqual(['03-29 01:00']);
    await daemon.stop();
    vi.setSystemTime(at('2026-10-24T22:50Z'));
    await running(daily);
    await pass(5 * hour);
    expect(daemon.startTimes()).toEqual(['10-25 00:30']);
    expect(daemon.events).toEqual([]);
  });

  it('finds the ticks of a timer that died', async () => {
    await running({ 'ad-hq': every15 });
    // As if every timer of node-cron had been lost.
    vi.clearAllTimers();
    for (let seconds = 0; seconds <= 16 * 60; seconds += 20) {
      setClock(new Date(at('2026-11-20T07:00:10Z') + seconds * 1_000).toISOString());
      await daemon.scheduler.beat();
      vi.clearAllTimers();
    }
    expect(daemon.startTimes()).toEqual(['11-20 07:15']);
    expect(daemon.skips).toEqual([]);
  });

  it('says nothing on the console', async () => {
    const said = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) => vi.spyOn(console, level));
    await running({ 'ad-hq': scheduleOf('* * * * *') });
    daemon.work = takes(5 * minute);
    await pass(10 * minute);
    setClock('2026-11-20T10:00:30Z');
    await pass(10 * minute);
    for (const spy of said) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});

describe('deadline', () => {
  it('aborts the attempt and says how long it took', async () => {
    await running({ 'ad-hq': scheduleOf('*/15 * * * *', { deadlineMs: 10 * minute }) });
    const reasons: unknown[] = [];
    daemon.work = (attempt, signal) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return takes(hour)(attempt, signal);
    };
    await pass(25 * minute + 1);
    expect(reasons).toEqual([expect.any(RosterdError)]);
    expect(reasons[0]).toMatchObject({
      code: 'source-timeout',
      subject: ad,
      message: 'The run of ad-hq had taken 10 min, which is its deadline, and was stopped.',
    });
    // What took too long once would take as long again.
    expect(daemon.startTimes()).toEqual(['11-20 07:15']);
    expect(daemon.events).toEqual([]);
  });

  it('ends an attempt that ignores it, says so, and lets nothing run beside it until it has ended', async () => {
    await running({ 'ad-hq': scheduleOf('*/15 * * * *', { deadlineMs: 10 * minute }) });
    const hung = Promise.withResolvers<void>();
    daemon.work = async () => {
      await hung.promise;
      return { run: aRun('done') };
    };
    await pass(25 * minute + 59_000);
    expect(daemon.events).toEqual([]);
    await pass(2_000);
    const because = 'The run of ad-hq was told to stop at its deadline (10 min) and hangs.';
    expect(daemon.events).toEqual([{ kind: 'run:hangs', source: ad, because }]);
    expect(daemon.scheduler.state()[0]?.running).toBeUndefined();
    await pass(8 * minute + 58_000);
    expect(daemon.scheduler.hung()).toEqual([]);
    await pass(2_000);
    expect(daemon.scheduler.hung()).toEqual([ad]);
    expect(daemon.skips.map(({ reason, detail }) => [reason, detail])).toEqual([
      [
        'still-running',
        'the run that began at 2026-11-20 08:15 (Europe/Prague) did not stop at its deadline and hangs',
      ],
    ]);
    daemon.work = takes(0);
    hung.resolve();
    await pass(10 * minute);
    expect(daemon.scheduler.hung()).toEqual([]);
    expect(daemon.startTimes()).toEqual(['11-20 07:15', '11-20 07:45']);
    expect(daemon.mostAtOnce).toBe(1);
  });

  it('does not keep a daemon from stopping for a run that hangs', async () => {
    await running({ 'ad-hq': scheduleOf('*/15 * * * *', { deadlineMs: 10 * minute }) });
    daemon.work = () => new Promise(() => {});
    await pass(27 * minute);
    await daemon.stop();
    expect(daemon.kinds()).toEqual(['run:hangs']);
  });

  it('lets work end within a minute of it', async () => {
    await running({ 'ad-hq': scheduleOf('*/15 * * * *', { deadlineMs: 10 * minute }) });
    daemon.work = ({ source }, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () =>
          setTimeout(() => resolve({ run: aRun('failed', { source, errorCode: 'source-timeout' }) }), 59_000),
        );
      });
    await pass(29 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:15']);
    expect(daemon.scheduler.state()[0]?.running).toBeUndefined();
    expect(daemon.kinds()).toEqual([]);
  });

  it('does not touch a run that ends in time', async () => {
    await running({ 'ad-hq': scheduleOf('*/15 * * * *', { deadlineMs: 10 * minute }) });
    let seen: AbortSignal | undefined;
    daemon.work = (attempt, signal) => {
      seen = signal;
      return takes(9 * minute)(attempt, signal);
    };
    await pass(29 * minute);
    expect(seen?.aborted).toBe(false);
  });

  it('leaves nothing behind at the signal of the daemon, however many attempts there are', async () => {
    await running({});
    const stopping = new AbortController().signal;
    const attempted = { source: ad, schedule: { deadlineMs: hour } };
    const onLate = (): void => {};
    await attemptWithDeadline(attempted, stopping, onLate, async () =>
      expect(getEventListeners(stopping, 'abort')).toHaveLength(1),
    );
    const failing = attemptWithDeadline(attempted, stopping, onLate, () => Promise.reject(unreachable()));
    await expect(failing).rejects.toMatchObject({ code: 'source-unreachable' });
    expect(getEventListeners(stopping, 'abort')).toEqual([]);
  });
});

describe('errors', () => {
  it('of a run that is written down are told with its number, those before it as a run that did not start', async () => {
    await running({ 'ad-hq': every15 });
    daemon.work = async (_attempt, _signal, onStarted) => {
      if (clock.now() > at('2026-11-20T07:20Z')) throw new RosterdError('store-corrupt', 'broken');
      onStarted(asRunId(41));
      throw new RosterdError('lease-lost', 'The lease source:ad-hq was taken over by another process.');
    };
    await pass(31 * minute);
    const because = 'The lease source:ad-hq was taken over by another process.';
    expect(daemon.events).toEqual([
      { kind: 'run:broke', run: 41, source: ad, errorCode: 'lease-lost', because },
      { kind: 'run:not-started', source: ad, errorCode: 'store-corrupt', because: 'broken' },
    ]);
  });

  it('of the store are tried again, then told, and the next tick comes', async () => {
    await running({ 'ad-hq': every15 });
    const gone = new RosterdError('store-unreachable', 'The database does not answer.');
    daemon.work = async () => {
      throw gone;
    };
    await pass(29 * minute);
    expect(daemon.started.length).toBe(6);
    expect(daemon.events.at(-1)).toEqual({
      kind: 'run:not-started',
      source: ad,
      errorCode: 'store-unreachable',
      because: gone.message,
    });
    daemon.work = takes(0);
    await pass(2 * minute);
    expect(daemon.startTimes().at(-1)).toBe('11-20 07:30');
  });

  it('end well when the database was gone for a minute', async () => {
    await running(
      { 'ad-hq': every15 },
      {
        lastRun: async () => {
          if (clock.now() < at('2026-11-20T07:16Z')) throw new RosterdError('store-unreachable', 'gone');
          return undefined;
        },
      },
    );
    daemon.started.length = 0;
    daemon.work = async (attempt, signal) => {
      if (clock.now() < at('2026-11-20T07:16Z')) throw new RosterdError('store-unreachable', 'gone');
      return takes(1_000)(attempt, signal);
    };
    await pass(20 * minute);
    expect(daemon.last.get(ad)?.state).toBe('done');
    expect(new Set(daemon.kinds())).toEqual(new Set(['run:retrying']));
  });

  it('that are bugs stop neither the source nor another', async () => {
    await running({ 'ad-hq': every15, 'uccx-brno': every15 });
    daemon.work = async ({ source }) => {
      if (source === ad) throw new TypeError('x is not a function');
      return { run: aRun('done', { source }) };
    };
    await pass(31 * minute);
    expect(daemon.startTimes(ad)).toEqual(['11-20 07:15', '11-20 07:30']);
    expect(daemon.startTimes(uccx)).toEqual(['11-20 07:15', '11-20 07:30']);
    const event = {
      kind: 'run:not-started',
      source: ad,
      errorCode: 'bug',
      because: expect.stringContaining('x is not a function'),
    };
    expect(daemon.events).toEqual([event, event]);
  });

  it('of writing down a skipped time break nothing', async () => {
    await running(
      { 'ad-hq': every15 },
      {
        saveSkip: () => {
          throw new RosterdError('store-unreachable', 'gone');
        },
      },
    );
    setClock('2026-11-20T07:50Z');
    daemon.work = takes(20 * minute);
    await pass(20 * minute);
    expect(daemon.startTimes()).toEqual(['11-20 07:50']);
    expect(daemon.kinds()).toEqual(['tick:skipped', 'tick:skipped']);
  });
});
