// What the daemon comes back to by itself: a run that it was stopped in, and a password that was refused.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Office, openOffice } from '../integration/sync-fixture.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';

let office: Office;
const daemons: DaemonProcess[] = [];

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.end();
  await office.close();
});

async function open(cron: string): Promise<void> {
  office = await openOffice({
    startAt: Date.now(),
    head: 'serve: { listen: off, stopWithin: 20s }\n',
    source: `    schedule: { full: "${cron}" }\n`,
  });
  await office.staff.hireMany(12);
}

function serve(): DaemonProcess {
  const daemon = new DaemonProcess(office.configFile);
  daemons.push(daemon);
  return daemon;
}

async function stop(daemon: DaemonProcess): Promise<void> {
  daemon.kill('SIGTERM');
  expect(await daemon.ended).toEqual({ code: 0, signal: null });
}

const runs = async () => (await office.store.read.runs({ limit: 100 })).toReversed();

describe('a daemon that was stopped', () => {
  it('while it read, or waited to try again, reads again at once when it is started', async () => {
    // The next scheduled time is years away.
    await open('0 0 29 2 *');
    office.server.faults.add({ kind: 'hang', at: 'search' });
    const first = serve();
    await first.message('run started');
    await stop(first);
    office.server.faults.clear();
    office.server.faults.add({ kind: 'close', at: 'bind' });
    const second = serve();
    await second.message('the run is tried again');
    await stop(second);
    office.server.faults.clear();

    await serve().run('done');

    expect((await runs()).map(({ state, attempt }) => [state, attempt])).toEqual([
      ['interrupted', 1],
      ['failed', 1],
      ['done', 2],
    ]);
  });
});

describe('a daemon whose password is refused', () => {
  it('binds once, whatever its schedule says, and again as soon as the file is changed', async () => {
    await open('* * * * * *');
    await writeFile(join(office.folder, 'password'), 'wrong', { mode: 0o600 });
    const daemon = serve();
    await daemon.run('failed');
    for (let tick = 0; tick < 3; tick += 1) {
      const from = daemon.lines.length;
      await daemon.line(({ reason }) => reason === 'credentials-refused', from);
    }
    expect((await runs()).map(({ errorCode }) => errorCode)).toEqual(['source-credentials']);

    await writeFile(join(office.folder, 'password'), office.server.reader.password);

    await daemon.run('done');
    expect((await runs())[1]).toMatchObject({ state: 'done', trigger: 'schedule' });
  });
});
