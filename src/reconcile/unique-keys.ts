// The final assignment of unique values (username, e-mail) among all users of a plan.
// Invariant: the outcome depends on the set of claims and holders only, never on their order.

import type { KeyClaim, KeyHolder, RefusedClaims } from '../model/decision.ts';

export interface KeyAssignment {
  readonly refused: RefusedClaims;
  /** Claimant -> atomic group: who takes a value goes with who frees it, in one transaction and under one verdict. */
  readonly atomic: ReadonlyMap<string, string>;
}

/** One kind of value: usernames are settled before e-mail addresses. */
interface Round {
  /** By claimant. No text is put together per claim: a first import has hundreds of thousands. */
  readonly claims: ReadonlyMap<string, KeyClaim>;
  readonly holders: ReadonlyMap<string, KeyHolder>;
  readonly refused: Map<string, { readonly label: string; readonly subject: string }>;
}

/**
 * `holders`: `${kind}:${key}` -> who holds the claimed value now; values that nobody holds are not in it.
 *
 *   the claimed value                                            | outcome
 *   is free, or its holder leaves it in this plan                | granted to one claimant: users before accounts, then the smallest
 *   its holder stays (no claim of its own, or a refused one)     | refused to all
 *   another claimant is preferred                                | refused
 *
 * A refused claimant keeps its own value (unless `whenRefused: drop`), so each refusal may cause others: repeated until
 * stable, from "all granted" downwards. Swaps and rings hold each other up and are granted.
 * A refused username of an account means that no user is created; its e-mail claim is void then.
 */
export function assignKeys(
  claims: readonly KeyClaim[],
  holders: ReadonlyMap<string, KeyHolder>,
  labels: ReadonlyMap<string, string> = new Map(),
): KeyAssignment {
  const steps = assignKeysInSteps(claims, holders, labels);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps, between which other work gets its turn: a first import claims two values for everybody. */
export function* assignKeysInSteps(
  claims: readonly KeyClaim[],
  holders: ReadonlyMap<string, KeyHolder>,
  labels: ReadonlyMap<string, string>,
): Generator<undefined, KeyAssignment> {
  const refused: Round['refused'] = new Map();
  const usernames = claims.filter((claim) => claim.kind === 'username');
  yield* settle({ claims: byClaimant(usernames), holders, refused }, labels);
  const emails = claims.filter((claim) => claim.kind === 'email' && !isVoid(claim, refused));
  yield* settle({ claims: byClaimant(emails), holders, refused }, labels);
  return { refused, atomic: atomicGroups([...usernames, ...emails], holders, refused) };
}

const claimKey = (claim: KeyClaim): string => `${claim.kind}:${claim.claimant}`;
const valueKey = (claim: KeyClaim): string => `${claim.kind}:${claim.key}`;

function isVoid(claim: KeyClaim, refused: Round['refused']): boolean {
  return refused.size > 0 && claim.claimant.startsWith('account:') && refused.has(`username:${claim.claimant}`);
}

function byClaimant(claims: readonly KeyClaim[]): Map<string, KeyClaim> {
  // A claim on what one holds already (another case of the same letters) can neither be refused nor free anything.
  return new Map(claims.filter((claim) => claim.holds !== claim.key).map((claim) => [claim.claimant, claim]));
}

function* settle(round: Round, labels: ReadonlyMap<string, string>): Generator<undefined> {
  yield;
  const winners = pickWinners(round);
  yield;
  const waiting: KeyClaim[] = [];
  const refuse = (claim: KeyClaim, by: { readonly label: string; readonly subject: string }): void => {
    if (round.refused.has(claimKey(claim))) return;
    round.refused.set(claimKey(claim), by);
    waiting.push(claim);
  };
  for (const claim of round.claims.values()) {
    // Giving up is never refused.
    if (claim.key === '') continue;
    const winner = winners.get(claim.key);
    const holder = holderOf(round, claim);
    if (holder !== undefined && !canLeave(round, claim, holder)) refuse(claim, ofHolder(holder));
    else if (winner !== undefined && winner !== claim) refuse(claim, ofWinner(winner, labels));
  }
  // Whoever keeps a value because of a refusal takes it from the one who was to have it next.
  for (let claim = waiting.pop(); claim !== undefined; claim = waiting.pop()) {
    if (claim.whenRefused === 'drop' || claim.holds === undefined) continue;
    const next = winners.get(claim.holds);
    const holder = next && holderOf(round, next);
    if (next !== undefined && holder !== undefined) refuse(next, ofHolder(holder));
  }
  yield;
  nameLastHolder(round, winners, labels);
  yield;
}

/** One claimant per value: existing users before new ones, then the smallest. */
function pickWinners(round: Round): ReadonlyMap<string, KeyClaim> {
  const winners = new Map<string, KeyClaim>();
  for (const claim of round.claims.values()) {
    if (claim.key === '') continue;
    const other = winners.get(claim.key);
    if (other === undefined || compareClaimants(claim.claimant, other.claimant) < 0) winners.set(claim.key, claim);
  }
  return winners;
}

function compareClaimants(left: string, right: string): number {
  const isUser = (claimant: string) => claimant.startsWith('user:');
  if (isUser(left) !== isUser(right)) return isUser(left) ? -1 : 1;
  if (isUser(left)) return Number(left.slice('user:'.length)) - Number(right.slice('user:'.length));
  return left < right ? -1 : left > right ? 1 : 0;
}

function holderOf(round: Round, claim: KeyClaim): KeyHolder | undefined {
  if (round.holders.size === 0) return undefined;
  const holder = round.holders.get(valueKey(claim));
  return holder?.claimant === claim.claimant ? undefined : holder;
}

/** It wants another value, or none: then it leaves, as long as that claim is not refused. */
function canLeave(round: Round, claim: KeyClaim, holder: KeyHolder): boolean {
  const own = round.claims.get(holder.claimant);
  return own === undefined ? holder.leaves === true : own.holds === claim.key;
}

/** A value whose winner was refused later has gone to nobody: its other claimants then lost to the one who keeps it. */
function nameLastHolder(
  round: Round,
  winners: ReadonlyMap<string, KeyClaim>,
  labels: ReadonlyMap<string, string>,
): void {
  for (const claim of round.claims.values()) {
    const winner = winners.get(claim.key);
    if (winner === undefined || winner === claim || !round.refused.has(claimKey(claim))) continue;
    const holder = holderOf(round, claim);
    const isKept = round.refused.has(claimKey(winner));
    round.refused.set(claimKey(claim), isKept && holder !== undefined ? ofHolder(holder) : ofWinner(winner, labels));
  }
}

const ofHolder = (holder: KeyHolder) => ({ label: holder.label, subject: holder.claimant });

const ofWinner = (winner: KeyClaim, labels: ReadonlyMap<string, string>) => ({
  label: labels.get(winner.claimant) ?? winner.claimant,
  subject: winner.claimant,
});

function atomicGroups(
  claims: readonly KeyClaim[],
  holders: ReadonlyMap<string, KeyHolder>,
  refused: RefusedClaims,
): ReadonlyMap<string, string> {
  const parent = new Map<string, string>();
  const rootOf = (claimant: string): string => {
    let root = claimant;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    // Path halving would do; the chains are short but rings of thousands are legal.
    for (let at = claimant; at !== root; ) {
      const up = parent.get(at) ?? root;
      parent.set(at, root);
      at = up;
    }
    return root;
  };
  const join = (left: string, right: string): void => {
    const [a, b] = [rootOf(left), rootOf(right)];
    // The smallest claimant names the group, so that the id is the same whatever came first.
    const [root, other] = compareClaimants(a, b) <= 0 ? [a, b] : [b, a];
    parent.set(root, root);
    parent.set(other, root);
  };
  for (const claim of holders.size === 0 ? [] : claims) {
    if (claim.holds === claim.key || claim.key === '') continue;
    const holder = holders.get(valueKey(claim));
    if (holder === undefined || holder.claimant === claim.claimant || refused.has(claimKey(claim))) continue;
    join(claim.claimant, holder.claimant);
  }
  return new Map([...parent.keys()].sort().map((claimant) => [claimant, `keys:${rootOf(claimant)}`]));
}
