// The demo is what a newcomer sees first: it must tell its whole story, by itself, and leave nothing behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../lab/demo.ts', import.meta.url));
const systems = new URL('../lab/demo-story-systems.ts', import.meta.url).href;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that the demo makes goes into our own folder, so that what is left can be seen. */
function start(): { readonly child: ChildProcess; readonly output: () => string } {
  const env = { ...process.env, TMPDIR: folder, NO_COLOR: '1' };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { child, output: () => Buffer.concat(chunks).toString() };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

describe('demo', () => {
  it('tells its story, checks every step, and leaves no process and no folder', { timeout: 480_000 }, async () => {
    const demo = start();
    const [code] = (await once(demo.child, 'close')) as [number | null];
    const output = demo.output();
    expect(code, output).toBe(0);
    for (const line of [
      '$ bin/rosterd sync uccx-main',
      'WAITING: uccx-main was read and nothing of it was planned',
      '$ bin/rosterd plan ad-hq',
      '(exit code 2)',
      'Guard: safe. Nothing would be held.',
      'New users (199)',
      'Links (150)',
      'matched by principalName',
      'APPROVED: the first run of this source would link to or overwrite 150 existing users',
      'Nothing to change.',
      '3. One person, three systems',
      'extension: "100030" from uccx-main',
      'agentId: "800030" from ucce-main',
      'names: Carla Reyes, Anna Ivanov',
      '~ creyes  (none) -> Complaints',
      '# To do in uccx-main, ',
      '+ nhorak',
      '1 rename, 3 fields',
      '- pivanov118  authority-gone',
      'extension of rtanaka033 is 4711.',
      'sync-off-but-disabled: ',
      '- mdelacruz035  Chat & E-mail (uccx-main, account gone)',
      'HELD: team Night Shift would lose 16 of 16 members',
      'Night Shift -> Default: 5 users',
      'ucce-main: the read is partial: ',
      'answered with status 401',
      'answered with status 200, an HTML page instead of data',
      '(exit code 5)',
      'HELD: 160 of 191 users would lose access',
      '(exit code 3)',
      'The log is whole: ',
      '$ bin/rosterd serve &',
      'info  daemon stopped',
      'Every step ended as it should',
    ])
      expect(output).toContain(line);
    // No colours without a terminal, and no stack of an error anywhere.
    expect(stripVTControlCharacters(output)).toBe(output);
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+/mu);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('removes what it made when it is stopped in the middle', { timeout: 120_000 }, async () => {
    const { child, output } = start();
    while (!output().includes('$ bin/rosterd')) await sleep(50);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).not.toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('can leave its systems running until the folder is removed', { timeout: 120_000 }, async () => {
    const kept = mkdtempSync(join(folder, 'kept-'));
    // What --keep does at the end of the story, in a process that ends after it.
    const keep = `
      const { leaveSystems, startSystems } = await import(${JSON.stringify(systems)});
      const systems = await startSystems();
      const pids = await leaveSystems(systems, ${JSON.stringify(kept)});
      const ports = [systems.directory.facts.url, systems.uccx.url, systems.ucce.url].map((url) => Number(url.split(':').at(-1)));
      console.log(JSON.stringify({ pids, ports }));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', keep], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
    const { pids, ports } = JSON.parse(said) as { readonly pids: readonly number[]; readonly ports: readonly number[] };
    expect(ports).toHaveLength(3);
    // Longer than any of them takes to look whether the folder is there.
    await sleep(1_500);
    expect(await Promise.all(ports.map(connects))).toEqual([true, true, true]);
    rmSync(kept, { recursive: true });
    for (let waited = 0; pids.some(isAlive) && waited < 300; waited += 1) await sleep(100);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
