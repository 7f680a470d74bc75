// A process of its own for the tests of leases, crashes and rights: opens the store named in its arguments and does one thing.
import { openStore } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/store/process-holder.ts';
import { user, value } from './mirror-fixture.ts';

const [locationText, act] = process.argv.slice(2);
const say = (word: unknown): void => void process.send?.(word);
const store = await openStore(JSON.parse(locationText ?? ''), {
  auditKey: Buffer.alloc(32, 7),
  clock: { now: () => Date.now() as never },
  migrate: act === 'open' ? 'apply' : 'require',
}).catch((error: { code?: unknown }) => {
  say(error.code ?? String(error));
  process.exit(0);
});

if (act === 'hold-lease') {
  say(await store.write((tx) => tx.leases.acquire('sync:hq', makeHolder(), 3_600_000, Date.now() as never)));
  setInterval(() => {}, 1_000);
} else if (act === 'hang-in-transaction') {
  await store.write(async (tx) => {
    await tx.userRows.create([user(1, { username: value('half') })]);
    await tx.audit([{ at: 0 as never, actor: 'x', action: 'x', subject: 'x', label: 'x', payload: {} }]);
    say('inside');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
} else if (act === 'count') {
  for (let index = 0; index < 50; index++) say(await store.write((tx) => tx.allocate('user', 1)));
  await store.close();
  process.disconnect?.();
} else if (act === 'open') {
  say('opened');
  await store.close();
  process.disconnect?.();
} else if (act === 'overlay') {
  await store.overlay();
  say('open');
  setInterval(() => {}, 1_000);
}
