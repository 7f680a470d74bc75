// Compiled code is kept in a folder of the user's own, or not at all; the command works either way.

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const main = join(import.meta.dirname, '../../src/main.ts');
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rosterd-compile-cache-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function printVersion(cacheHome: string): Promise<string> {
  const env = { ...process.env, XDG_CACHE_HOME: cacheHome, HOME: home };
  return (await promisify(execFile)(process.execPath, [main, '--version'], { env })).stdout.trim();
}

it('makes a folder that only its owner may enter, and fills it', async () => {
  await expect(printVersion(home)).resolves.toMatch(/^\d+\./u);
  expect((await stat(join(home, 'rosterd'))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(home, 'rosterd'))).not.toEqual([]);
});

it('takes the home folder when the cache folder is not an absolute path', async () => {
  await printVersion('here');
  expect(await readdir(join(home, '.cache/rosterd'))).not.toEqual([]);
});

it('leaves a folder alone that others may write to', async () => {
  await mkdir(join(home, 'rosterd'));
  await chmod(join(home, 'rosterd'), 0o777);
  await expect(printVersion(home)).resolves.toMatch(/^\d+\./u);
  expect(await readdir(join(home, 'rosterd'))).toEqual([]);
});

it('does without when the folder cannot be made', async () => {
  await writeFile(join(home, 'file'), '');
  await expect(printVersion(join(home, 'file'))).resolves.toMatch(/^\d+\./u);
});
