// A source that finds its users by the accounts of another one is planned only after it.
import { afterEach, describe, expect, it } from 'vitest';
import { inSyncOrder } from '../../src/admin/sync-order.ts';
import { asSourceName } from '../../src/model/ids.ts';
import { openSources, type SeveralSources, uccxText } from './several-sources.ts';

let centre: SeveralSources | undefined;
afterEach(async () => {
  await centre?.close();
  centre = undefined;
});

const after = `${uccxText}    correlateAfter: [ad]\n`;

async function open(): Promise<SeveralSources> {
  centre = await openSources({ uccx: after, ad: '' });
  for (const source of ['uccx', 'ad']) await centre.staff(source).hire('bea', { givenName: 'Bea', sn: 'Brown' });
  await centre.staff('uccx').hire('eva', { givenName: 'Eva', sn: 'Lee' });
  return centre;
}

const waiting = {
  state: 'paused',
  read: 'complete',
  errorCode: 'waits-for-source',
  because: 'uccx waits for a complete read of ad (correlateAfter)',
};

describe('correlateAfter', () => {
  it('reads, plans nothing, and finds everybody once the other source has been read', async () => {
    const at = await open();
    for (const run of [await at.dryRun('uccx'), await at.sync('uccx')]) {
      expect(run).toMatchObject({ ...waiting, counts: { accountsRead: 2, planned: 0 } });
    }
    expect(await at.users()).toEqual({});
    await at.sync('ad');
    const first = await at.sync('uccx');
    // It is its first run all the same: what it links waits for a person, whom it creates does not.
    expect(first).toMatchObject({ state: 'held', counts: { created: 1, held: 1 } });
    await at.approve(first);
    expect((await at.user('bea')).links).toEqual(['uccx username active', 'ad created active']);
    expect((await at.user('eva')).links).toEqual(['uccx created active']);
    expect(await at.sync('uccx')).toMatchObject({ state: 'done' });
  });

  it('waits again while the other source was not read by its present match keys', async () => {
    const at = await open();
    await at.sync('ad');
    await at.approve(await at.sync('uccx'));
    await at.configure({ uccx: after, ad: '    matchKeys: { employeeId: employeeNumber }\n' });
    expect(await at.sync('uccx')).toMatchObject(waiting);
    await at.sync('ad');
    expect(await at.sync('uccx')).toMatchObject({ state: 'done' });
    // What decides only what becomes of its users is no reason to wait.
    await at.configure({ uccx: after, ad: '    matchKeys: { employeeId: employeeNumber }\n    onLeave: withdraw\n' });
    expect(await at.sync('uccx')).toMatchObject({ state: 'done' });
  });

  it('waits for a complete read: one that broke off is none', async () => {
    const at = await open();
    await at.configure({ uccx: after, ad: '    expectAtLeast: 5\n' });
    expect(await at.sync('ad')).toMatchObject({ state: 'partial' });
    expect(await at.sync('uccx')).toMatchObject(waiting);
    await at.configure({ uccx: after, ad: '' });
    await at.sync('ad');
    expect(await at.sync('uccx')).toMatchObject({ state: 'held' });
  });

  it('waits for a plan of the other source: one that is paused has made no users yet', async () => {
    const at = await open();
    const ad = { kind: 'source', source: asSourceName('ad') } as const;
    const pause = { scope: ad, reason: 'change freeze', by: 'cli:anna@host', since: at.deps.clock.now() };
    await at.store.write((tx) => tx.setPause(pause));
    expect(await at.sync('ad')).toMatchObject({ state: 'paused', read: 'complete' });
    expect(await at.sync('uccx')).toMatchObject(waiting);
    await at.store.write((tx) => tx.liftPause(ad));
    await at.sync('ad');
    expect(await at.sync('uccx')).toMatchObject({ state: 'held' });
  });
});

describe('the order of all sources', () => {
  const source = (name: string, ...correlateAfter: string[]) => ({
    name: asSourceName(name),
    correlateAfter: correlateAfter.map(asSourceName),
  });

  it('is that of the configuration where nobody waits', () => {
    expect(inSyncOrder([source('b'), source('a'), { name: asSourceName('c') }])).toEqual(['b', 'a', 'c']);
  });

  it('has each source after those that it waits for', () => {
    const order = inSyncOrder([source('uccx', 'ad', 'ucce'), source('ucce', 'ad'), source('ad'), source('z')]);
    expect(order).toEqual(['ad', 'ucce', 'uccx', 'z']);
  });
});
