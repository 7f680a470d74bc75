// The guard's verdict in words that a person can decide on: what would happen to how many, how far over the limit,
// that nothing of it was done, and the three commands that lead on.

import type { Run } from '../model/run.ts';
import { holdText, plural } from '../sync/hold-text.ts';
import type { RunReport } from './app.ts';

/** The run that a decision is made on: the first that stored these held changes. */
export const heldRunOf = (run: Run): number => run.heldRunId ?? run.id;

/** What became of the changes that the guard stopped. */
type Fate = 'would-wait' | 'waits' | 'rejected' | 'superseded' | 'released';

/**
 *   run                                      | its stored changes | fate
 *   dry                                      | any                | would-wait
 *   real (its own changes, or those of the   | some held          | waits
 *   earlier run that stores the same set)    |                    |
 *                                            | some rejected      | rejected
 *                                            | some superseded    | superseded
 *                                            | none of these      | released by an approval
 */
function fateOf({ run, changeCounts }: Judged): Fate {
  if (run.dryRun) return 'would-wait';
  if ((changeCounts.held ?? 0) > 0) return 'waits';
  if ((changeCounts.rejected ?? 0) > 0) return 'rejected';
  return (changeCounts.superseded ?? 0) > 0 ? 'superseded' : 'released';
}

type Judged = Pick<RunReport, 'run' | 'changeCounts'>;

const headlines: Readonly<Record<Fate, string>> = {
  'would-wait': 'HELD',
  waits: 'HELD',
  rejected: 'REJECTED',
  superseded: 'SUPERSEDED',
  released: 'APPROVED',
};

/** The guard's verdict in words, what was and was not done, and the ways on. */
export function verdictLines(judged: Judged): readonly string[] {
  const { run } = judged;
  if (run.holds.length === 0) return run.dryRun ? ['Guard: safe. Nothing would be held.'] : [];
  const fate = fateOf(judged);
  const [first, ...others] = run.holds.map(holdText);
  const indent = ' '.repeat(headlines[fate].length + 2);
  return [`${headlines[fate]}: ${first}`, ...others.map((text) => `${indent}${text}`), ...fateLines(fate, run)];
}

/** Somebody has to act on it. */
export const isWaiting = (judged: Judged): boolean =>
  judged.run.holds.length > 0 && ['waits', 'would-wait'].includes(fateOf(judged));

function fateLines(fate: Fate, run: Run): readonly string[] {
  const id = heldRunOf(run);
  const what = plural(run.counts.held, 'change', 'changes');
  switch (fate) {
    case 'would-wait':
      return [`A real run would hold ${what} for a decision; a dry run applies nothing.`];
    case 'waits':
      return [
        `Nothing of this was applied: ${what} ${run.counts.held === 1 ? 'waits' : 'wait'} for a decision.`,
        `  look:    rosterd run show ${id} --held`,
        `  release: rosterd run approve ${id} --reason "..."`,
        `  silence: rosterd run reject ${id} --reason "..." --until 30d`,
      ];
    case 'rejected':
      return [
        `Nothing of this was applied, and it is silent for now. To apply it after all: rosterd run approve ${id} --reason "..."`,
      ];
    case 'superseded':
      return ['Nothing of this was applied: the source derives other changes now. See the newest run.'];
    case 'released':
      return ['An approval released it; what was applied is above.'];
    default:
      return fate satisfies never;
  }
}
