// Short ways to write down whom an account finds, for the tests of correlation.

import type { MirrorAccount } from '../../src/model/account.ts';
import type { MatchCandidate, UserInput } from '../../src/model/decision.ts';
import { asAccountKey, asUserId, type UserId } from '../../src/model/ids.ts';
import type { SourcePolicy } from '../../src/model/policy.ts';
import type { User } from '../../src/model/user.ts';
import { correlate } from '../../src/reconcile/correlate.ts';
import { account, type ad, link, policy, ucce, uccePolicy, uccxPolicy, user, world } from '../laws/small-world.ts';

export const newcomer = account(1, { name: 'Ann', mail: 'a@x' });

export const carries = (
  by: MatchCandidate['by'],
  key: string,
  id?: number,
  over: Partial<MatchCandidate> = {},
): MatchCandidate => ({
  by,
  key,
  ...(id !== undefined && { userId: asUserId(id) }),
  ...over,
});

export const withAccount = (source: typeof ad, key = 50): Partial<MatchCandidate> => ({
  source,
  accountKey: asAccountKey(key),
});
export const ofUcce = account(50, {}, { source: ucce });
export const ofAd = account(51);
export const synced = (id: number, over: Partial<User> = {}) => user(id, { links: [link(ofUcce)], ...over });

export interface Case {
  readonly says: string;
  readonly account?: MirrorAccount;
  readonly candidates?: readonly MatchCandidate[];
  readonly users?: readonly User[];
  /** Instead of the directory's own policy. */
  readonly source?: SourcePolicy;
  /** Of the users. */
  readonly accounts?: readonly MirrorAccount[];
  /** `link:<user>:<rule>`, `wait:<finding>:<quarantine>`, `create`, `ignore`. */
  readonly decides: string;
}

export function decide(one: Case): string {
  const accounts = one.accounts ?? [];
  const users = new Map<UserId, UserInput>((one.users ?? []).map((user) => [user.id, { user, accounts }]));
  const sources = one.source === undefined ? undefined : [one.source, uccePolicy, uccxPolicy];
  const decision = correlate(
    world(sources && { policy: policy({ sources }) }),
    one.account ?? newcomer,
    one.candidates ?? [],
    users,
  );
  switch (decision.kind) {
    case 'link':
      return `link:${decision.user}:${decision.rule}`;
    case 'wait':
      return `wait:${decision.finding.code}:${decision.quarantine ?? ''}`;
    default:
      return decision.kind;
  }
}
