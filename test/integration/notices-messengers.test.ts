// Mail and webhooks against real servers: what arrives, what is refused for good, what is only late, and that no secret gets out.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asEpochMs, asRunId, asSourceName } from '../../src/model/ids.ts';
import { type SmtpTarget, smtpMessenger } from '../../src/observe/notify/smtp.ts';
import { type WebhookTarget, webhookMessenger } from '../../src/observe/notify/webhook.ts';
import type { Message, Messenger } from '../../src/sync/ports/daemon.ts';
import { createTestCertificates, type TestCertificates } from '../lab/certificates.ts';
import { type HookServer, startHookServer } from '../lab/hook-server.ts';
import { type MailServer, type MailServerOptions, startMailServer } from '../lab/mail-server.ts';

const password = 'pass/word+with=signs';
const login = { user: 'rosterd', password };
const message: Message = {
  kind: 'plan-held',
  key: 'plan-held:hq:1',
  source: asSourceName('hq'),
  run: asRunId(12),
  at: asEpochMs(Date.parse('2027-01-04T08:00:00.000Z')),
  title: 'rosterd: 590 changes of hq are held (run 12)',
  text: ['Nothing was applied; tým Střed waits.', 'Look at them: rosterd run show 12 --held'],
  facts: { changes: 590 },
};
const never = new AbortController().signal;

let folder: string;
let certificates: TestCertificates;
let mail: MailServer | undefined;
let hook: HookServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-notify-'));
  certificates = createTestCertificates(folder);
});

afterEach(async () => {
  await mail?.stop();
  await hook?.stop();
  mail = undefined;
  hook = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** How a sending ended: `sent`, or the code and the text of its error. */
async function outcome(messenger: Messenger, id = 'msg_1', signal = never): Promise<string> {
  return messenger.send(message, id, signal).then(
    () => 'sent',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );
}

describe('mail', () => {
  async function start(options: Partial<MailServerOptions>, target: Partial<SmtpTarget> = {}): Promise<Messenger> {
    const tls = options.tls ?? 'starttls';
    mail = await startMailServer({ tls, certificate: certificates.good, ...options });
    return smtpMessenger({
      name: 'ops',
      host: '127.0.0.1',
      port: mail.port,
      tls,
      caFile: certificates.caFile,
      from: 'rosterd <rosterd@example.test>',
      to: ['ops@example.test'],
      ...(options.login === undefined
        ? {}
        : { login: { user: options.login.user, password: () => Promise.resolve(password) } }),
      ...target,
    });
  }
  const received = (): MailServer => mail as MailServer;

  it.each(['implicit', 'starttls'] as const)('arrives over TLS (%s), logged in, with a stable id', async (tls) => {
    const messenger = await start({ tls, login });

    expect(await outcome(messenger, 'msg_7')).toBe('sent');

    const [one] = received().mails;
    expect(one).toMatchObject({
      from: 'rosterd@example.test',
      to: ['ops@example.test'],
      isSecure: true,
      user: 'rosterd',
    });
    expect(received().logins).toEqual([{ ...login, isSecure: true }]);
    expect(one?.raw).toContain('Message-ID: <msg_7@example.test>');
    expect(one?.raw).toContain('Subject: rosterd: 590 changes of hq are held (run 12)');
    expect(one?.raw).toContain('Auto-Submitted: auto-generated');
    expect(one?.raw).toMatch(/Content-Type: text\/plain; charset=utf-8/u);
    // Quoted-printable folds long lines.
    expect(one?.raw.replaceAll('=\r\n', '')).toContain('Look at them: rosterd run show 12 --held\r\n');
  });

  it('arrives at every recipient in one mail', async () => {
    const messenger = await start({}, { to: ['a@example.test', 'b@example.test'] });

    expect(await outcome(messenger)).toBe('sent');

    expect(received().mails.map(({ to }) => to)).toEqual([['a@example.test', 'b@example.test']]);
  });

  it('has one subject and one body, whatever breaks a name brings', async () => {
    const messenger = await start({});

    await messenger.send({ ...message, title: 'held\r\nBcc: spy@example.test\r\n\r\nbody' }, 'msg_1', never);

    const [one] = received().mails;
    const head = one?.raw.slice(0, one.raw.indexOf('\r\n\r\n'));
    expect(one?.to).toEqual(['ops@example.test']);
    expect(head).toMatch(/^Subject: held Bcc: spy@example.test body$/mu);
    expect(head).not.toMatch(/^Bcc:/mu);
  });

  it('is not sent to a server whose certificate is not proven, and neither is the password', async () => {
    for (const certificate of [certificates.unknownAuthority, certificates.wrongHost, certificates.expired]) {
      for (const tls of ['implicit', 'starttls'] as const) {
        const messenger = await start({ tls, login, certificate });
        expect(await outcome(messenger)).toMatch(/^notice-unsent: 127.0.0.1:\d+: /u);
        expect(received().mails).toEqual([]);
        expect(received().logins).toEqual([]);
        await received().stop();
      }
    }
  });

  it('is not sent to a server that offers no TLS, and neither is the password', async () => {
    const messenger = await start({ tls: 'off', login }, { tls: 'starttls' });

    expect(await outcome(messenger)).toMatch(/^notice-unsent: /u);

    expect(received().logins).toEqual([]);
    expect(received().mails).toEqual([]);
  });

  it('goes out in clear text, login included, only where TLS is switched off by name', async () => {
    const messenger = await start({ tls: 'off', login });

    expect(await outcome(messenger)).toBe('sent');

    expect(received().logins).toEqual([{ ...login, isSecure: false }]);
  });

  it('is refused when the login is wrong, and the error does not show the password', async () => {
    const messenger = await start({ login: { user: 'rosterd', password: 'another one' } });

    const said = await outcome(messenger);

    expect(said).toMatch(/^notice-refused: 127.0.0.1:\d+ refused the login of rosterd/u);
    expect(said).not.toContain(password);
    expect(received().logins).toHaveLength(1);
  });

  it('is only late when the server says so, and refused when it says no', async () => {
    const messenger = await start({ login });
    received().faults.message = 451;
    expect(await outcome(messenger)).toMatch(/^notice-unsent: .*451/u);
    received().faults.message = 554;
    expect(await outcome(messenger)).toMatch(/^notice-refused: .*554/u);
    delete received().faults.message;
    received().faults.login = 454;
    expect(await outcome(messenger)).toMatch(/^notice-unsent: /u);
    delete received().faults.login;
    expect(await outcome(messenger)).toBe('sent');
  });

  it('is given up where the server calls the address wrong for good, and refused where it is a rule', async () => {
    const messenger = await start({});
    const says = async (code: number, text: string): Promise<string> => {
      received().faults.recipient = { address: 'ops@example.test', code, text };
      return (await outcome(messenger)).split(':')[0] ?? '';
    };
    expect(await says(550, '5.1.1 User unknown')).toBe('notice-undeliverable');
    expect(await says(550, '5.7.1 Relaying denied')).toBe('notice-refused');
    expect(await says(450, '4.2.0 Greylisted')).toBe('notice-unsent');
  });

  it('that one of two recipients refuses is told as undeliverable, and sent once', async () => {
    const messenger = await start({}, { to: ['a@example.test', 'gone@example.test'] });
    received().faults.recipient = { address: 'gone@example.test', code: 550 };
    expect(await outcome(messenger)).toMatch(/^notice-undeliverable: 1 of 2 recipients refused, the others have it/u);
    received().faults.recipient = { address: 'gone@example.test', code: 450 };
    expect(await outcome(messenger)).toMatch(/^notice-unsent: 1 of 2 recipients refused/u);
    expect(received().mails.map(({ to }) => to)).toEqual([['a@example.test'], ['a@example.test']]);
  });

  it('ends with its signal when the server hangs', async () => {
    const messenger = await start({});
    received().faults.hang = true;

    expect(await outcome(messenger, 'msg_1', AbortSignal.timeout(300))).toMatch(/^notice-unsent: /u);
  });

  it('is late when nobody listens or the CA file is missing', async () => {
    const messenger = await start({}, { caFile: join(folder, 'nowhere.pem') });
    expect(await outcome(messenger)).toMatch(/^notice-unsent: the CA file .*nowhere.pem cannot be read/u);
    await received().stop();
    const { port } = received();
    const other = await start({}, { port });
    expect(await outcome(other)).toMatch(/^notice-unsent: .*ECONNREFUSED/u);
  });
});

describe('a webhook', () => {
  const key = Buffer.from('0123456789abcdef0123456789abcdef');
  const secret = `whsec_${key.toString('base64')}`;

  async function start(target: Partial<WebhookTarget> = {}, tls: 'on' | 'off' = 'on'): Promise<Messenger> {
    const server = await startHookServer(key, tls === 'on' ? certificates.good : undefined);
    hook = server;
    return webhookMessenger({
      name: 'chat',
      url: () => Promise.resolve(server.url),
      secret: () => Promise.resolve(secret),
      caFile: certificates.caFile,
      ...target,
    });
  }
  const received = (): HookServer => hook as HookServer;

  it('arrives signed, with type, time and facts', async () => {
    const messenger = await start();

    expect(await outcome(messenger, 'msg_9')).toBe('sent');

    expect(received().hooks).toEqual([
      {
        id: 'msg_9',
        path: '/hooks/s3cr3t-path',
        isSigned: true,
        contentType: 'application/json; charset=utf-8',
        body: {
          type: 'plan-held',
          timestamp: '2027-01-04T08:00:00.000Z',
          data: {
            title: message.title,
            text: message.text,
            source: 'hq',
            run: 12,
            key: 'plan-held:hq:1',
            facts: { changes: 590 },
          },
        },
      },
    ]);
  });

  it('does not bring what rosterd only has to remember', async () => {
    const messenger = await start();

    await messenger.send({ ...message, memo: 'kept here' }, 'msg_1', never);

    expect(JSON.stringify(received().hooks)).not.toContain('kept here');
  });

  it('is signed with the bytes of a secret that has no prefix', async () => {
    const messenger = await start({ secret: () => Promise.resolve(key.toString()) });

    expect(await outcome(messenger)).toBe('sent');

    expect(received().hooks[0]?.isSigned).toBe(true);
  });

  it('with another secret does not pass for one of ours', async () => {
    const messenger = await start({ secret: () => Promise.resolve('whsec_AAAA') });

    await outcome(messenger);

    expect(received().hooks[0]?.isSigned).toBe(false);
  });

  it.each([
    [200, 'sent'],
    [202, 'sent'],
    [400, 'notice-refused'],
    [401, 'notice-refused'],
    [404, 'notice-refused'],
    [410, 'notice-undeliverable'],
    [413, 'notice-undeliverable'],
    [408, 'notice-unsent'],
    [425, 'notice-unsent'],
    [429, 'notice-unsent'],
    [500, 'notice-unsent'],
    [503, 'notice-unsent'],
  ])('that is answered with %i is %s, and the answer is not repeated', async (status, expected) => {
    const messenger = await start();
    received().answers.push(status);

    const said = await outcome(messenger);

    expect(said.split(':')[0]).toBe(expected);
    expect(said).not.toContain('secret');
    expect(said).not.toContain('s3cr3t-path');
    expect(received().hooks).toHaveLength(1);
  });

  it('follows no redirect', async () => {
    const elsewhere = await startHookServer(key);
    const messenger = await start();
    received().answers.push({ redirectTo: elsewhere.url });

    expect(await outcome(messenger)).toMatch(/^notice-unsent: .*302; redirects are not followed/u);

    expect(elsewhere.hooks).toEqual([]);
    await elsewhere.stop();
  });

  it('is sent when the receiver says yes and then never stops talking, or never ends', async () => {
    const messenger = await start();
    received().answers.push('endless', 'drip');

    expect(await outcome(messenger)).toBe('sent');
    expect(await outcome(messenger)).toBe('sent');
  });

  it('ends with its signal when the receiver hangs', async () => {
    const messenger = await start();
    received().answers.push('hang');

    expect(await outcome(messenger, 'msg_1', AbortSignal.timeout(300))).toMatch(/^notice-unsent: /u);
  });

  it('is not sent to a receiver whose certificate is not proven', async () => {
    const other = createTestCertificates(join(folder, 'other'));
    const messenger = await start({ caFile: other.caFile });

    expect(await outcome(messenger)).toMatch(/^notice-unsent: 127.0.0.1:\d+: /u);

    expect(received().hooks).toEqual([]);
  });

  it('goes to plain HTTP where the address says so', async () => {
    const messenger = await start({}, 'off');

    expect(await outcome(messenger)).toBe('sent');

    expect(received().hooks[0]?.isSigned).toBe(true);
  });

  it('has no secret address in its errors', async () => {
    const messenger = await start();
    const { url } = received();
    await received().stop();
    const said = await outcome(messenger);
    expect(said).toMatch(/^notice-unsent: 127.0.0.1:\d+: .*ECONNREFUSED/u);
    expect(said).not.toContain(new URL(url).pathname);
    const wrong = await start({ url: () => Promise.resolve('hooks.example.test/s3cr3t') });
    expect(await outcome(wrong)).toBe('notice-refused: the address is not an http or https URL');
  });
});
