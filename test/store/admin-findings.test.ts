// Findings for others, on both stores: the to-do list of a source, as rows, CSV and Markdown.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findingCodes } from '../../src/model/finding.ts';
import { outwardText } from '../../src/model/finding-outward.ts';
import { asAccountKey, asEpochMs, asExternalId, asSourceName, asUserId } from '../../src/model/ids.ts';
import { type Desk, hq, openDesk, startOfTime } from './admin-fixture.ts';
import { stores } from './admin-stores.ts';

const cc = asSourceName('cc');

it('asks others in words that need no rosterd', () => {
  const codes = Object.keys(findingCodes) as (keyof typeof findingCodes)[];
  const texts = codes.flatMap((code) => outwardText(code) ?? []);
  expect(texts.filter((text) => /rosterd|`|createUsers|sync|link|quarantine|mirror|pin\b/iu.test(text))).toEqual([]);
  expect(texts.length).toBeGreaterThan(20);
  expect(outwardText('plan-held')).toBeUndefined();
});

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

describe.each(stores)('findings for others on $name', ({ start }) => {
  let desk: Desk;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const place = await start();
    stop = place.stop;
    desk = await openDesk(place.location);
    await desk.store.write(async (tx) => {
      const seen = { digest: 'd', presence: { state: 'present' }, matchKeys: {}, isNewDn: true } as const;
      const record = { status: 'enabled', unread: [] } as const;
      const saved = (key: number, name: string, dn?: string, attributes = {}) => ({
        ...seen,
        key: asAccountKey(key),
        account: { ...record, id: asExternalId(`g-${key}`), name, attributes, ...(dn === undefined ? {} : { dn }) },
      });
      await tx.mirror.saveAccounts(hq, [
        saved(41, 'twin', 'CN=Twin|Pipe,DC=example', { uid: ['twin'] }),
        saved(42, 'agent', undefined, { uid: ['agent'], agentid: ['0042'] }),
      ]);
      await tx.userRows.addLinks([
        {
          user: asUserId(3),
          account: asAccountKey(42),
          source: hq,
          state: 'active',
          rule: 'manual',
          since: startOfTime,
        },
      ]);
      const note = (code: keyof typeof findingCodes, subject: string, label: string, detail = {}, source = hq) =>
        tx.findings.reconcile([], [{ code, source, subject, label, detail }], { now: startOfTime, codes: [] });
      await note('email-conflict', 'user:1', 'mira.novak', { value: '=cmd|x', holder: 'jan.capek' });
      await note('disputed-match', 'account:hq/g-41', 'twin', {
        rule: 'usernameWithoutDomain',
        key: 'twin',
        users: ['a', 'b'],
      });
      await note('email-conflict', 'user:2', 'jan.capek', { value: 'x', claimant: 'mira.novak' });
      await note('agent-id-missing', 'user:3/hq', 'eva.local', { account: 'agent', id: 'g-42' });
      await note('team-without-members', 'team:2', 'Sales', { groups: ['Sales in hq'] });
      await note('plan-held', 'source:hq', 'hq', { run: 1, changes: 2 });
      await note('email-invalid', 'user:4', 'x4711', {}, cc);
    });
  });
  afterAll(async () => {
    await desk?.close();
    await stop?.();
  });

  it('groups them by what to do, with names and what the system calls them', async () => {
    const rows = [];
    for await (const { code, name, id, facts } of desk.admin.outwardFindings('hq')) rows.push([code, name, id, facts]);
    expect(rows).toEqual([
      [
        'disputed-match',
        'twin',
        'CN=Twin|Pipe,DC=example',
        'shared value: twin; compared by: user name without domain; people: a, b',
      ],
      ['email-conflict', 'Míra Novák', 'mira.novak', 'belongs to: jan.capek; value: =cmd|x'],
      ['email-conflict', 'Čapek', 'jan.capek', 'also given to: mira.novak; value: x'],
      ['agent-id-missing', 'eva.local', '0042', ''],
      ['team-without-members', 'Sales', '', 'groups: Sales in hq'],
    ]);
    expect(await desk.admin.countInward('hq')).toBe(1);
  });

  it('writes CSV that no spreadsheet runs, and says dates as days', async () => {
    const lines = (await textOf(desk.admin.exportOutward('hq', 'csv'))).split('\r\n');
    expect(lines[0]).toBe('task,name,id,since,details,number');
    expect(lines).toHaveLength(7);
    expect(lines[2]).toMatch(/^Somebody else has this e-mail address\. Please .*,Míra Novák,mira\.novak,2026-11-01,/u);
    const plain = await textOf(desk.admin.exportFindings({ state: 'any', source: 'hq' }, 'csv'));
    expect(plain.split('\r\n')).toHaveLength(8);
    expect(plain).toContain(',plan-held,hq,hq,open,2026-11-01T08:00:00.000Z,');
  });

  it('writes Markdown with a heading and a table for each task', async () => {
    const text = await textOf(desk.admin.exportOutward('hq', 'md'));
    expect(text).toContain('# To do in hq, 2026-11-01\n');
    expect(text.match(/^## .*/gmu)).toEqual([
      '## Several people could be meant by this account',
      '## Somebody else has this e-mail address',
      '## Without an agent ID the calls of this agent cannot be matched',
      '## Nobody is in this team',
    ]);
    expect(text).toContain('| name | id | since | details | number |\n| --- | --- | --- | --- | --- |\n');
    expect(text).toContain('| twin | CN=Twin\\|Pipe,DC=example | 2026-11-01 |');
    expect(text).not.toMatch(/rosterd|`rosterd/u);
  });

  it('leaves out what is ignored, and what is of another source', async () => {
    const [finding] = await desk.admin.listFindings({ state: 'open', code: 'agent-id-missing', limit: 1 });
    await desk.admin.ignoreFinding({ finding: finding?.id ?? 0, reason: 'test agent', until: '1d' });
    expect(await textOf(desk.admin.exportOutward('hq', 'md'))).not.toContain('0042');
    desk.at(asEpochMs(startOfTime + 2 * 86_400_000));
    expect(await textOf(desk.admin.exportOutward('hq', 'md'))).toContain('0042');
    await expect(textOf(desk.admin.exportOutward('hg', 'md'))).rejects.toMatchObject({ code: 'source-unknown' });
  });
});

describe('findings for others, page after page', () => {
  it('has all of them, each once', async () => {
    const desk = await openDesk();
    try {
      const findings = Array.from({ length: 1_203 }, (_, index) => ({
        code: 'email-invalid' as const,
        source: hq,
        subject: `account:hq/n${index}`,
        label: `n${index}`,
        detail: {},
      }));
      await desk.store.write((tx) => tx.findings.reconcile([], findings, { now: startOfTime, codes: [] }));
      const names = new Set<string>();
      for await (const { name } of desk.admin.outwardFindings('hq')) names.add(name);
      expect(names.size).toBe(1_203);
      const csv = await textOf(desk.admin.exportFindings({ state: 'open' }, 'csv'));
      expect(new Set(csv.trim().split('\r\n')).size).toBe(1_204);
    } finally {
      await desk.close();
    }
  });
});
