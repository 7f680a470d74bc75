// What changes in a simulated UCCX while it runs, and in how many ways it can say the same.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Asker, createAsker } from '../lab/http-ask.ts';
import { startUccxSimulator, type UccxSimulator } from '../lab/uccx-simulator.ts';
import { smallUccx } from '../lab/uccx-small.ts';

const json = 'application/json';
const origin = 'https://uccx1.example.test/adminapi';
let uccx: UccxSimulator;
let asker: Asker;

beforeEach(async () => {
  uccx = await startUccxSimulator({ data: smallUccx() });
  asker = createAsker(uccx, uccx.login);
});
afterEach(async () => {
  asker.close();
  await uccx.stop();
});
const xml = async (path: string) => (await asker.ask(`/adminapi${path}`)).text;
const object = async (path: string) => JSON.parse((await asker.ask(`/adminapi${path}`, { accept: json })).text);

describe('a simulated UCCX that changes', () => {
  it('shows the next request what was added, moved, renamed and removed', async () => {
    const { state } = uccx;
    state.addResource({ userID: 'new', lastName: 'New', extension: '1' });
    state.changeResource('mhorvat', { teamId: 9, alias: undefined });
    state.renameResource('T.Okafor', 'tokafor');
    expect((await object('/resource')).resource.map((each: { userID: string }) => each.userID)).toEqual([
      ...['mhorvat', 'tokafor', 'alindqvist', 'jürgen w+x%40@corp.example.test', 'new'],
    ]);
    expect(await object('/resource/mhorvat')).toMatchObject({ team: { '@name': 'Night Shift' } });
    expect(await object('/resource/mhorvat')).not.toHaveProperty('alias');
    expect(await xml('/team/6')).toContain(
      `<primarySupervisor name="Okafor"><refURL>${origin}/resource/tokafor</refURL>`,
    );
    state.removeResource('tokafor');
    expect(await xml('/team')).not.toContain('primarySupervisor');
    expect(state.teams.get(6)).not.toHaveProperty('primarySupervisor');
    state.removeTeam(9);
    expect(await object('/resource/mhorvat')).toMatchObject({ team: { '@name': 'Default' } });
    expect((await asker.ask('/adminapi/team/9')).status).toBe(404);
    expect(state.addTeam({ name: 'Late', primarySupervisor: 'alindqvist' }).id).toBe(11);
    expect(await object('/resource/alindqvist')).toMatchObject({
      primarySupervisorOf: { supervisorOfTeamName: [{ '@name': 'Late' }] },
    });
  });

  it('refuses what a UCCX could not hold', () => {
    const { state } = uccx;
    const add = (more: object) => () => state.addResource({ userID: 'x', lastName: 'X', extension: '1', ...more });
    expect(add({ userID: 'a/b' })).toThrow('no userID');
    expect(add({ userID: 'mhorvat' })).toThrow('already');
    expect(add({ teamId: 99 })).toThrow('no team 99');
    expect(add({ skills: [{ skillId: 37, level: 11 }] })).toThrow('do not fit');
    expect(add({ resourceGroupId: 1 })).toThrow('no resource group');
    expect(() => state.addTeam({ name: ' blank' })).toThrow('no name of a team');
    expect(() => state.addTeam({ name: 'Lost', primarySupervisor: 'nobody' })).toThrow('no resource nobody');
    expect(() => state.removeTeam(1)).toThrow('Default');
    expect(() => state.renameResource('mhorvat', 'alindqvist')).toThrow('already');
  });
});

describe('the variants of the simulated UCCX', () => {
  const vary = (...[variants]: Parameters<UccxSimulator['state']['vary']>) => uccx.state.vary(variants);

  it('are gone when they are taken back', async () => {
    const before = await xml('/resource');
    const undo = vary({ team: 'missing', resourceGroup: 'missing', alias: 'missing', firstName: 'missing' });
    const bare = await xml('/resource');
    for (const element of ['<team ', '<resourceGroup ', '<alias', '<firstName'])
      expect([before.includes(element), bare.includes(element)]).toEqual([true, false]);
    undo();
    expect(await xml('/resource')).toBe(before);
  });

  it('show a list of one, and in JSON an object in place of it', async () => {
    vary({ lists: 'one', oneElement: 'object' });
    expect((await object('/resource')).resource).toMatchObject({ userID: 'mhorvat' });
    expect(await xml('/resource')).toMatch(/<resources><resource>.*<\/resource><\/resources>$/);
  });

  it('write scalars as text, an empty alias as null, an empty list as nothing, a name without its @', async () => {
    vary({ scalars: 'text', emptyAlias: 'null', nameKey: 'name' });
    expect(await object('/resource/mhorvat')).toMatchObject({
      type: '1',
      autoAvailable: 'true',
      alias: null,
      team: { name: 'Billing' },
    });
    vary({ lists: 'none', emptyList: 'missing' });
    expect(await object('/team')).toEqual({ '@type': 'teamXMLList' });
    vary({ emptyList: 'null' });
    expect(await object('/team')).toEqual({ '@type': 'teamXMLList', team: null });
  });

  it('put a byte order mark before, blanks into and entities in place of letters', async () => {
    vary({ byteOrderMark: 'with', blanks: 'inside', letters: 'entities', declaration: 'without' });
    const text = await xml('/skill/38');
    expect(text.startsWith('\ufeff<skill>')).toBe(true);
    expect(text).toMatch(/<skillName>\s+SK_Fran&#231;ais\s+<\/skillName>/);
    expect((await asker.ask('/adminapi/skill/38', { accept: json })).text.startsWith('\ufeff{')).toBe(true);
  });

  it('encode self with plus or not at all, and find the item by it', async () => {
    const selfOf = async () => (await object('/resource')).resource[3].self as string;
    vary({ urls: 'raw' });
    expect(await selfOf()).toBe(`${origin}/resource/jürgen w+x%40@corp.example.test`);
    vary({ urls: 'plus' });
    const plus = await selfOf();
    expect(plus).toBe(`${origin}/resource/j%C3%BCrgen+w%2Bx%2540%40corp.example.test`);
    expect((await asker.ask(new URL(plus).pathname)).status).toBe(200);
  });

  it('let one side only say who supervises, and spell a secondary supervisor rightly', async () => {
    vary({ supervisorsSaidBy: 'resources' });
    expect([await xml('/team'), await xml('/resource')].map((text) => text.includes('upervisor name'))).toEqual([
      false,
      false,
    ]);
    expect(await xml('/resource')).toContain('supervisorOfTeamName');
    vary({ supervisorsSaidBy: 'teams', secondarySpelling: 'secondarySupervisor' });
    expect(await xml('/resource')).not.toContain('supervisorOfTeamName');
    expect(await xml('/team')).toContain('<secondarySupervisor name=');
    vary({ supervisorContainers: 'missing' });
    expect(await xml('/resource')).not.toContain('upervisorOf');
  });

  it('answer in another format than the one that was asked for', async () => {
    vary({ format: 'json' });
    expect(await xml('/skill/37')).toMatch(/^\{/);
  });
});
