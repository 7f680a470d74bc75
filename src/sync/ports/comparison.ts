// What a run asks about all users and teams at once, to find what only shows beside others. Reads only, one query each.

import type { FindingCode } from '../../model/finding.ts';
import type { Owner, SourceName, TeamId, UserId } from '../../model/ids.ts';
import type { AttributeName } from '../../model/user.ts';

/** A value of an attribute that several enabled users have. */
export interface SharedValue {
  readonly value: string;
  /** By number and owner; at least two users. One to whom several owners give the value is there once for each. */
  readonly carriers: readonly { readonly user: UserId; readonly label: string; readonly owner: Owner }[];
}

/** A team that a group feeds, and of enabled users whether anybody is in it and anybody may manage it. */
export interface TeamGap {
  readonly team: TeamId;
  readonly name: string;
  /** By source and name. */
  readonly groups: readonly { readonly source: SourceName; readonly name: string }[];
  readonly hasMember: boolean;
  readonly hasSupervisor: boolean;
}

export interface ComparisonReader {
  /** Subjects of the open findings with one of these codes, of every source and of none. */
  openSubjects(codes: readonly FindingCode[]): Promise<readonly string[]>;
  /** By value. The local value of a user counts, else every one that a source gives. */
  sharedValues(attribute: AttributeName): Promise<readonly SharedValue[]>;
  /** Teams fed by a group that is in one of these sources, which lack a member or a supervisor. */
  teamGaps(sources: readonly SourceName[]): Promise<readonly TeamGap[]>;
  /** Users of whom another source than this one holds or has rejected a change, with those sources. */
  heldElsewhere(source: SourceName): Promise<ReadonlyMap<UserId, ReadonlySet<SourceName>>>;
}
