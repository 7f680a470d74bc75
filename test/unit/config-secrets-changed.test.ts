// When a refused password is worth another try: as soon as a file that it comes from was changed.

import { copyFile, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretsChangedAt } from '../../src/config/secrets-changed.ts';

let folder: string;
const file = (name: string): string => join(folder, name);
const old = new Date('2026-01-01T00:00:00Z');
const secret = (ref: { file: string } | { env: string }) => ({ path: ['bind'], ref });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-secrets-'));
  await writeFile(file('rosterd.yaml'), 'version: 1');
  await writeFile(file('password'), 'one');
});
afterEach(() => rm(folder, { recursive: true }));

const changed = (...refs: readonly ({ file: string } | { env: string })[]) =>
  secretsChangedAt({ path: file('rosterd.yaml') }, { secrets: refs.map(secret) });

describe('secretsChangedAt', () => {
  it('follows a file that was written, and one that was put in its place with an old time', async () => {
    const first = (await changed({ file: file('password') })) ?? 0;
    expect(Math.abs(first - Date.now())).toBeLessThan(60_000);
    while (Date.now() <= first + 20) await new Promise(setImmediate);
    await copyFile(file('password'), file('next'));
    await utimes(file('next'), old, old);
    await rename(file('next'), file('password'));
    expect(await changed({ file: file('password') })).toBeGreaterThan(first);
  });

  it('follows the configuration, which names the user', async () => {
    const first = (await changed({ env: 'PASSWORD' })) ?? 0;
    while (Date.now() <= first + 20) await new Promise(setImmediate);
    await writeFile(file('rosterd.yaml'), 'version: 1 # another user');
    expect(await changed({ env: 'PASSWORD' })).toBeGreaterThan(first);
  });

  it('knows nothing of what is not there', async () => {
    await rm(file('rosterd.yaml'));
    expect(await changed({ env: 'PASSWORD' }, { file: file('nowhere') })).toBeUndefined();
  });
});
