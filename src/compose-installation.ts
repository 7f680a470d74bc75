// An opened installation: configuration, policy and store, and what a run of one of its sources is given.
// Both doors build on it: the command line (src/compose.ts) and the daemon (src/compose-daemon.ts).

import { connectorType } from '../connectors/registry.ts';
import { attributesOf, policyFingerprint } from './config/compile.ts';
import type { Config } from './config/config.ts';
import { resolveSettings } from './config/secret.ts';
import type { Connector } from './connector.ts';
import { RosterdError } from './model/errors.ts';
import { asEpochMs, type SourceName } from './model/ids.ts';
import type { Policy } from './model/policy.ts';
import { fanOut } from './observe/fan-out.ts';
import type { Store } from './store/open-store.ts';
import { type SyncDeps, sourcePolicy } from './sync/deps.ts';
import type { EventSink } from './sync/events.ts';

export const clock = { now: () => asEpochMs(Date.now()) };

/** Everything that an opened installation is made of. */
export interface Installation {
  readonly config: Config;
  readonly policy: Policy;
  readonly store: Store;
  readonly holder: string;
  /** Who listens to every run beside the command: the log, when asked for. */
  readonly sinks: readonly EventSink[];
}

/** Secrets are read now, as late as possible, and only those of this source. */
export async function connect(
  { config, policy }: Pick<Installation, 'config' | 'policy'>,
  source: SourceName,
): Promise<Connector> {
  const found = config.sources.find((candidate) => candidate.name === source);
  const type = found === undefined ? undefined : connectorType(found.type);
  const own = sourcePolicy(policy, source);
  if (found === undefined || type === undefined)
    throw new RosterdError('source-unknown', `There is no source ${source}.`, { subject: source });
  return type.create(await resolveSettings(found, type), { account: attributesOf(own) });
}

/** Connectors are made by each run, inside of it: what keeps it from connecting is then how it ended. */
export function depsWith(installation: Installation, onEvent: EventSink): SyncDeps {
  const { config, store, policy, holder, sinks } = installation;
  return {
    store,
    policy,
    clock,
    holder,
    retention: config.retention,
    noticeTargets: config.notify,
    emit: fanOut(onEvent, ...sinks),
    connector: (source) => connect(installation, source),
    policyFingerprint: (source) => policyFingerprint(policy, source),
  };
}
