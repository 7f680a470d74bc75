// What is asked about a cron expression: is it fine, when is it due next, when was it last, how long can it be quiet.
// Invariant: every search has a bound, whatever the expression.

import { type CronFieldError, validateDetailed } from 'node-cron';
import { asEpochMs, type EpochMs } from '../../model/ids.ts';
import type { SourceSchedule } from '../../model/schedule.ts';
import { type Cron, dayPlan, startOfDay, ticksBetween } from './ticks.ts';
import { dayMs, offsetsOf } from './zone.ts';

/** The rarest day, a 29 February that is a certain weekday, comes back after 28 years, or 40 around a year like 2100. */
const horizonMs = 41 * 366 * dayMs;

// --- is it fine ---------------------------------------------------------------------

const fieldNames = ['second', 'minute', 'hour', 'day of month', 'month', 'day of week'] as const;

const fields: Readonly<Record<string, { readonly name: string; readonly takes: string }>> = {
  second: { name: 'second', takes: '0 to 59' },
  minute: { name: 'minute', takes: '0 to 59' },
  hour: { name: 'hour', takes: '0 to 23' },
  dayOfMonth: { name: 'day of month', takes: '1 to 31, or L for the last' },
  month: { name: 'month', takes: '1 to 12, or jan to dec' },
  dayOfWeek: { name: 'day of week', takes: '0 to 7 (0 and 7 are Sunday), or mon to sun' },
};

/** Undefined when both are fine; else one sentence that says what is wrong. Five fields, or six with seconds first. */
export function checkCron(expression: string, timeZone: string): string | undefined {
  return checkExpression(expression) ?? checkTimeZone(timeZone);
}

function checkTimeZone(timeZone: string): string | undefined {
  try {
    offsetsOf(timeZone);
    return undefined;
  } catch {
    return `There is no time zone \`${timeZone}\`: write an IANA name, like Europe/Prague or UTC.`;
  }
}

function checkExpression(expression: string): string | undefined {
  const parts = expression.trim().split(/\s+/u);
  if (parts.length !== 5 && parts.length !== 6) {
    const count = expression.trim() === '' ? 0 : parts.length;
    return `\`${expression}\` has ${count} ${count === 1 ? 'field' : 'fields'}: a schedule has five (minute, hour, day of month, month, day of week), or six with the second first.`;
  }
  const strange = parts.findIndex((part) => !/^[a-z0-9*/,#?-]+$/iu.test(part));
  if (strange >= 0)
    return `\`${parts[strange]}\` in the ${fieldNames.slice(-parts.length)[strange]} field is not valid.`;
  const normal = parts.join(' ');
  const [error] = validateDetailed(normal).errors;
  if (error !== undefined) return neverComes(parts, { whenFineInAnyMonth: true }) ?? fieldError(error);
  return hasDay(normal) ? undefined : neverComes(parts, { whenFineInAnyMonth: false });
}

function fieldError({ field, value, message }: CronFieldError): string {
  const known = fields[field];
  if (known === undefined) return `${message}.`;
  return `\`${value ?? ''}\` in the ${known.name} field is not valid: it takes ${known.takes}.`;
}

/** node-cron itself knows that a month has no such day; then the fields are fine one by one. */
function neverComes(
  parts: readonly string[],
  { whenFineInAnyMonth }: { whenFineInAnyMonth: boolean },
): string | undefined {
  const [day, month, weekday] = parts.slice(-3);
  if (whenFineInAnyMonth) {
    const inAnyMonth = [...parts.slice(0, -2), '*', weekday].join(' ');
    const isMonthFine = validateDetailed(`0 0 * ${month} *`).valid;
    if (!isMonthFine || !validateDetailed(inAnyMonth).valid) return undefined;
  }
  return `The schedule never comes: no date has the day of month \`${day}\`, the month \`${month}\` and the day of week \`${weekday}\`.`;
}

/** 28 years without a year like 2100 hold every date on every weekday. */
function hasDay(expression: string): boolean {
  const { isDay } = dayPlan(expression);
  const end = Date.UTC(2052, 0, 1);
  for (let day = Date.UTC(2024, 0, 1); day < end; day += dayMs) if (isDay(day)) return true;
  return false;
}

// --- when ---------------------------------------------------------------------------

/** The next `count` ticks after `from`; fewer when they are more than 40 years away. */
export function nextTicks({ full, timeZone }: Cron, count: number, from: EpochMs): readonly EpochMs[] {
  return ticksBetween(dayPlan(full), timeZone, from, from + horizonMs)
    .take(count)
    .map(asEpochMs)
    .toArray();
}

const searchBackMs = 35 * dayMs;

/**
 * The newest tick in (after, now]. Looks back 35 days; when `after` lies before that and there was none since, the start of the
 * search is returned, which means: take it that there was one. Who has not run for so long is due in any case.
 */
export function lastTick({ full, timeZone }: Cron, now: EpochMs, after: EpochMs): EpochMs | undefined {
  const earliest = Math.max(after, now - searchBackMs);
  const plan = dayPlan(full);
  for (let day = startOfDay(now); day + dayMs > earliest; day -= dayMs) {
    const from = Math.max(earliest, day - 1);
    let newest: number | undefined;
    for (const tick of ticksBetween(plan, timeZone, from, Math.min(now, day + dayMs - 1))) newest = tick;
    if (newest !== undefined) return asEpochMs(newest);
  }
  return earliest > after ? asEpochMs(earliest) : undefined;
}

const countedTicks = 1_000;

/** Ticks of a stretch of time: the first, the last and how many. */
export interface TickCount {
  /** At most 1000. */
  readonly count: number;
  readonly isMore: boolean;
  readonly first: EpochMs;
  readonly last: EpochMs;
}

/** The ticks in (after, until]; undefined when there is none. */
export function countTicks(cron: Cron, after: EpochMs, until: EpochMs): TickCount | undefined {
  const found = ticksBetween(dayPlan(cron.full), cron.timeZone, after, until)
    .take(countedTicks + 1)
    .toArray();
  const isMore = found.length > countedTicks;
  const first = found[0];
  const last = isMore ? lastTick(cron, until, after) : found.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return { count: Math.min(found.length, countedTicks), isMore, first: asEpochMs(first), last: asEpochMs(last) };
}

// --- how long it is quiet -----------------------------------------------------------

/** Long enough for nights, weekends and the end of a month. */
const sampleMs = 35 * dayMs;
const sampleTicks = 3;

/** The longest gap between ticks of the next 35 days, or between the next three where they are rarer. */
export function longestPauseMs({ full, timeZone }: Cron, from: EpochMs): number {
  const plan = dayPlan(full);
  // Every minute has the same seconds, so of each only the first and the last are visited, and what is between them is measured once.
  const seconds = plan.seconds.filter((_, index, all) => index === 0 || index === all.length - 1);
  const withinMinuteMs =
    Math.max(0, ...plan.seconds.slice(1).map((at, index) => at - (plan.seconds[index] ?? at))) * 1_000;
  let longest = 0;
  let seen = 0;
  let previous: number | undefined;
  for (const tick of ticksBetween({ ...plan, seconds }, timeZone, from, from + horizonMs)) {
    if (previous !== undefined)
      longest = Math.max(longest, isSameMinute(previous, tick) ? withinMinuteMs : tick - previous);
    previous = tick;
    seen += 1;
    if (seen >= sampleTicks && tick - from > sampleMs) break;
  }
  return seen < 2 ? horizonMs : longest;
}

const isSameMinute = (a: number, b: number): boolean => Math.floor(a / 60_000) === Math.floor(b / 60_000);

/** A few schedules, each for the few days that are asked about: a search takes long, and is asked for at every beat and scrape. */
const mostKnown = 100;
const known = new Map<string, number>();

/** The same for every moment of a day. */
function longestPauseOfDay(cron: Cron, from: EpochMs): number {
  const day = asEpochMs(startOfDay(from));
  const key = `${day} ${cron.timeZone} ${cron.full}`;
  const pauseMs = known.get(key) ?? longestPauseMs(cron, day);
  if (known.size >= mostKnown) known.clear();
  known.set(key, pauseMs);
  return pauseMs;
}

/** How long the source may be without a complete read before a person is told. */
export function overdueAfterMs(schedule: SourceSchedule, from: EpochMs): number {
  return schedule.overdueAfterMs ?? 3 * longestPauseOfDay(schedule, from);
}
