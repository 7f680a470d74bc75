// The row of one run while it works: what is known so far, the events of its phases, and how it ended.

import { formatHead } from '../model/audit.ts';
import type { EpochMs, RunId, SourceName } from '../model/ids.ts';
import { noCounts, type Run, type RunCounts } from '../model/run.ts';
import type { EventSink, RunPhase } from './events.ts';
import type { Clock, StoreReader } from './ports.ts';

export class RunRecord {
  #run: Run;
  readonly #emit: EventSink;
  readonly #clock: Clock;

  constructor(
    run: Pick<Run, 'id' | 'source' | 'trigger' | 'actor' | 'mode' | 'dryRun' | 'attempt'>,
    clock: Clock,
    emit: EventSink,
  ) {
    this.#clock = clock;
    this.#emit = emit;
    this.#run = { ...run, state: 'reading', startedAt: clock.now(), counts: noCounts, holds: [], applied: {} };
  }

  get run(): Run {
    return this.#run;
  }

  get id(): RunId {
    return this.#run.id;
  }

  get source(): SourceName {
    return this.#run.source;
  }

  set(facts: Partial<Omit<Run, 'counts'>>): Run {
    this.#run = { ...this.#run, ...facts };
    return this.#run;
  }

  count(counts: Partial<RunCounts>): void {
    this.#run = { ...this.#run, counts: { ...this.#run.counts, ...counts } };
  }

  started(): void {
    const { id: run, source, mode, dryRun, trigger, actor } = this.#run;
    this.#emit({ kind: 'run:started', run, source, mode, dryRun, trigger, actor });
  }

  phase(phase: RunPhase, total?: number): (done: number, total?: number) => void {
    const of = { run: this.id, source: this.source, phase };
    this.#emit({ kind: 'phase:started', ...of, ...(total === undefined ? {} : { total }) });
    return (done, later = total) =>
      this.#emit({ kind: 'phase:progressed', ...of, done, ...(later === undefined ? {} : { total: later }) });
  }

  /** Ends the run: sets the end and tells everybody. The caller stores it. */
  ended(state: Run['state'], facts: Partial<Omit<Run, 'counts' | 'state'>> = {}): Run {
    const endedAt: EpochMs = this.#clock.now();
    return this.set({ ...facts, state, endedAt });
  }

  announceEnd(): void {
    const { id: run, source, state, errorCode, because, counts, startedAt, endedAt, auditHead } = this.#run;
    this.#emit({
      kind: 'run:ended',
      run,
      source,
      state,
      counts,
      durationMs: (endedAt ?? startedAt) - startedAt,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(because === undefined ? {} : { because }),
      ...(auditHead === undefined ? {} : { auditHead }),
    });
  }

  emit: EventSink = (event) => this.#emit(event);
}

/** The head of the audit log as it is noted with a run, `seq:mac`: what `audit verify --head` takes. */
export async function auditHeadOf(read: StoreReader): Promise<string> {
  return formatHead(await read.auditHead());
}
