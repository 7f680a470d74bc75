// The words and keys of notices: readable as one line and as short paragraphs, the same fact the same key, and no values.

import { describe, expect, it } from 'vitest';
import { asEpochMs, asRunId, asSourceName, type EpochMs } from '../../src/model/ids.ts';
import { type Notice, noticeKinds } from '../../src/model/notice.ts';
import { noCounts, type Run } from '../../src/model/run.ts';
import {
  auditNotice,
  planHeld,
  planHeldLong,
  protectedFindings,
  sourceFailing,
  sourceOverdue,
  sourceRecovered,
  syncOffExpiring,
  testMessage,
  type WaitingHold,
} from '../../src/sync/notices/notice-texts.ts';
import { type SwitchEnd, switchEndKey, unpackEnds } from '../../src/sync/notices/switch-ends.ts';
import type { OpenFinding } from '../../src/sync/ports/daemon.ts';

const hour = 3_600_000;
const day = 24 * hour;
const source = asSourceName('ad-hq');
const start = asEpochMs(Date.parse('2027-01-04T08:00:00.000Z'));
const later = (ms: number): EpochMs => asEpochMs(start + ms);

const run = (more: Partial<Run> = {}): Run => ({
  id: asRunId(12),
  source,
  trigger: 'schedule',
  actor: 'daemon@lab',
  mode: 'full',
  dryRun: false,
  attempt: 1,
  state: 'held',
  startedAt: start,
  counts: { ...noCounts, held: 590 },
  holds: [
    { kind: 'access-loss', count: 560, recent: 2, baseline: 1_000, limit: { ratio: 0.05, count: 5, always: 500 } },
    { kind: 'team-members', of: 'Claims', count: 30, recent: 0, baseline: 30, limit: { ratio: 0.5, count: 5 } },
  ],
  applied: {},
  ...more,
});
const hold = (more: Partial<WaitingHold> = {}): WaitingHold => ({
  run: run(),
  checksum: 'ab'.repeat(32),
  since: start,
  ...more,
});
const finding = (id: number, label: string): OpenFinding => ({
  id,
  code: 'protected-match',
  source,
  subject: `account:ad-hq/${id}`,
  label,
  detail: { user: 'admin', email: 'boss@corp.example' },
  openedAt: start,
});
const end = (user: number, until: EpochMs = later(day)): SwitchEnd => ({ user, name: `user${user}`, until });
const failed = run({
  id: asRunId(15),
  state: 'failed',
  errorCode: 'source-credentials',
  because: 'dc1 refused the login',
});

const one: readonly (readonly [string, Notice | undefined])[] = [
  ['plan-held', planHeld(hold(), start)],
  ['plan-held-long', planHeldLong(hold(), later(2 * day))],
  ['source-failing', sourceFailing(failed, run(), 3, later(hour))],
  [
    'source-overdue',
    sourceOverdue({ source, lastComplete: run(), lastRun: failed, from: start, allowedMs: 3 * hour }, later(4 * hour)),
  ],
  ['source-recovered', sourceRecovered(run(), sourceFailing(failed, undefined, 3, start), later(hour))],
  ['protected-finding', protectedFindings(source, [finding(7, 'root')], start)],
  ['sync-off-expiring', syncOffExpiring([end(1)], start)],
  ['audit-broken', auditNotice({ ok: false, seq: 12, problem: 'cut', message: 'Entry 12 is missing.' }, start)],
];

describe('a notice', () => {
  it('is made for every kind that there is', () => {
    expect(one.map(([kind]) => kind).sort()).toEqual(Object.keys(noticeKinds).sort());
  });

  it.each(one)(
    '%s says in one line what happened, then what to do, and nothing that only a source knows',
    (kind, notice) => {
      expect(notice?.kind).toBe(kind);
      expect(notice?.key).toMatch(new RegExp(`^${kind}:`, 'u'));
      expect(notice?.title).toMatch(/^rosterd: [^\n]{10,90}$/u);
      expect(notice?.text.length).toBeGreaterThan(1);
      for (const line of notice?.text ?? []) expect(line).not.toMatch(/undefined|NaN|\[object|\n|!/u);
      expect(JSON.stringify(notice)).not.toContain('@corp.example');
      expect(notice?.text.join('\n')).toMatch(/rosterd [a-z]+|There is nothing to do/u);
    },
  );
});

describe('held changes', () => {
  it('are told with every check that tripped, its numbers and the three commands', () => {
    expect(planHeld(hold(), start)).toMatchObject({
      title: 'rosterd: 590 changes of ad-hq are held (run 12)',
      text: [
        'Run 12 of ad-hq would make 590 changes that the guard holds. Nothing of them was applied.',
        'Held because 560 of 1000 users would lose access (2 more in the last 24 h; 56 %; limit 5 % and more than 5, or more than 500).',
        'Held because team Claims would lose 30 of 30 members (100 %; limit 50 % and more than 5).',
        'Look at them: rosterd run show 12 --held',
        'Release them: rosterd run approve 12 --reason "..."',
        'Say no: rosterd run reject 12 --reason "..." --until 30d',
      ],
      facts: { changes: 590, checks: 'access-loss, team-members' },
    });
  });

  it('have one key while they wait, another for another set, source or day of beginning', () => {
    const { key } = planHeld(hold(), start);
    expect(planHeld(hold(), later(5 * day)).key).toBe(key);
    const others = [
      hold({ checksum: 'cd'.repeat(32) }),
      hold({ since: later(day) }),
      hold({ run: run({ source: asSourceName('uccx') }) }),
    ].map((each) => planHeld(each, start).key);
    expect(new Set([key, ...others]).size).toBe(4);
  });

  it('are told again from the first day on, once for each day', () => {
    expect(planHeldLong(hold(), later(day - 1))).toBeUndefined();
    const keys = [day, day + hour, 2 * day, 3 * day].map((ms) => planHeldLong(hold(), later(ms))?.key);
    expect(new Set(keys).size).toBe(3);
    expect(keys[0]).toBe(keys[1]);
    expect(planHeldLong(hold(), later(day))?.title).toBe(
      'rosterd: 590 changes of ad-hq have waited for 1 day (run 12)',
    );
  });

  it('are counted in the singular too', () => {
    const single = hold({ run: run({ counts: { ...noCounts, held: 1 } }) });
    expect(planHeld(single, start).title).toBe('rosterd: 1 change of ad-hq is held (run 12)');
    expect(planHeldLong(single, later(day))?.title).toContain('1 change of ad-hq has waited');
  });
});

describe('a source that fails', () => {
  it('is told with the last error, its code and what the catalogue advises', () => {
    const { text } = sourceFailing(failed, run(), 3, start);
    expect(text[1]).toBe('The last error [source-credentials]: dc1 refused the login');
    expect(text[2]).toBe('It last worked in run 12, 2027-01-04 08:00 UTC.');
    expect(text.join('\n')).toContain('rosterd source check ad-hq');
  });

  it('keeps its key while the row grows, and gets another after it worked', () => {
    const { key } = sourceFailing(failed, run(), 3, start);
    expect(sourceFailing({ ...failed, id: asRunId(40) }, run(), 9, later(day)).key).toBe(key);
    expect(sourceFailing(failed, run({ id: asRunId(14) }), 3, start).key).not.toBe(key);
  });

  it('is told to have recovered once for each trouble', () => {
    const trouble = sourceFailing(failed, run(), 3, start);
    const first = sourceRecovered(run({ id: asRunId(20) }), trouble, later(hour));
    expect(sourceRecovered(run({ id: asRunId(21) }), trouble, later(2 * hour)).key).toBe(first.key);
    expect(first.text[0]).toContain('ad-hq failed 3 times in a row');
  });
});

describe('many at once', () => {
  it('protected users become one notice, keyed by the newest finding', () => {
    const findings = Array.from({ length: 25 }, (_, index) => finding(index + 1, `name${index + 1}`));
    const notice = protectedFindings(source, findings, start);
    expect(notice?.title).toBe('rosterd: 25 accounts of ad-hq match protected users');
    expect(notice?.text[0]).toMatch(/: name1, .*name10, and 15 more\.$/u);
    expect(notice?.facts['lastFinding']).toBe(25);
    expect(protectedFindings(source, [], start)).toBeUndefined();
  });

  it('sync switches become one notice, keyed by the first that ends', () => {
    const notice = syncOffExpiring([end(5, later(3 * hour)), end(3, later(2 * hour)), end(9, later(2 * hour))], start);
    expect(notice?.key).toBe(`sync-off-expiring:3@${later(2 * hour) / 60_000}`);
    expect(notice?.title).toBe('rosterd: sync of 3 users goes back on within a day');
    expect(notice?.text.join('\n')).toContain('rosterd user sync diff 3');
    expect(syncOffExpiring([], start)).toBeUndefined();
  });
});

describe('ten thousand sync switches that end', () => {
  const ends = (until: (index: number) => number) =>
    Array.from({ length: 10_000 }, (_, index) => end(3 * index + 1, asEpochMs(until(index))));

  it('are sent with ten names and their number, and remembered in a few kilobytes', () => {
    const all = ends(() => start + 3 * hour);
    const { memo = '', ...sent } = syncOffExpiring(all, start) as Notice;
    expect(JSON.stringify(sent).length).toBeLessThan(1_500);
    expect(sent.text[0]).toMatch(/, and 9990 more\.$/u);
    expect(sent.facts).toEqual({ users: 10_000, first: later(3 * hour) });
    expect(memo.length).toBeLessThan(25_000);
    expect(unpackEnds(memo)).toEqual(all.map(switchEndKey));
  });

  it('are all known again, each at its own time', () => {
    const all = ends((index) => start + hour + 7_777 * (index % 9_999));
    const { memo = '' } = syncOffExpiring(all, start) as Notice;
    expect(memo.length).toBeLessThan(60_000);
    expect(new Set(unpackEnds(memo))).toEqual(new Set(all.map(switchEndKey)));
    expect(unpackEnds('')).toEqual([]);
  });
});

it('the test message says who sent it', () => {
  const message = testMessage('ops', 'cli:root@host', start);
  expect(message).toMatchObject({ kind: 'test', title: 'rosterd: test message for ops' });
  expect(message.text[0]).toContain('cli:root@host');
});
