// User changes of one batch: before-values are checked against the present state, then the pure effect of the change is written.

import type { ChangePart } from '../model/change.ts';
import { type AccountKey, asUserId, type ExternalId, type SourceName, type UserId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { User } from '../model/user.ts';
import { applyChange, recheck } from '../reconcile/apply-change.ts';
import type { ApplyRequest, BatchResult } from './apply-plan.ts';
import type { TeamDirectory } from './apply-teams.ts';
import { isEditedSince } from './edited-since.ts';
import type { MirrorDigest, StoredChange, StoreTx } from './ports.ts';
import { type UserPair, writeUsers } from './write-users.ts';

interface Effect extends UserPair {
  readonly stored: StoredChange;
}

type AccountIndex = ReadonlyMap<string, MirrorDigest>;

export async function applyUserChanges(
  tx: StoreTx,
  request: ApplyRequest,
  teams: TeamDirectory,
  batch: readonly StoredChange[],
): Promise<BatchResult[]> {
  if (batch.length === 0) return [];
  const users = await presentUsers(tx, batch);
  const accounts = await accountsNamed(tx, batch);
  const unlinked = await unlinkedSince(tx, request, [...users.keys()]);
  const effects: Effect[] = [];
  const results: BatchResult[] = [];
  const created = batch.filter((stored) => stored.change.subject.kind === 'account').length;
  let nextId = created === 0 ? 0 : await tx.allocate('user', created);
  for (const stored of batch) {
    const { subject } = stored.change;
    const before = subject.kind === 'user' ? users.get(subject.id) : undefined;
    const verdict = stateOf(stored, before, { accounts, unlinked }, request);
    if (verdict !== 'apply') {
      results.push({
        state: verdict,
        stored,
        because: verdict === 'obsolete' ? 'already so' : 'the user changed after the plan was made',
      });
      continue;
    }
    const id = before?.id ?? asUserId(nextId++);
    const after = effectOf(stored, before, id, request, teams, accounts);
    if (after === undefined)
      results.push({ state: 'conflict', stored, because: 'a team of this change does not exist' });
    else effects.push({ stored, before, after });
  }
  const taken = await keysTaken(tx, effects);
  const free = effects.filter((effect) => !taken.has(effect.stored.id));
  for (const effect of effects) {
    if (taken.has(effect.stored.id))
      results.push({
        state: 'conflict',
        stored: effect.stored,
        because: 'another user took the username or the e-mail address',
      });
    else results.push({ state: 'applied', stored: effect.stored, user: effect.after.id });
  }
  await writeUsers(tx, free);
  await settle(tx, request, free, accounts);
  return results;
}

async function presentUsers(tx: StoreTx, batch: readonly StoredChange[]): Promise<ReadonlyMap<UserId, User>> {
  const ids = batch.flatMap(({ change }) => (change.subject.kind === 'user' ? [change.subject.id] : []));
  return new Map((ids.length === 0 ? [] : await tx.users(ids)).map((user) => [user.id, user]));
}

/** What was planned for them came of an account that is not theirs any more. */
async function unlinkedSince(
  tx: StoreTx,
  { plannedAt, isResumed, clock }: ApplyRequest,
  users: readonly UserId[],
): Promise<ReadonlySet<UserId>> {
  // As with pins: what seems to lie ahead was done before the clock was set back, and only a plan of this moment knows of it.
  const since = isResumed ? { from: plannedAt } : { from: plannedAt, to: clock.now() };
  return new Set(users.length === 0 ? [] : await tx.usersUnlinked(users, since));
}

/** Every account that the batch links or creates a user for, by `source/id`. */
async function accountsNamed(tx: StoreTx, batch: readonly StoredChange[]): Promise<AccountIndex> {
  const bySource = new Map<SourceName, Set<ExternalId>>();
  const want = (source: SourceName, id: ExternalId): void => {
    bySource.set(source, (bySource.get(source) ?? new Set()).add(id));
  };
  for (const { change } of batch) {
    if (change.subject.kind === 'account') want(change.subject.source, change.subject.id);
    for (const part of change.parts)
      if (part.part === 'linked' || part.part === 'link-state') want(part.source, part.account);
  }
  const found = new Map<string, MirrorDigest>();
  for (const [source, ids] of bySource) {
    for (const [id, row] of await tx.mirror.digests(source, 'account', [...ids])) found.set(`${source}/${id}`, row);
  }
  return found;
}

function stateOf(
  stored: StoredChange,
  before: User | undefined,
  { accounts, unlinked }: { readonly accounts: AccountIndex; readonly unlinked: ReadonlySet<UserId> },
  request: ApplyRequest,
): 'apply' | 'obsolete' | 'conflict' {
  const { change } = stored;
  const linked = change.parts.filter((part) => part.part === 'linked');
  const states = linked.map((part) => accounts.get(`${part.source}/${part.account}`));
  if (states.includes(undefined)) return 'conflict';
  if (change.subject.kind === 'account')
    return states.some((account) => account?.linkState !== undefined) ? 'obsolete' : 'apply';
  if (before === undefined || unlinked.has(before.id)) return 'conflict';
  const isHere = [...before.links, ...linked].some(({ source }) => source === request.source);
  if (!isHere && change.parts.some((part) => isGivenBy(part, request.source))) return 'conflict';
  // Of two accounts of one source, each has a link of its own.
  const keyOf = (source: SourceName, id: ExternalId) => accounts.get(`${source}/${id}`)?.key as AccountKey;
  const verdict = recheck(change, before, keyOf);
  if (verdict === 'apply' && isEditedSince(before, change.parts, request)) return 'conflict';
  return verdict === 'apply' && states.some((account) => account?.linkState !== undefined) ? 'conflict' : verdict;
}

/** Nothing is owned by a source in which the user has no account. */
function isGivenBy(part: ChangePart, source: SourceName): boolean {
  switch (part.part) {
    case 'field':
      return part.after?.owner === source;
    case 'attribute':
      return part.owner === source && part.after !== undefined;
    case 'membership':
    case 'grant':
    case 'role':
      return part.owner === source && part.op === 'add';
    default:
      return false;
  }
}

function effectOf(
  stored: StoredChange,
  before: User | undefined,
  id: UserId,
  request: ApplyRequest,
  teams: TeamDirectory,
  accounts: AccountIndex,
): User | undefined {
  let isResolved = true;
  const after = applyChange(before, stored.change, {
    id,
    now: request.now,
    team: (ref) => {
      const team = teams.resolve(ref);
      if (team === undefined) isResolved = false;
      return team ?? (-1 as never);
    },
    account: (source, external) => accounts.get(`${source}/${external}`)?.key as AccountKey,
  });
  return isResolved ? after : undefined;
}

/** Changes whose unique value somebody outside of this batch holds by now, or who stays in it without leaving the value. */
async function keysTaken(tx: StoreTx, effects: readonly Effect[]): Promise<ReadonlySet<number>> {
  const taken = new Set<number>();
  for (const kind of ['username', 'email'] as const) {
    const finalKey = (user: User | undefined): string | undefined => {
      const value = user?.values[kind]?.value;
      return value === undefined ? undefined : foldKey(value);
    };
    const moving = effects.filter(
      (effect) => finalKey(effect.after) !== undefined && finalKey(effect.after) !== finalKey(effect.before),
    );
    if (moving.length === 0) continue;
    const holders = await tx.holders(
      kind,
      moving.map((effect) => finalKey(effect.after) as string),
    );
    const finals = new Map(effects.map((effect) => [effect.after.id, finalKey(effect.after)]));
    for (const effect of moving) {
      const key = finalKey(effect.after) as string;
      const holder = holders.get(key);
      const isLeft =
        holder === undefined || holder === effect.after.id || (finals.has(holder) && finals.get(holder) !== key);
      if (!isLeft) taken.add(effect.stored.id);
    }
  }
  // A conflict inside an atomic group takes the whole group with it.
  const groups = new Set(
    effects.flatMap((effect) => (taken.has(effect.stored.id) ? (effect.stored.change.atomic ?? []) : [])),
  );
  for (const effect of effects)
    if (effect.stored.change.atomic !== undefined && groups.has(effect.stored.change.atomic))
      taken.add(effect.stored.id);
  return taken;
}

const isNewToSync = ({ before, stored }: Effect): boolean =>
  before === undefined || stored.change.parts.some(({ part }) => part === 'linked');

/** What was applied is no longer dirty; what time alone will change is noted. */
async function settle(
  tx: StoreTx,
  request: ApplyRequest,
  effects: readonly Effect[],
  accounts: AccountIndex,
): Promise<void> {
  const linked = effects.flatMap(({ stored }) =>
    stored.change.parts.flatMap((part) =>
      part.part === 'linked' ? (accounts.get(`${part.source}/${part.account}`)?.key ?? []) : [],
    ),
  );
  await tx.dirty.clearAccounts(linked as AccountKey[]);
  const { settling } = request;
  if (settling === undefined) {
    await tx.dirty.users(
      effects.map((effect) => effect.after.id),
      'applied later than planned',
    );
    return;
  }
  const waiting = new Set(effects.filter((effect) => settling.keepDirty.has(effect.stored.id)));
  await tx.dirty.clearUsers(
    effects.flatMap((effect) => (waiting.has(effect) ? [] : [effect.after.id])),
    settling.mark,
  );
  await tx.dirty.users(
    // Who was only just created or linked was not dirty before.
    [...waiting].flatMap((effect) => (isNewToSync(effect) ? [effect.after.id] : [])),
    'waits for another user or source',
  );
  await tx.dirty.setRecheck(
    effects.map(({ stored, after }) => ({ user: after.id, at: settling.recheckAt.get(stored.id) })),
  );
}
