// Commands that need a source for themselves wait for whoever is at it, for as long as a person likes to wait.

import { Option } from 'commander';
import { parseHolder } from '../model/holder.ts';
import type { Busy, Waiting } from '../sync/wait-for-source.ts';
import type { Cli, Globals } from './cli.ts';

const usualMs = 120_000;

export interface WaitOption {
  /** False with --no-wait. */
  readonly wait: boolean;
}

export const waitOption = (): Option =>
  new Option('--no-wait', 'fail at once when somebody else is at the source, instead of waiting for up to 2 minutes');

export function waitingOf({ terminal }: Cli, { wait }: WaitOption, { format, isQuiet }: Globals): Waiting {
  return {
    ms: wait ? usualMs : 0,
    onWait: (busy) => {
      if (format === 'text' && !isQuiet) terminal.errorLine(busyText(busy));
    },
  };
}

/** `Waiting for daemon@host (pid 12), which is syncing ad-hq ...` */
function busyText({ source, holder = 'another process', run }: Busy): string {
  const place = parseHolder(holder);
  const who = run?.actor ?? place?.host ?? holder;
  const pid = place === undefined ? '' : ` (pid ${place.pid})`;
  return `Waiting for ${who}${pid}, which is ${run === undefined ? 'at' : 'syncing'} ${source} ...`;
}
