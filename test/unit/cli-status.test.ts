// What `rosterd status` prints and how it exits, in every state a source can be in.

import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type SourceHealth, sourceHealth } from '../../src/admin/source-health.ts';
import type { SourceStatus, Status } from '../../src/admin/status.ts';
import { roughDuration } from '../../src/cli/duration-text.ts';
import { exitCodeOfStatus } from '../../src/cli/exit-codes.ts';
import { minuteText, zonedText } from '../../src/cli/moment-text.ts';
import { printRunReport } from '../../src/cli/run-text.ts';
import { statusJson } from '../../src/cli/status-json.ts';
import { printStatus } from '../../src/cli/status-text.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { asEpochMs, asRunId, asSourceName } from '../../src/model/ids.ts';
import type { Pause } from '../../src/model/pause.ts';
import { noCounts, type Run } from '../../src/model/run.ts';

const at = asEpochMs(Date.parse('2026-11-22T02:12:30Z'));
const minute = 60_000;
const hour = 60 * minute;
const ago = (ms: number) => asEpochMs(at - ms);
const hq = asSourceName('hq');

function capture(columns?: number) {
  const stdout = Object.assign(new PassThrough(), columns === undefined ? {} : { isTTY: true, columns });
  const terminal = new Terminal({ stdin: new PassThrough(), stdout, stderr: new PassThrough() });
  // Colours are decided by the machine's environment; the words are not.
  return { terminal, out: () => stripVTControlCharacters(((stdout.read() as Buffer | null) ?? '').toString()) };
}

const run = (more: Partial<Run> = {}): Run => ({
  id: asRunId(41),
  source: hq,
  trigger: 'schedule',
  actor: 'schedule:hq',
  mode: 'full',
  dryRun: false,
  attempt: 1,
  state: 'done',
  read: 'complete',
  startedAt: ago(13 * minute),
  endedAt: ago(12 * minute),
  counts: { ...noCounts, applied: 3 },
  holds: [],
  applied: {},
  ...more,
});

const { endedAt: _endedAt, ...openRun } = run({ id: asRunId(42), state: 'applying' });
const pause = (scope: Pause['scope'], more: Partial<Pause> = {}): Pause => ({
  scope,
  reason: 'migration',
  by: 'cli:ops@console',
  since: ago(5 * hour),
  ...more,
});
const pauseOfHq = pause({ kind: 'source', source: hq });
const pauseOfAll = pause({ kind: 'all' }, { reason: 'change freeze', until: asEpochMs(at + 30 * hour) });
const daemon = { name: 'serve:1', holder: 'console:boot:4711:1', host: 'console', pid: 4711 };
const schedule = {
  full: '15 * * * *',
  timeZone: 'Europe/Prague',
  next: [asEpochMs(at + 2.5 * minute), asEpochMs(at + 62.5 * minute)],
};
const holds = [
  { kind: 'access-loss', count: 131, recent: 0, baseline: 250, limit: { ratio: 0.05, count: 5, always: 500 } },
] as const;

const well: SourceStatus = {
  source: hq,
  type: 'active-directory',
  schedule,
  lastComplete: { run: asRunId(41), at: ago(13 * minute) },
  lastRun: run(),
  findings: 0,
  failingTicks: 0,
  isOverdue: false,
};

const statusOf = (source: Partial<SourceStatus> = {}, more: Partial<Status> = {}): Status => ({
  at,
  daemons: [daemon],
  sources: [{ ...well, ...source }],
  notices: { waiting: 0, givenUp: 0 },
  noticeTargets: ['ops-mail'],
  auditHead: { seq: 7, mac: 'ff' },
  ...more,
});

const failed = run({
  id: asRunId(44),
  state: 'failed',
  counts: noCounts,
  errorCode: 'source-unreachable',
  because: 'dc1.corp.example:636 refused the connection',
});
const held = { run: asRunId(38), changes: 131, since: ago(26 * hour), holds };
const running = { holder: 'other', host: 'other', run: openRun };

function printed(status: Status, columns?: number): string {
  const { terminal, out } = capture(columns);
  printStatus(terminal, status);
  return out();
}

const never: SourceStatus = { source: hq, type: 'uccx', findings: 0, failingTicks: 0, isOverdue: false };

const states: readonly (readonly [health: SourceHealth, exit: number, what: string, status: Status])[] = [
  ['ok', 0, 'all is well', statusOf()],
  ['running', 0, 'somebody is at it', statusOf({ running })],
  ['never read', 0, 'nobody has read it yet', statusOf({}, { sources: [never] })],
  ['held', 3, 'changes wait', statusOf({ held })],
  ['paused', 3, 'it is paused', statusOf({ pause: pauseOfHq })],
  ['paused', 3, 'all are paused', statusOf({}, { pauseOfAll })],
  ['held', 3, 'it is paused and changes wait', statusOf({ held, pause: pauseOfHq })],
  ['failing', 5, 'its last run failed', statusOf({ lastRun: failed })],
  ['failing', 5, 'its last run read a part', statusOf({ lastRun: run({ state: 'partial', read: 'partial' }) })],
  ['failing', 5, 'it fails, is held and paused', statusOf({ lastRun: failed, held, pause: pauseOfHq })],
  ['failing', 5, 'the last try was stopped', statusOf({ lastRun: run({ state: 'interrupted' }), failingTicks: 2 })],
  ['overdue', 5, 'it is overdue', statusOf({ isOverdue: true, overdueSince: ago(hour), held })],
  ['unfinished', 5, 'a process died', statusOf({ leftOpen: openRun, held })],
  [
    'paused',
    3,
    'the pause has stopped a run',
    statusOf({ leftOpen: { ...openRun, errorCode: 'sync-paused' }, pause: pauseOfHq }),
  ],
  [
    'unfinished',
    5,
    'the pause that has stopped a run is over',
    statusOf({ leftOpen: { ...openRun, errorCode: 'sync-paused' } }),
  ],
];

describe('the health of a source', () => {
  it.each(states)('is %s, exit code %i, when %s', (health, exit, _what, status) => {
    const [source] = status.sources;
    expect(source && sourceHealth(status, source)).toBe(health);
    expect(exitCodeOfStatus(status)).toBe(exit);
    expect(printed(status)).toContain(`\nhq  ${health}  `);
    expect(statusJson(status).sources[0]?.health).toBe(health);
  });

  it('lets the worst source decide on the exit code', () => {
    const sources = [well, { ...well, held }, { ...well, lastRun: failed }, well];
    expect(exitCodeOfStatus(statusOf({}, { sources }))).toBe(5);
  });

  it('is bad when there is a schedule and no daemon, and not when there is neither', () => {
    expect(exitCodeOfStatus(statusOf({}, { daemons: [] }))).toBe(5);
    const { schedule: _schedule, ...onDemand } = well;
    expect(exitCodeOfStatus(statusOf({}, { daemons: [], sources: [onDemand] }))).toBe(0);
  });
});

describe('the status in words', () => {
  it('is short when all is well', () => {
    expect(printed(statusOf())).toMatchInlineSnapshot(`
      "A daemon is running: console, pid 4711.

      hq  ok  active-directory
        read        complete 2026-11-22T01:59Z, 13 min ago (run 41)
        last run    run 41 done, 2026-11-22T02:00Z, 12 min ago; applied 3
        next run    2026-11-22T03:15+01:00 Europe/Prague, in 2 min
      "
    `);
  });

  it('says first that nobody is at work', () => {
    const text = printed(
      statusOf({}, { daemons: [], sources: [never, { ...well, lastRun: run({ counts: noCounts }) }] }),
    );
    expect(text).toMatchInlineSnapshot(`
      "No daemon is running; nothing happens by itself.

      hq  never read  uccx
        read        never completely
        next run    on demand only

      hq  ok  active-directory
        read        complete 2026-11-22T01:59Z, 13 min ago (run 41)
        last run    run 41 done, 2026-11-22T02:00Z, 12 min ago; nothing to change
        next run    2026-11-22T03:15+01:00 Europe/Prague, in 2 min, if a daemon runs
      "
    `);
  });

  it('breaks everything that is the matter into lines of a terminal, and no command apart', () => {
    const source: Partial<SourceStatus> = {
      lastRun: failed,
      failingTicks: 4,
      isOverdue: true,
      overdueSince: ago(60 * hour),
      held,
      findings: 3,
      pause: pauseOfHq,
      skipped: { source: hq, dueAt: ago(7 * hour), at: ago(6 * hour), reason: 'missed', detail: '3 times' },
      running,
    };
    const more = { pauseOfAll, reconciling: daemon, notices: { waiting: 1, givenUp: 2 } };
    const text = printed(statusOf(source, more), 80);
    expect(text).toMatchInlineSnapshot(`
      "A daemon is running: console, pid 4711.
      Planning or applying now: console, pid 4711.
      Every source is paused by cli:ops@console since 2026-11-21T21:12Z, 5 h ago,
      until 2026-11-23T08:12Z (in 30 h): change freeze; to lift it: rosterd resume

      hq  failing  active-directory
        read        complete 2026-11-22T01:59Z, 13 min ago (run 41)
        last run    run 44 failed, 2026-11-22T02:00Z, 12 min ago: dc1.corp.example:636
                    refused the connection [source-unreachable]
                    Check host name, port and firewall from this machine; the source
                    may be down. Nothing was removed.
        failing     4 times in a row
        overdue     since 2026-11-19T14:12Z, 2 days ago
        running     run 42, applying, since 2026-11-22T01:59Z, 13 min ago, by
                    schedule:hq; other
        next run    2026-11-22T03:15+01:00 Europe/Prague, in 2 min
        held        131 changes since 2026-11-21T00:12Z, 26 h ago; look:
                    rosterd run show 38 --held
                    131 of 250 users would lose access (52 %; limit 5 % and more than
                    5, or more than 500)
        findings    3 open; look: rosterd finding list --source hq
        paused      by cli:ops@console since 2026-11-21T21:12Z, 5 h ago: migration; to
                    lift it: rosterd resume hq
        skipped     2026-11-21T19:12Z, 7 h ago: no daemon was awake; 3 times

      2 notices could not be delivered; 1 notice waits to be sent. Look:
      rosterd notify list --undelivered
      "
    `);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('says that nobody is told when no target is configured', () => {
    expect(printed(statusOf({}, { noticeTargets: [] }))).toMatch(
      /\n\nNobody is told: there is no target under notify in the configuration\.\n$/u,
    );
    expect(printed(statusOf())).not.toContain('Nobody is told');
  });

  it('tells a run that was left open, and who goes on with it', () => {
    expect(printed(statusOf({ leftOpen: openRun }))).toContain(
      '  unfinished  run 42 began 2026-11-22T01:59Z, 13 min ago, and ended while applying; the next run goes on: rosterd sync hq\n',
    );
  });

  it('says so when somebody is at a source without a run, or a schedule has no next time', () => {
    const text = printed(
      statusOf({ running: { holder: 'strange', host: 'strange' }, schedule: { ...schedule, next: [] } }),
    );
    expect(text).toContain('  running     somebody begins, or carries out a decision; strange\n');
    expect(text).toContain('  next run    never: 15 * * * * Europe/Prague\n');
  });

  it('shows what a source wrote without letting it steer the terminal', () => {
    expect(printed(statusOf({ lastRun: run({ ...failed, because: 'no\u001B[2J' }) }))).toContain('no\\x1b[2J');
  });
});

describe('the status for scripts', () => {
  it('has every key, null where there is nothing, and times in UTC', () => {
    expect(statusJson(statusOf({}, { sources: [never], daemons: [] }))).toEqual({
      at: '2026-11-22T02:12:30.000Z',
      daemons: [],
      reconciling: null,
      pauseOfAll: null,
      notices: { waiting: 0, givenUp: 0 },
      noticeTargets: ['ops-mail'],
      auditHead: '7:ff',
      sources: [
        {
          source: 'hq',
          type: 'uccx',
          health: 'never read',
          schedule: null,
          lastComplete: null,
          lastRun: null,
          running: null,
          held: null,
          findings: 0,
          pause: null,
          skipped: null,
          failingTicks: 0,
          isOverdue: false,
          overdueSince: null,
          leftOpen: null,
        },
      ],
    });
  });

  it('says everything that is the matter', () => {
    const source: Partial<SourceStatus> = {
      held,
      pause: pauseOfHq,
      isOverdue: true,
      overdueSince: ago(hour),
      skipped: { source: hq, dueAt: ago(hour), at: at, reason: 'still-running', detail: 'run 41' },
      running,
      leftOpen: openRun,
    };
    const json = statusJson(statusOf(source, { pauseOfAll, reconciling: daemon }));
    expect(json).toMatchObject({
      daemons: [daemon],
      reconciling: { holder: daemon.holder, host: 'console', pid: 4711 },
      pauseOfAll: { reason: 'change freeze', until: '2026-11-23T08:12:30.000Z' },
      sources: [
        {
          schedule: { next: ['2026-11-22T02:15:00.000Z', '2026-11-22T03:15:00.000Z'] },
          lastComplete: { run: 41, at: '2026-11-22T01:59:30.000Z' },
          lastRun: { id: 41, state: 'done' },
          running: { host: 'other', pid: null, run: { id: 42 } },
          held: { run: 38, changes: 131, since: '2026-11-21T00:12:30.000Z', holds: [{ text: expect.any(String) }] },
          pause: { by: 'cli:ops@console', reason: 'migration', until: null },
          skipped: { dueAt: '2026-11-22T01:12:30.000Z', reason: 'still-running', detail: 'run 41' },
          overdueSince: '2026-11-22T01:12:30.000Z',
          leftOpen: { id: 42 },
        },
      ],
    });
  });
});

describe('moments and spans', () => {
  it('are written with the offset of the zone, also where it is Greenwich or odd', () => {
    const summer = asEpochMs(Date.parse('2026-07-01T22:05:00Z'));
    expect(minuteText(summer)).toBe('2026-07-01T22:05Z');
    expect(zonedText(summer, 'Europe/Prague')).toBe('2026-07-02T00:05+02:00');
    expect(zonedText(summer, 'UTC')).toBe('2026-07-01T22:05Z');
    expect(zonedText(summer, 'Asia/Kathmandu')).toBe('2026-07-02T03:50+05:45');
    expect(zonedText(summer, 'America/St_Johns')).toBe('2026-07-01T19:35-02:30');
  });

  it.each([
    [-5, '0 s'],
    [40_900, '40 s'],
    [12 * minute + 59_000, '12 min'],
    [3 * hour, '3 h'],
    [47 * hour + 5 * minute, '47 h 5 min'],
    [60 * hour, '2 days'],
  ])('%i ms is roughly %s', (ms, text) => {
    expect(roughDuration(ms)).toBe(text);
  });
});

describe('the report of a run of a paused source', () => {
  it('says that it was read and not applied, by whom it is paused, why, and how to go on', async () => {
    const { terminal, out } = capture();
    const because = 'paused by cli:ops@console: migration';
    const paused = run({
      state: 'paused',
      because,
      errorCode: 'sync-paused',
      counts: { ...noCounts, accountsRead: 9 },
    });
    await printRunReport(terminal, { run: paused, changeCounts: {}, async *changes() {} }, { perGroup: 1 });
    expect(out()).toMatchInlineSnapshot(`
      "Run 41 of hq (full): paused in 1 min 0 s (paused by cli:ops@console: migration [sync-paused]); read 9 accounts, 0 groups; applied 0, held 0.
        Somebody paused it: see \`rosterd status\`. \`rosterd resume\` lets it go on; nothing is lost meanwhile.
      PAUSED: hq was read and nothing of it was applied; what was found waits for the first run after the pause.
      "
    `);
  });
});
