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
