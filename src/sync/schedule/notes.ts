// What the scheduler tells: times at which nothing ran, and runs that did not come to an end of their own.
// Invariant: nothing that fails here keeps a source from being read.

import { type ErrorCode, RosterdError } from '../../model/errors.ts';
import type { EpochMs, RunId, SourceName } from '../../model/ids.ts';
import type { Skip, SkipReason } from '../../model/schedule.ts';
import type { SchedulerDeps } from './scheduler-deps.ts';

export class Notes {
  readonly #deps: Pick<SchedulerDeps, 'clock' | 'emit' | 'saveSkip'>;
  readonly #writes = new Set<Promise<void>>();

  constructor(deps: Pick<SchedulerDeps, 'clock' | 'emit' | 'saveSkip'>) {
    this.#deps = deps;
  }

  skip(source: SourceName, dueAt: EpochMs, reason: SkipReason, detail: string): void {
    this.#deps.emit({ kind: 'tick:skipped', source, dueAt, reason, detail });
    const write = this.#saved({ source, dueAt, at: this.#deps.clock.now(), reason, detail });
    this.#writes.add(write);
    void write.finally(() => this.#writes.delete(write));
  }

  async #saved(skip: Skip): Promise<void> {
    try {
      await this.#deps.saveSkip(skip);
    } catch {
      // The event has told it; a row for `rosterd status` is not worth a run.
    }
  }

  /** `run`: the row that was written before it broke, if it came so far. */
  broke(source: SourceName, run: RunId | undefined, error: unknown): void {
    const facts = { source, ...said(error) };
    this.#deps.emit(run === undefined ? { kind: 'run:not-started', ...facts } : { kind: 'run:broke', run, ...facts });
  }

  hangs(source: SourceName, error: Error): void {
    this.#deps.emit({ kind: 'run:hangs', source, because: error.message });
  }

  /** Everything is written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes);
  }
}

/** A fault of rosterd itself is told with its stack. */
function said(error: unknown): { readonly errorCode: ErrorCode; readonly because: string } {
  if (error instanceof RosterdError) return { errorCode: error.code, because: error.message };
  return { errorCode: 'bug', because: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
