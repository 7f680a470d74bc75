// The list of agents page by page, against a server whose every answer is written here: it must neither loop nor lose nor repeat.
import { describe, expect, it } from 'vitest';
import { accountsOf, collect } from '../contract/connector-contract.ts';
import { withAgents } from './ucce-agent-fixture.ts';
import { type Asked, agentPage, agentXml, idsOf, numbers, pageXml, type Scripted } from './ucce-source.ts';

const startsOf = (asked: readonly Asked[]): number[] => asked.map(({ query }) => Number(query.get('startIndex')));

describe('list of UCCE', () => {
  it('is asked for in pages of 100, sorted, from where the last one ended, and not beyond its end', async () => {
    const { connector, asked } = await withAgents((question) => agentPage(numbers(200), question));
    const read = await collect(connector);
    expect(accountsOf(read)).toHaveLength(200);
    expect(read.outcome).toMatchObject({
      kind: 'complete',
      total: { accounts: 200 },
      proof: { totalResults: 200, pages: 3, role: 'Administrator' },
      serverIdentity: expect.stringMatching(/^ucce:127\.0\.0\.1/u),
    });
    expect(startsOf(asked)).toEqual([0, 100]);
    expect(Object.fromEntries(asked[0]?.query ?? [])).toEqual({
      resultsPerPage: '100',
      startIndex: '0',
      sort: 'agentId asc',
    });
  });

  it('never follows the links of the server', async () => {
    const { connector, asked } = await withAgents((question) =>
      agentPage(numbers(150), question).replace(
        '<resultsPerPage>',
        '<nextPage>http://127.0.0.1:1/unifiedconfig/config/agent?startIndex=7</nextPage><prevPage/><resultsPerPage>',
      ),
    );
    expect((await idsOf(connector)).outcome).toBe('complete');
    expect(startsOf(asked)).toEqual([0, 100]);
  });

  it('goes on by what came when the server gives smaller pages', async () => {
    const { connector, asked } = await withAgents((question) => agentPage(numbers(60), question, { size: 25 }));
    expect((await idsOf(connector)).ids).toHaveLength(60);
    expect(startsOf(asked)).toEqual([0, 25, 50]);
  });

  it.each(['<agents/>', '<agents></agents>', ''])(
    'is complete and empty when nothing is stated: %s',
    async (wrapper) => {
      const { connector } = await withAgents(() =>
        pageXml('agents', [], { total: 0, start: 0 }).replace('<agents></agents>', wrapper),
      );
      expect(await idsOf(connector)).toMatchObject({ ids: [], outcome: 'complete' });
    },
  );

  it.each([
    ['no list where there should be one', pageXml('agentTeams', [], { total: 3, start: 0 })],
    ['an empty list where there should be agents', pageXml('agents', [], { total: 3, start: 0 })],
    ['agents where none are stated', pageXml('agents', [agentXml(1)], { total: 0, start: 0 })],
    [
      'a total in words',
      pageXml('agents', [agentXml(1)], { total: 1, start: 0 }).replace('>1</totalResults>', '>one</totalResults>'),
    ],
    ['no page information', `<results><agents>${agentXml(1)}</agents></results>`],
    ['a single agent, bare', agentXml(1)],
    ['something else', '<apiErrors/>'],
    ['half a document', pageXml('agents', [agentXml(1)], { total: 1, start: 0 }).slice(0, -20)],
    ['JSON', '{"pageInfo":{"totalResults":"0"}}'],
  ])('is an error with %s', async (_, body) => {
    const { connector } = await withAgents(() => body);
    await expect(collect(connector)).rejects.toMatchObject({
      code: 'source-protocol',
      message: expect.stringMatching(/agents|XML/u),
    });
  });
});

describe('list of UCCE that does not hold still', () => {
  it('is read once more when its number changes, and gives everybody once', async () => {
    let pages = 0;
    const { connector, asked } = await withAgents((question) => {
      pages += 1;
      return agentPage(pages === 1 ? numbers(250) : [...numbers(250), 900], question);
    });
    const { ids, outcome } = await idsOf(connector);
    expect(outcome).toBe('complete');
    expect(ids).toHaveLength(251);
    expect(new Set(ids).size).toBe(251);
    expect(startsOf(asked)).toEqual([0, 100, 0, 100, 200]);
  });

  it('is partial, by name, when somebody vanished who was handed out already', async () => {
    let pages = 0;
    const { connector } = await withAgents((question) => {
      pages += 1;
      return agentPage(pages === 1 ? numbers(150) : numbers(149, 2), question);
    });
    const { ids, outcome, because } = await idsOf(connector);
    expect(outcome).toBe('partial');
    expect(because).toContain('vanished while they were read: 1');
    expect(ids).toHaveLength(150);
  });

  it('is partial when its number changes a second time', async () => {
    let pages = 0;
    const { connector, asked } = await withAgents((question) => {
      pages += 1;
      return agentPage(numbers(300 + pages), question);
    });
    const { outcome, because } = await idsOf(connector);
    expect(outcome).toBe('partial');
    expect(because).toMatch(/source-partial.*changed from 301 to 302.*again.*303 to 304/u);
    expect(asked).toHaveLength(4);
  });

  it.each<[string, (asked: Asked) => Scripted, RegExp]>([
    [
      'gives its first page again',
      () =>
        pageXml(
          'agents',
          numbers(100).map((id) => agentXml(id)),
          { total: 300, start: 0 },
        ),
      /source-protocol: .*began at 0/u,
    ],
    [
      'gives its first page again and calls it the next',
      ({ query }) =>
        pageXml(
          'agents',
          numbers(100).map((id) => agentXml(id)),
          { total: 300, start: Number(query.get('startIndex')) },
        ),
      /source-protocol: .*had come before/u,
    ],
    [
      'has nothing more before its end',
      (asked) =>
        asked.query.get('startIndex') === '0'
          ? agentPage(numbers(300), asked)
          : pageXml('agents', [], { total: 300, start: 100 }),
      /source-protocol: .*nothing came, though 300/u,
    ],
    [
      'leaves one out and gives another twice',
      (asked) => agentPage([...numbers(100), 100, ...numbers(199, 102)], asked),
      /source-partial: .*300 agents were stated, and 299 different ones came, and again/u,
    ],
    [
      'gives a single agent per page, for ever',
      (asked) =>
        agentPage(numbers(100_000), asked, { total: 300, size: asked.query.get('startIndex') === '0' ? 100 : 1 }),
      /source-protocol: .*16 pages did not bring 300/u,
    ],
  ])('is partial when it %s', async (_, answer, because) => {
    const { connector, asked } = await withAgents(answer);
    const end = await idsOf(connector);
    expect(end.outcome).toBe('partial');
    expect(end.because).toMatch(because);
    expect(new Set(end.ids).size).toBe(end.ids.length);
    expect(asked.length).toBeLessThanOrEqual(16);
  });

  /** Ties around the first edge: in the first turn the second page has them in another order than the first page. */
  const withTies = (agents: readonly number[], { query }: Asked, turn: number): string => {
    const start = Number(query.get('startIndex'));
    const swapped = agents.map((id, at) => (at >= 95 && at < 105 ? agents[199 - at] : id) ?? id);
    const order = turn === 1 && start === 100 ? swapped : agents;
    return agentPage(order, { path: 'agent', query });
  };

  it('is asked once more, pages overlapping, when ties hide somebody, and gives everybody once', async () => {
    let turn = 0;
    const { connector, asked } = await withAgents((question) => {
      if (question.query.get('startIndex') === '0') turn += 1;
      return withTies(numbers(150), question, turn);
    });
    const { ids, outcome } = await idsOf(connector);
    expect(outcome).toBe('complete');
    expect(ids.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(150).map(String));
    expect(startsOf(asked)).toEqual([0, 100, 0, 90]);
  });

  it('is asked once more when its last page is nobody but one who came before', async () => {
    let turn = 0;
    const { connector } = await withAgents((question) => {
      const start = Number(question.query.get('startIndex'));
      if (start === 0) turn += 1;
      return agentPage(turn === 1 && start === 100 ? [...numbers(100), 100] : numbers(101), question);
    });
    expect(await idsOf(connector)).toMatchObject({ outcome: 'complete', ids: numbers(101).map(String) });
  });

  it('is partial when somebody left between the turns that were to find those whom ties hid', async () => {
    let turn = 0;
    const { connector } = await withAgents((question) => {
      if (question.query.get('startIndex') === '0') turn += 1;
      return withTies(turn === 1 ? numbers(150) : [...numbers(149, 2), 900], question, turn);
    });
    const { outcome, because } = await idsOf(connector);
    expect(outcome).toBe('partial');
    expect(because).toMatch(/150 agents were stated, and 145 different ones came, and again: .*151 different/u);
  });

  it('is partial when an agent has no readable id, and protects one that has', async () => {
    const odd = [agentXml(1), agentXml(2).replace('agent/2<', 'agent/two<'), agentXml(3).replace('true', 'maybe')];
    const { connector } = await withAgents(() => pageXml('agents', odd, { total: 3, start: 0 }));
    const { pages, outcome } = await collect(connector);
    expect(outcome).toMatchObject({ kind: 'partial', because: expect.stringContaining('u2@corp.example.test') });
    expect(pages.flatMap(({ rejected }) => rejected).map(({ id }) => id)).toEqual([undefined, '3']);
  });

  it('is complete with an agent that could not be decoded but has an id', async () => {
    const odd = [agentXml(1), agentXml(3).replace('true', 'maybe')];
    const { connector } = await withAgents(() => pageXml('agents', odd, { total: 2, start: 0 }));
    const { outcome } = await collect(connector);
    expect(outcome).toMatchObject({ kind: 'complete', counts: { accounts: 1, rejected: 1 }, total: { accounts: 2 } });
  });
});
