// A database file that is not there: somebody deleted it, or its volume is not mounted. Only `rosterd db migrate` makes one.

import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connections } from '../../src/store/clients.ts';
import { openDatabase } from '../../src/store/database.ts';
import { applyMigrations, readMigrations } from '../../src/store/migrate.ts';
import { WriteQueue } from '../../src/store/write-queue.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { type Ended, runCli } from '../unit/cli-process.ts';
import { type Office, openOffice } from './sync-fixture.ts';

let office: Office;
let config: string;
let file: string;

beforeEach(async () => {
  office = await openOffice({ startAt: Date.now(), source: '    schedule: { full: "0 0 29 2 *" }\n' });
  await office.staff.hireMany(3, 'q');
  // Another store than the one that the fixture has open.
  config = join(office.folder, 'other.yaml');
  file = join(office.folder, 'other.db');
  const text = await readFile(office.configFile, 'utf8');
  await writeFile(
    config,
    `serve: { listen: "127.0.0.1:0" }\n${text.replace('{ sqlite: rosterd.db }', '{ sqlite: other.db }')}`,
  );
});
afterEach(() => office.close());

const rosterd = (...args: readonly string[]): Promise<Ended> => runCli([...args, '--config', config], 'real');
const filesOfStore = async (): Promise<readonly string[]> =>
  (await readdir(office.folder)).filter((name) => name.startsWith('other.db'));

async function refused(...args: readonly string[]): Promise<void> {
  const ended = await rosterd(...args);
  expect(ended, args.join(' ')).toMatchObject({ code: 6 });
  expect(ended.stderr).toContain('[store-unreachable]');
  expect(ended.stderr).toContain('make it with `rosterd db migrate`');
  expect(ended.stderr).toContain('Nothing was made.');
}

/** As a rosterd left it that knew only the first migration. */
async function makeOld(): Promise<void> {
  const { makeWriter: open, dialect, place } = connections({ kind: 'sqlite', path: file }, 1_000);
  const queue = new WriteQueue({ open, dialect, place, busyTimeoutMs: 1_000 });
  await applyMigrations(queue, readMigrations('sqlite').slice(0, 1), office.deps.clock);
  await queue.close();
}

const pending = async (): Promise<readonly string[]> => {
  const options = { clock: office.deps.clock, actor: 'x', auditKey: () => Promise.resolve(Buffer.alloc(32)) };
  return (await openDatabase({ kind: 'sqlite', path: file }, options).migrate()).applied;
};

describe('a database file that does not exist', () => {
  it.each(['status', 'sync hq', 'plan hq', 'user list', 'audit verify', 'serve'])(
    'keeps `rosterd %s` from doing anything, and is not made',
    async (command) => {
      await refused(...command.split(' '));

      expect(await filesOfStore()).toEqual([]);
    },
  );

  it('cannot be backed up, and neither of the two files is made', async () => {
    const backup = join(office.folder, 'backup.db');

    await refused('db', 'backup', backup);

    expect(await filesOfStore()).toEqual([]);
    expect(existsSync(backup)).toBe(false);
  });

  it('is not needed to check the configuration or a source', async () => {
    expect(await rosterd('config', 'check')).toMatchObject({ code: 0 });
    const check = await rosterd('source', 'check', 'hq');
    expect(check.stdout).toContain('would become:');
    expect(await filesOfStore()).toEqual([]);
  });

  it('is made by `rosterd db migrate`, and by a restore', async () => {
    expect(await rosterd('db', 'migrate')).toMatchObject({ code: 0 });
    expect(await rosterd('sync', 'hq')).toMatchObject({ code: 0 });
    const backup = join(office.folder, 'backup.db');
    expect(await rosterd('db', 'backup', backup)).toMatchObject({ code: 0 });
    for (const name of await filesOfStore()) await rm(join(office.folder, name));
    await refused('status');
    // What a daemon that was killed leaves beside the file must not be played into another one.
    await writeFile(`${file}-wal`, 'left behind');

    expect(await rosterd('db', 'restore', '--yes', backup)).toMatchObject({ code: 0 });

    expect((await rosterd('user', 'list', '--json')).stdout).toContain('q002');
    expect((await filesOfStore()).filter((name) => name.includes('before-restore'))).toHaveLength(1);
  });
});

describe('a database file without content', () => {
  it.each(['status', 'sync hq', 'serve'])('counts as missing for `rosterd %s`', async (command) => {
    await writeFile(file, '');

    await refused(...command.split(' '));

    expect(await readFile(file)).toHaveLength(0);
    expect(await filesOfStore()).toEqual(['other.db']);
  });

  it('is filled by `rosterd db migrate`, or by a restore', async () => {
    await writeFile(file, '');
    expect(await rosterd('db', 'migrate')).toMatchObject({ code: 0 });
    const backup = join(office.folder, 'backup.db');
    expect(await rosterd('db', 'backup', backup)).toMatchObject({ code: 0 });
    await writeFile(file, '');

    expect(await rosterd('db', 'restore', '--yes', backup)).toMatchObject({ code: 0 });

    expect(await pending()).toEqual([]);
  });
});

describe('a database of an older rosterd', () => {
  it('is left alone by every command, and brought up to date by the daemon', async () => {
    await makeOld();

    const status = await rosterd('status');

    expect(status).toMatchObject({ code: 6 });
    expect(status.stderr).toContain('[store-needs-migration]');
    const daemon = new DaemonProcess(config);
    try {
      await daemon.run('done');
      expect(await pending()).toEqual([]);
      expect(await rosterd('status')).toMatchObject({ code: 0 });
    } finally {
      await daemon.end();
    }
  });

  it('was left alone: its migrations are still to come', async () => {
    await makeOld();
    for (const args of [['status'], ['user', 'list'], ['run', 'list']])
      expect(await rosterd(...args)).toMatchObject({ code: 6 });

    expect(await pending()).toEqual(
      readMigrations('sqlite')
        .slice(1)
        .map(({ name }) => name),
    );
  });
});
