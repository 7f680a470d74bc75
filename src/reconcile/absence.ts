// When the absence of a record acts, and when a record that came back is not trusted to be the same.
// Invariant: missing changes nothing; only a confirmed absence whose grace has passed ever acts.

import type { Presence, Quarantine, SourceAccount } from '../model/account.ts';
import { readingOf } from '../model/account.ts';
import { asEpochMs, type EpochMs } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { SourcePolicy } from '../model/policy.ts';
import { type MappedReading, mapField } from './map.ts';
import { judgeNames, type PersonName } from './person-names.ts';

/** `waits`: not there, but nothing may happen for it yet; `until` is the end of the grace where time alone ends it. */
export type Absence =
  | { readonly kind: 'present' }
  | { readonly kind: 'waits'; readonly until?: EpochMs }
  | { readonly kind: 'acts'; readonly because: string };

/**
 *   presence     | acts when
 *   present      | never
 *   missing      | never (nobody knows)
 *   absent       | absence.grace has passed and confirmedReads >= absence.confirmReads
 *   out-of-scope | absence.outOfScopeGrace has passed
 */
export function absenceOf(policy: Pick<SourcePolicy, 'absence'>, presence: Presence, now: EpochMs): Absence {
  switch (presence.state) {
    case 'present':
      return { kind: 'present' };
    case 'missing':
      return { kind: 'waits' };
    case 'absent':
      // Another read has to confirm it, and that read makes the user dirty: no time to wait for.
      if (presence.confirmedReads < policy.absence.confirmReads) return { kind: 'waits' };
      return afterGrace(presence, policy.absence.graceMs, now);
    case 'out-of-scope':
      return afterGrace(presence, policy.absence.outOfScopeGraceMs, now);
    default:
      return presence satisfies never;
  }
}

function afterGrace(
  presence: Extract<Presence, { readonly state: 'absent' | 'out-of-scope' }>,
  graceMs: number,
  now: EpochMs,
): Absence {
  // Nothing to wait for, whatever the clock says: it may have been ahead when the record was seen to go.
  if (graceMs === 0) return { kind: 'acts', because: presence.state };
  const until = asEpochMs(presence.since + graceMs);
  return now >= until ? { kind: 'acts', because: presence.state } : { kind: 'waits', until };
}

/** What was known of the record before a read showed it again. */
export interface KnownBefore {
  readonly presence: Presence['state'];
  /** When it was last seen to go; for records that are not present. */
  readonly presenceSince?: EpochMs;
  readonly isLinked: boolean;
  /** The stored reading; only needed where ids are reusable. */
  readonly account?: Pick<SourceAccount, 'attributes' | 'unread'>;
}

/**
 * Whether a linked record that a read shows is doubtful, so that a person must say whether it is the same.
 *
 *   id          | what happened                                   | quarantine
 *   immutable   | back within absence.returnWithin                | none: the absence is lifted
 *   any         | back later than that                            | returned-late
 *   reusable    | back after it was absent                        | reused-id
 *   reusable    | first and last name changed in one read         | reused-id
 *   reusable    | one of them is missing, nothing else is left    | reused-id
 */
export function suspicionOf(
  policy: SourcePolicy,
  before: KnownBefore,
  account: Pick<SourceAccount, 'attributes' | 'unread'>,
  now: EpochMs,
): Quarantine | undefined {
  if (!before.isLinked) return undefined;
  const wasGone = before.presence === 'absent' || before.presence === 'out-of-scope';
  if (wasGone && before.presenceSince !== undefined && now - before.presenceSince > policy.absence.returnWithinMs) {
    return 'returned-late';
  }
  if (policy.idStability === 'immutable') return undefined;
  if (before.presence === 'absent') return 'reused-id';
  if (before.account === undefined) return undefined;
  return isAnotherName(namesIn(policy, before.account), namesIn(policy, account)) ? 'reused-id' : undefined;
}

type Names = Readonly<Record<'firstName' | 'lastName', MappedReading>>;

/** Both names are new; or, where one side has only one of them, no part of the whole name is left. */
function isAnotherName(old: Names | undefined, now: Names | undefined): boolean {
  if (old === undefined || now === undefined) return false;
  const pairs = [
    [old.firstName, now.firstName],
    [old.lastName, now.lastName],
  ] as const;
  // What could not be read this time may be what it was.
  if (pairs.flat().some(({ kind }) => kind === 'unread')) return false;
  const both = pairs.flatMap(([a, b]) => (a.kind === 'present' && b.kind === 'present' ? [[a.value, b.value]] : []));
  if (both.length === 2) return both.every(([a, b]) => foldKey(a ?? '') !== foldKey(b ?? ''));
  return judgeNames([personName(old)], [personName(now)]) === 'other';
}

const personName = ({ firstName, lastName }: Names): PersonName => ({
  ...(firstName.kind === 'present' && { first: firstName.value }),
  ...(lastName.kind === 'present' && { last: lastName.value }),
});

function namesIn(
  policy: SourcePolicy,
  account: Pick<SourceAccount, 'attributes' | 'unread'> | undefined,
): Names | undefined {
  if (account === undefined) return undefined;
  return { firstName: nameOf(policy, account, 'firstName'), lastName: nameOf(policy, account, 'lastName') };
}

function nameOf(
  policy: SourcePolicy,
  account: Pick<SourceAccount, 'attributes' | 'unread'>,
  field: 'firstName' | 'lastName',
): MappedReading {
  const mapped = mapField(account, policy.mapping, field);
  if (mapped !== undefined) return mapped;
  const raw = readingOf(account, field);
  return raw.kind === 'present' ? { kind: 'present', value: raw.values[0] ?? '' } : raw;
}
