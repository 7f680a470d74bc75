// Users who live in several sources: how their accounts find them, and what keeps an account of somebody else from them.
import { afterEach, describe, expect, it } from 'vitest';
import { asAccountKey, asSourceName } from '../../src/model/ids.ts';
import { openSources, type SeveralSources, type SourceTexts, ucceText, uccxText } from './several-sources.ts';

let centre: SeveralSources | undefined;
afterEach(async () => {
  await centre?.close();
  centre = undefined;
});

async function open(sources: SourceTexts, types?: Readonly<Record<string, string>>): Promise<SeveralSources> {
  centre = await openSources(sources, types);
  return centre;
}

const person = (givenName: string, sn: string) => ({ givenName, sn });

describe('a source that comes later', () => {
  it('finds the users of the first ones by login, principal name and login without domain', async () => {
    const at = await open({ ad: '', uccx: uccxText, ucce: ucceText });
    await at.staff('uccx').hire('bea', { ...person('Bea', 'Brown'), mail: [] });
    await at.staff('ucce').hire('mira', { ...person('Mira', 'Novak'), mail: [] });
    await at
      .staff('ucce')
      .hire('cyril', { ...person('Cyril', 'Lee'), mail: [], userPrincipalName: 'cyril@other.test' });
    for (const login of ['bea', 'mira', 'cyril']) {
      const name = { bea: ['Bea', 'Brown'], mira: ['Mira', 'Novak'], cyril: ['Cyril', 'Lee'] }[login] ?? [];
      await at.staff('ad').hire(login, person(name[0] ?? '', name[1] ?? ''));
    }
    expect(await at.sync('uccx')).toMatchObject({ state: 'done', counts: { created: 1 } });
    expect(await at.sync('ucce')).toMatchObject({ state: 'done', counts: { created: 2 } });
    expect(Object.keys(await at.users())).toEqual(['bea', 'mira@example.test', 'cyril@other.test']);

    const first = await at.sync('ad');
    expect(first).toMatchObject({ state: 'held', counts: { created: 0, applied: 0, held: 3 } });
    expect(first.holds.map(({ kind }) => kind)).toContain('first-run');
    expect((await at.user('bea')).links).toEqual(['uccx created active']);

    await at.approve(first);
    expect((await at.user('bea')).links).toEqual(['uccx created active', 'ad username active']);
    // Precedence is that of the configuration, so the directory names them now.
    expect((await at.user('mira')).links).toEqual(['ucce created active', 'ad principalName active']);
    expect((await at.user('cyril')).links).toEqual(['ucce created active', 'ad usernameWithoutDomain active']);
    expect((await at.user('mira')).values).toMatchObject({ email: 'mira@example.test', lastName: 'Novak' });
    const { accounts } = await at.admin.explainUser('cyril');
    expect(accounts.map(({ source, rule }) => `${source} ${rule}`)).toContain('ad usernameWithoutDomain');
    for (const source of ['ucce', 'ad', 'uccx', 'ucce', 'ad'])
      expect(await at.sync(source)).toMatchObject({ state: 'done' });
    expect(Object.keys(await at.users())).toEqual(['bea', 'mira', 'cyril']);
  });

  it('takes two names of different domains for two people', async () => {
    const at = await open({ 'ucce-a': ucceText, 'ucce-b': ucceText });
    await at.staff('ucce-a').hire('anna', { ...person('Anna', 'Lee'), mail: [], userPrincipalName: 'anna@a.test' });
    await at.staff('ucce-b').hire('anna', { ...person('Anna', 'Lee'), mail: [], userPrincipalName: 'anna@b.test' });
    await at.sync('ucce-a');
    expect(await at.sync('ucce-b')).toMatchObject({ state: 'done', counts: { created: 1 } });
    expect(Object.keys(await at.users())).toEqual(['anna@a.test', 'anna@b.test']);
  });

  it('lets a bare name wait that fits two domains', async () => {
    const at = await open({ 'ucce-a': ucceText, 'ucce-b': ucceText, uccx: uccxText });
    await at.staff('ucce-a').hire('anna', { ...person('Anna', 'Lee'), mail: [], userPrincipalName: 'anna@a.test' });
    await at.staff('ucce-b').hire('anna', { ...person('Anna', 'Lee'), mail: [], userPrincipalName: 'anna@b.test' });
    await at.staff('uccx').hire('anna', { ...person('Anna', 'Lee'), mail: [] });
    for (const source of ['ucce-a', 'ucce-b', 'uccx']) await at.sync(source);
    expect(await at.findings('disputed-match')).toEqual([
      {
        label: 'anna',
        detail: {
          rule: 'usernameWithoutDomain',
          key: 'anna',
          users: ['anna@a.test', 'anna@b.test'],
          userIds: ['1', '2'],
        },
      },
    ]);
    expect(Object.keys(await at.users())).toHaveLength(2);
  });

  it('finds a user by the agent ID that a person has set', async () => {
    const at = await open({
      ad: '',
      ucce: `${ucceText.replace('principalName,', 'agentId, principalName,')}    attributes: { agentId: employeeID }\n`,
    });
    await at.staff('ad').hire('bea', person('Bea', 'Brown'));
    await at.sync('ad');
    await at.admin.setAttribute({ user: 'bea', name: 'agentId', value: '0042' });
    await at
      .staff('ucce')
      .hire('x1', { ...person('Bea', 'Brown'), mail: [], userPrincipalName: 'x1@c.test', employeeID: '0042' });
    await at
      .staff('ucce')
      .hire('x2', { ...person('Eva', 'Brown'), mail: [], userPrincipalName: 'x2@c.test', employeeID: '42' });
    await at.approve(await at.sync('ucce'));
    expect((await at.user('bea')).links).toEqual(['ad created active', 'ucce agentId active']);
    expect(Object.keys(await at.users())).toEqual(['bea', 'x2@c.test']);
  });
});

describe('the same login of two people', () => {
  const jane = { ...person('Jane', 'Cooper'), mail: [] };

  it('waits, overwrites nobody, and is over when a name is mended', async () => {
    const at = await open({ ad: '', uccx: uccxText });
    await at.staff('ad').hire('jsmith', person('John', 'Smith'));
    await at.staff('uccx').hire('jsmith', jane);
    await at.sync('ad');
    const before = await at.user('jsmith');
    for (const _ of [1, 2]) {
      expect(await at.sync('uccx')).toMatchObject({ state: 'done', counts: { created: 0, applied: 0 } });
      expect(await at.user('jsmith')).toEqual(before);
      expect(await at.findings('other-person')).toEqual([
        {
          label: 'jsmith',
          detail: {
            rule: 'username',
            key: 'jsmith',
            users: ['jsmith'],
            userIds: ['1'],
            names: ['Jane Cooper', 'John Smith'],
          },
        },
      ]);
    }
    await at.staff('ad').set('jsmith', 'givenName', 'Jane');
    await at.sync('ad');
    expect(await at.sync('uccx')).toMatchObject({ state: 'done', counts: { applied: 1 } });
    expect((await at.user('jsmith')).links).toEqual(['ad created active', 'uccx username active']);
    expect(await at.findings('other-person')).toEqual([]);
  });

  it('waits where only the last name is the same that the login holds, and follows an initial and another last name', async () => {
    const at = await open({ ad: '', uccx: uccxText });
    const people = [
      ['jsmith', person('John', 'Smith'), person('Jane', 'Smith')],
      ['tblack', person('Tom', 'Black'), person('T.', 'Black')],
      ['mhorvat', person('Mira', 'Horvat'), person('Mira', 'Novak')],
    ] as const;
    for (const [login, inDirectory, onUccx] of people) {
      await at.staff('ad').hire(login, inDirectory);
      await at.staff('uccx').hire(login, { ...onUccx, mail: [] });
    }
    await at.sync('ad');
    await at.approve(await at.sync('uccx'));
    expect((await at.findings('other-person')).map(({ detail }) => detail['names'])).toEqual([
      ['Jane Smith', 'John Smith'],
    ]);
    expect((await at.user('jsmith')).links).toHaveLength(1);
    expect((await at.user('tblack')).links).toHaveLength(2);
    expect((await at.user('mhorvat')).links).toHaveLength(2);
  });

  it('waits where the directory is not configured any more', async () => {
    const at = await open({ ad: '', uccx: uccxText });
    await at.staff('ad').hire('jsmith', person('John', 'Smith'));
    await at.staff('uccx').hire('other', person('Otto', 'Other'));
    await at.sync('ad');
    await at.sync('uccx');
    await at.configure({ uccx: uccxText });
    await at.staff('uccx').hire('jsmith', jane);
    await at.sync('uccx');
    expect((await at.user('jsmith')).links).toEqual(['ad created active']);
    expect((await at.findings('other-person')).map(({ label }) => label)).toEqual(['jsmith']);
  });

  it.each([
    ['waits', person('J.', 'Smith'), ['ad created active']],
    [
      'is one where the whole names agree',
      person('John', 'Smith'),
      ['ad created active', 'ucce usernameWithoutDomain active'],
    ],
  ])('and two domains, of which the principal name knows: %s', async (_, onUcce, links) => {
    const at = await open({ ad: '', ucce: ucceText });
    await at.staff('ad').hire('jsmith', person('John', 'Smith'));
    await at.staff('ucce').hire('jsmith', { ...onUcce, mail: [], userPrincipalName: 'jsmith@partner.test' });
    await at.sync('ad');
    const first = await at.sync('ucce');
    if (first.state === 'held') await at.approve(first);
    expect((await at.user('jsmith')).links).toEqual(links);
    expect(await at.findings('other-person')).toHaveLength(2 - links.length);
    expect(Object.keys(await at.users())).toHaveLength(1);
  });

  it('waits too where it is a mailbox of several people', async () => {
    const at = await open({ ad: '', ucce: ucceText });
    await at.staff('ad').hire('aklein', { ...person('Anna', 'Klein'), mail: 'frontdesk@example.test' });
    await at.staff('ucce').hire('pnovak', { ...person('Petr', 'Novak'), mail: 'frontdesk@example.test' });
    await at.sync('ad');
    await at.sync('ucce');
    expect((await at.user('aklein')).links).toEqual(['ad created active']);
    expect((await at.findings('other-person')).map(({ detail }) => detail['rule'])).toEqual(['email']);
  });

  it('is linked where the configuration says so', async () => {
    const at = await open({ ad: '', uccx: `${uccxText}    differentNames: link\n` });
    await at.staff('ad').hire('jsmith', person('John', 'Smith'));
    await at.staff('uccx').hire('jsmith', jane);
    await at.sync('ad');
    await at.approve(await at.sync('uccx'));
    expect((await at.user('jsmith')).links).toEqual(['ad created active', 'uccx username active']);
  });

  it('is one user of two clusters when the names agree, and both own what they gave', async () => {
    const at = await open({ 'uccx-1': uccxText, 'uccx-2': uccxText }, { 'uccx-1': 'numbers', 'uccx-2': 'numbers' });
    for (const [cluster, lastName] of [
      ['uccx-1', 'Müller'],
      ['uccx-2', 'Mueller'],
    ] as const) {
      await at.staff(cluster).hire('hanna', { ...person('Hanna', lastName), mail: [] });
      await at.staff(cluster).group(`Team ${cluster}`, ['hanna']);
    }
    await at.staff('uccx-2').hire('jsmith', jane);
    await at.staff('uccx-1').hire('jsmith', { ...person('John', 'Smith'), mail: [] });
    await at.sync('uccx-1');
    await at.sync('uccx-2');
    // Its team is there since the first run, so what is held says so from the second one on.
    await at.approve(await at.sync('uccx-2'));
    const hanna = await at.user('hanna');
    expect(hanna.links).toEqual(['uccx-1 created active', 'uccx-2 username active']);
    expect(hanna.teams).toEqual(['Team uccx-1', 'Team uccx-2']);
    expect(hanna.values).toMatchObject({ lastName: 'Müller' });
    expect((await at.user('jsmith')).links).toEqual(['uccx-1 created active']);
    expect((await at.findings('other-person')).map(({ label }) => label)).toEqual(['jsmith']);
    // The second cluster is left: what it gave goes, what the first one gave stays.
    await at.staff('uccx-2').fire('hanna');
    await at.sync('uccx-2');
    expect((await at.user('hanna')).teams).toEqual(['Team uccx-1']);
    expect((await at.user('hanna')).enabled).toBe(true);
  });
});

describe('a user id that is given to somebody else', () => {
  it.each([
    ['both names', person('Jane', 'Cooper'), person('John', 'Smith')],
    ['no first name any more', person('Jane', 'Cooper'), { givenName: [], sn: 'Smith' }],
    ['no first name before', { givenName: [], sn: 'Cooper' }, person('John', 'Smith')],
    ['no first name at all', { givenName: [], sn: 'Cooper' }, { givenName: [], sn: 'Smith' }],
  ])('leaves the user as it is: %s', async (_, before, after) => {
    const at = await open({ uccx: uccxText }, { uccx: 'numbers' });
    await at.staff('uccx').hire('agent7', { ...before, mail: [] });
    await at.sync('uccx');
    const user = await at.user('agent7');
    for (const [attribute, value] of Object.entries(after))
      await at.staff('uccx').set('agent7', attribute, ...[value].flat());
    await at.sync('uccx');
    expect(await at.user('agent7')).toEqual(user);
    await at.sync('uccx');
    expect(await at.user('agent7')).toEqual(user);
    expect((await at.findings('name-of-another')).map(({ label }) => label)).toEqual(['agent7']);
  });

  it('does not bring the stranger’s accounts of other sources to the user', async () => {
    const at = await open({ uccx: uccxText, ucce: ucceText }, { uccx: 'numbers' });
    await at.staff('uccx').hire('agent7', { ...person('John', 'Miller'), mail: [] });
    await at.sync('uccx');
    await at.sync('ucce');
    await at.staff('uccx').set('agent7', 'givenName', 'Jane');
    await at.staff('uccx').set('agent7', 'sn', 'Cooper');
    await at.sync('uccx');
    await at.staff('ucce').hire('agent7', { ...person('Jane', 'Cooper'), mail: [] });
    const before = await at.users();
    for (const _ of [1, 2]) expect(await at.sync('ucce')).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(await at.users()).toEqual(before);
    expect((await at.findings('disputed-match')).map(({ detail }) => detail['users'])).toEqual([['agent7']]);
    const [finding] = await at.admin.listFindings({ state: 'open', code: 'name-of-another', limit: 1 });
    await at.admin.resolveFinding({ finding: Number(finding?.id), as: { kind: 'link' }, reason: 'she is John' });
    await at.sync('uccx');
    await at.sync('ucce');
    expect((await at.user('agent7')).links).toHaveLength(2);
    expect(await at.findings('disputed-match')).toEqual([]);
  });

  it('follows a new last name, and a first name that was left out', async () => {
    const at = await open({ uccx: uccxText }, { uccx: 'numbers' });
    await at.staff('uccx').hire('agent7', { ...person('Jane', 'Cooper'), mail: [] });
    await at.sync('uccx');
    await at.staff('uccx').set('agent7', 'givenName');
    await at.sync('uccx');
    expect((await at.user('agent7')).values).not.toHaveProperty('firstName');
    await at.staff('uccx').set('agent7', 'givenName', 'Jane');
    await at.sync('uccx');
    await at.staff('uccx').set('agent7', 'sn', 'Smith');
    await at.sync('uccx');
    expect((await at.user('agent7')).values).toMatchObject({ firstName: 'Jane', lastName: 'Smith' });
  });
});

describe('an account that a person took from its user', () => {
  it('waits for that person, also after it was away', async () => {
    const at = await open({ ad: '', uccx: uccxText });
    await at.staff('ad').hire('bea', person('Bea', 'Brown'));
    await at.staff('uccx').hire('bea', { ...person('Bea', 'Brown'), mail: [] });
    await at.sync('ad');
    await at.approve(await at.sync('uccx'));
    const uccx = asSourceName('uccx');
    const [user] = await at.store.read.users([(await at.user('bea')).id as never]);
    const key = asAccountKey(Number(user?.links.find((link) => link.source === uccx)?.account));
    await at.store.write(async (tx) => {
      await tx.userRows.removeLinks([key]);
      await tx.mirror.setQuarantine([{ account: key, quarantine: 'unlinked' }]);
      await tx.dirty.accounts([key], 'unlinked by hand');
    });
    await at.sync('uccx');
    expect((await at.findings('unlinked-account')).map(({ label }) => label)).toEqual(['bea']);
    const unit = await at.staff('uccx').unit('Elsewhere');
    await at.staff('uccx').move('bea', unit);
    await at.sync('uccx');
    expect(await at.findings('unlinked-account')).toEqual([]);
    await at.staff('uccx').move('bea', at.staff('uccx').people);
    await at.sync('uccx');
    expect((await at.findings('unlinked-account')).map(({ label }) => label)).toEqual(['bea']);
    expect((await at.user('bea')).links).toEqual(['ad created active']);
  });
});
