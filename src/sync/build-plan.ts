// Decides everything that is dirty: teams, accounts without a user, users. The decisions are those of src/reconcile; here they
// are fed in portions and their changes stored as planned. Nothing local is changed.

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { MirrorAccount } from '../model/account.ts';
import type { AccountDecision, UserDecision } from '../model/decision.ts';
import type { Finding } from '../model/finding.ts';
import type { AccountKey, UserId } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import { correlate, matchKeysOf } from '../reconcile/correlate.ts';
import { decideLink, decideNewUser, decideUser } from '../reconcile/plan.ts';
import { planTeams } from '../reconcile/teams.ts';
import { assignKeys } from '../reconcile/unique-keys.ts';
import { makeWorld } from '../reconcile/world.ts';
import type { PlanSession } from './plan-session.ts';

const portion = 500;

interface PendingLink {
  readonly account: AccountKey;
  readonly rule: string;
}

type Progress = (done: number) => void;

export async function buildPlan(session: PlanSession, signal: AbortSignal, onProgress: Progress): Promise<void> {
  await decideTeams(session);
  const links = new Map<UserId, PendingLink>();
  await decideAccounts(session, links, signal, onProgress);
  await decideUsers(session, links, signal, onProgress);
  await assignUniqueKeys(session, links);
  await session.flush();
}

async function decideTeams(session: PlanSession): Promise<void> {
  const dirty = await session.store.read.dirtyGroups(session.source);
  if (dirty.length === 0) return;
  const groups = dirty.flatMap((key) => session.world.groups.get(key) ?? []);
  const planned = planTeams(session.world, groups);
  for (const { group, change } of planned.changes) await session.add(change, { suspicions: [] }, { group });
  for (const subject of planned.evaluated)
    session.note(
      subject,
      planned.findings.filter((finding) => finding.subject === subject),
    );
  const waiting = new Set(planned.changes.map((change) => change.group));
  session.settledGroups.push(...dirty.filter((key) => !waiting.has(key)));
  const { policy, now, source, teams, groups: all } = session.world;
  session.world = makeWorld({
    policy,
    now,
    source,
    teams: [...teams.values()],
    groups: [...all.values()],
    newTeams: planned.newTeams,
  });
}

async function decideAccounts(
  session: PlanSession,
  links: Map<UserId, PendingLink>,
  signal: AbortSignal,
  onProgress: Progress,
): Promise<void> {
  let after = 0;
  for (;;) {
    signal.throwIfAborted();
    const keys = await session.store.read.dirtyAccounts(session.source, after, portion);
    const last = keys.at(-1);
    if (last === undefined) return;
    after = last;
    const accounts = await session.store.read.accounts(keys);
    const decided = await correlateAll(session, accounts);
    for (const [account, decision] of decided) await takeAccount(session, account, decision, links);
    onProgress(keys.length);
    await yieldToLoop();
  }
}

async function correlateAll(
  session: PlanSession,
  accounts: readonly MirrorAccount[],
): Promise<[MirrorAccount, AccountDecision][]> {
  const keys = accounts.flatMap((account) =>
    Object.entries(matchKeysOf(account, session.policy)).map(([by, key]) => ({
      by: by as keyof ReturnType<typeof matchKeysOf>,
      key: key as string,
    })),
  );
  const candidates = await session.store.read.candidates(keys);
  const users = await session.store.read.users([...new Set(candidates.flatMap((candidate) => candidate.userId ?? []))]);
  const byId = new Map(users.map((user) => [user.id, user]));
  const byKey = Map.groupBy(candidates, (candidate) => `${candidate.by}:${candidate.key}`);
  return accounts.map((account) => {
    const own = Object.entries(matchKeysOf(account, session.policy)).flatMap(
      ([by, key]) => byKey.get(`${by}:${key}`) ?? [],
    );
    return [account, correlate(session.world, account, own, byId)];
  });
}

async function takeAccount(
  session: PlanSession,
  account: MirrorAccount,
  decision: AccountDecision,
  links: Map<UserId, PendingLink>,
): Promise<void> {
  const subject = `account:${account.source}/${account.id}`;
  switch (decision.kind) {
    case 'link': {
      if (links.has(decision.user)) {
        waitFor(session, account, disputed(account, subject));
        return;
      }
      session.note(subject, []);
      links.set(decision.user, { account: account.key, rule: decision.rule });
      return;
    }
    case 'create':
      await session.take(subject, decideNewUser(session.world, account, session.refused), { account: account.key });
      return;
    case 'wait':
      waitFor(session, account, decision.finding, decision.quarantine);
      return;
    case 'ignore':
      session.note(subject, []);
      session.settledAccounts.push(account.key);
      return;
    default:
      decision satisfies never;
  }
}

function disputed(account: MirrorAccount, subject: string): Finding {
  return {
    code: 'disputed-match',
    source: account.source,
    subject,
    label: account.name,
    detail: { because: 'two accounts of this source match the same user' },
  };
}

/** The account stays dirty: it is looked at again by each run, until somebody or something resolves it. */
function waitFor(
  session: PlanSession,
  account: MirrorAccount,
  finding: Finding,
  quarantine: MirrorAccount['quarantine'] = undefined,
): void {
  session.note(finding.subject, [finding]);
  if (account.quarantine !== quarantine) session.quarantines.push({ account: account.key, quarantine });
}

async function decideUsers(
  session: PlanSession,
  links: ReadonlyMap<UserId, PendingLink>,
  signal: AbortSignal,
  onProgress: Progress,
): Promise<void> {
  let after = 0;
  const linked = new Set(links.keys());
  for (;;) {
    signal.throwIfAborted();
    const ids = await session.store.read.dirtyUsers(session.source, after, portion);
    const last = ids.at(-1);
    if (last === undefined) break;
    after = last;
    await decidePortion(session, ids, links, session.refused);
    for (const id of ids) linked.delete(id);
    onProgress(ids.length);
    await yieldToLoop();
  }
  // Users that only the link makes dirty.
  const rest = [...linked].sort((a, b) => a - b);
  for (let start = 0; start < rest.length; start += portion)
    await decidePortion(session, rest.slice(start, start + portion), links, session.refused);
}

async function decidePortion(
  session: PlanSession,
  ids: readonly UserId[],
  links: ReadonlyMap<UserId, PendingLink>,
  refused: PlanSession['refused'],
): Promise<void> {
  const users = await session.store.read.users(ids);
  const accounts = Map.groupBy(await session.store.read.accountsOf(ids), (account) => account.userId as UserId);
  const newAccounts = await session.store.read.accounts(ids.flatMap((id) => links.get(id)?.account ?? []));
  const byKey = new Map(newAccounts.map((account) => [account.key, account]));
  for (const user of users) {
    const link = links.get(user.id);
    const account = link === undefined ? undefined : byKey.get(link.account);
    const decision = decideOne(session, user, accounts.get(user.id) ?? [], account, link?.rule, refused);
    await session.take(`user:${user.id}`, decision, {
      user,
      ...(account === undefined ? {} : { account: account.key }),
    });
  }
}

function decideOne(
  session: PlanSession,
  user: User,
  accounts: readonly MirrorAccount[],
  account: MirrorAccount | undefined,
  rule: string | undefined,
  refused: PlanSession['refused'],
): UserDecision {
  if (account === undefined || rule === undefined) return decideUser(session.world, { user, accounts }, refused);
  return decideLink(session.world, { user, accounts }, account, rule, refused);
}

/** The final assignment of usernames and e-mails: who is refused decides again without, who swaps becomes one atomic group. */
async function assignUniqueKeys(session: PlanSession, links: ReadonlyMap<UserId, PendingLink>): Promise<void> {
  if (session.claims.length === 0) return;
  const holders = await holdersOf(session);
  const { refused, atomic } = assignKeys(session.claims, holders);
  session.refused = refused;
  const again = new Set([...[...refused.keys()].map((key) => key.slice(key.indexOf(':') + 1)), ...atomic.keys()]);
  if (again.size === 0) return;
  const accountOf = new Map(
    session.changes.flatMap((change) =>
      change.account !== undefined && again.has(change.subject) ? [[change.subject, change.account] as const] : [],
    ),
  );
  await session.drop(again);
  const kept = session.claims.splice(0);
  session.atomicOf = atomic;
  const users = [...again].flatMap((subject) =>
    subject.startsWith('user:') ? [Number(subject.slice(5)) as UserId] : [],
  );
  await decidePortion(session, users, links, refused);
  for (const account of await session.store.read.accounts(
    [...again].flatMap((subject) => (subject.startsWith('account:') ? (accountOf.get(subject) ?? []) : [])),
  )) {
    await session.take(`account:${account.source}/${account.id}`, decideNewUser(session.world, account, refused), {
      account: account.key,
    });
  }
  session.claims.push(...kept);
}

async function holdersOf(session: PlanSession): Promise<Map<string, { claimant: string; label: string }>> {
  const holders = new Map<string, { claimant: string; label: string }>();
  for (const kind of ['username', 'email'] as const) {
    const keys = [...new Set(session.claims.flatMap((claim) => (claim.kind === kind ? [claim.key] : [])))];
    for (let start = 0; start < keys.length; start += 5000) {
      const found = await session.store.read.holders(kind, keys.slice(start, start + 5000));
      for (const [key, holder] of found)
        holders.set(`${kind}:${key}`, { claimant: `user:${holder}`, label: `user ${holder}` });
    }
  }
  return holders;
}
