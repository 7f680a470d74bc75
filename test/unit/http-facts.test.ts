// What a check says of a connection over HTTP.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { clockFacts } from '../../connectors/http-facts.ts';
import { uccx } from '../../connectors/uccx/index.ts';
import { asEpochMs } from '../../src/model/ids.ts';
import { connectionTo, get, httpServers, never, xml } from './http-fixture.ts';
import { resource, resourceList, serveUccx, team, teamList } from './uccx-fixture.ts';

const { keep, serve } = httpServers();

describe('the clock in a check', () => {
  const at = (ms: number) => asEpochMs(Date.UTC(2026, 10, 22) + ms);

  it.each([
    [0, 'ok'],
    [60_000, 'ok'],
    [61_000, 'warning'],
    [-301_000, 'error'],
  ] as const)('that differs by %i ms is %s', (ms, severity) => {
    expect(clockFacts(at(ms), at(0))).toMatchObject([{ name: 'clock', severity }]);
  });

  it('is compared when the answer comes, however long the rest of it takes', async () => {
    const before = Date.now();
    let endedAt = 0;
    const server = await serve(async (_request, response) => {
      response.write('<teams>');
      for (let turn = 0; turn < 20; turn += 1) await sleep(5);
      endedAt = Date.now();
      response.end('</teams>');
    });
    const { dateCameAt } = await get(server.url);
    expect(dateCameAt).toBeGreaterThanOrEqual(before);
    expect(dateCameAt).toBeLessThan(endedAt);
  });

  it('is not called wrong because another server took long to answer', async () => {
    const good = await serveUccx({
      '/adminapi/resource': resourceList(resource({ userID: 'mira' })),
      '/adminapi/team': teamList(team({ id: 1 })),
    });
    keep(good);
    const slow = await serve((_request, response) => {
      vi.setSystemTime(Date.now() + 600_000);
      response.writeHead(503).end();
    });
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const settings = uccx.settingsSchema.parse({ connection: connectionTo([good.url, slow.url]) });
      const { facts } = await uccx.create(settings, { account: [] }).check(never);
      expect(facts.filter(({ name }) => name === 'other server')).toHaveLength(1);
      expect(facts.find(({ name }) => name === 'clock')).toMatchObject({ severity: 'ok' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not spoken of where the server does not tell it', async () => {
    const server = await serve((_request, response) => {
      response.sendDate = false;
      response.end(xml);
    });
    const answer = await get(server.url);
    expect(answer).not.toHaveProperty('dateCameAt');
    expect(clockFacts(answer.date, answer.dateCameAt)).toEqual([]);
  });
});
