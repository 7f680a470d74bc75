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

export type Users = Readonly<Record<string, CentrePicture>>;

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

/** What a bad read may not take: access, teams, grants, roles, links. */
export const standingOf = (users: Users) =>
  Object.entries(users).map(([name, { values: _v, attributes: _a, ...rest }]) => [name, rest]);

/** What is left of users when a source is let go of: everything, as local. */
export const asLocal = (users: Users, source: string): Users =>
  Object.fromEntries(Object.entries(users).map(([name, user]) => [name, withoutSource(user, source)]));

function withoutSource(user: CentrePicture, source: string): CentrePicture {
  const own = ` [${source}]`;
  const local = (text: string): string => (text.endsWith(own) ? `${text.slice(0, -own.length)} [local]` : text);
  const all = (texts: readonly string[]): readonly string[] => [...new Set(texts.map(local))].sort();
  // A local attribute wins; one that lost would change what is in force, and goes.
  const nameOf = (text: string): string => text.slice(0, text.indexOf('='));
  const isOutdone = (text: string): boolean =>
    text.endsWith(own) && user.attributes.some((other) => other !== text && nameOf(other) === nameOf(text));
  return {
    ...user,
    values: Object.fromEntries(Object.entries(user.values).map(([field, value]) => [field, local(value)])),
    attributes: all(user.attributes.filter((text) => !isOutdone(text))),
    links: user.links.filter((link) => !link.startsWith(`${source} `)),
    teams: all(user.teams),
    grants: all(user.grants),
    roles: all(user.roles),
  };
}
