// One change in the words of a readable diff: each part becomes a line in the group of its kind, a new user becomes one line.

import type { Change, ChangePart, TeamChangePart, TeamRef } from '../model/change.ts';
import type { FieldName, OwnedValue } from '../model/user.ts';
import { ruleText } from './main-team-impact.ts';

export const changeGroups = [
  { kind: 'created', title: 'New users', noun: ['new user', 'new users'] },
  { kind: 'linked', title: 'Links', noun: ['link', 'links'] },
  { kind: 'renamed', title: 'Renames', noun: ['rename', 'renames'] },
  { kind: 'field', title: 'Fields', noun: ['field', 'fields'] },
  { kind: 'disabled', title: 'Disabled', noun: ['disabled', 'disabled'] },
  { kind: 'enabled', title: 'Enabled', noun: ['enabled', 'enabled'] },
  { kind: 'membership', title: 'Memberships', noun: ['membership', 'memberships'] },
  { kind: 'role', title: 'Roles', noun: ['role', 'roles'] },
  { kind: 'grant', title: 'Can manage', noun: ['can-manage grant', 'can-manage grants'] },
  { kind: 'main-team', title: 'Main team', noun: ['main team', 'main teams'] },
  { kind: 'team', title: 'Teams', noun: ['team change', 'team changes'] },
] as const;

export type ChangeGroup = (typeof changeGroups)[number]['kind'];

export interface ChangeLine {
  readonly group: ChangeGroup;
  readonly sign: '+' | '-' | '~';
  readonly label: string;
  readonly text: string;
}

const teamName = (team: TeamRef | undefined): string => team?.name ?? '(none)';
const shown = (value: OwnedValue | undefined): string => (value === undefined ? '(empty)' : `"${value.value}"`);

function ownerText(before: OwnedValue | undefined, after: OwnedValue | undefined): string {
  if (after === undefined) return before?.owner ?? '';
  return before !== undefined && before.owner !== after.owner ? `${before.owner} -> ${after.owner}` : after.owner;
}

const mainTeamRules = {
  pinned: 'pinned',
  kept: 'kept',
  'first-assigned': 'first team assigned',
  'first-by-name': 'left the main team; first of the others by name',
  'no-team': 'no team left',
} as const;

/** A line per part; the parts of a new user or team together in one. */
export function changeLines(change: Change): readonly ChangeLine[] {
  const [first] = change.parts;
  if (first?.part === 'created') return [createdLine(change)];
  const lines = change.parts.map((part) => partLine(change.label, part));
  if (first?.part !== 'team-created') return lines;
  return [{ group: 'team', sign: '+', label: change.label, text: lines.map((line) => line.text).join('; ') }];
}

function createdLine(change: Change): ChangeLine {
  const value = (field: FieldName): string | undefined =>
    change.parts.find((part) => part.part === 'field' && part.field === field)?.part === 'field'
      ? change.parts.flatMap((part) =>
          part.part === 'field' && part.field === field ? [part.after?.value ?? ''] : [],
        )[0]
      : undefined;
  const name = value('displayName') ?? [value('firstName'), value('lastName')].filter((text) => text).join(' ');
  const email = value('email');
  const named = [name, email === undefined ? '' : `<${email}>`].filter((text) => text).join(' ');
  const parts = change.parts.flatMap(createdWords);
  return {
    group: 'created',
    sign: '+',
    label: change.label,
    text: [named, ...parts].filter((text) => text).join('; '),
  };
}

function createdWords(part: ChangePart): readonly string[] {
  switch (part.part) {
    case 'linked':
      return [`from ${part.source} (${part.name})`];
    case 'enabled':
      return part.after ? [] : [`disabled (${part.because})`];
    case 'membership':
      return [`team ${part.team.name}`];
    case 'grant':
      return [`can manage ${part.team.name}`];
    case 'role':
      return [`role ${part.role}`];
    case 'main-team':
      return part.after === undefined ? [] : [`main team ${part.after.name}`];
    default:
      return [];
  }
}

const signOf = (op: 'add' | 'remove'): '+' | '-' => (op === 'add' ? '+' : '-');

export function partLine(label: string, part: ChangePart): ChangeLine {
  const line = (group: ChangeGroup, sign: ChangeLine['sign'], text: string): ChangeLine => ({
    group,
    sign,
    label,
    text,
  });
  switch (part.part) {
    case 'created':
      return line('created', '+', `origin ${part.origin}`);
    case 'linked':
      return line('linked', '+', `${part.source}: account ${part.name} (matched by ${part.rule})`);
    case 'link-state':
      return line(
        'linked',
        part.after === 'gone' ? '-' : '+',
        `${part.source}: account ${part.name} ${part.after === 'gone' ? 'is gone' : 'is back'} (${part.because})`,
      );
    case 'field':
      return line(
        part.field === 'username' && part.before !== undefined ? 'renamed' : 'field',
        part.after === undefined ? '-' : part.before === undefined ? '+' : '~',
        `${part.field} ${shown(part.before)} -> ${shown(part.after)} (${ownerText(part.before, part.after)}, ${part.rule})`,
      );
    case 'attribute':
      return line(
        'field',
        part.after === undefined ? '-' : part.before === undefined ? '+' : '~',
        `${part.name} ${part.before === undefined ? '(empty)' : `"${part.before}"`} -> ${part.after === undefined ? '(empty)' : `"${part.after}"`} (${part.owner})`,
      );
    case 'enabled':
      return line(part.after ? 'enabled' : 'disabled', part.after ? '+' : '-', part.because);
    case 'membership':
    case 'grant':
      return line(part.part, signOf(part.op), `${part.team.name} (${part.owner}, ${part.because})`);
    case 'role':
      return line('role', signOf(part.op), `${part.role} (${part.owner}, ${part.because})`);
    case 'main-team':
      return line(
        'main-team',
        '~',
        `${teamName(part.before)} -> ${teamName(part.after)} (${part.decidedBy === undefined ? mainTeamRules[part.rule] : ruleText(part)})`,
      );
    case 'team-created':
    case 'team-renamed':
    case 'team-parent':
    case 'team-fed':
      return teamPartLine(label, part);
    default:
      return part satisfies never;
  }
}

function teamPartLine(label: string, part: TeamChangePart): ChangeLine {
  const line = (sign: ChangeLine['sign'], text: string): ChangeLine => ({ group: 'team', sign, label, text });
  switch (part.part) {
    case 'team-created':
      return line('+', `created (${part.origin})`);
    case 'team-renamed':
      return line('~', `${part.before} -> ${part.after}`);
    case 'team-parent':
      return line('~', `parent ${teamName(part.before)} -> ${teamName(part.after)}`);
    case 'team-fed':
      return line(signOf(part.op), `fed by ${part.source} group ${part.name}`);
    default:
      return part satisfies never;
  }
}

/** How many parts of each group a change has; a new user's memberships count as memberships too. */
export function countParts(change: Change, counts: Map<ChangeGroup, number>): void {
  for (const part of change.parts) {
    const { group } = partLine('', part);
    // A new team is one change of a team, whatever feeds it.
    if (group === 'team' && part !== change.parts[0]) continue;
    // The fields of a new user are not changes of a field.
    if (group === 'field' && change.parts[0]?.part === 'created') continue;
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
}
