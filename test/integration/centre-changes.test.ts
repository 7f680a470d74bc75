// What administrators do to teams, accounts and sources of a contact centre, and what the runs of the others make of it.

import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { printRunReport } from '../../src/cli/run-text.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import type { Run } from '../../src/model/run.ts';
import { changesOf } from '../../src/sync/judge-plan.ts';
import { describeStores } from '../store/stores.ts';
import { type Centre, type CentreSource, openCentre } from './centre-fixture.ts';
import { addAgent, addResource, supervisorRoles, type Zoe, zoeEverywhere } from './centre-people.ts';

let centre: Centre;
let zoe: Zoe;
afterEach(() => centre.close());

async function expectRest(...sources: readonly CentreSource[]): Promise<void> {
  for (const source of [...sources, ...sources]) {
    expect([source, await centre.sync(source)]).toMatchObject([source, { state: 'done', counts: { planned: 0 } }]);
  }
}

async function settledZoe(): Promise<void> {
  centre = await openCentre({ yaml: { 'uccx-main': supervisorRoles, 'ucce-main': supervisorRoles } });
  zoe = await zoeEverywhere(centre);
  await centre.settle();
}

async function shown(run: Run): Promise<string> {
  const stdout = new PassThrough();
  const terminal = new Terminal({ stdin: new PassThrough(), stdout, stderr: new PassThrough() });
  const changes = () => changesOf(centre.store.read, run.id, ['planned', 'held', 'applied']);
  await printRunReport(terminal, { run, changeCounts: {}, changes }, { perGroup: 2 });
  stdout.end();
  return (await stdout.toArray()).map(String).join('');
}

describeStores('a team of UCCX that vanishes', (stores) => {
  it('shows its storm in a dry run, is held, and is carried out when a person says so', async () => {
    centre = await openCentre({ sources: ['uccx-main'], location: await stores.fresh() });
    const billing = centre.uccx.state.addTeam({ name: 'Billing' }).id;
    for (let index = 0; index < 30; index += 1) {
      addResource(centre, `p${index}`, [`Pat${index}`, 'Weil'], { extension: `${4_000 + index}`, teamId: billing });
    }
    for (let index = 0; index < 10; index += 1) addResource(centre, `q${index}`, [`Quin${index}`, 'Lee']);
    await centre.settle();
    centre.uccx.state.removeTeam(billing);

    const dry = await centre.dryRun('uccx-main');
    expect(dry).toMatchObject({ dryRun: true, state: 'held', counts: { planned: expect.any(Number), applied: 0 } });
    expect(await shown(dry)).toContain('Billing -> Default: 30 users');
    expect((await centre.user('p1')).main).toBe('Billing');

    const held = await centre.sync('uccx-main');
    expect(held.state).toBe('held');
    expect(held.holds.map(({ kind, of, count }) => [kind, of, count])).toEqual(
      expect.arrayContaining([
        ['main-team-change', undefined, 30],
        ['team-members', 'Billing', 30],
      ]),
    );
    expect(await centre.user('p1')).toMatchObject({ main: 'Billing', teams: ['Billing [uccx-main]'] });

    await centre.approve(held);

    expect(await centre.user('p1')).toMatchObject({ main: 'Default', teams: ['Default [uccx-main]'] });
    expect(await centre.findings('team-unfed')).toEqual(['team-unfed Billing uccx-main']);
    const audit = await centre.audit();
    expect(audit).toContain('plan.approved uccx-main');
    // Made, and moved: each with an entry of its own.
    expect(audit.filter((line) => line.endsWith(' p1'))).toHaveLength(2);
    await expectRest('uccx-main');
  });
});

describe('an account of UCCX that a person took from its user', () => {
  it('leaves with what it gave, waits, and goes back by a person only', async () => {
    await settledZoe();
    await centre.admin.unlinkUser({
      user: 'zmueller',
      account: 'ZMueller',
      source: 'uccx-main',
      reason: 'somebody else',
    });
    await centre.settle();
    expect(await centre.user('zmueller')).toMatchObject({
      links: ['ad-hq created active', 'ucce-main principalName active'],
      teams: ['Claims [ucce-main]', 'Office [ad-hq]'],
      grants: ['Claims [ucce-main]'],
      roles: ['DEFAULT_SUPERVISOR [ucce-main]'],
      attributes: ['agentId=0042 [ucce-main]'],
    });
    expect(await centre.findings('unlinked-account')).toEqual(['unlinked-account ZMueller uccx-main']);
    await expectRest('ad-hq', 'uccx-main', 'ucce-main');

    const finding = await centre.finding('unlinked-account');
    await centre.admin.resolveFinding({ finding, as: { kind: 'link', user: 'zmueller' }, reason: 'it was her' });
    await centre.settle();
    expect(await centre.user('zmueller')).toMatchObject({
      links: ['ad-hq created active', 'ucce-main principalName active', 'uccx-main manual active'],
      teams: ['Billing [uccx-main]', 'Claims [ucce-main]', 'Office [ad-hq]'],
      grants: ['Billing [uccx-main]', 'Claims [ucce-main]'],
    });
    expect(await centre.findings('unlinked-account')).toEqual([]);
    await expectRest('ad-hq', 'uccx-main', 'ucce-main');
  });
});

describe('a source that is detached', () => {
  it('leaves everything that it gave as local, and the runs of the others change nothing', async () => {
    await settledZoe();
    addResource(centre, 'carl', ['Carl', 'Weil'], { extension: '4102', teamId: zoe.billing });
    await centre.settle();
    await expect(centre.admin.detachSource({ source: 'uccx-main', reason: 'too early' })).rejects.toMatchObject({
      code: expect.any(String),
    });
    await centre.configure({ sources: ['ad-hq', 'ucce-main'], yaml: { 'ucce-main': supervisorRoles } });

    const report = await centre.admin.detachSource({ source: 'uccx-main', reason: 'replaced by UCCE, change 4711' });

    expect(report.counts).toMatchObject({ users: 2, unsynced: 1, grantsGo: 1, roles: 1 });
    expect(report.warnings.map(({ code }) => code)).toEqual(['other-sources', 'grants-go', 'roles-stay']);
    expect((await centre.user('zmueller')).grants).toEqual(['Billing [local]', 'Claims [ucce-main]']);
    expect((await centre.user('zmueller')).roles).toEqual([
      'DEFAULT_SUPERVISOR [local]',
      'DEFAULT_SUPERVISOR [ucce-main]',
    ]);
    expect(await centre.sync('ad-hq')).toMatchObject({ state: 'done', counts: { planned: 0 } });
    // What a person may manage besides is up to UCCE now (R161), and what UCCX gave counts as set by hand.
    expect(await centre.sync('ucce-main')).toMatchObject({ state: 'done', counts: { planned: 1 } });
    expect((await centre.user('zmueller')).grants).toEqual(['Claims [ucce-main]']);
    await expectRest('ad-hq', 'ucce-main');
    expect(await centre.user('carl')).toMatchObject({
      enabled: true,
      links: [],
      values: { username: 'carl [local]', firstName: 'Carl [local]' },
      teams: ['Billing [local]'],
      attributes: ['extension=4102 [local]'],
    });
    expect(await centre.user('zmueller')).toMatchObject({
      links: ['ad-hq created active', 'ucce-main principalName active'],
      teams: ['Billing [local]', 'Claims [ucce-main]', 'Office [ad-hq]'],
      attributes: ['agentId=0042 [ucce-main]', 'extension=4711 [local]'],
    });
    expect((await centre.audit()).filter((line) => line.startsWith('source.detached'))).toHaveLength(1);
  });
});

describe('a directory that is detached', () => {
  const config = {
    sources: ['uccx-main', 'ucce-main'],
    yaml: { 'uccx-main': supervisorRoles, 'ucce-main': supervisorRoles },
  } as const;

  it('leaves its values as local ones, which the next source may replace, and UCCE says who works here', async () => {
    await settledZoe();
    await centre.hire('office', 'Olga', 'Petrova');
    await centre.settle();
    await centre.admin.pin({
      user: 'zmueller',
      kind: 'field',
      what: 'lastName',
      mode: 'keep',
      value: 'Müller',
      reason: 'as in her passport',
    });
    await centre.configure(config);
    await centre.admin.detachSource({ source: 'ad-hq', reason: 'another directory' });
    expect((await centre.user('zmueller')).values).toMatchObject({
      firstName: 'Zoë [local]',
      username: 'zmueller [local]',
    });
    await centre.settle();
    expect(await centre.user('ZMueller')).toMatchObject({
      enabled: true,
      values: { firstName: 'Zoe [uccx-main]', lastName: 'Müller [local]', email: 'zmueller@example.test [local]' },
      teams: ['Billing [uccx-main]', 'Claims [ucce-main]', 'Office [local]'],
    });
    expect(await centre.user('office')).toMatchObject({ enabled: true, links: [] });
    centre.ucce.state.changeAgent(zoe.row, { person: { loginEnabled: false } });
    await centre.settle();
    expect((await centre.user('ZMueller')).enabled).toBe(false);
    expect((await centre.user('office')).enabled).toBe(true);
  });
});

describe('what the systems disagree on', () => {
  const todo = async (source: CentreSource): Promise<readonly string[]> => {
    const lines: string[] = [];
    for await (const { code, name, id } of centre.admin.outwardFindings(source)) lines.push(`${code} ${name} (${id})`);
    return lines.sort();
  };

  it('is a to-do list for whoever can mend it, which empties as it is mended', async () => {
    centre = await openCentre();
    await centre.hire('anna', 'Anna', 'Lee');
    await centre.hire('ben', 'Ben', 'Brown');
    addResource(centre, 'Anna', ['Hanna', 'Lee'], { extension: '4100' });
    addResource(centre, 'ben', ['Ben', 'Brown'], { extension: '4100' });
    addResource(centre, 'carl', ['Carl', 'Weil'], { extension: '4102' });
    const row = addAgent(centre, 'dora', ['Dora', 'Novak'], { agentId: '0701' });
    await centre.settle();
    expect(await todo('uccx-main')).toMatchInlineSnapshot(`
      [
        "extension-shared 4100 ()",
        "names-differ Hanna Lee (Anna)",
        "not-in-directory Carl Weil (carl)",
        "team-without-supervisor Default ()",
      ]
    `);
    expect(await todo('ucce-main')).toMatchInlineSnapshot(`
      [
        "not-in-directory Dora Novak (0701)",
      ]
    `);

    centre.uccx.state.changeResource('Anna', { firstName: 'Anna' });
    centre.uccx.state.changeResource('ben', { extension: '4101' });
    await centre.hire('carl', 'Carl', 'Weil');
    centre.ucce.state.removeAgent(row);
    addAgent(centre, 'ben', ['Ben', 'Brown'], { agentId: '0702' });
    await centre.settle();
    expect((await todo('uccx-main')).filter((line) => !line.startsWith('team-'))).toEqual([]);
    expect((await todo('ucce-main')).filter((line) => !line.startsWith('team-'))).toEqual([]);
  });
});
