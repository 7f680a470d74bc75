import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Asker, createAsker } from '../lab/http-ask.ts';
import type { HttpFault } from '../lab/http-faults.ts';
import { type HttpSimulator, startHttpSimulator } from '../lab/http-simulator.ts';
import { startSimulatorProcess } from '../lab/http-simulator-process.ts';

const login = { user: 'svc@corp.example.test', password: 'with:colon and ü' };
const body = `<answer>${'ä'.repeat(3_000)}</answer>`;
let simulator: HttpSimulator;
let asker: Asker;

beforeEach(async () => {
  simulator = await startHttpSimulator({
    logins: { [login.user]: login.password },
    answer: ({ path }) =>
      path.startsWith('/known')
        ? { status: 200, headers: { 'content-type': 'application/xml' }, body }
        : { status: 404, body: '' },
  });
  asker = createAsker(simulator, login);
});
afterEach(async () => {
  asker.close();
  await simulator.stop();
});
const ask = () => asker.ask('/known');
const spoil = (fault: HttpFault) => simulator.faults.add(fault);

describe('the frame of the simulators', () => {
  it('answers over TLS what its function says, on one connection that is kept', async () => {
    for (const path of ['/known', '/known/a%20b?q=x%2Fy']) expect((await asker.ask(path)).text).toBe(body);
    expect((await asker.ask('/other')).status).toBe(404);
    expect(simulator.connectionsTaken()).toBe(1);
    expect(simulator.connectionCount()).toBe(1);
  });

  it('writes down each request as it was sent, and never a password', async () => {
    await asker.ask('/known/a%20b?q=x%2Fy', { accept: 'application/json' });
    expect(simulator.requests).toEqual([
      {
        method: 'GET',
        path: '/known/a%20b',
        query: 'q=x%2Fy',
        accept: 'application/json',
        user: login.user,
        status: 200,
      },
    ]);
    expect(JSON.stringify(simulator.requests)).not.toContain(login.password);
  });

  it.each([
    ['a wrong password', { ...login, password: 'x' }],
    ['another user', { ...login, user: 'nobody' }],
    ['the name of a property', { user: 'constructor', password: 'x' }],
  ])('answers 401 and a page of the container to %s', async (_what, wrong) => {
    const answer = await asker.ask('/known', { login: wrong });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    expect(answer.text).toMatch(/^<!doctype html/);
    expect(simulator.requests[0]?.user).toBeUndefined();
  });

  it.each(['POST', 'PUT', 'DELETE', 'HEAD'])('answers 405 to %s', async (method) => {
    expect((await asker.ask('/known', { method })).status).toBe(405);
  });

  it('answers without TLS where it is told to', async () => {
    const plain = await startHttpSimulator({ tls: 'off', logins: {}, answer: () => ({ status: 200, body: '' }) });
    try {
      expect(plain.url).toMatch(/^http:/);
      expect((await createAsker(plain, login).ask('/')).status).toBe(401);
      const withoutColon = { authorization: `Basic ${btoa('nobody')}` };
      expect((await fetch(plain.url, { headers: withoutColon })).status).toBe(401);
    } finally {
      await plain.stop();
    }
  });
});

describe('the faults of the frame', () => {
  it('strike where, when and as often as they are told, until they are taken away', async () => {
    spoil({ kind: 'forbidden', path: '^/known\\?startIndex=\\d+', nth: 2 });
    const statuses: number[] = [];
    for (const index of [0, 1, 2]) statuses.push((await asker.ask(`/known?startIndex=${index}`)).status);
    statuses.push((await ask()).status);
    expect(statuses).toEqual([200, 403, 200, 200]);
    spoil({ kind: 'unauthorized', after: 1, times: 1 });
    expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([200, 401, 200]);
    const undo = spoil({ kind: 'forbidden' });
    expect((await ask()).status).toBe(403);
    undo();
    expect((await ask()).status).toBe(200);
  });

  it('answer with a page, a bare status, a time to come again, another place', async () => {
    spoil({ kind: 'html', times: 1 });
    expect(await ask()).toMatchObject({ status: 200, headers: { 'content-type': 'text/html;charset=utf-8' } });
    spoil({ kind: 'html', status: 503, times: 1 });
    expect((await ask()).status).toBe(503);
    spoil({ kind: 'status', status: 500, times: 1 });
    expect(await ask()).toMatchObject({ status: 500, text: '' });
    spoil({ kind: 'status', status: 500, body: 'broken', times: 1 });
    expect(await ask()).toMatchObject({ status: 500, text: 'broken' });
    spoil({ kind: 'status', status: 503, retryAfter: '30', times: 1 });
    expect((await ask()).headers['retry-after']).toBe('30');
    spoil({ kind: 'redirect', to: 'https://other.example.test/known', times: 1 });
    expect(await ask()).toMatchObject({ status: 302, headers: { location: 'https://other.example.test/known' } });
  });

  it('say another type or a far date beside the right body', async () => {
    spoil({ kind: 'content-type', contentType: 'text/plain' });
    spoil({ kind: 'date', offsetMs: -86_400_000 });
    const { headers, text } = await ask();
    expect(text).toBe(body);
    expect(headers['content-type']).toBe('text/plain');
    expect(Date.parse(headers.date ?? '')).toBeLessThan(Date.now() - 80_000_000);
  });

  it.each([
    { kind: 'reset', at: 'before-headers' },
    { kind: 'reset', at: 'after-headers' },
    { kind: 'reset', at: 'body' },
    { kind: 'truncated', how: 'content-length' },
    { kind: 'truncated', how: 'chunked' },
  ] as const)('break off: %o', async (fault) => {
    spoil({ ...fault, times: 1 });
    await expect(ask()).rejects.toThrow(/ECONNRESET|aborted|hang up/);
    expect((await ask()).text).toBe(body);
  });

  it.each(['request', 'headers', 'body'] as const)('hang at the %s until the client goes', async (at) => {
    spoil({ kind: 'hang', at, times: 1 });
    const giveUp = new AbortController();
    const hanging = asker.ask('/known', { signal: giveUp.signal });
    await expect.poll(() => simulator.requests.length).toBe(1);
    giveUp.abort();
    await expect(hanging).rejects.toThrow(/abort/);
    await expect.poll(() => simulator.connectionCount()).toBe(0);
  });

  it('come slowly and whole', async () => {
    spoil({ kind: 'slow-first-byte', ms: 20, times: 1 });
    expect((await ask()).text).toBe(body);
    spoil({ kind: 'dribble', bytes: 1_000, everyMs: 1, times: 1 });
    expect((await ask()).text).toBe(body);
  });

  it('cut a document where HTTP is in order, and put octets into it that are no UTF-8', async () => {
    spoil({ kind: 'cut-document', keepBytes: 10, times: 1 });
    expect((await ask()).text).toBe('<answer>ä');
    spoil({ kind: 'invalid-utf8', times: 1 });
    const answer = await ask();
    expect(answer.body.length).toBe(Buffer.byteLength(body) + 2);
    expect(answer.body.includes(0xff)).toBe(true);
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(answer.body)).toThrow();
  });

  it('compress: rightly, and small for what it will be', async () => {
    spoil({ kind: 'gzip', times: 1 });
    const right = await ask();
    expect(right.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(right.body).toString('utf8')).toBe(body);
    spoil({ kind: 'gzip-bomb', bytes: 20_000_000, times: 1 });
    const bomb = await ask();
    expect(bomb.body.length).toBeLessThan(200_000);
    expect(gunzipSync(bomb.body).length).toBe(20_000_000);
  });

  it('never stop talking', async () => {
    spoil({ kind: 'endless' });
    expect((await asker.ask('/known', { enough: 5_000_000 })).body.length).toBeGreaterThanOrEqual(5_000_000);
    await expect.poll(() => simulator.connectionCount()).toBe(0);
  });
});

describe('a simulator in its own process', () => {
  const options = { staff: { uccxAgents: 40, ucceAgents: 40 } } as const;

  it.each(['uccx', 'ucce'] as const)('starts a %s, obeys and is gone after its end', async (kind) => {
    const child = await startSimulatorProcess({ kind, options });
    const path = kind === 'uccx' ? '/adminapi/resource' : '/unifiedconfig/config/agent';
    const other = createAsker(child, child.login);
    try {
      expect((await other.ask(path)).status).toBe(200);
      const undo = await child.addFault({ kind: 'forbidden' });
      expect((await other.ask(path)).status).toBe(403);
      await undo();
      expect((await other.ask(path)).status).toBe(200);
      await child.addFault({ kind: 'forbidden' });
      await child.clearFaults();
      expect((await child.requests()).map(({ status }) => status)).toEqual([200, 403, 200]);
      expect(await child.connectionCount()).toBe(1);
      await child.dropConnections();
      expect(await child.connectionCount()).toBe(0);
    } finally {
      other.close();
      await child.stop();
    }
    expect(isAlive(child.pid)).toBe(false);
    expect(existsSync(child.caFile)).toBe(false);
  });

  it('changes what it holds, and says what cannot be', async () => {
    const uccx = await startSimulatorProcess({ kind: 'uccx', options });
    const ucce = await startSimulatorProcess({ kind: 'ucce', options });
    try {
      const added = await uccx.act('addResource', { userID: 'mhorvat', lastName: 'Horvat', extension: '40011' });
      expect(added).toMatchObject({ userID: 'mhorvat', teamId: 1 });
      expect(await uccx.act('vary', { lists: 'none' })).toBeUndefined();
      const asking = createAsker(uccx, uccx.login);
      expect((await asking.ask('/adminapi/resource')).text).toContain('<resources/>');
      asking.close();
      await expect(uccx.act('removeResource', 'nobody')).rejects.toThrow('there is no resource nobody');
      expect(await ucce.act('changeAgent', 5017, { description: undefined, teamId: undefined })).not.toHaveProperty(
        'teamId',
      );
    } finally {
      await Promise.all([uccx.stop(), ucce.stop()]);
    }
    await expect(uccx.requests()).rejects.toThrow('the simulator has ended');
  });

  it('says why it did not start', async () => {
    const tooFew = { staff: { uccxAgents: 2 } };
    await expect(startSimulatorProcess({ kind: 'uccx', options: tooFew })).rejects.toThrow('40 to 400 agents');
  });

  it('ends when the process that started it is killed, unless it was left running for a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lab-left-'));
    const starter = new URL('../lab/http-simulator-process.ts', import.meta.url);
    const program = `
      const { startSimulatorProcess } = await import(${JSON.stringify(starter.href)});
      const options = ${JSON.stringify(options)};
      const [bound, left] = await Promise.all([0, 1].map(() => startSimulatorProcess({ kind: 'uccx', options })));
      await left.leaveRunning(${JSON.stringify(folder)});
      console.log(bound.pid + ' ' + left.pid);
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const [bound = 0, left = 0] = line.split(' ').map(Number);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(bound), { timeout: 20_000 }).toBe(false);
    expect(isAlive(left)).toBe(true);
    rmSync(folder, { recursive: true });
    await expect.poll(() => isAlive(left), { timeout: 20_000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
