// Finds the user for an account that has none: link it, create a user, or wait for a person.
// Invariant: an account is compared with other accounts and with local values, never with a value that a plan computed,
// so that who matches does not depend on who ran first.

import type { MirrorAccount, Quarantine, SourceAccount } from '../model/account.ts';
import { subjectKey } from '../model/change.ts';
import type { AccountDecision, MatchCandidate, MatchKeys, UserInput } from '../model/decision.ts';
import type { Finding, FindingCode } from '../model/finding.ts';
import type { AccountKey, UserId } from '../model/ids.ts';
import { foldKey, localNameOf } from '../model/keys.ts';
import { type CorrelationKey, correlationKeys, matchRuleOf, type SourcePolicy } from '../model/policy.ts';
import { isSynced, isSyncOff, type User } from '../model/user.ts';
import { isOfOtherDomain, loginOf, ofNoOtherDomain } from './login-domain.ts';
import { mapAccount } from './map.ts';
import { areWholeNames, judgeNames, nameOfAccount, namesOfUser, nameText } from './person-names.ts';
import { type CompiledWorld, isProtected } from './world.ts';

/** Folded match keys of an account; a key that is cleared, unread or not mapped is left out. */
export function matchKeysOf(
  account: Pick<SourceAccount, 'attributes' | 'unread'>,
  source: Pick<SourcePolicy, 'mapping'>,
): MatchKeys {
  const keys: Partial<Record<CorrelationKey, string>> = {};
  for (const key of correlationKeys) {
    const rule = matchRuleOf(source.mapping, key);
    const reading = rule === undefined ? undefined : mapAccount(account, rule);
    const text = reading?.kind === 'present' ? asKey(key, reading.value) : '';
    if (text !== '') keys[key] = text;
  }
  return keys;
}

/** Empty: no key. */
function asKey(key: CorrelationKey, value: string): string {
  switch (key) {
    case 'agentId':
      return value.trim();
    case 'principalName': {
      const name = foldKey(value);
      return /^[^@]+@[^@]+$/u.test(name) ? name : '';
    }
    case 'usernameWithoutDomain':
      return localNameOf(foldKey(value));
    default:
      return foldKey(value);
  }
}

/**
 *   the account                                             | decision
 *   has a user, or is not present in the source             | ignore
 *   came back late, or its id was given away                | wait: returned-late, name-of-another
 *   a person took it from its user                          | wait: unlinked-account
 *   the first rule that finds anybody finds several users   | wait: disputed-match (ambiguous-match)
 *   another free account of the source has the same key     | wait: disputed-match (shared-key)
 *   the user has an account of this source                  | wait: name-of-another (by its whole name), second-account
 *   the user is protected                                   | wait: protected-match
 *   the user's sync is off                                  | wait: sync-off-new-match
 *   the user has no account at all and holds a role         | wait: role-holder-match
 *   only accounts of the user that wait themselves match    | wait: disputed-match (ambiguous-match)
 *   beside what the key holds, the people are called        | wait: other-person
 *   differently, or are of two domains and not called alike |
 *   (unless differentNames says link)                       |
 *   one user                                                | link, by that rule
 *   nobody, createUsers, a username                         | create
 *   nobody, createUsers, no username                        | wait: username-missing
 *   nobody                                                  | wait: unmatched-account
 *
 * `candidates` may carry more than this account's keys; `users` has the users they name.
 */
export function correlate(
  world: CompiledWorld,
  account: MirrorAccount,
  candidates: readonly MatchCandidate[],
  users: ReadonlyMap<UserId, UserInput>,
): AccountDecision {
  const source = world.index.sources.get(account.source);
  if (source === undefined || account.userId !== undefined || account.presence.state !== 'present') {
    return { kind: 'ignore' };
  }
  if (account.quarantine === 'returned-late') return wait(account, 'returned-late', {}, 'returned-late');
  if (account.quarantine === 'reused-id') return wait(account, 'name-of-another', {}, 'reused-id');
  if (account.quarantine === 'unlinked') return wait(account, 'unlinked-account', {}, 'unlinked');
  const keys = matchKeysOf(account, source.policy);
  const match = matchOf(world, account, source.policy, candidates, users);
  if (match !== undefined) return decideMatch(world, account, match, users);
  if (!source.policy.createUsers) return wait(account, 'unmatched-account', { ...keys });
  return keys.username === undefined ? wait(account, 'username-missing', {}) : { kind: 'create' };
}

/** By the first rule that finds anybody. */
function matchOf(
  world: CompiledWorld,
  account: MirrorAccount,
  policy: SourcePolicy,
  candidates: readonly MatchCandidate[],
  users: ReadonlyMap<UserId, UserInput>,
): Match | undefined {
  const keys = matchKeysOf(account, policy);
  for (const rule of policy.correlation) {
    const key = keys[rule];
    if (key === undefined) continue;
    const others = candidates.filter((one) => one.by === rule && one.key === key && one.accountKey !== account.key);
    const login = rule === 'usernameWithoutDomain' ? loginOf(account, policy) : undefined;
    const carriers = login === undefined ? others : ofNoOtherDomain(world, login, others, users);
    const found = [...new Set(carriers.flatMap((one) => one.userId ?? []))].sort((a, b) => a - b);
    if (found.length > 0) return { rule, key, carriers, found };
  }
  return undefined;
}

/** A person made anew has the login of before; an address or a number is not what people are known by to their system. */
const rulesByLogin: readonly CorrelationKey[] = ['principalName', 'username', 'usernameWithoutDomain'];

/**
 * The linked accounts of the same source whose login this one carries: while it waits, it may be any of them made anew. None
 * when it has a user, when it is gone itself, or when a person has said that it is not its user's.
 */
export function namesakesOf(
  world: CompiledWorld,
  account: MirrorAccount,
  candidates: readonly MatchCandidate[],
  users: ReadonlyMap<UserId, UserInput>,
): readonly AccountKey[] {
  const source = world.index.sources.get(account.source);
  const isThere = account.presence.state === 'present' || account.presence.state === 'missing';
  if (source === undefined || !isThere || account.userId !== undefined || account.quarantine === 'unlinked') return [];
  const match = matchOf(world, account, source.policy, candidates, users);
  return match === undefined ? [] : linkedCarriers(account, match);
}

const linkedCarriers = (account: MirrorAccount, { rule, carriers }: Match): readonly AccountKey[] =>
  rulesByLogin.includes(rule)
    ? carriers.flatMap((one) =>
        one.source === account.source && one.userId !== undefined ? (one.accountKey ?? []) : [],
      )
    : [];

/** Those of them that left and have not been believed gone yet: they wait as well. */
function waitingWith(
  account: MirrorAccount,
  match: Match,
  users: ReadonlyMap<UserId, UserInput>,
): { readonly waits?: readonly string[] } {
  const carriers = linkedCarriers(account, match);
  const waits = match.found.flatMap((id) => {
    const { user, accounts } = users.get(id) ?? { accounts: [] };
    return accounts.filter(
      ({ key, presence }) =>
        carriers.includes(key) &&
        presence.state !== 'present' &&
        user?.links.some((link) => link.account === key && link.state === 'active'),
    );
  });
  return waits.length === 0 ? {} : { waits: waits.map(nameAndId) };
}

/** As people tell two accounts of one name apart. */
export const nameAndId = ({ name, id }: Pick<MirrorAccount, 'name' | 'id'>): string => `${name} (${id})`;

interface Match {
  readonly rule: CorrelationKey;
  readonly key: string;
  readonly carriers: readonly MatchCandidate[];
  /** Not empty. */
  readonly found: readonly UserId[];
}

function decideMatch(
  world: CompiledWorld,
  account: MirrorAccount,
  match: Match,
  users: ReadonlyMap<UserId, UserInput>,
): AccountDecision {
  const { rule, found, carriers } = match;
  const labels = found.map((id) => users.get(id)?.user.values.username?.value ?? `user ${id}`);
  // Names change hands; who resolves the finding later means these people.
  const detail = {
    rule,
    key: match.key,
    users: labels,
    userIds: found.map(String),
    ...waitingWith(account, match, users),
  };
  const [id] = found;
  const input = id === undefined ? undefined : users.get(id);
  if (found.length > 1 || id === undefined || input === undefined) {
    return wait(account, 'disputed-match', detail, 'ambiguous-match');
  }
  if (carriers.some((one) => one.source === account.source && one.userId === undefined)) {
    return wait(account, 'disputed-match', detail, 'shared-key');
  }
  const refusal = whyNotLinked(world, account, rule, input.user);
  if (refusal !== undefined) return wait(account, refusal.code, detail, refusal.quarantine);
  const own = carriersOf(input, match);
  // Whoever it speaks for now, it is not yet known that this is the user.
  if (own.length > 0 && own.every((one) => one?.quarantine !== undefined)) {
    return wait(account, 'disputed-match', detail, 'ambiguous-match');
  }
  const names = differingNames(world, account, match, input);
  if (names !== undefined) return wait(account, 'other-person', { ...detail, names }, 'other-person');
  return { kind: 'link', user: id, rule, ...(labels[0] !== undefined && { label: labels[0] }) };
}

/** The user's accounts that carry the key; undefined stands for its own value. */
const carriersOf = ({ user, accounts }: UserInput, { carriers }: Match): readonly (MirrorAccount | undefined)[] =>
  carriers
    .filter(({ userId }) => userId === user.id)
    .map(({ accountKey }) => accounts.find(({ key }) => key === accountKey));

/** The names of the account and of the user, where they show two people, or may do so and nothing shows that it is one. */
function differingNames(
  world: CompiledWorld,
  account: MirrorAccount,
  match: Match,
  input: UserInput,
): readonly string[] | undefined {
  const policy = world.index.sources.get(account.source)?.policy;
  if (policy === undefined || policy.differentNames === 'link') return undefined;
  const own = nameOfAccount(account, policy.mapping);
  const others = namesOfUser(world, input);
  const namesakes = carriersOf(input, match).flatMap((one) => one ?? []);
  const isOther =
    match.rule === 'usernameWithoutDomain' && isOfOtherDomain(world, account, namesakes)
      ? !areWholeNames([own], others)
      : judgeNames([own], others, localNameOf(match.key)) === 'other';
  return isOther ? [...new Set([own, ...others].map(nameText))].filter((text) => text !== '') : undefined;
}

function whyNotLinked(
  world: CompiledWorld,
  account: MirrorAccount,
  rule: CorrelationKey,
  user: User,
): { readonly code: FindingCode; readonly quarantine?: Quarantine } | undefined {
  if (user.links.some((link) => link.source === account.source)) {
    // The same name on another id of the source is a person who was made anew, or a stranger who got the name.
    const code = rule === 'username' || rule === 'principalName' ? 'name-of-another' : 'second-account';
    return { code, quarantine: code };
  }
  if (isProtected(world, user)) return { code: 'protected-match', quarantine: 'protected-user' };
  if (isSyncOff(user, world.now)) return { code: 'sync-off-new-match' };
  if (!isSynced(user) && user.roles.length > 0) return { code: 'role-holder-match', quarantine: 'role-holder' };
  return undefined;
}

function wait(
  account: MirrorAccount,
  code: FindingCode,
  detail: Finding['detail'],
  quarantine?: Quarantine,
): AccountDecision {
  const finding: Finding = {
    code,
    source: account.source,
    subject: subjectKey({ kind: 'account', source: account.source, id: account.id }),
    label: account.name,
    detail,
  };
  return { kind: 'wait', ...(quarantine && { quarantine }), finding };
}

/** An account with its decision, as `correlate` gave it. */
export interface CorrelatedAccount {
  readonly account: MirrorAccount;
  readonly decision: AccountDecision;
}

/**
 * Several accounts of one source that would be linked to the same user by this very plan all wait: which of them came first
 * must not decide. Same order as given.
 */
export function settleLinks(correlated: readonly CorrelatedAccount[]): readonly CorrelatedAccount[] {
  const rivals = new Map<string, number>();
  const keyOf = ({ account, decision }: CorrelatedAccount): string | undefined =>
    decision.kind === 'link' ? `${account.source}/${decision.user}` : undefined;
  for (const one of correlated) {
    const key = keyOf(one);
    if (key !== undefined) rivals.set(key, (rivals.get(key) ?? 0) + 1);
  }
  return correlated.map((one) => {
    const key = keyOf(one);
    if (one.decision.kind !== 'link' || key === undefined || (rivals.get(key) ?? 0) < 2) return one;
    const { rule, user, label = `user ${user}` } = one.decision;
    const detail = { rule, users: [label], userIds: [String(user)] };
    return { account: one.account, decision: wait(one.account, 'disputed-match', detail, 'shared-key') };
  });
}
