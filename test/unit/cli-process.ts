// The command line as a process of its own, on a fake installation (cli-fake.ts) or on the real main.ts.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export const programs = { fake: pathOf('./cli-fake.ts'), real: pathOf('../../src/main.ts') } as const;

export function startCli(
  args: readonly string[],
  program: keyof typeof programs = 'fake',
): ChildProcessWithoutNullStreams {
  const { NO_COLOR: _n, FORCE_COLOR: _f, ROSTERD_CONFIG: _c, ...environment } = process.env;
  return spawn(process.execPath, [programs[program], ...args], { env: { ...environment, TZ: 'Asia/Tokyo' } });
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

export function runCli(args: readonly string[], program: keyof typeof programs = 'fake'): Promise<Ended> {
  const child = startCli(args, program);
  child.stdin.end();
  return ended(child);
}

/** Waits until the stream has said this. */
export async function said(stream: Readable, text: string): Promise<void> {
  let heard = '';
  await new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      heard += chunk.toString();
      if (!heard.includes(text)) return;
      stream.off('data', onData);
      resolve();
    };
    stream.on('data', onData);
    stream.once('end', () => reject(new Error(`ended without saying ${text}: ${heard}`)));
  });
}
