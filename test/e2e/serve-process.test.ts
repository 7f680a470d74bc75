// The daemon as a process of its system: where its log goes, mounts that hang, signals, faults, a port that is taken.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, copyFileSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { Office } from '../integration/sync-fixture.ts';
import { ended, startCli } from '../unit/cli-process.ts';
import { cleanUp, cleanUps, hangReader, listenSomewhere, makePipe, openWith, start } from './serve-fixture.ts';

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

afterEach(cleanUp);

const doneRuns = async ({ store }: Office): Promise<number> =>
  (await store.read.runs({ states: ['done'], limit: 10 })).length;

const untilTwoAreDone = (office: Office): Promise<void> =>
  expect.poll(() => doneRuns(office), { timeout: 60_000 }).toBeGreaterThanOrEqual(2);

async function freePort(): Promise<number> {
  const { server, port } = await listenSomewhere();
  server.close();
  await once(server, 'close');
  return port;
}

/** A daemon whose log goes where a DaemonProcess does not look. */
function startWithLogIn(output: number, configFile: string) {
  const child = spawn(process.execPath, [program, 'serve', '--config', configFile], {
    stdio: ['ignore', output, 'pipe'],
  });
  const exit = once(child, 'exit');
  cleanUps.push(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  let stderr = '';
  child.stderr?.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  return { child, exit, stderr: () => stderr };
}

describe('a daemon whose log', () => {
  it('has no room does everything else, says so once, and ends with 0 when asked to', async () => {
    const port = await freePort();
    const office = await openWith(`listen: "127.0.0.1:${port}", stopWithin: 20s`);
    const full = openSync('/dev/full', 'w');
    cleanUps.push(() => closeSync(full));
    const { child, exit, stderr } = startWithLogIn(full, office.configFile);

    await Promise.race([untilTwoAreDone(office), exit.then(() => expect.fail(`it ended: ${stderr()}`))]);

    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    expect(stderr()).toMatch(/^rosterd: the log on standard output is lost: ENOSPC[^\n]*\n$/u);
  });

  it('nobody takes does everything else, and ends with 0 when asked to', async () => {
    const office = await openWith('listen: off, stopWithin: 20s');
    const file = join(office.folder, 'log');
    makePipe(file);
    const pipe = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
    cleanUps.push(() => closeSync(pipe));
    // Not one line more goes in.
    expect(() => {
      for (;;) writeSync(pipe, Buffer.alloc(4_096));
    }).toThrow('EAGAIN');
    const { child, exit, stderr } = startWithLogIn(pipe, office.configFile);

    await Promise.race([untilTwoAreDone(office), exit.then(() => expect.fail(`it ended: ${stderr()}`))]);

    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    expect(stderr()).toBe('');
  });
});

describe('a daemon with a secret on a mount that does not answer', () => {
  it('says so, and ends with 0 when asked to, though its read never ends', async () => {
    const office = await openWith('listen: off, stopWithin: 1m');
    const password = join(office.folder, 'password');
    makePipe(password);
    const daemon = start(office.configFile);
    await hangReader(password);

    const line = await daemon.line(({ errorCode }) => errorCode === 'secret-missing');

    expect(line.level).toBe('error');
    expect(line['because']).toContain(`the file ${password} could not be read within 10 s`);
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
  });

  it('ends hard when the stop takes longer than it may', async () => {
    const office = await openWith('listen: off, stopWithin: 1s');
    makePipe(join(office.folder, 'password'));
    const daemon = start(office.configFile);
    await hangReader(join(office.folder, 'password'));

    daemon.kill('SIGTERM');

    expect(await daemon.ended).toEqual({ code: 6, signal: null });
    expect(daemon.lines.at(-1)).toMatchObject({
      message: 'the daemon did not stop in time and is ended; the next start goes on where it was',
      stopWithinMs: 1_000,
    });
    expect([daemon.noise, daemon.stderr]).toEqual([[], '']);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once by a second signal, a %s', async (second, code) => {
    const office = await openWith('listen: off, stopWithin: 1h');
    makePipe(join(office.folder, 'password'));
    const daemon = start(office.configFile);
    await hangReader(join(office.folder, 'password'));
    daemon.kill('SIGTERM');
    await daemon.message('daemon stopping');

    daemon.kill(second);

    expect(await daemon.ended).toEqual({ code, signal: null });
  });

  it('is no worse than a command: that says so and ends', async () => {
    const office = await openWith('listen: off');
    makePipe(join(office.folder, 'password'));
    const child = startCli(['sync', 'hq', '--config', office.configFile], 'real');
    child.stdin.end();
    const end = ended(child);
    await hangReader(join(office.folder, 'password'));

    const { code, stdout, stderr } = await end;
    expect(code).toBe(4);
    expect(stdout + stderr).toContain('could not be read within 10 s');
  });
});

describe('a daemon that is sent a signal', () => {
  it('goes on, and says what SIGHUP does not do', async () => {
    const office = await openWith('listen: off');
    const daemon = start(office.configFile);
    await daemon.run('done');

    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const) daemon.kill(signal);

    expect(await daemon.line(({ message }) => message.startsWith('SIGHUP: '))).toMatchObject({ level: 'warn' });
    await daemon.run('done', daemon.lines.length);
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    // Where a debugger would say that it listens.
    expect([daemon.noise, daemon.stderr]).toEqual([[], '']);
  });
});

describe('a daemon with a fault', () => {
  it.each([
    ['thrown', '() => { throw new Error("a fault") }'],
    ['rejected', 'async () => { throw new Error("a fault") }'],
  ])('that is %s and that nobody catches logs its stack and ends with 70', async (_how, listener) => {
    const office = await openWith('listen: off');
    const fault = `data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', ${listener})`)}`;
    const daemon = start(office.configFile, { NODE_OPTIONS: `--import=${fault}` });
    await daemon.run('done');

    daemon.kill('SIGUSR2');

    expect(await daemon.ended).toEqual({ code: 70, signal: null });
    const told = daemon.lines.filter(({ errorCode }) => errorCode === 'bug');
    expect(told).toMatchObject([{ level: 'error', message: 'the daemon ends because of a fault of rosterd' }]);
    expect(told[0]?.['because']).toMatch(/^Error: a fault\n {4}at /u);
    expect([daemon.noise, daemon.stderr]).toEqual([[], '']);
  });
});

describe('a daemon that cannot listen', () => {
  it('ends with 4 and leaves its database as it should be left', async () => {
    const { server, port } = await listenSomewhere();
    cleanUps.push(() => server.close());
    const office = await openWith(`listen: "127.0.0.1:${port}"`);
    // One that nobody else has open: who closes it last takes the write-ahead log away.
    const own = join(office.folder, 'own.db');
    for (const part of ['', '-wal']) copyFileSync(`${join(office.folder, 'rosterd.db')}${part}`, `${own}${part}`);
    const text = readFileSync(office.configFile, 'utf8');
    await writeFile(office.configFile, text.replace('sqlite: rosterd.db', 'sqlite: own.db'));
    const daemon = start(office.configFile);

    expect(await daemon.ended).toEqual({ code: 4, signal: null });

    expect(daemon.stderr).toContain('[listen-failed]');
    expect([existsSync(own), existsSync(`${own}-wal`)]).toEqual([true, false]);
  });
});
