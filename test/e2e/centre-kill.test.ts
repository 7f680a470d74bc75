// Kill -9 of a sync of UCCE that makes a thousand users and finds a thousand, while it reads, applies, and applies what was
// approved; then the same command again: the end state of a sync that nobody disturbed, and one audit entry per change.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunJson } from '../../src/cli/json.ts';
import type { Store } from '../../src/store/open-store.ts';
import { pictures } from '../integration/centre-pictures.ts';
import { staffDomain } from '../lab/cisco-staff.ts';
import { plantContactCentre } from '../lab/contact-centre.ts';
import { type SimulatorProcess, startSimulatorProcess } from '../lab/http-simulator-process.ts';
import { type LdapServer, startLdapServer } from '../lab/ldap-server.ts';
import { CentreInstallation } from './centre-installation.ts';
import { withStore } from './centre-witness.ts';
import type { SyncJson } from './samba-witness.ts';

const agents = 2_000;
/** Of them; the first twenty of the directory are on UCCX only. */
const inDirectory = 1_000;
const known = inDirectory - 20;
/** Of these; UCCE writes their names so differently that a person has to say whether they are the same. */
const doubted = 4;
const program = fileURLToPath(new URL('../../bin/rosterd', import.meta.url));

type Count = (store: Store) => Promise<number>;
const counting =
  (table: string, where: string): Count =>
  async (store) => {
    const [row] = await store.core.read.all<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE ${where}`);
    return Number(row?.n ?? 0);
  };
const agentsRead = counting('mirror_accounts', "source = 'ucce-main'");
const usersMade = counting('users', "origin = 'ucce-main'");
const agentsLinked = counting('links', "source = 'ucce-main'");

describe('kill -9 of a sync of UCCE', () => {
  let directory: LdapServer;
  let ucce: SimulatorProcess<'ucce'>;
  let rosterd: CentreInstallation;
  let held: Awaited<ReturnType<typeof endState>>;
  let approved: Awaited<ReturnType<typeof endState>>;

  beforeAll(async () => {
    directory = await startLdapServer();
    const planted = await plantContactCentre(directory.directory, { people: inDirectory, upnSuffix: staffDomain });
    ucce = await startSimulatorProcess({
      kind: 'ucce',
      options: { staff: { uccxAgents: 40, ucceAgents: agents } },
    });
    const { url, caFile, reader } = directory;
    const { peopleDn, groupsDn } = planted;
    rosterd = new CentreInstallation({ directory: { url, caFile, reader, peopleDn, groupsDn }, ucce });
    await rosterd.tell(['init', rosterd.folder]);
    rosterd.configure({ sources: ['ad-hq', 'ucce-main'] });
    await rosterd.tell(['db', 'migrate']);
    await rosterd.ask(['sync', 'ad-hq']);
  });
  afterAll(async () => {
    await rosterd?.close();
    await ucce?.stop();
    await directory?.stop();
  });

  /** A folder with a copy of everything that another one holds. */
  function copyOf(folder: string, name: string): string {
    const copy = join(rosterd.folder, name);
    mkdirSync(copy);
    for (const file of readdirSync(folder, { withFileTypes: true }))
      if (file.isFile()) copyFileSync(join(folder, file.name), join(copy, file.name));
    return copy;
  }
  const configOf = (folder: string): readonly string[] => ['--config', join(folder, 'rosterd.yaml')];

  /** The held run, as the command says it; everything else was applied. */
  async function syncToHold(folder: string): Promise<RunJson> {
    const { runs } = await rosterd.ask<SyncJson>(['sync', 'ucce-main', ...configOf(folder)], 3);
    const [only] = runs;
    expect(only?.run).toMatchObject({ state: 'held', read: 'complete' });
    if (only === undefined) throw new Error('a sync without a run');
    return only.run;
  }
  const approve = (folder: string, run: RunJson): Promise<object> =>
    rosterd.ask(['run', 'approve', String(run.heldRun), '--reason', 'looked at it', ...configOf(folder)]);

  /** Runs a command and kills it as soon as `count` has come to `atLeast`. */
  async function killAt(folder: string, args: readonly string[], count: Count, atLeast: number): Promise<void> {
    await withStore(folder, async (store) => {
      const child = spawn(program, [...args, ...configOf(folder)], { stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.on('data', (data: Buffer) => {
        said += data.toString();
      });
      const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
      while (child.exitCode === null && (await count(store)) < atLeast) await sleep(2);
      child.kill('SIGKILL');
      const [, signal] = await closed;
      expect(signal, `it was over before it could be killed: ${said}`).toBe('SIGKILL');
      expect(await count(store)).toBeGreaterThanOrEqual(atLeast);
    });
  }

  it('makes and finds users in one run when nobody disturbs it, and waits with those that it found', async () => {
    const folder = copyOf(rosterd.folder, 'undisturbed');
    const run = await syncToHold(folder);
    held = await endState(folder);

    expect(run.counts).toMatchObject({ created: agents - known, held: known - doubted });
    expect(held.entries.filter((entry) => entry.startsWith('user.created'))).toHaveLength(inDirectory + agents - known);
    copyOf(folder, 'held');
    await approve(folder, run);
    // What only shows over all users is found by the next run.
    await rosterd.ask(['sync', 'ucce-main', ...configOf(folder)]);
    approved = await endState(folder);
    expect(Object.values(approved.users).filter(({ links }) => links.length === 2)).toHaveLength(known - doubted);
    expect([held.open, approved.open]).toEqual([[], []]);
  });

  it.each<[string, Count, number]>([
    ['while it reads the first pages', agentsRead, 1],
    ['while it reads the last pages', agentsRead, 1_500],
    ['after its first batch', usersMade, 1],
    ['in the middle of applying', usersMade, 500],
  ])('ends in the same state when it dies %s', async (when, count, atLeast) => {
    const folder = copyOf(rosterd.folder, when.replaceAll(' ', '-'));

    await killAt(folder, ['sync', 'ucce-main'], count, atLeast);

    await syncToHold(folder);
    expect(await endState(folder)).toEqual(held);
  });

  it.each([1, 300])('ends in the same state when the approval dies after %i links', async (links) => {
    const folder = copyOf(join(rosterd.folder, 'held'), `approval-${links}`);
    const run = await syncToHold(folder);
    const before = agents - known;
    const words = ['run', 'approve', String(run.heldRun), '--reason', 'looked at it'];

    await killAt(folder, words, agentsLinked, before + links);

    await rosterd.ask(['sync', 'ucce-main', ...configOf(folder)]);
    expect(await endState(folder)).toEqual(approved);
  });
});

/** Everything that a death may not change; without numbers, which may be given anew. */
const endState = (folder: string) =>
  withStore(folder, async (store) => {
    expect(await store.verifyAudit()).toMatchObject({ ok: true });
    const users = Object.entries(await pictures(store)).map(([name, { id: _, ...user }]) => [name, user] as const);
    const entries = await store.core.read.all<{ line: string }>(
      `SELECT action || ' ' || label AS line FROM audit_entries WHERE action NOT LIKE 'run.%' ORDER BY line`,
    );
    const findings = await store.core.read.all<{ line: string }>(
      `SELECT code || ' ' || label AS line FROM findings WHERE closed_at IS NULL ORDER BY line`,
    );
    return {
      users: Object.fromEntries(users.sort(([one], [other]) => (one < other ? -1 : 1))),
      entries: entries.map(({ line }) => line),
      findings: findings.map(({ line }) => line),
      open: await store.read.runs({ limit: 10, states: ['reading', 'planning', 'applying', 'verifying'] }),
    };
  });
