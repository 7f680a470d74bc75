// Whose account is it: sources that come later, two clusters, logins of two people, and logins that are given to somebody else.

import { afterEach, describe, expect, it } from 'vitest';
import { describeStores } from '../store/stores.ts';
import { type Centre, type CentreSource, openCentre } from './centre-fixture.ts';
import { addAgent, addResource } from './centre-people.ts';
import { domain } from './centre-systems.ts';

let centre: Centre;
afterEach(() => centre.close());

/** A run of every source, in order; each is expected to find nothing to do. */
async function expectRest(...sources: readonly CentreSource[]): Promise<void> {
  for (const source of [...sources, ...sources]) {
    expect([source, await centre.sync(source)]).toMatchObject([source, { state: 'done', counts: { planned: 0 } }]);
  }
}

describeStores('a directory that comes later', (stores) => {
  it('finds the users of UCCX and UCCE, waits for a person, and then names them', async () => {
    centre = await openCentre({ sources: ['uccx-main', 'ucce-main'], location: await stores.fresh() });
    addResource(centre, 'ZMueller', ['Zoe', 'Mueller']);
    addAgent(centre, 'zmueller', ['Zoe', 'Mueller']);
    addAgent(centre, 'tomas', ['Tomas', 'Weil']);
    await centre.settle();
    const before = await centre.users();
    expect(Object.keys(before)).toEqual(['ZMueller', `tomas@${domain}`]);

    await centre.configure({ sources: ['ad-hq', 'uccx-main', 'ucce-main'] });
    await centre.hire('zmueller', 'Zoë', 'Müller');
    await centre.hire('tomas', 'Tomáš', 'Weil');
    await centre.hire('office', 'Olga', 'Petrova');
    const first = await centre.sync('ad-hq');
    expect(first).toMatchObject({ state: 'held', counts: { held: 2, created: 1 } });
    expect(first.holds.map(({ kind }) => kind)).toContain('first-run');
    expect((await centre.user('ZMueller')).values['firstName']).toBe('Zoe [uccx-main]');

    await centre.approve(first);

    const after = await centre.users();
    expect(Object.keys(after).sort()).toEqual(['office', 'tomas', 'zmueller']);
    expect(after['zmueller']).toMatchObject({
      id: before['ZMueller']?.id,
      origin: 'uccx-main',
      links: ['ad-hq username active', 'ucce-main usernameWithoutDomain active', 'uccx-main created active'],
      values: { firstName: 'Zoë [ad-hq]', lastName: 'Müller [ad-hq]', username: 'zmueller [ad-hq]' },
    });
    expect(after['tomas']?.links).toEqual(['ad-hq principalName active', 'ucce-main created active']);
    await expectRest('ad-hq', 'uccx-main', 'ucce-main');
  });
});

describe('UCCX that is to come after the directory', () => {
  it('plans nothing before that was read completely, and then links instead of creating', async () => {
    centre = await openCentre({ yaml: { 'uccx-main': '    correlateAfter: [ad-hq]\n' } });
    await centre.hire('zmueller', 'Zoë', 'Müller');
    addResource(centre, 'ZMueller', ['Zoe', 'Mueller']);
    for (const _ of [1, 2]) {
      expect(await centre.sync('uccx-main')).toMatchObject({
        state: 'paused',
        read: 'complete',
        errorCode: 'waits-for-source',
        counts: { accountsRead: 1, planned: 0 },
      });
    }
    expect(await centre.users()).toEqual({});
    // A read that was cut is no complete one.
    const mend = centre.directory.faults.add({ kind: 'close', at: 'search' });
    await centre.sync('ad-hq');
    expect(await centre.sync('uccx-main')).toMatchObject({ state: 'paused' });
    mend();
    await centre.settle('ad-hq', 'uccx-main');
    expect(Object.keys(await centre.users())).toEqual(['zmueller']);
    expect((await centre.user('zmueller')).links).toEqual(['ad-hq created active', 'uccx-main username active']);
  });
});

describe('the same userID on two clusters', () => {
  const sources = ['uccx-main', 'uccx-two'] as const;

  async function twoClusters(): Promise<void> {
    centre = await openCentre({ sources });
    addResource(centre, 'hanna', ['Hanna', 'Müller'], { extension: '4001' });
    addResource(centre, 'jsmith', ['John', 'Smith'], { extension: '4002' });
    addResource(centre, 'Hanna', ['Hanna', 'Mueller'], { extension: '6001' }, 'uccxTwo');
    addResource(centre, 'JSmith', ['Jane', 'Cooper'], { extension: '6002' }, 'uccxTwo');
    await centre.settle();
  }

  it('is one user where the names agree, and waits where they are two people', async () => {
    await twoClusters();
    expect(await centre.user('hanna')).toMatchObject({
      links: ['uccx-main created active', 'uccx-two username active'],
      attributes: ['extension=4001 [uccx-main]', 'extension=6001 [uccx-two]'],
    });
    expect(await centre.user('jsmith')).toMatchObject({
      links: ['uccx-main created active'],
      attributes: ['extension=4002 [uccx-main]'],
    });
    expect(await centre.findings('other-person')).toEqual(['other-person JSmith uccx-two']);
    await expectRest(...sources);
  });

  it('is linked when a person says that it is the same', async () => {
    await twoClusters();
    const finding = await centre.finding('other-person');
    await centre.admin.resolveFinding({ finding, as: { kind: 'link' }, reason: 'married in May' });
    await centre.settle();
    expect((await centre.user('jsmith')).links).toEqual(['uccx-main created active', 'uccx-two manual active']);
    expect(await centre.findings('other-person')).toEqual([]);
    await expectRest(...sources);
  });

  it('is a user of its own when a person says so, under the name that the person gives', async () => {
    await twoClusters();
    const finding = await centre.finding('other-person');
    const as = { kind: 'new', username: 'jcooper' } as const;
    await centre.admin.resolveFinding({ finding, as, reason: 'two people, asked the team lead' });
    await centre.settle();
    expect(await centre.user('jcooper')).toMatchObject({
      enabled: true,
      origin: 'uccx-two',
      links: ['uccx-two manual active'],
      values: { username: 'jcooper [local]', firstName: 'Jane [uccx-two]' },
      attributes: ['extension=6002 [uccx-two]'],
    });
    expect((await centre.user('jsmith')).values).toMatchObject({ firstName: 'John [uccx-main]' });
    expect(await centre.findings('other-person')).toEqual([]);
    await expectRest(...sources);
  });

  it('goes on waiting in silence when a person ignores it', async () => {
    await twoClusters();
    const finding = await centre.finding('other-person');
    await centre.admin.ignoreFinding({ finding, until: '30d', reason: 'HR is looking into it' });
    await expectRest(...sources);
    expect(await centre.findings('other-person')).toEqual([]);
    expect((await centre.user('jsmith')).links).toEqual(['uccx-main created active']);
    centre.forward(31 * 24 * 3_600_000);
    await expectRest(...sources);
    expect(await centre.findings('other-person')).toEqual(['other-person JSmith uccx-two']);
  });
});

describeStores('a userID that is the AD login of somebody else', (stores) => {
  it('overwrites nobody, and the two are told apart by a person', async () => {
    centre = await openCentre({ sources: ['ad-hq', 'uccx-main'], location: await stores.fresh() });
    await centre.hire('jsmith', 'John', 'Smith');
    await centre.settle();
    addResource(centre, 'jsmith', ['Jane', 'Cooper'], { extension: '4711' });
    await centre.settle();
    expect(await centre.user('jsmith')).toMatchObject({ links: ['ad-hq created active'], attributes: [] });
    const finding = await centre.finding('other-person');
    const as = { kind: 'new', username: 'jcooper' } as const;
    await centre.admin.resolveFinding({ finding, as, reason: 'two people' });
    await centre.settle();
    expect(await centre.user('jsmith')).toMatchObject({
      links: ['ad-hq created active'],
      values: { firstName: 'John [ad-hq]' },
      attributes: [],
    });
    expect(await centre.user('jcooper')).toMatchObject({
      values: { username: 'jcooper [local]', lastName: 'Cooper [uccx-main]' },
      attributes: ['extension=4711 [uccx-main]'],
    });
    await expectRest('ad-hq', 'uccx-main');
  });
});

describe('a userID that is given to somebody else', () => {
  const next = { firstName: 'John', lastName: 'Smith' } as const;
  let billing: number;

  async function jane(): Promise<void> {
    centre = await openCentre({ sources: ['uccx-main'] });
    billing = centre.uccx.state.addTeam({ name: 'Billing' }).id;
    addResource(centre, 'agent7', ['Jane', 'Cooper'], { extension: '4711', teamId: billing });
    addResource(centre, 'other', ['Otto', 'Other']);
    await centre.settle();
  }

  /** What CUCM makes of it: renamed in one step, or away for a read and then back. */
  const givings: readonly (readonly [string, () => Promise<void>])[] = [
    ['in one step', async () => void centre.uccx.state.changeResource('agent7', next)],
    [
      'after it was absent',
      async () => {
        centre.uccx.state.removeResource('agent7');
        await centre.settle();
        addResource(centre, 'agent7', [next.firstName, next.lastName], { extension: '4711', teamId: billing });
      },
    ],
  ];

  it.each(givings)('leaves the user as it was: %s', async (_, give) => {
    await jane();
    const before = await centre.user('agent7');
    await give();
    await centre.settle();
    const after = await centre.user('agent7');
    expect(after.values).toEqual(before.values);
    expect(after.attributes).toEqual(before.attributes);
    expect(await centre.findings('name-of-another')).toEqual(['name-of-another agent7 uccx-main']);
    await expectRest('uccx-main');
  });

  it.each(givings)(
    "moves to a user of its own by a person's word, and the old one keeps what it had: %s",
    async (_, give) => {
      await jane();
      await give();
      await centre.settle();
      const finding = await centre.finding('name-of-another');
      const as = { kind: 'new', username: 'jsmith' } as const;
      await centre.admin.resolveFinding({ finding, as, reason: 'Jane has left, John has her number' });
      await centre.settle();
      expect(await centre.user('jsmith')).toMatchObject({
        enabled: true,
        links: ['uccx-main manual active'],
        values: { username: 'jsmith [local]', firstName: 'John [uccx-main]', lastName: 'Smith [uccx-main]' },
        teams: ['Billing [uccx-main]'],
        attributes: ['extension=4711 [uccx-main]'],
      });
      expect(await centre.user('agent7')).toMatchObject({
        links: [],
        values: { firstName: 'Jane [local]', lastName: 'Cooper [local]', username: 'agent7 [local]' },
        attributes: ['extension=4711 [local]'],
      });
      expect(await centre.findings('name-of-another')).toEqual([]);
      await expectRest('uccx-main');
    },
  );
});

describe('two teams of one name', () => {
  async function twoBillings(
    match = '',
  ): Promise<{ readonly uccx: number; readonly ucce: number; readonly row: number }> {
    centre = await openCentre({ yaml: { 'ucce-main': match } });
    await centre.hire('anna', 'Anna', 'Lee');
    await centre.hire('ben', 'Ben', 'Brown');
    const uccx = centre.uccx.state.addTeam({ name: 'Billing' }).id;
    const ucce = centre.ucce.state.addTeam({ name: 'BILLING', peripheralId: 5000 }).id;
    addResource(centre, 'anna', ['Anna', 'Lee'], { teamId: uccx });
    const row = addAgent(centre, 'anna', ['Anna', 'Lee'], { teamId: ucce });
    addAgent(centre, 'ben', ['Ben', 'Brown'], { teamId: ucce });
    await centre.settle();
    return { uccx, ucce, row };
  }

  it('stay two: the second has the name of its source, and a finding', async () => {
    await twoBillings();
    expect((await centre.user('anna')).teams).toEqual(['BILLING (ucce-main) [ucce-main]', 'Billing [uccx-main]']);
    expect((await centre.user('ben')).teams).toEqual(['BILLING (ucce-main) [ucce-main]']);
    expect(await centre.findings('team-name-conflict')).toEqual(['team-name-conflict BILLING ucce-main']);
  });

  it('are one with teams.match: name, which each source leaves by itself', async () => {
    const { row } = await twoBillings('    teams: { match: name }\n');
    expect((await centre.user('anna')).teams).toEqual(['Billing [ucce-main]', 'Billing [uccx-main]']);
    expect((await centre.user('ben')).teams).toEqual(['Billing [ucce-main]']);
    expect(await centre.findings('team-name-conflict')).toEqual([]);
    const id = (await centre.store.read.teams()).find(({ name }) => name === 'Billing')?.id;

    centre.ucce.state.changeAgent(row, { teamId: undefined });
    await centre.settle();
    expect((await centre.user('anna')).teams).toEqual(['Billing [uccx-main]']);

    centre.uccx.state.changeResource('anna', { teamId: 1 });
    await centre.settle();
    expect((await centre.user('anna')).teams).toEqual(['Default [uccx-main]']);
    expect((await centre.user('ben')).teams).toEqual(['Billing [ucce-main]']);
    expect((await centre.store.read.teams()).find(({ name }) => name === 'Billing')?.id).toBe(id);
  });
});
