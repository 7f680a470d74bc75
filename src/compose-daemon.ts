// The daemon's part of the composition root: scheduler, chores, health server, metrics, systemd and the log, put together.

import type { Config } from './config/config.ts';

export interface ServeOptions {
  readonly version: string;
  readonly signal: AbortSignal;
  readonly endNow: (code: number) => void;
}

export async function serve(_config: Config, _options: ServeOptions): Promise<void> {}
