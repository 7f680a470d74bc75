// Whatever the clock does and however long runs take: never two runs of a source at once, and no source is forgotten.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import { nextTicks } from '../../src/sync/schedule/cron.ts';
import {
  ad,
  at,
  clock,
  Installation,
  minute,
  pass,
  scheduleOf,
  setClock,
  takes,
  unreachable,
  type Work,
} from './schedule-fixture.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: at('2026-11-20T07:00:07Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 1_500 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('jump' as const), seconds: fc.integer({ min: -7_200, max: 7_200 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('work' as const),
      how: fc.constantFrom('done', 'partial', 'throws', 'elsewhere', 'bug'),
      seconds: fc.integer({ min: 0, max: 1_200 }),
    }),
  },
);

function workOf(how: string, seconds: number): Work {
  const took = takes(seconds * 1_000);
  return async (attempt, signal) => {
    const ended = await took(attempt, signal);
    if (how === 'throws') throw unreachable();
    if (how === 'elsewhere') throw new RosterdError('run-in-progress', 'Source ad-hq is being synced by b:12.');
    if (how === 'bug') throw new Error('a bug');
    return how === 'partial' ? { run: { ...ended.run, state: 'partial', errorCode: 'source-partial' } } : ended;
  };
}

describe('scheduler', () => {
  it('never runs a source twice at once, and runs it by one beat after the next tick', async () => {
    const crons = fc.constantFrom('*/5 * * * *', '7 * * * *', '*/20 */2 * * *', '30 */10 * * * *');
    await fc.assert(
      fc.asyncProperty(crons, fc.array(step, { maxLength: 12 }), async (full, steps) => {
        vi.setSystemTime(at('2026-11-20T07:00:07Z'));
        const cron = scheduleOf(full, { deadlineMs: 10 * minute });
        const daemon = new Installation({ 'ad-hq': cron });
        try {
          await daemon.start();
          for (const next of steps) {
            if (next.kind === 'pass') await pass(next.seconds * 1_000);
            else if (next.kind === 'jump') setClock(new Date(clock.now() + next.seconds * 1_000).toISOString());
            else daemon.work = workOf(next.how, next.seconds);
          }
          // A run under way ends by its deadline, and its retries at the next tick.
          daemon.work = takes(0);
          await pass(21 * minute);
          const tick = nextTicks(cron, 1, clock.now())[0] ?? 0;
          // The clock went back over a tick that has had its run: then that one counts, and the pause is one tick longer.
          const lastAt = daemon.last.get(ad)?.startedAt ?? 0;
          const isServed = lastAt >= tick && lastAt <= tick + minute;
          daemon.started.length = 0;
          await pass(tick - clock.now() + 20_000);
          expect(daemon.started.map(({ dueAt }) => dueAt)).toEqual(isServed ? [] : [tick]);
          expect(daemon.mostAtOnce).toBe(1);
        } finally {
          await daemon.stop();
        }
        expect(vi.getTimerCount()).toBe(0);
        expect(daemon.scheduler.state().map(({ source, running }) => [source, running])).toEqual([[ad, undefined]]);
      }),
      { numRuns: 25 },
    );
  });
});
