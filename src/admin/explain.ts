// `user explain`: for each field, attribute, team, grant, role and the main team: value, owner, source and account, rule, the
// candidates that lost, the pin on it, the last change and its run. The rules are asked of the same core that a run asks.

import type { MirrorAccount } from '../model/account.ts';
import type { EnabledReason, MainTeamRule } from '../model/change.ts';
import type { FieldExplanation } from '../model/decision.ts';
import type { EpochMs, ExternalId, Owner, SourceName, TeamId } from '../model/ids.ts';
import {
  type FieldName,
  isPinActive,
  isSyncOff,
  type Link,
  type OwnedValue,
  type Pin,
  type User,
} from '../model/user.ts';
import { effectiveAttributes } from '../reconcile/attributes.ts';
import { decideGrants, decideMemberships, decideRoles } from '../reconcile/memberships.ts';
import { decideAll, type Verdicts } from '../reconcile/plan.ts';
import type { CompiledWorld } from '../reconcile/world.ts';
import { findUser, teamNames } from './find.ts';
import { changeKey, type LastChange, type LastChanges, lastChangesOf, teamChangeKey } from './last-changes.ts';
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
    readonly wins: boolean;
  })[];
  readonly teams: readonly ExplainedItem[];
  readonly mainTeam: Explained & {
    readonly name?: string;
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
  readonly world: CompiledWorld;
  readonly worlds: readonly CompiledWorld[];
  readonly verdicts: Verdicts;
  readonly names: ReadonlyMap<TeamId, string>;
  readonly changes: LastChanges;
}

export async function explainUser(context: AdminContext, ref: string): Promise<UserExplanation> {
  const { read } = context.store;
  const now = context.now();
  const user = await findUser(read, ref);
  const accounts = await read.accountsOf([user.id]);
  const worldOf = await loadWorlds(context, read, now);
  const worlds = sourcesOf(context, user).map(worldOf);
  // An unsynced user is no source's: the world of none decides on it.
  const world = worlds[0] ?? worldOf('' as SourceName);
  const verdicts = decideAll(world, { user, accounts }, () => undefined);
  const names = teamNames(await read.teams());
  const changes = await lastChangesOf(context, user.id, wantedKeys(user, names));
  const facts: Facts = { context, user, accounts, now, world, worlds, verdicts, names, changes };
  return {
    user: summarise(user, names, now),
    accounts: explainAccounts(facts),
    enabled: explainEnabled(facts),
    fields: verdicts.fields.flatMap(({ explanation }) => explainField(facts, explanation)),
    attributes: explainAttributes(facts),
    teams: explainTeams(facts, 'membership'),
    mainTeam: explainMainTeam(facts),
    grants: explainTeams(facts, 'grant'),
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
      ...(account.quarantine === undefined ? {} : { quarantine: account.quarantine }),
      link: link.state,
      rule: link.rule,
      since: link.since,
    };
  });
}

function explainEnabled(facts: Facts): UserExplanation['enabled'] {
  const { user, verdicts } = facts;
  const next =
    isSyncOff(user, facts.now) || verdicts.enabled.value === user.enabled ? {} : { next: verdicts.enabled.value };
  return {
    value: user.enabled,
    because: verdicts.enabled.because,
    ...next,
    ...changed(facts, 'enabled'),
    ...pinned(facts, 'enabled', '-'),
  };
}

/** Fields that nobody has or gives are left out. */
function explainField(facts: Facts, explanation: FieldExplanation): readonly ExplainedField[] {
  const stored: OwnedValue | undefined = facts.user.values[explanation.field satisfies FieldName];
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
  const winners = effectiveAttributes(facts.world, facts.user.attributes);
  return facts.user.attributes
    .map((row) => ({
      name: row.name,
      value: row.value,
      owner: row.owner,
      wins: winners.get(row.name) === row,
      ...changed(facts, changeKey({ part: 'attribute', name: row.name, owner: row.owner })),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : Number(b.wins) - Number(a.wins)));
}

/** Why a source wants a row: asked as if the user had none, in the world of that source. */
function wantedBy(facts: Facts, kind: 'membership' | 'grant' | 'role'): (key: string, owner: Owner) => string {
  const reasons = new Map<string, string>();
  const bare = { memberships: [], grants: [], roles: [], pins: [] };
  for (const world of facts.worlds) {
    const { linked } = facts.verdicts;
    const decide = { membership: decideMemberships, grant: decideGrants, role: decideRoles }[kind];
    for (const op of decide(world, bare, linked).ops) reasons.set(`${op.key}\0${op.owner}`, op.because);
  }
  return (key, owner) =>
    reasons.get(`${key}\0${owner}`) ?? (owner === 'local' ? 'set by hand' : 'kept as it was last known');
}

function accountOf(facts: Facts, owner: Owner): { readonly account?: string } {
  const names = facts.accounts.filter((account) => account.source === owner).map((account) => account.name);
  return names.length === 0 ? {} : { account: names.join(', ') };
}

function explainTeams(facts: Facts, kind: 'membership' | 'grant'): readonly ExplainedItem[] {
  const because = wantedBy(facts, kind);
  const rows = kind === 'membership' ? facts.user.memberships : facts.user.grants;
  const byTeam = Map.groupBy(rows, (row) => row.team);
  return [...byTeam]
    .map(([team, owned]) => {
      const name = facts.names.get(team) ?? `team:${team}`;
      const owners = owned.map(({ owner }) => ({
        owner,
        ...accountOf(facts, owner),
        rule: because(`team:${team}`, owner),
        ...changed(facts, teamChangeKey(kind, { name }, owner)),
      }));
      return { name, owners, ...pinned(facts, kind, String(team)) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function explainRoles(facts: Facts): UserExplanation['roles'] {
  const because = wantedBy(facts, 'role');
  return [...Map.groupBy(facts.user.roles, (row) => row.role)]
    .map(([role, owned]) => ({
      name: role,
      effective: facts.context.policy.roles[role]?.effective ?? [],
      owners: owned.map(({ owner }) => ({
        owner,
        ...accountOf(facts, owner),
        rule: because(role, owner),
        ...changed(facts, `role:${role}:${owner}`),
      })),
      ...pinned(facts, 'role', role),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function explainMainTeam(facts: Facts): UserExplanation['mainTeam'] {
  const { user, verdicts, names } = facts;
  const name = user.mainTeam === undefined ? undefined : (names.get(user.mainTeam) ?? `team:${user.mainTeam}`);
  const others = [...new Set(user.memberships.map((row) => row.team))]
    .filter((team) => team !== user.mainTeam)
    .map((team) => names.get(team) ?? `team:${team}`)
    .sort();
  return {
    ...(name === undefined ? {} : { name }),
    rule: verdicts.mainTeam.rule,
    others,
    ...changed(facts, 'main-team'),
    ...pinned(facts, 'main-team', '-'),
  };
}
