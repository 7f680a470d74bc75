// To whom the references of UCCX lead, however they are encoded and whatever host they name.
import { afterEach, describe, expect, it } from 'vitest';
import { type Collected, collect } from '../contract/connector-contract.ts';
import type { ScriptedServer } from './scripted-http.ts';
import { host, resource, resourceList, serveUccx, team, teamList, uccxOn } from './uccx-fixture.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function read(resources: string, teams: string): Promise<Collected> {
  const server = await serveUccx({ '/adminapi/resource': resources, '/adminapi/team': teams });
  servers.push(server);
  return collect(uccxOn(server));
}

/** `team relation: members`, sorted. */
const edgesOf = ({ pages }: Collected): string[] =>
  pages
    .flatMap((page) => page.edges)
    .map(({ group, relation, members }) => `${group} ${relation}: ${members.map(({ value }) => value).join(', ')}`)
    .sort();

describe('references of UCCX', () => {
  /** Whom `segment` names when these resources are listed: `userID` or `userID segment-of-self`. */
  const named = async (segment: string, ...listed: readonly string[]): Promise<string[]> => {
    const resources = listed.map((text) => {
      const [userID = '', own] = text.split(' | ');
      return resource({ userID, ...(own === undefined ? {} : { segment: own }) });
    });
    const collected = await read(resourceList(...resources), teamList(team({ id: 1, primary: segment })));
    return collected.pages
      .flatMap((page) => page.edges)
      .filter(({ relation }) => relation === 'manages')
      .flatMap(({ members }) => members.map(({ value }) => value))
      .concat(collected.outcome.kind === 'partial' ? ['(unknown)'] : []);
  };

  it.each<[string, string, readonly string[], readonly string[]]>([
    ['a plain one', 'mhorvat', ['mhorvat'], ['mhorvat']],
    ['one in another case', 'MHORVAT', ['mhorvat'], ['mhorvat']],
    ['one encoded by percent', 'anna%20maria', ['anna maria'], ['anna maria']],
    ['a plus for a blank', 'anna+maria', ['anna maria'], ['anna maria']],
    ['a plus that is one', 'a+b', ['a+b', 'a b'], ['a+b']],
    ['a plus for a blank by its own address', 'a+b', ['a+b', 'a b | a+b'], ['a b']],
    ['a percent sign that encodes nothing', '100%', ['100%'], ['100%']],
    ['a hash', 'a#b', ['a#b'], ['a#b']],
    ['a hash, encoded', 'a%23b', ['a#b'], ['a#b']],
    ['a query behind it', 'mhorvat?x=1', ['mhorvat'], ['mhorvat']],
    ['a slash behind it', 'mhorvat/', ['mhorvat'], ['mhorvat']],
    ['letters with marks', 'm%C3%BCller', ['mu\u0308ller'], ['müller']],
    ['nobody who is there', 'gone%20one', ['mhorvat'], ['gone one', '(unknown)']],
  ])('find %s', async (_what, segment, listed, expected) => {
    expect(await named(segment, ...listed)).toEqual(expected);
  });

  it('are compared by path: their host may be another name of the cluster', async () => {
    const elsewhere = team({ id: 1, primary: 'boss' }).replaceAll(host, 'http://10.0.0.7:8080');
    const collected = await read(resourceList(resource({ userID: 'boss' })), teamList(elsewhere));
    expect(edgesOf(collected)).toEqual(['1 manages: boss', '1 member: boss']);
  });

  it('never go by the name that is shown', async () => {
    const collected = await read(
      resourceList(resource({ userID: 'Ana Lindqvist' }), resource({ userID: 'alindqvist' })),
      teamList(team({ id: 1, primary: 'alindqvist' })),
    );
    expect(edgesOf(collected)).toContain('1 manages: alindqvist');
  });
});
