// A person's command waits until somebody else is through with the source that it needs.
// Invariant: while it waits it holds `wanted:<source>`, and a schedule begins no run of that source, so that it gets in between two.

import { setTimeout as sleep } from 'node:timers/promises';
import { RosterdError } from '../model/errors.ts';
import { asSourceName, type EpochMs, type SourceName } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import type { SyncDeps } from './deps.ts';
import type { Lease, StoreReader } from './ports.ts';
import { stopReason } from './stop-reason.ts';

/** Who is at the source: the holder of its lease, and the run that is open, if one is. */
export interface Busy {
  readonly source: SourceName;
  readonly holder: string | undefined;
  readonly run: Run | undefined;
}

export interface Waiting {
  /** 0: not at all. */
  readonly ms: number;
  /** Told once, before it waits. */
  readonly onWait: (busy: Busy) => void;
}

const pollMs = 250;
/** A process that died while it waited stands in nobody's way for longer. */
const ttlMs = 15_000;
const renewEveryMs = 5_000;
/** The lease may be free without looking so, e.g. after the clock was set back. */
const tryAnywayMs = 5_000;

type WaitDeps = Pick<SyncDeps, 'store' | 'clock' | 'holder'>;

const wantedName = (source: SourceName): string => `wanted:${source}`;

/** Whether a person waits for the source. */
export async function isSourceWanted(
  read: Pick<StoreReader, 'leaseHolders'>,
  source: SourceName,
  now: EpochMs,
): Promise<boolean> {
  return (await holderOf(read, wantedName(source), now)) !== undefined;
}

/** Does the work, again for as long as it ends with `run-in-progress`. Throws that when the time is over, and the reason of the signal. */
export async function whenSourceIsFree<T>(
  deps: WaitDeps,
  waiting: Waiting | undefined,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const endsAt = performance.now() + (waiting?.ms ?? 0);
  let wanted: Wanted | undefined;
  try {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const source = busySource(error);
        if (source === undefined || performance.now() >= endsAt) throw error;
        if (wanted === undefined) {
          wanted = new Wanted(deps, source);
          waiting?.onWait(await busyOf(deps, source));
        }
        await untilFree(deps, source, wanted, endsAt, signal);
      }
    }
  } finally {
    await wanted?.release();
  }
}

function busySource(error: unknown): SourceName | undefined {
  if (!(error instanceof RosterdError) || error.code !== 'run-in-progress') return undefined;
  return error.subject === undefined ? undefined : asSourceName(error.subject);
}

async function busyOf({ store, clock }: WaitDeps, source: SourceName): Promise<Busy> {
  const states = ['reading', 'planning', 'applying', 'verifying'] as const;
  const [run] = await store.read.runs({ source, kind: 'real', states, limit: 1 });
  return { source, run, holder: await holderOf(store.read, `source:${source}`, clock.now()) };
}

async function untilFree(
  { store, clock }: WaitDeps,
  source: SourceName,
  wanted: Wanted,
  endsAt: number,
  signal: AbortSignal,
): Promise<void> {
  const until = Math.min(endsAt, performance.now() + tryAnywayMs);
  do {
    await wanted.keep();
    await sleep(pollMs, undefined, { signal }).catch(() => {
      throw stopReason(signal);
    });
    if ((await holderOf(store.read, `source:${source}`, clock.now())) === undefined) return;
  } while (performance.now() < until);
}

async function holderOf(
  read: Pick<StoreReader, 'leaseHolders'>,
  lease: string,
  now: EpochMs,
): Promise<string | undefined> {
  return (await read.leaseHolders(lease, now)).find(({ name }) => name === lease)?.holder;
}

/** Several may wait: one of them holds the lease, which is enough for all. */
class Wanted {
  readonly #deps: WaitDeps;
  readonly #name: string;
  #lease: Lease | undefined;
  #keptAt = Number.NEGATIVE_INFINITY;

  constructor(deps: WaitDeps, source: SourceName) {
    this.#deps = deps;
    this.#name = wantedName(source);
  }

  async keep(): Promise<void> {
    const { store, clock, holder } = this.#deps;
    if (performance.now() - this.#keptAt < renewEveryMs) return;
    this.#keptAt = performance.now();
    const answer = await store.write(async (tx) => {
      if (this.#lease !== undefined) await tx.leases.release(this.#lease);
      return tx.leases.acquire(this.#name, holder, ttlMs, clock.now());
    });
    this.#lease = 'heldBy' in answer ? undefined : answer;
  }

  /** What cannot be given back ends by itself. */
  async release(): Promise<void> {
    const lease = this.#lease;
    if (lease !== undefined) await this.#deps.store.write((tx) => tx.leases.release(lease)).catch(() => undefined);
  }
}
