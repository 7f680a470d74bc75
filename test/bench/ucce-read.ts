// A UCCE without the daemon: what decoding its agents costs by itself, and what the whole read costs, HTTP and TLS included.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openHttpSession } from '../../connectors/http-source.ts';
import { decodeAgent } from '../../connectors/ucce/agent.ts';
import { ucce } from '../../connectors/ucce/index.ts';
import { agentList, basePath, pageSize } from '../../connectors/ucce/list.ts';
import { child, childrenOf, parseXml } from '../../connectors/xml-document.ts';
import { type Cost, Stopwatch } from './measure.ts';
import type { Answer, UcceAccess } from './protocol.ts';

const limitMs = 600_000;

const settingsOf = ({ url, caFile, user, password }: UcceAccess) =>
  ucce.settingsSchema.parse({ connection: { servers: [url], tls: { caFile }, login: { user, password } } });

/** From the text of a page to accounts. Fetching the pages is not in the figures. */
export async function ucceDecode(server: UcceAccess): Promise<Answer> {
  const session = await openHttpSession(settingsOf(server).connection, AbortSignal.timeout(limitMs));
  const laps: Cost[] = [];
  const watch = new Stopwatch();
  let users = 0;
  for (let start = 0; start < server.agents; start += pageSize) {
    const query = { resultsPerPage: String(pageSize), startIndex: String(start), sort: agentList.sort };
    const { text } = await session.get(`${basePath}/agent`, { accept: 'application/xml', query });
    watch.lap();
    for (const element of childrenOf(child(parseXml(text), agentList.wrapper), agentList.item)) {
      const decoding = decodeAgent(element, []);
      if (decoding.kind === 'agent') users += 1;
    }
    laps.push(watch.lap());
  }
  await session.close();
  const figures = watch.figures(laps);
  const { wallMs, cpuMs, longestStopMs } = figures;
  return answer(figures, { wallMs, cpuMs, longestStopMs }, users, 0);
}

/** All agents and teams, as the daemon gets them. */
export async function ucceRead(server: UcceAccess): Promise<Answer> {
  const connector = ucce.create(settingsOf(server), { account: ['username'] });
  const watch = new Stopwatch();
  let users = 0;
  let groups = 0;
  let early: number | undefined;
  for await (const event of connector.read({ mode: 'full' }, AbortSignal.timeout(limitMs))) {
    if (event.kind === 'page') {
      users += event.page.accounts.length;
      groups += event.page.groups.length;
      if (users >= server.agents / 10) early ??= aliveMb();
    } else if (event.kind === 'outcome' && event.outcome.kind !== 'complete') {
      throw new Error(`the read is ${event.outcome.kind}: ${event.outcome.because}`);
    }
  }
  const lap = watch.lap();
  const late = aliveMb();
  return { ...answer(watch.figures([lap]), lap, users, groups), aliveMb: { early: early ?? late, late } };
}

/** The peak of the process says more of the collector's patience than of what the connector keeps. */
function aliveMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 1_048_576;
}

const answer = (figures: Answer['figures'], reading: Cost, users: number, groups: number): Answer => ({
  figures,
  read: { users, groups },
  phases: { reading },
  afterRead: undefined,
  openMs: undefined,
  run: undefined,
});
