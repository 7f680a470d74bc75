// Pausing and resuming sync: who, why, until when, in the audit log, and nothing written twice.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { asEpochMs } from '../../src/model/ids.ts';
import { type Desk, hq, openDesk, startOfTime } from './admin-fixture.ts';
import { describeStores } from './stores.ts';

const hour = 3_600_000;

describeStores('a pause', (stores) => {
  let desk: Desk;

  beforeEach(async () => {
    desk = await openDesk(stores.kind === 'sqlite' ? undefined : await stores.fresh());
  });
  afterEach(() => desk.close());

  const pauses = (at = startOfTime) => desk.store.read.pauses(at);
  const actions = async (): Promise<readonly string[]> =>
    (await desk.entries()).map(({ action, subject, label }) => `${action} ${subject} (${label})`);

  it('of a source has a reason, an end and an entry, and is not written twice', async () => {
    const until = asEpochMs(startOfTime + 12 * hour);
    const request = { source: 'hq', reason: ' migration of\nthe domain ', until: '2026-11-01T20:00Z' };

    expect(await desk.admin.pause(request)).toEqual({
      source: hq,
      changed: true,
      summary: 'hq is paused until 2026-11-01T20:00:00.000Z: it is read, and nothing of it is applied.',
      warnings: [],
      audit: 1,
    });

    const pause = { reason: 'migration of the domain', by: 'cli:ops@console', since: startOfTime, until };
    expect(await pauses()).toEqual([{ scope: { kind: 'source', source: hq }, ...pause }]);
    expect(await desk.entries()).toMatchObject([
      { action: 'sync.paused', subject: 'source:hq', label: 'hq', payload: { before: null, after: pause } },
    ]);
    desk.at(asEpochMs(startOfTime + hour));
    expect(await desk.admin.pause(request)).toMatchObject({
      changed: false,
      summary: expect.stringContaining('already'),
    });
    expect(await actions()).toHaveLength(1);
    expect(await desk.admin.pause({ source: 'hq', reason: 'ticket 4711' })).toMatchObject({ changed: true });
    expect(await pauses()).toMatchObject([{ reason: 'ticket 4711', since: startOfTime }]);
    expect(await pauses(asEpochMs(until + 1))).toHaveLength(1);
  });

  it('that has ended begins anew', async () => {
    await desk.admin.pause({ reason: 'change freeze', until: '2h' });
    const later = asEpochMs(startOfTime + 3 * hour);
    desk.at(later);
    expect(await desk.admin.resume({})).toMatchObject({ changed: false });
    expect(await desk.admin.pause({ reason: 'change freeze' })).toMatchObject({ changed: true });
    expect(await pauses(later)).toMatchObject([{ scope: { kind: 'all' }, since: later }]);
    expect(await actions()).toEqual(['sync.paused sync (every source)', 'sync.paused sync (every source)']);
  });

  it('of all and of a source are lifted one by one, each time with what still stands', async () => {
    await desk.admin.pause({ source: 'hq', reason: 'migration' });
    await desk.admin.pause({ reason: 'change freeze' });

    const single = await desk.admin.resume({ source: 'hq' });
    expect(single).toMatchObject({ changed: true, summary: 'The pause of hq is lifted.' });
    expect(single.warnings.map(({ message }) => message)).toEqual([
      'Every source is still paused by cli:ops@console: change freeze. To lift that: rosterd resume',
    ]);
    await desk.admin.pause({ source: 'hq', reason: 'migration' });
    const all = await desk.admin.resume({});
    expect(all).toMatchObject({ changed: true, summary: 'The pause of every source is lifted.' });
    expect(all.warnings.map(({ message }) => message)).toEqual([
      'hq is still paused by cli:ops@console: migration. To lift that: rosterd resume hq',
    ]);
    expect(await desk.admin.resume({ source: 'hq' })).toMatchObject({
      summary: 'The pause of hq is lifted. The next run applies what has waited.',
      warnings: [],
    });
    expect(await pauses()).toEqual([]);
    expect((await actions())[0]).toBe('sync.resumed source:hq (hq)');
  });

  it('that is not there is said so, with what is, and nothing is written', async () => {
    await desk.admin.pause({ reason: 'change freeze' });
    const before = await actions();
    expect(await desk.admin.resume({ source: 'hq' })).toMatchObject({
      source: hq,
      changed: false,
      summary: 'hq is not paused itself.',
      warnings: [{ code: 'still-paused' }],
    });
    expect(await actions()).toEqual(before);
    expect(await pauses()).toHaveLength(1);
  });

  it('says that a run is under way', async () => {
    await desk.store.write((tx) => tx.leases.acquire('source:hq', 'other-host:boot:1:1', hour, startOfTime));
    const { warnings } = await desk.admin.pause({ reason: 'change freeze' });
    expect(warnings).toMatchObject([{ code: 'run-under-way', message: expect.stringContaining('hq') }]);
  });

  it.each([
    ['an unknown source', { source: 'hp', reason: 'x' }, 'source-unknown'],
    ['no reason', { source: 'hq', reason: ' \n' }, 'value-invalid'],
    ['an end in the past', { reason: 'x', until: '2020-01-01' }, 'value-invalid'],
  ])('refuses %s', async (_what, request, code) => {
    await expect(desk.admin.pause(request)).rejects.toMatchObject({ code });
    expect(await pauses()).toEqual([]);
  });

  it('of a source that has left the configuration can still be lifted', async () => {
    const gone = { kind: 'source', source: 'uccx-old' as typeof hq } as const;
    await desk.store.write((tx) =>
      tx.setPause({ scope: gone, reason: 'x', by: 'cli:ops@console', since: startOfTime }),
    );
    expect(await desk.admin.resume({ source: 'uccx-old' })).toMatchObject({ changed: true });
    await expect(desk.admin.resume({ source: 'uccx-old' })).rejects.toMatchObject({ code: 'source-unknown' });
  });
});
