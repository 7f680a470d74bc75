// A directory that misbehaves: what was read is used, nothing is ever removed for it, and the next good read heals.

import { afterEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/model/errors.ts';
import { createAuthority } from '../lab/certificates.ts';
import type { Fault } from '../lab/ldap-faults.ts';
import { type Office, openOffice } from './sync-fixture.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let office: Office;

afterEach(() => office.close());

const enabledNames = async (): Promise<readonly string[]> =>
  Object.entries(await office.users()).flatMap(([name, user]) => (user.enabled ? [name] : []));

const isUserSearch = (search: { readonly filter: string; readonly base: string }): boolean =>
  search.base.startsWith('OU=People');
const isMemberSearch = (search: { readonly attributes: readonly string[] }): boolean =>
  search.attributes.includes('member');

/** With the code of the cause, which says whether to try again; a doubt about what came has none of its own. */
const partialReads: readonly (readonly [string, ErrorCode, Fault])[] = [
  ['is cut between two pages', 'source-connection-lost', { kind: 'close', page: 2, where: isUserSearch, times: 1 }],
  [
    'is cut inside of a message',
    'source-connection-lost',
    { kind: 'close', page: 2, cut: 'mid-message', afterEntries: 3, where: isUserSearch },
  ],
  ['hangs', 'source-timeout', { kind: 'hang', page: 3, where: isUserSearch, times: 1 }],
  ['ends with a size limit', 'source-limit', { kind: 'result', code: 4, page: 2, where: isUserSearch }],
  ['ends with a time limit', 'source-limit', { kind: 'result', code: 3, page: 2, where: isUserSearch }],
  ['ends as busy', 'source-busy', { kind: 'result', code: 51, page: 2, where: isUserSearch }],
  ['is garbage after the first page', 'source-protocol', { kind: 'garbage', page: 2, where: isUserSearch }],
  ['repeats records on the next page', 'source-partial', { kind: 'duplicates', entries: 2, where: isUserSearch }],
  ['repeats a page for ever', 'source-protocol', { kind: 'cookie-loop', where: isUserSearch }],
  ['simply ends early, without a word', 'source-partial', { kind: 'truncate', entries: 12, where: isUserSearch }],
  ['breaks in the groups', 'source-connection-lost', { kind: 'close', where: isMemberSearch, times: 1 }],
];

describe('a read that', () => {
  it.each(partialReads)('%s removes nobody, uses what came, and heals', async (_title, code, fault) => {
    office = await openOffice();
    await office.staff.hireMany(35);
    await office.staff.group('Alpha', ['p000', 'p034']);
    await office.sync();
    await office.staff.set('p000', 'department', 'Claims');
    await office.staff.fire('p033');
    await office.staff.leave('Alpha', 'p034');
    office.server.faults.add(fault);

    const run = await office.sync();

    expect(run.state).toBe('partial');
    expect(run.errorCode).toBe(code);
    expect(run.because).toBeTruthy();
    expect(await enabledNames()).toHaveLength(35);
    expect((await office.user('p034')).teams).toEqual(['Alpha']);
    expect((await office.user('p000')).values['department']).toBe('Claims');
    office.server.faults.clear();
    expect(await office.sync()).toMatchObject({ state: 'done' });
    expect(await enabledNames()).toHaveLength(34);
    expect((await office.user('p034')).teams).toEqual([]);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('has an empty page with a cookie in the middle is complete all the same', async () => {
    office = await openOffice();
    await office.staff.hireMany(35);
    office.server.faults.add({ kind: 'empty-page', page: 2, where: isUserSearch });

    expect(await office.sync()).toMatchObject({ state: 'done', counts: { created: 35 } });
  });

  it('cannot show one record keeps its user, with a finding that closes when it can', async () => {
    office = await openOffice();
    await office.staff.hireMany(12);
    await office.sync();
    await office.staff.set('p003', 'sAMAccountName', Buffer.from([0x70, 0xff, 0xfe]));

    const run = await office.sync();

    expect(run.state).toBe('done');
    expect((await office.findings()).map((finding) => finding.split(' ')[0])).toEqual(['record-rejected']);
    expect(await enabledNames()).toHaveLength(12);
    await office.staff.set('p003', 'sAMAccountName', 'p003');
    await office.sync();
    expect(await office.findings()).toEqual([]);
  });

  it('may not see the members of a group keeps the memberships', async () => {
    office = await openOffice();
    await office.staff.hireMany(5);
    await office.staff.group('Alpha', ['p000', 'p001']);
    await office.sync();
    office.server.faults.add({ kind: 'without-attribute', attribute: 'member', dn: office.staff.dn('Alpha') });

    await office.sync();

    // Active Directory does not tell an unreadable attribute from an empty one: the guard sees a team that loses everybody.
    expect((await office.user('p000')).teams).toEqual(['Alpha']);
    office.server.faults.clear();
    await office.sync();
    expect((await office.user('p000')).teams).toEqual(['Alpha']);
    expect(await office.sync()).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('may not see an attribute that was there keeps the values of at most a few, and holds the rest', async () => {
    office = await openOffice();
    for (let index = 0; index < 40; index += 1) await office.staff.hire(`p${index}`, { department: 'Claims' });
    await office.sync();
    office.server.faults.add({ kind: 'without-attribute', attribute: 'department' });

    await office.sync();

    expect((await office.user('p7')).values['department']).toBe('Claims');
  });

  it('finds no witness is partial', async () => {
    office = await openOffice();
    await office.staff.hireMany(5);
    await office.sync();
    await office.configure({ source: '    witnesses: [p004]\n' });
    await office.staff.fire('p004');
    await office.staff.fire('p003');

    expect(await office.sync()).toMatchObject({ state: 'partial' });

    expect(await enabledNames()).toHaveLength(5);
  });
});

describe('a directory that', () => {
  const failing: readonly (readonly [string, string, (office: Office) => Promise<void>])[] = [
    [
      'refuses the password',
      'source-credentials',
      async (at) =>
        at.staff.directory.setPassword(`CN=svc-reader,CN=Users,${at.staff.directory.baseDn}`, 'Other.Passw0rd.1!'),
    ],
    ['is not there', 'source-unreachable', async (at) => at.server.stop()],
    ['hangs at the bind', 'source-timeout', async (at) => void at.server.faults.add({ kind: 'hang', at: 'bind' })],
    [
      'has no such base',
      'source-base-not-found',
      async (at) => at.configure({ base: `OU=Nowhere,${at.staff.directory.baseDn}` }),
    ],
  ];

  it.each(failing)(
    '%s fails the run as %s, nothing else is written, and others can go on',
    async (_title, code, arrange) => {
      office = await openOffice();
      await office.staff.hireMany(3);
      await office.sync();
      await arrange(office);
      const before = await tableDigests(office.store);

      const run = await office.sync();

      expect(run).toMatchObject({ state: 'failed', errorCode: code });
      expect(run.endedAt).toBeDefined();
      expect(differingTables(before, await tableDigests(office.store))).toEqual(['counters', 'leases', 'runs']);
      expect(await enabledNames()).toHaveLength(3);
    },
  );

  it.each([
    ['expired', 'source-tls-expired'],
    ['untrusted', 'source-tls-untrusted'],
    ['of another host', 'source-tls-hostname'],
  ])('shows a certificate that is %s fails the run as %s', async (kind, code) => {
    const authority = createAuthority();
    const names = kind === 'of another host' ? ['elsewhere.test'] : ['127.0.0.1', 'localhost'];
    const past = { from: new Date('2020-01-01'), until: new Date('2021-01-01') };
    const certificate = authority.issue({ names, ...(kind === 'expired' ? past : {}) });
    office = await openOffice({ server: { certificate } });
    await office.staff.hireMany(1);
    if (kind !== 'untrusted') await office.trust(authority.cert);

    const run = await office.sync();

    expect(run).toMatchObject({ state: 'failed', errorCode: code });
    expect(await office.users()).toEqual({});
  });
});
