// A UCCE that has agents and no teams, whose every answer about agents the test writes. Each server ends with its test.
import { afterEach } from 'vitest';
import type { ScriptedServer } from './scripted-http.ts';
import { type Asked, noTeams, type Scripted, scriptedUcce, ucceConnector } from './ucce-source.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

/** `answer` for the list of agents; no teams. */
export async function withAgents(answer: (asked: Asked) => Scripted, change: object = {}) {
  const asked: Asked[] = [];
  const server = await scriptedUcce((question) => {
    if (question.path !== 'agent') return noTeams;
    asked.push(question);
    return answer(question);
  });
  servers.push(server);
  return { connector: ucceConnector(server.url, change), asked };
}
