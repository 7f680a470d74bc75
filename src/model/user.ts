// The local user with everything that is stored about it. Every value, membership, grant and role has an owner.

import type { AccountKey, EpochMs, Owner, SourceName, TeamId, UserId } from './ids.ts';

/** Fields that a source may feed. Each has at most one value. */
export const fieldNames = [
  'username',
  'email',
  'firstName',
  'lastName',
  'displayName',
  'phone',
  'mobile',
  'department',
  'title',
  'site',
  'company',
  'employeeId',
  'description',
] as const;
export type FieldName = (typeof fieldNames)[number];

/** Well-known attribute types (R126-R128); any other name is a custom attribute (R129). */
export const attributeTypes = ['agentId', 'deviceId', 'extension'] as const;
export type AttributeName = string;

export interface OwnedValue {
  readonly value: string;
  readonly owner: Owner;
}

export interface OwnedAttribute extends OwnedValue {
  readonly name: AttributeName;
}

export interface OwnedTeam {
  readonly team: TeamId;
  readonly owner: Owner;
}

export interface OwnedRole {
  readonly role: string;
  readonly owner: Owner;
}

/** The stored fact that an account belongs to a user. `gone`: the account's absence has acted on the user. */
export interface Link {
  readonly source: SourceName;
  readonly account: AccountKey;
  readonly state: 'active' | 'gone';
  /** The correlation rule that made the link, for people: `username`, `email`, `created`, `manual`. */
  readonly rule: string;
  readonly since: EpochMs;
}

/** An admin's hold on a user: disabled whatever a source says, until a person lifts it. */
export interface AdminHold {
  readonly by: string;
  readonly reason: string;
  readonly since: EpochMs;
}

/** The per-user sync switch (R123), when off. */
export interface SyncOff {
  readonly by: string;
  readonly reason: string;
  readonly since: EpochMs;
  readonly until?: EpochMs;
}

export type PinKind = 'field' | 'enabled' | 'membership' | 'grant' | 'role' | 'main-team';

/**
 * An admin's decision on one thing.
 * `subject`: the field name, the team id as text, the role name; `enabled` and `main-team` pins use `-` and carry `value`.
 */
export interface Pin {
  readonly kind: PinKind;
  readonly subject: string;
  readonly mode: 'keep' | 'keep-out';
  /** Field: the value to keep. Enabled: `true` or `false`. Main team: the team id as text. */
  readonly value?: string;
  readonly reason: string;
  readonly by: string;
  readonly since: EpochMs;
  readonly until?: EpochMs;
}

export interface User {
  readonly id: UserId;
  /** A label only (R120): `local` or the source that created the user. No rule reads it. */
  readonly origin: Owner;
  readonly values: Readonly<Partial<Record<FieldName, OwnedValue>>>;
  readonly attributes: readonly OwnedAttribute[];
  readonly enabled: boolean;
  /** For unsynced users only: a local user is created inactive (R121). */
  readonly activated: boolean;
  readonly adminHold?: AdminHold;
  readonly syncOff?: SyncOff;
  readonly links: readonly Link[];
  readonly memberships: readonly OwnedTeam[];
  readonly grants: readonly OwnedTeam[];
  readonly roles: readonly OwnedRole[];
  readonly mainTeam?: TeamId;
  readonly pins: readonly Pin[];
}

/** Synced = has at least one link. Every rule uses this, none uses `origin`. */
export const isSynced = (user: Pick<User, 'links'>): boolean => user.links.length > 0;

/** The sync switch is off now; an expired switch counts as on. */
export const isSyncOff = (user: Pick<User, 'syncOff'>, now: EpochMs): boolean =>
  user.syncOff !== undefined && (user.syncOff.until === undefined || user.syncOff.until > now);

/** A pin that has not expired. */
export const isPinActive = (pin: Pin, now: EpochMs): boolean => pin.until === undefined || pin.until > now;
