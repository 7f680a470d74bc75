// Whose main team a run changes, from where to where and by which rule: quality management follows the main team, so a plan that
// moves people between teams is read for this before anything else.
// Invariant: every move is counted once, in the group of its from, to, rule and state; who gets a first main team is counted apart.

import type { MainTeamRule, UserChangePart } from '../model/change.ts';
import type { StoredChange } from '../sync/ports.ts';
import { printable } from './table.ts';
import type { Terminal } from './terminal.ts';

type MainTeamPart = Extract<UserChangePart, { readonly part: 'main-team' }>;
type How = Pick<MainTeamPart, 'rule' | 'decidedBy'>;

export interface MainTeamMove {
  readonly from: string;
  /** Absent: no team is left. */
  readonly to?: string;
  readonly how: How;
  readonly state: StoredChange['state'];
  readonly users: readonly string[];
}

interface OpenMove extends MainTeamMove {
  readonly users: string[];
}

export class MainTeamImpact {
  readonly #moves = new Map<string, OpenMove>();
  /** Users who get a main team and had none. */
  first = 0;

  add({ change, state }: StoredChange): void {
    for (const part of change.parts) {
      if (part.part !== 'main-team') continue;
      if (part.before === undefined) this.first += 1;
      else this.#add(part, part.before.name, change.label, state);
    }
  }

  /** The greatest first. */
  get moves(): readonly MainTeamMove[] {
    const all = [...this.#moves].sort(([a, left], [b, right]) => {
      return right.users.length - left.users.length || (a < b ? -1 : 1);
    });
    return all.map(([, move]) => move);
  }

  #add({ after, rule, decidedBy }: MainTeamPart, from: string, user: string, state: StoredChange['state']): void {
    const key = JSON.stringify([from, after?.name, rule, decidedBy, state === 'planned' ? 'applied' : state]);
    const how = { rule, ...(decidedBy !== undefined && { decidedBy }) };
    const move = this.#moves.get(key) ?? { from, ...(after && { to: after.name }), how, state, users: [] };
    move.users.push(user);
    this.#moves.set(key, move);
  }
}

const ruleTexts: Readonly<Record<MainTeamRule, string>> = {
  pinned: 'pinned',
  kept: 'kept',
  'first-assigned': 'first assigned',
  'first-by-name': 'first by name',
  'no-team': 'no team left',
};

/** `first by rank, then name`; rank and eligibility are only named where the name alone had chosen another team. */
export function ruleText({ rule, decidedBy = [] }: How): string {
  const isRank = decidedBy.includes('rank');
  const text = !isRank
    ? ruleTexts[rule]
    : rule === 'first-by-name'
      ? 'first by rank, then name'
      : `${ruleTexts[rule]}, by rank, then name`;
  return decidedBy.includes('ineligible') ? `${text}, of those that may be main` : text;
}

const stateTexts: Readonly<Record<StoredChange['state'], string>> = {
  planned: '',
  applied: '',
  held: ', held',
  obsolete: ', obsolete',
  conflict: ', left to the next run',
  superseded: ', superseded',
  rejected: ', rejected',
};

const usersText = (count: number): string => `${count} ${count === 1 ? 'user' : 'users'}`;

/** `Billing -> Claims: 36 users (first by name), held` */
export function moveText({ from, to, how, state, users }: MainTeamMove): string {
  return `${from} -> ${to ?? '(none)'}: ${usersText(users.length)} (${ruleText(how)})${stateTexts[state]}`;
}

export interface ImpactOptions {
  /** Users listed under each move; undefined for all of them, 0 for none. */
  readonly users: number | undefined;
  /** The command that lists more of them. */
  readonly more: string;
}

export function printMainTeams(terminal: Terminal, impact: MainTeamImpact, { users, more }: ImpactOptions): void {
  const { moves, first } = impact;
  if (moves.length === 0) {
    if (first > 0) terminal.line(`Main team impact: nobody moves; ${usersText(first)} without a main team before.\n`);
    return;
  }
  const moved = moves.reduce((sum, move) => sum + move.users.length, 0);
  terminal.line(`${terminal.style('bold', 'Main team impact')} (${usersText(moved)})`);
  for (const move of moves) {
    terminal.line(printable(`  ${moveText(move)}`));
    const shown = users === undefined ? move.users : move.users.slice(0, users);
    if (shown.length === 0) continue;
    const rest = move.users.length - shown.length;
    terminal.line(printable(`    ${shown.join(', ')}${rest > 0 ? ` and ${rest} more (${more})` : ''}`));
  }
  if (first > 0) terminal.line(`  a first main team: ${usersText(first)} without one before`);
  if (users === 0) terminal.line(`  who they are: ${more}`);
  terminal.line();
}
