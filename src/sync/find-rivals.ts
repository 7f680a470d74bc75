// Who carries the match keys of accounts, and which linked accounts wait because somebody without a user carries their login now.
// Invariant: both follow from the mirror, the links and the policy of this moment, whichever source runs and whatever ran before.

import type { MirrorAccount } from '../model/account.ts';
import type { MatchCandidate, UserInput } from '../model/decision.ts';
import type { AccountKey, UserId } from '../model/ids.ts';
import { correlationKeys } from '../model/policy.ts';
import type { User } from '../model/user.ts';
import { matchKeysOf, nameAndId, namesakesOf } from '../reconcile/correlate.ts';
import type { CompiledWorld } from '../reconcile/world.ts';
import type { PlanReader } from './ports.ts';

type Reader = Pick<PlanReader, 'accounts' | 'accountsOf' | 'candidates' | 'users'>;

export interface Matching {
  /** Carriers of the account's own keys, itself among them. */
  carriersOf(account: MirrorAccount): readonly MatchCandidate[];
  /** Every user that any carrier names. */
  readonly users: ReadonlyMap<UserId, UserInput>;
}

/** What `correlate` needs to know of these accounts, which may be of several sources. */
export async function readMatching(
  read: Reader,
  world: CompiledWorld,
  accounts: readonly MirrorAccount[],
): Promise<Matching> {
  const keysOf = new Map(accounts.map((account) => [account.key, keysIn(world, account)]));
  const candidates = await read.candidates([...keysOf.values()].flat());
  const users = await inputsOf(read, [...new Set(candidates.flatMap((candidate) => candidate.userId ?? []))]);
  const byKey = Map.groupBy(candidates, (candidate) => `${candidate.by}:${candidate.key}`);
  return {
    carriersOf: ({ key: account }) =>
      (keysOf.get(account) ?? []).flatMap(({ by, key }) => byKey.get(`${by}:${key}`) ?? []),
    users,
  };
}

function keysIn(world: CompiledWorld, account: MirrorAccount): readonly Pick<MatchCandidate, 'by' | 'key'>[] {
  const source = world.index.sources.get(account.source);
  const keys = source === undefined ? {} : matchKeysOf(account, source.policy);
  return correlationKeys.flatMap((by) => (keys[by] === undefined ? [] : [{ by, key: keys[by] }]));
}

async function inputsOf(read: Reader, ids: readonly UserId[]): Promise<ReadonlyMap<UserId, UserInput>> {
  if (ids.length === 0) return new Map();
  const accounts = Map.groupBy(await read.accountsOf(ids), (account) => account.userId as UserId);
  const users = await read.users(ids);
  return new Map(users.map((user) => [user.id, { user, accounts: accounts.get(user.id) ?? [] }]));
}

/**
 * The accounts of these users, with the rival of each that its source does not show and that nobody has believed gone yet. Asked
 * from that side, because hardly anybody is in this state.
 */
export async function withRivals(
  read: Reader,
  world: CompiledWorld,
  users: readonly User[],
  accounts: readonly MirrorAccount[],
): Promise<readonly MirrorAccount[]> {
  const active = new Set(
    users.flatMap(({ links }) => links.filter(({ state }) => state === 'active').map(({ account }) => account)),
  );
  const left = accounts.filter(({ key, presence }) => presence.state !== 'present' && active.has(key));
  const carriers = await read.candidates(left.flatMap((account) => keysIn(world, account)));
  const sources = new Set(left.map(({ source }) => source));
  const free = carriers.flatMap(({ accountKey, source, userId }) =>
    userId === undefined && accountKey !== undefined && source !== undefined && sources.has(source) ? accountKey : [],
  );
  if (free.length === 0) return accounts;
  const rivals = await rivalsAmong(read, world, await read.accounts([...new Set(free)]));
  return accounts.map((account) => {
    const rival = left.includes(account) ? rivals.get(account.key) : undefined;
    return rival === undefined ? account : { ...account, rival };
  });
}

/** Linked account -> who may be it, made anew. */
async function rivalsAmong(
  read: Reader,
  world: CompiledWorld,
  accounts: readonly MirrorAccount[],
): Promise<ReadonlyMap<AccountKey, string>> {
  const { carriersOf, users } = await readMatching(read, world, accounts);
  return new Map(
    accounts.flatMap((account) =>
      namesakesOf(world, account, carriersOf(account), users).map((key) => [key, nameAndId(account)] as const),
    ),
  );
}
