// What once kept a run from starting: a secret that is gone, a stored plan that cannot be finished. It is a run that failed, so
// that the list of runs, the status, the metrics and the notices know of it.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runSource } from '../../src/sync/run-source.ts';
import { runCli } from '../unit/cli-process.ts';
import { hq, minute, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

const password = (): string => join(office.folder, 'password');
const never = new AbortController().signal;
const request = { source: hq, mode: 'full', intent: 'apply', actor: 'daemon@lab', trigger: 'schedule' } as const;

describe('a run whose password file is missing', () => {
  it('ends as failed and says so everywhere, and after three scheduled ones somebody is told', async () => {
    office = await openOffice({
      head: 'notify: [{ name: ops, type: webhook, url: "http://127.0.0.1:1/", secret: { file: password } }]\n',
      source: '    schedule: { full: "0 * * * *" }\n',
    });
    await office.staff.hireMany(2);
    await office.sync();
    await rm(password());

    for (let tick = 0; tick < 3; tick += 1) {
      office.forward(60 * minute);
      const run = await runSource(office.deps, request, never);
      expect(run).toMatchObject({ state: 'failed', errorCode: 'secret-missing', counts: { planned: 0 } });
      expect(run.because).toContain('password');
    }

    const runs = await office.store.read.runs({ limit: 10, states: ['failed'] });
    expect(runs.map(({ errorCode }) => errorCode)).toEqual(Array(3).fill('secret-missing'));
    const told = await office.store.read.deliveries({ state: 'any', limit: 10 });
    expect(told.map(({ notice }) => notice.kind)).toEqual(['source-failing']);

    await writeFile(password(), office.server.reader.password, { mode: 0o600 });
    expect(await office.sync()).toMatchObject({ state: 'done' });
  });

  it.each(['sync', 'plan'])('ends `rosterd %s` with 4 and is in the list', async (command) => {
    office = await openOffice({ startAt: Date.now() });
    await rm(password());

    const ended = await runCli([command, 'hq', '--config', office.configFile], 'real');

    expect(ended.code).toBe(4);
    expect(ended.stdout + ended.stderr).toContain('[secret-missing]');
    expect(await office.store.read.runs({ limit: 10 })).toMatchObject([
      { state: 'failed', errorCode: 'secret-missing', dryRun: command === 'plan' },
    ]);
  });
});

describe('a stored plan that cannot be finished', () => {
  it('ends the new run as failed, and waits for the next one', async () => {
    office = await openOffice();
    await office.staff.hireMany(600);
    const stop = new AbortController();
    const emit: typeof office.deps.emit = (event) => {
      if (event.kind === 'phase:progressed' && event.phase === 'applying') stop.abort();
    };
    const stopped = await runSource({ ...office.deps, emit }, request, stop.signal);
    expect(stopped.state).toBe('applying');
    const before = Object.keys(await office.users()).length;
    expect(before).toBeLessThan(600);
    const { core } = office.store;
    const sabotage = `CREATE TRIGGER no_more BEFORE INSERT ON users BEGIN SELECT raise(ABORT, 'sabotage'); END`;
    await core.write((sql) => sql.run(sabotage));

    for (let time = 0; time < 2; time += 1) {
      const failed = await office.sync();
      expect(failed).toMatchObject({
        state: 'failed',
        errorCode: 'store-failed',
        counts: { planned: 0, accountsRead: 0 },
      });
      expect((await office.store.read.run(stopped.id))?.state).toBe('applying');
    }

    expect(Object.keys(await office.users())).toHaveLength(before);
    await core.write((sql) => sql.run('DROP TRIGGER no_more'));
    expect(await office.sync()).toMatchObject({ state: 'done' });
    expect(await office.store.read.run(stopped.id)).toMatchObject({ state: 'done' });
    expect(Object.keys(await office.users())).toHaveLength(600);
  });
});
