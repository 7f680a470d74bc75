// What machines get to know of the daemon over HTTP, and that nobody who asks can hold it up.
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import os from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type HealthLimits,
  type HealthServer,
  type HealthSource,
  type Probe,
  startHealthServer,
} from '../../src/api/health-server.ts';
import { createMetrics, type MetricsFacts } from '../../src/observe/metrics.ts';
import { parseExposition } from '../unit/parse-exposition.ts';
import { openOffice } from './sync-fixture.ts';

const well: Probe = {
  ok: true,
  checks: [
    { name: 'store', ok: true },
    { name: 'schedule', ok: true, detail: '2 sources' },
  ],
};
const unwell: Probe = {
  ok: false,
  checks: [
    { name: 'store', ok: false, detail: 'the database does not answer\n[+] forged ok' },
    { name: 'schedule', ok: true },
  ],
};

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

async function serve(source: Partial<HealthSource> = {}, limits: Partial<HealthLimits> = {}, host = '127.0.0.1') {
  const metrics = { contentType: 'text/plain', render: async () => 'a 1\n' };
  const whole = { live: () => well, ready: () => well, metrics, ...source };
  const server = await startHealthServer({ host, port: 0 }, whole, limits);
  ended.push(() => server.close());
  return server;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Asks on a connection of its own; unlike fetch it sends any Host. */
async function ask(
  server: HealthServer,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const asked = request(server.address + path, { method, headers, agent: false }).end(body);
  const [answer] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode, headers: answer.headers, text };
}

const portOf = (server: HealthServer): number => Number(new URL(server.address).port);

async function connected(server: HealthServer): Promise<Socket> {
  const socket = connect(portOf(server), '127.0.0.1');
  ended.push(async () => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** All that the server says until it closes the connection. */
async function rest(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  if (!socket.closed) await once(socket, 'close');
  return text;
}

describe('health server', () => {
  it('answers both probes with ok', async () => {
    const server = await serve();
    for (const path of ['/livez', '/readyz']) {
      const answer = await ask(server, path);
      expect(answer).toMatchObject({ status: 200, text: 'ok\n' });
      expect(answer.headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      expect(answer.headers).not.toHaveProperty('server');
      expect(answer.headers).not.toHaveProperty('x-powered-by');
    }
  });

  it('names the failed checks with 503, each on one line', async () => {
    const server = await serve({ ready: async () => unwell });
    expect(await ask(server, '/readyz')).toMatchObject({
      status: 503,
      text: '[-] store failed: the database does not answer [+] forged ok\nreadyz failed\n',
    });
    expect(await ask(server, '/livez')).toMatchObject({ status: 200 });
  });

  it('shows every check with ?verbose', async () => {
    const server = await serve({ live: () => unwell });
    expect(await ask(server, '/readyz?verbose')).toMatchObject({
      status: 200,
      text: '[+] store ok\n[+] schedule ok: 2 sources\nreadyz ok\n',
    });
    const failed = await ask(server, '/livez?verbose=1');
    expect(failed.status).toBe(503);
    expect(failed.text.split('\n').slice(1)).toEqual(['[+] schedule ok', 'livez failed', '']);
  });

  it('speaks JSON to who asks for it', async () => {
    const server = await serve({ ready: () => unwell });
    const answer = await ask(server, '/readyz', { headers: { accept: 'application/json' } });
    expect(answer.status).toBe(503);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(answer.text)).toEqual(unwell);
  });

  it('takes a probe that throws or comes too late for a no, and does not show why', async () => {
    const server = await serve(
      {
        live: () => {
          throw new Error('mira is not well');
        },
        ready: () => new Promise(() => undefined),
      },
      { probeMs: 30 },
    );
    expect(await ask(server, '/livez')).toMatchObject({
      status: 503,
      text: '[-] answer failed: finding it out failed\nlivez failed\n',
    });
    expect(await ask(server, '/readyz')).toMatchObject({
      status: 503,
      text: '[-] answer failed: none within 0.03 s\nreadyz failed\n',
    });
  });

  it('answers HEAD as GET, without the text', async () => {
    const server = await serve({ ready: () => unwell });
    for (const [path, status] of [
      ['/livez', 200],
      ['/readyz', 503],
      ['/metrics', 200],
    ] as const) {
      const full = await ask(server, path);
      const head = await ask(server, path, { method: 'HEAD' });
      expect(head).toMatchObject({ status, text: '' });
      expect(head.headers['content-length']).toBe(String(Buffer.byteLength(full.text)));
    }
  });

  it('has nothing anywhere else', async () => {
    const server = await serve();
    for (const path of ['/', '/livez/', '/Livez', '/metrics/../etc', '/%zz', '/a?b=/livez'])
      expect(await ask(server, path), path).toMatchObject({ status: 404, text: expect.stringContaining('/readyz') });
    expect(await ask(server, '/users', { method: 'DELETE' })).toMatchObject({ status: 404 });
  });

  it('answers no other method and reads no body', async () => {
    const server = await serve();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])
      expect(await ask(server, '/metrics?x', { method }), method).toMatchObject({
        status: 405,
        headers: { allow: 'GET, HEAD', connection: 'close' },
      });
    expect(
      await ask(server, '/livez', { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } }),
    ).toMatchObject({ status: 405 });
    expect(await ask(server, '/livez', { headers: { 'content-length': '3' }, body: 'abc' })).toMatchObject({
      status: 413,
      headers: { connection: 'close' },
    });
  });
});

describe('health server and names', () => {
  it('on loopback answers addresses and its own names, not those that a web page may have rebound', async () => {
    const server = await serve();
    for (const host of ['127.0.0.1', 'localhost:9464', 'LOCALHOST', '10.42.0.7:9464', '[::1]:9464'])
      expect(await ask(server, '/metrics', { headers: { host } }), host).toMatchObject({ status: 200 });
    for (const host of ['evil.example', 'evil.example:9464', '127.0.0.1.evil.example', 'localhost.evil.example', '1'])
      expect(await ask(server, '/metrics', { headers: { host } }), host).toMatchObject({ status: 421 });
    const silent = await connected(server);
    silent.write('GET /livez HTTP/1.0\r\n\r\n');
    expect(await rest(silent)).toContain('200 OK');
  });

  it('on other addresses answers whatever the network calls it', async () => {
    const server = await serve({}, {}, '0.0.0.0');
    const local = { ...server, address: `http://127.0.0.1:${portOf(server)}` };
    expect(await ask(local, '/metrics', { headers: { host: 'rosterd:9464' } })).toMatchObject({ status: 200 });
  });

  it('listens on all addresses though it may not ask which there are, as in a hardened unit without AF_NETLINK', async () => {
    const asked = vi.spyOn(os, 'networkInterfaces').mockImplementation(() => {
      throw new Error('A system error occurred: uv_interface_addresses returned EAFNOSUPPORT');
    });
    ended.push(async () => asked.mockRestore());
    const server = await serve({}, {}, '0.0.0.0');
    expect(server.address).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/u);
  });

  it('listens on the one address that a name has', async () => {
    const server = await serve({}, {}, 'localhost');
    expect(server.address).toMatch(/^http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+$/u);
    expect(await ask(server, '/livez', { headers: { host: 'localhost' } })).toMatchObject({ status: 200 });
  });

  it('says which address it cannot have, and why', async () => {
    const taken = await serve();
    const port = portOf(taken);
    const source = {
      live: () => well,
      ready: () => well,
      metrics: { contentType: 'text/plain', render: async () => '' },
    };
    await expect(startHealthServer({ host: '127.0.0.1', port }, source)).rejects.toMatchObject({
      code: 'listen-failed',
      message: `The daemon cannot listen on 127.0.0.1:${port}: something else listens there.`,
      subject: `127.0.0.1:${port}`,
    });
    // 192.0.2.0/24 is for documentation only (RFC 5737), so no machine has it.
    await expect(startHealthServer({ host: '192.0.2.1', port: 1 }, source)).rejects.toMatchObject({
      message: 'The daemon cannot listen on 192.0.2.1:1: this machine does not have that address.',
    });
    await expect(startHealthServer({ host: 'nobody.invalid', port: 1 }, source)).rejects.toMatchObject({
      code: 'listen-failed',
      message: expect.stringMatching(/^The daemon cannot listen on nobody\.invalid:1: that name /u),
    });
    expect(await ask(taken, '/livez')).toMatchObject({ status: 200 });
  });
});

describe('health server under bad clients', () => {
  it('drops connections over its limit and answers the others', async () => {
    const server = await serve({}, { connections: 3 });
    const held = [await connected(server), await connected(server), await connected(server)];
    const over = await connected(server);
    over.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await rest(over)).toBe('');
    held[0]?.destroy();
    const [, second] = held;
    second?.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(await rest(second as Socket)).toContain('200 OK');
  });

  it('ends a request whose head does not come, and a connection that asks nothing', async () => {
    const server = await serve({}, { headMs: 200, idleMs: 100 });
    const slow = await connected(server);
    slow.write('GET /livez HTTP/1.1\r\nHost: loc');
    const quiet = await connected(server);
    const used = await connected(server);
    used.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await rest(slow)).toContain('408');
    expect(await rest(quiet)).not.toContain('200');
    expect(await rest(used)).toContain('200 OK');
    expect(await ask(server, '/livez')).toMatchObject({ status: 200 });
  });

  it('drops a client that asks and asks and takes no answer', async () => {
    const render = async (): Promise<string> => 'x'.repeat(4_000_000);
    const limits = { connections: 1, silentMs: 300 };
    const server = await serve({ metrics: { contentType: 'text/plain', render } }, limits);
    const greedy = await connected(server);
    greedy.pause();
    greedy.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(10));
    const answered = async (): Promise<number | undefined> => {
      const answer = await ask(server, '/livez').catch(() => undefined);
      return answer?.status;
    };
    expect(await answered()).toBeUndefined();
    await expect.poll(answered, { timeout: 20_000 }).toBe(200);
  });

  it('refuses a head that is too large, and what is not HTTP', async () => {
    const server = await serve();
    const large = await connected(server);
    large.write(`GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`);
    expect(await rest(large)).toContain('431');
    const other = await connected(server);
    other.write('\x16\x03\x01\x02\x00 hello\r\n\r\n');
    expect(await rest(other)).toContain('400');
  });

  it('closes at once though a connection is kept alive', async () => {
    const server = await serve({}, { closeMs: 60_000, idleMs: 60_000 });
    const socket = await connected(server);
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    await server.close();
    await rest(socket);
    const after = connect(portOf(server), '127.0.0.1');
    const [error] = await once(after, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('closes in time though an answer never comes and a head is half sent', async () => {
    const asked = Promise.withResolvers<void>();
    const ready = (): Promise<Probe> => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    const server = await serve({ ready }, { closeMs: 50, probeMs: 60_000, headMs: 60_000 });
    const half = await connected(server);
    half.write('GET /livez HTTP/1.1\r\nHost: loc');
    const waiting = await connected(server);
    waiting.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await asked.promise;
    await server.close();
    expect(await rest(waiting)).toBe('');
    expect(await rest(half)).toBe('');
  });
});

describe('/metrics', () => {
  it('gives what real runs of a source have told, in the type of the exposition', async () => {
    const office = await openOffice();
    ended.push(() => office.close());
    await office.staff.hireMany(3);
    await office.sync();
    await office.dryRun();
    const facts: MetricsFacts = {
      sources: [],
      openFindings: [],
      notices: { waiting: 0, givenUp: 0 },
      isStoreReachable: true,
    };
    const metrics = createMetrics({ version: '0', facts: async () => facts });
    office.events.forEach(metrics.onEvent);
    const server = await serve({ metrics });

    const answer = await ask(server, '/metrics', { headers: { accept: 'application/openmetrics-text, text/plain' } });

    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    });
    const families = parseExposition(answer.text);
    expect(families.get('rosterd_runs_total')?.series.get('{source="hq",state="done",trigger="cli"}')).toBe(1);
    expect(families.get('rosterd_changes_total')?.series.get('{outcome="created",source="hq"}')).toBe(3);
    expect(families.get('rosterd_run_duration_seconds')?.series.get('count{source="hq"}')).toBe(1);
    expect(families.get('rosterd_records_read')?.series.get('{kind="account",source="hq"}')).toBe(3);
  });

  it('comes without the facts when they are late, and is a plain 500 when it cannot be made', async () => {
    const late = createMetrics({ version: '0', facts: () => new Promise(() => undefined), factsWithinMs: 30 });
    const slow = await ask(await serve({ metrics: late }), '/metrics');
    expect(slow.status).toBe(200);
    expect(parseExposition(slow.text).get('rosterd_store_up')?.series.get('')).toBe(0);
    const broken = { contentType: 'text/plain', render: () => Promise.reject(new Error('mira')) };
    expect(await ask(await serve({ metrics: broken }), '/metrics')).toMatchObject({
      status: 500,
      text: 'This could not be answered.\n',
    });
  });
});
