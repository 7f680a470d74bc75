// A daemon that is asked to stop, in every phase of its life: it ends in time, and nothing is in the way of the next one.

import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Office } from '../integration/sync-fixture.ts';
import type { DaemonProcess } from '../lab/daemon-process.ts';
import { startHookServer } from '../lab/hook-server.ts';
import { cleanUp, cleanUps, hangReader, listenSomewhere, makePipe, openWith, start } from './serve-fixture.ts';

const unfinished = ['reading', 'planning', 'applying', 'verifying'] as const;

afterEach(cleanUp);

/** A daemon in a phase. */
interface Caught {
  readonly daemon: DaemonProcess;
  /** Lets the phase end, after the signal. */
  readonly goOn?: () => void;
  /** Makes way for the next daemon. */
  readonly mend?: () => void;
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

/** Somebody else writes, so that it cannot even see to its tables. */
async function catchAtLock({ folder, configFile, store }: Office): Promise<Caught> {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const writing = store.write(() => {
    begun.resolve();
    return held.promise;
  });
  cleanUps.push(() => {
    held.resolve();
    return writing;
  });
  await begun.promise;
  const daemon = start(configFile);
  const file = join(folder, 'rosterd.db');
  const isOpen = (): boolean =>
    readdirSync(`/proc/${daemon.pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${daemon.pid}/fd/${fd}`) === file;
      } catch {
        return false;
      }
    });
  await expect.poll(isOpen, { timeout: 60_000 }).toBe(true);
  return { daemon, mend: held.resolve };
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
  { when: 'somebody else writes', catchIt: catchAtLock, code: 6, said: '[store-busy]' },
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
    const { daemon, goOn, mend } = await phase.catchIt(office);

    daemon.kill('SIGTERM');
    goOn?.();

    expect(await daemon.ended).toEqual({ code: phase.code, signal: null });
    expect([daemon.stderr, ...daemon.lines.map(({ message }) => message)].join('\n')).toContain(phase.said);
    expect(daemon.lines.filter(({ level }) => level === 'error')).toEqual([]);
    mend?.();
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
