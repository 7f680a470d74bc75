// A stop that a person asked for: while it is in force a source is read, and nothing of it is applied.

import type { EpochMs, SourceName } from './ids.ts';

export interface Pause {
  /** `all`: every source. */
  readonly scope: { readonly kind: 'all' } | { readonly kind: 'source'; readonly source: SourceName };
  readonly reason: string;
  readonly by: string;
  readonly since: EpochMs;
  /** When it ends by itself. */
  readonly until?: EpochMs;
}

/** The first of these pauses, all of them in force, that stops the source. */
export function pauseOf(pauses: readonly Pause[], source: SourceName): Pause | undefined {
  return pauses.find(({ scope }) => scope.kind === 'all' || scope.source === source);
}

/** `paused by cli:anna@host: change freeze` */
export const pauseText = ({ by, reason }: Pause): string => `paused by ${by}: ${reason}`;
