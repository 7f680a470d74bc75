// The UCCX part of the bench: a simulated UCCX in a process of its own, full with 400 agents, and what a full read of it asks and costs.

import { uccx } from '../../connectors/uccx/index.ts';
import { ciscoStaff } from '../lab/cisco-staff.ts';
import { startSimulatorProcess } from '../lab/http-simulator-process.ts';
import { type Cost, Stopwatch } from './measure.ts';
import type { Promised } from './promises.ts';

export interface UccxReads {
  readonly agents: number;
  readonly reads: readonly (Cost & { readonly requests: number })[];
}

export interface UccxOptions {
  readonly rounds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function runUccx({ rounds, say, signal }: UccxOptions): Promise<UccxReads> {
  const data = ciscoStaff({ ucceAgents: 40 }).uccx;
  const simulator = await startSimulatorProcess({ kind: 'uccx', options: { data } });
  try {
    const { url, caFile, login } = simulator;
    const settings = uccx.settingsSchema.parse({ connection: { servers: [url], tls: { caFile }, login } });
    const reads: UccxReads['reads'][number][] = [];
    for (let round = 1; round <= rounds; round += 1) {
      say(`${data.resources.length} UCCX agents: round ${round}`);
      const before = (await simulator.requests()).length;
      const cost = await readAll(settings, data.resources.length, signal);
      reads.push({ ...cost, requests: (await simulator.requests()).length - before });
    }
    return { agents: data.resources.length, reads };
  } finally {
    await simulator.stop();
  }
}

async function readAll(
  settings: Parameters<typeof uccx.create>[0],
  agents: number,
  signal: AbortSignal,
): Promise<Cost> {
  const watch = new Stopwatch();
  let accounts = 0;
  for await (const event of uccx.create(settings, { account: ['userid'] }).read({ mode: 'full' }, signal)) {
    if (event.kind === 'page') accounts += event.page.accounts.length;
    else if (event.kind === 'outcome' && event.outcome.kind !== 'complete')
      throw new Error(`the read is ${event.outcome.kind}: ${event.outcome.because}`);
  }
  const cost = watch.lap();
  watch.figures([cost]);
  if (accounts !== agents) throw new Error(`${accounts} of ${agents} UCCX agents came`);
  return cost;
}

export function judgeUccx({ agents, reads }: UccxReads): Promised[] {
  const most = Math.max(...reads.map(({ requests }) => requests));
  const cpu = reads.map(({ cpuMs }) => cpuMs).sort((left, right) => left - right)[Math.floor(reads.length / 2)] ?? 0;
  return [
    {
      promise: `UCCX: requests of a full read of ${agents} agents`,
      limit: 'exactly 2',
      measured: `${most} (${cpu.toFixed(0)} ms of CPU)`,
      isMet: most === 2,
    },
  ];
}
