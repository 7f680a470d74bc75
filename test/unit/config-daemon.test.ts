// What the file says to the daemon: where it answers, when it reads and proves, whom it tells.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compilePolicy, policyFingerprint } from '../../src/config/compile.ts';
import { inspectSecrets } from '../../src/config/secret.ts';
import { asSourceName } from '../../src/model/ids.ts';
import { noticeKinds } from '../../src/model/notice.ts';
import { fileWith, load, problemsOf } from './config-fixture.ts';

const minute = 60_000;
const withAudit = (verify: string) =>
  fileWith('').replace('keyFile: audit.key', `keyFile: audit.key, verify: ${verify}`);

const mail = `notify:
  - name: it-mail
    type: smtp
    host: mail.corp.example
    from: rosterd@corp.example
    to: [it-night@corp.example]
`;
const hook = `notify:
  - name: on-call
    type: webhook
    url: https://hooks.corp.example/rosterd
    secret: { file: secrets/hook }
`;
const notifyOf = (head: string) => load(fileWith('', head)).notify[0];

describe('defaults of the daemon', () => {
  const config = load(fileWith(''));

  it('answer on loopback, stop within half a minute, prove the log every night and tell nobody', () => {
    expect(config.serve).toEqual({ listen: { host: '127.0.0.1', port: 9464 }, stopWithinMs: 30_000 });
    expect(config.audit.verify).toEqual({ cron: '30 3 * * *', timeZone: 'UTC' });
    expect(config.notify).toEqual([]);
  });

  it('read a source only on demand', () => {
    expect(config.sources[0]).not.toHaveProperty('schedule');
  });
});

describe('serve', () => {
  it.each([
    ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['"[::1]:9464"', { host: '::1', port: 9464 }],
    ['off', undefined],
  ])('listens on %s', (written, listen) => {
    expect(load(fileWith('', `serve: { listen: ${written}, stopWithin: 2m }\n`)).serve).toEqual({
      listen,
      stopWithinMs: 2 * minute,
    });
  });

  it.each(['9464', '":9464"', 'localhost', '127.0.0.1:65536', '"::1:9464"', 'http://localhost:9464', 'a@b:1', 'on'])(
    'does not listen on %s',
    (written) => {
      expect(problemsOf(fileWith('', `serve: { listen: ${written} }\n`))).toEqual([
        '4:18: serve.listen: is not an address: write host:port like 127.0.0.1:9464, "[::1]:9464" (in quotes), or off',
      ]);
    },
  );

  it.each([
    ['0s', 'must be longer than nothing'],
    ['2h', 'must be at most 1h'],
    ['30', 'is not a duration: write a whole number and a unit, like 90s, 15m, 24h, 30d or 2w'],
  ])('does not stop within %s', (written, message) => {
    expect(problemsOf(fileWith('', `serve: { stopWithin: ${written} }\n`))).toEqual([
      `4:22: serve.stopWithin: ${message}`,
    ]);
  });
});

describe('audit.verify', () => {
  it('takes a time, a zone, both or off', () => {
    const verifyOf = (written: string) => load(withAudit(written)).audit.verify;
    expect(verifyOf('{ at: "0 5 * * 0" }')).toEqual({ cron: '0 5 * * 0', timeZone: 'UTC' });
    expect(verifyOf('{ timeZone: Europe/Prague }')).toEqual({ cron: '30 3 * * *', timeZone: 'Europe/Prague' });
    expect(verifyOf('off')).toBeUndefined();
  });

  it('shows each fault in its own line and column', () => {
    expect(problemsOf(withAudit('{ at: often, timeZone: Europe/Prag }'))).toEqual([
      '3:44: audit.verify.at: `often` has 1 field: a schedule has five (minute, hour, day of month, month, day of week), or six with the second first.',
      '3:61: audit.verify.timeZone: There is no time zone `Europe/Prag`: write an IANA name, like Europe/Prague or UTC.',
    ]);
    expect(problemsOf(withAudit('never'))).toEqual([
      '3:38: audit.verify: must be off, or a section with at (a cron expression) and timeZone',
    ]);
  });
});

describe('schedule of a source', () => {
  it('has its defaults', () => {
    expect(load(fileWith('    schedule: { full: "*/15 * * * *" }\n')).sources[0]?.schedule).toEqual({
      full: '*/15 * * * *',
      timeZone: 'UTC',
      deadlineMs: 240 * minute,
      overdueAfterMs: undefined,
    });
  });

  it('takes what is written', () => {
    const schedule = '{ full: "0 4 * * *", timeZone: Europe/Prague, deadline: 20m, overdueAfter: 2d }';
    expect(load(fileWith(`    schedule: ${schedule}\n`)).sources[0]?.schedule).toEqual({
      full: '0 4 * * *',
      timeZone: 'Europe/Prague',
      deadlineMs: 20 * minute,
      overdueAfterMs: 2880 * minute,
    });
  });

  it.each([
    ['{}', '8:5: sources[0].schedule.full: is missing'],
    ['"*/15 * * * *"', '8:15: sources[0].schedule: must be a section with keys, but is text'],
    [
      '{ full: "0 25 * * *" }',
      '8:23: sources[0].schedule.full: `25` in the hour field is not valid: it takes 0 to 23.',
    ],
    [
      '{ full: "0 * * * *", timeZone: Prague }',
      '8:46: sources[0].schedule.timeZone: There is no time zone `Prague`: write an IANA name, like Europe/Prague or UTC.',
    ],
    ['{ full: "0 * * * *", deadline: 8d }', '8:46: sources[0].schedule.deadline: must be at most 7d'],
    ['{ full: "0 * * * *", deadline: 0m }', '8:46: sources[0].schedule.deadline: must be longer than nothing'],
    [
      '{ full: "0 * * * *", overdueAfter: soon }',
      '8:50: sources[0].schedule.overdueAfter: is not a duration: write a whole number and a unit, like 90s, 15m, 24h, 30d or 2w',
    ],
    [
      '{ full: "0 * * * *", timezone: UTC }',
      '8:36: sources[0].schedule.timezone: is not a known key; did you mean "timeZone"?',
    ],
  ])('is refused: %s', (written, problem) => {
    expect(problemsOf(fileWith(`    schedule: ${written}\n`))).toEqual([problem]);
  });

  it('shows a wrong time beside every other problem', () => {
    const text = fileWith('    renme: keep\n    schedule: { full: hourly }\n', 'rolez: {}\n');
    expect(problemsOf(text)).toHaveLength(3);
  });

  it('does not repeat a text that is too long for one', () => {
    expect(problemsOf(fileWith(`    schedule: { full: ${'x'.repeat(300)} }\n`))).toEqual([
      '8:23: sources[0].schedule.full: must have at most 200 characters',
    ]);
  });

  it('makes no user dirty: the fingerprint of the policy stays', () => {
    const fingerprint = (rest: string, head = '') =>
      policyFingerprint(compilePolicy(load(fileWith(rest, head))), asSourceName('hq'));
    const plain = fingerprint('');
    expect(fingerprint('    schedule: { full: "0 4 * * *", deadline: 20m }\n')).toBe(plain);
    expect(fingerprint('', `${mail}serve: { listen: off }\n`)).toBe(plain);
  });
});

describe('notify by mail', () => {
  it('has its defaults', () => {
    expect(notifyOf(mail)).toEqual({
      name: 'it-mail',
      type: 'smtp',
      host: 'mail.corp.example',
      port: 587,
      tls: 'starttls',
      from: 'rosterd@corp.example',
      to: ['it-night@corp.example'],
      on: Object.keys(noticeKinds),
    });
  });

  it.each([
    ['tls: implicit', 465],
    ['tls: off', 25],
    ['tls: implicit\n    port: 2465', 2465],
  ])('finds the port with %s', (written, port) => {
    expect(notifyOf(`${mail}    ${written}\n`)).toMatchObject({ port });
  });

  it('keeps file names absolute and the password a reference', () => {
    const more =
      '    caFile: ca.pem\n    login: { user: rosterd, password: { file: secrets/mail } }\n    on: [audit-broken]\n';
    expect(notifyOf(mail + more)).toMatchObject({
      caFile: '/etc/rosterd/ca.pem',
      login: { user: 'rosterd', password: { file: '/etc/rosterd/secrets/mail' } },
      on: ['audit-broken'],
    });
  });

  it.each([
    ['without a password', '', 'TLS is off: everybody on the way to the mail server can read the notices'],
    [
      'with a password',
      '    login: { user: rosterd, password: { env: X } }\n',
      'TLS is off: the password of the user rosterd crosses the network in clear text with every mail; use starttls or implicit',
    ],
  ])('warns of TLS that is off %s', (_, login, message) => {
    const { warnings } = load(fileWith('', `${mail}    tls: off\n${login}`));
    expect(warnings).toMatchObject([{ severity: 'warning', line: 10, column: 10, path: 'notify[0].tls', message }]);
  });

  it.each([
    ['host: mail.corp.example:25', 'must be the name or address of a mail server; the port has its own key'],
    ['from: rosterd', 'is not a mail address like rosterd@corp.example'],
    ['from: "a@b\\r\\nBcc: c@d"', 'is not a mail address like rosterd@corp.example'],
    ['to: []', 'must have at least one address'],
    ['type: smpt', 'is not a known type of target; did you mean "smtp"?'],
    [
      'name: it mail',
      'must have 1 to 63 letters, digits, dots, dashes or underscores, and start with a letter or digit',
    ],
  ])('is refused with %s', (written, message) => {
    const key = written.slice(0, written.indexOf(':'));
    const text = fileWith(
      '',
      mail.replace(new RegExp(`${key}: .*`, 'u'), () => written),
    );
    expect(problemsOf(text).map((problem) => problem.replace(/^\d+:\d+: /u, ''))).toEqual([
      `notify[0].${key}: ${message}`,
    ]);
  });
});

describe('notify by webhook', () => {
  it('takes an address, or where a secret one is', () => {
    expect(notifyOf(hook)).toMatchObject({
      url: 'https://hooks.corp.example/rosterd',
      secret: { file: '/etc/rosterd/secrets/hook' },
    });
    expect(notifyOf(hook.replace('https://hooks.corp.example/rosterd', '{ file: secrets/url }'))).toMatchObject({
      url: { file: '/etc/rosterd/secrets/url' },
    });
  });

  it('warns of an address without TLS', () => {
    expect(load(fileWith('', hook.replace('https:', 'http:'))).warnings).toMatchObject([
      { line: 7, column: 10, path: 'notify[0].url', message: expect.stringContaining('is not encrypted (http)') },
    ]);
  });

  it.each([
    ['ftp://hooks.corp.example', '7:10: notify[0].url: must be an address with https://'],
    ['hooks', '7:10: notify[0].url: must be an address with https://'],
    ['5', '7:10: notify[0].url: must be text or a section with keys'],
    ['{ fil: x }', '7:12: notify[0].url.fil: is not a known key; did you mean "file"?'],
    [
      'https://u:hunter2@hooks.corp.example',
      '7:10: notify[0].url: holds a user or a password, which must not stand in this file; the receiver knows the sender by the signature (secret)',
    ],
  ])('is refused with the address %s', (written, problem) => {
    const problems = problemsOf(fileWith('', hook.replace('https://hooks.corp.example/rosterd', written)));
    expect(problems).toContain(problem);
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('notify', () => {
  it('refuses a name that is taken, in whatever case', () => {
    const second = hook.replace('notify:\n', '').replace('on-call', 'IT-Mail');
    expect(problemsOf(fileWith('', mail + second))).toEqual([
      '10:11: notify[1].name: is also the name of notify[0]; every target needs its own',
    ]);
  });

  it('names the kind that was meant, and the keys of this type only', () => {
    expect(
      problemsOf(fileWith('', `${mail}    on: [plan-hold, plan-held, plan-held]\n    secret: { env: X }\n`)),
    ).toEqual([
      '10:10: notify[0].on[0]: is not one of the known words; did you mean "plan-held"?',
      '11:5: notify[0].secret: is not a known key; known: name, on, caFile, type, host, port, tls, login, from, to',
    ]);
    expect(problemsOf(fileWith('', `${mail}    on: []\n`))).toEqual([
      '10:9: notify[0].on: must have at least one kind; to tell nobody, take the target out',
    ]);
  });

  it('must be a list of sections', () => {
    expect(problemsOf(fileWith('', 'notify: { name: x }\n'))).toEqual([
      '4:9: notify: must be a list, but is a section with keys',
    ]);
    expect(problemsOf(fileWith('', 'notify: [x]\n'))).toEqual([
      '4:10: notify[0]: must be a section with keys like name and type',
    ]);
    expect(problemsOf(fileWith('', 'notify: [{ name: x }]\n'))).toEqual([
      '4:10: notify[0].type: is missing; known: smtp, webhook',
    ]);
  });

  it('has its secrets among those that are inspected', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rosterd-notify-'));
    const login = '    login: { user: rosterd, password: { file: mail } }\n';
    const text = fileWith('', mail + login + hook.replace('notify:\n', '').replace(/https:\S+/u, '{ file: url }'));
    const found = await inspectSecrets(load(text, join(folder, 'rosterd.yaml')));
    await rm(folder, { recursive: true });
    expect(found.map(({ line, path, message }) => `${line} ${path}: ${message.replace(folder, '')}`)).toEqual([
      '10 notify[0].login.password: login.password of notify target it-mail: the file /mail does not exist',
      '13 notify[1].url: url of notify target on-call: the file /url does not exist',
      '14 notify[1].secret: secret of notify target on-call: the file /secrets/hook does not exist',
    ]);
  });
});
