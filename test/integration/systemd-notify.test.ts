// What systemd hears of the daemon: sent by the real systemd-notify, heard on a real datagram socket.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serviceEnvironment } from '../../src/config/environment.ts';
import { createServiceManager } from '../../src/observe/systemd.ts';
import { describeWith } from '../describe-with.ts';
import { spawnNotifyListener } from '../lab/notify-listener.ts';

const warned = vi.fn<(message: string) => void>();
let folder: string;
let notifySocket: string;
let child: ChildProcessWithoutNullStreams | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-notify-'));
  notifySocket = join(folder, 'notify');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  warned.mockReset();
  if (child !== undefined) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  child = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** All messages up to the one that is the end. */
async function listen(notifySocket: string): Promise<() => Promise<readonly string[]>> {
  child = spawnNotifyListener(notifySocket);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return async () => {
    const messages: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the listener ended after ${messages.join(', ')}`);
      if (value === 'STOPPING=1') return messages;
      messages.push(value);
    }
  };
}

describeWith('systemd', 'service manager', () => {
  it('is told that the daemon is ready, what it does, that it lives and that it stops, in this order', async () => {
    const heard = await listen(notifySocket);
    const manager = createServiceManager({ notifySocket }, warned);
    await manager.ready('2 sources');
    await manager.alive();
    await manager.status('ad-hq: reading --now\nREADY=0');
    await manager.stopping();
    expect(await heard()).toEqual(['READY=1 | STATUS=2 sources', 'WATCHDOG=1', 'STATUS=ad-hq: reading --now READY=0']);
    expect(warned).not.toHaveBeenCalled();
  });

  it('gets what was said meanwhile in one message, however often it was said', async () => {
    const heard = await listen(notifySocket);
    const manager = createServiceManager({ notifySocket }, warned);
    const first = manager.ready('starting');
    // The first message is on its way from here on.
    await Promise.resolve();
    const all = Array.from({ length: 500 }, (_, index) => [manager.alive(), manager.status(`run ${index}`)]).flat();
    await Promise.all([first, ...all]);
    await manager.stopping();
    expect(await heard()).toEqual(['READY=1 | STATUS=starting', 'WATCHDOG=1 | STATUS=run 499']);
  });

  it('out of reach is warned about once, and is told again when it is back', async () => {
    const manager = createServiceManager({ notifySocket }, warned);
    await manager.ready('2 sources');
    await manager.alive();
    expect(warned.mock.calls).toEqual([[expect.stringMatching(/systemd-notify: .*No such file.*NotifyAccess=all/u)]]);
    const heard = await listen(notifySocket);
    await manager.alive();
    await manager.stopping();
    expect(await heard()).toEqual(['WATCHDOG=1']);
    expect(warned).toHaveBeenCalledTimes(1);
  });
});

describe('service manager', () => {
  it('that is not there is told nothing and is no reason to warn', async () => {
    const manager = createServiceManager({ watchdogUsec: '30000000' }, warned);
    await Promise.all([manager.ready('x'), manager.status('y'), manager.alive(), manager.stopping()]);
    expect(manager.watchdogMs).toBeUndefined();
    expect(warned).not.toHaveBeenCalled();
  });

  it.each([
    ['of this process', { watchdogUsec: '30000000', watchdogPid: String(process.pid) }, 30_000],
    ['of nobody in particular', { watchdogUsec: '1500' }, 1.5],
    ['of another process', { watchdogUsec: '30000000', watchdogPid: '1' }, undefined],
    ['that is off', { watchdogUsec: '0' }, undefined],
    ['that is no number', { watchdogUsec: '30s' }, undefined],
    ['that is not set', {}, undefined],
  ])('knows the watchdog %s', (_whose, environment, watchdogMs) => {
    const manager = createServiceManager({ notifySocket, ...environment }, warned);
    expect(manager.watchdogMs).toBe(watchdogMs);
  });

  it('is found in the environment', () => {
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) vi.stubEnv(name, '');
    expect(serviceEnvironment()).toEqual({});
    vi.stubEnv('NOTIFY_SOCKET', '/run/systemd/notify');
    vi.stubEnv('WATCHDOG_USEC', '30000000');
    vi.stubEnv('WATCHDOG_PID', '12');
    expect(serviceEnvironment()).toEqual({
      notifySocket: '/run/systemd/notify',
      watchdogUsec: '30000000',
      watchdogPid: '12',
    });
  });
});
