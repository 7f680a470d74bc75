// The real program: trying targets, delivering after a sync without a daemon, the outbox, and a broken log that is told.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestCertificates } from '../lab/certificates.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { type HookServer, startHookServer } from '../lab/hook-server.ts';
import { type MailServer, startMailServer } from '../lab/mail-server.ts';
import { type Ended, runCli } from '../unit/cli-process.ts';
import { hour, type Office, openOffice } from './sync-fixture.ts';

const key = Buffer.from('0123456789abcdef0123456789abcdef');

let office: Office;
let mail: MailServer;
let hook: HookServer;

beforeEach(async () => {
  // The program has the clock of the machine; that of the directory is not far from it.
  office = await openOffice({ startAt: Date.now() - hour / 2, pageSize: 100 });
  const certificates = createTestCertificates(join(office.folder, 'tls'));
  mail = await startMailServer({ tls: 'implicit', certificate: certificates.good });
  hook = await startHookServer(key, certificates.good);
  await writeFile(join(office.folder, 'hook-secret'), `whsec_${key.toString('base64')}`, { mode: 0o600 });
  await office.configure({
    head: `notify:
  - { name: mail, type: smtp, host: 127.0.0.1, port: ${mail.port}, tls: implicit, caFile: tls/ca.pem, from: rosterd@example.test, to: [ops@example.test] }
  - { name: chat, type: webhook, url: "${hook.url}", secret: { file: hook-secret }, caFile: tls/ca.pem }
`,
  });
});

afterEach(async () => {
  await mail.stop();
  await hook.stop();
  await office.close();
});

const cli = (...args: readonly string[]): Promise<Ended> => runCli([...args, '--config', office.configFile], 'real');
const json = async (...args: readonly string[]): Promise<unknown> => JSON.parse((await cli(...args, '--json')).stdout);

describe('rosterd notify test', () => {
  it('sends to every target and says for each what became of it', async () => {
    hook.answers.push(404);

    const { code, stdout } = await cli('notify', 'test');

    expect(code).toBe(5);
    expect(stdout).toContain('mail: sent\n');
    expect(stdout).toMatch(/chat: not sent: 127.0.0.1:\d+ answered with status 404 \[notice-refused\]/u);
    expect(mail.mails[0]?.raw).toContain('Subject: rosterd: test message for mail');
    expect(hook.hooks[0]).toMatchObject({ isSigned: true, body: { type: 'test' } });
    expect(await json('notify', 'list')).toEqual({ deliveries: [] });
  });

  it('sends to one target, and refuses one that there is not', async () => {
    expect(await json('notify', 'test', 'chat')).toEqual({ targets: [{ target: 'chat', sent: true, error: null }] });
    expect(mail.mails).toEqual([]);
    const wrong = await cli('notify', 'test', 'chad');
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toContain('There is no target chad. Configured: mail, chat. [target-unknown]');
  });
});

describe('without any target', () => {
  it('list and status say that nobody is told, and the daemon warns of it', async () => {
    await office.configure({
      head: 'serve: { listen: off }\n',
      source: '    schedule: { full: "0 3 * * *" }\n',
    });
    expect((await cli('notify', 'list')).stdout).toBe(
      'No notices.\nNobody is told: there is no target under notify in the configuration.\n',
    );
    expect((await cli('status')).stdout).toContain('\nNobody is told: there is no target under notify');
    expect(await json('status')).toMatchObject({ noticeTargets: [] });
    const daemon = new DaemonProcess(office.configFile);
    await daemon.message('daemon started').finally(() => daemon.end());
    const said = daemon.lines.filter(({ message }) => message.includes('nobody is told'));
    expect(said.map(({ level }) => level)).toEqual(['warn']);
  });
});

describe('without a daemon', () => {
  it('a sync tells of what it holds before it ends, and a target that fails is a note and no exit code', async () => {
    await office.staff.hireMany(40);
    expect((await cli('sync')).code).toBe(0);
    expect(mail.mails).toEqual([]);
    await office.staff.disable(...Array.from({ length: 20 }, (_, index) => `p${String(index).padStart(3, '0')}`));
    hook.answers.push(503);

    const held = await cli('sync', 'hq');

    expect(held.code).toBe(3);
    expect(mail.mails[0]?.raw).toMatch(/^Subject: rosterd: 20 changes of hq are held \(run \d+\)\r$/mu);
    expect(held.stderr).toContain('Note: The notice plan-held did not reach chat: ');
    expect(await json('notify', 'list', '--undelivered')).toMatchObject({
      deliveries: [{ target: 'chat', kind: 'plan-held', source: 'hq', state: 'waiting', attempts: 1, sentAt: null }],
    });
    const table = await cli('notify', 'list');
    expect(table.stdout.split('\n').filter((line) => line.includes('20 changes of hq are held'))).toHaveLength(2);
    expect(table.stdout).toMatch(/mail +sent +1/u);
    expect(table.stdout).toMatch(/chat +waiting +1/u);
  });

  it('what was given up is sent again by notify retry, all of it or one', async () => {
    await office.staff.hireMany(40);
    await office.sync();
    await office.staff.disable(...Array.from({ length: 20 }, (_, index) => `p${String(index).padStart(3, '0')}`));
    hook.answers.push(410);
    expect((await cli('sync', 'hq')).stderr).toContain('It is given up; `rosterd notify retry` puts it back');
    const given = (await json('notify', 'list', '--undelivered')) as { deliveries: { id: number; state: string }[] };
    expect(given.deliveries.map(({ state }) => state)).toEqual(['given-up']);
    expect((await cli('notify', 'retry')).stderr).toContain('Say which: --id and a number, or --all.');
    expect((await cli('notify', 'retry', '--id', '4711')).stderr).toContain('4711 was given up');

    const again = await cli('notify', 'retry', '--id', String(given.deliveries[0]?.id));

    expect(again).toMatchObject({ code: 0, stdout: 'Tried again: 1 notice.\n' });
    expect(hook.hooks.map(({ body }) => body.type)).toEqual(['plan-held', 'plan-held']);
    expect(new Set(hook.hooks.map(({ id }) => id)).size).toBe(1);
    expect(await json('notify', 'list', '--undelivered')).toEqual({ deliveries: [] });
    expect((await cli('notify', 'retry', '--all')).stdout).toBe('Nothing to try again.\n');
  });

  it('a proof that finds the log broken tells of it, once', async () => {
    await office.staff.hireMany(3);
    await office.sync();
    const database = new DatabaseSync(join(office.folder, 'rosterd.db'));
    const tamper = (label: string): void =>
      void database.prepare('UPDATE audit_entries SET label = ? WHERE seq = 1').run(label);
    const { label } = database.prepare('SELECT label FROM audit_entries WHERE seq = 1').get() as { label: string };
    tamper('somebody else');

    const broken = await cli('audit', 'verify');
    await cli('audit', 'verify', '--json');

    expect(broken.code).toBe(6);
    expect(mail.mails.map(({ raw }) => /^Subject: (.*)\r$/mu.exec(raw)?.[1])).toEqual([
      'rosterd: the audit log is broken at entry 1',
    ]);
    expect(hook.hooks.map(({ body }) => body.type)).toEqual(['audit-broken']);
    tamper(label);
    database.close();
    expect((await cli('audit', 'verify', '--head', 'nonsense')).code).toBe(6);
    expect(mail.mails).toHaveLength(1);
  });
});
