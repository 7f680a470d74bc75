// A value that two users claim: the finding stands on both, and only the source that says so opens and closes it.

import { afterEach, expect, it } from 'vitest';
import { openSources, type SeveralSources, uccxText } from './several-sources.ts';

let sources: SeveralSources;

afterEach(() => sources.close());

it('leaves a conflict of the holder open, and ignored, when another source of the holder is synced', async () => {
  sources = await openSources({ ad: '', cc: `${uccxText}    mapping: { email: null }\n` });
  await sources.staff('ad').hire('bob', { mail: 'x@example.test' });
  await sources.staff('cc').hire('bob');
  await sources.sync('ad');
  await sources.approve(await sources.sync('cc'));
  await sources.staff('ad').hire('ann', { mail: 'ann@example.test' });
  await sources.sync('ad');
  await sources.staff('ad').set('ann', 'mail', 'x@example.test');
  await sources.sync('ad');
  const open = await sources.admin.listFindings({ state: 'open', code: 'email-conflict', limit: 10 });
  expect(open.map(({ label }) => label).sort()).toEqual(['ann', 'bob']);
  for (const { id } of open) await sources.admin.ignoreFinding({ finding: id, reason: 'known' });

  await sources.staff('cc').set('bob', 'title', 'Agent');
  for (const source of ['cc', 'ad']) {
    expect(await sources.sync(source)).toMatchObject({ counts: { findingsOpened: 0, findingsClosed: 0 } });
  }
  const ignored = await sources.admin.listFindings({ state: 'ignored', code: 'email-conflict', limit: 10 });
  expect(ignored.map(({ id }) => id)).toEqual(open.map(({ id }) => id));

  await sources.staff('ad').set('ann', 'mail', 'ann@example.test');
  await sources.sync('ad');
  expect(await sources.admin.listFindings({ state: 'ignored', limit: 10 })).toEqual([]);
});
