// What several processes do to one store: leases and fencing, waiting for each other, dying at the wrong moment.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { parseHolder } from '../../src/model/holder.ts';
import { asEpochMs } from '../../src/model/ids.ts';
import type { Store } from '../../src/store/open-store.ts';
import { isDead, makeHolder } from '../../src/store/process-holder.ts';
import type { Lease } from '../../src/sync/ports.ts';
import { user, users, value } from './mirror-fixture.ts';
import { describeStores } from './stores.ts';

const children: ChildProcess[] = [];

function start(store: Store, act: string): ChildProcess {
  const child = fork(join(import.meta.dirname, 'child.ts'), [JSON.stringify(store.core.location), act], {
    execArgv: [],
  });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
});

const hour = 3_600_000;

describeStores('leases', (stores) => {
  it('belong to one holder until they end or are given back', async () => {
    const store = await stores.open();
    const now = stores.clock.now();
    const acquire = (holder: string, at = now) => store.write((tx) => tx.leases.acquire('sync:hq', holder, hour, at));
    const first = (await acquire('other-host:boot:1:1')) as Lease;
    expect(first).toMatchObject({ token: 1 });
    expect(await acquire('second')).toEqual({ heldBy: 'other-host:boot:1:1' });
    const later = asEpochMs(now + hour);
    const second = (await acquire('second', later)) as Lease;
    expect(second).toMatchObject({ token: 2, holder: 'second' });
    const late = store.write((tx) => tx.leases.renew(first, hour, later));
    await expect(late).rejects.toMatchObject({ code: 'lease-lost' });
    await store.write((tx) => tx.leases.release(first));
    expect(await acquire('third', later)).toEqual({ heldBy: 'second' });
    await store.write((tx) => tx.leases.renew(second, hour, later));
    await store.write((tx) => tx.leases.release(second));
    expect(await acquire('third', later)).toMatchObject({ token: 3 });
  });

  it('undo the batch of a holder that was fenced off', async () => {
    const store = await stores.open();
    const now = stores.clock.now();
    const lease = (await store.write((tx) => tx.leases.acquire('l', 'a', 1, now))) as Lease;
    await store.write((tx) => tx.leases.acquire('l', 'b', hour, asEpochMs(now + 2)));
    const batch = store.write(async (tx) => {
      await tx.userRows.create([user(1, { username: value('late') })]);
      await tx.leases.renew(lease, hour, asEpochMs(now + 3));
    });
    await expect(batch).rejects.toMatchObject({ code: 'lease-lost' });
    expect(await store.read.users(users(1))).toEqual([]);
  });

  it('are free when they last for more than two terms: the clock was set back after they were taken', async () => {
    const store = await stores.open();
    const now = stores.clock.now();
    const acquire = (holder: string, at: number) =>
      store.write((tx) => tx.leases.acquire('sync:hq', holder, hour, asEpochMs(at)));
    const before = (await acquire('other-host:boot:1:1', now)) as Lease;
    expect(await acquire('second', now - hour)).toEqual({ heldBy: 'other-host:boot:1:1' });
    expect(await acquire('second', now - hour - 1)).toMatchObject({ token: before.token + 1 });
    const late = store.write((tx) => tx.leases.renew(before, hour, now));
    await expect(late).rejects.toMatchObject({ code: 'lease-lost' });
  });

  it('of replicas whose clocks differ are taken from one another, and only the last to take one can write', async () => {
    const ahead = await stores.open();
    const other = await stores.open(ahead.core.location);
    const minute = 60_000;
    const term = 3 * minute;
    const now = stores.clock.now();
    const take = (store: Store, holder: string, at: number) =>
      store.write((tx) => tx.leases.acquire('sync:hq', holder, term, asEpochMs(at)));
    const write = (store: Store, lease: Lease, id: number) =>
      store.write(async (tx) => {
        await tx.userRows.create([user(id, { username: value(`user${id}`) })]);
        await tx.leases.renew(lease, term, now);
      });
    const slow = (await take(other, 'slow:boot:1:1', now)) as Lease;
    const fast = (await take(ahead, 'fast:boot:1:1', now + 10 * minute)) as Lease;
    await write(ahead, fast, 1);
    await expect(write(other, slow, 2)).rejects.toMatchObject({ code: 'lease-lost' });
    await ahead.write((tx) => tx.leases.renew(fast, term, asEpochMs(now + 10 * minute)));
    const again = (await take(other, 'slow:boot:1:1', now)) as Lease;
    expect(again).toMatchObject({ token: fast.token + 1 });
    await expect(write(ahead, fast, 3)).rejects.toMatchObject({ code: 'lease-lost' });
    await write(other, again, 4);
    expect((await ahead.read.users(users(1, 2, 3, 4))).map(({ id }) => id)).toEqual([1, 4]);
  });

  it('pass on at once when their process on this host is dead', async () => {
    const store = await stores.open();
    const child = start(store, 'hold-lease');
    const [held] = (await once(child, 'message')) as [Lease];
    const acquire = () => store.write((tx) => tx.leases.acquire('sync:hq', makeHolder(), hour, asEpochMs(Date.now())));
    expect(await acquire()).toEqual({ heldBy: held.holder });
    await kill(child);
    expect(await acquire()).toMatchObject({ token: held.token + 1 });
  });
});

describeStores('processes', (stores) => {
  it('take turns at writing', async () => {
    const store = await stores.open();
    const numbers: number[] = [];
    const child = start(store, 'count');
    child.on('message', (number) => numbers.push(number as number));
    const ended = once(child, 'exit');
    await once(child, 'message');
    for (let index = 0; index < 50; index++) numbers.push(await store.write((tx) => tx.allocate('user', 1)));
    await ended;
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it('hear store-busy when another one does not let go', async () => {
    const store = await stores.open(undefined, { busyTimeoutMs: 300 });
    const child = start(store, 'hang-in-transaction');
    await once(child, 'message');
    const write = store.write((tx) => tx.allocate('user', 1));
    await expect(write).rejects.toMatchObject({ code: 'store-busy' });
    expect(await store.read.users(users(1))).toEqual([]);
    await kill(child);
  });

  it('leave nothing half done when they are killed inside a transaction', async () => {
    const store = await stores.open();
    const child = start(store, 'hang-in-transaction');
    await once(child, 'message');
    await kill(child);
    expect(await store.write((tx) => tx.allocate('user', 1))).toBe(1);
    expect(await store.read.users(users(1))).toEqual([]);
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 0 });
  });

  it('remove the copies of one that was killed during a dry run', async () => {
    const store = await stores.open();
    const child = start(store, 'overlay');
    await once(child, 'message');
    const copies = () =>
      readdirSync(tmpdir()).filter((name) => name.startsWith('rosterd-overlay-') && name.includes(`_${child.pid}_`));
    expect(copies()).toHaveLength(1);
    await kill(child);
    await stores.open(store.core.location);
    expect(copies()).toEqual([]);
  });
});

describeStores('holders', () => {
  it('are dead only when that is certain', () => {
    const own = makeHolder();
    const { host, boot, pid, start: startedAt } = parseHolder(own) ?? { host: '', boot: '', pid: 0, start: '' };
    expect(isDead(own)).toBe(false);
    expect(isDead(`${host}:${boot}:${pid}:1`)).toBe(true);
    expect(isDead(`${host}:${boot}:4194000:${startedAt}`)).toBe(true);
    expect(isDead(`elsewhere:${boot}:4194000:1`)).toBe(false);
    expect(isDead(`${host}:earlier:4194000:1`)).toBe(false);
    expect(isDead('anything')).toBe(false);
  });
});
