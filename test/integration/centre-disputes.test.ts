// Accounts of a contact centre that a person has to decide on: what waits, what a decision does, and that it is over then.

import { afterEach, describe, expect, it } from 'vitest';
import { type Centre, type CentreSource, day, openCentre } from './centre-fixture.ts';
import { addAgent, addResource, supervisorRoles, zoeEverywhere } from './centre-people.ts';
import { domain } from './centre-systems.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let centre: Centre;
afterEach(() => centre.close());

async function expectRest(...sources: readonly CentreSource[]): Promise<void> {
  for (const source of [...sources, ...sources]) {
    expect([source, await centre.sync(source)]).toMatchObject([source, { state: 'done', counts: { planned: 0 } }]);
  }
}

describe('a userID that comes back', () => {
  async function away(): Promise<void> {
    centre = await openCentre({ sources: ['ad-hq', 'uccx-main'] });
    await centre.hire('jane', 'Jane', 'Cooper');
    const billing = centre.uccx.state.addTeam({ name: 'Billing' }).id;
    addResource(centre, 'Jane', ['Jane', 'Cooper'], { extension: '4711', teamId: billing });
    addResource(centre, 'other', ['Otto', 'Other']);
    await centre.settle();
    centre.uccx.state.removeResource('Jane');
    await centre.settle();
    expect(await centre.user('jane')).toMatchObject({ enabled: true, teams: [], attributes: [] });
    centre.forward(2 * day);
    addResource(centre, 'Jane', ['Jane', 'Cooper'], { extension: '4711', teamId: billing });
    await centre.settle();
  }

  it('waits, and gives everything back when a person says that it is the same', async () => {
    await away();
    expect(await centre.user('jane')).toMatchObject({
      teams: [],
      links: ['ad-hq created active', 'uccx-main username gone'],
    });
    const finding = await centre.finding('name-of-another');
    await centre.admin.resolveFinding({ finding, as: { kind: 'link' }, reason: 'back from leave' });
    await centre.settle();
    expect(await centre.user('jane')).toMatchObject({
      teams: ['Billing [uccx-main]'],
      attributes: ['extension=4711 [uccx-main]'],
      links: ['ad-hq created active', 'uccx-main username active'],
    });
    expect(await centre.findings('name-of-another')).toEqual([]);
    await expectRest('ad-hq', 'uccx-main');
  });

  it('is somebody new when a person says so', async () => {
    await away();
    const finding = await centre.finding('name-of-another');
    const as = { kind: 'new', username: 'jane2' } as const;
    await centre.admin.resolveFinding({ finding, as, reason: 'another Jane Cooper' });
    await centre.settle();
    expect((await centre.user('jane2')).teams).toEqual(['Billing [uccx-main]']);
    expect(await centre.user('jane')).toMatchObject({ teams: [], links: ['ad-hq created active'] });
    await expectRest('ad-hq', 'uccx-main');
  });
});

describe('one person with two agents of UCCE', () => {
  it('has both accounts once a person has linked them, and leaves one of them alone', async () => {
    centre = await openCentre({ sources: ['ad-hq', 'ucce-main'] });
    await centre.hire('zoe', 'Zoe', 'Weil');
    const person = { firstName: 'Zoe', lastName: 'Weil', userName: `zoe@${domain}`, loginEnabled: true };
    const day1 = centre.ucce.state.addTeam({ name: 'Day', peripheralId: 5000 }).id;
    const night = centre.ucce.state.addTeam({ name: 'Night', peripheralId: 5001 }).id;
    centre.addAgent('0100', person, { teamId: day1 });
    const second = centre.addAgent('0200', person, { teamId: night, peripheralId: 5001 });
    addAgent(centre, 'other', ['Otto', 'Other']);
    await centre.settle();
    expect(await centre.findings('disputed-match')).toHaveLength(2);
    for (const { id } of await centre.admin.listFindings({ state: 'open', code: 'disputed-match', limit: 10 })) {
      await centre.admin.resolveFinding({ finding: id, as: { kind: 'link' }, reason: 'she works on both sites' });
    }
    await centre.settle();
    expect(await centre.user('zoe')).toMatchObject({
      links: ['ad-hq created active', 'ucce-main manual active', 'ucce-main manual active'],
      teams: ['Day [ucce-main]', 'Night [ucce-main]'],
    });
    await expectRest('ad-hq', 'ucce-main');

    centre.ucce.state.removeAgent(second);
    await centre.settle();
    expect(await centre.user('zoe')).toMatchObject({ enabled: true, teams: ['Day [ucce-main]'] });
    expect((await centre.user('zoe')).attributes).toEqual(['agentId=0100 [ucce-main]']);
    await expectRest('ad-hq', 'ucce-main');
  });
});

describe('somebody of the directory whose login a stranger from UCCX already has', () => {
  it('waits, and becomes a user of another name that the directory does not take away', async () => {
    centre = await openCentre({ sources: ['uccx-main'] });
    addResource(centre, 'jsmith', ['Jane', 'Cooper'], { extension: '4711' });
    await centre.settle();
    await centre.configure({ sources: ['ad-hq', 'uccx-main'] });
    await centre.hire('jsmith', 'John', 'Smith');
    await centre.settle();
    expect(await centre.findings('other-person')).toEqual(['other-person jsmith ad-hq']);
    const finding = await centre.finding('other-person');
    const as = { kind: 'new', username: 'john.smith' } as const;
    await centre.admin.resolveFinding({ finding, as, reason: 'two people' });
    await centre.settle();
    expect(await centre.user('john.smith')).toMatchObject({
      enabled: true,
      links: ['ad-hq manual active'],
      values: { username: 'john.smith [local]', lastName: 'Smith [ad-hq]', email: 'jsmith@example.test [ad-hq]' },
    });
    expect(await centre.user('jsmith')).toMatchObject({
      links: ['uccx-main created active'],
      values: { lastName: 'Cooper [uccx-main]' },
    });
    await expectRest('ad-hq', 'uccx-main');
  });
});

describe('a user whose sync is off', () => {
  it('is linked to nothing new, keeps everything, and takes what waited when it is on again', async () => {
    centre = await openCentre({ yaml: { 'uccx-main': supervisorRoles } });
    await centre.hire('zmueller', 'Zoë', 'Müller');
    await centre.settle('ad-hq');
    await centre.admin.switchSyncOff({ user: 'zmueller', reason: 'audit' });
    // She is in the directory already.
    await zoeEverywhere({ ...centre, hire: async () => undefined });
    await centre.settle();
    expect((await centre.user('zmueller')).links).toEqual(['ad-hq created active']);
    expect(await centre.findings('sync-off-new-match')).toEqual([
      'sync-off-new-match ZMueller uccx-main',
      `sync-off-new-match zmueller@${domain} ucce-main`,
    ]);
    await centre.admin.switchSyncOn({ user: 'zmueller' });
    await centre.settle();
    expect((await centre.user('zmueller')).links).toHaveLength(3);
    expect(await centre.findings('sync-off-new-match')).toEqual([]);
  });
});

describe('a dry run of every source', () => {
  it('writes nothing but its own run and plan, and says what the real one then does', async () => {
    centre = await openCentre({ yaml: { 'uccx-main': supervisorRoles, 'ucce-main': supervisorRoles } });
    await zoeEverywhere(centre);
    await centre.settle('ad-hq');
    const before = await tableDigests(centre.store);
    const plans = new Map<CentreSource, string>();
    for (const source of ['uccx-main', 'ucce-main'] as const) {
      const dry = await centre.dryRun(source);
      expect(dry).toMatchObject({ dryRun: true, state: 'held' });
      plans.set(source, JSON.stringify((await centre.changes(dry)).map(({ change }) => change)));
    }
    const changed = differingTables(before, await tableDigests(centre.store));
    expect(changed.filter((table) => !['counters', 'runs', 'changes'].includes(table))).toEqual([]);
    const real = await centre.sync('uccx-main');
    expect(JSON.stringify((await centre.changes(real)).map(({ change }) => change))).toBe(plans.get('uccx-main'));
  });
});
