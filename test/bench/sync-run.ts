// A real run through the composition root, cut into the phases that its events announce.

import type { App } from '../../src/cli/app.ts';
import { createRosterd } from '../../src/compose.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { type Cost, Stopwatch } from './measure.ts';
import type { Answer } from './protocol.ts';

export async function syncRun(config: string, intent: 'apply' | 'plan'): Promise<Answer> {
  const openingAt = performance.now();
  const app = await createRosterd('bench').open({ config });
  const openMs = performance.now() - openingAt;
  try {
    return { ...(await measured(app, intent)), openMs };
  } finally {
    await app.close();
  }
}

async function measured(app: App, intent: 'apply' | 'plan'): Promise<Answer> {
  const [source] = app.sources;
  if (source === undefined) throw new Error('the configuration has no source');
  const watch = new Stopwatch();
  const laps = new Laps(watch);
  const request = { mode: 'full', intent } as const;
  const { run } = await app.sync(source.name, request, AbortSignal.timeout(1_200_000), laps.onEvent);
  laps.close();
  return {
    figures: watch.figures(laps.all),
    read: { users: run.counts.accountsRead, groups: run.counts.groupsRead },
    phases: laps.byPhase(),
    afterRead: laps.after('read:ended'),
    openMs: undefined,
    run: { state: run.state, because: run.because, counts: run.counts },
  };
}

interface Lap {
  readonly name: string;
  readonly cost: Cost;
}

class Laps {
  readonly #watch: Stopwatch;
  readonly #laps: Lap[] = [];
  #name = 'starting';

  constructor(watch: Stopwatch) {
    this.#watch = watch;
  }

  readonly onEvent = (event: SyncEvent): void => {
    if (event.kind === 'phase:started') this.#begin(event.phase);
    // What the read found out is noted after it, before anything is planned.
    if (event.kind === 'read:ended') this.#begin('read:ended');
  };

  #begin(name: string): void {
    this.close();
    this.#name = name;
  }

  close(): void {
    this.#laps.push({ name: this.#name, cost: this.#watch.lap() });
  }

  get all(): readonly Cost[] {
    return this.#laps.map((lap) => lap.cost);
  }

  byPhase(): Record<string, Cost> {
    const phases: Record<string, Cost> = {};
    for (const [name, laps] of Map.groupBy(this.#laps, (lap) => lap.name)) phases[name] = sum(laps ?? []);
    return phases;
  }

  after(name: string): Cost | undefined {
    const start = this.#laps.findIndex((lap) => lap.name === name);
    return start < 0 ? undefined : sum(this.#laps.slice(start));
  }
}

const sum = (laps: readonly Lap[]): Cost => ({
  wallMs: laps.reduce((total, lap) => total + lap.cost.wallMs, 0),
  cpuMs: laps.reduce((total, lap) => total + lap.cost.cpuMs, 0),
  longestStopMs: Math.max(0, ...laps.map((lap) => lap.cost.longestStopMs)),
});
