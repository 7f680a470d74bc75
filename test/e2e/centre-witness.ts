// What the tests of a contact centre say about runs and users: through commands of rosterd, or straight from its database.
// Invariant: what is approved is what the guard held, named by its run.

import { join } from 'node:path';
import type { RunJson, RunReportJson } from '../../src/cli/json.ts';
import { readAuditKey } from '../../src/compose-store.ts';
import { asEpochMs } from '../../src/model/ids.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { type CentrePicture, pictures } from '../integration/centre-pictures.ts';
import type { InstallationFolder } from './installation-folder.ts';
import type { SyncJson } from './samba-witness.ts';

export type { SyncJson } from './samba-witness.ts';

/** Releases what this run holds; nothing when it holds nothing. */
export async function approveHeld(rosterd: InstallationFolder, run: RunJson): Promise<void> {
  if (run.heldRun === null) return;
  await rosterd.ask(['run', 'approve', String(run.heldRun), '--reason', 'looked at it']);
}

/** Syncs all sources and approves what is held, until a whole round plans nothing. */
export async function settle(rosterd: InstallationFolder): Promise<void> {
  for (let round = 1; round <= 5; round += 1) {
    const ended = await rosterd.run('sync', '--json');
    const { runs, errors } = JSON.parse(ended.stdout) as SyncJson;
    if (errors.length > 0 || runs.some(({ run }) => run.state !== 'done' && run.state !== 'held'))
      throw new Error(`a sync did not end well: ${ended.stdout}${ended.stderr}`);
    for (const { run } of runs) await approveHeld(rosterd, run);
    if (runs.every(({ run }) => run.counts.planned === 0)) return;
  }
  throw new Error('the sources do not come to rest');
}

export async function syncOnly(rosterd: InstallationFolder, source: string): Promise<RunReportJson> {
  const { runs, errors } = await rosterd.ask<SyncJson>(['sync', source]);
  const [only, second] = runs;
  if (only === undefined || second !== undefined || errors.length > 0) throw new Error('not exactly one run');
  return only;
}

/** Every user with every value, team, grant and role and whose each is, straight from the database; also beside a daemon. */
export const usersIn = (folder: string): Promise<Readonly<Record<string, CentrePicture>>> =>
  withStore(folder, pictures);

export async function withStore<Answer>(folder: string, ask: (store: Store) => Promise<Answer>): Promise<Answer> {
  const store = await openStore(
    { kind: 'sqlite', path: join(folder, 'rosterd.db') },
    {
      auditKey: await readAuditKey(join(folder, 'audit.key')),
      clock: { now: () => asEpochMs(Date.now()) },
      migrate: 'require',
    },
  );
  try {
    return await ask(store);
  } finally {
    await store.close();
  }
}
