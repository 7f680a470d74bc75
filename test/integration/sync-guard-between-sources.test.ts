// What the guard of one source holds does not come true by way of another one, and a source that nobody reads any more lets nobody in.

import { afterEach, describe, expect, it } from 'vitest';
import { openSources, type SeveralSources, uccxText } from './several-sources.ts';

let centre: SeveralSources | undefined;

afterEach(async () => {
  await centre?.close();
  centre = undefined;
});

/** Runs of all until nothing changes; what first runs hold is approved. */
async function settle(at: SeveralSources, ...sources: readonly string[]): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    for (const source of sources) {
      const run = await at.sync(source);
      if (run.state === 'held') await at.approve(run);
    }
  }
}

const enabledOf = async (at: SeveralSources): Promise<number> =>
  Object.values(await at.users()).filter(({ enabled }) => enabled).length;

const names = (count: number, prefix = 'p'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('what one source holds', () => {
  it('is not applied by the one whose value would take its place', async () => {
    centre = await openSources({ ad: '', cc: uccxText });
    for (const name of names(25)) {
      await centre.staff('ad').hire(name, { department: 'Claims' });
      await centre.staff('cc').hire(name, { department: 'Calls' });
    }
    for (const name of names(75, 'q')) await centre.staff('cc').hire(name);
    await settle(centre, 'ad', 'cc');
    for (const name of names(25)) await centre.staff('ad').set(name, 'department');
    const held = await centre.sync('ad');
    expect(held).toMatchObject({ state: 'held', holds: [{ kind: 'field-changed', of: 'department' }] });
    expect(await centre.sync('cc')).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect((await centre.user('p0')).values['department']).toBe('Claims');

    await centre.approve(held);
    await settle(centre, 'cc', 'ad');
    expect((await centre.user('p0')).values['department']).toBe('Calls');
  });

  it('is not applied by another one that has a vote', async () => {
    const vote = '    lifecycle: vote\n    correlation: [email]\n';
    centre = await openSources({ c1: vote, c2: vote });
    for (const name of names(200)) await centre.staff('c1').hire(name);
    for (const name of names(8)) await centre.staff('c2').hire(name);
    await settle(centre, 'c1', 'c2');
    await centre.staff('c1').disable(...names(8));
    await centre.sync('c1');
    await centre.staff('c2').disable(...names(8));
    const held = await centre.sync('c2');
    expect(held).toMatchObject({ state: 'held', holds: [{ kind: 'access-loss', count: 8 }] });
    expect(await centre.dryRun('c1')).toMatchObject({ counts: { planned: 0 } });
    expect(await centre.sync('c1')).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(await enabledOf(centre)).toBe(200);

    await centre.approve(held);
    expect(await enabledOf(centre)).toBe(192);
    expect(await centre.sync('c1')).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});

describe('a directory that was taken out of the configuration', () => {
  it('leaves shut out whom it had shut out, and in whom it had let in', async () => {
    centre = await openSources({ ad: '', cc: uccxText });
    for (const name of names(60)) {
      await centre.staff('ad').hire(name);
      await centre.staff('cc').hire(name);
    }
    await settle(centre, 'ad', 'cc');
    await centre.staff('ad').disable(...names(30));
    await settle(centre, 'ad', 'cc');
    expect(await enabledOf(centre)).toBe(30);

    await centre.configure({ cc: uccxText });
    expect(await centre.sync('cc')).toMatchObject({ state: 'done', holds: [] });
    expect(await enabledOf(centre)).toBe(30);
    expect((await centre.admin.explainUser('p0')).enabled).toMatchObject({ because: 'source-not-configured' });

    await centre.staff('cc').fire('p59');
    await centre.sync('cc');
    expect((await centre.user('p59')).enabled).toBe(true);
  });
});
