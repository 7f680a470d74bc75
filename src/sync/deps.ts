// What every step of a run is given: ports and compiled policy, passed in by the composition root.

import type { Connector } from '../connector.ts';
import { RosterdError } from '../model/errors.ts';
import type { SourceName } from '../model/ids.ts';
import type { Policy, SourcePolicy } from '../model/policy.ts';
import type { EventSink } from './events.ts';
import type { Clock, SyncStore } from './ports.ts';

export interface SyncDeps {
  readonly store: SyncStore;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly emit: EventSink;
  /** Identifies this process in leases. */
  readonly holder: string;
  readonly retention: { readonly runsMs: number; readonly auditPayloadsMs: number | undefined };
  readonly connector: (source: SourceName) => Connector;
  /** Hash of everything in the configuration that decides what becomes of a source's records. */
  readonly policyFingerprint: (source: SourceName) => string;
}

export function sourcePolicy(policy: Policy, source: SourceName): SourcePolicy {
  const found = policy.sources.find((candidate) => candidate.name === source);
  if (found !== undefined) return found;
  const known = policy.sources.map((candidate) => candidate.name).join(', ');
  throw new RosterdError('source-unknown', `There is no source ${source}. Configured: ${known}.`, { subject: source });
}
