// What a source says of one group or team record, and the edges between groups and accounts.

import type { Attributes, Presence } from './account.ts';
import type { ExternalId, GroupKey, SourceName, TeamId } from './ids.ts';

/** A group or team as a connector yields it. */
export interface SourceGroup {
  readonly id: ExternalId;
  /** Display name: AD cn, UCCX teamname. */
  readonly name: string;
  readonly dn?: string;
  readonly attributes: Attributes;
  readonly unread: readonly string[];
}

/** `member`: belongs to the group. `manages`: may review the group's members (UCCX and UCCE supervisors). */
export type Relation = 'member' | 'manages';

/** How a source names the far end of an edge. `dn` and `name` are resolved by the store after all accounts are read. */
export interface EdgeMember {
  readonly by: 'id' | 'dn' | 'name';
  readonly value: string;
}

/** A group as the mirror knows it. */
export interface MirrorGroup {
  readonly key: GroupKey;
  readonly source: SourceName;
  readonly id: ExternalId;
  readonly name: string;
  readonly dn?: string;
  readonly attributes: Attributes;
  readonly presence: Presence;
  /** The team this group feeds. */
  readonly teamId?: TeamId;
  /** Groups that name this group directly as a member. May contain cycles. */
  readonly parents: readonly GroupKey[];
}
