// The demo is what a newcomer sees first: it must tell its whole story, by itself, and leave nothing behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../lab/demo.ts', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that the demo makes goes into our own folder, so that what is left can be seen. */
function start(args: readonly string[]): { readonly child: ChildProcess; readonly output: () => string } {
  const env = { ...process.env, TMPDIR: folder, NO_COLOR: '1' };
  const child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { child, output: () => Buffer.concat(chunks).toString() };
}

async function play(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const { child, output } = start(args);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output() };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('demo', () => {
  it('tells its story, checks every step, and leaves no process and no folder', { timeout: 240_000 }, async () => {
    const { code, output } = await play([]);
    expect(code, output).toBe(0);
    for (const line of [
      '$ bin/rosterd plan ad-hq',
      '(exit code 2)',
      'Guard: safe. Nothing would be held.',
      '250 new users',
      'Nothing to change.',
      '+ nhorak',
      '1 rename, 3 fields',
      '- abecker097  authority-gone',
      'extension of pivanov118 is 4711.',
      'sync-off-but-disabled: ',
      'HELD: 199 of 240 users would lose access',
      '(exit code 3)',
      'The log is whole: ',
      'Every step ended as it should',
    ])
      expect(output).toContain(line);
    // No colours without a terminal, and no stack of an error anywhere.
    expect(output).not.toMatch(/\u001b\[|^\s+at .*:\d+:\d+/mu);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('removes what it made when it is stopped in the middle', { timeout: 120_000 }, async () => {
    const { child, output } = start([]);
    while (!output().includes('$ bin/rosterd')) await sleep(50);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).not.toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('with --keep leaves a directory that serves until its folder is removed', { timeout: 240_000 }, async () => {
    const { code, output } = await play(['--keep']);
    expect(code, output).toBe(0);
    const kept = /^ {2}rm -r (?<path>.+)$/mu.exec(output)?.groups?.['path'] ?? '';
    const pid = Number(readFileSync(join(kept, 'directory.pid'), 'utf8'));
    expect(isAlive(pid)).toBe(true);
    const rosterd = fileURLToPath(new URL('../../bin/rosterd', import.meta.url));
    const env = { ...process.env, ROSTERD_CONFIG: join(kept, 'rosterd.yaml') };
    const [exit] = (await once(spawn(rosterd, ['sync', 'ad-hq'], { env, stdio: 'ignore' }), 'exit')) as [number | null];
    expect(exit).toBe(0);
    rmSync(kept, { recursive: true });
    for (let waited = 0; isAlive(pid) && waited < 100; waited += 1) await sleep(100);
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(kept)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });
});
