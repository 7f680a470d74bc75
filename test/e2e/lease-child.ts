// A rosterd process of its own that syncs once with short leases and stops itself (SIGSTOP) in the middle of it.
// node lease-child.ts <config> <location> <ttl in ms> <phase> <nth event of the phase>: says `stopped`, and after it was woken
// the state of the run or the code of the error.

import { connectorType, connectorTypes } from '../../connectors/registry.ts';
import { readAuditKey } from '../../src/compose-store.ts';
import { attributesOf, compilePolicy, policyFingerprint } from '../../src/config/compile.ts';
import { loadConfig } from '../../src/config/load.ts';
import { resolveSettings } from '../../src/config/secret.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { asEpochMs, asSourceName } from '../../src/model/ids.ts';
import type { Location } from '../../src/store/clients.ts';
import { openStore } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import { type SyncDeps, sourcePolicy } from '../../src/sync/deps.ts';
import { runSource } from '../../src/sync/run-source.ts';

const [configFile = '', location = '', ttl = '', phase, nth] = process.argv.slice(2);
const hq = asSourceName('hq');
const clock = { now: () => asEpochMs(Date.now()) };
const config = await loadConfig(configFile, { connectorTypes, checkCron: () => undefined });
const policy = compilePolicy(config);
const [source] = config.sources;
const type = source === undefined ? undefined : connectorType(source.type);
if (source === undefined || type === undefined) throw new Error('the configuration has no source');
const connector = type.create(await resolveSettings(source, type), { account: attributesOf(sourcePolicy(policy, hq)) });
const store = await openStore(JSON.parse(location) as Location, {
  auditKey: await readAuditKey(config.audit.keyFile),
  clock,
  migrate: 'require',
});

let seen = 0;
const emit: SyncDeps['emit'] = (event) => {
  if (event.kind !== 'phase:progressed' || event.phase !== phase) return;
  seen += 1;
  if (seen !== Number(nth)) return;
  process.stdout.write('stopped ');
  process.kill(process.pid, 'SIGSTOP');
};

const deps: SyncDeps = {
  store,
  policy,
  clock,
  emit,
  holder: makeHolder(),
  retention: config.retention,
  noticeTargets: [],
  leaseTimes: { ttlMs: Number(ttl), renewEveryMs: Number(ttl) / 4 },
  connector: async () => connector,
  policyFingerprint: () => policyFingerprint(policy, hq),
};
try {
  const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'schedule' } as const;
  process.stdout.write((await runSource(deps, request, new AbortController().signal)).state);
} catch (error) {
  process.stdout.write(error instanceof RosterdError ? error.code : String(error));
} finally {
  await store.close();
}
