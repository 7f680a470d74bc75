// Access that hung on one source only: it comes back neither silently with an unlinked account nor ever by a detach.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSources, type SeveralSources, uccxText } from './several-sources.ts';

let sources: SeveralSources;

/** ann and bob in both; the directory has disabled ann, and nothing but it has a say. */
beforeEach(async () => {
  sources = await openSources({ ad: '', cc: uccxText });
  for (const source of ['ad', 'cc'])
    for (const login of ['ann', 'bob']) await sources.staff(source).hire(login, { givenName: login, sn: 'Smith' });
  await sources.sync('ad');
  await sources.approve(await sources.sync('cc'));
  await sources.staff('ad').disable('ann');
  for (const source of ['ad', 'cc']) await sources.sync(source);
  expect((await sources.user('ann')).enabled).toBe(false);
});

afterEach(() => sources.close());

describe('whoever is disabled by the directory', () => {
  it('gets no access when the directory is detached, before a person gives it back', async () => {
    await sources.configure({ cc: uccxText });
    await sources.sync('cc');
    const preview = await sources.admin.previewDetach({ source: 'ad' });
    expect(preview.counts.staysDisabled).toBe(1);
    expect(preview.warnings.map(({ code }) => code)).toEqual(['other-sources', 'stays-disabled']);

    expect((await sources.admin.detachSource({ source: 'ad', reason: 'closed' })).counts).toEqual(preview.counts);

    for (const _time of [1, 2]) expect(await sources.sync('cc')).toMatchObject({ state: 'done' });
    expect(await sources.user('ann')).toMatchObject({ enabled: false, links: ['cc username active'] });
    expect((await sources.user('bob')).enabled).toBe(true);
    const [ann] = await sources.store.read.users([(await sources.user('ann')).id as never]);
    expect(ann?.adminHold).toMatchObject({ by: 'cli:tester@lab', reason: 'was disabled when ad was detached: closed' });

    await sources.admin.enableUser({ user: 'ann' });
    await sources.sync('cc');
    expect((await sources.user('ann')).enabled).toBe(true);
  });

  it('stays disabled by a pin that ends after the detach', async () => {
    await sources.admin.pin({ user: 'ann', kind: 'enabled', what: 'no', mode: 'keep', reason: 'x' });
    await sources.configure({ cc: uccxText });
    await sources.admin.detachSource({ source: 'ad', reason: 'closed' });
    await sources.admin.unpin({ user: 'ann', kind: 'enabled' });
    await sources.sync('cc');
    expect((await sources.user('ann')).enabled).toBe(false);
  });

  it('gets it with an unlinked account, as the person who takes it away is told', async () => {
    const report = await sources.admin.unlinkUser({ user: 'ann', account: 'ann', source: 'ad', reason: 'a namesake' });
    const told = report.warnings.find(({ code }) => code === 'access-returns')?.message;
    expect(told).toContain('The next run of cc gives ann access again');
    expect(told).toContain('rosterd user disable ann');
    await sources.sync('cc');
    expect((await sources.user('ann')).enabled).toBe(true);
    const other = await sources.admin.unlinkUser({ user: 'bob', account: 'bob', source: 'ad', reason: 'a namesake' });
    expect(other.warnings.map(({ code }) => code)).not.toContain('access-returns');
  });
});
