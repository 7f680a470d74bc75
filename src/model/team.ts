// The local team, fed by groups of sources or local.

import type { Owner, TeamId } from './ids.ts';

export interface Team {
  readonly id: TeamId;
  readonly name: string;
  /** A label only: `local` or the source whose group created the team. */
  readonly origin: Owner;
  readonly parent?: TeamId;
}
