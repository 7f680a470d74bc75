// A person beside a daemon that is always at the same source: his command waits for a gap, and gets one.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Office, openOffice } from '../integration/sync-fixture.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { type Ended, ended, startCli } from '../unit/cli-process.ts';

let office: Office;
let daemon: DaemonProcess;

beforeEach(async () => {
  office = await openOffice({
    startAt: Date.now(),
    head: 'serve: { listen: off, stopWithin: 20s }\n',
    source: '    schedule: { full: "* * * * * *" }\n',
  });
  await office.staff.hireMany(25);
  // Every read takes longer than the pause of the schedule: one run begins as soon as the one before it has ended.
  office.server.faults.add({ kind: 'delay', at: 'search', ms: 120 });
  daemon = new DaemonProcess(office.configFile, {});
});
afterEach(async () => {
  await daemon.end();
  await office.close();
});

const cli = (...args: readonly string[]): Promise<Ended> => {
  const child = startCli([...args, '--config', office.configFile], 'real');
  child.stdin.end();
  return ended(child);
};

describe('a command beside runs back to back', () => {
  it('waits, says for whom, and gets in; without waiting it fails at once', async () => {
    await daemon.run('done');
    await daemon.message('run started', daemon.lines.length);

    const hurried = await cli('sync', 'hq', '--no-wait');
    expect(hurried).toMatchObject({ code: 6, stderr: expect.stringContaining('[run-in-progress]') });

    for (let time = 0; time < 3; time += 1) {
      await daemon.message('run started', daemon.lines.length);
      const { code, stderr } = await cli('sync', 'hq');
      expect(code).toBe(0);
      expect(stderr).toMatch(/^Waiting for (daemon@)?[^ ]+ \(pid \d+\), which is (syncing|at) hq \.\.\.$/mu);
    }
    const from = daemon.lines.length;
    await daemon.run('done', from);
    const runs = await office.store.read.runs({ limit: 100 });
    expect(runs.filter(({ trigger }) => trigger === 'cli').map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(await office.store.read.leaseHolders('wanted:', office.now())).toEqual([]);
  });

  it('ends with Ctrl-C while it waits', async () => {
    await daemon.run('done');
    office.server.faults.add({ kind: 'hang', at: 'search' });
    await daemon.message('run started', daemon.lines.length);
    const child = startCli(['sync', 'hq', '--config', office.configFile], 'real');
    child.stdin.end();
    const end = ended(child);
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('Waiting for')) resolve();
      });
    });
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 6, stderr: expect.stringContaining('[interrupted]') });
  });
});
