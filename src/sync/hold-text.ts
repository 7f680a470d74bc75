// What a check of the guard found, in words that a person can decide on: what would happen to how many, how far over the limit.
// The command line, the notices and the API say it in the same words.

import type { DangerKind, Hold } from '../model/decision.ts';
import type { GuardLimit } from '../model/policy.ts';

const number = (value: number): string => String(value);

export const plural = (count: number, one: string, many: string): string =>
  `${number(count)} ${count === 1 ? one : many}`;

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
