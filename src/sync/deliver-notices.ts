// Sends what is due in the outbox. One process at a time (the lease `notify`); what another one is sending is left to it.
// Invariant: at least once. A process that dies between the sending and the mark sends the same message again, under the same id,
// by which a receiver can tell; nothing is marked as sent that no target has taken.

import { createHash } from 'node:crypto';
import { RosterdError } from '../model/errors.ts';
import { asEpochMs, type EpochMs } from '../model/ids.ts';
import type { Delivery } from '../model/notice.ts';
import type { EventSink } from './events.ts';
import type { Messenger } from './ports/daemon.ts';
import type { Clock, Lease, SyncStore } from './ports.ts';

export interface DeliveryDeps {
  readonly store: SyncStore;
  readonly clock: Clock;
  readonly emit: EventSink;
  /** By the name of the target. */
  readonly messengers: ReadonlyMap<string, Messenger>;
  readonly holder: string;
  readonly signal: AbortSignal;
  /** How long a target may take for one message. Other than usual only in tests. */
  readonly sendTimeoutMs?: number;
}

const minuteMs = 60_000;
const usualTimeoutMs = 30_000;
const atMost = 100;
/** A target that takes everything but slowly gives the others, and what is written meanwhile, their turn after so long. */
const turnMs = minuteMs;
/** Renewed with every mark; longer than a target may take. */
const leaseTtlMs = 2 * minuteMs;
const longestWaitMs = 60 * minuteMs;
const firstWaitMs = minuteMs;
/** 3 days: by then somebody must have looked, and the news is old. */
const giveUpAfterMs = 3 * 24 * 60 * minuteMs;

/** `failed`: not taken, whether or not it is tried again. */
export interface DeliveryTally {
  readonly sent: number;
  readonly failed: number;
}

export async function deliverDue(deps: DeliveryDeps): Promise<DeliveryTally> {
  const { store, clock, holder, signal } = deps;
  const nothing = { sent: 0, failed: 0 };
  if (signal.aborted || (await store.read.dueDeliveries(clock.now(), 1)).length === 0) return nothing;
  const lease = await store.write((tx) => tx.leases.acquire('notify', holder, leaseTtlMs, clock.now()));
  if ('heldBy' in lease) return nothing;
  try {
    // Read under the lease: what another process has sent since is not due any more.
    const due = await store.read.dueDeliveries(clock.now(), atMost);
    const queues = Map.groupBy(due, ({ target }) => target);
    const ends = await Promise.allSettled([...queues].map(([target, queue]) => sendQueue(deps, lease, target, queue)));
    return ends.reduce<DeliveryTally>((sum, end) => {
      if (end.status === 'rejected') throw end.reason;
      return { sent: sum.sent + end.value.sent, failed: sum.failed + end.value.failed };
    }, nothing);
  } finally {
    await store.write((tx) => tx.leases.release(lease));
  }
}

/** One target, one message after the other. */
async function sendQueue(
  deps: DeliveryDeps,
  lease: Lease,
  target: string,
  queue: readonly Delivery[],
): Promise<DeliveryTally> {
  let sent = 0;
  let failed = 0;
  // A message that this target cannot digest must not stand before all others for three days.
  const order = [...queue].sort((a, b) => a.attempts - b.attempts || a.id - b.id);
  const startedAt = performance.now();
  for (const [index, delivery] of order.entries()) {
    if (deps.signal.aborted || performance.now() - startedAt > turnMs) break;
    const outcome = await attempt(deps, target, delivery, { isFirst: (order.at(-1)?.attempts ?? 0) === 0 });
    // Stopped in the middle: whether it was taken is not known, so it stays due.
    if (outcome === undefined) break;
    const { nextAttemptAt } = outcome;
    // The target does not work now, so the rest waits as long; otherwise a dead target would fill every later call.
    const waiting =
      nextAttemptAt === undefined ? [] : order.slice(index + 1).map((rest): Delivery => ({ ...rest, nextAttemptAt }));
    await mark(deps, lease, [outcome, ...waiting]);
    announce(deps.emit, outcome);
    if (outcome.sentAt === undefined) failed += 1;
    else sent += 1;
    if (nextAttemptAt !== undefined) break;
  }
  return { sent, failed };
}

/** `isFirst`: nothing that is due for the target has been tried before. */
async function attempt(
  deps: DeliveryDeps,
  target: string,
  delivery: Delivery,
  { isFirst }: { readonly isFirst: boolean },
): Promise<Delivery | undefined> {
  const { clock, messengers, signal, sendTimeoutMs = usualTimeoutMs } = deps;
  const { id, notice } = delivery;
  const attempts = delivery.attempts + 1;
  const messenger = messengers.get(target);
  if (messenger === undefined)
    return {
      id,
      target,
      notice,
      attempts,
      gaveUpAt: clock.now(),
      lastError: `there is no target ${target} in notify any more`,
    };
  try {
    await withTimeout(sendTimeoutMs, signal, (limited) => messenger.send(notice, messageId(delivery), limited));
    return { id, target, notice, attempts, sentAt: clock.now() };
  } catch (error) {
    if (signal.aborted) return undefined;
    const now = clock.now();
    const lastError = error instanceof Error ? error.message : String(error);
    const next = nextAttempt(notice.at, attempts, waitMsOf(error, attempts, isFirst), now);
    const fate = next === undefined ? { gaveUpAt: now } : { nextAttemptAt: next };
    return { id, target, notice, attempts, lastError, ...fate };
  }
}

/**
 * Undefined: never. A refused login or a 4xx (a receiver that is being replaced, a password that is being changed) gets one quick
 * second try, then one every hour for all that waits for the target: another message is the same login, and directories lock accounts.
 */
function waitMsOf(error: unknown, attempts: number, isFirst: boolean): number | undefined {
  const code = error instanceof RosterdError ? error.code : undefined;
  if (code === 'notice-undeliverable') return undefined;
  if (code === 'notice-refused') return isFirst ? firstWaitMs : longestWaitMs;
  return Math.min(longestWaitMs, firstWaitMs * 2 ** (attempts - 1));
}

/** Undefined when it has been tried for long enough. A little less than the round time, so that several do not fall together. */
function nextAttempt(
  writtenAt: EpochMs,
  attempts: number,
  waitMs: number | undefined,
  now: EpochMs,
): EpochMs | undefined {
  // What waited for days because nobody was there to send it is still tried a few times.
  if (waitMs === undefined || (now - writtenAt >= giveUpAfterMs && attempts >= 3)) return undefined;
  return asEpochMs(Math.round(now + waitMs * (0.8 + 0.2 * Math.random())));
}

/** Ends when the time is over even if the messenger does not listen to its signal. */
async function withTimeout(
  ms: number,
  signal: AbortSignal,
  work: (limited: AbortSignal) => Promise<void>,
): Promise<void> {
  const limit = new AbortController();
  const limited = AbortSignal.any([signal, limit.signal]);
  const late = new RosterdError('notice-unsent', `no answer within ${Math.round(ms / 1_000)} s`);
  const timer = setTimeout(() => limit.abort(late), ms);
  const over = Promise.withResolvers<never>();
  const onAbort = (): void => over.reject(limited.reason);
  limited.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([work(limited), over.promise]);
  } catch (error) {
    throw limit.signal.aborted ? late : error;
  } finally {
    clearTimeout(timer);
    limited.removeEventListener('abort', onAbort);
  }
}

/** The same for every attempt, and another one for every fact, target and installation. */
function messageId({ id, target, notice }: Delivery): string {
  const sum = createHash('sha256').update(JSON.stringify([id, target, notice.key, notice.at]));
  return `msg_${sum.digest('hex').slice(0, 32)}`;
}

async function mark({ store, clock }: DeliveryDeps, lease: Lease, rows: readonly Delivery[]): Promise<void> {
  await store.write(async (tx) => {
    await tx.leases.renew(lease, leaseTtlMs, clock.now());
    for (const row of rows) await tx.saveDelivery(row);
  });
}

function announce(emit: EventSink, { target, notice, attempts, sentAt, gaveUpAt, lastError = '' }: Delivery): void {
  if (sentAt !== undefined) emit({ kind: 'notice:sent', target, notice: notice.kind, attempts });
  else
    emit({
      kind: 'notice:failed',
      target,
      notice: notice.kind,
      attempts,
      because: lastError,
      isGivenUp: gaveUpAt !== undefined,
    });
}
