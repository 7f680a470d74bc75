// A small world for tests of the pure core: three sources with the defaults of the design, and builders with short names.
// Everything is data; what a test does not say has the most ordinary value.

import type { MirrorAccount, Presence } from '../../src/model/account.ts';
import type { GuardBaseline } from '../../src/model/decision.ts';
import type { MirrorGroup } from '../../src/model/group.ts';
import {
  asAccountKey,
  asEpochMs,
  asExternalId,
  asGroupKey,
  asSourceName,
  asTeamId,
  asUserId,
  type Owner,
  type TeamId,
} from '../../src/model/ids.ts';
import type { GuardLimit, GuardPolicy, Policy, SourcePolicy } from '../../src/model/policy.ts';
import type { Team } from '../../src/model/team.ts';
import type { FieldName, Link, OwnedValue, Pin, User } from '../../src/model/user.ts';
import { type CompiledWorld, makeWorld } from '../../src/reconcile/world.ts';

export const ad = asSourceName('ad-hq');
export const uccx = asSourceName('uccx-main');
export const ucce = asSourceName('ucce-main');
export const uccxTwo = asSourceName('uccx-two');

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const now = asEpochMs(1_750_000_000_000);
export const later = (ms: number) => asEpochMs(now + ms);

const limit = (ratio: number, count: number, always?: number): GuardLimit => ({
  ratio,
  count,
  ...(always !== undefined && { always }),
});

/** The defaults of the design. */
export const guardPolicy: GuardPolicy = {
  accessLoss: limit(0.05, 5, 500),
  membershipRemovals: limit(0.2, 20),
  grantRemovals: limit(0.2, 20),
  roleRemovals: limit(0.2, 20),
  mainTeamChanges: limit(0.2, 20),
  renames: limit(0.2, 20),
  teamMembers: limit(0.5, 5),
  rolesAdded: limit(0.05, 5),
  fieldChanged: limit(0.3, 20),
  created: limit(0.5, 50),
};

const base: SourcePolicy = {
  name: ad,
  type: 'active-directory',
  idStability: 'immutable',
  lifecycle: 'authority',
  createUsers: true,
  rename: 'follow',
  onLeave: 'keep',
  manualMemberships: 'keep',
  absence: { graceMs: 0, confirmReads: 1, outOfScopeGraceMs: dayMs, returnWithinMs: 30 * dayMs },
  correlation: ['username', 'email'],
  correlateAfter: [],
  differentNames: 'wait',
  mapping: {
    fields: {
      username: { kind: 'first', attributes: ['name'] },
      email: { kind: 'first', attributes: ['mail'] },
      firstName: { kind: 'first', attributes: ['first'] },
      phone: { kind: 'first', attributes: ['phone'] },
    },
    attributes: { extension: { kind: 'first', attributes: ['ext'] } },
  },
  teams: {
    from: 'groups',
    include: ['*'],
    exclude: [],
    stripPrefix: '',
    stripSuffix: '',
    match: 'separate',
    flatten: false,
  },
  roleMapping: [],
  guard: guardPolicy,
  onHold: 'apply-safe',
};

export function sourcePolicy(over: Partial<SourcePolicy> = {}): SourcePolicy {
  return { ...base, ...over };
}

export const adPolicy = sourcePolicy({
  roleMapping: [{ kind: 'group', group: 'Agents', by: 'name', roles: ['AGENT'] }],
});
export const uccxPolicy = sourcePolicy({
  name: uccx,
  type: 'uccx',
  idStability: 'reusable',
  lifecycle: 'none',
  createUsers: false,
  roleMapping: [{ kind: 'attribute', attribute: 'type', equals: '2', roles: ['SUPERVISOR'] }],
});
export const uccePolicy = sourcePolicy({ name: ucce, type: 'ucce', lifecycle: 'vote' });

export function policy(over: Partial<Policy> = {}): Policy {
  return {
    sources: [adPolicy, uccePolicy, uccxPolicy],
    precedence: {},
    mainTeam: { rank: {}, ineligible: [] },
    roles: { AGENT: { effective: [] }, SUPERVISOR: { effective: [] }, ADMIN: { effective: [] } },
    protected: { usernames: ['root'], roles: ['ADMIN'] },
    validation: { usernameMaxLength: 20, usernameForbidden: '"/\\[]:;|=,+*?<>', asciiOnly: false, phoneMaxDigits: 15 },
    ...over,
  };
}

export interface WorldParts {
  readonly policy?: Policy;
  readonly source?: typeof ad;
  readonly now?: typeof now;
  readonly teams?: readonly Team[];
  readonly groups?: readonly MirrorGroup[];
  readonly newTeams?: CompiledWorld['newTeams'];
}

export function world(parts: WorldParts = {}): CompiledWorld {
  return makeWorld({
    policy: parts.policy ?? policy(),
    now: parts.now ?? now,
    source: parts.source ?? ad,
    teams: parts.teams ?? [],
    groups: parts.groups ?? [],
    newTeams: parts.newTeams ?? new Map(),
  });
}

/** Attribute values as a test writes them: a text is present, `null` cleared, nothing unread. */
export type Given = Readonly<Record<string, string | null>>;

export function account(key: number, given: Given = {}, over: Partial<MirrorAccount> = {}): MirrorAccount {
  return {
    key: asAccountKey(key),
    source: ad,
    id: asExternalId(`guid-${key}`),
    name: given['name'] ?? `account ${key}`,
    status: 'enabled',
    attributes: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value === null ? [] : [value]])),
    unread: [],
    presence: { state: 'present' },
    memberOf: [],
    manages: [],
    ...over,
  };
}

export const gone = (over: Partial<Extract<Presence, { state: 'absent' | 'out-of-scope' }>> = {}): Presence => ({
  state: 'absent',
  since: now,
  confirmedReads: 1,
  evidence: 'noSuchObject',
  suspect: undefined,
  ...over,
});

export function group(key: number, name: string, over: Partial<MirrorGroup> = {}): MirrorGroup {
  return {
    key: asGroupKey(key),
    source: ad,
    id: asExternalId(`group-${key}`),
    name,
    attributes: {},
    presence: { state: 'present' },
    parents: [],
    ...over,
  };
}

export function team(id: number, name: string, over: Partial<Team> = {}): Team {
  return { id: asTeamId(id), name, origin: ad, ...over };
}

export function link(of: MirrorAccount, state: Link['state'] = 'active'): Link {
  return { source: of.source, account: of.key, state, rule: 'username', since: now };
}

export function owned(owner: Owner, values: Readonly<Partial<Record<FieldName, string>>>): User['values'] {
  return Object.fromEntries(
    Object.entries(values).map(([field, value]): [string, OwnedValue] => [field, { value, owner }]),
  );
}

export function user(id: number, over: Partial<User> = {}): User {
  return {
    id: asUserId(id),
    origin: 'local',
    values: {},
    attributes: [],
    enabled: true,
    activated: true,
    links: [],
    memberships: [],
    grants: [],
    roles: [],
    pins: [],
    ...over,
  };
}

/** A user that has exactly what its account says, so that planning it gives no change. */
export function settledUser(id: number, of: MirrorAccount, over: Partial<User> = {}): User {
  return user(id, {
    origin: of.source,
    links: [link(of)],
    values: owned(of.source, { username: of.attributes['name']?.[0] ?? 'nobody' }),
    ...over,
  });
}

export function pin(kind: Pin['kind'], subject: string, over: Partial<Pin> = {}): Pin {
  return { kind, subject, mode: 'keep', reason: 'asked for', by: 'cli:admin@host', since: now, ...over };
}

export const row = (teamId: number, owner: Owner): { readonly team: TeamId; readonly owner: Owner } => ({
  team: asTeamId(teamId),
  owner,
});

export function baseline(over: Partial<GuardBaseline> = {}): GuardBaseline {
  return {
    enabledUsers: 100,
    linkedUsers: 100,
    teamMembers: new Map(),
    recent: new Map(),
    mirrorWasEmpty: false,
    isFirstRun: false,
    ...over,
  };
}
