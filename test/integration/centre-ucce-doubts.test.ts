// UCCE answers that look like leavers and are none: a login that is shown less, a list of teams that is refused once, numbers that two
// peripherals share, and agents whom only a question by id still shows.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UcceLogin } from '../lab/ucce-state.ts';
import { type Centre, day, openCentre } from './centre-fixture.ts';
import { addAgent } from './centre-people.ts';
import { domain, peripheralId } from './centre-systems.ts';

let centre: Centre;
afterEach(() => centre.close());

/** Agents a0, a1, ... of the team Claims, with the numbers from 7000 on. */
function staff(count: number): { readonly claims: number; readonly ids: readonly number[] } {
  const claims = centre.ucce.state.addTeam({ name: 'Claims', peripheralId }).id;
  const ids = Array.from({ length: count }, (_, index) =>
    addAgent(centre, `a${index}`, [`a${index}`, 'Agent'], { agentId: String(7_000 + index), teamId: claims }),
  );
  return { claims, ids };
}

const rowOf = (ids: readonly number[], index: number): number => {
  const id = ids[index];
  if (id === undefined) throw new Error(`no agent ${index}`);
  return id;
};

const agent = (index: number) => centre.user(`a${index}@${domain}`);

describe('a supervisor whose role is ignored', () => {
  const boss = { user: `boss@${domain}`, password: 'Boss.Reader!1' };

  async function settled() {
    const wide: UcceLogin = { ...boss, role: 'administrator', readOnly: true };
    const yaml = `    ignoreRole: true\n    witnesses: [a200@${domain}]\n`;
    centre = await openCentre({ sources: ['ucce-main'], ucceLogins: [wide], yaml: { 'ucce-main': yaml } });
    const { claims, ids } = staff(250);
    await centre.settle();
    // In no team that the boss supervises, so by their numbers nobody is shown.
    centre.ucce.state.setLogin({ ...boss, role: 'supervisor', agent: rowOf(ids, 0) });
    return { claims, ids };
  }

  it('loses nobody whom the list passed over while one came and one left', async () => {
    const { claims, ids } = await settled();
    let isDone = false;
    centre.ucce.state.afterPage = ({ type, startIndex }) => {
      if (type !== 'agent' || startIndex !== 0 || isDone) return;
      isDone = true;
      centre.ucce.state.removeAgent(rowOf(ids, 5));
      addAgent(centre, 'new', ['New', 'Comer'], { agentId: '9999', teamId: claims });
    };
    const run = await centre.sync('ucce-main');
    expect(run).toMatchObject({ state: 'partial', counts: { absent: 0 } });
    expect(run.because).toContain('are there but were not in the read');
    expect((await agent(100)).enabled).toBe(true);
  });

  it('still sees who left', async () => {
    const { ids } = await settled();
    centre.ucce.state.removeAgent(rowOf(ids, 5));
    await centre.settle();
    expect((await agent(5)).enabled).toBe(false);
    expect((await agent(6)).enabled).toBe(true);
  });
});

describe('a list of teams of UCCE that is refused after it was read', () => {
  /** a0 supervises Claims, and a1 Reserve, where nobody else is: only the list of teams says so. */
  beforeEach(async () => {
    centre = await openCentre({ sources: ['ucce-main'] });
    const { claims, ids } = staff(30);
    const reserve = centre.ucce.state.addTeam({ name: 'Reserve', peripheralId }).id;
    centre.ucce.state.changeTeam(claims, { primarySupervisorId: rowOf(ids, 0) });
    centre.ucce.state.changeTeam(reserve, { primarySupervisorId: rowOf(ids, 1) });
    await centre.settle();
  });

  it.each([
    ['403', { kind: 'forbidden' }, 'done'],
    ['404', { kind: 'status', status: 404 }, 'done'],
    ['401', { kind: 'unauthorized' }, 'partial'],
    ['404 with a page for people', { kind: 'html', status: 404 }, 'partial'],
  ] as const)('with %s takes no can-manage and no team', async (_, fault, state) => {
    const before = await centre.users();
    const mend = centre.ucce.faults.add({ ...fault, path: 'agentteam' });
    expect(await centre.sync('ucce-main')).toMatchObject({ state });
    centre.forward(30 * day);
    expect(await centre.sync('ucce-main')).toMatchObject({ state });
    expect(await centre.users()).toEqual(before);
    mend();
    expect(await centre.sync('ucce-main')).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });
});

describe('agents of UCCE', () => {
  it('with the same numbers on two peripherals are all read, whatever their order, and leave', async () => {
    centre = await openCentre({ sources: ['ucce-main'] });
    const { claims, ids } = staff(120);
    for (let index = 0; index < 120; index += 1) {
      const person = { firstName: `b${index}`, lastName: 'Agent', userName: `b${index}@${domain}`, loginEnabled: true };
      centre.ucce.state.addAgent({ agentId: String(7_000 + index), teamId: claims, peripheralId: 5_001, person });
    }
    addAgent(centre, 'c', ['c', 'Agent'], { agentId: '6000', teamId: claims });
    centre.ucce.state.vary({ ties: 'unstable' });
    await centre.settle();
    expect(Object.keys(await centre.users())).toHaveLength(241);
    centre.ucce.state.removeAgent(rowOf(ids, 3));
    await centre.settle();
    expect((await agent(3)).enabled).toBe(false);
    expect((await agent(4)).teams).toEqual(['Claims [ucce-main]']);
  });

  it('whom only a question by id still shows keep nobody else from leaving', async () => {
    centre = await openCentre({ sources: ['ucce-main'] });
    const { ids } = staff(30);
    await centre.settle();
    const hidden = rowOf(ids, 3);
    const body = `<agent><refURL>/unifiedconfig/config/agent/${hidden}</refURL><agentId>7003</agentId></agent>`;
    centre.ucce.state.removeAgent(hidden);
    centre.ucce.state.removeAgent(rowOf(ids, 4));
    const path = `agent/${hidden}$`;
    centre.ucce.faults.add({ kind: 'status', status: 200, body, contentType: 'application/xml', path });
    await centre.settle();
    expect((await agent(3)).enabled).toBe(true);
    expect((await agent(4)).enabled).toBe(false);
  });

  it('leave also while a team cannot be decoded', async () => {
    centre = await openCentre({ sources: ['ucce-main'] });
    const { ids } = staff(30);
    const nameless = centre.ucce.state.addTeam({ name: 'Reserve', peripheralId }).id;
    await centre.settle();
    centre.ucce.state.changeTeam(nameless, { name: '' });
    centre.ucce.state.removeAgent(rowOf(ids, 4));
    expect(await centre.sync('ucce-main')).toMatchObject({ state: 'done', counts: { rejected: 1, absent: 1 } });
    expect((await agent(4)).enabled).toBe(false);
  });

  it('whose number the server cannot be asked for keep nobody else from leaving', async () => {
    centre = await openCentre({ sources: ['ucce-main'] });
    const { ids } = staff(30);
    await centre.settle();
    for (const index of [3, 4, 5]) centre.ucce.state.removeAgent(rowOf(ids, index));
    centre.ucce.faults.add({ kind: 'html', status: 400, path: `agent/${rowOf(ids, 3)}$` });
    await centre.settle();
    expect((await agent(3)).enabled).toBe(true);
    expect([(await agent(4)).enabled, (await agent(5)).enabled]).toEqual([false, false]);
  });
});
