import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { changeLines, countParts } from '../../src/cli/change-text.ts';
import { durationText } from '../../src/cli/duration-text.ts';
import { exitCodeOf, exitCodeOfApproved, worstOf } from '../../src/cli/exit-codes.ts';
import { createProgress } from '../../src/cli/progress.ts';
import { outcomeLine, printRunReport } from '../../src/cli/run-text.ts';
import { printTable } from '../../src/cli/table.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { verdictLines } from '../../src/cli/verdict-text.ts';
import type { Change } from '../../src/model/change.ts';
import { asEpochMs, asRunId, asSourceName } from '../../src/model/ids.ts';
import { noCounts, type Run } from '../../src/model/run.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { holdText, percent } from '../../src/sync/hold-text.ts';

function capture(columns?: number) {
  const stdout = Object.assign(new PassThrough(), columns === undefined ? {} : { isTTY: true, columns });
  const stderr = new PassThrough();
  const terminal = new Terminal({ stdin: new PassThrough(), stdout, stderr });
  const read = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString();
  // Colours are decided by the machine's environment; the words are not.
  return { terminal, out: () => stripVTControlCharacters(read(stdout)), err: () => read(stderr) };
}

const rows = [
  { name: 'mira', note: 'a note that is rather long for so narrow a screen' },
  { name: 'jan 김', note: 'short\x1b[31m' },
];
const columns = [
  { title: 'NAME', value: (row: (typeof rows)[number]) => row.name },
  { title: 'NOTE', value: (row: (typeof rows)[number]) => row.note, mayShrink: true },
];

describe('tables', () => {
  it('are plain aligned columns where the output is no terminal, and cut nothing', () => {
    const { terminal, out } = capture();
    printTable(terminal, columns, rows);
    expect(out()).toMatchInlineSnapshot(`
      "NAME    NOTE
      mira    a note that is rather long for so narrow a screen
      jan 김  short\\x1b[31m
      "
    `);
  });

  it('fit the width of a terminal', () => {
    const { terminal, out } = capture(30);
    printTable(terminal, columns, rows);
    expect(out()).toMatchInlineSnapshot(`
      "NAME    NOTE
      mira    a note that is rath…
      jan 김  short\\x1b[31m
      "
    `);
  });
});

describe('verdicts', () => {
  it('say how many of how many, the share and the limit', () => {
    const limit = { ratio: 0.2, count: 20 };
    expect(holdText({ kind: 'rename', count: 30, recent: 5, baseline: 100, limit })).toBe(
      '30 users would be renamed (5 more in the last 24 h; 35 %; limit 20 % and more than 20)',
    );
    expect(holdText({ kind: 'team-members', of: 'Sales', count: 9, recent: 0, baseline: 9, limit })).toBe(
      'team Sales would lose 9 of 9 members (100 %; limit 20 % and more than 20)',
    );
    expect(holdText({ kind: 'protected', count: 1, recent: 0, baseline: 0 })).toBe(
      '1 protected user would be disabled, lose a role or be linked (always held)',
    );
  });

  it('never round a few to none, or all but one to all', () => {
    expect(percent(0.004)).toBe('0.4 %');
    expect(percent(0.996)).toBe('99.6 %');
    expect(percent(0)).toBe('0 %');
    expect(percent(1)).toBe('100 %');
  });
});

describe('what became of held changes', () => {
  const holds = [
    { kind: 'access-loss', count: 56, recent: 0, baseline: 115, limit: { ratio: 0.05, count: 5 } },
  ] as const;
  const run = (more: Partial<Run>): Run => ({
    id: asRunId(5),
    source: asSourceName('hq'),
    trigger: 'cli',
    actor: 'cli:ops@console',
    mode: 'full',
    dryRun: false,
    attempt: 1,
    state: 'held',
    startedAt: asEpochMs(0),
    counts: { ...noCounts, held: 56 },
    holds,
    applied: {},
    ...more,
  });
  const headline = (more: Partial<Run>, changeCounts = {}): string | undefined =>
    verdictLines({ run: run(more), changeCounts })[0]?.split(':')[0];

  it.each([
    ['waits', 'HELD', {}, { held: 56 }],
    [
      'waits under the number of the run that stored it',
      'HELD',
      { id: asRunId(6), heldRunId: asRunId(5) },
      { held: 56 },
    ],
    ['would wait', 'HELD', { dryRun: true }, { held: 56 }],
    ['was approved', 'APPROVED', { state: 'done' }, { applied: 56 }],
    ['was rejected', 'REJECTED', {}, { rejected: 56 }],
    ['was rejected before and is silent', 'REJECTED', { heldRunId: asRunId(5), state: 'done' }, { rejected: 56 }],
    ['was approved under the number of another run', 'APPROVED', { heldRunId: asRunId(5), state: 'done' }, {}],
    ['was superseded', 'SUPERSEDED', {}, { superseded: 56 }],
  ] as const)('%s: %s', (_what, word, more, counts) => {
    expect(headline(more, counts)).toBe(word);
  });

  it('sends the person to the run that stores the changes', () => {
    const judged = { run: run({ id: asRunId(6), heldRunId: asRunId(5) }), changeCounts: { held: 56 } };
    const lines = verdictLines(judged);
    expect(lines.join('\n')).toContain('rosterd run approve 5 --reason');
  });

  it('exits with 3 only while somebody has to act', () => {
    expect(exitCodeOf(run({}))).toBe(3);
    expect(exitCodeOf(run({ dryRun: true }))).toBe(3);
    expect(exitCodeOf(run({ state: 'done' }))).toBe(0);
    expect(exitCodeOf(run({ state: 'failed', errorCode: 'store-full' }))).toBe(6);
    expect(worstOf([0, 3, 2])).toBe(3);
  });

  it('exits with 3 when something of what was approved is left to the next run', () => {
    expect(exitCodeOfApproved(run({ state: 'done' }))).toBe(0);
    expect(exitCodeOfApproved(run({ state: 'done', counts: { ...noCounts, applied: 5, conflict: 2 } }))).toBe(3);
  });
});

describe('the report of a run', () => {
  const auditHead = `774:${'bd06'.repeat(16)}`;
  const run = (more: Partial<Run>): Run => ({
    id: asRunId(7),
    source: asSourceName('hq'),
    trigger: 'cli',
    actor: 'cli:ops@console',
    mode: 'full',
    dryRun: false,
    attempt: 1,
    state: 'done',
    startedAt: asEpochMs(0),
    endedAt: asEpochMs(2_000),
    counts: { ...noCounts, applied: 3 },
    holds: [],
    applied: {},
    auditHead,
    ...more,
  });
  const lastLine = async (more: Partial<Run>): Promise<string | undefined> => {
    const { terminal, out } = capture();
    const nothing = { changeCounts: {}, async *changes() {} };
    await printRunReport(terminal, { run: run(more), ...nothing }, { perGroup: 1 });
    return out().trimEnd().split('\n').at(-1);
  };

  it('ends with the whole head of the audit log, for whoever keeps it elsewhere', async () => {
    expect(await lastLine({})).toBe(`audit head ${auditHead}`);
  });

  it('says in its line what is left to the next run', () => {
    expect(outcomeLine(run({ counts: { ...noCounts, applied: 3, conflict: 2 } }))).toContain(
      '; applied 3, held 0, 2 left to the next run because something changed meanwhile.',
    );
    expect(outcomeLine(run({}))).toMatch(/; applied 3, held 0\.$/u);
  });

  it.each([
    ['applied nothing', { counts: noCounts }],
    ['is a dry run', { dryRun: true }],
    ['noted no head', { auditHead: undefined }],
  ])('names no head when the run %s', async (_what, more) => {
    expect(await lastLine(more as Partial<Run>)).not.toContain('audit head');
  });
});

describe('changes', () => {
  const hq = asSourceName('hq');
  const change: Change = {
    subject: { kind: 'account', source: hq, id: 'x' as never },
    label: 'mira',
    parts: [
      { part: 'created', origin: hq },
      { part: 'linked', source: hq, account: 'x' as never, name: 'mira', rule: 'created' },
      { part: 'field', field: 'email', after: { value: 'm@x', owner: hq }, rule: 'precedence' },
      { part: 'membership', op: 'add', team: { name: 'Sales' }, owner: hq, because: 'member of Sales' },
      { part: 'main-team', after: { name: 'Sales' }, rule: 'first-assigned' },
    ],
  };

  it('show a new user as one line and count its parts', () => {
    expect(changeLines(change)).toEqual([
      { group: 'created', sign: '+', label: 'mira', text: '<m@x>; from hq (mira); team Sales; main team Sales' },
    ]);
    const counts = new Map();
    countParts(change, counts);
    expect(Object.fromEntries(counts)).toEqual({ created: 1, linked: 1, membership: 1, 'main-team': 1 });
  });
});

describe('progress without a terminal', () => {
  it('is a line every few seconds', () => {
    const { terminal, err } = capture();
    let now = 0;
    const progress = createProgress(terminal, { style: 'shown', now: () => now });
    const of = { run: asRunId(1), source: asSourceName('hq') };
    const event = (done: number): SyncEvent => ({
      ...of,
      kind: 'phase:progressed',
      phase: 'reading',
      done,
      total: 9_000,
    });
    for (const done of [1_000, 2_000, 3_000, 4_000]) {
      now += 2_000;
      progress.onEvent(event(done));
    }
    progress.stop();
    expect(err()).toBe('hq: reading 3000 of 9000\n');
  });

  it('is nothing when nobody wants it', () => {
    const { terminal, err } = capture();
    const progress = createProgress(terminal, { style: 'silent', now: () => 0 });
    progress.onEvent({ kind: 'tls:off', source: asSourceName('hq') });
    expect(err()).toBe('');
  });
});

describe('durations', () => {
  it.each([
    [400, '0.4 s'],
    [12_000, '12 s'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
  ])('%i ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
