// A team of the contact centre disappears: who leaves it and where everybody's main team goes is told before anything is done.

import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printRunReport, type ShowOptions } from '../../src/cli/run-text.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { streamRunReport } from '../../src/cli/to-json.ts';
import type { Run } from '../../src/model/run.ts';
import { hq, type Office } from './sync-fixture.ts';
import { openTwoSystems, reportOf, type TwoSystems, west } from './sync-two-systems.ts';

let systems: TwoSystems;
let office: Office;

afterEach(() => office.close());

async function written(work: (terminal: Terminal) => Promise<void>): Promise<string> {
  const stdout = new PassThrough();
  await work(new Terminal({ stdin: new PassThrough(), stdout, stderr: new PassThrough() }));
  stdout.end();
  return (await stdout.toArray()).map(String).join('');
}

/** Without how long it took and the head of the audit log, which differ from run to run. */
async function shown(run: Run, options: Partial<ShowOptions> = {}): Promise<string> {
  const text = await written((terminal) =>
    printRunReport(terminal, reportOf(office, run), { perGroup: 2, ...options }),
  );
  return text.replace(/(done|held) in [^;]+;/u, '$1;').replace(/^audit head .*\n/mu, '');
}

const mainTeams = async (): Promise<Readonly<Record<string, number>>> => {
  const users = Object.values(await office.users());
  const counts = Map.groupBy(users, ({ main }) => main ?? '(none)');
  return Object.fromEntries([...counts].map(([name, own]) => [name, own.length]).sort());
};

async function group(name: string, members: readonly string[]): Promise<void> {
  await office.staff.group(name);
  await office.staff.move(name, systems.unit);
  if (members.length > 0) await office.staff.join(name, ...members);
}

/** Sixty agents. Forty are in Billing: 36 of them in Claims too, four in no other team. Zeta of the directory has three of the 36. */
async function staffed(head?: string): Promise<void> {
  systems = await openTwoSystems(head === undefined ? {} : { head });
  office = systems.office;
  const logins = await office.staff.hireMany(60);
  for (const login of logins) await systems.hireAgent(login);
  await office.staff.group('Zeta', logins.slice(0, 3));
  const agents = logins.map((login) => `w-${login}`);
  await group('Billing', agents.slice(0, 40));
  await systems.settle();
  await group('Claims', [...agents.slice(0, 36), ...agents.slice(40)]);
  await systems.settle();
}

describe('a team that vanishes', () => {
  beforeEach(() => staffed());

  it('shows its whole storm before it happens, and is held', async () => {
    expect(await mainTeams()).toEqual({ Billing: 37, Claims: 20, Zeta: 3 });
    await office.staff.fire('Billing');
    // Whose main team comes from the directory loses a team, and not the main one.
    const run = await systems.sync(west, 'plan');

    expect(await shown(run)).toMatchInlineSnapshot(`
      "Memberships (40)
        - p000  Billing (west, not in the source) [held: membership-removal, team-members]
        - p001  Billing (west, not in the source) [held: membership-removal, team-members]
        and 38 more (--all)

      Main team (37)
        ~ p003  Billing -> Claims (left the main team; first of the others by name) [held: main-team-change, membership-removal, team-members]
        ~ p004  Billing -> Claims (left the main team; first of the others by name) [held: main-team-change, membership-removal, team-members]
        and 35 more (--all)

      Teams (1)
        - Billing  fed by west group Billing

      Main team impact (37 users)
        Billing -> Claims: 33 users (first by name), held
        Billing -> (none): 4 users (no team left), held
        who they are: rosterd run show 10 --main-teams

      Totals: 41 changes: 40 memberships, 37 main teams, 1 team change.
      Run 10 of west (full, dry run): held; read 60 accounts, 1 groups; 41 planned.
      HELD: 37 users would change the main team (62 %; limit 20 % and more than 20)
            40 memberships would be removed (67 %; limit 20 % and more than 20)
            team Billing would lose 40 of 40 members (100 %; limit 50 % and more than 5)
      A real run would hold 40 changes for a decision; a dry run applies nothing.
      "
    `);
    expect(await mainTeams()).toEqual({ Billing: 37, Claims: 20, Zeta: 3 });
  });

  it('waits for a person, who sees everybody in it and then releases it', async () => {
    await office.staff.fire('Billing');
    const held = await systems.sync(west);

    expect(held.state).toBe('held');
    expect(held.holds.map(({ kind, of, count }) => [kind, of, count])).toEqual(
      expect.arrayContaining([
        ['main-team-change', undefined, 37],
        ['team-members', 'Billing', 40],
      ]),
    );
    expect(await mainTeams()).toEqual({ Billing: 37, Claims: 20, Zeta: 3 });
    expect(await shown(held, { only: 'main-teams' })).toMatchInlineSnapshot(`
      "Main team impact (37 users)
        Billing -> Claims: 33 users (first by name), held
          p003, p004, p005, p006, p007, p008, p009, p010, p011, p012 and 23 more (--all)
        Billing -> (none): 4 users (no team left), held
          p036, p037, p038, p039

      Totals: 41 changes: 40 memberships, 37 main teams, 1 team change.
      Run 10 of west (full): held; read 60 accounts, 1 groups; applied 1, held 40; 2 new findings (rosterd finding list).
      HELD: 37 users would change the main team (62 %; limit 20 % and more than 20)
            40 memberships would be removed (67 %; limit 20 % and more than 20)
            team Billing would lose 40 of 40 members (100 %; limit 50 % and more than 5)
      Nothing of this was applied: 40 changes wait for a decision.
        look:    rosterd run show 10 --held
        release: rosterd run approve 10 --reason "..."
        silence: rosterd run reject 10 --reason "..." --until 30d
      "
    `);
    const again = await systems.sync(west);
    expect(again.heldRunId).toBe(held.id);
    expect(await shown(again)).toContain(`Main team impact of what waits: rosterd run show ${held.id} --main-teams`);

    const applied = await systems.approve(held);

    expect(await mainTeams()).toEqual({ '(none)': 4, Claims: 53, Zeta: 3 });
    expect(await shown(applied, { only: 'main-teams' })).toContain('Billing -> Claims: 33 users (first by name)\n');
    expect(await systems.sync(west)).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('is whole in JSON, user by user and summed up', async () => {
    await office.staff.fire('Billing');
    const run = await systems.sync(west, 'plan');
    const json = JSON.parse(await written((terminal) => streamRunReport(terminal, reportOf(office, run))));
    expect(json.mainTeamSummary).toEqual({
      first: 0,
      moves: [
        { from: 'Billing', to: 'Claims', rule: 'first-by-name', decidedBy: [], held: true, state: 'held', users: 33 },
        { from: 'Billing', to: null, rule: 'no-team', decidedBy: [], held: true, state: 'held', users: 4 },
      ],
    });
    expect(json.mainTeams).toHaveLength(37);
    expect(json.mainTeams[0]).toMatchObject({ user: 'p003', from: 'Billing', to: 'Claims', held: true });
  });
});

describe('a team that vanishes, where rank and eligibility decide', () => {
  it('says so beside the move', async () => {
    await staffed('mainTeam: { rank: { west: 1 }, ineligible: [Claims] }\n');
    await office.staff.join('Zeta', 'p003', 'p004');
    await systems.sync(hq);
    await office.staff.fire('Billing');
    const text = await shown(await systems.sync(west, 'plan'));
    expect(text).toContain('Billing -> Claims: 31 users (first by name), held');
    expect(text).toContain('Billing -> Zeta: 2 users (first by rank, then name, of those that may be main), held');
  });
});
