// Cron expressions and time zones of the file: whether the scheduler will understand them.
// Works on the value as it was written, so that these problems are reported together with all others. The scheduler's own
// judgement is handed in (src/compose.ts), because configuration must not import it.

import type { ConfigPath } from './document.ts';
import type { Complaint } from './issues.ts';
import { maxScheduleLength } from './schema-daemon.ts';
import { isSection, type Section, valueAt } from './sections.ts';

/** Says what is wrong with the expression or the zone; undefined when both are fine. */
export type CheckCron = (expression: string, timeZone: string) => string | undefined;

const textOr = (value: unknown, fallback: string): string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maxScheduleLength ? value : fallback;

/** Each of the two is tried with a partner that is surely right, so that the complaint stands in the line that is wrong. */
function checkSchedule(section: Section, key: 'full' | 'at', base: ConfigPath, checkCron: CheckCron) {
  // What is missing, no text or too long is the schema's to say.
  const cron = textOr(section[key], '0 0 * * *');
  const timeZone = textOr(section['timeZone'], 'UTC');
  const say = (name: string, message: string | undefined): readonly Complaint[] =>
    message === undefined ? [] : [{ path: [...base, name], at: 'value', message }];
  const each = [...say(key, checkCron(cron, 'UTC')), ...say('timeZone', checkCron('0 0 * * *', timeZone))];
  return each.length > 0 ? each : say(key, checkCron(cron, timeZone));
}

/** All schedules of the file that the scheduler would not take. */
export function checkSchedules(file: unknown, checkCron: CheckCron): readonly Complaint[] {
  const verify = valueAt(file, ['audit', 'verify']);
  const sources = valueAt(file, ['sources']);
  return [
    ...(isSection(verify) ? checkSchedule(verify, 'at', ['audit', 'verify'], checkCron) : []),
    ...(Array.isArray(sources) ? sources : []).flatMap((source: unknown, index) => {
      const schedule = valueAt(source, ['schedule']);
      return isSection(schedule) ? checkSchedule(schedule, 'full', ['sources', index, 'schedule'], checkCron) : [];
    }),
  ];
}
