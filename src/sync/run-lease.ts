// The leases of one run. Every write transaction of the run starts by renewing them: a run that lost its lease cannot write.
// Invariant: one run per source, one reconcile at a time, whoever triggered it.

import { setTimeout as sleep } from 'node:timers/promises';
import { RosterdError } from '../model/errors.ts';
import type { SourceName } from '../model/ids.ts';
import type { LeaseTimes, SyncDeps } from './deps.ts';
import type { Clock, Lease, StoreTx, SyncStore } from './ports.ts';
import { stopReason } from './stop-reason.ts';

const usualTimes: LeaseTimes = {
  // Long enough for a slow page of a slow directory: a page renews it, the longest silence that a connector allows is shorter.
  ttlMs: 180_000,
  // Often enough to survive a renewal that waits for a busy store.
  renewEveryMs: 45_000,
};
const pollMs = 500;
const giveBackEveryMs = 1_000;
const reconcile = 'reconcile';

export class RunLease {
  readonly #store: SyncStore;
  readonly #clock: Clock;
  readonly #holder: string;
  readonly #times: LeaseTimes;
  readonly #held: Lease[] = [];

  /** `store`: that of `deps`, or the private copy of a dry run. */
  constructor(
    { clock, holder, leaseTimes = usualTimes }: Pick<SyncDeps, 'clock' | 'holder' | 'leaseTimes'>,
    store: SyncStore,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#holder = holder;
    this.#times = leaseTimes;
  }

  /** Throws `run-in-progress` when somebody alive runs this source. */
  async acquireSource(source: SourceName): Promise<void> {
    const heldBy = await this.#try(`source:${source}`);
    if (heldBy === undefined) return;
    throw new RosterdError('run-in-progress', `Source ${source} is being synced by ${heldBy}.`, { subject: source });
  }

  /**
   * Waits for the other sources' reconciling to end, for as long as the signal allows: a schedule has its deadline, a person Ctrl-C.
   * What it holds already is kept meanwhile. `onWait` is called once, when it has to wait. A run that resumed an earlier one has it already.
   */
  async acquireReconcile(signal: AbortSignal, onWait: () => Promise<void> = async () => {}): Promise<void> {
    if (this.#held.some((lease) => lease.name === reconcile)) return;
    if ((await this.#try(reconcile)) === undefined) return;
    await onWait();
    await this.keepDuring(signal, async (until) => {
      do {
        await sleep(pollMs, undefined, { signal: until }).catch(() => {
          throw stopReason(until);
        });
      } while ((await this.#try(reconcile)) !== undefined);
    });
  }

  async #try(name: string): Promise<string | undefined> {
    const answer = await this.#store.write((tx) =>
      tx.leases.acquire(name, this.#holder, this.#times.ttlMs, this.#clock.now()),
    );
    if ('heldBy' in answer) return answer.heldBy;
    this.#held.push(answer);
    return undefined;
  }

  /** First statement of each of the run's transactions. Throws `lease-lost`. */
  async renew(tx: StoreTx): Promise<void> {
    const now = this.#clock.now();
    for (const lease of this.#held) await tx.leases.renew(lease, this.#times.ttlMs, now);
  }

  /** One transaction of the run. */
  async write<T>(work: (tx: StoreTx) => Promise<T>): Promise<T> {
    return this.#store.write(async (tx) => {
      await this.renew(tx);
      return work(tx);
    });
  }

  /**
   * Work that writes nothing for longer than a lease lasts, such as questions to a slow directory: the leases are renewed meanwhile.
   * Its signal aborts when that fails; the next write of the run then says why.
   */
  async keepDuring<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const lost = new AbortController();
    let renewing: Promise<void> | undefined;
    const timer = setInterval(() => {
      renewing ??= this.write(async () => {})
        .catch((error: unknown) => lost.abort(error))
        .finally(() => {
          renewing = undefined;
        });
    }, this.#times.renewEveryMs);
    try {
      return await work(AbortSignal.any([signal, lost.signal]));
    } finally {
      clearInterval(timer);
      await renewing;
    }
  }

  /**
   * A lease that cannot be given back now, because the database is gone, is given back when the database is there again: otherwise
   * this process would stand in its own way until the lease ends by itself. That is no failure of the run.
   */
  async release(): Promise<void> {
    const leases = this.#held.splice(0);
    if (leases.length === 0) return;
    try {
      await this.#giveBack(leases);
    } catch (error) {
      if (!(error instanceof RosterdError && error.entry.fault === 'store')) throw error;
      void this.#giveBackLater(leases);
    }
  }

  async #giveBack(leases: readonly Lease[]): Promise<void> {
    await this.#store.write(async (tx) => {
      for (const lease of leases) await tx.leases.release(lease);
    });
  }

  /** Keeps no process alive. */
  async #giveBackLater(leases: readonly Lease[]): Promise<void> {
    const endsAt = performance.now() + this.#times.ttlMs;
    for (let isBack = false; !isBack && performance.now() < endsAt; ) {
      await sleep(giveBackEveryMs, undefined, { ref: false });
      isBack = await this.#giveBack(leases).then(
        () => true,
        (error: unknown) => !(error instanceof RosterdError && error.entry.fault === 'store'),
      );
    }
  }
}
