import { describe, expect, it } from 'vitest';
import type { Run } from '../../src/model/run.ts';
import { failingTicks } from '../../src/reconcile/failing-ticks.ts';

type Outcome = Parameters<typeof failingTicks>[0][number];

const run = (state: Run['state'], more: Partial<Outcome> = {}): Outcome => ({
  trigger: 'schedule',
  dryRun: false,
  attempt: 1,
  state,
  ...more,
});
const failed = run('failed');
const partial = run('partial', { read: 'partial' });
const done = run('done', { read: 'complete' });

describe('the count of scheduled times that failed in a row', () => {
  it('counts failed and partial ones back to the last run that worked', () => {
    expect(failingTicks([failed, partial, failed, done, failed])).toBe(3);
    expect(failingTicks([done, failed, failed, failed])).toBe(0);
    expect(failingTicks([])).toBe(0);
    expect(failingTicks([failed, failed])).toBe(2);
  });

  it('counts a time once, however often it was tried again', () => {
    const again = (attempt: number): Outcome => run('failed', { attempt });
    expect(failingTicks([again(3), again(2), failed, again(2), failed, done])).toBe(2);
    expect(failingTicks([run('done', { read: 'complete', attempt: 2 }), failed, failed, failed])).toBe(0);
  });

  it.each([
    ['an interrupted run', run('interrupted')],
    ['a run by hand that failed', run('failed', { trigger: 'cli' })],
    ['a dry run that worked', run('done', { read: 'complete', trigger: 'cli', dryRun: true })],
    ['a dry run that failed', run('failed', { dryRun: true })],
    ['a paused run whose read was cut', run('paused', { read: 'partial' })],
    ['a run that is still reading', run('reading')],
  ])('neither counts nor ends with %s', (_what, between) => {
    expect(failingTicks([between, failed, between, failed, done])).toBe(2);
  });

  it.each([
    ['by hand', run('done', { read: 'complete', trigger: 'cli' })],
    ['that is held', run('held', { read: 'complete' })],
    ['of a paused source', run('paused', { read: 'complete' })],
    ['that still applies', run('applying', { read: 'complete' })],
  ])('ends with a complete read %s', (_what, good) => {
    expect(failingTicks([failed, good, failed, failed])).toBe(1);
  });

  it('counts the runs of the command line where none is scheduled: cron calls it', () => {
    const byCron = run('failed', { trigger: 'cli' });
    expect(failingTicks([byCron, byCron, byCron, run('done', { read: 'complete', trigger: 'cli' })])).toBe(3);
    expect(failingTicks([byCron, byCron, byCron, done])).toBe(0);
  });

  it('counts a run that read completely and failed afterwards: the source is not brought up to date', () => {
    const after = run('failed', { read: 'complete' });
    expect(failingTicks([after, after, after, done])).toBe(3);
  });
});
