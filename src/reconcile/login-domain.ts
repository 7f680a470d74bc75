// Which domain a login belongs to: its own, or that of the principal name beside it.
// Invariant: two logins that have different domains themselves are never joined; where only a principal name says so, the names
// of the people decide, because its domain is often chosen for e-mail and not for the login.

import type { MirrorAccount, SourceAccount } from '../model/account.ts';
import type { MatchCandidate, UserInput } from '../model/decision.ts';
import type { UserId } from '../model/ids.ts';
import { foldKey, localNameOf, mayBeOneLogin } from '../model/keys.ts';
import { type CorrelationKey, matchRuleOf, type SourcePolicy } from '../model/policy.ts';
import { mapAccount } from './map.ts';
import type { CompiledWorld } from './world.ts';

type Readable = Pick<SourceAccount, 'attributes' | 'unread'>;

function readKey(account: Readable, source: Pick<SourcePolicy, 'mapping'>, key: CorrelationKey): string | undefined {
  const rule = matchRuleOf(source.mapping, key);
  const reading = rule === undefined ? undefined : mapAccount(account, rule);
  return reading?.kind === 'present' ? foldKey(reading.value) : undefined;
}

/** The whole login of which `usernameWithoutDomain` is a part. */
export const loginOf = (account: Readable, source: Pick<SourcePolicy, 'mapping'>): string | undefined =>
  readKey(account, source, 'usernameWithoutDomain');

/** Without those whose login has another domain, and without the users who have such a login. */
export function ofNoOtherDomain(
  world: CompiledWorld,
  login: string,
  carriers: readonly MatchCandidate[],
  users: ReadonlyMap<UserId, UserInput>,
): readonly MatchCandidate[] {
  const loginOfCarrier = (one: MatchCandidate): string => {
    const input = one.userId === undefined ? undefined : users.get(one.userId);
    const account = input?.accounts.find(({ key }) => key === one.accountKey);
    const source = account === undefined ? undefined : world.index.sources.get(account.source);
    const own = account === undefined || source === undefined ? undefined : loginOf(account, source.policy);
    return own ?? one.login ?? one.key;
  };
  const strangers = carriers.filter((one) => !mayBeOneLogin(login, loginOfCarrier(one)));
  const excluded = new Set(strangers.flatMap((one) => one.userId ?? []));
  return carriers.filter((one) => !strangers.includes(one) && (one.userId === undefined || !excluded.has(one.userId)));
}

/** The login, a bare one with the domain of the principal name. */
function wholeLogin(world: CompiledWorld, account: MirrorAccount): string | undefined {
  const source = world.index.sources.get(account.source)?.policy;
  const login = source && loginOf(account, source);
  if (source === undefined || login === undefined || localNameOf(login) !== login) return login;
  const domain = /^[^@]+@([^@]+)$/u.exec(readKey(account, source, 'principalName') ?? '')?.[1];
  return domain === undefined ? login : `${login}@${domain}`;
}

/** Whether principal names put the account into another domain than every account of the user that has the same login. */
export function isOfOtherDomain(
  world: CompiledWorld,
  account: MirrorAccount,
  namesakes: readonly MirrorAccount[],
): boolean {
  const own = wholeLogin(world, account);
  if (own === undefined) return false;
  const theirs = namesakes.flatMap((one) => wholeLogin(world, one) ?? []);
  return theirs.some((login) => !mayBeOneLogin(own, login)) && !theirs.includes(own);
}
