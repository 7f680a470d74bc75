// Which ends of sync switches a notice has told, packed so that ten thousand of them are a few kilobytes and not two hundred.
// Invariant: what was packed is found again, to the minute, in which people set and read such times.

import { asEpochMs, type EpochMs } from '../../model/ids.ts';

export interface SwitchEnd {
  readonly user: number;
  readonly name: string;
  readonly until: EpochMs;
}

type End = Pick<SwitchEnd, 'user' | 'until'>;

const minuteMs = 60_000;
const minuteOf = ({ until }: End): number => Math.floor(until / minuteMs);

/** The same for the same user and time, whoever asks. */
export const switchEndKey = (end: End): string => `${end.user}@${minuteOf(end)}`;

/** Per minute its users, each as the distance from the one before, all in base 36: `<minute>:<first>,<distance>,... ...` */
export function packEnds(ends: readonly End[]): string {
  const minutes = [...Map.groupBy(ends, minuteOf)].sort(([a], [b]) => a - b);
  return minutes
    .map(([minute, group]) => {
      const users = [...new Set(group.map(({ user }) => user))].sort((a, b) => a - b);
      const steps = users.map((user, index) => (user - (users[index - 1] ?? 0)).toString(36));
      return `${minute.toString(36)}:${steps.join(',')}`;
    })
    .join(' ');
}

/** The keys of all that was packed. */
export function unpackEnds(packed: string): readonly string[] {
  return packed.split(' ').flatMap((part) => {
    const [minute = '', steps = ''] = part.split(':');
    if (steps === '') return [];
    const until = asEpochMs(Number.parseInt(minute, 36) * minuteMs);
    let user = 0;
    return steps.split(',').map((step) => {
      user += Number.parseInt(step, 36);
      return switchEndKey({ user, until });
    });
  });
}
