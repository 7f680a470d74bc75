// The outbox on its way: real mail and webhook servers, a real store, a clock that can be moved.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMessengers } from '../../src/compose-notify.ts';
import type { NotifyConfig } from '../../src/config/config.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { asEpochMs } from '../../src/model/ids.ts';
import { type Delivery, type Notice, type NoticeKind, noticeKinds } from '../../src/model/notice.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { type DeliveryDeps, type DeliveryTally, deliverDue } from '../../src/sync/deliver-notices.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { retryGivenUp } from '../../src/sync/notices/retry-given-up.ts';
import type { Messenger } from '../../src/sync/ports/daemon.ts';
import { createTestCertificates } from '../lab/certificates.ts';
import { type HookServer, startHookServer } from '../lab/hook-server.ts';
import { type MailServer, startMailServer } from '../lab/mail-server.ts';

const minute = 60_000;
const hour = 60 * minute;
const on = Object.keys(noticeKinds) as NoticeKind[];
const key = Buffer.from('0123456789abcdef0123456789abcdef');

let folder: string;
let store: Store;
let mail: MailServer;
let hook: HookServer;
let targets: readonly NotifyConfig[];
let events: SyncEvent[];
let now = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-delivery-'));
  const certificates = createTestCertificates(folder);
  mail = await startMailServer({ tls: 'starttls', certificate: certificates.good });
  hook = await startHookServer(key, certificates.good);
  await writeFile(join(folder, 'hook-secret'), `whsec_${key.toString('base64')}\n`);
  await writeFile(join(folder, 'hook-address'), hook.url);
  const { caFile } = certificates;
  targets = [
    {
      name: 'mail',
      on,
      type: 'smtp',
      host: '127.0.0.1',
      port: mail.port,
      tls: 'starttls',
      caFile,
      from: 'rosterd@example.test',
      to: ['ops@example.test'],
    },
    {
      name: 'chat',
      on,
      type: 'webhook',
      url: { file: join(folder, 'hook-address') },
      secret: { file: join(folder, 'hook-secret') },
      caFile,
    },
  ];
  now = Date.parse('2027-01-04T08:00:00.000Z');
  events = [];
  store = await openStore(
    { kind: 'sqlite', path: join(folder, 'rosterd.db') },
    { auditKey: Buffer.alloc(32, 7), clock: { now: () => asEpochMs(now) }, migrate: 'apply' },
  );
});

afterEach(async () => {
  await store.close();
  await mail.stop();
  await hook.stop();
  await rm(folder, { recursive: true, force: true });
});

const notice = (name: string): Notice => ({
  kind: 'plan-held',
  key: `plan-held:${name}`,
  at: asEpochMs(now),
  title: `rosterd: ${name}`,
  text: ['Look at it.'],
  facts: {},
});

const write = (names: readonly string[], to = targets): Promise<number> =>
  store.write((tx) => tx.addNotices(names.map(notice), to));

const deliver = (more: Partial<DeliveryDeps> = {}): Promise<DeliveryTally> =>
  deliverDue({
    store,
    clock: { now: () => asEpochMs(now) },
    emit: (event) => void events.push(event),
    messengers: createMessengers({ notify: targets }),
    holder: 'lab:1',
    signal: new AbortController().signal,
    ...more,
  });

const deliveries = async (target: string): Promise<readonly Delivery[]> =>
  (await store.read.deliveries({ state: 'any', limit: 1_000 })).filter((one) => one.target === target).reverse();

const subjects = (): readonly (string | undefined)[] =>
  mail.mails.map(({ raw }) => /^Subject: rosterd: (.*)\r$/mu.exec(raw)?.[1]);
const titles = (): readonly string[] => hook.hooks.map(({ body }) => body.data.title.replace('rosterd: ', ''));

describe('the outbox', () => {
  it('goes to every target, the oldest first, once', async () => {
    await write(['a', 'b', 'c']);

    expect(await deliver()).toEqual({ sent: 6, failed: 0 });

    expect(subjects()).toEqual(['a', 'b', 'c']);
    expect(titles()).toEqual(['a', 'b', 'c']);
    expect(hook.hooks.every(({ isSigned }) => isSigned)).toBe(true);
    expect(await deliver()).toEqual({ sent: 0, failed: 0 });
    expect(await write(['a', 'b', 'c'])).toBe(0);
    expect((await deliveries('mail')).map(({ attempts, sentAt }) => [attempts, sentAt])).toEqual(
      Array.from({ length: 3 }, () => [1, now]),
    );
    expect(events.filter(({ kind }) => kind === 'notice:sent')).toHaveLength(6);
  });

  it('tries again under the same id, after longer and longer waits, and does not keep the other target waiting', async () => {
    await write(['a']);
    hook.answers.push(503, 503, 'hang');
    expect(await deliver()).toEqual({ sent: 1, failed: 1 });
    expect(subjects()).toEqual(['a']);
    const waits: number[] = [];
    for (const limit of [30_000, 300]) {
      const [waiting] = await deliveries('chat');
      const next = waiting?.nextAttemptAt ?? 0;
      waits.push(next - now);
      now = next - 1;
      expect(await deliver()).toEqual({ sent: 0, failed: 0 });
      now = next;
      expect(await deliver({ sendTimeoutMs: limit })).toEqual({ sent: 0, failed: 1 });
    }
    const [late] = await deliveries('chat');
    waits.push((late?.nextAttemptAt ?? 0) - now);
    expect(late?.lastError).toBe('no answer within 0 s');
    now = late?.nextAttemptAt ?? 0;

    expect(await deliver()).toEqual({ sent: 1, failed: 0 });

    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeLessThanOrEqual(minute * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(0.8 * minute * 2 ** index);
    }
    expect(new Set(hook.hooks.map(({ id }) => id)).size).toBe(1);
    expect((await deliveries('chat'))[0]).toMatchObject({ attempts: 4, sentAt: now });
    expect(events.flatMap((event) => (event.kind === 'notice:failed' ? [event.because] : []))).toEqual([
      expect.stringContaining('503'),
      expect.stringContaining('503'),
      'no answer within 0 s',
    ]);
  });

  it('loses nothing to a receiver that is not there for a while: 404 is tried again after a minute, then every hour', async () => {
    await write(['a', 'b'], targets.slice(1));
    const waits: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      hook.answers.push(404);
      expect(await deliver()).toEqual({ sent: 0, failed: 1 });
      const due = (await deliveries('chat')).map(({ nextAttemptAt = 0 }) => nextAttemptAt);
      expect(new Set(due).size).toBe(1);
      waits.push((due[0] ?? 0) - now);
      now = due[0] ?? 0;
    }
    const [first = 0, ...later] = waits;
    expect(first).toBeLessThanOrEqual(minute);
    expect(later.every((wait) => wait >= 0.8 * hour && wait <= hour)).toBe(true);

    expect(await deliver()).toEqual({ sent: 2, failed: 0 });

    expect((await deliveries('chat')).every(({ sentAt }) => sentAt === now)).toBe(true);
  });

  it('knocks rarely where the login is refused, however much waits, and arrives when the password is right again', async () => {
    await mail.stop();
    const certificates = createTestCertificates(folder);
    mail = await startMailServer({
      tls: 'starttls',
      certificate: certificates.good,
      login: { user: 'ops', password: 'new' },
    });
    await writeFile(join(folder, 'password'), 'old');
    const login = { user: 'ops', password: { file: join(folder, 'password') } };
    targets = targets
      .slice(0, 1)
      .map((target) => ({ ...target, port: mail.port, caFile: certificates.caFile, login }) as NotifyConfig);
    await write(['a', 'b', 'c', 'd', 'e']);
    const end = now + 6 * hour;
    while (now < end) {
      await deliver();
      now += 20_000;
    }
    expect(mail.logins.length).toBeGreaterThanOrEqual(7);
    expect(mail.logins.length).toBeLessThanOrEqual(9);
    await writeFile(join(folder, 'password'), 'new');
    now += hour;

    expect(await deliver()).toEqual({ sent: 5, failed: 0 });
  });

  it('takes back what was given up, under the same id, when a person asks for it', async () => {
    await write(['a', 'b'], targets.slice(1));
    hook.answers.push(410, 410);
    await deliver();
    const [a, b] = await deliveries('chat');
    expect(await store.read.deliveryCounts()).toEqual({ waiting: 0, givenUp: 2 });
    now += 30 * 24 * hour;

    expect((await retryGivenUp(store, a?.id ?? 0, ['chat'], asEpochMs(now))).retried).toHaveLength(1);
    expect(await deliver()).toEqual({ sent: 1, failed: 0 });
    await expect(retryGivenUp(store, a?.id ?? 0, ['chat'], asEpochMs(now))).rejects.toMatchObject({ code: 'usage' });
    expect(await retryGivenUp(store, 'all', ['mail'], asEpochMs(now))).toMatchObject({
      retried: [],
      left: [{ id: b?.id }],
    });
    expect((await retryGivenUp(store, 'all', ['chat'], asEpochMs(now))).retried.map(({ id }) => id)).toEqual([b?.id]);
    hook.answers.push(503);
    expect(await deliver()).toEqual({ sent: 0, failed: 1 });
    expect((await deliveries('chat'))[1]).toMatchObject({ attempts: 1, nextAttemptAt: expect.any(Number) });
    now += minute;
    expect(await deliver()).toEqual({ sent: 1, failed: 0 });

    expect(titles()).toEqual(['a', 'b', 'a', 'b', 'b']);
    expect(new Set(hook.hooks.map(({ id }) => id)).size).toBe(2);
  });

  it('gives up at once what will never be taken, and goes on with the next', async () => {
    await write(['a', 'b']);
    hook.answers.push(410);

    expect(await deliver()).toEqual({ sent: 3, failed: 1 });

    const [refused, sent] = await deliveries('chat');
    expect(refused).toMatchObject({ gaveUpAt: now, lastError: expect.stringContaining('410') });
    expect(sent).toMatchObject({ sentAt: now });
    expect(await store.read.deliveryCounts()).toEqual({ waiting: 0, givenUp: 1 });
  });

  it('is not put off by a clock that was ahead and has been set back', async () => {
    now += 300 * 24 * hour;
    await write(['a', 'b']);
    hook.answers.push(503);
    await deliver();
    now -= 300 * 24 * hour;

    expect(await deliver()).toEqual({ sent: 2, failed: 0 });

    expect(subjects()).toEqual(['a', 'b']);
  });

  it('gives up after three days, and never waits for longer than an hour', async () => {
    await write(['a'], targets.slice(1));
    const end = now + 3 * 24 * hour;
    let longest = 0;
    for (;;) {
      hook.answers.push(500);
      await deliver();
      const [one] = await deliveries('chat');
      if (one?.nextAttemptAt === undefined) break;
      longest = Math.max(longest, one.nextAttemptAt - now);
      now = one.nextAttemptAt;
    }
    expect(longest).toBeLessThanOrEqual(hour);
    expect(now).toBeGreaterThanOrEqual(end);
    expect(now).toBeLessThan(end + hour);
    expect((await deliveries('chat'))[0]).toMatchObject({ gaveUpAt: now });
  });

  it('lets a message that the target cannot digest stand behind the others', async () => {
    await write(['poison'], targets.slice(1));
    hook.answers.push(500);
    await deliver();
    now = (await deliveries('chat'))[0]?.nextAttemptAt ?? 0;
    await write(['a', 'b'], targets.slice(1));
    hook.answers.push(204, 204, 500);

    expect(await deliver()).toEqual({ sent: 2, failed: 1 });

    expect(titles()).toEqual(['poison', 'a', 'b', 'poison']);
  });

  it('asks a dead target once, however much waits for it, and serves the other meanwhile', async () => {
    const chat = targets.slice(1);
    await write(
      Array.from({ length: 120 }, (_, index) => `old ${index}`),
      chat,
    );
    await write(['fresh'], targets.slice(0, 1));
    await hook.stop();
    expect(await deliver()).toEqual({ sent: 0, failed: 1 });
    expect(await deliver()).toEqual({ sent: 1, failed: 1 });
    expect(subjects()).toEqual(['fresh']);
    expect(await deliver()).toEqual({ sent: 0, failed: 0 });
  });

  it('gives up what is for a target that is not configured any more, and says so', async () => {
    await write(['a']);
    targets = targets.slice(0, 1);

    expect(await deliver()).toEqual({ sent: 1, failed: 1 });

    expect((await deliveries('chat'))[0]).toMatchObject({
      gaveUpAt: now,
      lastError: 'there is no target chat in notify any more',
    });
  });

  it('is sent by one process at a time', async () => {
    await write(['a']);
    hook.answers.push('hang');
    const first = deliver({ sendTimeoutMs: 2_000 });
    await expect.poll(() => hook.hooks.length).toBe(1);

    expect(await deliver({ holder: 'lab:2' })).toEqual({ sent: 0, failed: 0 });

    expect(await first).toEqual({ sent: 1, failed: 1 });
    expect(mail.mails).toHaveLength(1);
  });

  it('is sent again, under the same id, after a process died between the sending and the mark', async () => {
    await write(['a'], targets.slice(1));
    const dying: Store = {
      ...store,
      write: (work) =>
        store.write((tx) =>
          work({ ...tx, saveDelivery: () => Promise.reject(new RosterdError('store-unreachable', 'killed')) }),
        ),
    };
    await expect(deliver({ store: dying })).rejects.toThrow('killed');
    expect((await deliveries('chat'))[0]?.sentAt).toBeUndefined();

    expect(await deliver()).toEqual({ sent: 1, failed: 0 });

    expect(hook.hooks).toHaveLength(2);
    expect(new Set(hook.hooks.map(({ id }) => id)).size).toBe(1);
  });

  it('stays as it is when the sender is stopped in the middle', async () => {
    await write(['a', 'b'], targets.slice(1));
    hook.answers.push('hang');
    const stop = new AbortController();
    const sending = deliver({ signal: stop.signal });
    await expect.poll(() => hook.hooks.length).toBe(1);
    stop.abort(new Error('stopped'));

    expect(await sending).toEqual({ sent: 0, failed: 0 });

    expect(
      (await deliveries('chat')).map(({ attempts, nextAttemptAt }) => [attempts, nextAttemptAt !== undefined]),
    ).toEqual([
      [0, true],
      [0, true],
    ]);
    expect(await deliver()).toEqual({ sent: 2, failed: 0 });
  });

  it('is not held up by a messenger that listens to nothing', async () => {
    await write(['a']);
    const deaf: Messenger = { send: () => new Promise(() => undefined) };
    const messengers = new Map([...createMessengers({ notify: targets }), ['chat', deaf]]);

    expect(await deliver({ messengers, sendTimeoutMs: 200 })).toEqual({ sent: 1, failed: 1 });
  });

  it('waits for a secret that is missing, and takes it as soon as it is there', async () => {
    await write(['a'], targets.slice(1));
    await rm(join(folder, 'hook-secret'));
    expect(await deliver()).toEqual({ sent: 0, failed: 1 });
    const [waiting] = await deliveries('chat');
    expect(waiting?.lastError).toMatch(/^secret of notify target chat: the file .* does not exist$/u);
    await writeFile(join(folder, 'hook-secret'), key);
    now = waiting?.nextAttemptAt ?? 0;
    expect(await deliver()).toEqual({ sent: 1, failed: 0 });
  });
});
