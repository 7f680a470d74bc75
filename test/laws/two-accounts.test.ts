// Two accounts of one source on one user, as a person may link them: each of them goes and comes back by itself.

import { afterAll, describe, expect, it } from 'vitest';
import { asUserId } from '../../src/model/ids.ts';
import { DirectoryContent } from './histories/directory.ts';
import { dropTemplate, Installation } from './histories/installation.ts';
import { hq } from './histories/office.ts';

afterAll(dropTemplate);

describe('a user with two accounts of one source', () => {
  it('keeps access while one of them is there, and loses it with the last', async () => {
    const content = new DirectoryContent(hq);
    const first = content.hire('anna');
    content.hire('somebody else');
    const at = await Installation.open([content]);
    try {
      const run = async (): Promise<unknown> => {
        at.now = (at.now + 60_000) as typeof at.now;
        const { run: ended } = await at.run(hq, { kind: 'none' });
        const [user] = await at.store.read.users([asUserId(1)]);
        return { ended: ended?.state, enabled: user?.enabled, links: user?.links.map(({ state }) => state) };
      };
      await run();
      const second = content.hire('anna.b', first.mail);
      await run();
      await at.admin.linkUser({ user: 'user:1', account: second.id, source: hq, reason: 'the same person' });
      expect(await run()).toEqual({ ended: 'done', enabled: true, links: ['active', 'active'] });
      content.leave(first);
      expect(await run()).toEqual({ ended: 'done', enabled: true, links: ['gone', 'active'] });
      content.leave(second);
      expect(await run()).toEqual({ ended: 'done', enabled: false, links: ['gone', 'gone'] });
      second.place = 'there';
      expect(await run()).toEqual({ ended: 'done', enabled: true, links: ['gone', 'active'] });
    } finally {
      await at.close();
    }
  });
});
