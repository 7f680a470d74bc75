// A clock that is far ahead: where the source tells the time nothing is done under it, and nowhere does it make history old.

import { afterEach, describe, expect, it } from 'vitest';
import type { Connector, ReadEvent } from '../../src/connector.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { day, hour, hq, minute, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

const tenYears = 3_650 * day;
const never = new AbortController().signal;

/** A run whose source has no clock, as OpenLDAP has none. */
async function syncWithoutClock(): ReturnType<typeof runSource> {
  const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'cli', actor: 'cli:tester@lab' } as const;
  const connector = await office.deps.connector(hq);
  const clockless: Connector = {
    idStability: connector.idStability,
    scopeFingerprint: connector.scopeFingerprint,
    check: (signal) => connector.check(signal),
    confirm: (kind, ids, signal) => connector.confirm(kind, ids, signal),
    async *read(what, signal): AsyncGenerator<ReadEvent> {
      for await (const event of connector.read(what, signal)) if (event.kind !== 'opened') yield event;
    },
  };
  office.forward(minute);
  return runSource({ ...office.deps, connector: async () => clockless }, request, never);
}

const runIds = async (): Promise<readonly number[]> =>
  (await office.store.read.runs({ limit: 1_000 })).map(({ id }) => id).sort((a, b) => a - b);

async function erasings(): Promise<number> {
  return (await office.audit()).filter((line) => line.startsWith('audit.payloads-erased')).length;
}

describe('a run under a clock that is years ahead of that of the source', () => {
  it('fails before anything is due, removed or forgotten, and the next one under the right clock does nothing new', async () => {
    office = await openOffice();
    await office.staff.hireMany(4);
    await office.staff.hire('mira', { department: 'Claims' });
    await office.staff.directory.expire(office.staff.dn('p000'), new Date(office.now() + 40 * day));
    await office.sync();
    await office.admin.switchSyncOff({ user: 'mira', reason: 'on loan', until: '30d' });
    await office.staff.fire('p003');
    const [users, runs, entries] = [await office.users(), await runIds(), await office.audit()];

    office.forwardAlone(tenYears);
    const wrong = await office.sync();

    expect(wrong).toMatchObject({ state: 'failed', errorCode: 'clock-wrong', counts: { planned: 0, missing: 0 } });
    expect(wrong.because).toContain('one of the two clocks is wrong');
    expect(wrong.proof).toMatchObject({ clockSkewSeconds: tenYears / 1_000 });
    expect(await office.users()).toEqual(users);
    expect(await office.audit()).toEqual(entries);
    expect(await runIds()).toEqual([...runs, wrong.id]);

    office.forwardAlone(-tenYears);
    await office.staff.set('mira', 'department', 'Sales');
    expect(await office.sync()).toMatchObject({ read: 'complete', proof: { clockSkewSeconds: 0 } });
    expect((await office.user('p000')).enabled).toBe(true);
    expect((await office.user('mira')).values['department']).toBe('Claims');
  });

  it.each([
    ['an hour ahead', hour, 'done'],
    ['an hour behind', -hour, 'done'],
    ['more than an hour ahead', hour + minute, 'failed'],
    ['more than an hour behind', -hour - minute, 'failed'],
  ])('that is %s (%i ms) ends as it must', async (_name, ms, state) => {
    office = await openOffice();
    await office.staff.hireMany(1);
    office.forwardAlone(ms);

    expect(await office.sync()).toMatchObject({ state, proof: { clockSkewSeconds: ms / 1_000 } });
  });

  it('keeps a dry run from showing what it would do', async () => {
    office = await openOffice();
    await office.staff.hireMany(1);
    office.forwardAlone(-2 * hour);

    expect(await office.dryRun()).toMatchObject({ state: 'failed', errorCode: 'clock-wrong', counts: { planned: 0 } });
  });
});

describe('history', () => {
  const head = 'retention: { runs: 90d, auditPayloads: 365d }\n';

  it('is not forgotten by a clock that jumps ten years ahead, nor by the runs after it', async () => {
    office = await openOffice({ head });
    await office.staff.hireMany(3);
    for (let month = 0; month < 2; month += 1) {
      await syncWithoutClock();
      office.forward(29 * day);
    }
    const runs = await runIds();

    office.forward(tenYears);
    for (let run = 0; run < 3; run += 1) expect(await syncWithoutClock()).toMatchObject({ state: 'done' });

    expect(await runIds()).toEqual(expect.arrayContaining([...runs]));
    expect(await erasings()).toBe(0);
    office.forward(-tenYears);
    await syncWithoutClock();
    expect(await runIds()).toEqual(expect.arrayContaining([...runs]));
  });

  it('is not forgotten by runs that fail for another reason before they have seen that the clock is wrong', async () => {
    office = await openOffice({ head });
    await office.staff.hireMany(3);
    const first = await office.sync();
    office.forwardAlone(tenYears);
    office.server.faults.add({ kind: 'close', at: 'bind' });

    for (let run = 0; run < 60; run += 1) expect((await office.sync()).state).toBe('failed');

    expect((await runIds())[0]).toBe(first.id);
    expect(await erasings()).toBe(0);
  });

  it('is forgotten as configured while runs are made, and late after a long time without any', async () => {
    office = await openOffice({ head });
    await office.staff.hireMany(3);
    const first = await office.sync();
    office.forward(100 * day);
    await office.sync();
    expect(await runIds()).toContain(first.id);

    for (let month = 0; month < 3; month += 1) {
      office.forward(29 * day);
      await office.sync();
    }

    expect(await runIds()).not.toContain(first.id);
  });
});
