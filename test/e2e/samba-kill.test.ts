// Kill -9 in the middle of an apply of 5,000 changes from a real domain, ten times at random points, and start again: the same
// end state as a run that nobody disturbed, one audit entry per change, no run left open.

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { readAuditKey } from '../../src/compose-store.ts';
import { asEpochMs } from '../../src/model/ids.ts';
import { openStore } from '../../src/store/open-store.ts';
import { describeWith } from '../describe-with.ts';
import { usersOf } from '../integration/sync-pictures.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { type SambaLab, startSamba } from '../lab/samba.ts';
import { Installation } from './samba-installation.ts';

const people = 5_000;
const rounds = 10;

interface EndState {
  readonly users: unknown;
  readonly entries: readonly string[];
  readonly openRuns: number;
}

describeWith('samba', 'kill -9 while 5,000 changes of a real domain are applied', () => {
  let samba: SambaLab;
  let rosterd: Installation;
  let reference: EndState;
  let applyMs: number;
  const daemons: DaemonProcess[] = [];

  beforeAll(async () => {
    samba = await startSamba();
    await samba.populate(people);
    rosterd = new Installation(samba, {
      people: `OU=People,OU=Lab,${samba.baseDn}`,
      groups: `OU=Groups,OU=Lab,${samba.baseDn}`,
      head: 'log: { level: info }\nserve: { listen: off }\n',
      rest: '    schedule: { full: "0 0 29 2 *" }\n',
    });
    await rosterd.init();
    rosterd.configure({ pageSize: 1_000 });
    const folder = await place(0);
    const daemon = serve(folder);
    await daemon.message('applying');
    const startedAt = performance.now();
    await daemon.run('done');
    applyMs = performance.now() - startedAt;
    daemon.kill('SIGTERM');
    await daemon.ended;
    reference = await endState(folder);
  });
  // A round that fails leaves none of them behind.
  afterEach(async () => {
    for (const daemon of daemons.splice(0)) await daemon.end();
  });
  afterAll(async () => {
    await rosterd?.close();
    await samba?.stop();
  });

  /** A database of its own, with the same configuration. */
  async function place(round: number): Promise<string> {
    const folder = join(rosterd.folder, `round-${round}`);
    mkdirSync(folder);
    for (const file of ['rosterd.yaml', 'audit.key', 'ca.pem', 'password'])
      copyFileSync(join(rosterd.folder, file), join(folder, file));
    expect(await rosterd.run('db', 'migrate', '--config', join(folder, 'rosterd.yaml'))).toMatchObject({ code: 0 });
    return folder;
  }

  function serve(folder: string): DaemonProcess {
    const daemon = new DaemonProcess(join(folder, 'rosterd.yaml'));
    daemons.push(daemon);
    return daemon;
  }

  async function endState(folder: string): Promise<EndState> {
    const store = await openStore(
      { kind: 'sqlite', path: join(folder, 'rosterd.db') },
      {
        auditKey: await readAuditKey(join(folder, 'audit.key')),
        clock: { now: () => asEpochMs(Date.now()) },
        migrate: 'require',
      },
    );
    try {
      expect(await store.verifyAudit()).toMatchObject({ ok: true });
      const users = Object.entries(await usersOf(store)).map(([name, { id: _, ...user }]) => [name, user] as const);
      const entries = await store.core.read.all<{ line: string }>(
        `SELECT action || ' ' || label AS line FROM audit_entries ORDER BY line`,
      );
      const open = await store.read.runs({ limit: 10, states: ['reading', 'planning', 'applying', 'verifying'] });
      return {
        users: users.sort(([a], [b]) => (a < b ? -1 : 1)),
        entries: entries.map(({ line }) => line),
        openRuns: open.length,
      };
    } finally {
      await store.close();
    }
  }

  it('made one user and one entry for each person when nobody disturbed it', () => {
    expect(reference.users).toHaveLength(people);
    expect(reference.entries.filter((entry) => entry.startsWith('user.created'))).toHaveLength(people);
    expect(reference.openRuns).toBe(0);
  });

  it.each(Array.from({ length: rounds }, (_, index) => index + 1))(
    'ends in the same state, round %i',
    async (round) => {
      const folder = await place(round);
      // Spread over the whole apply, each round somewhere in its tenth.
      const after = ((round - 1 + Math.random()) / rounds) * applyMs;
      const killed = serve(folder);
      await killed.message('applying');
      await sleep(after);
      killed.kill('SIGKILL');
      await killed.ended;

      const next = serve(folder);
      if (killed.lines.some(({ message }) => message === 'run ended: done')) await next.message('daemon started');
      else await next.run('done');
      next.kill('SIGTERM');

      expect(await next.ended, `killed ${Math.round(after)} ms into an apply of ${Math.round(applyMs)} ms`).toEqual({
        code: 0,
        signal: null,
      });
      expect(await endState(folder)).toEqual(reference);
    },
  );
});
