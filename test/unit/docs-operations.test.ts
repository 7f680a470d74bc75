// docs/operations.md explains every metric, every line of the log and every notice, and names none that there is not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { noticeKinds } from '../../src/model/notice.ts';
import { defineFamilies } from '../../src/observe/metric-families.ts';
import { signedHeaders } from '../../src/observe/notify/webhook.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('docs/operations.md');
/** What stands in the first column of tables: `a`, or `a`, `b`. */
const explainedIn = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^\| (`[^|]+`) \|/gmu)].flatMap((row) =>
      [...(row[1] ?? '').matchAll(/`([^`]+)`/gu)].map((span) => span[1] ?? ''),
    ),
  );
const explained = explainedIn(page);

describe('docs/operations.md', () => {
  it('explains every metric, and names no other', () => {
    const registry = new Registry();
    defineFamilies(registry);
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !explained.has(name))).toEqual([]);
    const named = [...page.matchAll(/\brosterd_[a-z_]+\b/gu)].map(([name]) => name);
    expect(named.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('explains every notice', () => {
    expect(Object.keys(noticeKinds).filter((kind) => !explained.has(kind))).toEqual([]);
  });

  it('explains every line of the log, and no other', () => {
    // A message is the text with blanks that is handed to the logger; the texts of types and labels have none.
    const inSinks = ['log-events.ts', 'log-daemon.ts'].flatMap((file) =>
      [...read(`src/observe/${file}`).matchAll(/'([a-zA-Z][^'\n]* [^'\n]*)'/gu)].map((match) => match[1] ?? ''),
    );
    const inDaemon = ['compose-daemon.ts', 'compose-process.ts'].flatMap((file) =>
      [...read(`src/${file}`).matchAll(/logger\.\w+\('([^']+)'/gu)].map((match) => match[1] ?? ''),
    );
    const ends = [...read('src/model/run.ts').matchAll(/^ {2}\| '([a-z]+)'/gmu)].map(
      (match) => `run ended: ${match[1]}`,
    );
    const phases = [...read('src/sync/events.ts').matchAll(/'([a-z]+ing)'/gu)].map((match) => match[1] ?? '');
    const messages = [...inSinks, ...inDaemon, ...ends];
    expect([inSinks.length > 20, inDaemon.length >= 2, ends.length >= 10]).toEqual([true, true, true]);
    expect([...messages, ...phases].filter((message) => !explained.has(message))).toEqual([]);
    const inLog = explainedIn(page.slice(page.indexOf('\n## Log')));
    expect([...inLog].filter((message) => ![...messages, ...phases].includes(message))).toEqual([]);
  });
});

describe('its receiver of webhooks', () => {
  type Check = (headers: object, body: string, secret: string, now?: number) => boolean;
  const load = async (): Promise<Check> => {
    const code = /```js\n([\s\S]*?)```/u.exec(page)?.[1] ?? '';
    const loaded: { isFromRosterd: Check } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    return loaded.isFromRosterd;
  };
  const now = 1_800_000_000_000;

  it.each(['plain words', `whsec_${Buffer.from('32 bytes').toString('base64')}`])(
    'believes what rosterd signs with %s, and nothing else',
    async (secret) => {
      const isFromRosterd = await load();
      const headers = signedHeaders('msg_1', '{"é":1}', secret, now / 1_000);
      expect(isFromRosterd(headers, '{"é":1}', secret, now)).toBe(true);
      expect(isFromRosterd(headers, '{"é":2}', secret, now)).toBe(false);
      expect(isFromRosterd(headers, '{"é":1}', 'another', now)).toBe(false);
      expect(isFromRosterd(headers, '{"é":1}', secret, now + 600_000)).toBe(false);
      expect(isFromRosterd({ ...headers, 'webhook-id': 'msg_2' }, '{"é":1}', secret, now)).toBe(false);
      expect(isFromRosterd({}, '{"é":1}', secret, now)).toBe(false);
    },
  );
});
