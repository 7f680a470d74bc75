// Whose main team a run changes, as an operator reads it and as a script does.

import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/cli/app.ts';
import { MainTeamImpact, moveText, ruleText } from '../../src/cli/main-team-impact.ts';
import { printRunReport, type ShowOptions } from '../../src/cli/run-text.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { streamRunReport } from '../../src/cli/to-json.ts';
import type { UserChangePart } from '../../src/model/change.ts';
import { asChangeId, asEpochMs, asRunId, asSourceName, asUserId } from '../../src/model/ids.ts';
import { noCounts, type Run } from '../../src/model/run.ts';
import type { StoredChange } from '../../src/sync/ports.ts';

type MainTeam = Extract<UserChangePart, { readonly part: 'main-team' }>;

let last = 0;
function moving(label: string, part: Omit<MainTeam, 'part'>, state: StoredChange['state'] = 'planned'): StoredChange {
  last += 1;
  const change = {
    subject: { kind: 'user', id: asUserId(last) },
    label,
    parts: [{ part: 'main-team', ...part }],
  } as const;
  return { id: asChangeId(last), run: asRunId(7), change, state };
}

const team = (name: string) => ({ name });
const toClaims = (count: number, state?: StoredChange['state']): readonly StoredChange[] =>
  Array.from({ length: count }, (_, index) =>
    moving(
      `p${String(index).padStart(2, '0')}`,
      { before: team('Billing'), after: team('Claims'), rule: 'first-by-name' },
      state,
    ),
  );
const storm = [
  moving('zoe', { before: team('Billing'), rule: 'no-team' }, 'held'),
  ...toClaims(12, 'held'),
  moving('new', { after: team('Claims'), rule: 'first-assigned' }),
  moving('eve', { before: team('Sales'), after: team('Claims'), rule: 'pinned' }),
];

function reportOf(changes: readonly StoredChange[], more: Partial<Run> = {}): RunReport {
  const run: Run = {
    id: asRunId(7),
    source: asSourceName('uccx'),
    trigger: 'cli',
    actor: 'cli:ops@console',
    mode: 'full',
    dryRun: true,
    attempt: 1,
    state: 'done',
    startedAt: asEpochMs(0),
    endedAt: asEpochMs(1_000),
    counts: noCounts,
    holds: [],
    applied: {},
    ...more,
  };
  return {
    run,
    changeCounts: {},
    async *changes(filter) {
      for (const one of changes) if (filter?.states?.includes(one.state) !== false) yield one;
    },
  };
}

async function written(work: (terminal: Terminal) => Promise<void>): Promise<string> {
  const stdout = new PassThrough();
  await work(new Terminal({ stdin: new PassThrough(), stdout, stderr: new PassThrough() }));
  stdout.end();
  return (await stdout.toArray()).map(String).join('');
}

const shown = async (report: RunReport, options: Partial<ShowOptions> = {}): Promise<string> => {
  const text = await written((terminal) => printRunReport(terminal, report, { perGroup: 20, ...options }));
  return text.slice(text.indexOf('Main team impact'), text.indexOf('Totals:'));
};

describe('main team impact', () => {
  it('names each move with its users counted, the greatest first, and first main teams apart', async () => {
    expect(await shown(reportOf(storm))).toMatchInlineSnapshot(`
      "Main team impact (14 users)
        Billing -> Claims: 12 users (first by name), held
        Billing -> (none): 1 user (no team left), held
        Sales -> Claims: 1 user (pinned)
        a first main team: 1 user without one before
        who they are: rosterd run show 7 --main-teams

      "
    `);
  });

  it('lists the first users of each move, and all of them when asked', async () => {
    const text = await shown(reportOf(storm), { only: 'main-teams' });
    expect(text).toMatchInlineSnapshot(`
      "Main team impact (14 users)
        Billing -> Claims: 12 users (first by name), held
          p00, p01, p02, p03, p04, p05, p06, p07, p08, p09 and 2 more (--all)
        Billing -> (none): 1 user (no team left), held
          zoe
        Sales -> Claims: 1 user (pinned)
          eve
        a first main team: 1 user without one before

      "
    `);
    expect(await shown(reportOf(storm), { only: 'main-teams', perGroup: undefined })).toContain('p09, p10, p11\n');
  });

  it('says in one line that nobody moves, and nothing where no main team changes', async () => {
    const first = moving('new', { after: team('Claims'), rule: 'first-assigned' });
    expect(await shown(reportOf([first]))).toBe(
      'Main team impact: nobody moves; 1 user without a main team before.\n\n',
    );
    expect(await written((terminal) => printRunReport(terminal, reportOf([]), { perGroup: 20 }))).not.toContain(
      'Main team',
    );
  });

  it('sends to the run that stores what waits', async () => {
    const hold = { kind: 'main-team-change', count: 12, recent: 0, baseline: 20 } as const;
    const again = reportOf([], { dryRun: false, state: 'held', heldRunId: asRunId(5), holds: [hold] });
    expect(await written((terminal) => printRunReport(terminal, again, { perGroup: 20 }))).toContain(
      'Main team impact of what waits: rosterd run show 5 --main-teams\n',
    );
  });

  it.each([
    [{ rule: 'first-by-name' }, 'first by name'],
    [{ rule: 'first-by-name', decidedBy: ['rank'] }, 'first by rank, then name'],
    [{ rule: 'first-by-name', decidedBy: ['ineligible'] }, 'first by name, of those that may be main'],
    [
      { rule: 'first-assigned', decidedBy: ['rank', 'ineligible'] },
      'first assigned, by rank, then name, of those that may be main',
    ],
  ] as const)('says what decided: %j', (how, text) => expect(ruleText(how)).toBe(text));

  it('keeps apart what differs in state or rule only', () => {
    const impact = new MainTeamImpact();
    const move = { before: team('A'), after: team('B'), rule: 'first-by-name' } as const;
    for (const state of ['planned', 'applied', 'held', 'rejected', 'conflict'] as const)
      impact.add(moving('x', move, state));
    impact.add(moving('y', { ...move, rule: 'pinned' }));
    expect(impact.moves.map(moveText)).toEqual([
      'A -> B: 2 users (first by name)',
      'A -> B: 1 user (first by name), left to the next run',
      'A -> B: 1 user (first by name), held',
      'A -> B: 1 user (first by name), rejected',
      'A -> B: 1 user (pinned)',
    ]);
  });

  it('comes in order of the users, then of the names', () => {
    const impact = new MainTeamImpact();
    for (const from of ['Alpha', 'Zulu', 'Beta', 'Zulu'])
      impact.add(moving('x', { before: team(from), rule: 'no-team' }));
    expect(impact.moves.map((move) => move.from)).toEqual(['Zulu', 'Alpha', 'Beta']);
  });

  it('is whole in JSON, also where the list of changes is limited', async () => {
    const filter = { states: ['conflict'] } as const;
    const text = await written((terminal) => streamRunReport(terminal, reportOf(storm), filter));
    const json = JSON.parse(text);
    expect(json.changes).toEqual([]);
    expect(json.mainTeams).toHaveLength(14);
    expect(json.mainTeams[0]).toEqual({
      user: 'p00',
      from: 'Billing',
      to: 'Claims',
      rule: 'first-by-name',
      decidedBy: [],
      held: true,
      state: 'held',
    });
    expect(json.mainTeamSummary).toMatchObject({
      first: 1,
      moves: [
        { from: 'Billing', to: 'Claims', users: 12, held: true },
        { from: 'Billing', to: null, rule: 'no-team', users: 1, held: true },
        { from: 'Sales', to: 'Claims', rule: 'pinned', users: 1, held: false },
      ],
    });
    const all = JSON.parse(await written((terminal) => streamRunReport(terminal, reportOf(storm))));
    expect(all.mainTeams).toEqual(json.mainTeams);
  });
});
