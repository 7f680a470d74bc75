// Reads of UCCX and UCCE that go wrong in every way: nobody loses anything, the run says what happened, and the next good read
// brings everything in order.

import { afterEach, describe, expect, it } from 'vitest';
import type { Run } from '../../src/model/run.ts';
import type { HttpFault } from '../lab/http-faults.ts';
import type { UcceLogin } from '../lab/ucce-state.ts';
import { type Centre, type CentreOptions, openCentre } from './centre-fixture.ts';
import { addAgent, addResource } from './centre-people.ts';
import type { CentrePicture } from './centre-pictures.ts';
import { domain, peripheralId } from './centre-systems.ts';

let centre: Centre;
afterEach(() => centre.close());

interface Rows {
  readonly billing: number;
  readonly claims: number;
  readonly leaver: number;
}

/** 130 agents on UCCE, so that its list has two pages, and a handful on UCCX; Lena is on both, and about to leave both. */
async function settled(options: CentreOptions = {}): Promise<Rows> {
  centre = await openCentre({ sources: ['uccx-main', 'ucce-main'], ...options });
  const billing = centre.uccx.state.addTeam({ name: 'Billing' }).id;
  const claims = centre.ucce.state.addTeam({ name: 'Claims', peripheralId }).id;
  for (const [index, login] of ['lena', 'otto', 'mia', 'ida'].entries()) {
    addResource(centre, login, [login, 'Weil'], { extension: String(4_000 + index), teamId: billing });
  }
  const leaver = addAgent(centre, 'lena', ['lena', 'Weil'], { agentId: '7000', teamId: claims });
  for (let index = 1; index < 130; index += 1) {
    addAgent(centre, `a${index}`, [`a${index}`, 'Agent'], { agentId: String(7_000 + index), teamId: claims });
  }
  await centre.settle();
  return { billing, claims, leaver };
}

/** Lena leaves both, somebody new comes to both, and one more gets another name. */
function change({ billing, claims, leaver }: Rows): void {
  centre.uccx.state.removeResource('lena');
  addResource(centre, 'newcomer', ['Nora', 'New'], { extension: '4900', teamId: billing });
  centre.uccx.state.changeResource('otto', { extension: '4950' });
  centre.ucce.state.removeAgent(leaver);
  addAgent(centre, 'newcomer', ['Nora', 'New'], { agentId: '6999', teamId: claims });
}

const lenaAsBefore = { teams: ['Billing [uccx-main]', 'Claims [ucce-main]'], enabled: true };

/** Whatever her login is by now. */
const lena = async (): Promise<CentrePicture | undefined> =>
  Object.values(await centre.users()).find(({ values }) => values['firstName']?.startsWith('lena'));

/** After both read well. */
async function expectInOrder(): Promise<void> {
  await centre.settle();
  expect(await lena()).toMatchObject({
    enabled: false,
    links: ['ucce-main usernameWithoutDomain gone', 'uccx-main created gone'],
  });
  expect((await lena())?.teams).not.toContain('Billing [uccx-main]');
  expect((await centre.user('newcomer')).links).toHaveLength(2);
  expect((await centre.user('otto')).attributes).toEqual(['extension=4950 [uccx-main]']);
}

type Ending = Partial<Pick<Run, 'state' | 'read' | 'errorCode'>>;
type Case = readonly [what: string, fault: HttpFault, ending: Ending];

const failed = (errorCode: Run['errorCode']): Ending => ({ state: 'failed', ...(errorCode && { errorCode }) });
const partial = (errorCode: Run['errorCode']): Ending => ({
  state: 'partial',
  read: 'partial',
  ...(errorCode && { errorCode }),
});

/** On the list of people of UCCX, on that of its teams, and on the second page of UCCE. */
const places = {
  resources: '^/adminapi/resource(\\?|$)',
  teams: '^/adminapi/team(\\?|$)',
  secondPage: 'startIndex=100',
} as const;

const faults: readonly (readonly [what: string, fault: HttpFault, code: NonNullable<Run['errorCode']>])[] = [
  ['a page for people with status 200', { kind: 'html' }, 'source-busy'],
  ['401', { kind: 'unauthorized' }, 'source-credentials'],
  ['403', { kind: 'forbidden' }, 'source-permission'],
  ['503 with Retry-After', { kind: 'status', status: 503, retryAfter: '120' }, 'source-busy'],
  ['500', { kind: 'status', status: 500 }, 'source-refused'],
  ['a redirect', { kind: 'redirect', to: 'https://elsewhere.example.test/' }, 'source-protocol'],
  ['a reset in the body', { kind: 'reset', at: 'body' }, 'source-connection-lost'],
  ['a body that is cut', { kind: 'truncated', how: 'content-length' }, 'source-connection-lost'],
  ['a body without its last chunk', { kind: 'truncated', how: 'chunked' }, 'source-connection-lost'],
  ['half a document', { kind: 'cut-document', keepBytes: 200 }, 'source-protocol'],
  ['no answer', { kind: 'hang', at: 'request' }, 'source-timeout'],
  ['half an answer and silence', { kind: 'hang', at: 'body' }, 'source-timeout'],
  ['a gzip bomb', { kind: 'gzip-bomb', bytes: 64 * 1_048_576 }, 'source-limit'],
  ['bytes that are no UTF-8', { kind: 'invalid-utf8' }, 'source-protocol'],
];

describe.each([
  ['the resources of UCCX', 'uccx-main', places.resources, failed],
  ['the teams of UCCX', 'uccx-main', places.teams, partial],
  ['the second page of UCCE', 'ucce-main', places.secondPage, partial],
] as const)('a fault while %s are read', (_, source, path, endOf) => {
  it('takes nothing from anybody, whatever the fault, and is over with the next good read', async () => {
    const rows = await settled();
    const before = await centre.users();
    change(rows);
    const cases: readonly Case[] = faults.map(([what, fault, code]) => [what, { ...fault, path }, endOf(code)]);
    for (const [what, fault, ending] of cases) {
      const mend = centre[source === 'uccx-main' ? 'uccx' : 'ucce'].faults.add(fault);
      const run = await centre.sync(source);
      expect({ what, ...run }).toMatchObject({ what, ...ending });
      expect(run.because).toBeTruthy();
      expect({ what, lena: await lena() }).toMatchObject({ what, lena: lenaAsBefore });
      mend();
    }
    const after = await centre.users();
    for (const [name, picture] of Object.entries(before)) {
      expect(after[name]).toMatchObject({ teams: picture.teams, enabled: picture.enabled, links: picture.links });
    }
    await expectInOrder();
  });
});

describe('a view of UCCE that is narrower than everything', () => {
  const narrow: readonly (readonly [string, UcceLogin])[] = [
    [
      'of a department administrator',
      { user: `dept@${domain}`, password: 'Dept.Reader!1', role: 'administrator', readOnly: true, departments: [5002] },
    ],
    ['of a supervisor', { user: `boss@${domain}`, password: 'Boss.Reader!1', role: 'supervisor', agent: 5_001 }],
  ];

  it.each(narrow)('%s takes nothing from anybody', async (_, login) => {
    const { user, password } = login;
    const wide: UcceLogin = { user, password, role: 'administrator', readOnly: true };
    const rows = await settled({ ucceLogins: [wide] });
    change(rows);
    const own = login.role === 'supervisor' ? { ...login, agent: rows.leaver + 1 } : login;
    centre.ucce.state.setLogin(own);
    const run = await centre.sync('ucce-main');
    expect(run).toMatchObject({ state: expect.stringMatching(/partial|failed/), counts: { absent: 0 } });
    expect(await lena()).toMatchObject(lenaAsBefore);
    centre.ucce.state.setLogin(wide);
    await expectInOrder();
  });
});

describe('a UCCE that changes while it is read', () => {
  it('is read once more, and counts as complete when it then holds still', async () => {
    await settled();
    let pages = 0;
    centre.ucce.state.afterPage = ({ type, startIndex }) => {
      pages += 1;
      if (type === 'agent' && startIndex === 0 && pages === 1)
        addAgent(centre, 'late', ['Late', 'Comer'], { agentId: '9999' });
    };
    expect(await centre.sync('ucce-main')).toMatchObject({ state: 'done', read: 'complete' });
    expect((await centre.user(`late@${domain}`)).enabled).toBe(true);
  });

  it('every time is a partial read', async () => {
    const rows = await settled();
    change(rows);
    let next = 9_000;
    centre.ucce.state.afterPage = ({ type, startIndex }) => {
      if (type === 'agent' && startIndex === 0)
        addAgent(centre, `late${next}`, ['Late', 'Comer'], { agentId: String(next++) });
    };
    expect(await centre.sync('ucce-main')).toMatchObject({ state: 'partial', errorCode: 'source-partial' });
    expect(await lena()).toMatchObject(lenaAsBefore);
    centre.ucce.state.afterPage = undefined;
    await expectInOrder();
  });

  it('states more agents than it shows, and is a partial read', async () => {
    const rows = await settled();
    change(rows);
    const mend = centre.ucce.state.vary({ totalResults: (truth) => truth + 1 });
    expect(await centre.sync('ucce-main')).toMatchObject({ state: 'partial', errorCode: 'source-protocol' });
    expect(await lena()).toMatchObject(lenaAsBefore);
    mend();
    await expectInOrder();
  });
});

describe('agent teams that UCCE does not show', () => {
  it.each([403, 404] as const)(
    'with status %s are taken from the agents, and nobody leaves a team',
    async (refusal) => {
      const rows = await settled();
      change(rows);
      const before = await centre.users();
      centre.ucce.state.vary({ administratorTeams: refusal });
      expect(await centre.sync('ucce-main')).toMatchObject({ read: 'complete' });
      const after = await centre.user(`a1@${domain}`);
      expect(after).toMatchObject({ teams: before[`a1@${domain}`]?.teams, main: 'Claims' });
      await expectInOrder();
    },
  );
});

describe('a list with nobody in it', () => {
  it('of UCCX, where each person is still found by the userID, is believed by nobody', async () => {
    await settled();
    const mend = centre.uccx.state.vary({ lists: 'none' });
    const run = await centre.sync('uccx-main');
    expect(run).toMatchObject({ state: 'failed', errorCode: 'source-partial' });
    expect(run.because).toContain('showed nobody');
    expect(await lena()).toMatchObject(lenaAsBefore);
    mend();
    expect(await centre.sync('uccx-main')).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('of UCCX, even if it calls each of them unknown, is a partial read every time', async () => {
    await settled();
    for (const userID of [...centre.uccx.state.resources.keys()]) centre.uccx.state.removeResource(userID);
    for (const _ of [1, 2]) {
      const run = await centre.sync('uccx-main');
      expect(run).toMatchObject({ state: 'partial', errorCode: 'source-partial', counts: { applied: 0 } });
      expect(run.because).toContain('showed nobody');
      expect(await lena()).toMatchObject(lenaAsBefore);
    }
    addResource(centre, 'mia', ['mia', 'Weil'], { teamId: 2 });
    await centre.settle();
    expect(await lena()).toMatchObject({ enabled: true, teams: ['Claims [ucce-main]'] });
    // Nobody but UCCX knew him.
    expect(await centre.user('otto')).toMatchObject({
      enabled: false,
      links: ['uccx-main created gone'],
      teams: ['Billing [uccx-main]'],
    });
    expect((await centre.user('mia')).enabled).toBe(true);
  });

  it('of UCCE is held, and what a person who looked says is carried out', async () => {
    await settled();
    for (const { id } of [...centre.ucce.state.agents.values()]) centre.ucce.state.removeAgent(id);
    const run = await centre.sync('ucce-main');
    expect(run).toMatchObject({ state: 'held', counts: { applied: 0 } });
    expect(run.holds.map(({ kind }) => kind)).toContain('empty-read');
    expect((await centre.user(`a1@${domain}`)).enabled).toBe(true);
    await centre.approve(run);
    // UCCE was the only one to say that she works here.
    expect(await lena()).toMatchObject({ enabled: false });
    expect((await centre.user(`a1@${domain}`)).enabled).toBe(false);
    expect((await centre.user('otto')).enabled).toBe(true);
  });
});
