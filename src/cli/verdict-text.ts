// The guard's verdict in words that a person can decide on: what would happen to how many, how far over the limit,
// that nothing of it was done, and the three commands that lead on.

import type { DangerKind, Hold } from '../model/decision.ts';
import type { GuardLimit } from '../model/policy.ts';
import type { Run } from '../model/run.ts';
import type { RunReport } from './app.ts';

const number = (value: number): string => String(value);

const plural = (count: number, one: string, many: string): string => `${number(count)} ${count === 1 ? one : many}`;

export function percent(ratio: number): string {
  const value = ratio * 100;
  // "0 %" beside a count above zero, or "100 %" beside one that lacks somebody, would be a lie.
  const digits = value > 0 && (value < 1 || (value > 99 && value < 100)) ? 1 : 0;
  return `${value.toFixed(digits)} %`;
}

/** What would happen, and of what `hold.baseline` is the number. */
const said: Readonly<Record<DangerKind, (hold: Hold) => string>> = {
  'access-loss': (hold) => `${number(hold.count)} of ${plural(hold.baseline, 'user', 'users')} would lose access`,
  'membership-removal': (hold) => `${plural(hold.count, 'membership', 'memberships')} would be removed`,
  'grant-removal': (hold) => `${plural(hold.count, 'can-manage grant', 'can-manage grants')} would be removed`,
  'role-removal': (hold) => `${plural(hold.count, 'role', 'roles')} would be taken away`,
  'main-team-change': (hold) => `${plural(hold.count, 'user', 'users')} would change the main team`,
  rename: (hold) => `${plural(hold.count, 'user', 'users')} would be renamed`,
  'role-added': (hold) => `${plural(hold.count, 'role or grant', 'roles or grants')} would be given`,
  created: (hold) => `${plural(hold.count, 'user', 'users')} would be created`,
  'field-changed': (hold) => `${hold.of ?? 'a field'} would change on ${plural(hold.count, 'user', 'users')}`,
  'team-members': (hold) =>
    `team ${hold.of ?? '?'} would lose ${number(hold.count)} of ${plural(hold.baseline, 'member', 'members')}`,
  protected: (hold) =>
    `${plural(hold.count, 'protected user', 'protected users')} would be disabled, lose a role or be linked`,
  'first-link-grant-loss': (hold) =>
    `${plural(hold.count, 'user', 'users')} would lose can-manage grants at the first link to this source`,
  'first-run': (hold) =>
    `the first run of this source would link to or overwrite ${plural(hold.count, 'existing user', 'existing users')}`,
  'scope-changed': (hold) =>
    `${plural(hold.count, 'change follows', 'changes follow')} from a read whose scope or server is not the one of before`,
  'empty-read': (hold) =>
    `${plural(hold.count, 'change follows', 'changes follow')} from a read that had no account at all`,
};

function limitText(limit: GuardLimit): string {
  const always = limit.always === undefined ? '' : `, or more than ${number(limit.always)}`;
  return `limit ${percent(limit.ratio)} and more than ${number(limit.count)}${always}`;
}

function holdNumbers(hold: Hold): string {
  if (hold.limit === undefined) return 'always held';
  const sum = hold.count + hold.recent;
  const recent = hold.recent === 0 ? '' : `${number(hold.recent)} more in the last 24 h; `;
  const share = hold.baseline === 0 ? '' : `${percent(sum / hold.baseline)}; `;
  return `${recent}${share}${limitText(hold.limit)}`;
}

/** `131 of 250 users would lose access (52 %; limit 5 % and more than 5)` */
export const holdText = (hold: Hold): string => `${said[hold.kind](hold)} (${holdNumbers(hold)})`;

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
