// What happens to one subject (user or team) with all its parts: the one stored fact of a change.
// Planned first, applied later, and then the payload of its audit entry.

import type { ExternalId, Owner, SourceName, TeamId, UserId } from './ids.ts';
import type { AttributeName, FieldName, OwnedValue } from './user.ts';

/** A team, also one that the same plan is about to create: then `id` is missing and `group` names the group that feeds it. */
export interface TeamRef {
  readonly name: string;
  readonly id?: TeamId;
  readonly group?: { readonly source: SourceName; readonly id: ExternalId };
}

export type ChangeSubject =
  | { readonly kind: 'user'; readonly id: UserId }
  /** A user to be created for this account. */
  | { readonly kind: 'account'; readonly source: SourceName; readonly id: ExternalId }
  | { readonly kind: 'team'; readonly id: TeamId }
  /** A team to be created for this group. */
  | { readonly kind: 'group'; readonly source: SourceName; readonly id: ExternalId };

/** Why a user's `enabled` is what it is; the words that `user explain` prints. */
export type EnabledReason =
  | 'pinned'
  | 'admin-hold'
  | 'not-activated'
  | 'activated'
  | 'authority-enabled'
  | 'authority-disabled'
  | 'authority-expired'
  | 'authority-gone'
  | 'votes-gone'
  | 'votes-alive'
  | 'no-lifecycle'
  /** The user has an account of a source that is not configured any more, and nobody knows what that one says. */
  | 'source-not-configured'
  /** The account that decides is disputed: the user stays as it is. */
  | 'quarantined';

export type MainTeamRule = 'pinned' | 'kept' | 'first-assigned' | 'first-by-name' | 'no-team';

/** What of the configuration made another team the first one: `mainTeam.rank`, `mainTeam.ineligible`. */
export type MainTeamDecider = 'rank' | 'ineligible';

export type FieldRule =
  | 'pinned'
  | 'precedence'
  | 'kept-local'
  | 'kept-unread'
  | 'kept-conflict'
  | 'kept-rename'
  | 'removed'
  | 'kept';

export type UserChangePart =
  | { readonly part: 'created'; readonly origin: Owner }
  | {
      readonly part: 'linked';
      readonly source: SourceName;
      readonly account: ExternalId;
      readonly name: string;
      readonly rule: string;
    }
  /** The account's absence acts on the user (`gone`), or it is back (`active`). */
  | {
      readonly part: 'link-state';
      readonly source: SourceName;
      readonly account: ExternalId;
      readonly name: string;
      readonly before: 'active' | 'gone';
      readonly after: 'active' | 'gone';
      readonly because: string;
    }
  | {
      readonly part: 'field';
      readonly field: FieldName;
      readonly before?: OwnedValue;
      readonly after?: OwnedValue;
      readonly rule: FieldRule;
    }
  /** An attribute of one owner; the one of `local` wins beside it and is never touched by sync. */
  | {
      readonly part: 'attribute';
      readonly name: AttributeName;
      readonly owner: Owner;
      readonly before?: string;
      readonly after?: string;
    }
  | { readonly part: 'enabled'; readonly before: boolean; readonly after: boolean; readonly because: EnabledReason }
  | {
      readonly part: 'membership';
      readonly op: 'add' | 'remove';
      readonly team: TeamRef;
      readonly owner: Owner;
      readonly because: string;
    }
  | {
      readonly part: 'grant';
      readonly op: 'add' | 'remove';
      readonly team: TeamRef;
      readonly owner: Owner;
      readonly because: string;
    }
  | {
      readonly part: 'role';
      readonly op: 'add' | 'remove';
      readonly role: string;
      readonly owner: Owner;
      readonly because: string;
    }
  | {
      readonly part: 'main-team';
      readonly before?: TeamRef;
      readonly after?: TeamRef;
      readonly rule: MainTeamRule;
      /** Absent where the name alone decided. */
      readonly decidedBy?: readonly MainTeamDecider[];
    };

export type TeamChangePart =
  | { readonly part: 'team-created'; readonly name: string; readonly origin: Owner }
  | { readonly part: 'team-renamed'; readonly before: string; readonly after: string }
  | { readonly part: 'team-parent'; readonly before?: TeamRef; readonly after?: TeamRef }
  /** A group starts or stops feeding the team. */
  | {
      readonly part: 'team-fed';
      readonly op: 'add' | 'remove';
      readonly source: SourceName;
      readonly group: ExternalId;
      readonly name: string;
    };

export type ChangePart = UserChangePart | TeamChangePart;

export interface Change {
  readonly subject: ChangeSubject;
  /** For people: username or team name. */
  readonly label: string;
  /** In a fixed order; deterministic for the same inputs. Never empty. */
  readonly parts: readonly ChangePart[];
  /** Changes with the same value are one atomic group: applied in one transaction, held together (a freed name, a swap). */
  readonly atomic?: string;
}

/** Stable text of a subject: `user:12`, `account:ad-hq/<id>`, `team:3`, `group:ad-hq/<id>`. */
export function subjectKey(subject: ChangeSubject): string {
  switch (subject.kind) {
    case 'user':
    case 'team':
      return `${subject.kind}:${subject.id}`;
    case 'account':
    case 'group':
      return `${subject.kind}:${subject.source}/${subject.id}`;
    default:
      return subject satisfies never;
  }
}

/** JSON with sorted keys and no undefined: equal changes give equal text, whatever order their fields were written in. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  // Text is put together without lists in between: a plan of a hundred thousand changes passes here.
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += text === '' ? canonicalJson(item) : `,${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const object = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(object).sort()) {
    const item = object[key];
    if (item !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

// Most texts need no escaping, and asking costs less than JSON.stringify.
const isEscaped = /["\\\p{Cc}\p{Cs}]/u;
const quoted = (text: string): string => (isEscaped.test(text) ? JSON.stringify(text) : `"${text}"`);
