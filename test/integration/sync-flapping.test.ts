// A value that goes to and fro becomes a finding that names its two writers, and the finding closes by itself.

import { afterEach, describe, expect, it } from 'vitest';
import type { StoredFinding } from '../../src/admin/ports.ts';
import type { StoreReader } from '../../src/sync/ports.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { describeStores } from '../store/stores.ts';
import { day, hq, minute, type Office, openOffice } from './sync-fixture.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let office: Office;

afterEach(() => office.close());

const reason = 'agreed with the team';

const flapping = (state: 'open' | 'closed' = 'open'): Promise<readonly StoredFinding[]> =>
  office.admin.listFindings({ state, code: 'value-flapping', limit: 1_000 });

const told = async (): Promise<readonly string[]> =>
  (await flapping()).map(({ label, detail }) => `${label} ${detail['what']} ${detail['turns']}`).sort();

describeStores('flapping', (stores) => {
  it('of an attribute that toggles is told once per user and thing, grows with each turn, and closes when it is over', async () => {
    office = await openOffice(stores.kind === 'sqlite' ? {} : { location: await stores.fresh() });
    await office.staff.hire('mira', { department: 'Claims' });
    await office.staff.hire('jan', { department: 'Claims' });
    await office.sync();
    await office.staff.set('mira', 'department', 'Sales');
    await office.staff.set('jan', 'department', 'Sales');
    expect(await office.sync()).toMatchObject({ counts: { applied: 2, findingsOpened: 0 } });
    await office.staff.set('mira', 'department', 'Claims');
    const changedAt = new Date(office.now()).toISOString();

    expect(await office.sync()).toMatchObject({ counts: { applied: 1, findingsOpened: 1 } });

    const [finding] = await flapping();
    const mira = (await office.user('mira')).id;
    expect(finding).toMatchObject({ source: hq, subject: `user:${mira}/field:department`, label: 'mira' });
    expect(finding?.detail).toEqual({
      what: 'department',
      turns: 1,
      writers: [
        `sync:hq in run 2 at ${changedAt} (owner hq)`,
        `sync:hq in run 3 at ${new Date(office.now()).toISOString()} (owner hq)`,
      ],
    });
    await office.staff.set('mira', 'department', 'Sales');
    await office.sync();
    expect(await told()).toEqual(['mira department 2']);
    expect((await flapping())[0]?.id).toBe(finding?.id);
    // The last turn stays within the last ten runs for another eight.
    for (let run = 0; run < 8; run += 1) await office.sync();
    expect(await told()).toEqual(['mira department 1']);
    expect(await office.sync()).toMatchObject({ counts: { findingsClosed: 1 } });
    expect(await told()).toEqual([]);
    expect(await flapping('closed')).toHaveLength(1);
    const before = await tableDigests(office.store);
    await office.sync();
    expect(differingTables(before, await tableDigests(office.store))).toEqual(['counters', 'leases', 'runs']);
  });
});

describe('flapping', () => {
  it('is no correction that comes much later', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { department: 'Claims' });
    await office.sync();
    await office.staff.set('mira', 'department', 'Sales');
    await office.sync();
    for (let run = 0; run < 9; run += 1) await office.sync();
    await office.staff.set('mira', 'department', 'Claims');
    await office.sync();

    expect(await told()).toEqual([]);
  });

  it('names the person who enables somebody whom the source disables, again and again', async () => {
    office = await openOffice();
    await office.staff.hire('mira');
    await office.sync();
    await office.staff.disable('mira');
    await office.sync();
    for (let time = 0; time < 2; time += 1) {
      await office.admin.switchSyncOff({ user: 'mira', reason });
      await office.admin.enableUser({ user: 'mira' });
      await office.admin.switchSyncOn({ user: 'mira' });
      await office.sync();
    }

    expect(await told()).toEqual(['mira enabled 4']);
    const [finding] = await flapping();
    expect(finding?.detail['writers']).toEqual([
      expect.stringMatching(/^cli:tester@lab in audit entry \d+ at /u),
      expect.stringMatching(/^sync:hq in run 4 at /u),
    ]);
  });

  it('names the person whose pin came and went', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { department: 'Claims' });
    await office.sync();
    const target = { user: 'mira', kind: 'field', what: 'department' } as const;
    await office.admin.pin({ ...target, mode: 'keep', value: 'Own', reason });
    await office.sync();
    expect(await told()).toEqual([]);
    await office.admin.unpin(target);
    await office.sync();

    expect(await told()).toEqual(['mira department 1']);
    expect((await flapping())[0]?.detail['writers']).toEqual([
      expect.stringMatching(/^cli:tester@lab in audit entry .* \(owner local\)$/u),
      expect.stringMatching(/^sync:hq in run 3 .* \(owner hq\)$/u),
    ]);
  });

  it('is told of memberships and the main team that goes with them, not of a team that was there from the start', async () => {
    office = await openOffice();
    for (const login of ['mira', 'jan', 'eva']) await office.staff.hire(login);
    await office.staff.group('Alpha', ['mira', 'jan', 'eva']);
    await office.sync();
    await office.staff.leave('Alpha', 'mira');
    await office.sync();
    expect(await told()).toEqual([]);
    await office.staff.join('Alpha', 'mira');
    await office.sync();

    expect(await told()).toEqual(['mira main team 1', 'mira team Alpha 1']);
  });

  it('closes when retention took the entries', async () => {
    office = await openOffice({ head: 'retention: { auditPayloads: 30d }\n' });
    await office.staff.hire('mira', { department: 'Claims' });
    await office.sync();
    await office.staff.set('mira', 'department', 'Sales');
    await office.sync();
    await office.staff.set('mira', 'department', 'Claims');
    await office.sync();
    expect(await told()).toEqual(['mira department 1']);
    office.forward(31 * day);
    await office.sync();
    await office.sync();

    expect(await told()).toEqual([]);
  });

  it('is not looked for by a dry run', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { department: 'Claims' });
    await office.sync();
    await office.staff.set('mira', 'department', 'Sales');
    await office.sync();
    await office.staff.set('mira', 'department', 'Claims');
    expect(await office.dryRun()).toMatchObject({ counts: { planned: 1, findingsOpened: 0 } });
    expect(await told()).toEqual([]);
  });

  it('costs a first import two questions and an idle run one, and asks for the histories of those with a past only', async () => {
    office = await openOffice({ pageSize: 500 });
    const logins = await office.staff.hireMany(300);
    await office.admin.createUser({ username: 'local', fields: {} });
    const asked: string[] = [];
    const { read } = office.store;
    const counted: StoreReader = {
      ...read,
      openFindings: (...question) => note('open', read.openFindings(...question)),
      usersAudited: (...question) => note('users', read.usersAudited(...question)),
      usersAuditedTwice: (...question) => note('twice', read.usersAuditedTwice(...question)),
      auditedChanges: (users, after) => note(`changes of ${users.length}`, read.auditedChanges(users, after)),
    };
    const note = <T>(what: string, answer: Promise<T>): Promise<T> => {
      asked.push(what);
      return answer;
    };
    const sync = async (): Promise<readonly string[]> => {
      asked.length = 0;
      office.forward(minute);
      const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'cli', actor: 'cli:tester@lab' } as const;
      await runSource(
        { ...office.deps, store: { ...office.store, read: counted } },
        request,
        new AbortController().signal,
      );
      return [...asked];
    };

    // The one entry from before the import is the smaller side.
    expect(await sync()).toEqual(['open', 'users']);
    expect(await sync()).toEqual(['open']);
    await office.staff.set('p000', 'department', 'Sales');
    await office.staff.hire('joiner');
    expect(await sync()).toEqual(['open', 'twice', 'changes of 1']);
    for (const login of logins) await office.staff.set(login, 'telephoneNumber', '+420 1');
    expect(await sync()).toEqual(['open', 'twice', 'changes of 200', 'changes of 100']);
  });
});
