// What one piece of work costs its process: wall clock, CPU of all threads, peak memory, bytes written, longest stop of the event loop.

import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Cost {
  readonly wallMs: number;
  /** User and system, all threads. */
  readonly cpuMs: number;
  /** Longest time in which the event loop could serve nobody. */
  readonly longestStopMs: number;
}

export interface Figures extends Cost {
  /** Of the whole process since its start. */
  readonly peakRssMb: number;
  /** What the process wrote to files and sockets; absent where the system does not tell. */
  readonly writtenMb: number | undefined;
}

const samplingMs = 5;

/** Cuts a process's time into stretches. */
export class Stopwatch {
  readonly #loop = monitorEventLoopDelay({ resolution: samplingMs });
  readonly #writtenAtStart = writtenBytes();
  #startedAt = performance.now();
  #cpu = process.cpuUsage();

  constructor() {
    this.#loop.enable();
  }

  /** The cost since the last lap, or since the start. */
  lap(): Cost {
    const now = performance.now();
    const cpu = process.cpuUsage(this.#cpu);
    const cost = {
      wallMs: now - this.#startedAt,
      cpuMs: (cpu.user + cpu.system) / 1_000,
      // The histogram holds the distance between two ticks, the interval itself included.
      longestStopMs: this.#loop.count === 0 ? 0 : Math.max(0, this.#loop.max / 1e6 - samplingMs),
    };
    this.#loop.reset();
    this.#startedAt = now;
    this.#cpu = process.cpuUsage();
    return cost;
  }

  figures(laps: readonly Cost[]): Figures {
    this.#loop.disable();
    const written = writtenBytes();
    return {
      wallMs: laps.reduce((sum, lap) => sum + lap.wallMs, 0),
      cpuMs: laps.reduce((sum, lap) => sum + lap.cpuMs, 0),
      longestStopMs: Math.max(0, ...laps.map((lap) => lap.longestStopMs)),
      peakRssMb: process.resourceUsage().maxRSS / 1_024,
      writtenMb: written === undefined ? undefined : (written - (this.#writtenAtStart ?? 0)) / 1_048_576,
    };
  }
}

/** Linux only. */
function writtenBytes(): number | undefined {
  try {
    return Number(/^wchar: (\d+)/mu.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
