// Decides everything that is dirty: teams, accounts without a user, users. The decisions are those of src/reconcile; here they
// are fed in portions and their changes stored as planned. Nothing local is changed.

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { MirrorAccount } from '../model/account.ts';
import type { KeyHolder, UserDecision } from '../model/decision.ts';
import { type AccountKey, asUserId, type UserId } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import { type CorrelatedAccount, correlate, settleLinks } from '../reconcile/correlate.ts';
import { roleFindings } from '../reconcile/memberships.ts';
import { decideLink, decideNewUser, decideUser } from '../reconcile/plan.ts';
import { planTeams } from '../reconcile/teams.ts';
import { assignKeysInSteps } from '../reconcile/unique-keys.ts';
import { makeWorld } from '../reconcile/world.ts';
import { readMatching, withRivals } from './find-rivals.ts';
import type { PlanSession } from './plan-session.ts';

const portion = 200;

interface PendingLink {
  readonly account: AccountKey;
  readonly rule: string;
}

type Progress = (done: number) => void;

export async function buildPlan(session: PlanSession, signal: AbortSignal, onProgress: Progress): Promise<void> {
  session.note(`source:${session.source}`, roleFindings(session.world));
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
  session.world = makeWorld({ ...session.world, newTeams: planned.newTeams });
}

async function decideAccounts(
  session: PlanSession,
  links: Map<UserId, PendingLink>,
  signal: AbortSignal,
  onProgress: Progress,
): Promise<void> {
  const linking: CorrelatedAccount[] = [];
  let after = 0;
  for (;;) {
    signal.throwIfAborted();
    const keys = await session.store.read.dirtyAccounts(session.source, after, portion);
    const last = keys.at(-1);
    if (last === undefined) break;
    after = last;
    for (const one of await correlateAll(session, await session.store.read.accounts(keys))) {
      if (one.decision.kind === 'link') linking.push(one);
      else await takeAccount(session, one);
    }
    onProgress(keys.length);
    await yieldToLoop();
  }
  // Links are settled together: two accounts that want the same user both wait.
  for (const one of settleLinks(linking)) {
    if (one.decision.kind !== 'link') await takeAccount(session, one);
    else links.set(one.decision.user, { account: one.account.key, rule: one.decision.rule });
    if (one.decision.kind === 'link') noteSettled(session, one.account);
  }
}

async function correlateAll(session: PlanSession, accounts: readonly MirrorAccount[]): Promise<CorrelatedAccount[]> {
  const { carriersOf, users } = await readMatching(session.store.read, session.world, accounts);
  return accounts.map((account) => ({
    account,
    decision: correlate(session.world, account, carriersOf(account), users),
  }));
}

async function takeAccount(session: PlanSession, { account, decision }: CorrelatedAccount): Promise<void> {
  switch (decision.kind) {
    case 'create': {
      noteSettled(session, account);
      const decided = decideNewUser(session.world, account, session.refused);
      await session.take(subjectOf(account), decided, { account: account.key });
      return;
    }
    // The account stays dirty: it is looked at again by each run, until somebody or something resolves it.
    case 'wait':
      session.note(subjectOf(account), [decision.finding]);
      setQuarantine(session, account, decision.quarantine);
      return;
    case 'ignore':
      // What a person has said of it outlives its absence.
      session.note(subjectOf(account), []);
      setQuarantine(
        session,
        account,
        account.quarantine === 'unlinked' && account.userId === undefined ? 'unlinked' : undefined,
      );
      session.settledAccounts.push(account.key);
      return;
    case 'link':
      return;
    default:
      decision satisfies never;
  }
}

const subjectOf = (account: MirrorAccount): string => `account:${account.source}/${account.id}`;

/** Nothing is disputed about the account any more: its findings close. */
function noteSettled(session: PlanSession, account: MirrorAccount): void {
  session.note(subjectOf(account), []);
  setQuarantine(session, account, undefined);
}

function setQuarantine(session: PlanSession, account: MirrorAccount, quarantine: MirrorAccount['quarantine']): void {
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
  const own = await withRivals(session.store.read, session.world, users, await session.store.read.accountsOf(ids));
  const accounts = Map.groupBy(own, (account) => account.userId as UserId);
  for (const { userId, rival } of own) if (rival !== undefined) session.contested.add(`user:${userId}`);
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
  return decideLink(session.world, user, accounts, account, rule, refused);
}

/** The final assignment of usernames and e-mails: who is refused decides again without, who swaps becomes one atomic group. */
async function assignUniqueKeys(session: PlanSession, links: ReadonlyMap<UserId, PendingLink>): Promise<void> {
  if (session.claims.length === 0) return;
  const labels = new Map(session.changes.map((change) => [change.subject, change.label]));
  const steps = assignKeysInSteps(session.claims, await holdersOf(session), labels);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) await yieldToLoop();
  const { refused, atomic } = step.value;
  session.refused = refused;
  session.atomic = atomic;
  const again = new Set([...[...refused.keys()].map((key) => key.slice(key.indexOf(':') + 1)), ...atomic.keys()]);
  if (again.size === 0) return;
  const accountOf = new Map(session.changes.map((change) => [change.subject, change.account]));
  await session.drop(again);
  const users = [...again].flatMap((subject) =>
    subject.startsWith('user:') ? [asUserId(Number(subject.slice(5)))] : [],
  );
  for (let start = 0; start < users.length; start += portion) {
    await decidePortion(session, users.slice(start, start + portion), links, refused);
  }
  const created = [...again].flatMap((subject) =>
    subject.startsWith('account:') ? (accountOf.get(subject) ?? []) : [],
  );
  for (let start = 0; start < created.length; start += portion) {
    for (const account of await session.store.read.accounts(created.slice(start, start + portion))) {
      const decided = decideNewUser(session.world, account, refused);
      await session.take(subjectOf(account), decided, { account: account.key });
    }
  }
}

/** Who holds the claimed values now, and whether they give them up in this plan. */
async function holdersOf(session: PlanSession): Promise<Map<string, KeyHolder>> {
  const holders = new Map<string, KeyHolder>();
  for (const kind of ['username', 'email'] as const) {
    const claims = session.claims.filter((claim) => claim.kind === kind && claim.holds !== claim.key);
    for (let start = 0; start < claims.length; start += 5000) {
      const keys = claims.slice(start, start + 5000).map((claim) => claim.key);
      const found = await session.store.read.holders(kind, keys);
      const users = new Map(
        (await session.store.read.users([...new Set(found.values())])).map((user) => [user.id, user]),
      );
      for (const [key, id] of found) {
        const claimant = `user:${id}`;
        const label = users.get(id)?.values.username?.value ?? claimant;
        holders.set(`${kind}:${key}`, { claimant, label, leaves: session.leaving.has(`${kind}:${claimant}`) });
      }
    }
  }
  return holders;
}
