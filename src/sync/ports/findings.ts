// A finding as the store keeps it, and what a person may do to it: say that nobody needs to hear of it.
// Invariant: an ignored finding stays open; the mark goes when its facts change, and a new finding has none.

import type { Finding } from '../../model/finding.ts';
import type { EpochMs, RunId } from '../../model/ids.ts';

/** A person has looked at it and wants to hear no more. */
export interface Ignored {
  readonly by: string;
  readonly reason: string;
  readonly at: EpochMs;
  /** From then on it shows again; absent: until its facts change. */
  readonly until?: EpochMs;
}

export interface StoredFinding extends Finding {
  readonly id: number;
  readonly openedAt: EpochMs;
  readonly openedBy?: RunId;
  readonly closedAt?: EpochMs;
  readonly closedBy?: RunId;
  /** Also when its time is over: `isIgnored` says whether it counts. */
  readonly ignored?: Ignored;
}

export const isIgnored = ({ ignored }: Pick<StoredFinding, 'ignored'>, now: EpochMs): boolean =>
  ignored !== undefined && (ignored.until === undefined || ignored.until > now);

export interface FindingKeeper {
  kept(id: number): Promise<StoredFinding | undefined>;
  /** undefined: it is watched again. */
  setIgnored(id: number, ignored: Ignored | undefined): Promise<void>;
}
