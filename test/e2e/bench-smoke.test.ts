// The bench runs, and a run without changes writes its own rows only. Times are not judged here: that is what the bench is for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SizeResult } from '../bench/scenario.ts';
import { describeWith } from '../describe-with.ts';

const script = fileURLToPath(new URL('../bench/run.ts', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeWith('slapd', 'bench', () => {
  it('measures every step, and sees that nothing changed writes nothing', { timeout: 240_000 }, async () => {
    const file = join(folder, 'figures.json');
    const child = spawn(process.execPath, [script, '--users', '2000', '--rounds', '1', '--json', file], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code, complaint).toBe(0);
    const { sizes } = JSON.parse(readFileSync(file, 'utf8')) as { readonly sizes: readonly SizeResult[] };
    const [size] = sizes;
    expect(Object.keys(size?.idleWrites ?? {}).sort()).toEqual(['counters', 'leases', 'runs']);
    const applied = (step: keyof SizeResult['steps']) => size?.steps[step]?.[0]?.run?.counts.applied;
    // 2,000 users and the teams of 100 groups.
    expect(applied('first import')).toBe(2_100);
    expect(applied('nothing changed')).toBe(0);
    expect(applied('100 changed')).toBe(100);
    expect(applied('all decided again, same result')).toBe(0);
    expect(applied('10,000 changed')).toBe(2_000);
    expect(readdirSync(folder)).toEqual(['figures.json']);
  });
});
