// The compiled configuration as the pure core sees it: plain data, all defaults filled in, no secrets, no connection settings.

import type { SourceName } from './ids.ts';
import type { AttributeName, FieldName } from './user.ts';

/** How one field is computed from an account's attributes. Exactly one of the three forms. */
export type MappingRule =
  /** The first of these attributes that is present; cleared only when all are cleared; unread when one that could win is unread. */
  | { readonly kind: 'first'; readonly attributes: readonly string[]; readonly transform?: Transform }
  /** Text with `{attribute}` holes; cleared when every hole is cleared, unread when any hole is unread. Blanks are folded. */
  | {
      readonly kind: 'template';
      readonly template: string;
      readonly attributes: readonly string[];
      readonly transform?: Transform;
    }
  /** The same text for every account. */
  | { readonly kind: 'constant'; readonly value: string };

/** `local-part`: what stands before the first `@`. */
export type Transform = 'lower' | 'upper' | 'local-part' | 'digits';

export interface SourceMapping {
  readonly fields: Readonly<Partial<Record<FieldName, MappingRule>>>;
  readonly attributes: Readonly<Record<AttributeName, MappingRule>>;
  /** From what an account's match keys are computed, where that is not the field or attribute of the same name; null: from nothing. */
  readonly matchKeys?: Readonly<Partial<Record<CorrelationKey, MappingRule | null>>>;
}

/**
 * By what the user of an account is found.
 * `principalName`: `user@domain` as a login has it (AD userPrincipalName, UCCE person.userName); no key without a domain.
 * `usernameWithoutDomain`: the user name without `@domain` or `DOMAIN\\`; never joins two names of different domains.
 * `agentId`: exactly as written, because it may begin with zeros.
 */
export const correlationKeys = [
  'principalName',
  'username',
  'usernameWithoutDomain',
  'email',
  'employeeId',
  'agentId',
] as const;
export type CorrelationKey = (typeof correlationKeys)[number];

/** The rule that gives a match key; undefined where the source has none for it. */
export function matchRuleOf(mapping: SourceMapping, key: CorrelationKey): MappingRule | undefined {
  const own = mapping.matchKeys?.[key];
  if (own !== undefined) return own ?? undefined;
  switch (key) {
    case 'username':
    case 'email':
    case 'employeeId':
      return mapping.fields[key];
    case 'usernameWithoutDomain':
      return matchRuleOf(mapping, 'username');
    case 'agentId':
      return mapping.attributes['agentId'];
    case 'principalName':
      return undefined;
    default:
      return key satisfies never;
  }
}

/** Which groups become teams and how. Patterns are glob-like (`*`), case-folded, on the group's name. */
export interface TeamPolicy {
  readonly from: 'none' | 'groups';
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Taken off the front and the back of the group's name, case-insensitively, before it names the team. */
  readonly stripPrefix: string;
  readonly stripSuffix: string;
  /** `separate`: a name that a foreign team has is a finding, and this team takes the source as suffix. `name`: join it. */
  readonly match: 'separate' | 'name';
  /** Members of nested groups become members of the outer team too (default: only of their own). */
  readonly flatten: boolean;
}

/** Roles for the members (nested ones too) of a group, or for accounts with an attribute value. */
export type RoleMappingRule =
  | {
      readonly kind: 'group';
      readonly group: string;
      readonly by: 'name' | 'dn' | 'id';
      readonly roles: readonly string[];
    }
  | {
      readonly kind: 'attribute';
      readonly attribute: string;
      readonly equals: string;
      readonly roles: readonly string[];
    };

/** A limit that trips when BOTH are exceeded (`ratio` of the baseline and `count`), or when `always` alone is exceeded. */
export interface GuardLimit {
  readonly ratio: number;
  readonly count: number;
  readonly always?: number;
}

export interface GuardPolicy {
  readonly accessLoss: GuardLimit;
  readonly membershipRemovals: GuardLimit;
  readonly grantRemovals: GuardLimit;
  readonly roleRemovals: GuardLimit;
  readonly mainTeamChanges: GuardLimit;
  readonly renames: GuardLimit;
  readonly teamMembers: GuardLimit;
  readonly rolesAdded: GuardLimit;
  readonly fieldChanged: GuardLimit;
  readonly created: GuardLimit;
}

export interface SourcePolicy {
  readonly name: SourceName;
  /** Connector type: `active-directory`, ... */
  readonly type: string;
  readonly idStability: 'immutable' | 'reusable';
  readonly lifecycle: 'authority' | 'vote' | 'none';
  readonly createUsers: boolean;
  readonly rename: 'follow' | 'keep';
  readonly onLeave: 'keep' | 'withdraw';
  readonly manualMemberships: 'keep' | 'remove';
  readonly absence: {
    readonly graceMs: number;
    readonly confirmReads: number;
    readonly outOfScopeGraceMs: number;
    readonly returnWithinMs: number;
  };
  /** In order; the first that finds anybody decides. */
  readonly correlation: readonly CorrelationKey[];
  /** Sources of which a complete read must have been planned before this one is planned for the first time. */
  readonly correlateAfter: readonly SourceName[];
  /** What becomes of a match whose first and last names do not agree beside what the key holds. */
  readonly differentNames: 'wait' | 'link';
  readonly mapping: SourceMapping;
  readonly teams: TeamPolicy;
  readonly roleMapping: readonly RoleMappingRule[];
  readonly guard: GuardPolicy;
  readonly onHold: 'apply-safe' | 'hold-all';
}

/** Composite role -> effective roles (R139-R140). */
export type RoleCatalogue = Readonly<Record<string, { readonly effective: readonly string[] }>>;

export interface ValidationPolicy {
  /** Longest username, its local part before `@` only (R36: 20). */
  readonly usernameMaxLength: number;
  /** Characters that a username's local part may not have (R8). */
  readonly usernameForbidden: string;
  /** Names and usernames outside printable ASCII are a finding (R8). Off by default: people have real names. */
  readonly asciiOnly: boolean;
  /** Most digits of a phone number (R40: 15). */
  readonly phoneMaxDigits: number;
}

export interface Policy {
  /** All configured sources, in order of precedence. */
  readonly sources: readonly SourcePolicy[];
  /** Precedence per field where it differs from the order of the sources. */
  readonly precedence: Readonly<Partial<Record<FieldName, readonly SourceName[]>>>;
  readonly mainTeam: {
    /** Lower comes first; a source that is not named has rank 0 (one rank for all is R151 to the letter). */
    readonly rank: Readonly<Record<string, number>>;
    /** Name patterns of teams that never become main by rule. */
    readonly ineligible: readonly string[];
  };
  readonly roles: RoleCatalogue;
  /** Usernames and roles that sync must not disable, strip or link without a person. */
  readonly protected: { readonly usernames: readonly string[]; readonly roles: readonly string[] };
  readonly validation: ValidationPolicy;
}
