// An explanation as an auditor reads it: each thing with its value, then indented why it is so, who else spoke, when it changed.

import type { ExplainedField, ExplainedItem, UserExplanation } from '../admin/explain.ts';
import type { LastChange } from '../admin/last-changes.ts';
import { formatMoment } from '../admin/moments.ts';
import type { FieldRule } from '../model/change.ts';
import type { FieldExplanation } from '../model/decision.ts';
import type { Pin, SyncOff } from '../model/user.ts';

const fieldRules: Readonly<Record<FieldRule, string>> = {
  pinned: 'pinned',
  precedence: 'first source in the order of precedence that has a value',
  'kept-local': 'no source has a value, so the local one stays',
  'kept-unread': 'a source that comes first could not be read, so the value stays',
  'kept-conflict': 'the value that the source gives belongs to another user',
  'kept-rename': 'the source renamed the account, and this source is set to keep usernames',
  removed: 'every source says it is empty',
  kept: 'nothing says otherwise',
};

const enabledReasons: Readonly<Record<UserExplanation['enabled']['because'], string>> = {
  pinned: 'pinned by an admin',
  'admin-hold': 'disabled by an admin',
  'not-activated': 'a local user that nobody has enabled yet',
  activated: 'enabled by an admin',
  'authority-enabled': 'the authoritative source says enabled',
  'authority-disabled': 'the authoritative source disabled the account',
  'authority-expired': 'the account has expired in the authoritative source',
  'authority-gone': 'the authoritative source no longer has the account',
  'votes-gone': 'no source has an active account any more',
  'votes-alive': 'a source has an active account',
  'no-lifecycle': 'the sources have no such notion, and the account is there',
  'source-not-configured':
    'it has an account of a source that is not configured any more, so it stays as it is until that source is detached',
  quarantined: 'the account that decides is disputed, so it stays as it is',
};

const mainTeamRules: Readonly<Record<UserExplanation['mainTeam']['rule'], string>> = {
  pinned: 'pinned',
  kept: 'it was the main team, and the user is still a member (R150)',
  'first-assigned': 'the first team assigned (R152)',
  'first-by-name': 'the first by name after the main team was lost (R151)',
  'no-team': 'the user is in no team',
};

/** A line and how far it is indented. */
export interface ExplainLine {
  readonly indent: 0 | 1 | 2;
  readonly text: string;
}

const line = (indent: ExplainLine['indent'], text: string): ExplainLine => ({ indent, text });

export function explanationLines(explanation: UserExplanation): readonly ExplainLine[] {
  const { user } = explanation;
  return [
    line(
      0,
      `User ${user.id} ${user.username}${user.displayName === undefined ? '' : ` (${user.displayName})`}, origin ${user.origin}`,
    ),
    line(1, syncText(explanation)),
    ...section('Accounts', explanation.accounts.map(accountText)),
    line(0, 'Enabled'),
    ...enabledLines(explanation),
    line(0, 'Fields'),
    ...explanation.fields.flatMap(fieldLines),
    ...(explanation.attributes.length === 0
      ? []
      : [line(0, 'Attributes'), ...explanation.attributes.flatMap(attributeLines)]),
    ...itemSection('Teams', explanation.teams),
    line(0, 'Main team'),
    ...mainTeamLines(explanation),
    ...itemSection('Can manage', explanation.grants),
    ...itemSection(
      'Roles',
      explanation.roles.map((role) => ({ ...role, name: `${role.name} (${role.effective.join(', ')})` })),
    ),
  ];
}

export const offText = (off: SyncOff): string =>
  `Sync is OFF${off.until === undefined ? '' : ` until ${formatMoment(off.until)}`}: ${off.reason} (${off.by}, ${formatMoment(off.since)})`;

function syncText({ user }: UserExplanation): string {
  if (user.syncOff !== undefined) return offText(user.syncOff);
  return user.sources.length === 0 ? 'Local: no account in any source' : 'Sync is on';
}

const section = (title: string, texts: readonly string[]): readonly ExplainLine[] =>
  texts.length === 0 ? [] : [line(0, title), ...texts.map((text) => line(1, text))];

function accountText(account: UserExplanation['accounts'][number]): string {
  const states = [
    account.status,
    account.presence,
    account.quarantine === undefined ? '' : `disputed: ${account.quarantine}`,
    account.link === 'gone' ? 'its absence acts' : '',
  ];
  return `${account.source}: ${account.dn ?? account.name} (id ${account.id}; ${states.filter((text) => text !== '').join(', ')}; linked by ${account.rule} ${formatMoment(account.since)})`;
}

const changeText = (change: LastChange | undefined): string =>
  change === undefined
    ? 'no change on record'
    : `changed ${formatMoment(change.at)} by ${change.actor}${change.run === undefined ? '' : ` in run ${change.run}`} (audit ${change.audit}${change.rule === undefined ? '' : `, rule ${change.rule}`})`;

const pinText = (pin: Pin): string =>
  `pinned${pin.mode === 'keep-out' ? ' out' : ''}${pin.until === undefined ? '' : ` until ${formatMoment(pin.until)}`}: ${pin.reason} (${pin.by}, ${formatMoment(pin.since)})`;

const pinLines = (pin: Pin | undefined): readonly ExplainLine[] => (pin === undefined ? [] : [line(2, pinText(pin))]);

function enabledLines({ enabled, user }: UserExplanation): readonly ExplainLine[] {
  // While the switch is off nothing is decided; what is shown is what would be.
  const offPrefix = user.syncOff === undefined ? '' : 'sync is off, so it stays; else: ';
  const next = enabled.next === undefined ? [] : [line(2, `the next run would make it ${enabled.next ? 'yes' : 'no'}`)];
  const hold =
    user.adminHold === undefined
      ? []
      : [line(2, `${user.adminHold.reason} (${user.adminHold.by}, ${formatMoment(user.adminHold.since)})`)];
  return [
    line(1, `${enabled.value ? 'yes' : 'no'}: ${offPrefix}${enabledReasons[enabled.because]}`),
    ...hold,
    ...pinLines(enabled.pin),
    ...next,
    line(2, changeText(enabled.lastChange)),
  ];
}

const valueText = (value: string | undefined, owner: string | undefined): string =>
  value === undefined ? '(empty)' : `"${value}" from ${owner ?? '?'}`;

function fieldLines(field: ExplainedField): readonly ExplainLine[] {
  const winner = field.candidates.find((one) => one.verdict === 'wins' && one.owner === field.owner);
  const via = winner?.account === undefined ? '' : `, account ${winner.account}`;
  const losers = field.candidates.filter((one) => one !== winner);
  return [
    line(1, `${field.field}: ${valueText(field.value, field.owner)}${via}`),
    line(2, `rule: ${fieldRules[field.rule]}`),
    ...losers.map((one) => line(2, candidateText(one))),
    ...pinLines(field.pin),
    ...(field.next === undefined
      ? []
      : [line(2, `the next run would make it ${valueText(field.next.value, field.next.owner)}`)]),
    line(2, changeText(field.lastChange)),
  ];
}

function candidateText(one: FieldExplanation['candidates'][number]): string {
  const who = one.account === undefined ? one.owner : `${one.owner} (account ${one.account})`;
  const said =
    one.reading === 'present'
      ? `says "${one.value ?? ''}"`
      : one.reading === 'cleared'
        ? 'says it is empty'
        : 'could not be read';
  return `${who} ${said}: ${one.verdict}`;
}

function attributeLines(attribute: UserExplanation['attributes'][number]): readonly ExplainLine[] {
  const standing = attribute.state === 'there' ? (attribute.wins ? '' : ', overridden') : nextText(attribute.state);
  return [
    line(1, `${attribute.name}: "${attribute.value}" from ${attribute.owner}${standing}`),
    line(2, changeText(attribute.lastChange)),
  ];
}

const nextText = (state: 'there' | 'comes' | 'goes'): string =>
  state === 'there' ? '' : `, ${state} with the next run`;

function itemSection(title: string, items: readonly ExplainedItem[]): readonly ExplainLine[] {
  return items.length === 0 ? [] : [line(0, title), ...items.flatMap(itemLines)];
}

function itemLines(item: ExplainedItem): readonly ExplainLine[] {
  const owners = item.owners.map(({ owner, account, rule, state, lastChange }) =>
    line(
      2,
      `${owner}${account === undefined ? '' : ` (account ${account})`}: ${rule}${nextText(state)}; ${changeText(lastChange)}`,
    ),
  );
  return [line(1, item.name), ...owners, ...pinLines(item.pin)];
}

function mainTeamLines({ mainTeam }: UserExplanation): readonly ExplainLine[] {
  const others = mainTeam.others.length === 0 ? [] : [line(2, `other teams: ${mainTeam.others.join(', ')}`)];
  return [
    line(1, mainTeam.name ?? '(none)'),
    line(2, `rule: ${mainTeamRules[mainTeam.rule]}`),
    ...(mainTeam.next === undefined ? [] : [line(2, `the next run would make it ${mainTeam.next}`)]),
    ...others,
    ...pinLines(mainTeam.pin),
    ...(mainTeam.name === undefined ? [] : [line(2, changeText(mainTeam.lastChange))]),
  ];
}
