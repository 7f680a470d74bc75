// What UCCX shows to some and not to others, says of one and not of all, or leaves out of one record: nobody loses anything by it,
// and nobody else is held up.

import { afterEach, describe, expect, it } from 'vitest';
import { type Centre, openCentre } from './centre-fixture.ts';
import { addResource } from './centre-people.ts';

let centre: Centre;
afterEach(() => centre.close());

const agents = ['lena', 'otto', 'mia', 'ida'] as const;

/** All of them in Billing. */
async function settled(logins: readonly string[] = agents): Promise<number> {
  centre = await openCentre({ sources: ['uccx-main'] });
  const billing = centre.uccx.state.addTeam({ name: 'Billing' }).id;
  for (const login of logins) addResource(centre, login, [login, 'Weil'], { teamId: billing });
  await centre.settle();
  return billing;
}

const asBefore = { enabled: true, links: ['uccx-main created active'], teams: ['Billing [uccx-main]'] };
const gone = { enabled: false, links: ['uccx-main created gone'] };

describe('a supervisor as the login of UCCX', () => {
  const login = { boss: 'Boss.Reader!1' };

  it('takes nothing from anybody where a team names somebody who is not shown', async () => {
    centre = await openCentre({ sources: ['uccx-main'], uccxSupervisors: login });
    const billing = centre.uccx.state.addTeam({ name: 'Billing' }).id;
    const claims = centre.uccx.state.addTeam({ name: 'Claims' }).id;
    addResource(centre, 'boss', ['Bea', 'Boss'], { teamId: billing, type: 2 });
    addResource(centre, 'other', ['Otto', 'Other'], { teamId: claims, type: 2 });
    centre.uccx.state.changeTeam(billing, { primarySupervisor: 'boss' });
    centre.uccx.state.changeTeam(claims, { primarySupervisor: 'other' });
    const run = await centre.sync('uccx-main');
    expect(run).toMatchObject({ state: 'partial', read: 'partial', errorCode: 'source-partial' });
    expect(run.because).toMatch(/other/i);
    expect(Object.keys(await centre.users())).toEqual(['boss']);
  });

  it('takes nothing from the people of a team that it no longer supervises', async () => {
    centre = await openCentre({ sources: ['uccx-main'], uccxSupervisors: login });
    const billing = centre.uccx.state.addTeam({ name: 'Billing' }).id;
    const claims = centre.uccx.state.addTeam({ name: 'Claims' }).id;
    addResource(centre, 'boss', ['Bea', 'Boss'], { teamId: billing, type: 2 });
    for (let at = 0; at < 30; at += 1) addResource(centre, `b${at}`, ['Bill', `B${at}`], { teamId: billing });
    addResource(centre, 'cora', ['Cora', 'Cole'], { teamId: claims });
    for (const team of [billing, claims]) centre.uccx.state.changeTeam(team, { primarySupervisor: 'boss' });
    await centre.sync('uccx-main');
    const before = await centre.user('cora');
    expect(before).toMatchObject({ enabled: true, teams: ['Claims [uccx-main]'] });
    centre.uccx.state.changeTeam(claims, { primarySupervisor: undefined });
    for (const _ of [1, 2]) {
      const run = await centre.sync('uccx-main');
      expect(run).toMatchObject({ state: 'partial', errorCode: 'source-partial' });
      expect(run.because).toContain('the login boss is a supervisor');
      centre.forward(86_400_000);
    }
    expect(await centre.user('cora')).toEqual(before);
  });
});

describe('a list of UCCX that leaves people out', () => {
  it('whom UCCX still finds by their userID takes nothing from them, and others leave', async () => {
    const billing = await settled();
    centre.uccx.state.removeResource('lena');
    addResource(centre, 'newcomer', ['Nora', 'New'], { teamId: billing });
    const mend = centre.uccx.state.vary({ lists: 'one' });
    for (const _ of [1, 2]) expect(await centre.sync('uccx-main')).toMatchObject({ counts: { missing: 2 } });
    for (const login of ['otto', 'mia', 'ida']) expect(await centre.user(login)).toMatchObject(asBefore);
    mend();
    await centre.settle();
    for (const login of ['otto', 'mia', 'ida']) expect(await centre.user(login)).toMatchObject(asBefore);
    expect(await centre.user('lena')).toMatchObject(gone);
    expect((await centre.user('newcomer')).enabled).toBe(true);
  });
});

describe('a userID that UCCX does not like', () => {
  it('is left as it is, and does not keep others from leaving', async () => {
    await settled(['a;odd', ...agents]);
    centre.uccx.faults.add({ kind: 'html', status: 400, path: 'resource/a%3[Bb]odd' });
    for (const userID of ['a;odd', 'lena']) centre.uccx.state.removeResource(userID);
    expect(await centre.sync('uccx-main')).toMatchObject({ counts: { missing: 1, absent: 1 } });
    await centre.settle();
    expect(await centre.user('lena')).toMatchObject(gone);
    expect((await centre.user('a;odd')).enabled).toBe(true);
  });
});

describe('somebody who comes without a team', () => {
  it('stays in the team of before', async () => {
    await settled();
    const mend = centre.uccx.state.vary({ team: 'missing' });
    expect(await centre.sync('uccx-main')).toMatchObject({ state: 'done', counts: { planned: 0 } });
    for (const login of agents) expect(await centre.user(login)).toMatchObject(asBefore);
    mend();
    expect(await centre.sync('uccx-main')).toMatchObject({ read: 'complete', counts: { planned: 0 } });
  });
});
