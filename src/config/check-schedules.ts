// Cron expressions and time zones of the file: whether the scheduler will understand them.
// The scheduler's own judgement is handed in (src/compose.ts), because configuration must not import it.

import type { ConfigPath } from './document.ts';
import type { Complaint } from './issues.ts';

/** Says what is wrong with the expression or the zone; undefined when both are fine. */
export type CheckCron = (expression: string, timeZone: string) => string | undefined;

export interface CronPlace {
  readonly cron: string;
  readonly timeZone: string;
  readonly cronAt: ConfigPath;
  readonly timeZoneAt: ConfigPath;
}

/** Each of the two is tried with a partner that is surely right, so that the complaint stands in the line that is wrong. */
export function checkSchedule(
  { cron, timeZone, cronAt, timeZoneAt }: CronPlace,
  checkCron: CheckCron,
): readonly Complaint[] {
  const say = (path: ConfigPath, message: string | undefined): readonly Complaint[] =>
    message === undefined ? [] : [{ path, at: 'value', message }];
  const each = [...say(cronAt, checkCron(cron, 'UTC')), ...say(timeZoneAt, checkCron('0 0 * * *', timeZone))];
  return each.length > 0 ? each : say(cronAt, checkCron(cron, timeZone));
}
