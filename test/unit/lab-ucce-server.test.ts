// The simulated UCCE as a web server: what only shows over the wire, and that a long list is read fast enough for a bench.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { askUcce } from '../lab/ucce-question.ts';
import { startUcceSimulator, type UcceSimulator, type UcceSimulatorOptions } from '../lab/ucce-simulator.ts';
import { smallUcce } from '../lab/ucce-small.ts';
import { UcceState, ucceLogin } from '../lab/ucce-state.ts';

let simulator: UcceSimulator | undefined;
afterEach(async () => {
  await simulator?.stop();
  simulator = undefined;
});
const start = async (options: UcceSimulatorOptions = {}): Promise<UcceSimulator> => {
  simulator = await startUcceSimulator(options);
  return simulator;
};

type Got = { readonly status: number; readonly body: string; readonly contentType: string | undefined };
function get({ url, caFile, login }: UcceSimulator, path: string, user = login.user, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const auth = `${user}:${login.password}`;
    const asked = request(`${url}${path}`, { ca: readFileSync(caFile), auth, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          contentType: response.headers['content-type'],
        }),
      );
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('the UCCE simulator', () => {
  it('answers over TLS to a login with its domain', async () => {
    const server = await start();
    const path = '/unifiedconfig/config/agent?resultsPerPage=2&sort=agentId%20asc';
    const { status, body, contentType } = await get(server, path);
    expect([status, contentType]).toEqual([200, 'application/xml']);
    expect(body).toContain(
      `<firstPage>${server.url}/unifiedconfig/config/agent?resultsPerPage=2&amp;sort=agentId%20asc<`,
    );
    expect((await get(server, path, 'stranger@corp.example.test')).status).toBe(401);
    expect(await get(server, path, server.login.user, 'POST')).toMatchObject({ status: 405, body: '' });
    expect(server.requests.map(({ status }) => status)).toEqual([200, 401, 405]);
  });

  it('does not take a login without its domain, though the password is the right one', async () => {
    const server = await start({ logins: [{ ...ucceLogin, user: 'svc-local' }] });
    expect((await get(server, '/unifiedconfig/config/agent')).status).toBe(401);
  });

  it('shows changes and variants to the next request', async () => {
    const server = await start({ variants: { linkOrigin: 'http://other.example.test' } });
    server.state.changeAgent(5018, { description: 'changed' });
    server.state.vary({ refUrlOrigin: server.url });
    const { body } = await get(server, '/unifiedconfig/config/agent/5018');
    expect(body).toContain('<description>changed</description>');
    expect(body).toContain(`<refURL>${server.url}/unifiedconfig/config/agent/5018</refURL>`);
    expect((await get(server, '/unifiedconfig/config/agent')).body).toContain('<firstPage>http://other.example.test/');
  });
});

describe('a UCCE with 12,000 agents', () => {
  it('sorts its agents once and not for each page', () => {
    const [agent] = smallUcce().agents;
    if (agent === undefined) throw new Error('the small UCCE has no agents');
    let looks = 0;
    const agents = Array.from({ length: 12_000 }, (_, index) => ({
      ...agent,
      id: 10_000 + index,
      get agentId() {
        looks += 1;
        return String((index * 7_919) % 12_000).padStart(7, '0');
      },
    }));
    const state = new UcceState({ ...smallUcce(), agents });
    const seen: number[] = [];
    for (let start = 0; start < 12_000; start += 100)
      seen.push(...askUcce(state, `agent?resultsPerPage=100&startIndex=${start}&sort=agentId%20asc`).ids);
    expect(new Set(seen).size).toBe(12_000);
    // Once to sort and once to show.
    expect(looks).toBe(24_000);
  });
});
