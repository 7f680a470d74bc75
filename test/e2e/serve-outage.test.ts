// What the daemon does while something that it needs is missing: it lives, says so, loses nothing, and goes on by itself.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWith } from '../describe-with.ts';
import { type Office, type OfficeOptions, openOffice } from '../integration/sync-fixture.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { startHookServer } from '../lab/hook-server.ts';
import { spawnNotifyListener } from '../lab/notify-listener.ts';
import { startOutageServer } from '../store/outage-server.ts';

let office: Office | undefined;
const daemons: DaemonProcess[] = [];
const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.end();
  await office?.close();
  office = undefined;
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function open(people: number, more: OfficeOptions = {}): Promise<Office> {
  office = await openOffice({
    startAt: Date.now(),
    source: '    schedule: { full: "*/2 * * * * *" }\n',
    ...more,
    head: `serve: { listen: "127.0.0.1:0" }\n${more.head ?? ''}`,
  });
  await office.staff.hireMany(people, 'q');
  return office;
}

function serve(configFile: string, environment: Readonly<Record<string, string>> = {}): DaemonProcess {
  const daemon = new DaemonProcess(configFile, environment);
  daemons.push(daemon);
  return daemon;
}

const applied =
  (count: number) =>
  (line: { readonly message: string; readonly [field: string]: unknown }): boolean =>
    line.message === 'run ended: done' && line['applied'] === count;

describeWith('postgresql', 'a daemon whose database goes away', () => {
  it('lives on, is not ready, and goes on by itself when it is back', async () => {
    const server = await startOutageServer();
    cleanUps.push(() => server.remove());
    const here = await open(8, { location: server.location });
    await writeFile(join(here.folder, 'database'), server.location.url, { mode: 0o600 });
    const daemon = serve(here.configFile);
    await daemon.line(applied(8));

    await server.stop();
    const from = daemon.lines.length;
    expect(await daemon.message('a scheduled run could not start', from)).toMatchObject({
      level: 'error',
      errorCode: 'store-unreachable',
    });
    expect(await daemon.message('the daemon is in trouble', from)).toMatchObject({ what: 'store' });
    expect(await daemon.ask('/livez')).toMatchObject({ status: 200 });
    expect(await daemon.ask('/readyz')).toMatchObject({ status: 503 });
    expect((await daemon.ask('/metrics')).body).toContain('rosterd_store_up 0');
    await here.staff.set('q000', 'title', 'Team lead');
    await here.staff.fire('q001');
    await server.start();

    // One changed, one left.
    await daemon.line(applied(2), from);
    await daemon.message('the daemon is out of trouble', from);
    expect(await daemon.ask('/readyz')).toMatchObject({ status: 200 });
    const users = await here.users();
    expect(users['q000']?.values['title']).toBe('Team lead');
    expect(Object.keys(users).filter((name) => users[name]?.enabled === false)).toEqual(['q001']);
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect([daemon.stderr, daemon.noise]).toEqual(['', []]);
  });
});

describe('a daemon whose disk is full', () => {
  it('lives on, says so, loses nothing, and goes on by itself when there is room', async () => {
    const here = await open(8);
    const daemon = serve(here.configFile);
    await daemon.line(applied(8));
    // No file of the daemon may grow beyond this: for SQLite a write that fails, as on a full disk.
    const limit = (size: string): unknown => execFileSync('prlimit', ['--pid', String(daemon.pid), `--fsize=${size}:`]);
    const wal = `${join(here.folder, 'rosterd.db')}-wal`;

    limit(String(existsSync(wal) ? Math.floor(statSync(wal).size / 2) : 4_096));
    const from = daemon.lines.length;
    expect(await daemon.line(({ errorCode }) => errorCode === 'store-full', from)).toMatchObject({ level: 'error' });
    await daemon.message('the daemon is in trouble', from);
    expect(await daemon.ask('/readyz')).toMatchObject({ status: 503 });
    await here.staff.fire('q001');
    await daemon.line(({ errorCode }) => errorCode === 'store-full', daemon.lines.length);
    limit('unlimited');

    await daemon.line(applied(1), from);
    expect(Object.values(await here.users()).filter((user) => !user.enabled)).toHaveLength(1);
    expect(await here.store.verifyAudit()).toMatchObject({ ok: true });
    const unfinished = ['reading', 'planning', 'applying', 'verifying'] as const;
    await daemon.run('done', daemon.lines.length);
    expect(await here.store.read.runs({ limit: 10, states: unfinished })).toEqual([]);
  });
});

describe('a daemon whose database file is moved away', () => {
  it('says so and is not ready, although it could write on, until the file is back', async () => {
    const here = await open(3);
    const daemon = serve(here.configFile);
    await daemon.line(applied(3));
    const move = async (from: string, to: string): Promise<void> => {
      for (const suffix of ['', '-wal', '-shm'])
        await rename(join(here.folder, `${from}${suffix}`), join(here.folder, `${to}${suffix}`));
    };

    await move('rosterd.db', 'away.db');

    expect(await daemon.message('the daemon is in trouble')).toMatchObject({
      errorCode: 'store-unreachable',
      because: expect.stringContaining('moved, deleted or replaced'),
    });
    expect(await daemon.ask('/readyz')).toMatchObject({ status: 503 });
    await move('away.db', 'rosterd.db');
    await daemon.message('the daemon is out of trouble');
    expect(await daemon.ask('/readyz')).toMatchObject({ status: 200 });
  });
});

describe('a daemon that has something to tell', () => {
  it('tells it once, signed, and again after the receiver was away', async () => {
    const hooks = await startHookServer(Buffer.from('shared secret'));
    cleanUps.push(() => hooks.stop());
    hooks.answers.push(503);
    const here = await open(30, {
      head: `notify: [{ name: on-call, type: webhook, url: "${hooks.url}", secret: { file: hook-secret } }]\n`,
    });
    await writeFile(join(here.folder, 'hook-secret'), 'shared secret', { mode: 0o600 });
    const daemon = serve(here.configFile);
    await daemon.line(applied(30));
    const logins = Array.from({ length: 20 }, (_, index) => `q${String(index).padStart(3, '0')}`);

    await here.staff.disable(...logins);

    await daemon.run('held');
    expect(await daemon.message('notice not sent, it is tried again')).toMatchObject({ target: 'on-call' });
    const next = daemon.lines.length;
    for (let more = 0; more < 3; more += 1) await daemon.run('held', daemon.lines.length);
    // It waits a minute before it tries again; a restart does not forget it.
    daemon.kill('SIGTERM');
    await daemon.ended;
    expect(daemon.lines.slice(next).filter(({ message }) => message === 'people are told')).toEqual([]);
    const again = serve(here.configFile);
    expect(await again.line(({ message }) => message === 'notice sent', 0, 100_000)).toMatchObject({ attempts: 2 });
    expect(hooks.hooks).toHaveLength(2);
    expect(new Set(hooks.hooks.map(({ id }) => id)).size).toBe(1);
    expect(hooks.hooks.every(({ isSigned }) => isSigned)).toBe(true);
    expect(hooks.hooks[0]?.body.data.title).toContain('20 changes of hq are held');
  });
});

describeWith('systemd', 'a daemon under systemd', () => {
  it('says when it is ready, that it lives, and that it stops', async () => {
    const here = await open(3);
    const socket = join(here.folder, 'notify');
    const listener = spawnNotifyListener(socket);
    cleanUps.push(async () => {
      listener.kill('SIGKILL');
      await once(listener, 'close');
    });
    const heard: string[] = [];
    const lines = createInterface(listener.stdout);
    const next = (text: string): Promise<void> =>
      expect.poll(() => heard.some((line) => line.includes(text)), { timeout: 60_000 }).toBe(true);
    lines.on('line', (line) => heard.push(line));
    await next('listening');

    const daemon = serve(here.configFile, { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '120000000' });

    await next('READY=1');
    await next('WATCHDOG=1');
    daemon.kill('SIGTERM');
    await next('STOPPING=1');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
  });
});
