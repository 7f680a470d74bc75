// Times of cron expressions as instants, checked against the calendar of real zones.

import fc from 'fast-check';
import { schedule } from 'node-cron';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { asEpochMs, type EpochMs } from '../../src/model/ids.ts';
import {
  checkCron,
  countTicks,
  lastTick,
  longestPauseMs,
  nextTicks,
  overdueAfterMs,
} from '../../src/sync/schedule/cron.ts';

const at = (iso: string): EpochMs => asEpochMs(Date.parse(iso));
const prague = (full: string): { full: string; timeZone: string } => ({ full, timeZone: 'Europe/Prague' });
const iso = (ticks: readonly number[]): readonly string[] =>
  ticks.map((tick) => new Date(tick).toISOString().slice(0, 16));
const hour = 3_600_000;

describe('checkCron', () => {
  it('takes five fields, and six with seconds first', () => {
    for (const expression of ['*/15 * * * *', '30 */15 * * * *', '0 6-18/2 * * mon-fri', '0 3 L * *', '0 3 * feb 1#2'])
      expect(checkCron(expression, 'Europe/Prague')).toBeUndefined();
  });

  it('names the field, its value and what it takes', () => {
    expect(checkCron('0 25 * * *', 'UTC')).toBe('`25` in the hour field is not valid: it takes 0 to 23.');
    expect(checkCron('61 0 25 * * *', 'UTC')).toBe('`61` in the second field is not valid: it takes 0 to 59.');
    expect(checkCron('0 0 * foo *', 'UTC')).toBe(
      '`foo` in the month field is not valid: it takes 1 to 12, or jan to dec.',
    );
    expect(checkCron('0 0 31 foo *', 'UTC')).toContain('`foo` in the month field');
    expect(checkCron('0 0 $ * *', 'UTC')).toBe('`$` in the day of month field is not valid.');
  });

  it('says how many fields there are when they are not five or six', () => {
    expect(checkCron('* * *', 'UTC')).toContain('`* * *` has 3 fields');
    expect(checkCron('', 'UTC')).toContain('has 0 fields');
    expect(checkCron('@daily', 'UTC')).toContain('has 1 field:');
  });

  it('refuses what never comes, whichever fields contradict each other', () => {
    for (const expression of ['0 0 31 2 *', '0 0 31 feb,apr *', '0 0 L-30 2 *', '0 0 31 * 1#1', '0 0 30W 2 *'])
      expect(checkCron(expression, 'UTC')).toContain('The schedule never comes');
    expect(checkCron('0 0 29 2 1', 'UTC'), 'a Monday that is 29 February').toBeUndefined();
  });

  it('names an unknown time zone', () => {
    expect(checkCron('* * * * *', 'Europe/Prag')).toContain('There is no time zone `Europe/Prag`');
    expect(checkCron('* * * * *', '')).toContain('There is no time zone');
  });

  it('answers whatever is written there', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.stringMatching(/^[0-9*/,#LW?-]{1,5}$/u), { minLength: 5, maxLength: 6 })
        .map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(text, (expression) => {
        const problem = checkCron(expression, 'UTC');
        if (problem === undefined)
          expect(nextTicks({ full: expression, timeZone: 'UTC' }, 1, at('2026-01-01T00:00Z'))).toHaveLength(1);
        else expect(problem).toMatch(/\.$/u);
      }),
      { numRuns: 300 },
    );
  });
});

describe('nextTicks', () => {
  it('counts in the wall clock of the zone', () => {
    expect(iso(nextTicks(prague('0 6 * * *'), 2, at('2026-01-01T05:00Z')))).toEqual([
      '2026-01-02T05:00',
      '2026-01-03T05:00',
    ]);
    expect(iso(nextTicks(prague('0 6 * * *'), 1, at('2026-07-01T00:00Z')))).toEqual(['2026-07-01T04:00']);
    expect(iso(nextTicks({ full: '30 5 * * *', timeZone: 'Asia/Kolkata' }, 1, at('2026-07-01T00:00Z')))).toEqual([
      '2026-07-02T00:00',
    ]);
  });

  it('begins after the given time, and keeps seconds', () => {
    const ticks = nextTicks({ full: '10,40 * * * * *', timeZone: 'UTC' }, 3, at('2026-01-01T00:00:10Z'));
    expect(ticks.map((tick) => new Date(tick).toISOString().slice(17, 23))).toEqual(['40.000', '10.000', '40.000']);
  });

  it('finds what comes once in 28 years', () => {
    expect(iso(nextTicks({ full: '0 0 29 2 1', timeZone: 'UTC' }, 1, at('2026-01-01T00:00Z')))).toEqual([
      '2044-02-29T00:00',
    ]);
  });
});

describe('change of clocks', () => {
  // Europe/Prague: 2026-03-29 02:00 -> 03:00 (01:00Z), 2026-10-25 03:00 -> 02:00 (01:00Z).
  it('runs a time that does not exist that day once, when the clocks have moved', () => {
    const ticks = nextTicks(prague('30 2 * * *'), 3, at('2026-03-27T12:00Z'));
    expect(iso(ticks)).toEqual(['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']);
  });

  it('runs several times that do not exist once', () => {
    const ticks = nextTicks(prague('*/20 2,3 29 3 *'), 5, at('2026-03-28T12:00Z'));
    expect(iso(ticks).slice(0, 3)).toEqual(['2026-03-29T01:00', '2026-03-29T01:20', '2026-03-29T01:40']);
  });

  it('runs a time that exists twice once, at the first', () => {
    const ticks = nextTicks(prague('30 2 * * *'), 3, at('2026-10-24T12:00Z'));
    expect(iso(ticks)).toEqual(['2026-10-25T00:30', '2026-10-26T01:30', '2026-10-27T01:30']);
    expect(iso(nextTicks(prague('30 2 * * *'), 1, at('2026-10-25T00:45Z'))), 'from within the repeated hour').toEqual([
      '2026-10-26T01:30',
    ]);
  });

  it('goes on by elapsed time when every hour is meant', () => {
    expect(iso(nextTicks(prague('0 * * * *'), 4, at('2026-10-24T23:30Z')))).toEqual([
      '2026-10-25T00:00',
      '2026-10-25T01:00',
      '2026-10-25T02:00',
      '2026-10-25T03:00',
    ]);
    expect(iso(nextTicks(prague('10 * * * *'), 3, at('2026-03-28T23:30Z')))).toEqual([
      '2026-03-29T00:10',
      '2026-03-29T01:10',
      '2026-03-29T02:10',
    ]);
  });

  it('holds where the clocks move at midnight and by half an hour', () => {
    // Cairo: 2026-04-24 00:00 -> 01:00. Lord Howe: 2026-10-04 02:00 -> 02:30.
    expect(iso(nextTicks({ full: '0 0 * * *', timeZone: 'Africa/Cairo' }, 2, at('2026-04-23T00:00Z')))).toEqual([
      '2026-04-23T22:00',
      '2026-04-24T21:00',
    ]);
    expect(
      iso(nextTicks({ full: '15 2 4 10 *', timeZone: 'Australia/Lord_Howe' }, 1, at('2026-09-01T00:00Z'))),
    ).toEqual(['2026-10-03T15:30']);
  });

  it('gives every date of a year exactly one tick of a daily schedule, in any zone', () => {
    const zones = [
      'Europe/Prague',
      'America/New_York',
      'Africa/Cairo',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'America/Santiago',
      'UTC',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.nat(23), fc.nat(59), (timeZone, hours, minutes) => {
        const ticks = nextTicks({ full: `${minutes} ${hours} * * *`, timeZone }, 366, at('2026-01-01T12:00Z'));
        const date = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
        expect(new Set(ticks.map((tick) => date.format(tick))).size).toBe(366);
        expect(Math.max(...ticks.slice(1).map((tick, index) => tick - (ticks[index] ?? 0)))).toBeLessThanOrEqual(
          25 * hour,
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('agreement with node-cron', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('names the times at which its timers fire', async () => {
    for (const full of ['*/7 8-11 * * mon-fri', '15,45 */20 * * * *', '0 3 L * *', '30 6 * * 1#2', '0 12 15W * *']) {
      const from = at('2026-11-16T07:00Z');
      vi.useFakeTimers({ now: from });
      const fired: number[] = [];
      const task = schedule(full, ({ date }) => void fired.push(date.getTime()), { timezone: 'Europe/Prague' });
      const expected = nextTicks(prague(full), 6, from);
      await vi.advanceTimersByTimeAsync((expected.at(-1) ?? 0) - from + 1);
      expect(fired).toEqual(expected);
      await task.destroy();
      vi.useRealTimers();
    }
  });
});

describe('lastTick', () => {
  const daily = prague('0 6 * * *');

  it('finds the newest tick, without the lower bound and with the upper one', () => {
    expect(lastTick(daily, at('2026-11-20T05:00Z'), at('2026-11-18T00:00Z'))).toBe(at('2026-11-20T05:00Z'));
    expect(lastTick(daily, at('2026-11-20T04:59Z'), at('2026-11-18T00:00Z'))).toBe(at('2026-11-19T05:00Z'));
    expect(lastTick(daily, at('2026-11-20T05:00Z'), at('2026-11-20T05:00Z'))).toBeUndefined();
    expect(lastTick(daily, at('2026-11-20T12:00Z'), at('2026-11-20T05:00Z'))).toBeUndefined();
  });

  it('finds nothing when the clock was set back behind the lower bound', () => {
    expect(lastTick(prague('* * * * *'), at('2026-11-20T05:00Z'), at('2026-11-20T06:00Z'))).toBeUndefined();
    expect(lastTick(prague('* * * * *'), at('2026-11-20T05:00Z'), at('2026-12-20T06:00Z'))).toBeUndefined();
  });

  it('says that there was one when nobody has looked for more than 35 days', () => {
    const yearly = prague('0 0 1 1 *');
    expect(lastTick(yearly, at('2026-11-20T00:00Z'), at('2026-10-20T00:00Z'))).toBeUndefined();
    expect(lastTick(yearly, at('2026-11-20T00:00Z'), at('2026-10-01T00:00Z'))).toBe(at('2026-10-16T00:00Z'));
  });

  it('agrees with the search forward', () => {
    const crons = ['*/15 * * * *', '30 2 * * *', '0 */6 * * 1-5', '0,30 1-3 * * *', '15 30 2 * * *'].map(prague);
    const start = at('2026-03-20T00:00Z');
    const moment = fc.oneof(
      fc.integer({ min: 0, max: 300 * 24 * 60 }).map((minutes) => start + minutes * 60_000),
      fc.integer({ min: -300, max: 300 }).map((minutes) => at('2026-10-25T01:00Z') + minutes * 60_000),
      fc.integer({ min: -300, max: 300 }).map((minutes) => at('2026-03-29T01:00Z') + minutes * 60_000),
    );
    fc.assert(
      fc.property(fc.constantFrom(...crons), moment, fc.nat(34 * 24 * 60), (cron, now, back) => {
        const after = asEpochMs(now - back * 60_000);
        const last = lastTick(cron, asEpochMs(now), after);
        const counted = countTicks(cron, after, asEpochMs(now));
        expect(last).toBe(counted?.last);
        if (last !== undefined) expect(nextTicks(cron, 1, asEpochMs(last - 1))).toEqual([last]);
        expect(nextTicks(cron, 1, last ?? after)[0]).toBeGreaterThan(now);
      }),
      { numRuns: 200 },
    );
  });
});

describe('countTicks', () => {
  it('counts to a thousand and then says that there are more', () => {
    const cron = prague('* * * * *');
    const from = at('2026-11-20T00:00Z');
    expect(countTicks(cron, from, from)).toBeUndefined();
    expect(countTicks(cron, from, at('2026-11-20T00:03:30Z'))).toEqual({
      count: 3,
      isMore: false,
      first: at('2026-11-20T00:01Z'),
      last: at('2026-11-20T00:03Z'),
    });
    const many = countTicks(cron, from, at('2026-11-25T00:00Z'));
    expect(many).toEqual({ count: 1_000, isMore: true, first: at('2026-11-20T00:01Z'), last: at('2026-11-25T00:00Z') });
  });
});

describe('longestPauseMs', () => {
  const from = at('2026-11-18T12:00Z');

  it('has nights, weekends and months in it', () => {
    expect(longestPauseMs(prague('*/15 * * * *'), from)).toBe(15 * 60_000);
    expect(longestPauseMs(prague('0 8-18 * * *'), from)).toBe(14 * hour);
    expect(longestPauseMs(prague('0 8-18 * * mon-fri'), from)).toBe((6 + 24 + 24 + 8) * hour);
    expect(longestPauseMs(prague('0 3 1 * *'), from)).toBe(31 * 24 * hour);
    expect(longestPauseMs(prague('0 3 1,2 * *'), from)).toBe(30 * 24 * hour);
  });

  it('looks into the minute', () => {
    expect(longestPauseMs(prague('* * * * * *'), from)).toBe(1_000);
    expect(longestPauseMs(prague('0,10,45 * * * * *'), from)).toBe(35_000);
    expect(longestPauseMs(prague('40 * * * * *'), from)).toBe(60_000);
  });

  it('is a third of the time after which a source is overdue, unless that is configured', () => {
    const schedule = { ...prague('0 3 * * *'), deadlineMs: hour, overdueAfterMs: undefined };
    expect(overdueAfterMs(schedule, from)).toBe(72 * hour);
    expect(overdueAfterMs({ ...schedule, overdueAfterMs: 5 * hour }, from)).toBe(5 * hour);
  });

  it('is searched once for every schedule and day, however often it is asked for', () => {
    const schedule = { ...prague('7 3 * * *'), deadlineMs: hour, overdueAfterMs: undefined };
    const searches = vi.spyOn(Intl, 'DateTimeFormat');
    const first = overdueAfterMs(schedule, from);
    expect(searches).toHaveBeenCalledTimes(1);
    for (const later of [1, 60_000, 11 * hour])
      expect(overdueAfterMs({ ...schedule }, asEpochMs(from + later))).toBe(first);
    expect(searches).toHaveBeenCalledTimes(1);
    overdueAfterMs(schedule, asEpochMs(from + 12 * hour));
    overdueAfterMs({ ...schedule, timeZone: 'UTC' }, from);
    expect(searches).toHaveBeenCalledTimes(3);
    searches.mockRestore();
  });
});
