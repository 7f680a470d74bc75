// One decision per user: everything that the sources, the local state and the policy say of it, as one change.
// Invariant: plan = f(mirror, local state, policy, now); planning again after applying gives no change.

import type { MirrorAccount } from '../model/account.ts';
import {
  type ChangeSubject,
  type MainTeamDecider,
  type MainTeamRule,
  subjectKey,
  type TeamRef,
  type UserChangePart,
} from '../model/change.ts';
import type { RefusedClaims, UniqueKeyKind, UserDecision, UserInput } from '../model/decision.ts';
import { asEpochMs, asUserId, type EpochMs, type Owner, type SourceName, type TeamId } from '../model/ids.ts';
import { fieldNames, isPinActive, isSyncOff, type User } from '../model/user.ts';
import { absenceOf } from './absence.ts';
import { decideAttributes } from './attributes.ts';
import { claimsOf, findingsOf } from './claims-and-findings.ts';
import { comparedOf, crossFindings, presentState } from './cross-findings.ts';
import { decideEnabled, lifecycleOf } from './enabled.ts';
import { decideField, type FieldDecision } from './fields.ts';
import { leftToOwners } from './left-to-owners.ts';
import { type MainTeamInput, mainTeam } from './main-team.ts';
import { decideGrants, decideMemberships, decideRoles, teamRef } from './memberships.ts';
import type { Row, RowDecision } from './owned-rows.ts';
import { type LinkedAccount, linkedAccounts, linkStateParts } from './situation.ts';
import { suspicionsOf } from './suspicions.ts';
import type { CompiledWorld } from './world.ts';

/** What is decided on: a user, or the empty one that an account is about to become. */
interface Target extends UserInput {
  readonly subject: ChangeSubject;
  readonly label: string;
  /** Parts that come first: created, linked. */
  readonly head: readonly UserChangePart[];
}

export const noRefusals: RefusedClaims = new Map();

/** A user with all its accounts. A user whose sync is off gets no change. */
export function decideUser(world: CompiledWorld, input: UserInput, refused: RefusedClaims): UserDecision {
  const { user } = input;
  const subject: ChangeSubject = { kind: 'user', id: user.id };
  const label = user.values.username?.value ?? subjectKey(subject);
  if (isSyncOff(user, world.now)) return decideSyncOff(world, input, { subject: subjectKey(subject), label });
  return decide(world, { ...input, subject, label, head: [] }, refused);
}

/** An account that nobody matches becomes a user. No username, or one that another user keeps: no change, a finding. */
export function decideNewUser(world: CompiledWorld, account: MirrorAccount, refused: RefusedClaims): UserDecision {
  const subject: ChangeSubject = { kind: 'account', source: account.source, id: account.id };
  const user: User = { ...emptyUser, origin: account.source, links: [linkOf(world, account, 'created')] };
  const head: UserChangePart[] = [{ part: 'created', origin: account.source }, linkedPart(account, 'created')];
  const decision = decide(world, { user, accounts: [settled(account)], subject, label: account.name, head }, refused);
  const username = decision.change?.parts.find((part) => part.part === 'field' && part.field === 'username');
  if (decision.change !== undefined && username?.part === 'field' && username.after !== undefined) {
    return { ...decision, change: { ...decision.change, label: username.after.value } };
  }
  const { change: _, crossFindings: __, ...rest } = decision;
  const blocking = rest.findings.filter(({ code }) => code === 'username-conflict' || code === 'username-missing');
  return { ...rest, findings: blocking };
}

/** Links an account to an existing user and decides the user with it. The user's accounts may or may not have the new one yet. */
export function decideLink(
  world: CompiledWorld,
  user: User,
  accounts: readonly MirrorAccount[],
  account: MirrorAccount,
  rule: string,
  refused: RefusedClaims,
): UserDecision {
  const subject: ChangeSubject = { kind: 'user', id: user.id };
  const label = user.values.username?.value ?? subjectKey(subject);
  const linkedUser: User = { ...user, links: [...user.links, linkOf(world, account, rule)] };
  const all = [...accounts.filter((one) => one.key !== account.key), settled(account)];
  return decide(world, { user: linkedUser, accounts: all, subject, label, head: [linkedPart(account, rule)] }, refused);
}

/** It waited until this plan, which knows whose it is. */
function settled(account: MirrorAccount): MirrorAccount {
  const { quarantine: _, ...rest } = account;
  return rest;
}

const emptyUser: Omit<User, 'origin' | 'links'> = {
  id: asUserId(0),
  values: {},
  attributes: [],
  enabled: false,
  activated: false,
  memberships: [],
  grants: [],
  roles: [],
  pins: [],
};

function linkOf(world: CompiledWorld, account: MirrorAccount, rule: string): User['links'][number] {
  return { source: account.source, account: account.key, state: 'active', rule, since: world.now };
}

function linkedPart(account: MirrorAccount, rule: string): UserChangePart {
  return { part: 'linked', source: account.source, account: account.id, name: account.name, rule };
}

/** Everything that is decided about one user; `explain` shows it, `decide` makes a change of it. */
export interface Verdicts {
  readonly linked: readonly LinkedAccount[];
  readonly fields: readonly FieldDecision[];
  readonly enabled: ReturnType<typeof decideEnabled>;
  readonly memberships: RowDecision<TeamRef>;
  readonly grants: RowDecision<TeamRef>;
  readonly roles: RowDecision<string>;
  readonly mainTeam: {
    readonly after?: TeamRef;
    readonly rule: MainTeamRule;
    readonly decidedBy?: readonly MainTeamDecider[];
  };
}

export function decideAll(
  world: CompiledWorld,
  { user, accounts }: UserInput,
  refusedOf: (kind: UniqueKeyKind) => string | undefined,
): Verdicts {
  const linked = linkedAccounts(world, user, accounts);
  const memberships = decideMemberships(world, user, linked);
  return {
    linked,
    fields: fieldNames.map((field) => {
      const refused = field === 'username' || field === 'email' ? refusedOf(field) : undefined;
      return decideField(world, user, linked, field, refused);
    }),
    enabled: decideEnabled(world, user, linked),
    memberships,
    grants: decideGrants(world, user, linked),
    roles: decideRoles(world, user, linked),
    mainTeam: decideMainTeam(world, user, memberships.after),
  };
}

function decide(world: CompiledWorld, target: Target, refused: RefusedClaims): UserDecision {
  const subject = subjectKey(target.subject);
  const refusalOf = (kind: UniqueKeyKind) => refused.get(`${kind}:${subject}`);
  const decided = decideAll(world, target, (kind) => refusalOf(kind)?.label);
  const { verdicts, pendingFor: left } = leftToOwners(world, target.user, decided);
  const attributes = attributeParts(world, target.user, verdicts.linked);
  const parts: UserChangePart[] = [
    ...target.head,
    ...linkStateParts(verdicts.linked),
    ...verdicts.fields.flatMap(({ part }) => part ?? []),
    ...attributes.parts,
    ...enabledPart(target.user, verdicts),
    ...rowParts(verdicts),
    ...mainTeamPart(world, target.user, verdicts),
  ];
  const pendingFor = pendingSources(world, verdicts, [...left, ...attributes.pendingFor]);
  const recheckAt = earliest(world, target.user, verdicts);
  const of = { subject, label: target.label };
  return {
    ...(parts.length > 0 && { change: { subject: target.subject, label: target.label, parts } }),
    suspicions: suspicionsOf(world, parts, verdicts.linked),
    claims: claimsOf(target.user, subject, verdicts.fields),
    findings: findingsOf(world, target.user, of, verdicts, refused),
    ...(pendingFor.length === 0 && {
      crossFindings: crossFindings(world, target.user, of, comparedOf(verdicts, attributes.parts)),
    }),
    ...(recheckAt !== undefined && { recheckAt }),
    ...(pendingFor.length > 0 && { pendingFor }),
  };
}

function attributeParts(world: CompiledWorld, user: User, linked: readonly LinkedAccount[]) {
  const parts: UserChangePart[] = [];
  const pendingFor: SourceName[] = [];
  const owners = new Set<Owner>([
    ...linked.map((one) => one.account.source),
    ...user.attributes.map((row) => row.owner),
  ]);
  for (const source of world.index.sources.values()) {
    const { name } = source.policy;
    if (!owners.has(name) || user.links.length === 0) continue;
    const own = decideAttributes(user, linked, source);
    if (own.length === 0) continue;
    const hasLink = linked.some((one) => one.source === source);
    if (name === world.source || !hasLink) parts.push(...own);
    else pendingFor.push(name);
  }
  return { parts, pendingFor };
}

function enabledPart(user: User, { enabled }: Verdicts): readonly UserChangePart[] {
  if (enabled.value === user.enabled) return [];
  return [{ part: 'enabled', before: user.enabled, after: enabled.value, because: enabled.because }];
}

function rowParts({ memberships, grants, roles }: Verdicts): readonly UserChangePart[] {
  return [
    ...memberships.ops.map(({ op, item, owner, because }) => ({
      part: 'membership' as const,
      op,
      team: item,
      owner,
      because,
    })),
    ...grants.ops.map(({ op, item, owner, because }) => ({ part: 'grant' as const, op, team: item, owner, because })),
    ...roles.ops.map(({ op, item, owner, because }) => ({ part: 'role' as const, op, role: item, owner, because })),
  ];
}

function decideMainTeam(world: CompiledWorld, user: User, rows: readonly Row<TeamRef>[]): Verdicts['mainTeam'] {
  type Key = TeamId | string;
  const members = new Map<Key, { team: Key; name: string; owners: Owner[]; ref: TeamRef }>();
  for (const { key, owner, item } of rows) {
    const team = item.id ?? key;
    const known = members.get(team);
    if (known === undefined) members.set(team, { team, name: item.name, owners: [owner], ref: item });
    else known.owners.push(owner);
  }
  const pin = user.pins.find((one) => one.kind === 'main-team' && isPinActive(one, world.now));
  const { team, ...how } = mainTeam<Key>({
    pinned: pin?.value === undefined ? undefined : (Number(pin.value) as TeamId),
    current: user.mainTeam,
    membersAfter: [...members.values()] satisfies MainTeamInput<Key>['membersAfter'],
    rank: world.policy.mainTeam.rank,
    ineligible: world.index.isIneligibleMain,
  });
  const after = team === undefined ? undefined : members.get(team)?.ref;
  return after === undefined ? how : { after, ...how };
}

function mainTeamPart(
  world: CompiledWorld,
  user: User,
  { mainTeam: { after, ...how } }: Verdicts,
): readonly UserChangePart[] {
  if (after?.id === user.mainTeam && (after !== undefined) === (user.mainTeam !== undefined)) return [];
  const before = user.mainTeam === undefined ? undefined : teamRef(world, user.mainTeam);
  return [{ part: 'main-team', ...(before && { before }), ...(after && { after }), ...how }];
}

function pendingSources(
  world: CompiledWorld,
  { linked, memberships, grants, roles }: Verdicts,
  others: readonly SourceName[],
): readonly SourceName[] {
  const states = linked.filter((one) => one.isPending).map((one) => one.account.source);
  const all = [...states, ...others, ...memberships.pendingFor, ...grants.pendingFor, ...roles.pendingFor];
  if (all.length === 0) return all;
  const names = new Set(all);
  return [...world.index.sources.keys()].filter((name) => names.has(name));
}

/** Pins that end, graces that end, accounts that expire. */
function earliest(world: CompiledWorld, user: User, { linked, enabled }: Verdicts): EpochMs | undefined {
  let next = enabled.recheckAt ?? Number.POSITIVE_INFINITY;
  for (const one of linked) if (one.recheckAt !== undefined) next = Math.min(next, one.recheckAt);
  for (const pin of user.pins) {
    if (pin.until !== undefined && pin.until > world.now) next = Math.min(next, pin.until);
  }
  return Number.isFinite(next) ? asEpochMs(next) : undefined;
}

/** The mirror goes on, the user does not: only what a person should know comes out, of the sources too. */
function decideSyncOff(
  world: CompiledWorld,
  { user, accounts }: UserInput,
  of: { readonly subject: string; readonly label: string },
): UserDecision {
  const linked = linkedAccounts(world, user, accounts).map((one): LinkedAccount => {
    const absence = absenceOf(one.source.policy, one.account.presence, world.now);
    return absence.kind === 'acts' && one.standing === 'live' ? { ...one, state: 'gone' } : one;
  });
  const recheck = [user.syncOff?.until, ...linked.map((one) => one.recheckAt)].filter((at) => at !== undefined);
  const enabled = decideEnabled(world, { ...user, pins: [] }, linked);
  if (enabled.recheckAt !== undefined) recheck.push(enabled.recheckAt);
  const lifecycle = lifecycleOf(user.enabled, linked, world.now);
  const isDisabledBySource = linked.length > 0 && user.enabled && !lifecycle.value;
  const source = linked[0]?.account.source;
  return {
    suspicions: [],
    claims: [],
    findings: isDisabledBySource
      ? [
          {
            code: 'sync-off-but-disabled',
            ...(source && { source }),
            ...of,
            detail: { because: lifecycle.because, reason: user.syncOff?.reason ?? '' },
          },
        ]
      : [],
    crossFindings: crossFindings(world, user, of, presentState(world, user, linked)),
    ...(recheck.length > 0 && { recheckAt: asEpochMs(Math.min(...recheck)) }),
  };
}

export { checksumText } from './checksum.ts';
