// What only shows when the sources of one user are laid side by side: agents whom no directory knows, names written in two ways,
// agents without an id, supervisors without a right.
// Invariant: derived from facts that no run sees differently, so two sources never open and close the same finding in turns.
// A user of one directory costs a look at its only account and nothing else.

import type { UserChangePart } from '../model/change.ts';
import type { Finding, FindingCode } from '../model/finding.ts';
import type { Owner, SourceName, UserId } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import { lifecycleOf, speakersFor } from './enabled.ts';
import { isSameName } from './fold-name.ts';
import { mapAttribute, mapField } from './map.ts';
import { teamRef } from './memberships.ts';
import type { Row } from './owned-rows.ts';
import type { LinkedAccount } from './situation.ts';
import type { CompiledSource, CompiledWorld } from './world.ts';

/** Of a user, opened and closed by the plans that look at the user. */
export const crossFindingCodes: readonly FindingCode[] = [
  'not-in-directory',
  'disabled-in-directory',
  'names-differ',
  'agent-id-missing',
  'extension-missing',
  'supervisor-cannot-evaluate',
  'supervisor-cannot-view',
];

/** What the user is after the decision, as far as it is compared. */
export interface Compared {
  readonly linked: readonly LinkedAccount[];
  readonly enabled: boolean;
  /** Parts of the decision that set or take an attribute. */
  readonly attributes: readonly UserChangePart[];
  /** Grants and roles after the decision; the keys of the roles are their names. */
  readonly grants: readonly Pick<Row<{ readonly name: string }>, 'owner' | 'item'>[];
  readonly roles: readonly { readonly key: string }[];
}

interface Decided {
  readonly linked: readonly LinkedAccount[];
  readonly enabled: { readonly value: boolean };
  readonly grants: { readonly after: Compared['grants'] };
  readonly roles: { readonly after: Compared['roles'] };
}

export const comparedOf = (
  { linked, enabled, grants, roles }: Decided,
  attributes: Compared['attributes'],
): Compared => ({ linked, enabled: enabled.value, attributes, grants: grants.after, roles: roles.after });

/** Of a user whom nothing changes. */
export const presentState = (world: CompiledWorld, user: User, linked: readonly LinkedAccount[]): Compared => ({
  linked,
  enabled: user.enabled,
  attributes: [],
  grants: user.grants.map(({ team, owner }) => ({ owner, item: teamRef(world, team) })),
  roles: user.roles.map(({ role }) => ({ key: role })),
});

interface Of {
  readonly subject: string;
  readonly label: string;
}

const none: readonly Finding[] = [];

/** Where agents and supervisors come from. */
export const isContactCentre = ({ policy }: Pick<CompiledSource, 'policy'>): boolean =>
  policy.type === 'uccx' || policy.type === 'ucce';

/**
 * One per code and source: `user:12/<source>`, and `user:12/local` where only the local administrator can act. So a finding closes
 * with the next plan of its user, whatever became of the account: unlinked, gone, or of a source that is not configured any more.
 */
const subjectOf = (of: Of, source: Owner): string => `${of.subject}/${source}`;

/** `of`: subject key and label of the user. */
export function crossFindings(world: CompiledWorld, user: User, of: Of, compared: Compared): readonly Finding[] {
  const { linked, grants, enabled } = compared;
  const isPowerless = enabled && grants.length > 0;
  const [only] = linked;
  if (linked.length < 2 && !isPowerless && (only === undefined || !isContactCentre(only.source))) return none;
  const there = linked.filter(isThere);
  const agents = there.filter(({ source }) => isContactCentre(source));
  const findings: Finding[] = [];
  if (agents.length > 0) {
    findings.push(...directoryFindings(world, user, of, compared, agents));
    if (enabled) findings.push(...missingIds(user, of, compared, agents));
  }
  if (there.length > 1) findings.push(...nameFindings(world, of, there));
  if (isPowerless) findings.push(...supervisorFindings(world, of, compared));
  return findings;
}

/** In the source as far as anybody knows. Read off the account, because the link follows only in the run of its own source. */
function isThere({ account, link }: LinkedAccount): boolean {
  if (account.quarantine !== undefined) return false;
  return account.presence.state === 'present' || (account.presence.state === 'missing' && link.state === 'active');
}

/**
 * The link's state when the run of its own source has been. Whom only a filter leaves out has not left: a slip in a filter, which
 * the guard holds, must not ask anybody to take logins away. It counts once it was applied.
 */
function settled(one: LinkedAccount): LinkedAccount {
  const { account, link, state, isPending } = one;
  if (account.presence.state === 'out-of-scope' && link.state === 'active') return { ...one, state: 'active' };
  return isPending ? { ...one, state: state === 'gone' ? 'active' : 'gone' } : one;
}

/**
 *   an authority says disabled, expired or gone | disabled-in-directory, where the agent can still log in
 *   otherwise no authority has the person       | not-in-directory, once all of them have been read completely
 */
function directoryFindings(
  world: CompiledWorld,
  user: User,
  of: Of,
  { linked: asStored }: Compared,
  agents: readonly LinkedAccount[],
): readonly Finding[] {
  const linked = asStored.map(settled);
  const inDirectory = linked.filter(({ source }) => source.policy.lifecycle === 'authority');
  const { because } = inDirectory.length === 0 ? { because: undefined } : lifecycleOf(user.enabled, linked, world.now);
  const says = because === undefined ? undefined : said[because];
  if (says !== undefined) {
    const directory = speakersFor(because ?? 'no-lifecycle', linked, world.now);
    const open = agents.filter(({ source, account }) => source.policy.type === 'uccx' || account.status === 'enabled');
    const found = firstOfEach(open).map((one) => ofAccount('disabled-in-directory', of, one, { directory, says }));
    if (found.length > 0) return found;
  }
  if (world.hasReadAuthorities !== true || inDirectory.some(({ state }) => state === 'active')) return none;
  const directory = world.policy.sources.filter((one) => one.lifecycle === 'authority').map((one) => one.name);
  if (directory.length === 0) return none;
  return firstOfEach(agents).map((one) => ofAccount('not-in-directory', of, one, { directory }));
}

const said: Readonly<Partial<Record<ReturnType<typeof lifecycleOf>['because'], string>>> = {
  'authority-disabled': 'disabled',
  'authority-expired': 'expired',
  'authority-gone': 'gone',
};

/** The first account of each source. */
function firstOfEach(accounts: readonly LinkedAccount[]): readonly LinkedAccount[] {
  return accounts.filter((one, at) => accounts.findIndex(({ source }) => source === one.source) === at);
}

function ofAccount(code: FindingCode, of: Of, { account }: LinkedAccount, facts: Finding['detail']): Finding {
  const detail = { account: account.name, id: account.id, ...facts };
  return { code, source: account.source, subject: subjectOf(of, account.source), label: of.label, detail };
}

const idCodes = { agentId: 'agent-id-missing', extension: 'extension-missing' } as const;

/** Positively empty in a source that has such a thing, and set by nobody else. What could not be read is not missing. */
function missingIds(
  user: User,
  of: Of,
  { attributes }: Compared,
  agents: readonly LinkedAccount[],
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const name of ['agentId', 'extension'] as const) {
    if (hasAttribute(user, attributes, name)) continue;
    for (const one of firstOfEach(agents)) {
      const own = agents.filter(({ source }) => source === one.source);
      const isCleared = own.every(
        ({ account, source }) => mapAttribute(account, source.policy.mapping, name)?.kind === 'cleared',
      );
      if (isCleared) findings.push(ofAccount(idCodes[name], of, one, {}));
    }
  }
  return findings;
}

function hasAttribute(user: User, parts: readonly UserChangePart[], name: string): boolean {
  const own = parts.filter((part) => part.part === 'attribute').filter((part) => part.name === name);
  if (own.some((part) => part.after !== undefined)) return true;
  const taken = new Set(own.map((part) => part.owner));
  return user.attributes.some((row) => row.name === name && !taken.has(row.owner));
}

interface Spelling {
  readonly one: LinkedAccount;
  readonly value: string;
}

/** The source that comes first in the precedence of the field is right; each other one that differs is named with both spellings. */
function nameFindings(world: CompiledWorld, of: Of, there: readonly LinkedAccount[]): readonly Finding[] {
  const found = new Map<SourceName, { one: LinkedAccount; facts: Record<string, readonly string[]> }>();
  for (const field of ['firstName', 'lastName'] as const) {
    const spellings = world.index.precedence[field].flatMap((source) =>
      there.flatMap((one): Spelling[] => {
        if (one.account.source !== source) return [];
        const reading = mapField(one.account, one.source.policy.mapping, field);
        return reading?.kind === 'present' ? [{ one, value: reading.value }] : [];
      }),
    );
    const [first, ...others] = spellings;
    if (first === undefined) continue;
    for (const { one, value } of others) {
      if (isSameName(first.value, value)) continue;
      const entry = found.get(one.account.source) ?? { one, facts: {} };
      entry.facts[field] ??= [`${value} in ${one.account.source}`, `${first.value} in ${first.one.account.source}`];
      found.set(one.account.source, entry);
    }
  }
  return [...found.values()].map(({ one, facts }) => ofAccount('names-differ', of, one, facts));
}

const rightsToEvaluate = ['EVAL_AGENTS', 'CREATE_EVALS'];
const rightsToView = ['INTERACTIONS_GROUP_VIEW'];
/** Enough to recognise the case by; the whole list is what `user explain` is for. */
const mostTeams = 10;

/** Grants without the right to use them are powerless (R157-R159), whoever gave them. */
function supervisorFindings(world: CompiledWorld, of: Of, { grants, roles }: Compared): readonly Finding[] {
  const rights = new Set(roles.flatMap(({ key }) => world.policy.roles[key]?.effective ?? []));
  const findings: Finding[] = [];
  const note = (code: FindingCode, wanted: readonly string[]): void => {
    const lacks = wanted.filter((right) => !rights.has(right));
    if (lacks.length === 0) return;
    const source = firstOwner(world, grants);
    const names = [...new Set(grants.map(({ item }) => item.name))].sort();
    const teams = names.length > mostTeams ? [...names.slice(0, mostTeams), `${names.length - mostTeams} more`] : names;
    findings.push({
      code,
      ...(source !== undefined && { source }),
      subject: subjectOf(of, source ?? 'local'),
      label: of.label,
      detail: { lacks, teams },
    });
  };
  note('supervisor-cannot-evaluate', rightsToEvaluate);
  note('supervisor-cannot-view', rightsToView);
  return findings;
}

/** In order of the sources; undefined where every grant is local. */
function firstOwner(world: CompiledWorld, grants: Compared['grants']): SourceName | undefined {
  for (const name of world.index.sources.keys()) if (grants.some(({ owner }) => owner === name)) return name;
  return undefined;
}

/** Whether an open finding belongs to a user that was compared. */
export const isCrossSubjectOf = (compared: { has(user: UserId): boolean }, subject: string): boolean => {
  const match = /^user:(\d+)\//.exec(subject);
  return match !== null && compared.has(Number(match[1]) as UserId);
};
