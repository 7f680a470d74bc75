// `user explain`: for each field, attribute, team, grant, role and the main team: value, owner, source and account, rule, the
// candidates that lost, the pin on it, the last change and its run. The rules are asked of the same core that a run asks.

import type { MirrorAccount, Quarantine } from '../model/account.ts';
import type { EnabledReason, MainTeamRule } from '../model/change.ts';
import { changeKey, teamChangeKey } from '../model/change-key.ts';
import type { FieldExplanation } from '../model/decision.ts';
import type { EpochMs, ExternalId, Owner, SourceName, TeamId } from '../model/ids.ts';
import { isPinActive, isSyncOff, type Link, type OwnedValue, type Pin, type User } from '../model/user.ts';
import {
  type UserExplanation as Decision,
  explainUser as explainDecision,
  type RowExplanation,
} from '../reconcile/explain.ts';
import { decideGrants, decideMemberships, decideRoles } from '../reconcile/memberships.ts';
import { linkedAccounts } from '../reconcile/situation.ts';
import type { CompiledWorld } from '../reconcile/world.ts';
import { findUser, teamNames } from './find.ts';
import { type LastChange, type LastChanges, lastChangesOf } from './last-changes.ts';
import { summarise, type UserSummary } from './list-users.ts';
import type { AdminContext } from './ports.ts';
import { loadWorlds, sourcesOf } from './world.ts';

interface Explained {
  readonly lastChange?: LastChange;
  readonly pin?: Pin;
}

export interface ExplainedField extends FieldExplanation, Explained {
  /** What the next run would make of it; only where that differs from the value now. */
  readonly next?: { readonly value?: string; readonly owner?: Owner };
}

/** One row of a membership, grant or role: who owns it and why. */
export interface ExplainedOwner extends Explained {
  readonly owner: Owner;
  /** `comes` and `goes`: the next run changes it. */
  readonly state: RowExplanation['state'];
  /** The account through which the source says so. */
  readonly account?: string;
  readonly rule: string;
}

export interface ExplainedItem {
  readonly name: string;
  readonly owners: readonly ExplainedOwner[];
  readonly pin?: Pin;
}

export interface ExplainedAccount {
  readonly source: SourceName;
  readonly id: ExternalId;
  readonly name: string;
  readonly dn?: string;
  readonly status: MirrorAccount['status'];
  readonly presence: MirrorAccount['presence']['state'];
  readonly quarantine?: string;
  readonly link: Link['state'];
  /** The correlation rule that made the link. */
  readonly rule: string;
  readonly since: EpochMs;
}

export interface UserExplanation {
  readonly user: UserSummary;
  readonly accounts: readonly ExplainedAccount[];
  readonly enabled: Explained & { readonly value: boolean; readonly because: EnabledReason; readonly next?: boolean };
  readonly fields: readonly ExplainedField[];
  readonly attributes: readonly (Explained & {
    readonly name: string;
    readonly value: string;
    readonly owner: Owner;
    readonly state: RowExplanation['state'];
    readonly wins: boolean;
  })[];
  readonly teams: readonly ExplainedItem[];
  readonly mainTeam: Explained & {
    readonly name?: string;
    /** Where the next run would make it another one. */
    readonly next?: string;
    readonly rule: MainTeamRule;
    readonly others: readonly string[];
  };
  readonly grants: readonly ExplainedItem[];
  /** `effective`: what the composite role expands to. */
  readonly roles: readonly (ExplainedItem & { readonly effective: readonly string[] })[];
  readonly pins: readonly Pin[];
}

interface Facts {
  readonly context: AdminContext;
  readonly user: User;
  readonly accounts: readonly MirrorAccount[];
  readonly now: EpochMs;
  readonly worlds: readonly CompiledWorld[];
  readonly decision: Decision;
  readonly names: ReadonlyMap<TeamId, string>;
  readonly changes: LastChanges;
}

export async function explainUser(context: AdminContext, ref: string): Promise<UserExplanation> {
  const { read } = context.store;
  const now = context.now();
  const user = await findUser(read, ref);
  const worldOf = await loadWorlds(context, read, now);
  const worlds = sourcesOf(context, user).map(worldOf);
  // An unsynced user is no source's: the world of none decides on it.
  const world = worlds[0] ?? worldOf('' as SourceName);
  const accounts = await context.withRivals(read, world, [user], await read.accountsOf([user.id]));
  const decision = explainDecision(world, { user, accounts });
  const names = teamNames(await read.teams());
  const changes = await lastChangesOf(context, user.id, wantedKeys(user, names));
  const facts: Facts = { context, user, accounts, now, worlds, decision, names, changes };
  return {
    user: summarise(user, names, now),
    accounts: explainAccounts(facts),
    enabled: explainEnabled(facts),
    fields: decision.fields.flatMap((field) => explainField(facts, field)),
    attributes: explainAttributes(facts),
    teams: explainRows(facts, 'membership', decision.teams),
    mainTeam: explainMainTeam(facts),
    grants: explainRows(facts, 'grant', decision.grants),
    roles: explainRoles(facts),
    pins: user.pins.filter((one) => isPinActive(one, now)),
  };
}

function wantedKeys(user: User, names: ReadonlyMap<TeamId, string>): ReadonlySet<string> {
  const name = (team: TeamId): { readonly name: string } => ({ name: names.get(team) ?? '' });
  return new Set([
    'enabled',
    ...(user.mainTeam === undefined ? [] : ['main-team']),
    ...Object.keys(user.values).map((field) => `field:${field}`),
    ...user.attributes.map((row) => `attribute:${row.name}:${row.owner}`),
    ...user.memberships.map((row) => teamChangeKey('membership', name(row.team), row.owner)),
    ...user.grants.map((row) => teamChangeKey('grant', name(row.team), row.owner)),
    ...user.roles.map((row) => `role:${row.role}:${row.owner}`),
  ]);
}

function changed(facts: Facts, key: string | undefined): Pick<Explained, 'lastChange'> {
  const lastChange = key === undefined ? undefined : facts.changes.get(key);
  return lastChange === undefined ? {} : { lastChange };
}

function pinned(facts: Facts, kind: Pin['kind'], subject: string): Pick<Explained, 'pin'> {
  const pin = facts.user.pins.find(
    (one) => one.kind === kind && one.subject === subject && isPinActive(one, facts.now),
  );
  return pin === undefined ? {} : { pin };
}

function explainAccounts({ user, accounts }: Facts): readonly ExplainedAccount[] {
  const links = new Map(user.links.map((link) => [link.account, link]));
  return accounts.flatMap((account) => {
    const link = links.get(account.key);
    if (link === undefined) return [];
    return {
      source: account.source,
      id: account.id,
      name: account.name,
      ...(account.dn === undefined ? {} : { dn: account.dn }),
      status: account.status,
      presence: account.presence.state,
      ...disputeOf(account),
      link: link.state,
      rule: link.rule,
      since: link.since,
    };
  });
}

/** Of an account whose login another one carries now, as the finding on that one says. */
function disputeOf({ quarantine, rival }: MirrorAccount): { readonly quarantine?: Quarantine } {
  const dispute = quarantine ?? (rival === undefined ? undefined : 'name-of-another');
  return dispute === undefined ? {} : { quarantine: dispute };
}

function explainEnabled(facts: Facts): UserExplanation['enabled'] {
  const { value, after, because } = facts.decision.enabled;
  const next = after === value || isSyncOff(facts.user, facts.now) ? {} : { next: after };
  return { value, because, ...next, ...changed(facts, 'enabled'), ...pinned(facts, 'enabled', '-') };
}

/** Fields that nobody has or gives are left out. */
function explainField(facts: Facts, explanation: FieldExplanation): readonly ExplainedField[] {
  const stored: OwnedValue | undefined = facts.user.values[explanation.field];
  const isQuiet =
    stored === undefined &&
    explanation.value === undefined &&
    explanation.candidates.every((one) => one.reading === 'cleared');
  if (isQuiet) return [];
  const { value, owner, ...rest } = explanation;
  const differs = value !== stored?.value || owner !== stored?.owner;
  const next = { ...(value === undefined ? {} : { value }), ...(owner === undefined ? {} : { owner }) };
  return [
    {
      ...rest,
      ...(stored === undefined ? {} : stored),
      ...(differs && !isSyncOff(facts.user, facts.now) ? { next } : {}),
      ...changed(facts, `field:${explanation.field}`),
      ...pinned(facts, 'field', explanation.field),
    },
  ];
}

function explainAttributes(facts: Facts): UserExplanation['attributes'] {
  return facts.decision.attributes.map(({ name, value, owner, state, isEffective }) => ({
    name,
    value,
    owner,
    state,
    wins: isEffective,
    ...changed(facts, changeKey({ part: 'attribute', name, owner })),
  }));
}

type RowKind = 'membership' | 'grant' | 'role';

/** Why a source wants a row: asked as if the user had none, in the world of that source. */
function wantedBy(facts: Facts, kind: RowKind): (name: string, owner: Owner) => string | undefined {
  const reasons = new Map<string, string>();
  const bare = { memberships: [], grants: [], roles: [], pins: [] };
  for (const world of facts.worlds) {
    const linked = linkedAccounts(world, facts.user, facts.accounts);
    const decide = { membership: decideMemberships, grant: decideGrants, role: decideRoles }[kind];
    for (const { item, owner, because } of decide(world, bare, linked).ops) {
      reasons.set(`${typeof item === 'string' ? item : item.name}\0${owner}`, because);
    }
  }
  return (name, owner) => reasons.get(`${name}\0${owner}`);
}

function accountOf(facts: Facts, owner: Owner): { readonly account?: string } {
  const names = facts.accounts.filter((account) => account.source === owner).map((account) => account.name);
  return names.length === 0 ? {} : { account: names.join(', ') };
}

function explainRows(facts: Facts, kind: RowKind, rows: readonly RowExplanation[]): readonly ExplainedItem[] {
  const wanted = wantedBy(facts, kind);
  const keyOf = (row: RowExplanation): string =>
    kind === 'role' ? `role:${row.name}:${row.owner}` : teamChangeKey(kind, row, row.owner);
  const subjectOf = (name: string): string =>
    kind === 'role' ? name : String([...facts.names].find(([, known]) => known === name)?.[0] ?? '');
  return [...Map.groupBy(rows, (row) => row.name)].map(([name, owned]) => ({
    name,
    owners: owned.map((row) => ({
      owner: row.owner,
      state: row.state,
      ...accountOf(facts, row.owner),
      rule: row.state === 'there' ? (wanted(name, row.owner) ?? ruleOfKept(row)) : row.because,
      ...changed(facts, keyOf(row)),
    })),
    ...pinned(facts, kind, subjectOf(name)),
  }));
}

/** A source's row that the source does not ask for now stays while its account is away or disputed. */
const ruleOfKept = (row: RowExplanation): string => (row.owner === 'local' ? row.because : 'kept as it was last known');

function explainRoles(facts: Facts): UserExplanation['roles'] {
  const { roles } = facts.context.policy;
  return explainRows(facts, 'role', facts.decision.roles).map((role) => ({
    ...role,
    effective: roles[role.name]?.effective ?? [],
  }));
}

function explainMainTeam(facts: Facts): UserExplanation['mainTeam'] {
  const { name, after, rule } = facts.decision.mainTeam;
  const others = facts.decision.teams
    .filter((row) => row.state === 'there' && row.name !== name)
    .map((row) => row.name);
  const next = after === name || after === undefined || isSyncOff(facts.user, facts.now) ? {} : { next: after };
  return {
    ...(name === undefined ? {} : { name }),
    ...next,
    rule,
    others: [...new Set(others)],
    ...changed(facts, 'main-team'),
    ...pinned(facts, 'main-team', '-'),
  };
}
