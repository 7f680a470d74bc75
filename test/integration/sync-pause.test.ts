// A pause: the source is read, nothing of it is applied, nothing is lost; the run after it does what waited, under the guard.

import { afterEach, describe, expect, it } from 'vitest';
import { asEpochMs, asSourceName } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { describeStores } from '../store/stores.ts';
import { hour, hq, minute, type Office, openOffice } from './sync-fixture.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let office: Office;

afterEach(() => office.close());

const because = 'paused by cli:anna@host: change freeze';

const enabledCount = async (): Promise<number> =>
  Object.values(await office.users()).filter((user) => user.enabled).length;

const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  );

/** A run during which something happens at an event. */
async function runWhile(isMoment: (event: SyncEvent) => boolean, act: () => Promise<unknown>): Promise<Run> {
  let acting: Promise<unknown> | undefined;
  const emit = (event: SyncEvent): void => {
    if (isMoment(event)) acting ??= act();
  };
  office.forward(minute);
  const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'daemon' } as const;
  const run = await runSource({ ...office.deps, emit }, request, new AbortController().signal);
  await acting;
  return run;
}

const firstBatch = (event: SyncEvent): boolean => event.kind === 'phase:progressed' && event.phase === 'applying';

describeStores('a pause', (stores) => {
  const open = async (): Promise<Office> => {
    office = await openOffice(
      stores.kind === 'sqlite' ? { pageSize: 100 } : { pageSize: 100, location: await stores.fresh() },
    );
    return office;
  };

  it('lets the source be read into the mirror and applies nothing; afterwards all that waited is applied once', async () => {
    await open();
    const logins = await office.staff.hireMany(40);
    await office.staff.group('Alpha', ['p000', 'p001']);
    await office.sync();
    await office.pause();
    await office.staff.fire('p039');
    await office.staff.set('p000', 'department', 'Claims');
    await office.staff.leave('Alpha', 'p001');
    await office.staff.hire('joiner');
    const before = await office.users();

    const paused = await office.sync();

    expect(paused).toMatchObject({
      state: 'paused',
      read: 'complete',
      because,
      errorCode: 'sync-paused',
      counts: { accountsRead: 40, absent: 1, planned: 0, applied: 0, held: 0 },
    });
    expect(paused.endedAt).toBe(office.now());
    expect(await office.users()).toEqual(before);
    expect(await office.changes(paused)).toEqual([]);
    const entries = await office.audit();
    expect((await office.sync()).state).toBe('paused');
    await office.endPause();
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 4, created: 1 } });
    expect(await office.user('p000')).toMatchObject({ values: { department: 'Claims' }, teams: ['Alpha'] });
    expect((await office.user('p001')).teams).toEqual([]);
    expect((await office.user(logins[39] as string)).enabled).toBe(false);
    expect((await office.user('joiner')).enabled).toBe(true);
    expect(await office.audit()).toHaveLength(entries.length + 4);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('that comes while a run applies stops it before its next batch; the run after the pause does the rest, once', async () => {
    await open();
    await office.staff.hireMany(620);
    const stopped = await runWhile(firstBatch, () => office.pause());
    expect(stopped).toMatchObject({ state: 'applying', because, errorCode: 'sync-paused', read: 'complete' });
    expect(stopped.endedAt).toBeUndefined();
    expect(await enabledCount()).toBe(500);
    await office.staff.disable('p619');

    expect(await office.sync()).toMatchObject({ state: 'paused', counts: { mirrorChanged: 1, applied: 0 } });

    expect(await enabledCount()).toBe(500);
    expect(await office.store.read.run(stopped.id)).toMatchObject({ state: 'applying' });
    await office.endPause();
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 1 } });
    const resumed = await office.store.read.run(stopped.id);
    expect(resumed).toMatchObject({ state: 'done', read: 'complete', counts: { applied: 620, created: 620 } });
    expect(resumed?.errorCode).toBeUndefined();
    expect(resumed?.because).toBe(`${because}; resumed and finished by the next run`);
    expect(await enabledCount()).toBe(619);
    expect((await office.audit()).filter((line) => line.startsWith('user.created'))).toHaveLength(620);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});

describe('a pause', () => {
  const openWith = async (people: number): Promise<readonly string[]> => {
    office = await openOffice({ pageSize: 100 });
    const logins = await office.staff.hireMany(people);
    await office.sync();
    return logins;
  };

  it('of another source changes nothing; of this one or of all it does, until its end', async () => {
    await openWith(3);
    await office.pause({ source: asSourceName('west') });
    expect((await office.sync()).state).toBe('done');
    await office.pause({ source: hq, until: asEpochMs(office.now() + hour) });
    expect((await office.sync()).state).toBe('paused');
    office.forward(hour);
    expect((await office.sync()).state).toBe('done');
  });

  it('does not touch a dry run', async () => {
    await openWith(3);
    await office.pause();
    await office.staff.hire('joiner');
    expect(await office.dryRun()).toMatchObject({ state: 'done', counts: { planned: 1 } });
  });

  it('after which too many would lose access ends in a hold', async () => {
    const logins = await openWith(40);
    await office.pause();
    // Day by day too few for the guard to mind.
    for (let day = 0; day < 5; day += 1) {
      await office.staff.disable(...logins.slice(day * 2, day * 2 + 2));
      office.forward(24 * hour);
      expect((await office.sync()).state).toBe('paused');
    }
    await office.endPause();

    expect(await office.sync()).toMatchObject({ state: 'held', counts: { held: 10, applied: 0 } });

    expect(await enabledCount()).toBe(40);
  });

  it('says of a read that was cut that it was cut, and removes nobody later either', async () => {
    await openWith(35);
    await office.pause();
    await office.staff.set('p000', 'department', 'Claims');
    await office.staff.fire('p034');
    office.server.faults.add({ kind: 'truncate', entries: 12, where: ({ base }) => base.startsWith('OU=People') });

    const cut = await office.sync();

    expect(cut).toMatchObject({ state: 'paused', read: 'partial', errorCode: 'source-partial' });
    expect(cut.because).toContain(`${because}; the read was not complete: `);
    office.server.faults.add({ kind: 'close', at: 'bind' });
    const failed = await office.sync();
    expect(failed).toMatchObject({ state: 'failed' });
    expect(failed.read).toBeUndefined();
  });

  it('refuses an approval and takes a rejection', async () => {
    const logins = await openWith(40);
    await office.staff.disable(...logins.slice(0, 20));
    const held = await office.sync();
    await office.pause({ source: hq });
    const before = await tableDigests(office.store);

    await expect(office.approve(held)).rejects.toMatchObject({ code: 'sync-paused', message: because });

    expect(differingTables(before, await tableDigests(office.store)).filter((table) => table !== 'leases')).toEqual([]);
    expect(await office.findings()).toEqual(['plan-held hq']);
    await office.sync();
    expect(await office.findings()).toEqual(['plan-held hq']);
    await office.reject(held);
    expect(await office.findings()).toEqual([]);
    expect(await office.store.read.run(held.id)).toMatchObject({ state: 'done' });
    await office.endPause(hq);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 0 } });
    expect(await enabledCount()).toBe(40);
  });

  it('that comes while approved changes are applied stops them; the run after the pause applies the rest of them', async () => {
    const logins = await openWith(1_040);
    await office.staff.disable(...logins.slice(0, 520));
    const held = await office.sync();
    let pausing: Promise<void> | undefined;

    const code = await codeOf(
      office.approve(held, undefined, () => {
        pausing ??= office.pause();
      }),
    );

    expect(code).toBe('sync-paused');
    await pausing;
    expect(await enabledCount()).toBe(540);
    expect(await office.store.read.run(held.id)).toMatchObject({
      state: 'applying',
      because: `held changes approved by cli:boss@lab; ${because}`,
    });
    expect((await office.sync()).state).toBe('paused');
    expect(await enabledCount()).toBe(540);
    await office.endPause();
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0, held: 0 } });
    expect(await enabledCount()).toBe(520);
    expect(await office.store.read.run(held.id)).toMatchObject({ state: 'done', counts: { applied: 520 } });
  });

  it('under which what a stopped run holds is rejected leaves that run to go on with the rest of its plan', async () => {
    const logins = await openWith(40);
    await office.staff.disable(...logins.slice(0, 20));
    await office.staff.hire('joiner');
    const stopped = await runWhile(
      (event) => event.kind === 'phase:started' && event.phase === 'applying',
      () => office.pause(),
    );
    expect(stopped).toMatchObject({ state: 'applying', counts: { held: 20, applied: 0 } });

    await office.reject(stopped);

    expect(await office.store.read.run(stopped.id)).toMatchObject({ state: 'applying' });
    await office.endPause();
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { applied: 0 } });
    expect(await office.store.read.run(stopped.id)).toMatchObject({ state: 'done', counts: { applied: 1 } });
    expect((await office.user('joiner')).enabled).toBe(true);
    expect(await enabledCount()).toBe(41);
  });
});
