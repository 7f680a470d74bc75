// A process that stalls in the middle of a run and wakes up after another one has taken over: real processes, on both stores.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import type { Run } from '../../src/model/run.ts';
import type { Store } from '../../src/store/open-store.ts';
import { readTables } from '../../src/store/table-copy.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { hq, type Office, openOffice } from '../integration/sync-fixture.ts';
import { describeStores, type Stores } from '../store/stores.ts';

const childFile = fileURLToPath(new URL('lease-child.ts', import.meta.url));
/** Two batches of changes. */
const people = 600;
/** As long as a run of these tests never takes. The clock of the one who takes over is moved, so nobody waits for it. */
const ttlMs = 60_000;

interface Stalled {
  readonly process: ChildProcess;
  /** Wakes it up; what it says then. */
  wake(): Promise<string>;
}

let office: Office | undefined;
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await office?.close();
  office = undefined;
});

async function openStaffed(stores: Stores): Promise<Office> {
  const location = await stores.fresh();
  office = await openOffice({ location, pageSize: 100, startAt: Date.now() });
  const logins = await office.staff.hireMany(people, 'q');
  await office.staff.group('Team', logins.slice(0, 50));
  return office;
}

/** A child that has come to the nth event of the phase and has stopped there. */
async function stall({ configFile, store }: Office, phase: string, nth: string): Promise<Stalled> {
  const args = [childFile, configFile, JSON.stringify(store.core.location), String(ttlMs), phase, nth];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  const closed = once(child, 'close');
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      if (said.startsWith('stopped ')) resolve();
    });
    closed.then(() => reject(new Error(`it ended before it came to ${phase}: ${said}`)), reject);
  });
  // Said in the line before the signal: every thread of it has stopped a moment later.
  while (stateOf(child) !== 'T') await new Promise((resolve) => setImmediate(resolve));
  return {
    process: child,
    async wake() {
      child.kill('SIGCONT');
      await closed;
      return said.slice('stopped '.length);
    },
  };
}

/** Third field of /proc/pid/stat (proc(5)). */
function stateOf({ pid }: ChildProcess): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}

const takeOver = ({ deps }: Office): Promise<Run> =>
  runSource(
    { ...deps, leaseTimes: { ttlMs, renewEveryMs: ttlMs / 4 } },
    { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'schedule' },
    new AbortController().signal,
  );

/** Every row of every table. */
async function everything({ core: { read } }: Store): Promise<Readonly<Record<string, readonly string[]>>> {
  const tables = await readTables(read);
  const rows: Record<string, readonly string[]> = {};
  for (const [table, columns] of tables) {
    const found = await read.all<{ row: string }>(
      `SELECT ${read.dialect.jsonRow(Object.keys(columns))} AS row FROM ${table}`,
    );
    rows[table] = found.map(({ row }) => row).sort();
  }
  return rows;
}

async function expectOneOfEach({ audit, users, store }: Office): Promise<void> {
  expect(Object.keys(await users())).toHaveLength(people);
  const entries = (await audit()).filter((line) => line.startsWith('user.'));
  expect(entries).toHaveLength(people);
  expect(new Set(entries).size).toBe(people);
  expect(await store.verifyAudit()).toMatchObject({ ok: true });
}

describeStores('a process that stalls', (stores) => {
  it.each([
    ['reading', '2'],
    ['planning', '1'],
    ['applying', '1'],
    ['verifying', '1'],
  ])('while %s is taken over when its lease ends, and writes nothing when it wakes up', async (phase, nth) => {
    const here = await openStaffed(stores);
    const stalled = await stall(here, phase, nth);

    here.forward(Date.now() - here.now());
    await expect(takeOver(here)).rejects.toMatchObject({ code: 'run-in-progress' });
    here.forward(ttlMs);
    expect(await takeOver(here)).toMatchObject({ state: 'done' });
    await expectOneOfEach(here);
    const before = await everything(here.store);

    expect(await stalled.wake()).toBe('lease-lost');

    expect(await everything(here.store)).toEqual(before);
    expect(await here.sync()).toMatchObject({ state: 'done', counts: { planned: 0, mirrorChanged: 0 } });
  });

  it('and whom nobody took over goes on when it wakes up', async () => {
    const here = await openStaffed(stores);
    const stalled = await stall(here, 'applying', '1');

    expect(await stalled.wake()).toBe('done');

    await expectOneOfEach(here);
  });

  it('and is killed then is taken over at once', async () => {
    const here = await openStaffed(stores);
    const stalled = await stall(here, 'applying', '1');
    here.forward(Date.now() - here.now());
    stalled.process.kill('SIGKILL');
    await once(stalled.process, 'exit');

    expect(await takeOver(here)).toMatchObject({ state: 'done' });

    await expectOneOfEach(here);
  });
});
