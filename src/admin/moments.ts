// Moments as people write them: `30d`, `2026-12-24`, `2026-12-24T18:00Z`. All in UTC, so that a host's time zone changes nothing.

import { RosterdError } from '../model/errors.ts';
import { asEpochMs, type EpochMs } from '../model/ids.ts';

const dayMs = 86_400_000;
const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs };

const forms = 'Write a span (90m, 12h, 30d, 2w), a date (2026-12-24) or a time (2026-12-24T18:00Z)';

export const formatMoment = (moment: EpochMs): string => new Date(moment).toISOString();

function spanMs(text: string): number | undefined {
  const found = /^(\d{1,6})([mhdw])$/u.exec(text);
  const unit = unitMs[found?.[2] ?? ''];
  return found === null || unit === undefined ? undefined : Number(found[1]) * unit;
}

/** A calendar day that exists; `2026-02-30` does not, though Date.parse would roll it over in some forms. */
function dayStart(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text) ? undefined : ms;
}

function instant(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/u.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The end of something: a span counts from now, a date means the end of that day. It lies in the future. */
export function parseUntil(text: string, now: EpochMs): EpochMs {
  const span = spanMs(text);
  const day = dayStart(text);
  const until = span !== undefined ? now + span : day !== undefined ? day + dayMs : instant(text);
  if (until === undefined) throw new RosterdError('value-invalid', `"${text}" is not a moment. ${forms}.`);
  if (until <= now) throw new RosterdError('value-invalid', `"${text}" is not in the future.`);
  return asEpochMs(until);
}

/** The edge of a period that is looked back at: a span counts back from now, a date is its first (`from`) or last (`to`) moment. */
export function parsePast(text: string, now: EpochMs, edge: 'from' | 'to'): EpochMs {
  const span = spanMs(text);
  const day = dayStart(text);
  const past = span !== undefined ? now - span : day !== undefined ? day + (edge === 'to' ? dayMs : 0) : instant(text);
  if (past === undefined) throw new RosterdError('value-invalid', `"${text}" is not a moment. ${forms}.`);
  return asEpochMs(past);
}
