// Every trap of ldapts and of Active Directory that was measured, on the scripted server: each has its name here.
import { MessageParser } from 'ldapts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ReadOutcome } from '../../src/connector.ts';
import { asExternalId } from '../../src/model/ids.ts';
import { adConnector, type SourceChange } from '../contract/ad-source.ts';
import { accountsOf, type Collected, collect, membersOf } from '../contract/connector-contract.ts';
import { bytesToGuid } from '../lab/ad-values.ts';
import { addGroup, addUnit, addUser } from '../lab/directory.ts';
import { oddValues } from '../lab/ldap-faults.ts';
import { type LdapServer, startLdapServer } from '../lab/ldap-server.ts';

const people = 25;
const crowd = 3_100;
const never = new AbortController().signal;
let server: LdapServer;
let unit: string;
let groupUnit: string;
let users: string[];

beforeAll(async () => {
  server = await startLdapServer();
  const { directory } = server;
  unit = await addUnit(directory, directory.baseDn, 'People');
  groupUnit = await addUnit(directory, directory.baseDn, 'Teams');
  const crowdUnit = await addUnit(directory, directory.baseDn, 'Crowd');
  users = [];
  for (let index = 0; index < people; index += 1)
    users.push(await person(`p${index}`, { mail: `p${index}@example.test` }));
  const everybody: string[] = [];
  for (let index = 0; index < crowd; index += 1) everybody.push(await person(`c${index}`, {}, crowdUnit));
  await addGroup(directory, { parentDn: groupUnit, name: 'Crowd', members: everybody });
  await addGroup(directory, { parentDn: groupUnit, name: 'Empty' });
  await addGroup(directory, { parentDn: groupUnit, name: 'Small', members: users.slice(0, 3) });
});
afterEach(() => server.faults.clear());
afterAll(() => server?.stop());

const person = (login: string, attributes = {}, parentDn = unit): Promise<string> =>
  addUser(server.directory, { parentDn, cn: `Person ${login}`, login, upnSuffix: 'corp.example.test', attributes });

const read = (change: SourceChange = {}, account: readonly string[] = ['mail', 'description']): Promise<Collected> =>
  collect(adConnector(server, unit, change, { account }));

const readGroups = (): Promise<Collected> => read({ groups: { base: groupUnit } });

function because(outcome: ReadOutcome): string {
  expect(outcome.kind).toBe('partial');
  return outcome.kind === 'partial' ? outcome.because : '';
}

const groupId = (name: string): string => {
  const entry = server.directory.find(`CN=${name},${groupUnit}`);
  if (entry === undefined) throw new Error(`there is no group ${name}`);
  return bytesToGuid(entry.guid);
};

const closureOf = ({ pages }: Collected, group: string) =>
  pages.flatMap((page) => page.closures).find((closure) => closure.group === group);

describe('ldapts trap: paging', () => {
  it('goes on after an empty page with a cookie', async () => {
    server.faults.add({ kind: 'empty-page', page: 2 });
    const { outcome, ...result } = await read();
    expect(accountsOf(result)).toHaveLength(people);
    expect(outcome).toMatchObject({ kind: 'complete', proof: { emptyPages: 1 } });
  });

  it('ends a cookie loop as partial', async () => {
    server.faults.add({ kind: 'cookie-loop' });
    const result = await read();
    expect(because(result.outcome)).toContain('source-protocol');
    expect(accountsOf(result)).toHaveLength(20);
  });

  it('gives a record that came twice once, and is partial', async () => {
    server.faults.add({ kind: 'duplicates', entries: 2 });
    const result = await read();
    const ids = accountsOf(result).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(because(result.outcome)).toContain('twice');
  });

  it('keeps the entries before a size limit, and is partial', async () => {
    server.faults.add({ kind: 'result', code: 4, afterEntries: 3, page: 2 });
    const result = await read();
    expect(accountsOf(result)).toHaveLength(13);
    expect(because(result.outcome)).toContain('source-limit');
  });

  it('keeps the entries before a time limit, and is partial', async () => {
    server.faults.add({ kind: 'result', code: 3, afterEntries: 3, where: (search) => search.pageSize !== undefined });
    const result = await read();
    expect(accountsOf(result)).toHaveLength(3);
    expect(because(result.outcome)).toContain('source-limit');
  });

  it('sends neither a time limit nor a page beyond the configured size', async () => {
    const from = server.searches.length;
    await read();
    const searches = server.searches.slice(from);
    expect(new Set(searches.map((search) => search.timeLimit))).toEqual(new Set([0]));
    expect(searches.filter((search) => search.pageSize !== undefined).map((search) => search.pageSize)).toEqual([
      10, 10, 10,
    ]);
  });

  it('asks for the next page before this one is used, and never for two', async () => {
    const from = server.searches.length;
    for await (const event of adConnector(server, unit).read({ mode: 'full' }, never)) {
      if (event.kind !== 'page') continue;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(server.searches.slice(from).filter((search) => search.pageSize !== undefined)).toHaveLength(2);
      break;
    }
  });

  it('reads on one connection, so that two domain controllers are never mixed', async () => {
    server.faults.add({ kind: 'switch-dc', page: 2 });
    const result = await read();
    expect(because(result.outcome)).toContain('source-connection-lost');
  });

  it('reads the same directory from another domain controller', async () => {
    const first = await read();
    server.switchDc();
    const second = await read();
    expect(second.outcome).toMatchObject({
      serverIdentity: first.outcome.kind === 'complete' && first.outcome.serverIdentity,
    });
  });
});

describe('ldapts trap: connection', () => {
  it('is partial with the code when the connection is cut in the middle of a message', async () => {
    server.faults.add({ kind: 'close', cut: 'mid-message', afterEntries: 4, page: 2 });
    const result = await read();
    expect(accountsOf(result)).toHaveLength(10);
    expect(because(result.outcome)).toContain('source-connection-lost');
  });

  it('does not reconnect, which would be anonymous', async () => {
    const from = server.binds.length;
    server.faults.add({ kind: 'close', page: 2, times: 1 });
    await read();
    expect(server.binds.slice(from)).toHaveLength(1);
  });

  it('takes entries that still arrive for no timeout', async () => {
    server.faults.add({ kind: 'slow', entryMs: 120 });
    const before = performance.now();
    expect((await read()).outcome.kind).toBe('complete');
    expect(performance.now() - before).toBeGreaterThan(1_500);
  });

  it('takes silence between entries for a timeout', async () => {
    server.faults.add({ kind: 'hang', afterEntries: 4, page: 2 });
    expect(because((await read()).outcome)).toContain('source-timeout');
  });

  it('survives a caller that blocks longer than the timeout', async () => {
    const read = adConnector(server, unit).read({ mode: 'full' }, never);
    let outcome: string | undefined;
    for await (const event of read) {
      if (event.kind === 'outcome') outcome = event.outcome.kind;
      const until = performance.now() + 1_200;
      while (event.kind === 'page' && performance.now() < until);
    }
    expect(outcome).toBe('complete');
  });

  it('reports a notice of disconnection as such', async () => {
    server.faults.add({ kind: 'notice-of-disconnection', code: 52, page: 2 });
    expect(because((await read()).outcome)).toContain('source-busy');
  });

  it('reports garbage and foreign message ids as a broken protocol', async () => {
    const undo = server.faults.add({ kind: 'garbage', page: 2, bytes: Buffer.from('HTTP/1.1 500 Oops\r\n\r\n') });
    expect(because((await read()).outcome)).toContain('source-protocol');
    undo();
    server.faults.add({ kind: 'wrong-message-id', page: 2 });
    expect(because((await read()).outcome)).toContain('source-protocol');
  });

  it('records continuations into other servers and follows none', async () => {
    server.faults.add({ kind: 'references', urls: ['ldap://other.example.test/DC=other'] });
    const { outcome } = await collect(adConnector(server, server.directory.baseDn, { users: { filter: '(mail=*)' } }));
    expect(outcome).toMatchObject({
      kind: 'complete',
      counts: { accounts: people },
      proof: { references: 4, referenceUrls: expect.stringContaining('ldap://other.example.test/DC=other') },
    });
  });

  it('names the other server when a base is referred to it', async () => {
    server.faults.add({
      kind: 'result',
      code: 10,
      referrals: ['ldap://other.example.test/DC=other'],
      where: (search) => search.base === unit,
    });
    await expect(read()).rejects.toMatchObject({
      code: 'source-base-not-found',
      message: expect.stringContaining('ldap://other.example.test/DC=other'),
    });
  });
});

describe('ldapts trap: cost', () => {
  it('shows ldapts the answer to the bind and no entry', async () => {
    const parse = vi.spyOn(MessageParser.prototype, 'read');
    try {
      await read();
      expect(parse).toHaveBeenCalledTimes(1);
    } finally {
      parse.mockRestore();
    }
  });
});

describe('ldapts trap: values', () => {
  it('reads objectGUID of every form, mixed-endian', async () => {
    const result = await read();
    for (const account of accountsOf(result)) {
      expect(account.id).toBe(bytesToGuid(server.directory.find(account.dn ?? '')?.guid ?? Buffer.alloc(16)));
    }
  });

  it('tells absent from empty, and both from unknown to the server', async () => {
    const result = await read({}, ['mail', 'department', 'noSuchAttribute']);
    expect(accountsOf(result)[0]).toMatchObject({
      attributes: { mail: [expect.stringContaining('@')], department: [] },
      unread: ['nosuchattribute'],
    });
  });

  it('keeps the last reading of a value that is not text, and counts it', async () => {
    const dn = await person('odd', { description: oddValues.invalidUtf8, mail: 'odd@example.test' });
    try {
      const result = await read();
      const odd = accountsOf(result).find((account) => account.name === 'odd');
      expect(odd).toMatchObject({ unread: ['description'], attributes: { mail: ['odd@example.test'] } });
      expect(odd?.attributes).not.toHaveProperty('description');
      expect(result.outcome).toMatchObject({ kind: 'complete', proof: { unreadableValues: 1 } });
    } finally {
      await server.directory.delete(dn);
    }
  });

  it('reads 64 KB values, many values, a byte order mark and binary ones', async () => {
    const photo = Buffer.alloc(70_000, 0xfe);
    const dn = await person('big', {
      description: oddValues.sixtyFourKilobytes,
      mail: oddValues.byteOrderMark,
      otherTelephone: Array.from({ length: 300 }, (_, index) => `+49 ${index}`),
      thumbnailPhoto: photo,
    });
    try {
      const big = accountsOf(await read({}, ['mail', 'description', 'otherTelephone', 'thumbnailPhoto'])).find(
        ({ name }) => name === 'big',
      );
      expect(big?.attributes['description']).toEqual(['x'.repeat(65_536)]);
      expect(big?.attributes['mail']).toEqual(['\uFEFFA']);
      expect(big?.attributes['othertelephone']).toHaveLength(300);
      expect(big?.attributes['thumbnailphoto']).toEqual([photo.toString('base64')]);
    } finally {
      await server.directory.delete(dn);
    }
  });

  it('finds by a filter with escapes above 0x7f', async () => {
    const dn = await person('umlaut', { description: 'Müller (Köln) * \\' });
    try {
      for (const filter of [
        '(description=M\\c3\\bcller*)',
        '(description=Müller \\28Köln\\29 \\2a \\5c)',
        '(description=*\\28K*)',
      ]) {
        expect(
          accountsOf(await read({ users: { filter } })).map(({ name }) => name),
          filter,
        ).toEqual(['umlaut']);
      }
    } finally {
      await server.directory.delete(dn);
    }
  });
});

describe('Active Directory trap: accounts', () => {
  it('leaves out computers, managed service accounts, trusts and contacts', async () => {
    const { directory } = server;
    const odd = [
      await directory.add(`CN=PC1,${unit}`, {
        objectClass: 'computer',
        sAMAccountName: 'PC1$',
        userAccountControl: '4096',
      }),
      await directory.add(`CN=Contact,${unit}`, { objectClass: 'contact', mail: 'contact@example.test' }),
      await directory.add(`CN=OTHER$,${unit}`, {
        objectClass: 'user',
        sAMAccountName: 'OTHER$',
        sAMAccountType: '805306370',
        userAccountControl: '2080',
      }),
    ];
    expect(odd).toHaveLength(3);
    const names = accountsOf(await read()).map(({ name }) => name);
    for (const dn of [`CN=PC1,${unit}`, `CN=Contact,${unit}`, `CN=OTHER$,${unit}`]) await directory.delete(dn);
    expect(names).toHaveLength(people);
  });

  it('takes disabled from bit 2 only: a locked account is enabled', async () => {
    const { directory } = server;
    const dn = users[0] ?? '';
    const statusWith = async (control: string) => {
      await directory.modify(dn, [{ operation: 'replace', attribute: 'userAccountControl', values: control }]);
      return accountsOf(await read()).find((account) => account.dn === dn)?.status;
    };
    expect(await statusWith('514')).toBe('disabled');
    expect(await statusWith(String(512 + 16))).toBe('enabled');
    expect(await statusWith('66048')).toBe('enabled');
    expect(await statusWith('512')).toBe('enabled');
  });

  it.each(['userAccountControl', 'accountExpires'])(
    'rejects an account whose %s may not be read, under its id',
    async (attribute) => {
      server.faults.add({ kind: 'without-attribute', attribute, dn: users[1] ?? '' });
      const result = await read();
      expect(result.outcome).toMatchObject({ kind: 'complete', counts: { accounts: people - 1, rejected: 1 } });
      expect(result.pages.flatMap((page) => page.rejected)).toEqual([
        {
          kind: 'account',
          id: expect.stringMatching(/^[0-9a-f-]{36}$/u),
          label: users[1],
          because: expect.stringContaining(`${attribute} cannot be read`),
        },
      ]);
    },
  );

  it('is partial when an account has no readable id', async () => {
    server.faults.add({ kind: 'without-attribute', attribute: 'objectGUID', dn: users[1] ?? '' });
    const result = await read();
    expect(because(result.outcome)).toContain(users[1]);
    expect(accountsOf(result)).toHaveLength(people - 1);
  });

  it('is partial without a witness, or with fewer accounts than expected', async () => {
    expect((await read({ witnesses: ['P3', 'p4'], expectAtLeast: people })).outcome.kind).toBe('complete');
    server.faults.add({ kind: 'truncate', entries: 3 });
    expect(because((await read({ witnesses: ['p24'] })).outcome)).toContain('p24');
    expect(because((await read({ expectAtLeast: people })).outcome)).toContain('at least 25');
  });
});

describe('Active Directory trap: groups', () => {
  it.each(['empty', 'absent'] as const)(
    'reads a group beyond 1,500 members in ranges (plain member %s)',
    async (rangedPlain) => {
      const other = await startLdapServer({ directory: server.directory, limits: { rangedPlain } });
      try {
        const result = await collect(adConnector(other, unit, { groups: { base: groupUnit } }));
        expect(new Set(membersOf(result, groupId('Crowd'))).size).toBe(crowd);
        expect(closureOf(result, groupId('Crowd'))).toMatchObject({ kind: 'complete', count: crowd });
        expect(closureOf(result, groupId('Empty'))).toMatchObject({ kind: 'complete', count: 0 });
        expect(membersOf(result, groupId('Small'))).toEqual(users.slice(0, 3));
      } finally {
        await other.stop();
      }
    },
  );

  it('follows a smaller MaxValRange than it asked for', async () => {
    const other = await startLdapServer({ directory: server.directory, limits: { valueRange: 700 } });
    try {
      const result = await collect(adConnector(other, unit, { groups: { base: groupUnit } }));
      expect(new Set(membersOf(result, groupId('Crowd'))).size).toBe(crowd);
    } finally {
      await other.stop();
    }
  });

  it('leaves a group partial that changes while it is read', async () => {
    const dn = `CN=Crowd,${groupUnit}`;
    let ranges = 0;
    server.faults.add({
      kind: 'delay',
      at: 'search',
      ms: 1,
      where: (search) => {
        if (search.base === dn && ++ranges === 2)
          void server.directory.removeMembers(dn, [`CN=Person c5,OU=Crowd,${server.directory.baseDn}`]);
        return false;
      },
    });
    const result = await readGroups();
    await server.directory.addMembers(dn, [`CN=Person c5,OU=Crowd,${server.directory.baseDn}`]);
    expect(ranges).toBeGreaterThanOrEqual(2);
    expect(closureOf(result, groupId('Crowd'))).toMatchObject({
      kind: 'partial',
      because: expect.stringContaining('changed'),
    });
    expect(closureOf(result, groupId('Small'))).toMatchObject({ kind: 'complete' });
    expect(result.outcome.kind).toBe('complete');
  });

  it('leaves a group partial whose last range never comes', async () => {
    server.faults.add({ kind: 'result', code: 32, where: (search) => search.base.startsWith('CN=Crowd') });
    const result = await readGroups();
    expect(closureOf(result, groupId('Crowd'))).toMatchObject({
      kind: 'partial',
      because: expect.stringContaining('1500'),
    });
  });

  it('leaves groups partial that an account may have as its primary one, when it does not show it', async () => {
    expect(closureOf(await readGroups(), groupId('Small'))).toMatchObject({ kind: 'complete', count: 3 });
    server.faults.add({ kind: 'without-attribute', attribute: 'primaryGroupID', dn: users[1] ?? '' });
    const result = await readGroups();
    expect(closureOf(result, groupId('Small'))).toMatchObject({
      kind: 'partial',
      because: expect.stringContaining('primaryGroupID'),
    });
  });

  it('is partial when the connection breaks between two ranges', async () => {
    server.faults.add({ kind: 'close', where: (search) => search.base.startsWith('CN=Crowd') });
    expect(because((await readGroups()).outcome)).toContain('source-connection-lost');
  });
});

describe('question by id', () => {
  it('is unknown when the account may not see the base', async () => {
    const connector = adConnector(server, unit);
    server.faults.add({ kind: 'hidden-entry', dn: unit });
    const id = asExternalId(bytesToGuid(server.directory.find(users[0] ?? '')?.guid ?? Buffer.alloc(16)));
    expect((await connector.confirm('account', [id], never)).get(id)).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining(unit),
    });
  });

  it('is unknown, not absent, when the account may no longer read the ids', async () => {
    const connector = adConnector(server, unit);
    const id = asExternalId(bytesToGuid(server.directory.find(users[0] ?? '')?.guid ?? Buffer.alloc(16)));
    server.faults.add({ kind: 'without-attribute', attribute: 'objectGUID' });
    expect((await connector.confirm('account', [id], never)).get(id)).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('cannot be read'),
    });
  });

  it('is unknown for a batch that the server refuses', async () => {
    const connector = adConnector(server, unit);
    const id = asExternalId(bytesToGuid(server.directory.find(users[0] ?? '')?.guid ?? Buffer.alloc(16)));
    server.faults.add({ kind: 'result', code: 51, where: (search) => /objectguid/iu.test(search.filter) });
    expect((await connector.confirm('account', [id], never)).get(id)).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('source-busy'),
    });
  });

  it('asks for a thousand ids in batches', async () => {
    const from = server.searches.length;
    const connector = adConnector(server, `OU=Crowd,${server.directory.baseDn}`, { connection: { pageSize: 1_000 } });
    const ids = accountsOf(await collect(connector))
      .slice(0, 1_000)
      .map(({ id }) => id);
    const answers = await connector.confirm('account', ids, never);
    expect(new Set([...answers.values()].map(({ kind }) => kind))).toEqual(new Set(['present']));
    expect(server.searches.slice(from).filter((search) => /objectguid/iu.test(search.filter)).length).toBe(20);
  });

  it('ends with an error, not with answers, when it is stopped', async () => {
    const controller = new AbortController();
    const id = asExternalId(bytesToGuid(server.directory.find(users[0] ?? '')?.guid ?? Buffer.alloc(16)));
    server.faults.add({ kind: 'hang', where: (search) => /objectguid/iu.test(search.filter) });
    setTimeout(() => controller.abort(), 100);
    await expect(adConnector(server, unit).confirm('account', [id], controller.signal)).rejects.toMatchObject({
      code: 'interrupted',
    });
  });

  it('never writes', () => {
    expect(server.writes).toEqual([]);
  });
});
