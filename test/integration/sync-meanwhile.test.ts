// What happens while a run is at work: people edit, another process holds the lease or takes it, the connector has a fault.

import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { asTeamId } from '../../src/model/ids.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { hq, minute, type Office, openOffice } from './sync-fixture.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let office: Office;

afterEach(() => {
  vi.useRealTimers();
  return office.close();
});

const reason = 'agreed with the team';

/** A run during which something happens when the named phase begins; planning: when its first users are decided. */
async function runWith(phase: string, act: () => Promise<unknown>, change: Partial<SyncDeps> = {}) {
  let acting: Promise<unknown> | undefined;
  const emit = (event: SyncEvent): void => {
    const kind = phase === 'planning' ? 'phase:progressed' : 'phase:started';
    if (event.kind === kind && event.phase === phase) acting ??= act();
  };
  office.forward(minute);
  const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'cli', actor: 'cli:tester@lab' } as const;
  const run = await runSource({ ...office.deps, ...change, emit }, request, new AbortController().signal);
  await acting;
  return run;
}

const openWithMira = async (): Promise<void> => {
  office = await openOffice();
  await office.staff.hire('mira', { department: 'Claims' });
  await office.staff.hire('jan');
  await office.staff.group('Alpha', ['mira', 'jan']);
  await office.sync();
};

describe('an edit between plan and apply', () => {
  it.each([
    ['switches sync off', () => office.admin.switchSyncOff({ user: 'mira', reason })],
    [
      'pins the field',
      () =>
        office.admin.pin({ user: 'mira', kind: 'field', what: 'department', mode: 'keep', value: 'Claims', reason }),
    ],
    [
      'pins another value',
      () => office.admin.pin({ user: 'mira', kind: 'field', what: 'department', mode: 'keep', value: 'Own', reason }),
    ],
  ])('that %s wins over the planned change, and others are applied', async (_title, act) => {
    await openWithMira();
    await office.staff.set('mira', 'department', 'Sales');
    await office.staff.set('jan', 'department', 'Sales');

    const run = await runWith('applying', act);

    expect((await office.user('mira')).values['department']).not.toBe('Sales');
    expect((await office.user('jan')).values['department']).toBe('Sales');
    expect(run.counts).toMatchObject({ applied: 1 });
    const before = await office.user('mira');
    await office.sync();
    expect(await office.user('mira')).toEqual(before);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('that disables by hand is not undone by a planned enabling', async () => {
    await openWithMira();
    await office.staff.disable('mira');
    await office.sync();
    await office.staff.enable('mira');

    await runWith('applying', () => office.admin.disableUser({ user: 'mira', reason }));

    expect((await office.user('mira')).enabled).toBe(false);
    await office.sync();
    expect((await office.user('mira')).enabled).toBe(false);
  });

  it('that keeps out of a team wins over a planned membership', async () => {
    await openWithMira();
    await office.staff.hire('eva');
    await office.sync();
    await office.staff.join('Alpha', 'eva');

    await runWith('applying', () =>
      office.admin.pin({ user: 'eva', kind: 'membership', what: 'Alpha', mode: 'keep-out', reason }),
    );
    await office.sync();

    expect((await office.user('eva')).teams).toEqual([]);
  });

  it('that takes the name of a joiner leaves the joiner as a finding, and the run goes on', async () => {
    await openWithMira();
    await office.staff.hire('eva');
    await office.staff.hire('ola');

    const run = await runWith('applying', () => office.admin.createUser({ username: 'eva', fields: {} }));

    expect(run.counts).toMatchObject({ created: 1, conflict: 1 });
    expect((await office.user('eva')).origin).toBe('local');
    expect((await office.user('ola')).enabled).toBe(true);
  });
});

describe('an edit while the plan is made', () => {
  it('is planned by the next run, although the user was just found to be settled', async () => {
    await openWithMira();
    const target = { user: 'mira', kind: 'field', what: 'department' } as const;
    await office.admin.pin({ ...target, mode: 'keep', value: 'Own', reason });
    await office.sync();
    await office.staff.move('mira', await office.staff.unit('Brno', office.staff.people));

    await runWith('planning', () => office.admin.unpin(target));
    await office.sync();

    expect((await office.user('mira')).values['department']).toBe('Claims');
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});

describe('an edit while changes are held', () => {
  it('makes another set of them, so that the approval of the old one is refused', async () => {
    office = await openOffice({ pageSize: 100 });
    const logins = await office.staff.hireMany(40);
    await office.sync();
    await office.staff.disable(...logins.slice(0, 20));
    const held = await office.sync();
    await office.admin.switchSyncOff({ user: 'p000', reason });
    await office.admin.pin({ user: 'p001', kind: 'enabled', what: 'yes', mode: 'keep', reason });

    await expect(office.approve(held)).rejects.toMatchObject({ code: 'plan-superseded' });
    const again = await office.sync();
    expect(again).toMatchObject({ state: 'held', counts: { held: 18 } });
    expect((await office.approve(again)).counts).toMatchObject({ applied: 18, conflict: 0 });

    const enabled = Object.entries(await office.users()).filter(([, user]) => user.enabled);
    expect(enabled.map(([name]) => name).slice(0, 3)).toEqual(['p000', 'p001', 'p020']);
    await office.sync();
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('that makes a team under the name of a new group makes another set too; the new one holds a team with a suffix', async () => {
    office = await openOffice({ pageSize: 100, source: '    onHold: hold-all\n' });
    const logins = await office.staff.hireMany(40);
    await office.sync();
    await office.staff.disable(...logins.slice(20));
    await office.staff.group('Beta', ['p000']);
    await office.staff.group('Gamma', ['p000']);
    const held = await office.sync();
    await office.store.write(async (tx) => {
      const id = asTeamId(await tx.allocate('team', 1));
      await tx.userRows.saveTeams([{ id, name: 'Beta', origin: 'local' }]);
    });

    await expect(office.approve(held)).rejects.toMatchObject({ code: 'plan-superseded' });
    expect((await office.approve(await office.sync())).counts).toMatchObject({ conflict: 0 });

    expect((await office.user('p000')).teams).toEqual(['Beta (hq)', 'Gamma']);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});

describe('the lease of a source', () => {
  const elsewhere = 'other-host:boot.1:4711:99';

  it('that another host holds refuses the run, until it has expired', async () => {
    await openWithMira();
    const { store } = office;
    await store.write((tx) => tx.leases.acquire('source:hq', elsewhere, 3 * minute, office.now()));
    const before = await tableDigests(store);

    await expect(office.sync()).rejects.toMatchObject({ code: 'run-in-progress' });

    expect(differingTables(before, await tableDigests(store))).toEqual([]);
    office.forward(10 * minute);
    expect(await office.sync()).toMatchObject({ state: 'done' });
  });

  it('is kept while a slow source is asked about many who are missing', async () => {
    await openWithMira();
    await office.staff.fire('jan');
    const connector = await office.deps.connector(hq);
    const heldBy: unknown[] = [];
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const confirm: typeof connector.confirm = async (kind, ids, signal) => {
      for (let step = 0; step < 5; step += 1) {
        office.forward(minute);
        vi.advanceTimersByTime(minute);
        // The renewal is written before this: writes keep their order.
        heldBy.push(
          await office.store.write((tx) => tx.leases.acquire('source:hq', elsewhere, 3 * minute, office.now())),
        );
      }
      return connector.confirm(kind, ids, signal);
    };
    const slow = {
      ...connector,
      scopeFingerprint: connector.scopeFingerprint,
      read: connector.read.bind(connector),
      confirm,
    };

    const run = await runWith('never', async () => undefined, { connector: async () => slow });

    expect(run).toMatchObject({ state: 'done', counts: { absent: 1, applied: 1 } });
    expect(heldBy).toEqual(Array.from({ length: 5 }, () => ({ heldBy: expect.any(String) })));
  });

  it('that is lost while the source is asked ends the question, and nothing is written', async () => {
    await openWithMira();
    await office.staff.fire('jan');
    const connector = await office.deps.connector(hq);
    let hasEnded = false;
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const confirm: typeof connector.confirm = async (_kind, _ids, signal) => {
      office.forward(4 * minute);
      await office.store.write((tx) => tx.leases.acquire('source:hq', elsewhere, 3 * minute, office.now()));
      vi.advanceTimersByTime(minute);
      await once(signal, 'abort');
      hasEnded = true;
      throw signal.reason;
    };
    const slow = {
      ...connector,
      scopeFingerprint: connector.scopeFingerprint,
      read: connector.read.bind(connector),
      confirm,
    };

    await expect(runWith('never', async () => undefined, { connector: async () => slow })).rejects.toMatchObject({
      code: 'lease-lost',
    });

    expect(hasEnded).toBe(true);
    expect((await office.user('jan')).enabled).toBe(true);
  });

  it('that is lost in the middle of a run stops its writing', async () => {
    await openWithMira();
    await office.staff.set('mira', 'department', 'Sales');
    const steal = (): Promise<unknown> =>
      office.store.write(async (tx) => {
        const later = office.now() + 60 * minute;
        await tx.leases.acquire('source:hq', elsewhere, minute, later as never);
      });

    await expect(runWith('applying', steal)).rejects.toMatchObject({ code: 'lease-lost' });

    expect((await office.user('mira')).values['department']).toBe('Claims');
    office.forward(120 * minute);
    expect((await office.sync()).state).toBe('done');
    expect((await office.user('mira')).values['department']).toBe('Sales');
    const open = await office.store.read.runs({ limit: 9, states: ['reading', 'planning', 'applying', 'verifying'] });
    expect(open).toEqual([]);
  });
});

describe('a fault of rosterd itself', () => {
  it('in a connector is recorded as the failed run, thrown with its stack, and the next run goes on', async () => {
    await openWithMira();
    const broken = await office.deps.connector(hq);
    const connector = () => ({
      ...broken,
      scopeFingerprint: broken.scopeFingerprint,
      read: () => {
        throw new TypeError('undefined is not a function');
      },
    });

    await expect(runWith('never', async () => undefined, { connector: connector as never })).rejects.toThrow(TypeError);

    const [run] = await office.store.read.runs({ limit: 1 });
    expect(run).toMatchObject({ state: 'failed', errorCode: 'bug' });
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});

describe('what the source says while changes are held', () => {
  it('makes the approval refused as soon as the mirror contradicts the held set', async () => {
    office = await openOffice({ pageSize: 100 });
    const logins = await office.staff.hireMany(40);
    await office.sync();
    await office.staff.disable(...logins.slice(0, 20));
    const held = await office.sync();
    await office.staff.enable(...logins.slice(0, 20));
    const stop = new AbortController();
    const emit = (event: SyncEvent): void => {
      if (event.kind === 'read:ended') stop.abort();
    };
    const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'cli', actor: 'cli:tester@lab' } as const;
    expect(await runSource({ ...office.deps, emit }, request, stop.signal)).toMatchObject({ state: 'interrupted' });

    await expect(office.approve(held)).rejects.toMatchObject({ code: 'plan-superseded' });
    expect(Object.values(await office.users()).filter((user) => user.enabled)).toHaveLength(40);
  });

  it('does not let an old hold be approved, however many dry runs came after it', async () => {
    office = await openOffice({ pageSize: 100 });
    const logins = await office.staff.hireMany(40);
    await office.sync();
    await office.staff.disable(...logins.slice(0, 20));
    const held = await office.sync();
    for (let count = 0; count < 3; count += 1) await office.dryRun();
    await office.staff.enable(...logins.slice(0, 5));
    const other = await office.sync();
    expect(other).toMatchObject({ state: 'held', counts: { held: 15 } });
    await expect(office.approve(held)).rejects.toMatchObject({
      code: 'plan-superseded',
      message: expect.stringContaining(`Run ${other.id} is the newest`),
    });
    // Nobody is sent to a hold that is over.
    const waiting = await office.store.read.runs({ states: ['held'], limit: 10, kind: 'real' });
    expect(waiting.map((run) => run.id)).toEqual([other.id]);
    await office.staff.enable(...logins.slice(0, 20));
    await office.sync();
    expect(await office.store.read.runs({ states: ['held'], limit: 10, kind: 'real' })).toEqual([]);
  });
});

describe('a link by hand while the plan is made', () => {
  it('settles the dispute for good: the plan does not write it back', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { mail: 'mira@example.test' });
    await office.staff.hireMany(3);
    await office.sync();
    await office.staff.fire('mira');
    await office.sync();
    await office.staff.hire('mira', { department: 'Sales' });
    await office.sync();
    expect(await office.findings()).toEqual(['name-of-another mira']);
    await office.staff.hire('jan');

    await runWith('planning', () => office.admin.linkUser({ user: 'mira', account: 'mira', reason }));

    expect(await office.findings()).toEqual([]);
    expect(await office.sync()).toMatchObject({ state: 'done' });
    expect(await office.user('mira')).toMatchObject({ enabled: true, values: { department: 'Sales' } });
    expect(await office.findings()).toEqual([]);
  });
});
