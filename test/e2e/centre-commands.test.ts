// A contact centre as its administrator meets it: a real domain, a UCCX, a UCCE, and every command from `init` to
// `source detach` typed as a real process, the examples of docs/connectors.md word by word.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ExplanationJson, RunReportJson, StatusJson, UserJson } from '../../src/cli/json.ts';
import type { FindingJson, OutwardFindingJson } from '../../src/cli/json-findings.ts';
import type { DetachJson } from '../../src/cli/json-sources.ts';
import { describeWith } from '../describe-with.ts';
import { staffDomain } from '../lab/cisco-staff.ts';
import { addUser } from '../lab/directory.ts';
import type { Person } from '../lab/people.ts';
import { CentreInstallation, type CentreLab, sources, startCentreLab } from './centre-installation.ts';
import { approveHeld, type SyncJson, syncOnly } from './centre-witness.ts';

const page = readFileSync(new URL('../../docs/connectors.md', import.meta.url), 'utf8');

/** The directory comes last in the file, and first by `correlateAfter` and `precedence`. */
const inFile = ['uccx-main', 'ucce-main', 'ad-hq'] as const;
const head = `log: { level: error }
precedence:
  username: [ad-hq]
  email: [ad-hq]
  firstName: [ad-hq]
  lastName: [ad-hq]
  displayName: [ad-hq]
`;

/** People of the directory whose login is the userID of somebody else on UCCX. */
const namesakes = [
  { login: 'mhorvat', givenName: 'Mira', sn: 'Horvat', userID: 'MHorvat', firstName: 'Jane', lastName: 'Cooper' },
  { login: 'jsmith', givenName: 'John', sn: 'Smith', userID: 'jsmith', firstName: 'Petra', lastName: 'Kraus' },
  { login: 'tblack', givenName: 'Tom', sn: 'Black', userID: 'tblack', firstName: 'Olga', lastName: 'Reyes' },
] as const;

describeWith('samba', 'a contact centre on the command line', () => {
  let lab: CentreLab;
  let rosterd: CentreInstallation;
  /** A supervisor on both contact centres who works in the directory. */
  let zoe: Person;

  beforeAll(async () => {
    lab = await startCentreLab({ uccxAgents: 80, ucceAgents: 200 });
    for (const { login, givenName, sn, userID, firstName, lastName } of namesakes) {
      const attributes = { givenName, sn, displayName: `${givenName} ${sn}` };
      const cn = attributes.displayName;
      await addUser(lab.samba, { parentDn: lab.planted.peopleDn, cn, login, upnSuffix: staffDomain, attributes });
      await lab.uccx.act('addResource', { userID, firstName, lastName, extension: `9${login.length}00`, teamId: 2 });
    }
    const found = lab.staff.bothPeople.find(({ rank, index }) => rank === 'supervisor' && index % 33 !== 7);
    if (found === undefined) throw new Error('nobody supervises on both');
    zoe = found;
    rosterd = new CentreInstallation(lab);
  });
  afterAll(async () => {
    await rosterd?.close();
    await lab?.stop();
  });

  const findings = async (code: string): Promise<readonly FindingJson[]> =>
    (await rosterd.ask<{ findings: FindingJson[] }>(['finding', 'list', '--code', code])).findings;
  const findingOf = async (code: string, label: RegExp): Promise<number> => {
    const found = (await findings(code)).filter((finding) => label.test(finding.label));
    expect(found).toHaveLength(1);
    return found[0]?.id ?? 0;
  };
  const users = async (): Promise<ReadonlyMap<string, UserJson>> => {
    const { users: all } = await rosterd.ask<{ users: readonly UserJson[] }>(['user', 'list', '--all']);
    return new Map(all.map((one) => [one.username, one]));
  };
  const sync = (exit = 0): Promise<SyncJson> => rosterd.ask<SyncJson>(['sync'], exit);

  it('is set up by hand, and every source says before the first sync what is there', async () => {
    await rosterd.tell(['init', rosterd.folder]);
    rosterd.configure({ sources: inFile, head });
    expect(await rosterd.tell(['config', 'check'])).toContain(
      'uccx-main (uccx), ucce-main (ucce), ad-hq (active-directory)',
    );

    const checks = await Promise.all(
      sources.map((name) => rosterd.ask<{ facts: { name: string; value: string }[] }>(['source', 'check', name])),
    );

    const counted = checks.map(({ facts }) => Object.fromEntries(facts.map(({ name, value }) => [name, value])));
    expect(counted).toMatchObject([
      { accounts: String(lab.planted.people.length + namesakes.length), groups: '20' },
      { agents: '200', 'agent teams': '5, from their own list', 'may change agents': 'no' },
      { resources: '83 (75 agents, 8 supervisors)', teams: '16', completeness: 'nothing speaks against it' },
    ]);
    // Nothing is stored before somebody says so.
    expect(() => statSync(join(rosterd.folder, 'rosterd.db'))).toThrow('ENOENT');
    expect((await rosterd.run('sync')).code).toBe(6);
    await rosterd.tell(['db', 'migrate']);
  });

  it('shows what a sync would do, and that the contact centres wait for the directory', async () => {
    const directory = await rosterd.ask<RunReportJson>(['plan', 'ad-hq'], 2);
    const contactCentre = await rosterd.ask<RunReportJson>(['plan', 'ucce-main'], 3);

    expect(directory.run).toMatchObject({ dryRun: true, state: 'done', holds: [] });
    expect(contactCentre.run).toMatchObject({ dryRun: true, state: 'paused', errorCode: 'waits-for-source' });
    expect((await rosterd.ask<{ users: object[] }>(['user', 'list'])).users).toEqual([]);
  });

  it('reads the directory first whatever the order of the file, and holds the links of a first run', async () => {
    const first = await sync(3);

    expect(first.errors).toEqual([]);
    expect(first.runs.map(({ run }) => [run.source, run.state])).toEqual([
      ['ad-hq', 'done'],
      ['uccx-main', 'held'],
      ['ucce-main', 'held'],
    ]);
    expect(await rosterd.ask<StatusJson>(['status'], 3)).toMatchObject({ daemons: [], reconciling: null });
    for (const { run } of first.runs) await approveHeld(rosterd, run);
    // What one source's approval made true is told to the others.
    await sync();
  });

  it('has nothing to do when it is asked again', async () => {
    const again = await sync();

    expect(again.runs.map(({ run, changes }) => [run.state, run.counts.planned, changes])).toEqual(
      inFile.map(() => ['done', 0, []]),
    );
    expect(await rosterd.tell(['sync', 'ucce-main'])).toContain('Nothing to change.');
    const plans = await Promise.all(sources.map((name) => rosterd.ask<RunReportJson>(['plan', name])));
    expect(plans.map(({ changeCounts }) => changeCounts)).toEqual([{}, {}, {}]);
  });

  it('explains one person who is in three sources, everything with its owner', async () => {
    const said = await rosterd.ask<ExplanationJson>(['user', 'explain', zoe.login]);

    const row = lab.staff.uccePeople.find(({ person }) => person.index === zoe.index);
    expect(said.accounts.map(({ source, presence, link }) => [source, presence, link]).sort()).toEqual(
      sources.map((source) => [source, 'present', 'active']),
    );
    expect(said.accounts.find(({ source }) => source === 'ucce-main')?.id).toBe(String(row?.id));
    const owners = new Map(said.fields.map(({ field, owner }) => [field, owner]));
    expect([owners.get('username'), owners.get('email'), owners.get('lastName')]).toEqual(Array(3).fill('ad-hq'));
    expect(said.attributes.map(({ name, owner }) => `${name} ${owner}`).sort()).toEqual([
      'agentId ucce-main',
      'extension ad-hq',
      'extension uccx-main',
    ]);
    expect(new Set(said.teams.flatMap(({ owners: all }) => all.map(({ owner }) => owner)))).toEqual(new Set(sources));
    expect(said.roles.map(({ name, owners: all }) => [name, all.map(({ owner }) => owner).sort()])).toEqual([
      ['DEFAULT_SUPERVISOR', ['ucce-main', 'uccx-main']],
    ]);
    expect(said.grants.length).toBeGreaterThan(0);
    const text = await rosterd.tell(['user', 'explain', zoe.login]);
    for (const source of sources) expect(text).toContain(`  ${source}: `);
  });

  it('prints a to-do list for the administrator of UCCX that needs no rosterd to be read', async () => {
    const list = ['finding', 'list', '--for', 'uccx-main'];
    const [asked, markdown, csv] = await Promise.all([
      rosterd.ask<{ for: string; findings: OutwardFindingJson[] }>(list),
      rosterd.tell([...list, '--format', 'md']),
      rosterd.tell([...list, '--format', 'csv']),
    ]);

    expect(asked.for).toBe('uccx-main');
    const { notInDirectory, disabledInDirectory } = lab.staff.traps;
    const ids = (code: string) => asked.findings.filter((one) => one.code === code).map(({ id }) => id);
    expect(ids('not-in-directory')).toContain(notInDirectory.userID);
    expect(ids('disabled-in-directory')).toContain(disabledInDirectory.userID);
    for (const { number } of asked.findings) expect(markdown).toMatch(new RegExp(`\\| ${number} \\|$`, 'mu'));
    expect(markdown).toMatch(/^# To do in uccx-main/u);
    expect(csv.trimEnd().split('\n')).toHaveLength(asked.findings.length + 1);
    // A file for a spreadsheet is one document: no finding of the other contact centre is in it.
    expect(csv).not.toContain('ucce-main,');
    expect((await rosterd.run('finding', 'list', '--for', 'uccx-none')).code).toBe(4);
  });

  it('says whose main team moves, from where to where and by which rule', async () => {
    const { userID } = lab.staff.traps.notInDirectory;
    const from = (await users()).get(userID)?.mainTeam;
    await lab.uccx.act('changeResource', userID, { teamId: 4 });

    const moved = await syncOnly(rosterd, 'uccx-main');

    expect(moved.run).toMatchObject({ state: 'done', counts: { planned: 1, applied: 1 } });
    const shown = await rosterd.ask<RunReportJson>(['run', 'show', String(moved.run.id), '--main-teams']);
    const to = (await users()).get(userID)?.mainTeam;
    expect(to).not.toBe(from);
    expect(shown.mainTeams).toMatchObject([{ user: userID, from, to, rule: 'first-by-name', held: false }]);
    const text = await rosterd.tell(['run', 'show', String(moved.run.id), '--main-teams']);
    expect(text).toContain(userID);
    expect(text).toContain(`${from} -> ${to}`);
  });

  it('follows every command of the page about sources', async () => {
    const [mhorvat, jsmith, tblack] = [/mhorvat/iu, /jsmith/iu, /tblack/iu];
    const typed: string[] = [];
    /** The line of the page, with the number or name of this test in the place of the example's. */
    const type = async (start: string, replace: Readonly<Record<string, string>> = {}, exit = 0): Promise<string> => {
      const line = commandsOfPage().find((one) => one.startsWith(`rosterd ${start}`));
      if (line === undefined) throw new Error(`docs/connectors.md has no command "rosterd ${start}"`);
      typed.push(line);
      const args = wordsOf(line).slice(1);
      return rosterd.tell(
        args.map((word) => replace[word] ?? word),
        exit,
      );
    };

    expect(await type('finding list --code other-person')).toMatch(/MHorvat[\s\S]*jsmith[\s\S]*tblack/u);
    const [linked, made, ignored] = await Promise.all(
      [mhorvat, jsmith, tblack].map((label) => findingOf('other-person', label)),
    );
    await type('finding resolve 12 --link', { '12': String(linked) });
    await type('finding resolve 12 --new', { '12': String(made), mhorvat2: 'jsmith2' });
    await type('finding resolve 12 --ignore', { '12': String(ignored) });
    const waiting = (await findings('other-person')).map(({ label }) => label);
    expect(waiting.filter((label) => [mhorvat, jsmith, tblack].some((one) => one.test(label)))).toEqual([]);

    await sync();
    const decided = await users();
    expect(decided.get('mhorvat')?.sources).toEqual(['ad-hq', 'uccx-main']);
    expect(decided.get('jsmith2')).toMatchObject({
      sources: ['uccx-main'],
      displayName: 'Petra Kraus',
      enabled: true,
    });
    expect(decided.get('jsmith')?.sources).toEqual(['ad-hq']);
    expect(decided.get('tblack')?.sources).toEqual(['ad-hq']);

    expect(await type('user unlink mhorvat', { mhorvat: 'mhorvat' })).toMatch(/mhorvat/u);
    await sync();
    const before = await users();
    expect(before.get('mhorvat')).toMatchObject({ sources: ['ad-hq'], mainTeam: null });
    expect((await findings('unlinked-account')).map(({ label }) => label.toLowerCase())).toEqual(['mhorvat']);

    expect(await type('finding list --for uccx-main --format md')).toMatch(/^# To do in uccx-main/u);
    expect(await type('finding list --for uccx-main --format csv')).toMatch(/^task,name,id,/u);

    // Not from under a configuration that names it, and not without a yes where nobody can be asked.
    expect((await rosterd.run('source', 'detach', 'uccx-main', '--reason', 'too early', '--yes')).code).toBe(4);
    rosterd.configure({ sources: inFile.filter((name) => name !== 'uccx-main'), head });
    await type('source detach uccx-old', { 'uccx-old': 'uccx-main' }, 4);
    expect(await users()).toEqual(before);
    const [line = ''] = commandsOfPage().filter((one) => one.startsWith('rosterd source detach'));
    const detached = await rosterd.ask<DetachJson>([
      ...wordsOf(line)
        .slice(1)
        .map((word) => (word === 'uccx-old' ? 'uccx-main' : word)),
      '--yes',
    ]);
    expect(detached).toMatchObject({ source: 'uccx-main', changed: true, counts: { accounts: 83, groups: 16 } });
    expect(typed).toEqual(commandsOfPage());
  });

  it('left everybody with what they had, and a log that is whole', async () => {
    expect((await users()).get(zoe.login)?.sources).toEqual(['ad-hq', 'ucce-main']);
    const alone = await rosterd.ask<ExplanationJson>(['user', 'explain', lab.staff.traps.notInDirectory.userID]);
    expect(alone.accounts).toEqual([]);
    expect(alone.user).toMatchObject({ enabled: true, sources: [] });
    expect(new Set(alone.fields.flatMap(({ owner }) => owner ?? []))).toEqual(new Set(['local']));

    const last = await sync();

    expect(last.runs.map(({ run }) => run.state)).toEqual(['done', 'done']);
    expect(await rosterd.ask(['audit', 'verify'])).toMatchObject({ ok: true });
    expect(rosterd.leftBehind).toEqual([]);
  });
});

/** Of its blocks of shell, one line each. */
const commandsOfPage = (): readonly string[] =>
  [...page.matchAll(/```sh\n([\s\S]*?)```/gu)].flatMap(([, block = '']) => block.trim().split('\n'));

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, inQuotes, bare]) => inQuotes ?? bare ?? '');
