// An account is taken from its user between a plan and its applying: the plan was made of what the account said.

import { afterEach, describe, expect, it } from 'vitest';
import { asSourceName } from '../../src/model/ids.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { openSources, type SeveralSources, uccxText } from './several-sources.ts';
import { minute, type Office, openOffice } from './sync-fixture.ts';

let office: Office | undefined;
let sources: SeveralSources | undefined;

afterEach(async () => {
  await office?.close();
  await sources?.close();
  office = undefined;
  sources = undefined;
});

const reason = 'not his';
const requestOf = (source: string) =>
  ({ source: asSourceName(source), mode: 'full', intent: 'apply', trigger: 'cli', actor: 'cli:tester@lab' }) as const;

/** A run that is stopped when its plan stands, before anything of it is applied. */
async function dieAfterPlanning(deps: SyncDeps, source: string): Promise<void> {
  const stop = new AbortController();
  const emit = (event: SyncEvent): void => {
    if (event.kind === 'plan:judged') stop.abort(new Error('stopped'));
  };
  expect(await runSource({ ...deps, emit }, requestOf(source), stop.signal)).toMatchObject({ state: 'applying' });
}

async function openWithJan(): Promise<Office> {
  office = await openOffice();
  await office.staff.hire('jan');
  await office.staff.hire('eva');
  await office.staff.group('Zebra', ['eva']);
  await office.sync();
  office.forward(minute);
  return office;
}

describe('whoever loses an account after the plan was made', () => {
  it('is not disabled by what the account said, when the plan is resumed', async () => {
    const { staff, deps, admin, ...own } = await openWithJan();
    await staff.disable('jan');
    await staff.set('eva', 'department', 'Calls');
    await dieAfterPlanning(deps, 'hq');
    await admin.unlinkUser({ user: 'jan', account: 'jan', reason });

    expect(await own.sync()).toMatchObject({ state: 'done' });

    expect(await own.user('jan')).toMatchObject({ enabled: true, links: [] });
    expect((await own.user('eva')).values).toMatchObject({ department: 'Calls' });
    expect((await own.audit()).filter((line) => line.endsWith(' jan'))).toEqual([
      'user.created jan',
      'user.unlinked jan',
    ]);
    expect((await own.sync()).counts.planned).toBe(0);
  });

  it('gets nothing that the source would own, also when the clock was set back meanwhile', async () => {
    const { staff, deps, admin, ...own } = await openWithJan();
    await staff.join('Zebra', 'jan');
    await dieAfterPlanning(deps, 'hq');
    own.forward(-10 * minute);
    await admin.unlinkUser({ user: 'jan', account: 'jan', reason });
    await own.sync();
    expect(await own.user('jan')).toMatchObject({ teams: [], links: [] });
    // Neither given nor taken back at once.
    expect((await own.audit()).filter((line) => line.endsWith(' jan'))).toHaveLength(2);
  });

  it('also keeps what it has while the very run that planned it applies', async () => {
    const { staff, deps, admin, ...own } = await openWithJan();
    await staff.join('Zebra', 'jan');
    let unlinking: Promise<unknown> | undefined;
    const emit = (event: SyncEvent): void => {
      if (event.kind === 'phase:started' && event.phase === 'applying')
        unlinking ??= admin.unlinkUser({ user: 'jan', account: 'jan', reason });
    };
    await runSource({ ...deps, emit }, requestOf('hq'), new AbortController().signal);
    await unlinking;
    expect(await own.user('jan')).toMatchObject({ teams: [], links: [] });
  });

  it('gets no team of a stranger beside the account that is left', async () => {
    sources = await openSources({ ad: '', cc: uccxText });
    for (const source of ['ad', 'cc']) {
      await sources.staff(source).hire('zoe', { givenName: 'Zoe', sn: 'Sand' });
      await sources.staff(source).hire('ann', { givenName: 'Ann', sn: 'Smith' });
    }
    await sources.staff('cc').group('Admins', ['zoe']);
    await sources.sync('ad');
    await sources.approve(await sources.sync('cc'));
    await sources.sync('cc');
    await sources.staff('cc').join('Admins', 'ann');
    sources.forward(minute);
    await dieAfterPlanning(sources.deps, 'cc');
    await sources.admin.unlinkUser({ user: 'ann', account: 'ann', source: 'cc', reason: 'another Ann' });
    for (const source of ['cc', 'ad', 'cc']) await sources.sync(source);
    expect(await sources.user('ann')).toMatchObject({ teams: [], links: ['ad created active'] });
    expect((await sources.user('zoe')).teams).toEqual(['Admins']);
  });
});
