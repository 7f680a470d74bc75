// Which failures are tried again, when, and what comes out in the end.

import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ErrorCode, errorCatalogue, RosterdError } from '../../src/model/errors.ts';
import { asEpochMs, type EpochMs } from '../../src/model/ids.ts';
import type { Run, RunState } from '../../src/model/run.ts';
import { type RetryFacts, type RetryRequest, withRetries } from '../../src/sync/schedule/retry.ts';
import { aRun, at, clock, hour, minute, pass, unreachable } from './schedule-fixture.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: at('2026-11-20T07:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Runs to the end and tells what happened; `steps` are the attempts, the last one repeats. */
async function trying(steps: readonly (() => Run)[], facts: Partial<RetryRequest> = {}) {
  const began = clock.now();
  const attempts: number[] = [];
  const told: RetryFacts[] = [];
  const ending = withRetries({
    attempt: async (n) => {
      attempts.push(clock.now() - began);
      const step = steps[Math.min(n, steps.length) - 1];
      if (step === undefined) throw new Error('no step');
      return step();
    },
    until: undefined,
    clock,
    signal: new AbortController().signal,
    onRetry: (retry) => told.push(retry),
    retryAfterMs: () => undefined,
    ...facts,
  }).then(
    (run) => ({ run, error: undefined }),
    (error: unknown) => ({ run: undefined, error }),
  );
  await pass(2 * hour);
  return { ...(await ending), attempts, told };
}

const failed =
  (errorCode: ErrorCode, state: RunState = 'failed') =>
  () =>
    aRun(state, { errorCode });
const throws =
  (error: unknown = unreachable()) =>
  (): Run => {
    throw error;
  };

describe('withRetries', () => {
  it('returns the first run when there is nothing to try again', async () => {
    for (const state of ['done', 'held', 'paused', 'interrupted'] as const) {
      const { run, attempts, told } = await trying([() => aRun(state)]);
      expect(run?.state).toBe(state);
      expect(attempts).toEqual([0]);
      expect(told).toEqual([]);
    }
  });

  it('tries again exactly what the catalogue calls worth it, thrown or returned', async () => {
    for (const [code, { recovery }] of Object.entries(errorCatalogue) as [ErrorCode, { recovery: string }][]) {
      const expected = recovery === 'retry' ? 2 : 1;
      expect((await trying([failed(code), () => aRun('done')])).attempts, code).toHaveLength(expected);
      if (code === 'run-in-progress') continue;
      const error = new RosterdError(code, 'it broke');
      expect((await trying([throws(error), () => aRun('done')])).attempts, code).toHaveLength(expected);
    }
  });

  it('never tries bad credentials again', async () => {
    const { run, attempts } = await trying([failed('source-credentials')]);
    expect(attempts).toHaveLength(1);
    expect(run?.errorCode).toBe('source-credentials');
  });

  it('leaves a source to whoever has its lease', async () => {
    const error = new RosterdError('run-in-progress', 'Source ad-hq is being synced by pc7:41.');
    expect(await trying([throws(error)])).toMatchObject({ error, attempts: [0] });
  });

  it('does not try a bug again, and throws it as it was', async () => {
    for (const bug of [new TypeError('x is not a function'), new Error('fetch failed'), 'a string', null]) {
      const { error, attempts } = await trying([throws(bug), () => aRun('done')]);
      expect(error).toBe(bug);
      expect(attempts).toHaveLength(1);
    }
  });

  it('tries partial reads and broken applies again, and no other run that has a code', async () => {
    const again = async (state: RunState): Promise<number> =>
      (await trying([failed('source-connection-lost', state), () => aRun('done')])).attempts.length;
    expect(await again('partial')).toBe(2);
    expect(await again('applying')).toBe(2);
    expect(await again('interrupted')).toBe(1);
    expect(await again('held')).toBe(1);
  });

  it('waits longer each time, with jitter, and gives the last run back when five retries did not help', async () => {
    const { run, attempts, told } = await trying([failed('source-unreachable'), failed('source-busy')]);
    expect(run?.errorCode).toBe('source-busy');
    expect(attempts).toHaveLength(6);
    const pauses = attempts.slice(1).map((time, index) => time - (attempts[index] ?? 0));
    const bases = [5_000, 15_000, 45_000, 135_000, 300_000];
    for (const [index, pauseMs] of pauses.entries()) {
      expect(pauseMs).toBeGreaterThanOrEqual(bases[index] ?? 0);
      expect(pauseMs).toBeLessThanOrEqual(Math.min(2 * (bases[index] ?? 0), 5 * minute));
    }
    expect(pauses.slice(0, 4), 'exactly the base every time').not.toEqual(bases.slice(0, 4));
    expect(told.map(({ attempt }) => attempt)).toEqual([2, 3, 4, 5, 6]);
    expect(told.map(({ waitMs }) => waitMs)).toEqual(pauses);
    expect(told.map(({ errorCode }) => errorCode)).toEqual(['source-unreachable', ...Array(4).fill('source-busy')]);
  });

  it('goes on every half hour until the next scheduled time when that is far away', async () => {
    const until = asEpochMs(clock.now() + hour + 50 * minute);
    const { attempts, told } = await trying([failed('source-unreachable')], { until });
    const pauses = attempts.slice(1).map((time, index) => time - (attempts[index] ?? 0));
    expect(pauses.slice(0, 5).every((pauseMs) => pauseMs <= 5 * minute)).toBe(true);
    expect(pauses.slice(5)).toEqual([30 * minute, 30 * minute, 30 * minute].slice(0, pauses.length - 5));
    expect(pauses.length).toBeGreaterThanOrEqual(7);
    expect(Math.max(...attempts)).toBeLessThan(until);
    expect(told.map(({ waitMs }) => waitMs)).toEqual(pauses);
  });

  it('goes on counting where a process before it was stopped', async () => {
    const until = asEpochMs(clock.now() + 100 * minute);
    const numbers: number[] = [];
    const attempt = async (n: number): Promise<Run> => {
      numbers.push(n);
      return aRun('failed', { errorCode: 'source-unreachable' });
    };
    const { told } = await trying([], { until, first: 5, attempt });
    expect(numbers).toEqual([5, 6, 7, 8, 9]);
    expect(told[0]?.waitMs).toBe(5 * minute);
    expect(told.slice(1).map(({ waitMs }) => waitMs)).toEqual(Array(3).fill(30 * minute));
  });

  it('tries a doubtful read once more, whatever came before it, and then leaves it', async () => {
    const inAnHour = (): EpochMs => asEpochMs(clock.now() + hour);
    const doubtful = failed('source-partial', 'partial');
    expect((await trying([doubtful], { until: inAnHour() })).attempts).toHaveLength(2);
    const late = await trying([failed('source-busy'), doubtful], { until: inAnHour() });
    expect(late.attempts).toHaveLength(3);
    expect(late.run?.errorCode).toBe('source-partial');
  });

  it('does not try again what is final', async () => {
    const { attempts, told } = await trying([failed('source-timeout')], { isFinal: () => true });
    expect([attempts, told]).toEqual([[0], []]);
  });

  it('throws the last error when the last attempt threw', async () => {
    const gone = new RosterdError('store-unreachable', 'The database does not answer.');
    const { error, run } = await trying([failed('source-unreachable'), throws(gone)]);
    expect(run).toBeUndefined();
    expect(error).toBe(gone);
  });

  it('returns the run that came good', async () => {
    const good = aRun('done');
    expect((await trying([throws(), failed('source-partial', 'partial'), () => good])).run).toBe(good);
  });

  it('starts no retry at or after the next scheduled time', async () => {
    const until = asEpochMs(clock.now() + minute);
    const { attempts, told, run } = await trying([failed('source-unreachable')], { until });
    expect(run?.state).toBe('failed');
    expect(attempts.length).toBeGreaterThan(1);
    expect(attempts.length).toBeLessThan(4);
    expect(Math.max(...attempts)).toBeLessThan(minute);
    expect(told).toHaveLength(attempts.length - 1);
  });

  it('waits as long as the source asked for, and not at all when that is too long', async () => {
    const { signal } = new AbortController();
    const asked = await trying([failed('source-busy'), () => aRun('done')], {
      retryAfterMs: () => 20 * minute,
      signal,
    });
    expect(asked.attempts).toEqual([0, 20 * minute]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(asked.told).toEqual([{ attempt: 2, waitMs: 20 * minute, errorCode: 'source-busy' }]);
    const until = asEpochMs(clock.now() + 10 * minute);
    const late = await trying([failed('source-busy'), () => aRun('done')], { retryAfterMs: () => 20 * minute, until });
    expect(late.attempts).toEqual([0]);
    expect(late.told).toEqual([]);
    const absurd = await trying([failed('source-busy'), () => aRun('done')], { retryAfterMs: () => 2 ** 40 });
    expect(absurd.attempts).toEqual([0]);
  });

  it('waits its own pause when the source asked for less', async () => {
    const { attempts } = await trying([failed('source-busy'), () => aRun('done')], { retryAfterMs: () => 10 });
    expect(attempts[1]).toBeGreaterThanOrEqual(5_000);
  });

  it.each([
    ['its own pause', undefined],
    ['the wait that the source asked for', hour],
  ])('ends %s at once when the signal aborts, and leaves no timer', async (_, retryAfter) => {
    const stop = new AbortController();
    const ending = withRetries({
      attempt: async () => aRun('failed', { errorCode: 'source-unreachable' }),
      until: undefined,
      clock,
      signal: stop.signal,
      onRetry: () => {},
      retryAfterMs: () => retryAfter,
    });
    await pass(1_000);
    expect(vi.getTimerCount()).toBe(1);
    stop.abort(new Error('stop'));
    expect((await ending).errorCode).toBe('source-unreachable');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('makes no attempt when the signal has aborted before', async () => {
    const reason = new Error('stop');
    expect(await trying([() => aRun('done')], { signal: AbortSignal.abort(reason) })).toMatchObject({
      error: reason,
      attempts: [],
    });
  });

  it('returns the run of the attempt during which the signal aborted', async () => {
    const stop = new AbortController();
    const interrupted = aRun('interrupted', { errorCode: 'interrupted' });
    const step = (): Run => {
      stop.abort(new Error('stop'));
      return interrupted;
    };
    expect((await trying([step], { signal: stop.signal })).run).toBe(interrupted);
  });
});
