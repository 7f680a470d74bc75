// The UCCE part of the bench: a simulated UCCE in a process of its own, and what it costs to read it, few agents against many.

import { ciscoStaff } from '../lab/cisco-staff.ts';
import { startSimulatorProcess } from '../lab/http-simulator-process.ts';
import { inChild } from './in-child.ts';
import { median, type Promised } from './promises.ts';
import type { Answer } from './protocol.ts';

export interface UcceSize {
  readonly agents: number;
  readonly decoding: readonly Answer[];
  readonly reading: readonly Answer[];
}

export interface UcceOptions {
  readonly rounds: number;
  readonly profileFolder: string | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function runUcce(agents: number, { rounds, profileFolder, say, signal }: UcceOptions): Promise<UcceSize> {
  say(`${agents} UCCE agents: planting`);
  const data = ciscoStaff({ ucceAgents: agents }).ucce;
  const simulator = await startSimulatorProcess({ kind: 'ucce', options: { data } });
  try {
    const { url, caFile, login } = simulator;
    const server = { url, caFile, ...login, agents };
    const decoding: Answer[] = [];
    const reading: Answer[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      say(`${agents} UCCE agents: round ${round}`);
      decoding.push(await inChild({ do: 'ucce-decode', server }, profileFolder, signal));
      reading.push(await inChild({ do: 'ucce-read', server }, profileFolder, signal));
    }
    for (const { read } of [...decoding, ...reading]) {
      if (read.users !== agents) throw new Error(`${read.users} of ${agents} UCCE agents came`);
    }
    return { agents, decoding, reading };
  } finally {
    await simulator.stop();
  }
}

const cpuOf = (answers: readonly Answer[]): number => median(answers, ({ figures }) => figures.cpuMs) ?? 0;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

/** Flat is taken as: a quarter more alive at the end of the read than after a tenth of it. */
export function judgeUcce({ agents, decoding, reading }: UcceSize): Promised[] {
  const cpu = cpuOf(decoding);
  const early = median(reading, ({ aliveMb }) => aliveMb?.early) ?? 0;
  const late = median(reading, ({ aliveMb }) => aliveMb?.late) ?? 0;
  const peak = median(reading, ({ figures }) => figures.peakRssMb) ?? 0;
  return [
    {
      promise: `UCCE: CPU for decoding ${agents} agents`,
      limit: 'at most 2.00 s',
      measured: `${seconds(cpu)} (whole read ${seconds(cpuOf(reading))})`,
      isMet: cpu <= 2_000,
    },
    {
      promise: `UCCE: memory flat while ${agents} agents are read`,
      limit: 'at most 1.25 x',
      measured: `${(late / early).toFixed(2)} x (${early.toFixed(0)} to ${late.toFixed(0)} MB, peak of the process ${peak.toFixed(0)} MB)`,
      isMet: late <= 1.25 * early,
    },
  ];
}
