import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asUserId } from '../../src/model/ids.ts';
import { type Desk, hq, openDesk, startOfTime } from './admin-fixture.ts';
import { stores } from './admin-stores.ts';

describe.each(stores)('admin reads on $name', ({ start }) => {
  let desk: Desk;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const place = await start();
    stop = place.stop;
    desk = await openDesk(place.location);
    await desk.store.write(async (tx) => {
      await tx.userRows.addRoles([{ user: asUserId(1), role: 'Supervisor', owner: hq }]);
      await tx.findings.reconcile(
        ['user:1', 'user:2'],
        [
          { code: 'email-conflict', source: hq, subject: 'user:1', label: 'mira.novak', detail: { value: 'x' } },
          { code: 'phone-invalid', source: hq, subject: 'user:2', label: 'jan.capek', detail: {} },
        ],
        { now: startOfTime, codes: ['email-conflict', 'phone-invalid'] },
      );
    });
    for (const value of ['1', '2', '3']) await desk.admin.setAttribute({ user: 'eva.local', name: 'locker', value });
    await desk.admin.setAttribute({ user: 'mira.novak', name: 'note', value: '=HYPERLINK("x")' });
  });
  afterAll(async () => {
    await desk?.close();
    await stop?.();
  });

  const names = async (request: Partial<Parameters<Desk['admin']['listUsers']>[0]>): Promise<string[]> =>
    (await desk.admin.listUsers({ limit: 50, ...request })).users.map((user) => user.username);

  it('lists users by name, page by page, with the total', async () => {
    const first = await desk.admin.listUsers({ limit: 3 });
    expect(first).toMatchObject({ total: 4, next: 'mira.novak' });
    const second = await desk.admin.listUsers({ limit: 3, after: first.next ?? '' });
    expect([...first.users, ...second.users].map((user) => user.username)).toEqual([
      'eva.local',
      'jan.capek',
      'mira.novak',
      'x4711',
    ]);
    expect(second.next).toBeUndefined();
  });

  it('filters by team, role, source, enabled and text in any case', async () => {
    expect(await names({ team: 'SALES' })).toEqual(['mira.novak']);
    expect(await names({ role: 'supervisor' })).toEqual(['mira.novak']);
    expect(await names({ source: 'local' })).toEqual(['eva.local']);
    expect(await names({ source: 'hq', enabled: false })).toEqual(['jan.capek']);
    expect(await names({ search: 'ČAPEK' })).toEqual(['jan.capek']);
    expect(await names({ search: 'míra nov' })).toEqual(['mira.novak']);
    expect(await names({ search: '%' })).toEqual([]);
    expect(await names({ sync: 'on' })).toHaveLength(4);
    expect((await desk.admin.listUsers({ search: 'example', limit: 1 })).total).toBe(3);
    await expect(names({ source: 'hp' })).rejects.toMatchObject({ code: 'source-unknown', detail: { nearest: 'hq' } });
  });

  it('lists findings with their counts', async () => {
    const all = await desk.admin.listFindings({ state: 'open', limit: 10 });
    expect(all.map((finding) => finding.code)).toEqual(['email-conflict', 'phone-invalid']);
    expect(all[0]).toMatchObject({ openedAt: startOfTime, detail: { value: 'x' }, source: 'hq' });
    expect(await desk.admin.listFindings({ state: 'open', code: 'phone-invalid', limit: 10 })).toHaveLength(1);
    expect(await desk.admin.listFindings({ state: 'closed', limit: 10 })).toEqual([]);
    expect(await desk.admin.listFindings({ state: 'any', limit: 10, after: all[0]?.id ?? 0 })).toHaveLength(1);
    expect(await desk.admin.countFindings()).toEqual([
      { code: 'email-conflict', open: 1 },
      { code: 'phone-invalid', open: 1 },
    ]);
  });

  it('lists teams with their members', async () => {
    expect((await desk.admin.listTeams({ search: 's' })).map(({ name, members }) => [name, members])).toEqual([
      ['Sales', 1],
      ['Support', 1],
    ]);
  });

  it('lists the audit log newest first and by user, action and time', async () => {
    const seqs = async (request: Parameters<Desk['admin']['audit']>[0]): Promise<number[]> => {
      const found: number[] = [];
      for await (const record of await desk.admin.audit(request)) found.push(record.seq);
      return found;
    };
    expect(await seqs({})).toEqual([4, 3, 2, 1]);
    expect(await seqs({ limit: 2 })).toEqual([4, 3]);
    expect(await seqs({ user: 'eva.local' })).toEqual([3, 2, 1]);
    expect(await seqs({ action: 'user.' })).toHaveLength(4);
    expect(await seqs({ action: 'user.sync-off' })).toEqual([]);
    expect(await seqs({ from: '2026-11-01', to: '2026-11-01' })).toHaveLength(4);
    expect(await seqs({ to: '2026-10-31' })).toEqual([]);
  });

  it('exports the log oldest first; spreadsheets run nothing of it', async () => {
    const read = async (format: 'csv' | 'jsonl'): Promise<string> => {
      let text = '';
      for await (const piece of await desk.admin.exportAudit({}, format)) text += piece;
      return text;
    };
    const lines = (await read('jsonl'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.seq)).toEqual([1, 2, 3, 4]);
    expect(lines[1].payload.parts).toEqual([
      { part: 'attribute', name: 'locker', owner: 'local', before: '1', after: '2' },
    ]);
    const csv = await read('csv');
    expect(csv.split('\r\n')[0]).toBe('seq,at,actor,action,subject,label,userId,runId,payload,payloadHash,mac');
    expect(csv.split('\r\n')).toHaveLength(6);
  });

  it('leaves a whole chain behind', async () => {
    expect(await desk.store.verifyAudit()).toMatchObject({ ok: true, entries: 4 });
  });
});
