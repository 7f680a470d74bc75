// What the store keeps of a source, and how all of it is let go when the source is no more.
// Invariant: whatever a source owned stays with its users and teams as local; only the mirror and what waits for the source go.

import type { EpochMs, SourceName, UserId } from '../../model/ids.ts';

/** Configured or not: it has been read once. */
export interface StoredSource {
  readonly name: SourceName;
  /** Connector type: `active-directory`, ... */
  readonly type: string;
}

export interface SourceHoldings {
  /** Users with an account of the source, or with something that it owns. */
  readonly users: number;
  /** Of these, those who have an account nowhere else. */
  readonly unsynced: number;
  readonly accounts: number;
  readonly groups: number;
  /** Teams made by it. */
  readonly teams: number;
  /** Open ones. */
  readonly findings: number;
  /** Roles that it gave to users who have an account elsewhere too. */
  readonly roles: number;
}

export interface DetachedUser {
  readonly id: UserId;
  readonly username: string;
  /** Ids of the accounts that the user loses. */
  readonly accounts: readonly string[];
  /** Has an account of another source. */
  readonly isSynced: boolean;
}

export interface DetachReader {
  /** By name. */
  storedSources(): Promise<readonly StoredSource[]>;
  holdings(source: SourceName): Promise<SourceHoldings>;
  /**
   * Of the users who have an account elsewhere too those who are disabled, but not by hand, and those who have can-manage of the
   * source: whom letting go of it could let in, or take something from.
   */
  usersAtStake(source: SourceName): Promise<readonly UserId[]>;
}

export interface DetachWriter extends DetachReader {
  /**
   * Values, rows and teams of the source become local; a local attribute, or that of another source, wins over one of the same name.
   * Whoever has no other account is activated as it is enabled, the others are marked for their next runs. Links, mirror, marks,
   * cursor, open findings, skips and the pause go; stored plans are superseded; runs stay. Returns every user concerned, by id.
   */
  detach(source: SourceName, now: EpochMs): Promise<readonly DetachedUser[]>;
}
