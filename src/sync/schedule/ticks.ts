// The times of a cron expression as instants: the one answer to "when", for the scheduler, its state and its gaps.
// Invariant: the set of ticks depends on expression and zone only, never on where a search begins (node-cron's own search
// does: it finds other times from within a repeated hour, and none where the clocks jump over one).
//
//   clocks                     certain hours (30 2 * * *)             every hour (*/15 * * * *)
//   go forward, 02:30 is not   one tick when the clocks have moved    goes on by elapsed time
//   go back, 02:30 is twice    the first one only                     both, it goes on by elapsed time

import { createTask, parse } from 'node-cron';
import { dayMs, offsetsOf, type Stretch, stretchesOf } from './zone.ts';

export interface Cron {
  readonly full: string;
  readonly timeZone: string;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** What a day of the schedule looks like. Hours, minutes and seconds ascend. */
export interface DayPlan {
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly seconds: readonly number[];
  /** `day`: midnight of a date, as if it were UTC. */
  isDay(day: number): boolean;
}

/** `expression`: one that `checkCron` takes. */
export function dayPlan(expression: string): DayPlan {
  const { hour, minute, second } = parse(expression);
  const isDay = dayMatcher(expression);
  return { hours: ascending(hour), minutes: ascending(minute), seconds: ascending(second), isDay };
}

/** Days as node-cron understands them (L, W, # and names): midnight UTC of a date stands for the date. */
function dayMatcher(expression: string): DayPlan['isDay'] {
  const dateFields = expression.trim().split(/\s+/u).slice(-3).join(' ');
  const task = createTask(`0 0 0 ${dateFields}`, () => {}, { timezone: 'UTC' });
  // Only its `match` is wanted; out of node-cron's registry with it.
  void task.destroy();
  const known = new Map<number, boolean>();
  return (day) => {
    const answer = known.get(day) ?? task.match(new Date(day));
    known.set(day, answer);
    return answer;
  };
}

const ascending = (values: readonly number[]): readonly number[] => [...new Set(values)].sort((a, b) => a - b);

/** Ticks in (after, until], in order. */
export function* ticksBetween(plan: DayPlan, timeZone: string, after: number, until: number): Generator<number> {
  const offsetAt = offsetsOf(timeZone);
  for (let day = startOfDay(after); day <= until; day += dayMs) {
    // Wall clocks are less than a day away from UTC. Most days of rare schedules end here, without a look at the zone.
    if (![day - dayMs, day, day + dayMs].some(plan.isDay)) continue;
    for (const stretch of stretchesOf(offsetAt, day)) {
      for (const tick of ticksOf(plan, stretch, after, until)) yield tick;
    }
  }
}

export const startOfDay = (at: number): number => Math.floor(at / dayMs) * dayMs;

function* ticksOf(plan: DayPlan, stretch: Stretch, after: number, until: number): Generator<number> {
  const { offsetMs, change } = stretch;
  const isHourly = plan.hours.length === 24;
  let from = stretch.from;
  if (change !== undefined && !isHourly) {
    const forwardMs = offsetMs - change.offsetBeforeMs;
    if (forwardMs < 0) from = Math.max(from, change.at - forwardMs);
    else if (change.at === from && hasTimeIn(plan, from + change.offsetBeforeMs, from + offsetMs)) {
      if (from > after && from <= until) yield from;
      // The time that the clocks jumped to has had its tick.
      from += 1;
    }
  }
  const first = Math.max(from, after + 1);
  const end = Math.min(stretch.to, until + 1);
  for (const wall of wallTimes(plan, first + offsetMs, end + offsetMs)) yield wall - offsetMs;
}

function hasTimeIn(plan: DayPlan, from: number, to: number): boolean {
  return wallTimes(plan, from, to).next().done !== true;
}

/** Wall times of the plan in [from, to). */
function* wallTimes(plan: DayPlan, from: number, to: number): Generator<number> {
  for (let day = startOfDay(from); day < to; day += dayMs) {
    if (!plan.isDay(day)) continue;
    for (const hour of plan.hours) {
      const hourAt = day + hour * hourMs;
      if (hourAt + hourMs <= from || hourAt >= to) continue;
      for (const minute of plan.minutes) {
        const minuteAt = hourAt + minute * minuteMs;
        if (minuteAt + minuteMs <= from || minuteAt >= to) continue;
        for (const second of plan.seconds) {
          const at = minuteAt + second * 1_000;
          if (at >= from && at < to) yield at;
        }
      }
    }
  }
}
