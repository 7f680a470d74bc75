// After apply: the users that were changed are planned again, and nothing may come of it but findings: users that the run
// created have their number now.

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { RefusedClaims } from '../model/decision.ts';
import { type Finding, type FindingCode, findingCodes } from '../model/finding.ts';
import { asAccountKey, asExternalId, type ExternalId, type UserId } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import { decideUser } from '../reconcile/plan.ts';
import { withRivals } from './find-rivals.ts';
import { loadWorld } from './load-world.ts';
import type { PlanSession } from './plan-session.ts';
import type { SyncStore } from './ports.ts';

const portion = 200;

export interface Verified {
  /** Labels of the users for which planning again gives a change; empty when all is well. */
  readonly failed: readonly string[];
  /** Findings that were opened. */
  readonly opened: number;
}

export async function verifyApplied(
  store: SyncStore,
  session: PlanSession,
  users: readonly UserId[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Verified> {
  const world = await loadWorld(store, session.world);
  const failed: string[] = [];
  let opened = 0;
  for (let start = 0; start < users.length; start += portion) {
    signal.throwIfAborted();
    const ids = users.slice(start, start + portion);
    const after = await store.read.users(ids);
    const linked = await withRivals(store.read, world, after, await store.read.accountsOf(ids));
    const accounts = Map.groupBy(linked, (account) => account.userId as UserId);
    const found: Finding[] = [];
    const open: UserId[] = [];
    for (const user of after) {
      const own = accounts.get(user.id) ?? [];
      const {
        change,
        findings,
        crossFindings = [],
      } = decideUser(world, { user, accounts: own }, refusedTo(session.refused, user.id, own));
      if (change !== undefined) {
        open.push(user.id);
        if (!isEdited(user, session)) failed.push(change.label);
      }
      found.push(...findings, ...crossFindings);
    }
    if (open.length > 0) await session.lease.write((tx) => tx.dirty.users(open, 'not settled by its run'));
    opened += await openFindings(store, session, found);
    onProgress(Math.min(start + portion, users.length));
    await yieldToLoop();
  }
  return { failed, opened };
}

/** Somebody decided about the user while the run was at work: that is for the next plan, and no fault. */
function isEdited({ pins, syncOff, adminHold }: User, { world }: PlanSession): boolean {
  return [...pins, syncOff, adminHold].some((decision) => decision !== undefined && decision.since >= world.now);
}

async function openFindings(store: SyncStore, session: PlanSession, found: readonly Finding[]): Promise<number> {
  if (found.length === 0) return 0;
  const findings = await ofUsers(store, session, found);
  const by = { run: session.run, now: session.deps.clock.now(), codes: Object.keys(findingCodes) as FindingCode[] };
  return (await session.lease.write((tx) => tx.findings.reconcile([], findings, by))).opened;
}

/** A finding about the winner of a contested address names its account when the run created both users. */
async function ofUsers(store: SyncStore, session: PlanSession, found: readonly Finding[]): Promise<readonly Finding[]> {
  const prefix = `account:${session.source}/`;
  const ids = new Map<string, ExternalId>();
  for (const { subject } of found)
    if (subject.startsWith(prefix)) ids.set(subject, asExternalId(subject.slice(prefix.length)));
  if (ids.size === 0) return found;
  const digests = await store.read.mirror.digests(session.source, 'account', [...ids.values()]);
  const keys = [...digests.values()].map((row) => asAccountKey(row.key));
  const users = new Map((await store.read.accounts(keys)).map((account) => [account.id, account.userId]));
  return found.map((finding) => {
    const user = users.get(ids.get(finding.subject) ?? asExternalId(''));
    return user === undefined ? finding : { ...finding, subject: `user:${user}` };
  });
}

/** What was refused to this user; for one that the run created it was refused under the name of its account. */
function refusedTo(
  refused: RefusedClaims,
  id: UserId,
  accounts: readonly { readonly source: string; readonly id: string }[],
): RefusedClaims {
  const own = new Map();
  if (refused.size === 0) return own;
  const names = [`user:${id}`, ...accounts.map((account) => `account:${account.source}/${account.id}`)];
  for (const kind of ['username', 'email'] as const) {
    const holder = names.map((name) => refused.get(`${kind}:${name}`)).find((found) => found !== undefined);
    if (holder !== undefined) own.set(`${kind}:user:${id}`, holder);
  }
  return own;
}
