// The daemon: schedules the sources, looks after itself every few seconds, and stops between two transactions.
// Invariant: nothing that fails here ends the process: what cannot be done now is told, and done at the next beat. What hangs for
// ever makes no beat, so that the watchdog of the system sees it.

import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, RosterdError } from '../model/errors.ts';
import type { EventSink } from './events.ts';
import type { Clock, Lease, SyncStore } from './ports.ts';

/** What the daemon drives; src/sync/schedule/scheduler.ts is the one in earnest. */
export interface Schedules {
  start(): Promise<void>;
  beat(): Promise<void>;
  stop(because: unknown): Promise<void>;
}

/** Work that is begun by a beat and not waited for: it may take longer than a beat, and runs once at a time. */
export interface Chore {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface DaemonDeps {
  readonly store: SyncStore;
  readonly clock: Clock;
  readonly emit: EventSink;
  readonly holder: string;
  readonly version: string;
  readonly scheduled: number;
  readonly schedules: Schedules;
  /** Throws when what is written is lost. */
  checkStore(): void;
  readonly chores: readonly Chore[];
  /** Told when it is ready, after each beat, and when it begins to stop. */
  readonly onReady: () => Promise<void>;
  readonly onBeat: () => Promise<void>;
  readonly onStopping: () => Promise<void>;
  readonly beatMs: number;
}

export interface Vitals {
  readonly isStarted: boolean;
  readonly isStopping: boolean;
  /** Milliseconds since the last beat ended, on a clock that nobody sets. */
  readonly sinceBeatMs: number;
  /** Why it cannot write to its store at present; undefined: it can. */
  readonly storeTrouble: string | undefined;
}

/** Several daemons may share a PostgreSQL: each has a place of its own, by which `rosterd status` sees that it lives. */
const places = 16;
const placeTtlMs = 90_000;

export class Daemon {
  readonly #deps: DaemonDeps;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #chores = new AbortController();
  #place: Lease | undefined;
  #isStarted = false;
  #isStopping = false;
  #beatAt = performance.now();
  /** What does not work, by its name: since when, and why. */
  readonly #troubles = new Map<string, { readonly since: number; readonly because: string }>();

  constructor(deps: DaemonDeps) {
    this.#deps = deps;
  }

  vitals(): Vitals {
    return {
      isStarted: this.#isStarted,
      isStopping: this.#isStopping,
      sinceBeatMs: performance.now() - this.#beatAt,
      storeTrouble: this.#troubles.get('store')?.because,
    };
  }

  /** Runs until the signal; resolves when everything has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { emit, version, holder, scheduled, schedules } = this.#deps;
    const startedAt = performance.now();
    await this.#renewPlace();
    emit({ kind: 'daemon:started', version, holder, scheduled });
    try {
      // Asked to stop before it began: no run begins only to be broken off.
      if (!signal.aborted) await schedules.start();
      if (!signal.aborted) await this.#watch(signal);
    } finally {
      await this.#stop(signal.reason);
      emit({ kind: 'daemon:stopped', upMs: Math.round(performance.now() - startedAt) });
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    this.#isStarted = true;
    await this.#deps.onReady();
    while (!signal.aborted) {
      await this.#beat();
      await sleep(this.#deps.beatMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #beat(): Promise<void> {
    try {
      // First: a store that is gone must not keep the schedules from being looked after.
      await this.#deps.schedules.beat();
      this.#deps.checkStore();
      await this.#renewPlace();
      this.#noteRecovery('store');
      for (const chore of this.#deps.chores) this.#begin(chore);
    } catch (error) {
      this.#noteTrouble('store', error);
    }
    this.#beatAt = performance.now();
    await this.#deps.onBeat();
  }

  /** Begins a chore now and not with the next beat, unless it is at it. */
  hurry(name: string): void {
    const chore = this.#deps.chores.find((candidate) => candidate.name === name);
    if (chore !== undefined && this.#isStarted && !this.#isStopping) this.#begin(chore);
  }

  #begin(chore: Chore): void {
    if (this.#busy.has(chore.name)) return;
    const work = chore
      .run(this.#chores.signal)
      .then(() => this.#noteRecovery(chore.name))
      .catch((error: unknown) => {
        if (!this.#isStopping) this.#noteTrouble(chore.name, error);
      })
      .finally(() => this.#busy.delete(chore.name));
    this.#busy.set(chore.name, work);
  }

  async #stop(because: unknown): Promise<void> {
    this.#isStopping = true;
    const reason = because instanceof Error ? because.message : 'the daemon failed';
    this.#deps.emit({ kind: 'daemon:stopping', because: reason });
    const told = this.#deps.onStopping();
    const stop = new RosterdError('interrupted', 'The daemon was stopped.');
    this.#chores.abort(stop);
    await this.#deps.schedules.stop(stop);
    await Promise.all(this.#busy.values());
    await this.#leavePlace();
    await told;
  }

  /** Takes a place among the living daemons, or keeps the one it has. A place that was lost (a stall, a wrong clock) is taken anew. */
  async #renewPlace(): Promise<void> {
    const { store, clock, holder } = this.#deps;
    const held = this.#place;
    try {
      if (held !== undefined) return await store.write((tx) => tx.leases.renew(held, placeTtlMs, clock.now()));
    } catch (error) {
      if (!(error instanceof RosterdError && error.code === 'lease-lost')) throw error;
      this.#place = undefined;
    }
    this.#place = await store.write(async (tx) => {
      for (let number = 1; number <= places; number += 1) {
        const answer = await tx.leases.acquire(`serve:${number}`, holder, placeTtlMs, clock.now());
        if (!('heldBy' in answer)) return answer;
      }
      // Nobody's sync depends on it: only `rosterd status` does not show the seventeenth.
      return undefined;
    });
  }

  async #leavePlace(): Promise<void> {
    const place = this.#place;
    if (place === undefined) return;
    // With the database gone it expires by itself, and on this host it is seen that the process ended.
    await this.#deps.store.write((tx) => tx.leases.release(place)).catch(() => undefined);
  }

  /** Told once, until it works again. */
  #noteTrouble(what: string, error: unknown): void {
    const { code, because } = said(error);
    const known = this.#troubles.get(what);
    this.#troubles.set(what, { since: known?.since ?? performance.now(), because });
    if (known === undefined) this.#deps.emit({ kind: 'watch:failed', what, errorCode: code, because });
  }

  #noteRecovery(what: string): void {
    const known = this.#troubles.get(what);
    if (known === undefined) return;
    this.#troubles.delete(what);
    this.#deps.emit({ kind: 'watch:recovered', what, afterMs: Math.round(performance.now() - known.since) });
  }
}

/** A fault of rosterd itself is told with its stack. */
function said(error: unknown): { readonly code: ErrorCode; readonly because: string } {
  if (error instanceof RosterdError) return { code: error.code, because: error.message };
  return { code: 'bug', because: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
