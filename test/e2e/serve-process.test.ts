// The daemon as a process of its system: where its log goes, signals, a stop in every phase, and what hangs.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, copyFileSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type Office, type OfficeOptions, openOffice } from '../integration/sync-fixture.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { startHookServer } from '../lab/hook-server.ts';
import { ended, startCli } from '../unit/cli-process.ts';

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const everySecond = '    schedule: { full: "* * * * * *" }\n';

const unfinished = ['reading', 'planning', 'applying', 'verifying'] as const;

const daemons: DaemonProcess[] = [];
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.end();
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openWith(serve: string, more: Pick<OfficeOptions, 'head'> = {}): Promise<Office> {
  const office = await openOffice({
    startAt: Date.now(),
    source: everySecond,
    head: `serve: { ${serve} }\n${more.head ?? ''}`,
  });
  cleanUps.push(() => office.close());
  await office.staff.hireMany(5, 'q');
  return office;
}

function start(configFile: string, environment: Readonly<Record<string, string>> = {}): DaemonProcess {
  const daemon = new DaemonProcess(configFile, environment);
  daemons.push(daemon);
  return daemon;
}

const doneRuns = async ({ store }: Office): Promise<number> =>
  (await store.read.runs({ states: ['done'], limit: 10 })).length;

async function listenSomewhere(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function freePort(): Promise<number> {
  const { server, port } = await listenSomewhere();
  server.close();
  await once(server, 'close');
  return port;
}

function makePipe(file: string): void {
  rmSync(file, { force: true });
  execFileSync('mkfifo', ['-m', '600', file]);
}

/** Waits until somebody reads the pipe, and keeps him waiting, like a mount that does not answer, until it is told what to say. */
async function hangReader(file: string): Promise<(text: Uint8Array) => void> {
  let end: number | undefined;
  await expect
    .poll(
      () => {
        try {
          // ENXIO while nobody has opened it for reading.
          end = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
        } catch {
          return false;
        }
        return true;
      },
      { timeout: 60_000 },
    )
    .toBe(true);
  const close = (): void => {
    if (end !== undefined) closeSync(end);
    end = undefined;
  };
  cleanUps.push(close);
  return (text) => {
    if (end !== undefined) writeSync(end, text);
    close();
  };
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

    await expect.poll(() => doneRuns(office), { timeout: 60_000 }).toBeGreaterThanOrEqual(2);

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

    await expect.poll(() => doneRuns(office), { timeout: 60_000 }).toBeGreaterThanOrEqual(2);

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

/** A daemon in a phase; `goOn` lets the phase end after the signal. */
interface Caught {
  readonly daemon: DaemonProcess;
  readonly goOn?: () => void;
}

interface Phase {
  readonly when: string;
  readonly head?: string;
  readonly catchIt: (office: Office) => Promise<Caught>;
  readonly code: number;
  /** Of the log or standard error. */
  readonly said: string;
}

async function catchAtAuditKey({ folder, configFile }: Office): Promise<Caught> {
  const file = join(folder, 'audit.key');
  const key = readFileSync(file);
  makePipe(file);
  const daemon = start(configFile);
  const say = await hangReader(file);
  return { daemon, goOn: () => say(key) };
}

/** A PostgreSQL that takes the connection and says nothing. */
async function catchAtDatabase({ folder, configFile }: Office): Promise<Caught> {
  const { server, port } = await listenSomewhere();
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  cleanUps.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await writeFile(join(folder, 'database'), `postgresql://rosterd@127.0.0.1:${port}/rosterd`, { mode: 0o600 });
  const text = readFileSync(configFile, 'utf8');
  await writeFile(configFile, text.replace('{ sqlite: rosterd.db }', '{ postgresql: { file: database } }'));
  const daemon = start(configFile);
  await once(server, 'connection');
  return { daemon };
}

const catchAt =
  (message: string) =>
  async ({ configFile }: Office): Promise<Caught> => {
    const daemon = start(configFile);
    await daemon.message(message);
    return { daemon };
  };

const phases: readonly Phase[] = [
  { when: 'it reads its audit key', catchIt: catchAtAuditKey, code: 0, said: 'stopped while it was starting' },
  { when: 'its database does not answer', catchIt: catchAtDatabase, code: 6, said: '[store-unreachable]' },
  { when: 'its probes begin to answer', catchIt: catchAt('health and metrics'), code: 0, said: 'daemon stopped' },
  { when: 'it has just started', catchIt: catchAt('daemon started'), code: 0, said: 'daemon stopped' },
  { when: 'it reads', catchIt: catchAt('run started'), code: 0, said: 'daemon stopped' },
];

describe('a daemon that is asked to stop', () => {
  it.each(phases)('while $when ends with $code, and the next one finds nothing in its way', async (phase) => {
    const office = await openWith('listen: "127.0.0.1:0", stopWithin: 30s');
    const before = readFileSync(office.configFile, 'utf8');
    const key = readFileSync(join(office.folder, 'audit.key'));
    const { daemon, goOn } = await phase.catchIt(office);

    daemon.kill('SIGTERM');
    goOn?.();

    expect(await daemon.ended).toEqual({ code: phase.code, signal: null });
    expect([daemon.stderr, ...daemon.lines.map(({ message }) => message)].join('\n')).toContain(phase.said);
    expect(daemon.lines.filter(({ level }) => level === 'error')).toEqual([]);
    await writeFile(office.configFile, before);
    rmSync(join(office.folder, 'audit.key'));
    await writeFile(join(office.folder, 'audit.key'), key, { mode: 0o600 });
    const left = await office.store.read.runs({ states: unfinished, limit: 10 });
    await start(office.configFile).run('done');
    const open = await office.store.read.runs({ states: unfinished, limit: 10 });
    expect(open.filter(({ id }) => left.some((run) => run.id === id))).toEqual([]);
  });

  it('while its audit key does not come ends with 6 after the time that a stop may take', async () => {
    const office = await openWith('listen: off, stopWithin: 1s');
    const key = join(office.folder, 'audit.key');
    makePipe(key);
    const daemon = start(office.configFile);
    await hangReader(key);

    daemon.kill('SIGTERM');

    expect(await daemon.ended).toEqual({ code: 6, signal: null });
  });

  it('while a webhook does not answer ends with 0', async () => {
    const hooks = await startHookServer(Buffer.from('shared secret'));
    cleanUps.push(() => hooks.stop());
    hooks.answers.push('hang');
    const target = `{ name: on-call, type: webhook, url: "${hooks.url}", secret: { file: hook-secret } }`;
    const office = await openWith('listen: off, stopWithin: 30s', { head: `notify: [${target}]\n` });
    await writeFile(join(office.folder, 'hook-secret'), 'shared secret', { mode: 0o600 });
    const logins = await office.staff.hireMany(25, 'r');
    const daemon = start(office.configFile);
    await daemon.run('done');
    await office.staff.disable(...logins);
    await expect.poll(() => hooks.hooks.length, { timeout: 60_000 }).toBe(1);

    daemon.kill('SIGTERM');

    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(daemon.lines.at(-1)).toMatchObject({ message: 'daemon stopped' });
  });
});
