// The daemon as a real process: what it runs by itself, how it stops, how it dies, and what it does while something is missing.

import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Office, openOffice } from '../integration/sync-fixture.ts';
import { Staff } from '../integration/sync-staff.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { addUnit } from '../lab/directory.ts';
import { startLdapServer } from '../lab/ldap-server.ts';
import { type Ended, ended, startCli } from '../unit/cli-process.ts';

const everySecond = '* * * * * *';
/** Never within a test. */
const onceAYear = '0 0 29 2 *';
const unfinished = ['reading', 'planning', 'applying', 'verifying'] as const;

let office: Office;
const daemons: DaemonProcess[] = [];

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.end();
  await office.close();
});

async function open(cron: string, people: number, rest = ''): Promise<readonly string[]> {
  office = await openOffice({
    pageSize: 250,
    startAt: Date.now(),
    head: 'serve: { listen: "127.0.0.1:0", stopWithin: 20s }\n',
    source: `    schedule: { full: "${cron}" }\n${rest}`,
  });
  return office.staff.hireMany(people, 'q');
}

function serve(environment: Readonly<Record<string, string>> = {}): DaemonProcess {
  const daemon = new DaemonProcess(office.configFile, environment);
  daemons.push(daemon);
  return daemon;
}

const cli = (...args: readonly string[]): Promise<Ended> => {
  const child = startCli([...args, '--config', office.configFile], 'real');
  child.stdin.end();
  return ended(child);
};

const openRuns = () => office.store.read.runs({ limit: 10, states: unfinished });
const runCount = async (): Promise<number> => (await office.store.read.runs({ limit: 1_000 })).length;

describe('a daemon', () => {
  it('runs an overdue source once at start, shows itself, and ends with 0 when asked to', async () => {
    await open(onceAYear, 30);
    const daemon = serve();

    expect(await daemon.run('done')).toMatchObject({ source: 'hq', level: 'info', created: 30 });

    expect(await daemon.ask('/livez')).toMatchObject({ status: 200 });
    expect(await daemon.ask('/readyz')).toMatchObject({ status: 200 });
    expect((await daemon.ask('/metrics')).body).toMatch(/rosterd_runs_total\{[^}]*state="done"[^}]*\} 1\n/u);
    const status = await cli('status', '--json');
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({ daemons: [{ pid: daemon.pid }] });
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(daemon.lines.at(-1)).toMatchObject({ message: 'daemon stopped' });
    expect([daemon.noise, daemon.stderr]).toEqual([[], '']);
    expect(await runCount()).toBe(1);
    expect(await openRuns()).toEqual([]);
    const after = await cli('status');
    expect(after.code).toBe(5);
    expect(after.stdout).toContain('No daemon is running');
  });

  it('follows its schedule: what changes in the source is there a second later, and what does not writes no entry', async () => {
    const [first = ''] = await open(everySecond, 5);
    const daemon = serve();
    await daemon.run('done');
    const from = daemon.lines.length;

    await office.staff.set(first, 'title', 'Team lead');

    await daemon.line((line) => line.message === 'run ended: done' && line['applied'] === 1, from);
    expect((await office.user(first)).values['title']).toBe('Team lead');
    for (let more = 0; more < 2; more += 1) await daemon.run('done', daemon.lines.length);
    expect((await office.audit()).filter((line) => line === `user.changed ${first}`)).toHaveLength(1);
  });

  it('says what keeps it from starting, and ends with the code for it', async () => {
    await open(everySecond, 1);
    await office.configure({});

    const nothing = await cli('serve');

    expect(nothing).toMatchObject({ code: 4, stdout: '' });
    expect(nothing.stderr).toContain('[nothing-scheduled]');
  });

  it('shares a source with another one: each scheduled time is run by one of them', async () => {
    await open(everySecond, 20);
    const [one, other] = [serve(), serve()];
    await Promise.all([one.message('daemon started'), other.message('daemon started')]);
    const read = await office.store.read.runs({ limit: 1_000 });
    while ((await runCount()) < read.length + 6) await new Promise((resolve) => setTimeout(resolve, 200));

    one.kill('SIGTERM');
    other.kill('SIGTERM');
    expect(await Promise.all([one.ended, other.ended])).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);

    const runs = await office.store.read.runs({ limit: 1_000 });
    const seconds = runs.map((run) => Math.floor(run.startedAt / 1_000));
    expect(new Set(seconds).size).toBe(seconds.length);
    // The end may have come in the middle of a read.
    expect(runs.filter(({ state }) => state !== 'done' && state !== 'interrupted')).toEqual([]);
    expect([...one.lines, ...other.lines].filter((line) => line.level === 'error')).toEqual([]);
  });
});

describe('a daemon with two sources', () => {
  it('reads one while it reads the other, and reconciles one after the other', async () => {
    const branch = await startLdapServer();
    try {
      const people = await addUnit(branch.directory, branch.directory.baseDn, 'People');
      const password = join(dirname(branch.caFile), 'password');
      await writeFile(password, branch.reader.password, { mode: 0o600 });
      const second = new Staff(branch.directory, people, people);
      await open(
        everySecond,
        40,
        `  - name: branch
    type: active-directory
    schedule: { full: "${everySecond}" }
    connection:
      servers: ["${branch.url}"]
      tls: { caFile: "${branch.caFile}" }
      bind: { user: "${branch.reader.user}", password: { file: "${password}" } }
    users: { base: "${people}" }
`,
      );
      await second.hireMany(15, 'b');
      // Every search of the first source takes longer than a whole run of the other.
      office.server.faults.add({ kind: 'delay', at: 'search', ms: 1_200, times: 3 });
      const daemon = serve();

      const read = await daemon.line(({ message, source }) => message === 'read complete' && source === 'hq');

      const before = daemon.lines.slice(0, daemon.lines.indexOf(read));
      expect(before.filter(({ message, source }) => message === 'run ended: done' && source === 'branch')).not.toEqual(
        [],
      );
      for (let more = 0; more < 6; more += 1) await daemon.run('done', daemon.lines.length);
      // Nobody plans or applies between the judgement and the end of another one's run.
      let reconciling: unknown;
      for (const { message, run } of daemon.lines) {
        if (message === 'plan judged safe') {
          expect(reconciling).toBeUndefined();
          reconciling = run;
        }
        if (message === 'run ended: done') reconciling = undefined;
      }
      expect(Object.keys(await office.users())).toHaveLength(55);
    } finally {
      await branch.stop();
    }
  });
});

describe('a daemon that ends', () => {
  const people = 3_000;

  it('by SIGTERM in the middle of an apply ends with 0 between two batches, and the next start goes on', async () => {
    await open(onceAYear, people);
    const daemon = serve();
    await daemon.message('applying');

    daemon.kill('SIGTERM');

    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    const between = Object.keys(await office.users()).length;
    expect(between).toBeLessThan(people);
    const next = serve();
    await next.run('done');
    expect(Object.keys(await office.users())).toHaveLength(people);
    const created = (await office.audit()).filter((line) => line.startsWith('user.created'));
    expect(new Set(created).size).toBe(people);
    expect(created).toHaveLength(people);
    expect(await openRuns()).toEqual([]);
  });

  it('by a second signal ends at once, and the next start goes on all the same', async () => {
    await open(onceAYear, people);
    const daemon = serve();
    await daemon.message('applying');

    // Both are there before the batch is over; the same signal twice could become one.
    daemon.kill('SIGTERM');
    daemon.kill('SIGINT');

    const end = await daemon.ended;
    expect(end.signal).toBeNull();
    // 128 + the number of whichever came second.
    expect([130, 143]).toContain(end.code);
    await serve().run('done');
    expect(Object.keys(await office.users())).toHaveLength(people);
    expect(await openRuns()).toEqual([]);
  });

  it('by kill -9 is taken over at once: the next start closes the run and finishes its plan', async () => {
    await open(onceAYear, people);
    const daemon = serve();
    await daemon.message('applying');

    daemon.kill('SIGKILL');
    await daemon.ended;
    const next = serve();

    expect(await next.message('closed a run that was interrupted')).toMatchObject({ level: 'warn' });
    await next.run('done');
    expect(Object.keys(await office.users())).toHaveLength(people);
    expect(await openRuns()).toEqual([]);
    expect(await office.store.verifyAudit()).toMatchObject({ ok: true });
  });
});

describe('a daemon whose source fails', () => {
  beforeEach(() => open(onceAYear, 12));

  it('tries again after a broken connection, as a run of its own, and disables nobody', async () => {
    office.server.faults.add({ kind: 'close', at: 'search', times: 1 });
    const daemon = serve();

    expect(await daemon.message('the run is tried again')).toMatchObject({ source: 'hq', attempt: 2 });
    await daemon.run('done');

    const runs = await office.store.read.runs({ limit: 10 });
    expect(runs.map(({ attempt, state }) => [attempt, state])).toEqual([
      [2, 'done'],
      [1, expect.stringMatching(/failed|partial/u)],
    ]);
  });

  it('never tries a wrong password again', async () => {
    await writeFile(join(office.folder, 'password'), 'wrong', { mode: 0o600 });
    const daemon = serve();

    expect(await daemon.run('failed')).toMatchObject({ errorCode: 'source-credentials' });

    daemon.kill('SIGTERM');
    await daemon.ended;
    expect(daemon.lines.filter((line) => line.message === 'the run is tried again')).toEqual([]);
    expect(await runCount()).toBe(1);
  });
});

describe('a daemon that is paused', () => {
  it('reads and applies nothing until it is resumed', async () => {
    const [first = ''] = await open(everySecond, 5);
    const daemon = serve();
    await daemon.run('done');
    vi.stubEnv('SUDO_USER', 'anna');
    expect(await cli('pause', 'hq', '--reason', 'directory is being moved')).toMatchObject({ code: 0 });
    vi.unstubAllEnvs();
    // Who did it, and not only the account that sudo lent.
    expect((await daemon.run('paused'))['because']).toMatch(/^paused by cli:anna\(\w+\)@/u);

    await office.staff.set(first, 'title', 'Team lead');

    await daemon.run('paused', daemon.lines.length);
    await daemon.run('paused', daemon.lines.length);
    expect((await office.user(first)).values['title']).toBeUndefined();
    expect((await cli('status')).stdout).toContain('directory is being moved');
    expect(await cli('resume', 'hq')).toMatchObject({ code: 0 });
    await daemon.line((line) => line.message === 'run ended: done' && line['applied'] === 1);
    expect((await office.user(first)).values['title']).toBe('Team lead');
  });
});
