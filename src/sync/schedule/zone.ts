// A time zone as stretches of constant offset from UTC, so that a wall clock that jumps is looked at in one place.
// Invariant: the stretches of a day follow each other without a hole; a wall time is written as if it were UTC (`at + offsetMs`).

export const dayMs = 86_400_000;
const secondMs = 1_000;

export type OffsetAt = (at: number) => number;

/** Part of a UTC day in which the offset does not change. */
export interface Stretch {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly offsetMs: number;
  /** The change of the clocks that it began with, when that was less than a day before. */
  readonly change: { readonly at: number; readonly offsetBeforeMs: number } | undefined;
}

/** Throws a RangeError for an unknown zone. */
export function offsetsOf(timeZone: string): OffsetAt {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wall - Math.floor(at / secondMs) * secondMs;
  };
}

/** `day`: the start of a UTC day. No zone changes its clocks twice within a day. */
export function stretchesOf(offsetAt: OffsetAt, day: number): readonly Stretch[] {
  const end = day + dayMs;
  const before = changeBetween(offsetAt, day - dayMs, day);
  const within = changeBetween(offsetAt, day, end);
  const first = { from: day, to: within?.at ?? end, offsetMs: offsetAt(day), change: before };
  if (within === undefined || within.at === end) return [first];
  return [first, { from: within.at, to: end, offsetMs: offsetAt(end), change: within }];
}

/** The first second with the new offset, in (from, to]. */
function changeBetween(offsetAt: OffsetAt, from: number, to: number): Stretch['change'] {
  const offsetBeforeMs = offsetAt(from);
  if (offsetAt(to) === offsetBeforeMs) return undefined;
  let low = from;
  let high = to;
  while (high - low > secondMs) {
    const middle = low + Math.floor((high - low) / 2 / secondMs) * secondMs;
    if (offsetAt(middle) === offsetBeforeMs) low = middle;
    else high = middle;
  }
  return { at: high, offsetBeforeMs };
}

/** `2026-11-20 08:00`, as the clocks of the zone show it. */
export function wallText(at: number, timeZone: string): string {
  return new Date(at + offsetsOf(timeZone)(at)).toISOString().slice(0, 16).replace('T', ' ');
}
