// The state of an installation as `rosterd status` and the metrics see it, after real runs against a real store.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { sourceHealth } from '../../src/admin/source-health.ts';
import { readStatus, type SourceStatus, type Status } from '../../src/admin/status.ts';
import { createRosterd } from '../../src/compose.ts';
import { asEpochMs } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import type { SourceSchedule } from '../../src/model/schedule.ts';
import { createAdminReader } from '../../src/store/admin-reader.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { nextTicks, overdueAfterMs } from '../../src/sync/schedule/cron.ts';
import { describeStores } from '../store/stores.ts';
import { hour, hq, minute, type Office, type OfficeOptions, openOffice as openOfficeAt } from './sync-fixture.ts';

const hourly: SourceSchedule = {
  full: '15 * * * *',
  timeZone: 'Europe/Prague',
  deadlineMs: hour,
  overdueAfterMs: undefined,
};
const elsewhere = 'other-host:boot:4711:99';

let office: Office;

afterEach(() => office.close());

async function statusWith(schedule?: SourceSchedule): Promise<Status> {
  const { store } = office;
  const own = { name: hq, type: 'active-directory', ...(schedule === undefined ? {} : { schedule }) };
  const reads = createAdminReader(store.core.read);
  return readStatus({
    store,
    reads,
    now: () => office.now(),
    sources: [own],
    noticeTargets: [],
    nextTicks,
    overdueAfterMs,
  });
}

async function hqWith(schedule?: SourceSchedule): Promise<SourceStatus & { readonly health: string }> {
  const status = await statusWith(schedule);
  const [source] = status.sources;
  if (source === undefined) throw new Error('the status names no source');
  return { ...source, health: sourceHealth(status, source) };
}

const lease = (name: string, holder: string): Promise<unknown> =>
  office.store.write((tx) => tx.leases.acquire(name, holder, hour, office.now()));

async function tick(attempt = 1, more: Partial<SyncDeps> = {}): Promise<Run> {
  office.forward(minute);
  const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'schedule:hq' } as const;
  return runSource({ ...office.deps, ...more }, { ...request, attempt }, new AbortController().signal);
}

/** The status while a run applies: the run writes nothing more until it is read. */
async function statusWhileApplying(): Promise<Status> {
  const { store } = office;
  let seen: Promise<Status> | undefined;
  await tick(1, {
    store: {
      read: store.read,
      overlay: () => store.overlay(),
      write: async (work) => {
        await seen;
        return store.write(work);
      },
    },
    emit: (event) => {
      if (event.kind === 'phase:started' && event.phase === 'applying') seen = statusWith();
    },
  });
  if (seen === undefined) throw new Error('the run applied nothing');
  return seen;
}

/** A process that has ended: nobody can have its pid at the same start time. */
async function deadHolder(): Promise<string> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  await once(child, 'spawn');
  const holder = makeHolder(child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return holder;
}

describeStores('the status', (stores) => {
  const openOffice = async (options: OfficeOptions = {}): Promise<void> => {
    const place = stores.kind === 'sqlite' ? {} : { location: await stores.fresh() };
    office = await openOfficeAt({ pageSize: 100, ...options, ...place });
  };

  it('of a new installation says that nothing was read and nobody is there', async () => {
    await openOffice();
    expect(await statusWith()).toEqual({
      at: office.now(),
      daemons: [],
      sources: [{ source: hq, type: 'active-directory', findings: 0, failingTicks: 0, isOverdue: false }],
      notices: { waiting: 0, givenUp: 0 },
      noticeTargets: [],
      auditHead: await office.store.read.auditHead(),
    });
    expect((await hqWith(hourly)).health).toBe('never read');
  });

  it('tells the last run, the last complete read, and the next times in the zone of the schedule', async () => {
    await openOffice();
    await office.staff.hireMany(3);
    const run = await office.sync();
    await office.dryRun();
    office.forward(10 * minute);

    expect(await hqWith(hourly)).toEqual({
      source: hq,
      type: 'active-directory',
      // The clock of the office says 08:11 in UTC.
      schedule: {
        full: '15 * * * *',
        timeZone: 'Europe/Prague',
        next: [15, 75, 135].map((minutes) => asEpochMs(Date.parse('2027-01-04T08:00:00Z') + minutes * minute)),
      },
      lastComplete: { run: run.id, at: run.startedAt },
      lastRun: run,
      findings: 0,
      failingTicks: 0,
      isOverdue: false,
      health: 'ok',
    });
    expect(await hqWith()).not.toHaveProperty('schedule');
  });

  it('names the run that stores what is held, since when, and counts the findings', async () => {
    await openOffice();
    const logins = await office.staff.hireMany(40);
    await office.sync();
    await office.staff.disable(...logins.slice(0, 20));
    const held = await office.sync();
    office.forward(hour);
    const again = await office.sync();

    expect(await hqWith()).toMatchObject({
      held: { run: held.id, changes: 20, since: held.startedAt, holds: held.holds },
      lastRun: { id: again.id, state: 'held' },
      findings: 1,
      health: 'held',
    });

    await office.staff.disable(logins[20] as string);
    const more = await office.sync();
    expect((await hqWith()).held).toMatchObject({ run: more.id, changes: 21, since: more.startedAt });
    await office.reject(more, asEpochMs(office.now() + hour));
    expect(await hqWith()).toMatchObject({ findings: 0, health: 'ok' });
    expect(await hqWith()).not.toHaveProperty('held');
    office.forward(2 * hour);
    const open = await office.sync();
    expect((await hqWith()).held).toMatchObject({ run: more.id, changes: 21, since: open.startedAt });
    await office.approve(open);
    expect(await hqWith()).toMatchObject({ findings: 0, health: 'ok' });
  });

  it('still names what is held while later runs fail or are paused', async () => {
    await openOffice();
    const logins = await office.staff.hireMany(40);
    await office.sync();
    await office.staff.disable(...logins.slice(0, 20));
    const held = await office.sync();
    await office.admin.pause({ source: 'hq', reason: 'change freeze' });
    expect((await office.sync()).state).toBe('paused');
    expect(await hqWith()).toMatchObject({ held: { run: held.id, changes: 20 }, health: 'held' });
    office.server.faults.add({ kind: 'close', at: 'bind' });
    await office.sync();
    expect(await hqWith()).toMatchObject({ held: { run: held.id, changes: 20 }, health: 'failing' });
  });

  it('counts the scheduled times that failed in a row, each once, and forgets them after a good run', async () => {
    await openOffice();
    await office.staff.hireMany(3);
    const good = await tick();
    office.server.faults.add({ kind: 'close', at: 'bind' });
    for (const attempt of [1, 2, 1, 2, 1]) await tick(attempt);
    await office.sync();

    const failing = await hqWith(hourly);

    expect(failing).toMatchObject({
      failingTicks: 3,
      lastRun: { state: 'failed', trigger: 'cli' },
      lastComplete: { run: good.id, at: good.startedAt },
      health: 'failing',
    });
    office.server.faults.clear();
    await office.sync();
    expect(await hqWith(hourly)).toMatchObject({ failingTicks: 0, health: 'ok' });
  });

  it('calls a source overdue three times the longest pause of its schedule after the last complete read', async () => {
    await openOffice();
    await office.staff.hireMany(3);
    const good = await tick();
    office.forward(3 * hour);
    expect(await hqWith(hourly)).toMatchObject({ isOverdue: false, health: 'ok' });
    office.forward(1);
    expect(await hqWith(hourly)).toMatchObject({
      isOverdue: true,
      overdueSince: good.startedAt + 3 * hour,
      health: 'overdue',
    });
    expect(await hqWith()).toMatchObject({ isOverdue: false, health: 'ok' });
    expect(await hqWith({ ...hourly, overdueAfterMs: 4 * hour })).toMatchObject({ isOverdue: false });
  });

  it('measures a source that was never read completely from its first attempt', async () => {
    await openOffice();
    office.server.faults.add({ kind: 'close', at: 'bind' });
    const first = await tick();
    office.forward(2 * hour);
    await tick();
    expect(await hqWith(hourly)).toMatchObject({ isOverdue: false, failingTicks: 2 });
    office.forward(hour);
    expect(await hqWith(hourly)).toMatchObject({ isOverdue: true, overdueSince: first.startedAt + 3 * hour });
  });

  it('tells the pause of a source from the pause of all, and forgets both when they end', async () => {
    await openOffice();
    await office.staff.hireMany(3);
    await office.sync();
    await office.admin.pause({ source: 'hq', reason: 'migration' });
    await office.admin.pause({ reason: 'change freeze', until: '2h' });
    const paused = await statusWith();
    expect(paused.pauseOfAll).toMatchObject({ reason: 'change freeze', by: 'cli:tester@lab' });
    expect(paused.sources[0]?.pause).toMatchObject({ reason: 'migration', since: office.now() });
    await office.admin.resume({ source: 'hq' });
    expect((await hqWith()).health).toBe('paused');
    office.forward(2 * hour);
    expect(await statusWith()).not.toHaveProperty('pauseOfAll');
    expect((await hqWith()).health).toBe('ok');
  });

  it('shows who is at a source and who reconciles, but never the dead', async () => {
    await openOffice();
    await office.staff.hireMany(3);
    const meanwhile = await statusWhileApplying();
    const own = { holder: office.deps.holder, pid: process.pid };
    expect(meanwhile.reconciling).toMatchObject(own);
    expect(meanwhile.sources[0]?.running).toMatchObject({ ...own, run: { state: 'applying' } });
    expect(await hqWith()).toMatchObject({ lastRun: { state: 'done' }, health: 'ok' });

    await lease('source:hq', elsewhere);
    await lease('serve:1', elsewhere);
    await lease('serve:2', await deadHolder());
    expect(await statusWith()).toMatchObject({
      daemons: [{ name: 'serve:1', host: 'other-host', pid: 4711, holder: elsewhere }],
      sources: [{ running: { host: 'other-host', pid: 4711 } }],
    });
    expect((await hqWith()).health).toBe('running');
    office.forward(hour);
    expect(await statusWith()).toMatchObject({ daemons: [] });
    expect(await hqWith()).not.toHaveProperty('running');
  });

  it('finds a run that a dead process left open, until the next one closes it', async () => {
    await openOffice();
    await office.staff.hireMany(3);
    const done = await office.sync();
    const open: Run = { ...done, state: 'reading', startedAt: office.now() };
    const { endedAt: _endedAt, read: _read, ...left } = open;
    await office.store.write(async (tx) => {
      const id = await tx.allocate('run', 1);
      await tx.runRows.saveRun({ ...left, id: id as Run['id'] });
    });
    await lease('source:hq', await deadHolder());

    expect(await hqWith()).toMatchObject({
      leftOpen: { state: 'reading' },
      lastRun: { id: done.id },
      health: 'unfinished',
    });
    expect(await hqWith()).not.toHaveProperty('running');
    await office.sync();
    expect(await hqWith()).not.toHaveProperty('leftOpen');
    expect((await hqWith()).health).toBe('ok');
  });

  it('takes a run that a pause stopped half-way for paused, not for broken', async () => {
    await openOffice();
    await office.staff.hireMany(620);
    let pausing: Promise<unknown> | undefined;
    const emit = (event: SyncEvent): void => {
      if (event.kind === 'phase:progressed' && event.phase === 'applying')
        pausing ??= office.admin.pause({ reason: 'change freeze' });
    };
    await tick(1, { emit });
    await pausing;
    expect(await hqWith()).toMatchObject({ leftOpen: { errorCode: 'sync-paused' }, health: 'paused' });
    await office.admin.resume({});
    expect((await hqWith()).health).toBe('unfinished');
    await office.sync();
    expect((await hqWith()).health).toBe('ok');
  });

  it('keeps the reason of a skipped time for a week, and as long as nothing ran since', async () => {
    await openOffice();
    await office.staff.hireMany(3);
    await office.sync();
    const skip = { source: hq, dueAt: office.now(), at: office.now(), reason: 'missed', detail: '3 times' } as const;
    office.forward(1);
    await office.store.write((tx) => tx.saveSkip({ ...skip, at: office.now() }));
    office.forward(7 * 24 * hour + minute);
    expect((await hqWith()).skipped).toMatchObject({ reason: 'missed' });
    await office.sync();
    expect(await hqWith()).not.toHaveProperty('skipped');
  });
});

describe('the status of an opened installation', () => {
  it('has the sources and schedules of its configuration, and what the command line paused', async () => {
    const schedule = "    schedule: { full: '15 2 * * *', timeZone: Europe/Prague }\n";
    office = await openOfficeAt({ startAt: Date.now(), source: schedule });
    await office.staff.hireMany(2);
    const run = await office.sync();
    const app = await createRosterd('1.2.3').open({ config: office.configFile });
    try {
      await app.admin.pause({ source: 'hq', reason: 'change freeze' });
      expect(await app.status()).toMatchObject({
        daemons: [],
        sources: [
          {
            source: 'hq',
            type: 'active-directory',
            schedule: { full: '15 2 * * *', timeZone: 'Europe/Prague' },
            lastComplete: { run: run.id },
            pause: { reason: 'change freeze' },
          },
        ],
      });
    } finally {
      await app.close();
    }
  });
});
