// A model-based property test: random histories of source changes, runs, deaths, approvals, acts of people and clock steps, lived
// through by the real store, sync and admin, against a plain model (test/laws/histories).
//
//   ROSTERD_HISTORIES=2000 npx vitest run --project laws test/laws/sync-histories.test.ts   more of them (default 40)
//   ROSTERD_HISTORY_SEED=123 ...      the ones that a failure printed, again
//   ROSTERD_HISTORY_SEED=random ...   others each time: for looking for faults; the test suite lives through the same ones always
//
// A failure prints the shrunk history in sentences and the seed.

import fc from 'fast-check';
import { afterAll, describe, it } from 'vitest';
import { History } from './histories/history.ts';
import { dropTemplate } from './histories/installation.ts';
import { type Step, step } from './histories/steps.ts';

const count = Number(process.env['ROSTERD_HISTORIES'] ?? 40);
const asked = process.env['ROSTERD_HISTORY_SEED'] ?? '20261122';
const seed = asked === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(asked);

afterAll(dropTemplate);

/** What went wrong in a history, with the history as a person reads it. */
class HistoryFault extends Error {}

async function live(steps: readonly Step[], turn: number): Promise<void> {
  const history = await History.begin();
  try {
    await history.live(steps);
    await history.end(turn);
  } catch (error) {
    const because =
      error instanceof Error ? `${error.message}\n${error.stack?.split('\n').slice(0, 8).join('\n')}` : String(error);
    throw new HistoryFault(`${because}\n\n${history.lines.join('\n')}`);
  } finally {
    await history.at.close();
  }
}

/** For all of them, and for shrinking the one that fails; about ten times what a quiet machine needs. */
const limitMs = 60_000 + count * 5_000;

describe('sync', () => {
  it(
    `keeps every truth through ${count} histories`,
    async () => {
      const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 45, size: 'max' }), fc.nat(2), live);
      const found = await fc.check(property, {
        numRuns: count,
        seed,
        interruptAfterTimeLimit: limitMs,
        markInterruptAsFailure: true,
      });
      if (!found.failed) return;
      const { errorInstance: error, numShrinks, numRuns } = found;
      const because = error instanceof HistoryFault ? error.message : `they took too long, or ${String(error)}`;
      throw new Error(
        `history ${numRuns} of ${count}, shrunk ${numShrinks} times, ROSTERD_HISTORY_SEED=${seed}:\n${because}`,
      );
    },
    limitMs + 60_000,
  );
});
