// Moments for people, to the minute: in UTC as in every list, or in the zone in which a schedule is written.

import { formatMoment } from '../admin/moments.ts';
import type { EpochMs } from '../model/ids.ts';

/** `2026-11-22T02:00Z` */
export const minuteText = (moment: EpochMs): string => `${formatMoment(moment).slice(0, 16)}Z`;

/** `2026-11-22T03:00+01:00` in `Europe/Prague`. */
export function zonedText(moment: EpochMs, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  // `GMT+01:00`; for UTC `GMT` or `GMT+00:00`, as the version of ICU has it.
  const offset = part('timeZoneName').slice('GMT'.length);
  const isUtc = offset === '' || offset === '+00:00';
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}${isUtc ? 'Z' : offset}`;
}
