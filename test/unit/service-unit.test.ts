// config/rosterd.service as systemd reads it, and what it promises about the daemon.
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../describe-with.ts';
import { fileWith, load } from './config-fixture.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const installedAt = '/opt/rosterd';
const text = readFileSync(join(root, 'config/rosterd.service'), 'utf8');

/** The settings of a unit, each with all its values in order. */
const assignments = new Map<string, readonly string[]>();
for (const line of text.split('\n')) {
  const [, key, value] = /^([A-Za-z]+)=(.*)$/u.exec(line) ?? [];
  if (key !== undefined && value !== undefined) assignments.set(key, [...(assignments.get(key) ?? []), value]);
}
const setting = (key: string): string | undefined => assignments.get(key)?.at(-1);

describe('config/rosterd.service', () => {
  it('starts a program of this repository, with a command that it has', () => {
    const [program = '', ...words] = (setting('ExecStart') ?? '').split(' ');
    expect(program.startsWith(`${installedAt}/`)).toBe(true);
    accessSync(program.replace(installedAt, root), constants.X_OK);
    expect(words).toEqual(['serve', '--config', '/etc/rosterd/rosterd.yaml']);
  });

  it('starts it so that no signal opens a debugger', async () => {
    const tellHow = 'data:text/javascript,console.log(process.execArgv.join())';
    const [program = ''] = (setting('ExecStart') ?? '').split(' ');
    const { stdout } = await run(program.replace(installedAt, root), ['--version'], {
      env: { ...process.env, NODE_OPTIONS: `--import=${tellHow}` },
    });
    expect(stdout.split('\n')[0]).toBe('--disable-sigusr1');
  });

  it('waits for a stop longer than the daemon takes for it by default', () => {
    expect(Number(setting('TimeoutStopSec')) * 1_000).toBeGreaterThan(load(fileWith('')).serve.stopWithinMs);
  });

  it('starts again however it ended and however often, with a pause', () => {
    expect(setting('Restart')).toBe('always');
    expect([setting('RestartPreventExitStatus'), setting('SuccessExitStatus')]).toEqual([undefined, undefined]);
    expect(setting('StartLimitIntervalSec')).toBe('0');
    expect(Number(setting('RestartSec'))).toBeGreaterThanOrEqual(10);
  });

  it('lets the daemon read what a lease is named by, and compile code', () => {
    expect(setting('ProcSubset')).toBeUndefined();
    expect(setting('MemoryDenyWriteExecute')).toBe('no');
  });
});

describeWith('systemd', 'systemd reads config/rosterd.service', () => {
  let folder: string;
  let unit: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rosterd-unit-'));
    unit = join(folder, 'rosterd.service');
    // systemd looks whether the program is there; the one of this repository stands in for the installed one.
    await writeFile(unit, text.replaceAll(`${installedAt}/`, `${root}/`));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const analyze = (...words: readonly string[]) =>
    run('systemd-analyze', [...words, unit], { env: { ...process.env, SYSTEMD_PAGER: 'cat', LC_ALL: 'C' } });

  it('without a complaint', async () => {
    // Unknown keys and values are no error for it, only a line.
    expect(await analyze('verify')).toEqual({ stdout: '', stderr: '' });
  });

  it('and complains of a key that there is not', async () => {
    const wrong = join(folder, 'wrong.service');
    await writeFile(wrong, text.replaceAll(`${installedAt}/`, `${root}/`).replace('UMask=', 'Umask='));
    expect((await run('systemd-analyze', ['verify', wrong])).stderr).toContain('Umask');
  });

  it('and finds an exposure below 2.0 of 10', async () => {
    const { stdout } = await analyze('security', '--offline=true', '--no-pager');
    const exposure = Number(/Overall exposure level for rosterd\.service: ([\d.]+)/u.exec(stdout)?.[1]);
    expect(exposure).toBeLessThan(2);
  });
});
