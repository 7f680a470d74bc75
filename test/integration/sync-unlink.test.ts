// Accounts taken away by hand, given to somebody new, and sources let go: what the next runs make of it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asSourceName, type SourceName } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { hq, minute, type Office, openOffice } from './sync-fixture.ts';

const west = asSourceName('west');
let office: Office;
let westUnit: string;

beforeEach(async () => {
  office = await openOffice({ pageSize: 200 });
  westUnit = await office.staff.unit('West');
  await bothSources();
});

afterEach(() => office.close());

/** `hq` decides who is enabled; `west` knows some of the same people, matched by e-mail, with a department of its own. */
const bothSources = (): Promise<void> =>
  office.configure({
    source: `  - name: west
    type: active-directory
    connection:
      servers: ["${office.server.url}"]
      tls: { caFile: ca.pem }
      bind: { user: "${office.server.reader.user}", password: { file: password } }
    users: { base: "${westUnit}" }
    groups: { base: "${westUnit}" }
    correlation: [email]
    lifecycle: none
`,
  });

const sync = (source: SourceName = hq): Promise<Run> => {
  office.forward(minute);
  const request = { source, mode: 'full', intent: 'apply', trigger: 'cli', actor: 'cli:tester@lab' } as const;
  return runSource(office.deps, request, new AbortController().signal);
};

/** mira and jan in hq, mira in west too; each source gives her a team. */
async function staffed(): Promise<void> {
  await office.staff.hire('mira', { department: 'Claims', title: 'Agent' });
  await office.staff.hire('jan');
  await office.staff.group('Zebra', ['mira', 'jan']);
  await sync();
  await office.staff.hire('w-mira', { mail: 'mira@example.test', givenName: 'mira', department: 'Calls' }, westUnit);
  await office.staff.hire('w-eva', {}, westUnit);
  await office.approve(await sync(west));
  await office.staff.group('Lions', ['w-mira', 'w-eva']);
  await office.staff.move('Lions', westUnit);
  await sync(west);
  await sync();
  expect(await office.user('mira')).toMatchObject({ teams: ['Lions', 'Zebra'], main: 'Zebra' });
  expect((await sync(west)).counts.planned).toBe(0);
}

async function findingId(code: string): Promise<number> {
  const found = await office.admin.listFindings({ state: 'open', limit: 100 });
  return found.find((finding) => finding.code === code)?.id ?? Number.NaN;
}

describe('an account that was taken from its user', () => {
  it('leaves somebody without any account as it was, whatever the source says of it then', async () => {
    await staffed();
    await office.admin.unlinkUser({ user: 'jan', account: 'jan', reason: 'not his' });
    await office.staff.disable('jan');
    await office.staff.set('jan', 'department', 'Gone');

    expect(await sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });

    expect(await office.findings()).toEqual(['unlinked-account jan']);
    expect(await office.user('jan')).toMatchObject({
      enabled: true,
      links: [],
      teams: ['Zebra (local)'],
      main: 'Zebra',
      values: { username: 'jan (local)', email: 'jan@example.test (local)' },
    });
    expect(await sync()).toMatchObject({ counts: { planned: 0, findingsOpened: 0 } });
  });

  it('takes along what only it gave, and what another source gives comes in its place', async () => {
    await staffed();
    const report = await office.admin.unlinkUser({ user: 'mira', account: 'mira', source: 'hq', reason: 'a namesake' });
    expect(report.warnings).toMatchObject([{ code: 'goes-with-next-run' }]);
    expect(report.warnings[0]?.message).toContain('title');
    expect(report.warnings[0]?.message).toContain('team Zebra');

    await sync();
    expect(await office.user('mira')).toMatchObject({ teams: ['Lions', 'Zebra'], values: { department: 'Claims' } });
    await sync(west);

    const mira = await office.user('w-mira');
    expect(mira).toMatchObject({ enabled: true, links: ['west email active'], teams: ['Lions'], main: 'Lions' });
    expect(mira.values).toMatchObject({ department: 'Calls', email: 'mira@example.test' });
    expect(mira.values).not.toHaveProperty('title');
    expect((await sync(west)).counts.planned).toBe(0);
    expect((await sync()).counts.planned).toBe(0);
    expect(await office.findings()).toEqual(['unlinked-account mira']);
  });

  it('is linked by no rule when it comes back after it was gone', async () => {
    await staffed();
    await office.admin.unlinkUser({ user: 'jan', account: 'jan', reason: 'not his' });
    const bringBack = office.server.faults.add({ kind: 'hidden-entry', dn: office.staff.dn('jan') });
    await sync();
    expect(await office.findings()).toEqual([]);
    bringBack();
    await sync();
    await sync();
    expect(await office.findings()).toEqual(['unlinked-account jan']);
    expect((await office.user('jan')).links).toEqual([]);
  });

  it('goes back to its user with a link, and the source speaks again', async () => {
    await staffed();
    await office.admin.unlinkUser({ user: 'jan', account: 'jan', reason: 'not his' });
    await sync();
    await office.admin.resolveFinding({
      finding: await findingId('unlinked-account'),
      as: { kind: 'link', user: 'jan' },
      reason: 'it is his after all',
    });
    expect(await office.findings()).toEqual([]);
    await sync();
    expect(await office.user('jan')).toMatchObject({
      links: ['hq manual active'],
      values: { username: 'jan', email: 'jan@example.test' },
    });
    expect((await sync()).counts.planned).toBe(0);
  });

  it('becomes a user of its own: created at once, filled by the next run', async () => {
    await staffed();
    await office.admin.unlinkUser({ user: 'jan', account: 'jan', reason: 'another Jan' });
    await office.staff.set('jan', 'mail', 'other@example.test');
    await sync();
    const finding = await findingId('unlinked-account');
    const as = { kind: 'new', username: 'jan2' } as const;
    await office.admin.resolveFinding({ finding, as, reason: 'another Jan' });
    expect(await office.user('jan2')).toMatchObject({ enabled: false, teams: [], links: ['hq manual active'] });

    expect(await sync()).toMatchObject({ state: 'done' });

    expect(await office.user('jan2')).toMatchObject({
      enabled: true,
      origin: 'hq',
      teams: ['Zebra'],
      main: 'Zebra',
      values: { username: 'jan2 (local)', email: 'other@example.test', firstName: 'jan' },
    });
    expect(await office.user('jan')).toMatchObject({ links: [], teams: ['Zebra (local)'] });
    expect(await office.findings()).toEqual([]);
    expect((await sync()).counts.planned).toBe(0);
    expect((await sync(west)).counts.planned).toBe(0);
  });
});

describe('a source that was detached', () => {
  it('leaves its users to themselves and to their other sources, and no run changes them', async () => {
    await staffed();
    await office.configure({});
    const report = await office.admin.detachSource({ source: 'west', reason: 'shut down' });
    expect(report.counts).toMatchObject({ users: 2, unsynced: 1, teams: 1 });

    expect(await sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });

    expect(await office.user('w-eva')).toMatchObject({
      enabled: true,
      links: [],
      teams: ['Lions (local)'],
      main: 'Lions',
    });
    expect(await office.user('mira')).toMatchObject({
      links: ['hq created active'],
      teams: ['Lions (local)', 'Zebra'],
      values: { department: 'Claims' },
    });
    expect((await office.admin.leftSources()).length).toBe(0);
    await expect(office.admin.detachSource({ source: 'west', reason: 'again' })).rejects.toMatchObject({
      code: 'source-unknown',
    });
  });

  it('may come back under the same name: its users are found again by the rules', async () => {
    await staffed();
    await office.configure({});
    await office.admin.detachSource({ source: 'west', reason: 'moved' });
    await sync();
    await bothSources();
    const first = await sync(west);
    expect(first).toMatchObject({ state: 'held' });
    // What it holds names a team that it has made itself, and is the same to the next run and to an approval.
    expect(await sync(west)).toMatchObject({ state: 'held', heldRunId: first.id });
    await office.approve(first);
    expect(await office.user('mira')).toMatchObject({ links: ['hq created active', 'west email active'] });
    expect(await office.user('w-eva')).toMatchObject({
      links: ['west email active'],
      teams: ['Lions (local)', 'Lions (west)'],
    });
  });
});
