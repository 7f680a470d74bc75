// A daemon with a real domain, a UCCX and a UCCE on schedules: it follows what happens in all three, and whatever a contact
// centre answers instead of the truth, nobody loses anything, and the next good answer mends it.

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { StatusJson } from '../../src/cli/json.ts';
import type { DetachJson } from '../../src/cli/json-sources.ts';
import { describeWith } from '../describe-with.ts';
import { staffDomain } from '../lab/cisco-staff.ts';
import { DaemonProcess, type LogLine } from '../lab/daemon-process.ts';
import { addUser } from '../lab/directory.ts';
import type { HttpFault } from '../lab/http-faults.ts';
import {
  CentreInstallation,
  type CentreLab,
  type CentreSource,
  sources,
  startCentreLab,
} from './centre-installation.ts';
import { asLocal, settle, standingOf, type Users, usersIn } from './centre-witness.ts';

type Web = 'uccx' | 'ucce';
const sourceOf = { uccx: 'uccx-main', ucce: 'ucce-main' } as const;
const served = {
  cron: '*/2 * * * * *',
  head: 'log: { level: info }\nserve: { listen: "127.0.0.1:0" }\n',
} as const;
/** Agents of UCCE come in two pages. */
const secondPage = '/agent\\?.*startIndex=100';
const isEnd = ({ message }: LogLine): boolean => message.startsWith('run ended: ');

describeWith('samba', 'a daemon and a contact centre', () => {
  let lab: CentreLab;
  let rosterd: CentreInstallation;
  let daemon: DaemonProcess;
  let turn = 0;

  beforeAll(async () => {
    lab = await startCentreLab({ uccxAgents: 40, ucceAgents: 130 });
    rosterd = new CentreInstallation(lab);
    await rosterd.tell(['init', rosterd.folder]);
    rosterd.configure();
    await rosterd.tell(['db', 'migrate']);
    await settle(rosterd);
    rosterd.configure(served);
    daemon = new DaemonProcess(rosterd.configFile);
    await Promise.all(sources.map((source) => endOf(source, 'done', 0)));
  });
  // A case that fails spoils none of the next ones.
  afterEach(() => Promise.all([lab.uccx.clearFaults(), lab.ucce.clearFaults()]));
  afterAll(async () => {
    await daemon?.end();
    await rosterd?.close();
    await lab?.stop();
  });

  const users = (): Promise<Users> => usersIn(rosterd.folder);
  const here = (): number => daemon.lines.length;
  const endOf = (source: CentreSource, state: string, from = here()): Promise<LogLine> =>
    daemon.line((line) => line.message === `run ended: ${state}` && line['source'] === source, from);
  const applied = (source: CentreSource, from: number): Promise<LogLine> =>
    daemon.line(
      (line) => line.message === 'run ended: done' && line['source'] === source && Number(line['applied'] ?? 0) > 0,
      from,
    );
  /** The end of the first run of this source that began from now on. */
  async function nextRun(source: CentreSource): Promise<LogLine> {
    const started = await daemon.line((line) => line.message === 'run started' && line['source'] === source, here());
    return daemon.line((line) => line['run'] === started['run'] && isEnd(line));
  }
  const metric = async (name: string, source: string, more = ''): Promise<number> => {
    const { body } = await daemon.ask('/metrics');
    const [, value] =
      new RegExp(`^${name}\\{[^}]*source="${source}"[^}]*${more}[^}]*\\} (\\S+)$`, 'mu').exec(body) ?? [];
    return Number(value);
  };
  const refusals = async (web: Web): Promise<number> =>
    (await lab[web].requests()).filter(({ status }) => status === 401).length;

  /** Something in the contact centre that the next complete read has to bring. */
  async function change(web: Web): Promise<void> {
    turn += 1;
    if (web === 'uccx') await lab.uccx.act('changeResource', uccxAgent().userID, { extension: `55${turn}` });
    else await lab.ucce.act('changeAgent', ucceAgent().id, { description: `Desk ${turn}` });
  }
  const uccxAgent = () => lab.staff.uccxPeople[4] ?? never();
  /** On the second page: what comes before a fault is true, and a read that is cut may bring it. */
  const ucceAgent = () => lab.staff.uccePeople[125] ?? never();

  it('follows joiners, leavers, moves and new supervisors in all three systems', async () => {
    const before = await users();
    const [teamLeaver, agentLeaver, mover] = [
      lab.staff.uccxPeople[2] ?? never(),
      lab.staff.uccePeople[40] ?? never(),
      lab.staff.uccxPeople[5] ?? never(),
    ];
    let from = here();
    const upnSuffix = staffDomain;
    const attributes = { givenName: 'Nora', sn: 'Blum', displayName: 'Nora Blum' };
    const parentDn = lab.planted.peopleDn;
    await addUser(lab.samba, { parentDn, cn: 'Nora Blum', login: 'nblum', upnSuffix, attributes });
    await applied('ad-hq', from);
    from = here();

    await lab.uccx.act('addResource', {
      userID: 'NBlum',
      firstName: 'Nora',
      lastName: 'Blum',
      extension: '5990',
      type: 2,
      teamId: 3,
    });
    await lab.uccx.act('changeTeam', 3, { primarySupervisor: 'NBlum' });
    await lab.uccx.act('removeResource', teamLeaver.userID);
    await lab.uccx.act('changeResource', mover.userID, { teamId: 3 });
    const [team] = lab.staff.ucce.teams;
    const person = { firstName: 'Nora', lastName: 'Blum', userName: `nblum@${staffDomain}`, loginEnabled: true };
    await lab.ucce.act('addAgent', {
      agentId: '0077',
      peripheralId: 5000,
      person,
      supervisor: true,
      teamId: team?.id ?? 0,
      supervisorTeamIds: [team?.id ?? 0],
    });
    await lab.ucce.act('removeAgent', agentLeaver.id);

    await expect
      .poll(users, { timeout: 60_000, interval: 500 })
      .toSatisfy((now: Users) => now['nblum']?.links.length === 3);
    await nextRun('uccx-main');
    await nextRun('ucce-main');
    const after = await users();
    const isOf = (source: string) => (text: string) => text.includes(source);
    expect(after['nblum']?.attributes).toContain('agentId=0077 [ucce-main]');
    expect(after['nblum']?.grants.filter(isOf('[uccx-main]'))).toHaveLength(1);
    expect(after['nblum']?.grants.filter(isOf('[ucce-main]'))).toHaveLength(1);
    expect(after['nblum']?.roles.filter(isOf('DEFAULT_SUPERVISOR'))).toHaveLength(2);
    // Who left a contact centre and works in the directory stays, without what the contact centre gave.
    for (const [login, source] of [
      [teamLeaver.person.login, 'uccx-main'],
      [agentLeaver.person.login, 'ucce-main'],
    ] as const) {
      expect(before[login]?.teams.some(isOf(`[${source}]`))).toBe(true);
      expect(after[login]).toMatchObject({ enabled: true });
      expect([...(after[login]?.teams ?? []), ...(after[login]?.grants ?? [])].filter(isOf(`[${source}]`))).toEqual([]);
    }
    const moved = after[mover.person.login]?.teams.filter(isOf('[uccx-main]'));
    expect(moved).toHaveLength(1);
    expect(moved).not.toEqual(before[mover.person.login]?.teams.filter(isOf('[uccx-main]')));
  });

  it.each<[string, HttpFault, HttpFault]>([
    ['a page of HTML with status 200', { kind: 'html', status: 200 }, { kind: 'html', status: 200, path: secondPage }],
    [
      'a reset connection or 503 with Retry-After',
      { kind: 'reset', at: 'body' },
      { kind: 'status', status: 503, retryAfter: '1', path: secondPage },
    ],
    [
      'nothing for too long, or a page that ends in its middle',
      { kind: 'slow-first-byte', ms: 20_000 },
      { kind: 'truncated', how: 'content-length', path: secondPage },
    ],
    [
      'a document that was cut in good order',
      { kind: 'cut-document', keepBytes: 3_000 },
      { kind: 'cut-document', keepBytes: 9_000, path: secondPage },
    ],
  ])('loses nobody when a contact centre answers with %s', async (_, ofUccx, ofUcce) => {
    const before = await users();
    await lab.uccx.addFault(ofUccx);
    await lab.ucce.addFault(ofUcce);
    const webs = ['uccx', 'ucce'] as const;
    for (const source of Object.values(sourceOf)) {
      const spoilt = await nextRun(source);
      // A run that had read already when the fault came ends well.
      if (spoilt.message === 'run ended: done') expect((await nextRun(source)).message).toMatch(/(failed|partial)$/u);
      else expect(spoilt).toMatchObject({ message: expect.stringMatching(/(failed|partial)$/u) });
    }
    for (const web of webs) await change(web);

    for (const source of Object.values(sourceOf))
      expect((await nextRun(source)).message, source).toMatch(/(failed|partial)$/u);

    // The others are not kept from their work.
    expect(await endOf('ad-hq', 'done')).toMatchObject({ level: 'info' });
    for (const source of Object.values(sourceOf))
      expect(await metric('rosterd_failing_ticks', source)).toBeGreaterThan(0);
    expect(await users()).toEqual(before);
    const from = here();
    for (const web of webs) await lab[web].clearFaults();
    for (const source of Object.values(sourceOf)) await applied(source, from);
    expect(standingOf(await users())).toEqual(standingOf(before));
    for (const source of Object.values(sourceOf)) {
      await nextRun(source);
      expect(await metric('rosterd_failing_ticks', source)).toBe(0);
    }
  });

  it('leaves a login alone that is refused in the middle of paging, and says so, until somebody looks', async () => {
    const [before, refused] = [await users(), await refusals('ucce')];
    const from = here();
    await lab.ucce.addFault({ kind: 'unauthorized', path: secondPage, times: 1 });

    // Its first page was true.
    expect(await endOf('ucce-main', 'partial', from)).toMatchObject({ errorCode: 'source-credentials' });
    await daemon.line((line) => line['reason'] === 'credentials-refused' && line['source'] === 'ucce-main', from);
    const asked = (await lab.ucce.requests()).length;
    for (let more = 0; more < 2; more += 1) await nextRun('uccx-main');

    expect((await lab.ucce.requests()).length).toBe(asked);
    expect(await refusals('ucce')).toBe(refused + 1);
    expect(await users()).toEqual(before);
    expect(await metric('rosterd_ticks_skipped_total', 'ucce-main', 'refused')).toBeGreaterThan(0);
    const status = await rosterd.ask<StatusJson>(['status'], 5);
    const [ucce] = status.sources.filter(({ source }) => source === 'ucce-main');
    expect(ucce).toMatchObject({ health: 'failing', skipped: { reason: 'credentials-refused' } });

    // The password was right all the time: a person's word ends the wait.
    await rosterd.ask(['sync', 'ucce-main']);
    await nextRun('ucce-main');
    expect(await users()).toEqual(before);
  });

  it('tries a wrong password once, and the right one when it is there, without a restart', async () => {
    const [before, refused] = [await users(), await refusals('uccx')];
    const from = here();
    rosterd.secret('uccx-main.password', 'Not.The.0ne!\n');
    expect(await endOf('uccx-main', 'failed', from)).toMatchObject({ errorCode: 'source-credentials' });
    for (let more = 0; more < 3; more += 1) await nextRun('ucce-main');

    expect(await refusals('uccx')).toBe(refused + 1);
    expect(await users()).toEqual(before);

    await change('uccx');
    const mended = here();
    rosterd.secret('uccx-main.password', lab.uccx.login.password);
    await applied('uccx-main', mended);
    expect(await refusals('uccx')).toBe(refused + 1);
    expect(standingOf(await users())).toEqual(standingOf(before));
  });

  it('ends with nothing open, and never wrote a password down', async () => {
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });

    const { runs } = await rosterd.ask<{ runs: readonly { state: string }[] }>(['run', 'list', '--limit', '1000']);
    expect(runs.filter(({ state }) => ['reading', 'planning', 'applying', 'verifying'].includes(state))).toEqual([]);
    expect(daemon.lines.filter((line) => line['errorCode'] === 'bug')).toEqual([]);
    expect([daemon.noise, daemon.stderr]).toEqual([[], '']);
    const log = JSON.stringify(daemon.lines);
    for (const { password } of [lab.uccx.login, lab.ucce.login, lab.directory.reader]) {
      expect(log).not.toContain(password);
      expect(log).not.toContain(Buffer.from(password).toString('base64').slice(0, 12));
    }
    expect(log).not.toContain('Basic ');
    expect(await rosterd.ask(['audit', 'verify'])).toMatchObject({ ok: true });
  });

  it('lets go of a source that went out of the configuration while it was down', async () => {
    const before = await users();
    rosterd.configure({ ...served, sources: ['ad-hq', 'ucce-main'] });
    const looked = await rosterd.ask<DetachJson>(
      ['source', 'detach', 'uccx-main', '--reason', 'replaced', '--dry-run'],
      2,
    );
    expect(await users()).toEqual(before);

    const done = await rosterd.ask<DetachJson>(['source', 'detach', 'uccx-main', '--reason', 'replaced', '--yes']);

    expect([looked.changed, done.changed]).toEqual([false, true]);
    expect(done.counts).toEqual(looked.counts);
    const linked = Object.values(before).filter(({ links }) => links.some((link) => link.startsWith('uccx-main ')));
    expect(done.counts.users).toBe(linked.length);
    const after = await users();
    expect(after).toEqual(asLocal(before, 'uccx-main'));
    const alone = Object.entries(after).filter(([, { links }]) => links.length === 0);
    expect(alone).toHaveLength(done.counts.unsynced);
    expect(alone.length).toBeGreaterThan(0);

    daemon = new DaemonProcess(rosterd.configFile);
    for (const source of ['ad-hq', 'ucce-main'] as const) await endOf(source, 'done', 0);
    const later = await users();
    for (const [name, user] of alone) expect(later[name]).toEqual(user);
    expect(Object.values(later).map(({ enabled }) => enabled)).toEqual(
      Object.values(after).map(({ enabled }) => enabled),
    );
    expect((await rosterd.ask<StatusJson>(['status'])).sources.map(({ source }) => source)).toEqual([
      'ad-hq',
      'ucce-main',
    ]);
    expect(await rosterd.ask(['audit', 'verify'])).toMatchObject({ ok: true });
    expect(rosterd.leftBehind).toEqual([]);
  });
});

function never(): never {
  throw new Error('the staff of the lab is too small');
}
