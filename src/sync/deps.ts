// What every step of a run is given: ports and compiled policy, passed in by the composition root.

import type { Connector } from '../connector.ts';
import { RosterdError } from '../model/errors.ts';
import type { SourceName } from '../model/ids.ts';
import type { Policy, SourcePolicy } from '../model/policy.ts';
import type { EventSink } from './events.ts';
import type { NoticeTarget } from './ports/daemon.ts';
import type { Clock, SyncStore } from './ports.ts';

export interface LeaseTimes {
  readonly ttlMs: number;
  readonly renewEveryMs: number;
}

export interface SyncDeps {
  readonly store: SyncStore;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly emit: EventSink;
  /** Identifies this process in leases. */
  readonly holder: string;
  readonly retention: { readonly runsMs: number; readonly auditPayloadsMs: number | undefined };
  /** Made anew for each run, with the secrets of that moment. Throws what is wrong with them. */
  readonly connector: (source: SourceName) => Promise<Connector>;
  /** To whom the notices of a run go; none: nobody is told, and nothing is written. */
  readonly noticeTargets: readonly NoticeTarget[];
  /** Other than usual only in tests of stalled processes. */
  readonly leaseTimes?: LeaseTimes;
  /** Hash of everything in the configuration that decides what becomes of a source's records. */
  readonly policyFingerprint: (source: SourceName) => string;
}

export function sourcePolicy(policy: Policy, source: SourceName): SourcePolicy {
  const found = policy.sources.find((candidate) => candidate.name === source);
  if (found !== undefined) return found;
  const known = policy.sources.map((candidate) => candidate.name).join(', ');
  throw new RosterdError('source-unknown', `There is no source ${source}. Configured: ${known}.`, { subject: source });
}
