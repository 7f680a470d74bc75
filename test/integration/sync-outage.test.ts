// The database goes away in the middle of a run and comes back: the run says why it ended, and the next one comes to the same end.

import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { RosterdError } from '../../src/model/errors.ts';
import type { Run } from '../../src/model/run.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { describeWith } from '../describe-with.ts';
import { type OutageServer, startOutageServer } from '../store/outage-server.ts';
import { hq, type Office, openOffice } from './sync-fixture.ts';

const people = 600;
const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'cli', actor: 'cli:tester@lab' } as const;

let server: OutageServer;
let office: Office;

/** A run during which the database is stopped at the first event of the phase; the code of what it throws. */
async function cutDuring({ deps }: Office, phase: string): Promise<string> {
  let stopping: Promise<void> | undefined;
  const emit: typeof deps.emit = (event) => {
    if (stopping !== undefined || !('phase' in event) || event.phase !== phase) return;
    stopping = server.stop();
    // The run stands still meanwhile: its next statement comes too late, however short the rest of it is.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  };
  const outcome = await runSource({ ...deps, emit }, request, new AbortController().signal).then(
    (run) => run.state,
    (error: unknown) => (error instanceof RosterdError ? error.code : String(error)),
  );
  await stopping;
  return outcome;
}

describeWith('postgresql', 'a database that goes away', () => {
  beforeAll(async () => {
    server = await startOutageServer();
  });
  afterEach(() => office.close());
  afterAll(() => server.remove());

  it('while a run reads, plans and applies ends each of them, and the next run comes to the end of an undisturbed one', async () => {
    office = await openOffice({ location: server.location, pageSize: 100 });
    const logins = await office.staff.hireMany(people, 'q');
    await office.staff.group('Team', logins.slice(0, 50));

    for (const phase of ['reading', 'planning', 'applying', 'verifying']) {
      expect(await cutDuring(office, phase)).toBe('store-unreachable');
      await server.start();
      // The lease of the run that failed is given back as soon as the database is there again.
      await vi.waitFor(async () => expect(await office.store.read.leaseHolders('', office.now())).toEqual([]), {
        timeout: 20_000,
        interval: 100,
      });
    }

    const last: Run = await office.sync();
    expect(last.state).toBe('done');
    expect(Object.keys(await office.users())).toHaveLength(people);
    const entries = (await office.audit()).filter((line) => line.startsWith('user.'));
    expect(entries).toHaveLength(people);
    expect(new Set(entries).size).toBe(people);
    const open = await office.store.read.runs({ limit: 100, states: ['reading', 'planning', 'applying', 'verifying'] });
    expect(open).toEqual([]);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0, mirrorChanged: 0 } });
  });
});
